"""
A single path
=============

What a detector finds on one path of a qutrit that meets six thermal levels: labels, probabilities and energies before
and after the unitary, and what they add up to. The levels n and m are drawn beside the path and not measured on it.
"""

import sys

import qtraj
from qtraj.plots import save_figure, walk

system = qtraj.System(energies=[0.0, 1.0, 3.0], state=qtraj.State.haar(3, seed=1))
bath = qtraj.Environment.ladder(levels=6, spacing=1.0, inverse_temperature=0.6)
unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)

paths = qtraj.sample(process, paths=100, seed=7, sampler="followed")
figure = walk(paths, index=int(paths["sigma"].argmin())).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
