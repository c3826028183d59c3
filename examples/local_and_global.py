"""
Where the local equation lets heat flow uphill
==============================================

The heat current out of the hot bath into two coupled nodes, by the local and by the global master equation [LK14].
Right of the dotted line, where the hot node's frequency over its temperature exceeds the cold one's, the local
equation has it negative: heat flows from cold to hot. The global equation never does.
"""

import sys

import numpy as np

from qtraj.models.lk14_closed_forms import steady_state
from qtraj.models.lk14_network import TwoNodeNetwork
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, FAINT, SERIES, PaperFigure, paper_style

frequencies = np.linspace(3.0, 9.0, 121)
border = 5.0 * 12.0 / 10.0
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
    axes = figure.add_subplot()
    for approach, (colour, line) in zip(("local", "global"), SERIES, strict=False):
        networks = [TwoNodeNetwork(frequency_hot=frequency, coupling=0.5) for frequency in frequencies]
        heats = [1e3 * steady_state(network, approach).heat_current_from_hot for network in networks]
        axes.plot(frequencies, heats, linestyle=line, color=colour, label=approach)
    axes.axhline(0, color=FAINT, linewidth=0.5)
    axes.axvline(border, color=FAINT, linestyle=":")
    axes.set_xlabel(r"frequency of the hot node $\omega_{\mathrm{h}}$")
    axes.set_ylabel(r"heat current from hot ($10^{-3}$)")
    axes.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
