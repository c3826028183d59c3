"""
One quantum-jump trajectory
===========================

Until the first click the qutrit is in a superposition that changes although nothing happens: silence is information.
From then on it hops from level to level. Triangles say whether a jump gives energy to the bath (up) or takes it;
below, the entropy in the bath, which the measurements at both ends complete to the entropy production.
"""

import sys

import qtraj
from qtraj.plots import save_figure, trajectory

process = qtraj.build_model("davies-qutrit", duration=15.0)
ensemble = qtraj.sample(process, paths=200, seed=1, keep_records=True)
times, which = ensemble.records[145]
for time, jump in zip(times, which, strict=True):
    print(f"t = {time:7.4f}: heat into the bath {process.heats[jump]:+.2f}")

figure = trajectory(ensemble, 145).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
