r"""The exponential average of entropy production booked by energy, from renewal equations: no trajectory is drawn.

Every jump of the local two-level network leaves a state i of definite quanta, so that what follows depends on i alone.
With tau the time left, S_i the survival from i, B_i(t) the drift beta_b q_b summed over the baths, E_i(t) the energy of
the silent state, and w_{ik} the density of jump k (of bath b, into j),

    f_i(tau) = S_i(tau) e^{B_i(tau)} <psi_i(tau)|rho'|psi_i(tau)>
             + sum_k int_0^tau w_ik(t) e^{B_i(t) + beta_b (E_j(0) - E_i(t))} f_j(tau - t) dt,

and <e^-sigma> is the sum of f_i(T) over all i: the initial probabilities cancel. Solved on a grid by the trapezoidal
rule, twice, and extrapolated.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate import cumulative_simpson
from scipy.linalg import expm

from qtraj.models.lk14_network import TwoNodeNetwork
from tests.models.dense_lindblad import generator
from tests.models.two_node_cases import hamiltonian, local_jumps, two_level_nodes


def exponential_average_by_energy(network: TwoNodeNetwork, duration: float, *, steps: int = 2000) -> float:
    """<e^-sigma> by energy in the local approach, from the thermal start, to 1e-6 for moderate rates."""
    coarse, fine = (_on_grid(network, duration, count) for count in (steps, 2 * steps))
    return (4 * fine - coarse) / 3


def _on_grid(network: TwoNodeNetwork, duration: float, steps: int) -> float:
    a, b = two_level_nodes("spin")
    energy, jumps = hamiltonian(network, a, b), local_jumps(network, a, b)
    betas = {"hot": 1 / network.temperature_hot, "cold": 1 / network.temperature_cold}
    leaving = {bath: sum(jump.conj().T @ jump for jump in own) for bath, own in jumps.items()}
    thermal = []
    for frequency, bath in ((network.frequency_hot, "hot"), (network.frequency_cold, "cold")):
        weight = math.exp(-betas[bath] * frequency)
        thermal.append(np.array([1, weight]) / (1 + weight))
    start = np.diag(np.kron(*thermal)).astype(complex)
    evolved = expm(duration * generator(energy, jumps["hot"] + jumps["cold"])) @ start.ravel()
    final = evolved.reshape(4, 4)

    grid, step = np.linspace(0, duration, steps + 1, retstep=True)
    effective = energy - 0.5j * (leaving["hot"] + leaving["cold"])
    values, right = np.linalg.eig(effective)
    first, kernels = np.zeros((4, steps + 1)), np.zeros((4, 4, steps + 1))
    for i in range(4):
        states = (np.exp(-1j * np.outer(grid, values)) * np.linalg.solve(right, np.eye(4)[i])) @ right.T
        survival = (np.abs(states) ** 2).sum(axis=1)
        unit = states / np.sqrt(survival)[:, None]

        def mean(operator: np.ndarray, unit: np.ndarray = unit) -> np.ndarray:
            return np.einsum("ti,ij,tj->t", unit.conj(), operator, unit).real

        levels = mean(energy)
        drift = np.zeros(steps + 1)
        for bath, gamma in leaving.items():
            flow = mean(gamma) * levels - mean((gamma @ energy + energy @ gamma) / 2)
            drift += betas[bath] * cumulative_simpson(flow, dx=step, initial=0)
        first[i] = survival * np.exp(drift) * mean(final)
        for bath, own in jumps.items():
            for jump in own:
                into = np.abs(states @ jump.T) ** 2
                for j in range(4):
                    gained = energy[j, j].real - levels
                    kernels[i, j] += into[:, j] * np.exp(drift + betas[bath] * gained)
    solution = np.zeros((4, steps + 1))
    solution[:, 0] = first[:, 0]
    left = np.eye(4) - step / 2 * kernels[:, :, 0]
    for m in range(1, steps + 1):
        known = first[:, m] + step / 2 * kernels[:, :, m] @ solution[:, 0]
        known += step * np.einsum("ijs,js->i", kernels[:, :, 1:m], solution[:, m - 1 : 0 : -1])
        solution[:, m] = np.linalg.solve(left, known)
    return float(solution[:, -1].sum())
