"""
A junction between three baths
==============================

A hot bath feeds one site, a cold one drains another, and a third one watches both: dephasing [RFA13]. Far from
resonance the current of quanta is largest at an intermediate dephasing (dotted line), and watching takes energy.
Lines are closed forms, dots the master equation.
"""

import sys

import numpy as np

import qtraj
from qtraj.models.rfa13_closed_forms import junction_currents, transport_maximum
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, FAINT, SERIES, PaperFigure, paper_style

junction = {"energy_left": 6.0, "energy_right": 1.0, "beta_left": 0.2, "beta_right": 2.0}
strengths, few = np.linspace(0.02, 4.0, 100), np.linspace(0.2, 4.0, 8)
exact = [junction_currents(**junction, tunnelling=0.2, dephasing=strength) for strength in strengths]
models = [qtraj.build_model("dephased-junction", **junction, tunnelling=0.2, dephasing=strength) for strength in few]
steady = [qtraj.averages(model).steady for model in models]
best = transport_maximum(**junction)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.6)
    axes = figure.add_subplot()
    for bath, (colour, line) in zip(("left", "right", "dephasing"), SERIES, strict=False):
        currents = [1e3 * getattr(values, f"heat_current_from_{bath}") for values in exact]
        axes.plot(strengths, currents, linestyle=line, color=colour, label=f"from {bath}")
        axes.plot(few, [1e3 * values.heat_current_from[bath] for values in steady], ".", color=colour)
    axes.axhline(0, color=FAINT, linewidth=0.5)
    axes.axvline(best, color=FAINT, linestyle=":")
    axes.set_xlabel(r"dephasing $\gamma$")
    axes.set_ylabel(r"heat current ($10^{-3}$)")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
