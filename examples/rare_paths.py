"""
Paths that nobody would ever see
================================

How likely is it that a driven qubit produces more than 15 nats of entropy? Plain trajectories end at one in ten
thousand. Tilted ensembles draw paths that are typical elsewhere and remember their weights; together they follow the
exact tail (dashed) down by twenty orders of magnitude.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure, tail

lowering = np.array([[0.0, 1.0], [0.0, 0.0]])
driven = qtraj.JumpProcess(
    system=qtraj.System(hamiltonian=[[0.0, 0.5], [0.5, 0.3]], state=qtraj.State.bloch(0.3, -0.2, 0.4)),
    channels=[qtraj.Channel(operator=lowering, bath="cold", rate=1.0, energy=1.0, inverse_temperature=1.2)],
    duration=10.0,
)
ensembles = [qtraj.sample(driven, paths=20_000, seed=5)]
for mean in (6.0, 12.0, 18.0):
    strength = qtraj.find_tilt(driven, mean=mean)
    ensembles.append(qtraj.sample_tilted(driven, strength=strength, paths=5000, seed=5))
edges = np.linspace(-2.0, 20.0, 45)
exact = np.array([qtraj.exact_probability(driven, "sigma", above=edge) for edge in edges])

axes = tail(ensembles, thresholds=edges, exact=(edges, exact))
axes.set_ylim(1e-22, 3)
figure = axes.figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
