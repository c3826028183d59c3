"""
When an average looks converged and is not
==========================================

A cold qubit swapped with a unit of infinite temperature. Half of the exponential average is carried by one path in 55
000: below that number of paths, samples (dots, ten seeds each) agree with each other on 1/2, and the error that they
report is tiny. The band is the exact standard deviation, and the dotted line the number of paths from which the rare
ones show.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, FAINT, SAMPLED, PaperFigure, paper_style

cold = qtraj.System(energies=[0.0, 1.0], state=qtraj.State.gibbs([0.0, 1.0], 10.9))
hot = qtraj.Environment(energies=[0.0, 1.0], inverse_temperature=0.0)
swap = qtraj.EnergyConservingUnitary.partial_swap(cold, hot, angle=np.pi / 2)
trap = qtraj.ThermalOperation(system=cold, environment=hot, unitary=swap)
law = qtraj.exact_law(trap)
deviation = np.sqrt(law.exponential_average("sigma", 2.0) - 1)

numbers = np.logspace(1, 9, 17).astype(int)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.6)
    axes = figure.add_subplot()
    band = deviation / np.sqrt(numbers)
    axes.fill_between(numbers, 1 - band, 1 + band, color=EXACT, alpha=0.2, linewidth=0)
    axes.axhline(1, color=EXACT, linestyle="--")
    axes.axvline(np.exp(10.9), color=FAINT, linestyle=":")
    for seed in range(10):
        averages = [qtraj.sample(trap, paths=n, seed=seed).exponential_average("sigma") for n in numbers]
        axes.plot(numbers, averages, ".", color=SAMPLED, markersize=3)
    axes.set_xscale("log")
    axes.set_ylim(0, 2)
    axes.set_xlabel("number of paths")
    axes.set_ylabel(r"$\langle e^{-\sigma}\rangle$")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
