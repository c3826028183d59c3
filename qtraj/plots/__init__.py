"""Figures for papers: histograms with their exact laws, the detailed theorem, joint maps, single paths, and currents.

Every drawing function takes `ax=None` and returns the axes (`overview`, which has many, its figure). Without `ax` it
makes a figure of its own, at paper size, found at `.figure`; in a notebook write `histogram(ensemble).figure`. For
figures of your own in the same style, `plt.style.use("qtraj.plots.paper")`. Only this package imports matplotlib, and
never pyplot: nothing depends on a screen or on settings of the program.
"""

from qtraj.plots.atoms import ExactAverages
from qtraj.plots.currents import currents
from qtraj.plots.detailed import detailed_theorem
from qtraj.plots.histograms import histogram
from qtraj.plots.joint import joint_map
from qtraj.plots.overview import overview
from qtraj.plots.quasiprobability import quasiprobability
from qtraj.plots.saving import check_figure_path, save_figure
from qtraj.plots.style import paper_style
from qtraj.plots.sweep import sweep
from qtraj.plots.tails import tail
from qtraj.plots.trajectory import trajectory
from qtraj.plots.walk import walk

__all__ = [
    "ExactAverages",
    "check_figure_path",
    "currents",
    "detailed_theorem",
    "histogram",
    "joint_map",
    "overview",
    "paper_style",
    "quasiprobability",
    "save_figure",
    "sweep",
    "tail",
    "trajectory",
    "walk",
]
