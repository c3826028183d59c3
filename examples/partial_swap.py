"""
How much entropy a swap produces
================================

A qubit with coherence is partially swapped with a thermal one. The entropy production of populations and that of
coherence both grow with the angle, to what was there at the start; dots are sampled, with two standard errors.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, SERIES, PaperFigure, paper_style

qubit = qtraj.System(energies=[0.0, 1.0], state=qtraj.State.bloch(0.5, 0.2, -0.3))
bath = qtraj.Environment(energies=[0.0, 1.0], inverse_temperature=1.0)


def swapped(angle: float) -> qtraj.ThermalOperation:
    """The qubit after a partial swap."""
    unitary = qtraj.EnergyConservingUnitary.partial_swap(qubit, bath, angle=angle)
    return qtraj.ThermalOperation(system=qubit, environment=bath, unitary=unitary)


angles, few = np.linspace(0.0, np.pi / 2, 60), np.linspace(0.1, np.pi / 2, 8)
exact = [qtraj.averages(swapped(angle)) for angle in angles]
ensembles = [qtraj.sample(swapped(angle), paths=20_000, seed=1) for angle in few]
names = {
    "sigma": "entropy_production",
    "sigma_d": "population_entropy_production",
    "xi": "coherence_entropy_production",
}
symbols = {"sigma": r"$\Sigma$", "sigma_d": r"$\Sigma_{\mathrm{d}}$ (populations)", "xi": r"$\Xi$ (coherence)"}
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.6)
    axes = figure.add_subplot()
    for (name, field), (colour, line) in zip(names.items(), SERIES, strict=False):
        axes.plot(angles, [getattr(values, field) for values in exact], line, color=colour, label=symbols[name])
        errors = [2 * ensemble.standard_error(name) for ensemble in ensembles]
        axes.errorbar(few, [ensemble.mean(name) for ensemble in ensembles], errors, fmt=".", color=colour)
    axes.set_xlabel("angle of the swap")
    axes.set_ylabel("entropy production (nats)")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
