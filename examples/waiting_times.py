"""
Waiting times of a driven qubit
===============================

A driven atom cannot emit two photons at once: after an emission it is in its ground state and has to be excited
again. So the density of the times between two emissions begins at zero, and shows the Rabi oscillations. The dashed
line is exact; the waiting times of the trajectories are drawn by inverting their exact law, without a time step.
"""

import sys

import numpy as np
from scipy.linalg import expm

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED_FILL, PaperFigure, paper_style

hamiltonian = np.array([[0.0, 1.5], [1.5, 0.0]])
lowering = np.array([[0.0, 1.0], [0.0, 0.0]])
atom = qtraj.System(hamiltonian=hamiltonian, state=[[0.6, 0.0], [0.0, 0.4]])
# So cold that hardly a photon is absorbed: once in 10^13 emissions.
decay = qtraj.Channel(operator=lowering, bath="light", rate=1.0, energy=1.0, inverse_temperature=30.0)
process = qtraj.JumpProcess(system=atom, channels=[decay], duration=40.0)

ensemble = qtraj.sample(process, paths=5000, seed=1, keep_records=True)
# A record that ends at 40 cuts long times off; those that begin before 32 are seen in full up to 8.
waits = ensemble.records.waiting_times(last_start=32.0)

times = np.linspace(0.0, 8.0, 160)
silent = [expm((-1j * hamiltonian - lowering.T @ lowering / 2) * time)[:, 0] for time in times]
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
    axes = figure.add_subplot()
    shares = np.full(waits.size, 10 / waits.size)  # bins are 0.1 wide
    axes.hist(waits, bins=80, range=(0, 8), weights=shares, color=SAMPLED_FILL, label=f"{waits.size:,} emissions")
    axes.plot(times, [abs(state[1]) ** 2 for state in silent], "--", color=EXACT, label="exact")
    axes.set_xlabel("time between two emissions (inverse rate)")
    axes.set_ylabel("probability density")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
