"""
The detailed fluctuation theorem
================================

Every value of the entropy production is compared with its negative in the backward process: the logarithm of the
ratio is the entropy production itself. The line has slope 1 and nothing to fit; below, the distance from it.
"""

import sys

import qtraj
from qtraj.plots import detailed_theorem, save_figure

system = qtraj.System(energies=[0.0, 1.0, 2.0], state=qtraj.State.haar(3, seed=1))
bath = qtraj.Environment.ladder(levels=5, spacing=1.0, inverse_temperature=0.6)
unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)

ensemble = qtraj.sample(process, paths=10_000_000, protocol="eigenbasis-two-point", seed=7)
figure = detailed_theorem(ensemble).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
