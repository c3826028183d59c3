"""
Heat from cold to hot
=====================

Two qubits between two streams of coherent units [Li18]. The heat into the hot units, in the steady state, depends on
the difference of the units' phases; between about pi and 2 pi it is positive, so that heat flows uphill. Coherence is
what pays for it: without it (dashed) the phase does not matter and heat leaves the hot units.
"""

import sys

import numpy as np

from qtraj.density.thermal_conductance import steady_heat_into
from qtraj.models import build_model
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, FAINT, SERIES, PaperFigure, paper_style

phases = np.linspace(0.0, 2 * np.pi, 49)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
    axes = figure.add_subplot()
    for coherence, (colour, line) in zip((0.9, 0.3, 0.0), SERIES, strict=False):
        heats = [
            steady_heat_into(build_model("coherent-collision", coherence=coherence, phase_difference=phase))["hot"]
            for phase in phases
        ]
        axes.plot(phases / np.pi, heats, linestyle=line, color=colour, label=f"coherence {coherence:g}")
    axes.axhline(0, color=FAINT, linewidth=0.5)
    axes.set_xlabel(r"phase difference / $\pi$")
    axes.set_ylabel("heat into the hot units, a round")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
