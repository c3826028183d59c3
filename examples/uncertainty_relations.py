"""
An uncertainty relation, in and out of its scope
================================================

The relative variance of the heat between two swapped qubits, against the angle of the swap. The bound 2/Sigma is
proved for stationary classical jump processes, and nearly full swaps go below it: they are none. The bound that
follows from the exchange theorem, which the swap does obey, holds at every angle.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, INK, SERIES, PaperFigure, paper_style

angles = np.linspace(0.25, np.pi / 2, 40)
found = []
for angle in angles:
    swap = qtraj.build_model("two-qubit-exchange", angle=angle, beta_system=0.0, beta_environment=3.0)
    found.append({relation.name: relation for relation in qtraj.uncertainty_relations(swap, "heat")})
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.8)
    axes = figure.add_subplot()
    axes.semilogy(angles, [one["exchange"].relative_variance for one in found], color=INK, label="relative variance")
    for name, (colour, line) in zip(("stationary", "exchange"), SERIES, strict=False):
        label = "2/Σ (not a bound here)" if name == "stationary" else "exchange"
        axes.semilogy(angles, [one[name].bound for one in found], linestyle=line, color=colour, label=label)
    axes.set_xlabel("angle of the swap")
    axes.set_ylabel("relative variance of the heat")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
