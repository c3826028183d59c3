"""
Local and global: two books on one trajectory
=============================================

Entropy production of each trajectory of two coupled nodes, booked by the quanta that detectors count and by the
energy of the whole network [LK14]. With the local equation the books disagree, and by energy the mean is negative
(dashed lines are means); with the global one they agree on every path.
"""

import sys

from local_or_global import SHARED, UPHILL, both_ways

from qtraj.models.lk14 import two_node_network
from qtraj.plots import save_figure
from qtraj.plots.style import EXACT, FAINT, PAGE_WIDTH, SAMPLED, PaperFigure, paper_style

with paper_style():
    figure = PaperFigure.of_size(width=PAGE_WIDTH, height=3.2)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, approach, initial in zip(panels, ("local", "global"), ("thermal", "steady"), strict=True):
        process = two_node_network(approach=approach, initial=initial, **UPHILL, **SHARED)
        quanta, energy = both_ways(process, 2000, seed=1)
        axes.axline((0, 0), slope=1, color=FAINT, linewidth=0.6)
        axes.plot(quanta, energy, ".", color=SAMPLED, markersize=2)
        axes.axvline(quanta.mean(), color=EXACT, linestyle="--", linewidth=0.8)
        axes.axhline(energy.mean(), color=EXACT, linestyle="--", linewidth=0.8)
        axes.set_title(f"{approach} equation")
        axes.set_xlabel(r"$\sigma$ by quanta (nats)")
        axes.set_aspect("equal")
    panels[0].set_ylabel(r"$\sigma$ by energy of the network (nats)")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
