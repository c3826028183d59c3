"""
Degenerate levels
=================

Two states of one energy have no preferred basis. Dephasing in blocks of equal energy, as qtraj does, gives a
population part that depends on nothing; dephasing in a basis that somebody happened to choose gives one that changes
with the choice, and goes below zero.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, PaperFigure, paper_style

energies, beta = np.array([0.0, 1.0, 1.0]), 0.8
gibbs = np.exp(-beta * energies) / np.exp(-beta * energies).sum()
start = np.diag(gibbs)
start[1, 2] = start[2, 1] = 0.9 * gibbs[1]  # coherence within the degenerate level
system = qtraj.System(energies=energies, state=start)
bath = qtraj.Environment.ladder(levels=3, spacing=1.0, inverse_temperature=beta)
unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=11)
process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)
exact = qtraj.averages(process)


def chosen_basis(angle: float) -> float:
    """The population part if n and m were labels in a basis that is turned within the degenerate level."""
    turn = np.eye(3)
    turn[1:, 1:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    p, q = (np.diag(turn.T @ rho @ turn).real for rho in (start, exact.final_state))
    return float(p @ np.log(p / gibbs) - q @ np.log(q / gibbs))


angles = np.linspace(0, np.pi, 200)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.4)
    axes = figure.add_subplot()
    axes.plot(angles / np.pi, [chosen_basis(angle) for angle in angles], color=SAMPLED, label="in a chosen basis")
    axes.axhline(exact.population_entropy_production, color=EXACT, linestyle="--", label="in blocks of equal energy")
    axes.axhline(0, color="#8a8a8a", linewidth=0.5)
    axes.set_xlabel(r"angle of the chosen basis / $\pi$")
    axes.set_ylabel(r"population part $\Sigma_{\mathrm{d}}$ (nats)")
    axes.legend(frameon=False, fontsize="small", ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0))

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
