"""
Heat into a bath of spins
=========================

A cold three-level atom exchanges quanta with six hotter spins, as in the Tavis-Cummings model. Heat comes in whole
quanta, and most paths carry it from the spins to the atom; with the dotted line as one path, the rare ones that go
the other way are those that the theorem needs.
"""

import sys

import qtraj
from qtraj.plots import histogram, save_figure

atom = qtraj.System(energies=[0.0, 1.0, 2.0], state=qtraj.State.gibbs([0.0, 1.0, 2.0], 1.5))
spins = qtraj.Environment.spins(count=6, splitting=1.0, inverse_temperature=0.5)
exchange = qtraj.EnergyConservingUnitary.exchange(atom, spins, coupling=0.2, time=3.0)
process = qtraj.ThermalOperation(system=atom, environment=spins, unitary=exchange)

ensemble = qtraj.sample(process, paths=1_000_000, seed=7)
figure = histogram(ensemble, "heat", log=True).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
