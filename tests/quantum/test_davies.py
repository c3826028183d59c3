"""Davies generators, of a coupling operator and of single pairs of levels: frequencies, detailed balance, jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.davies import coupled_channels, davies_channels
from qtraj.quantum.generators import apply_superoperator, liouvillian
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import collective_ladder, random_hermitian, seeds

EXACT = 1e-12


def process_of(hamiltonian: np.ndarray, channels: tuple, seed: int = 0) -> JumpProcess:
    d = hamiltonian.shape[0]
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=State.haar(d, seed=seed)), channels=channels, duration=1.0
    )


@given(seeds, st.integers(2, 4), st.floats(0, 3))
def test_the_gibbs_state_is_stationary(seed: int, d: int, beta: float) -> None:
    rng = np.random.default_rng(seed)
    hamiltonian, coupling = random_hermitian(rng, d), random_hermitian(rng, d)
    channels = coupled_channels(
        coupling, hamiltonian=hamiltonian, inverse_temperature=beta, rate=lambda w: 0.3 * w, dephasing_rate=0.1
    )
    assert len(channels) == d * (d - 1) // 2 + 1
    process = process_of(hamiltonian, channels)
    generator = liouvillian(process.hamiltonian, process.jump_operators)
    gibbs = State.gibbs(process.system.spectrum.energies, beta).matrix
    assert np.abs(apply_superoperator(generator, gibbs)).max() < EXACT * max(1.0, np.abs(generator).max())
    for channel, jump in zip(channels[1:], process.jumps[1::2], strict=True):
        assert channel.entropy == beta * channel.energy
        assert jump.heat == channel.energy


@given(seeds)
def test_the_parts_add_up_to_the_coupling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hamiltonian, coupling = random_hermitian(rng, 3), random_hermitian(rng, 3)
    channels = coupled_channels(
        coupling, hamiltonian=hamiltonian, inverse_temperature=1.0, rate=lambda w: 1.0, dephasing_rate=1.0
    )
    diagonal, *rest = (channel.operator for channel in channels)
    total = diagonal + sum(part + part.conj().T for part in rest)
    assert np.abs(total - coupling).max() < EXACT * np.abs(coupling).max() * 10


def test_equal_spacings_make_one_collective_jump() -> None:
    process = collective_ladder(levels=4)
    assert len(process.channels) == 1
    assert np.count_nonzero(process.channels[0].operator) == 3
    assert process.chain is None


def test_nearly_equal_spacings_are_grouped_by_tolerance() -> None:
    coupling = np.ones((3, 3)) - np.eye(3)
    energies = [0.0, 1.0, 2.0 + 1e-6]

    def count(tolerance: float | None) -> int:
        return len(
            coupled_channels(
                coupling, energies=energies, inverse_temperature=1.0, rate=lambda w: 1.0, level_tolerance=tolerance
            )
        )

    assert count(None) == 3
    assert count(1e-6) == 2


def test_degenerate_levels_keep_their_coherence() -> None:
    """Both upper levels decay through one collective jump: their antisymmetric combination is dark."""
    coupling = np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]])
    energies = [0.0, 1.0, 1.0]
    channels = coupled_channels(coupling, energies=energies, inverse_temperature=5.0, rate=lambda w: 1.0)
    dark = np.array([0, 1, -1]) / np.sqrt(2)
    system = System(energies=energies, state=State.pure(dark))
    process = JumpProcess(system=system, channels=channels, duration=50.0)
    assert np.abs(process.final_state - np.outer(dark, dark)).max() < EXACT


def test_bad_couplings_are_refused() -> None:
    with pytest.raises(InvalidInput, match="`coupling` must be Hermitian, but differs from its adjoint by 1"):
        coupled_channels([[0, 1], [0, 0]], energies=[0.0, 1.0], inverse_temperature=1.0, rate=lambda w: 1.0)
    with pytest.raises(InvalidInput, match="`coupling` must have shape"):
        coupled_channels(np.eye(3), energies=[0.0, 1.0], inverse_temperature=1.0, rate=lambda w: 1.0)
    with pytest.raises(InvalidInput, match="`rate` must be finite and not negative"):
        coupled_channels([[0, 1], [1, 0]], energies=[0.0, 1.0], inverse_temperature=1.0, rate=lambda w: -1.0)
    with pytest.raises(InvalidInput, match="exactly one of `energies` and `hamiltonian`"):
        coupled_channels([[0, 1], [1, 0]], inverse_temperature=1.0, rate=lambda w: 1.0)


@given(st.floats(0, 5), st.floats(0.01, 2), st.floats(-3, 3))
def test_davies_rates(beta: float, strength: float, gap: float) -> None:
    (channel,) = davies_channels([0.0, gap], beta, [[0, 1, strength]], bath="x")
    assert channel.rate == pytest.approx(strength * np.exp(-beta * (0 - gap) / 2))
    if not channel.rate:
        return
    assert channel.reverse_rate == pytest.approx(strength * np.exp(-beta * gap / 2))
    assert channel.energy == gap
    assert channel.operator.real.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([[0, 2, 0.1]], "two different levels from 0 to 1"),
        ([[1, 1, 0.1]], "two different levels"),
        ([[0.5, 1, 0.1]], "two different levels"),
        ([[0, 1]], r"entries \(i, j, g\)"),
        ([[0, 1, -0.1]], "not negative, but is -0.1"),
    ],
)
def test_bad_davies_rates_are_refused(rates: list[list[float]], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        davies_channels([0.0, 1.0], 1.0, rates)


def test_a_davies_bath_too_cold_for_doubles_is_refused() -> None:
    with pytest.raises(InvalidInput, match="700 nats, but levels 0 and 1 give 1000"):
        davies_channels([0.0, 1.0], 1000.0, [[0, 1, 1.0]])
