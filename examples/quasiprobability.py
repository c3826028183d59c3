"""
Heat that no first measurement may disturb
==========================================

Two qubits that start correlated exchange heat [Micadei19]. The quasiprobability of the heat (bars) keeps the mean
that the correlations cause, at the price of a negative value; measuring first (dashes) gives probabilities, and
another mean.
"""

import sys

import numpy as np

import qtraj
from qtraj.plots import quasiprobability, save_figure

correlated = qtraj.build_model(
    "two-qubit-exchange", angle=np.pi / 6, beta_system=0.5, beta_environment=1.0, correlation=-0.172j
)
table = qtraj.heat_quasiprobability(correlated)
print(f"mean heat {table.mean_heat:.4f}, measured first {table.two_point_mean_heat:.4f}")

figure = quasiprobability(table).figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
