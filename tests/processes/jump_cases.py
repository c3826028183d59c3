"""Jump processes for tests: random ones that obey nothing but local detailed balance, and a few special ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel, dephasing_channels
from qtraj.quantum.davies import coupled_channels, davies_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

QUTRIT_RATES = [[0, 1, 0.3], [1, 2, 0.2], [0, 2, 0.1]]


def random_hermitian(rng: np.random.Generator, dimension: int) -> np.ndarray:
    matrix = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
    return (matrix + matrix.conj().T) / 2


def random_process(
    seed: int, *, dimension: int = 3, baths: int = 2, rank: int | None = None, duration: float = 0.8
) -> JumpProcess:
    """Any Hamiltonian, any operators, any rates with their reverse, one Hermitian channel; no symmetry at all."""
    rng = np.random.default_rng(seed)
    channels = []
    for bath in range(baths):
        beta = float(rng.uniform(0, 2))
        for _ in range(2):
            operator = rng.normal(size=(dimension, dimension)) + 1j * rng.normal(size=(dimension, dimension))
            energy, rate = float(rng.normal()), float(rng.uniform(0.05, 0.5))
            channels.append(
                Channel(operator=operator, bath=f"bath{bath}", rate=rate, energy=energy, inverse_temperature=beta)
            )
    watched = random_hermitian(rng, dimension)
    channels.append(Channel(operator=watched, bath="watch", rate=0.2))
    system = System(hamiltonian=random_hermitian(rng, dimension), state=State.haar(dimension, rank=rank, seed=rng))
    return JumpProcess(system=system, channels=tuple(channels), duration=duration)


def random_davies(
    seed: int,
    *,
    dimension: int = 3,
    rank: int | None = None,
    duration: float = 1.3,
    dephasing: bool = False,
    in_given_basis: bool = False,
) -> JumpProcess:
    """A Davies map with random energies, a random temperature and random symmetric rates; finite law."""
    rng = np.random.default_rng(seed)
    energies = rng.uniform(0, 3, size=dimension)
    rates = [
        [i, j, float(rng.uniform(0, 0.6))]
        for i in range(dimension)
        for j in range(i + 1, dimension)
        if rng.uniform() < 0.8 or j == i + 1
    ]
    channels = davies_channels(energies, float(rng.uniform(0, 2)), rates)
    if dephasing:
        channels += dephasing_channels(dimension, 0.15)
    state = State.haar(dimension, rank=rank, seed=rng)
    if not in_given_basis:
        return JumpProcess(system=System(energies=energies, state=state), channels=channels, duration=duration)
    basis, _ = np.linalg.qr(rng.normal(size=(dimension,) * 2) + 1j * rng.normal(size=(dimension,) * 2))
    turned = tuple(
        Channel(
            operator=basis @ channel.operator @ basis.conj().T,
            bath=channel.bath,
            rate=channel.rate,
            energy=channel.energy,
            inverse_temperature=channel.inverse_temperature,
        )
        for channel in channels
    )
    system = System(
        hamiltonian=(basis * energies) @ basis.conj().T,
        state=State(log_eigenvalues=state.log_eigenvalues, vectors=basis @ state.vectors),
    )
    return JumpProcess(system=system, channels=turned, duration=duration)


def collective_ladder(*, levels: int = 3, duration: float = 1.0, seed: int = 3) -> JumpProcess:
    """Equal spacings: one collective jump for all transitions, no finite law."""
    position = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    energies = np.arange(float(levels))
    channels = coupled_channels(
        position + position.T, energies=energies, inverse_temperature=0.9, rate=lambda frequency: 0.4 * frequency
    )
    system = System(energies=energies, state=State.haar(levels, seed=seed))
    return JumpProcess(system=system, channels=channels, duration=duration)


def driven_qubit(*, duration: float = 2.0) -> JumpProcess:
    """A qubit whose Hamiltonian does not commute with its decay: local jumps, one bath."""
    hamiltonian = [[0.0, 0.4], [0.4, 1.0]]
    decay = Channel(operator=[[0, 1], [0, 0]], bath="cold", rate=0.6, energy=1.0, inverse_temperature=1.2)
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=State.bloch(0.3, -0.2, 0.1)), channels=(decay,), duration=duration
    )


seeds = st.integers(0, 2**32 - 1)
