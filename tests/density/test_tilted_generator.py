"""The tilted generator: its identity, and the theorem it implies for any jump process whatever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.jump_process import jump_process_averages
from qtraj.density.tilted_generator import (
    apply_tilted,
    identity_defect,
    jump_log_exponential_average,
    jump_support_loss,
    tilted_generator,
    tilted_propagator,
)
from qtraj.errors import NotRecorded, UnknownName
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import (
    collective_ladder,
    driven_qubit,
    random_davies,
    random_hermitian,
    random_process,
    seeds,
)

EXACT = 1e-12

PROCESSES = [random_davies(1), random_davies(2, dephasing=True), random_process(3), collective_ladder(), driven_qubit()]


@given(seeds, st.integers(2, 5), st.integers(0, 3))
def test_the_identity_is_annihilated(seed: int, dimension: int, baths: int) -> None:
    process = random_process(seed, dimension=dimension, baths=baths)
    assert identity_defect(process) < EXACT
    image = tilted_generator(process, np.exp(-process.entropies)) @ np.eye(dimension).ravel()
    assert np.abs(image).max() < EXACT * max(np.linalg.norm(jump) ** 2 for jump in process.jump_operators)


@given(seeds, st.booleans())
def test_the_identity_is_annihilated_by_random_davies_processes(seed: int, dephasing: bool) -> None:
    process = random_davies(seed, dimension=4, dephasing=dephasing)
    assert identity_defect(process) < EXACT


def test_a_wrong_entropy_is_seen() -> None:
    """Negative controls: entropies forgotten, doubled, or of the wrong sign do not annihilate the identity."""
    process = random_process(5)
    fastest = max(np.linalg.norm(jump) ** 2 for jump in process.jump_operators)
    for factor in (0.0, 2.0, -1.0):
        image = tilted_generator(process, np.exp(-factor * process.entropies)) @ np.eye(3).ravel()
        assert np.abs(image).max() > 0.01 * fastest


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("duration", [1e-3, 1.0, 50.0])
def test_the_theorem_holds_at_any_time(process: JumpProcess, duration: float) -> None:
    assert jump_log_exponential_average(process.lasting(duration)) == pytest.approx(0, abs=EXACT)


@given(seeds, st.integers(1, 3))
def test_the_theorem_holds_for_random_processes(seed: int, rank: int) -> None:
    """It is 1 - lambda for starts without full rank, lambda from the backward process alone."""
    process = random_process(seed, rank=rank)
    for protocol in (MeasurementProtocol.AUGMENTED, MeasurementProtocol.ENERGY):
        average = np.exp(jump_log_exponential_average(process, protocol=protocol))
        lost = jump_support_loss(process, protocol)
        assert average == pytest.approx(1 - lost, abs=1e-11)
        assert (lost > 0) == (rank < 3 and protocol is MeasurementProtocol.AUGMENTED)


def test_the_theorem_is_blind_to_the_hamiltonian_and_the_means_are_not() -> None:
    """Negative control: a random wrong Hamiltonian passes the theorem; currents and means catch it."""
    right = driven_qubit()
    wrong_hamiltonian = random_hermitian(np.random.default_rng(1), 2)
    wrong = replace(right, system=System(hamiltonian=wrong_hamiltonian, state=right.system.state))
    assert jump_log_exponential_average(wrong) == pytest.approx(0, abs=EXACT)
    one, two = jump_process_averages(right), jump_process_averages(wrong)
    assert abs(one.entropy_production - two.entropy_production) > 0.01
    assert abs(one.heat_into["cold"] - two.heat_into["cold"]) > 0.01
    assert abs(one.steady.heat_into["cold"] - two.steady.heat_into["cold"]) > 0.01


def test_propagator_and_action_agree_and_compose() -> None:
    process = random_process(7)
    weights = np.exp(-0.4 * process.entropies)
    whole = tilted_propagator(process, weights)
    half = tilted_propagator(process, weights, process.duration / 2)
    assert np.abs(half @ half - whole).max() < EXACT * 10
    start = process.system.energy_state.matrix
    image, scale = apply_tilted(process, weights, start)
    assert np.abs(image * np.exp(scale) - (whole @ start.ravel()).reshape(3, 3)).max() < EXACT * 10


def test_large_systems_go_without_a_dense_exponential() -> None:
    """A chain of independent copies: averages multiply."""
    single = driven_qubit(duration=0.6)
    count, jumps = 5, []
    hamiltonian = np.array([[0.0, 0.4], [0.4, 1.0]])

    def lift(operator: np.ndarray, site: int) -> np.ndarray:
        return np.kron(np.kron(np.eye(2**site), operator), np.eye(2 ** (count - site - 1)))

    for site in range(count):
        lowering = lift(np.array([[0, 1.0], [0, 0]]), site)
        jumps.append(Channel(operator=lowering, bath="cold", rate=0.6, energy=1.0, inverse_temperature=1.2))
    state, vectors = np.zeros(1), np.ones((1, 1))
    for _ in range(count):
        state = np.add.outer(state, single.system.state.log_eigenvalues).ravel()
        vectors = np.kron(vectors, single.system.state.vectors)
    system = System(
        hamiltonian=sum(lift(hamiltonian, site) for site in range(count)),
        state=State(log_eigenvalues=state, vectors=vectors),
    )
    process = JumpProcess(system=system, channels=tuple(jumps), duration=0.6)
    for u in (1.0, 0.5):
        expected = count * jump_log_exponential_average(single, "heat_into_cold", u)
        assert jump_log_exponential_average(process, "heat_into_cold", u) == pytest.approx(expected, abs=1e-10)


def test_weights_beyond_a_double_are_infinite_and_long_times_are_not() -> None:
    process = random_davies(4)
    assert jump_log_exponential_average(process, "sigma", 1e4) == np.inf
    # The average itself would be some e^(10^6) here.
    assert 1e5 < jump_log_exponential_average(random_process(3).lasting(1e4), "sigma", 2.0) < 1e7


def test_what_is_not_recorded_is_refused() -> None:
    process = random_davies(1)
    with pytest.raises(NotRecorded, match="`sigma` is not defined without a measurement"):
        jump_log_exponential_average(process, "sigma", protocol="kraus")
    with pytest.raises(NotRecorded, match="`xi` is not defined in a protocol without energy labels"):
        jump_log_exponential_average(process, "xi", protocol="eigenbasis-two-point")
    with pytest.raises(UnknownName, match="did you mean 'heat_into_bath'"):
        jump_log_exponential_average(process, "heat_into_bth")
    watched = replace(process, channels=(Channel(operator=np.ones((3, 3)), bath="watch", rate=0.1), *process.channels))
    with pytest.raises(NotRecorded, match="jumps of bath watch have no definite heat"):
        jump_log_exponential_average(watched, "heat")
    assert np.isfinite(jump_log_exponential_average(watched, "heat_into_bath"))
