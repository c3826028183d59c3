"""
A printed current and the right one
===================================

Heat between two two-level systems that a white noise couples incoherently [Diosi14]. The current as printed grows
without bound and is too large even to first order; the right one saturates at what the baths can deliver. Dots are
the master equation.
"""

import sys

import numpy as np

import qtraj
from qtraj.models.diosi14_closed_forms import pair_currents, printed_pair_current
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, FAINT, SAMPLED, PaperFigure, paper_style

setting = {"beta_a": 0.5, "beta_b": 1.5, "rate_a": 1.0, "rate_b": 1.0, "frequency_a": 1.0, "frequency_b": 1.0}
strengths = np.logspace(-2, 2, 80)
right = [pair_currents(noise_strength=noise, **setting).heat_current_from_a for noise in strengths]
printed = [printed_pair_current(frequency=1.0, beta_a=0.5, beta_b=1.5, noise_strength=noise) for noise in strengths]
few = strengths[::8]
models = [qtraj.build_model("resonant-pair", noise_strength=noise, **setting) for noise in few]
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=2.5)
    axes = figure.add_subplot()
    axes.loglog(strengths, printed, color=FAINT, label="printed")
    axes.loglog(strengths, right, "--", color=EXACT, label="right")
    currents = [qtraj.averages(model).steady.heat_current_from["a"] for model in models]
    axes.loglog(few, currents, "o", color=SAMPLED, markersize=3, label="master equation")
    axes.set_ylim(1e-3, 1)
    axes.set_xlabel("strength of the noise")
    axes.set_ylabel("heat current from hot")
    axes.legend(frameon=False, fontsize="small", loc="lower right")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
