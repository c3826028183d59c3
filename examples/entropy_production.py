"""
Entropy production and its exact law
====================================

A qutrit with coherence meets a thermal ladder of four levels, a million times [Santos19]. Bars are the sampled
frequencies, dashes the exact law: nothing is fitted, smoothed or binned. One path in five produces negative entropy.
"""

import sys

import qtraj
from qtraj.plots import histogram, save_figure

system = qtraj.System(energies=[0.0, 1.0, 3.0], state=qtraj.State.haar(3, seed=8))
bath = qtraj.Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)

ensemble = qtraj.sample(process, paths=1_000_000, protocol="eigenbasis-two-point", seed=7)
print(f"<sigma> = {ensemble.mean('sigma'):.4f}, <e^-sigma> = {ensemble.exponential_average('sigma'):.4f}")
print(f"negative on {ensemble.law.probability_negative_sigma:.1%} of the paths")

figure = histogram(ensemble, "sigma", log=True).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
