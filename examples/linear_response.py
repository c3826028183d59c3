"""
Linear response, and where it ends
==================================

The steady heat current between two reservoirs against the difference of their temperatures, with the line that the
thermal conductance predicts. Without coherence it passes through zero and bends slowly; with coherent units it has an
offset: heat flows between reservoirs of equal temperature [Li18].
"""

import sys

import numpy as np

from qtraj.density.thermal_conductance import steady_heat_into, thermal_conductance
from qtraj.models import build_model
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, FAINT, SERIES, PaperFigure, paper_style
from qtraj.processes.collision_model import CollisionModel

MEAN = 1.0  # of the two temperatures


def between(hot: float, cold: float, coherence: float) -> CollisionModel:
    """The model at two temperatures."""
    angles = {"interaction_angle": 0.4, "exchange_angle": 0.6, "phase_difference": 4.0}
    return build_model("coherent-collision", temperature_hot=hot, temperature_cold=cold, coherence=coherence, **angles)


biases = np.linspace(-1.6, 1.6, 33)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.6)
    axes = figure.add_subplot()
    axes.axhline(0, color=FAINT, linewidth=0.5)
    for coherence, (colour, _) in zip((0.0, 0.2), SERIES, strict=False):
        currents = [-steady_heat_into(between(MEAN + d / 2, MEAN - d / 2, coherence))["hot"] for d in biases]
        slope = thermal_conductance(lambda hot, cold, p=coherence: between(hot, cold, p), MEAN)
        axes.plot(biases, currents, ".", color=colour, markersize=4, label=f"coherence {coherence:g}")
        axes.plot(biases, currents[len(biases) // 2] + slope * biases, "-", color=colour, linewidth=0.7)
    axes.set_xlabel("difference of temperatures")
    axes.set_ylabel("heat out of the first reservoir, a round")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
