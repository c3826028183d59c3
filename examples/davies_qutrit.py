"""
A jump process with an exact law
================================

A qutrit with coherence cools down in one bath [Santos19]. Its jumps lead from level to level, so heat telescopes and
a whole trajectory in continuous time needs its ends only: the entropy production has a finite law (dashes). The bars
are trajectories that were followed jump by jump and know nothing of it.
"""

import sys

import qtraj
from qtraj.plots import histogram, save_figure

process = qtraj.build_model("davies-qutrit")
followed = qtraj.sample(process, paths=100_000, protocol="eigenbasis-two-point", sampler="followed", seed=7)
print(f"<sigma> = {followed.mean('sigma'):.4f}, exactly {qtraj.averages(process).entropy_production:.4f}")

figure = histogram(followed, "sigma", log=True).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
