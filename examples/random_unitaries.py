"""
Three hundred random unitaries
==============================

Every dot is a Haar-random energy-conserving unitary between the same qutrit and the same ladder. Both parts of the
mean entropy production are never negative, which is the second law twice; the exponential average of the whole is 1
for all of them (lower panel, dashed), those of its parts lie on either side.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import save_figure
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, SERIES, PaperFigure, paper_style

system = qtraj.System(energies=[0.0, 1.0, 2.0], state=qtraj.State.haar(3, seed=4))
bath = qtraj.Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.8)
laws = []
for seed in range(300):
    unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=seed)
    laws.append(qtraj.exact_law(qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)))
means = {name: np.array([law.mean(name) for law in laws]) for name in ("sigma_d", "xi")}
with paper_style():
    figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=4.2)
    above, below = figure.subplots(2, 1)
    above.plot(means["sigma_d"], means["xi"], ".", color=SAMPLED, markersize=3)
    above.set_xlim(left=0)
    above.set_ylim(bottom=0)
    above.set_xlabel(r"population part $\Sigma_{\mathrm{d}}$ (nats)")
    above.set_ylabel(r"coherence part $\Xi$ (nats)")
    for name, (colour, _), label in zip(
        ("sigma_d", "xi"), SERIES, (r"of $\sigma_{\mathrm{d}}$", r"of $\xi$"), strict=False
    ):
        below.hist([law.exponential_average(name) for law in laws], 40, histtype="step", color=colour, label=label)
    below.axvline(1, color=EXACT, linestyle="--", label=r"of $\sigma$: always 1")
    below.set_xlabel("exponential average")
    below.set_ylabel("unitaries")
    below.legend(frameon=False, fontsize="small")

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
