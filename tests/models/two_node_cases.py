"""Random two-node networks and their dense jump operators, built from the paper's equations for the tests alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtraj.models.lk14_network import TwoNodeNetwork

Matrix = NDArray[np.complex128]

LOWER = np.array([[0, 1], [0, 0]], dtype=np.complex128)


@st.composite
def networks(draw: st.DrawFn, medium: str | None = None) -> TwoNodeNetwork:
    """Networks whose rates and splittings are within two orders of magnitude, so that dense solvers keep 1e-11."""
    w_h, w_c = draw(st.floats(0.5, 3.0)), draw(st.floats(0.5, 3.0))
    return TwoNodeNetwork(
        medium=draw(st.sampled_from(["two-level", "oscillator"])) if medium is None else medium,
        frequency_hot=w_h,
        frequency_cold=w_c,
        temperature_hot=draw(st.floats(0.5, 5.0)),
        temperature_cold=draw(st.floats(0.5, 5.0)),
        coupling=draw(st.floats(0.05, 0.9)) * math.sqrt(w_h * w_c),
        bath_strength=draw(st.floats(0.01, 0.5)),
    )


def two_level_nodes(statistics: str) -> tuple[Matrix, Matrix]:
    string = np.diag([1, -1]) if statistics == "fermion" else np.eye(2)
    return np.kron(LOWER, np.eye(2)), np.kron(string, LOWER)


def hamiltonian(network: TwoNodeNetwork, a: Matrix, b: Matrix) -> Matrix:
    swap = b.conj().T @ a
    return (
        network.frequency_hot * a.conj().T @ a
        + network.frequency_cold * b.conj().T @ b
        + network.coupling * (swap + swap.conj().T)
    )


def rate(network: TwoNodeNetwork, temperature: float, frequency: float) -> float:
    """Eq. (15)."""
    return network.bath_strength * frequency**3 / (1 - math.exp(-frequency / temperature))


def pair(network: TwoNodeNetwork, operator: Matrix, temperature: float, frequency: float) -> list[Matrix]:
    down = rate(network, temperature, frequency)
    up = down * math.exp(-frequency / temperature)
    return [math.sqrt(down) * operator, math.sqrt(up) * operator.conj().T]


def local_jumps(network: TwoNodeNetwork, a: Matrix, b: Matrix) -> dict[str, list[Matrix]]:
    """Eqs. (6), (7)."""
    return {
        "hot": pair(network, a, network.temperature_hot, network.frequency_hot),
        "cold": pair(network, b, network.temperature_cold, network.frequency_cold),
    }


def global_jumps(network: TwoNodeNetwork, a: Matrix, b: Matrix) -> dict[str, list[Matrix]]:
    """The general weak-coupling equation: a + a^dag, split by the energy it takes from the whole Hamiltonian.

    For oscillators and fermions these are Eqs. (11), (12). Nothing here knows of angles or modes: energies are grouped
    and operators projected numerically.
    """
    energies, vectors = np.linalg.eigh(hamiltonian(network, a, b))
    gaps = energies[None, :] - energies[:, None]  # energy that |i><j| takes out
    jumps: dict[str, list[Matrix]] = {}
    for bath, node, temperature in (
        ("hot", a, network.temperature_hot),
        ("cold", b, network.temperature_cold),
    ):
        inside = vectors.conj().T @ node @ vectors
        jumps[bath] = []
        used = np.abs(inside) > 1e-12
        for gap in sorted(set(np.round(gaps[used], 9))):
            chosen = used & (np.abs(gaps - gap) < 1e-8)
            part = vectors @ np.where(chosen, inside, 0) @ vectors.conj().T
            jumps[bath] += pair(network, part, temperature, float(gaps[chosen].mean()))
    return jumps


def observables(a: Matrix, b: Matrix) -> dict[str, Matrix]:
    exchange = a.conj().T @ b
    return {
        "population_hot": a.conj().T @ a,
        "population_cold": b.conj().T @ b,
        "correlation_x": exchange + exchange.conj().T,
        "correlation_y": 1j * (exchange - exchange.conj().T),
    }


def changed(network: TwoNodeNetwork, **values: Any) -> TwoNodeNetwork:
    names = ("medium", "frequency_hot", "frequency_cold", "temperature_hot", "temperature_cold")
    names += ("coupling", "bath_strength")
    return TwoNodeNetwork(**({name: getattr(network, name) for name in names} | values))
