"""
Energy lost to dephasing
========================

A qubit that is watched in a basis which is not that of its energy [RFA13]. Dephasing then takes energy out of it,
although no quantum is exchanged (upper panel), and entropy is produced (lower panel). Dots are means over 20 000
trajectories each, with two standard errors.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, PaperFigure, paper_style

times, few = np.linspace(0.05, 8.0, 60), np.linspace(0.5, 8.0, 6)
exact = [qtraj.averages(qtraj.build_model("dephasing-qubit", duration=time)) for time in times]
runs = [qtraj.sample(qtraj.build_model("dephasing-qubit", duration=time), paths=20_000, seed=1) for time in few]
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=3.4)
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(times, [values.heat_from["dephasing"] for values in exact], "--", color=EXACT)
    above.set_ylabel("heat from the bath")
    below.plot(times, [values.entropy_production for values in exact], "--", color=EXACT, label="exact")
    errors = [2 * run.standard_error("sigma") for run in runs]
    below.errorbar(few, [run.mean("sigma") for run in runs], errors, fmt=".", color=SAMPLED, label="trajectories")
    below.set_ylabel(r"$\langle\sigma\rangle$ (nats)")
    below.set_xlabel("time")
    below.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
