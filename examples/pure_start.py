"""
Pure states and absolute irreversibility
========================================

A pure start has an exponential average below 1, because backward paths end where no forward path can begin. Mixing in
a little of the identity gives 1 exactly, however little, while samples go on showing the value of the pure state: the
missing weight sits on paths that are never drawn.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, PaperFigure, paper_style

bath = qtraj.Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
pure = np.outer([np.cos(0.5), np.sin(0.5)], [np.cos(0.5), np.sin(0.5)])


def average(mixed: float) -> tuple[float, float]:
    """Exact and sampled <e^-sigma> when a part of the identity is mixed in."""
    state = qtraj.State.from_matrix((1 - mixed) * pure + mixed * np.eye(2) / 2)
    system = qtraj.System(energies=[0.0, 1.0], state=state)
    unitary = qtraj.EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 3)
    process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)
    ensemble = qtraj.sample(process, paths=100_000, seed=7)
    return ensemble.law.exponential_average("sigma"), ensemble.exponential_average("sigma")


parts = np.logspace(-10, -0.5, 20)
exact, sampled = np.transpose([average(part) for part in parts])
limit = average(0.0)[0]
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.4)
    axes = figure.add_subplot()
    axes.semilogx(parts, exact, "--", color=EXACT, label="exact, mixed")
    axes.axhline(limit, color=EXACT, linestyle=":", label=rf"exact, pure: $1-\lambda={limit:.3f}$")
    axes.semilogx(parts, sampled, "o", color=SAMPLED, markersize=3, label="100 000 paths")
    axes.set_xlabel("part of the identity mixed in")
    axes.set_ylabel(r"$\langle e^{-\sigma}\rangle$")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
