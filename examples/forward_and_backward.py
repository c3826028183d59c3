"""
Forward or backward? The entropy production knows
=================================================

Mix forward and backward paths, give the latter the entropy production of the path they undo, and ask which fraction
of those with a given value is forward. The detailed theorem says: a logistic function of slope 1 (dashed), with no
weights e^-sigma and nothing to fit. Dots are values that at least 25 followed paths had.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.cells import frequency_interval
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, PaperFigure, paper_style

process = qtraj.build_model("davies-qutrit")
found = qtraj.forward_backward(process, paths=200_000, seed=1)
print(f"slope {found.logistic.slope:.3f} +- {found.logistic.slope_error:.3f}")

works, returned = found.works()
labels = np.repeat([True, False], [works.size, returned.size])
sigma, atom = np.unique(np.concatenate([works, -returned]).round(9), return_inverse=True)
forward, both = np.bincount(atom, labels).astype(int), np.bincount(atom)
sigma, forward, both = (column[both >= 25] for column in (sigma, forward, both))
fraction = forward / both
low, high = np.transpose([frequency_interval(*numbers) for numbers in zip(forward, both, strict=True)])
line = np.linspace(-4, 4, 200)
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
    axes = figure.add_subplot()
    axes.plot(line, 1 / (1 + np.exp(-line)), "--", color=EXACT)
    axes.errorbar(sigma, fraction, [fraction - low, high - fraction], fmt=".", color=SAMPLED, elinewidth=0.7)
    axes.set_xlabel(r"entropy production $\sigma$ (nats)")
    axes.set_ylabel("fraction of forward paths")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
