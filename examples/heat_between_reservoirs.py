"""
Heat between two reservoirs, one collision at a time
====================================================

A qubit meets a fresh hot qubit and then a fresh cold one, again and again. Left, the mean heat of every round with
its exact steady value. Right, the joint law of the heat that single paths carried in 20 rounds: whole quanta that
fluctuate together, since the qubit in between can keep only one.
"""

import sys

import qtraj
from qtraj.plots import currents, joint_map, save_figure
from qtraj.plots.style import PAGE_WIDTH, PaperFigure, paper_style

reservoirs = {
    "hot": qtraj.Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5),
    "cold": qtraj.Reservoir(energies=[0.0, 1.0], inverse_temperature=1.5),
}
qubit = qtraj.CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=qtraj.State.gibbs([0.0, 1.0], 1.5))
steps = []
for name, reservoir in reservoirs.items():
    swap = qtraj.EnergyConservingUnitary.partial_swap(qubit.part(["S"]), reservoir.environment, angle=0.5)
    steps.append(qtraj.CollisionStep(reservoir=name, on=["S"], unitary=swap))
model = qtraj.CollisionModel(composite=qubit, reservoirs=reservoirs, steps=steps, repeat=20)
ensemble = qtraj.sample(model, paths=1_000_000, seed=1)

with paper_style():
    figure = PaperFigure.of_size(width=PAGE_WIDTH, height=2.9)
    left, right = figure.subplots(1, 2)
    currents(model, ax=left)
    joint_map(ensemble, "heat_into_hot", "heat_into_cold", ax=right)

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
