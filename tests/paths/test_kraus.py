"""The Kraus unravelling: conditional pure states, and their average, the final state."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.kraus import average_state, conditional_states
from qtraj.paths.sample import sample
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.lazy_blocks import STORE
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.cases import CASES, case
from tests.paths.enumeration import RATE, enumerate_paths


def rotated_operation() -> ThermalOperation:
    """A qutrit whose Hamiltonian was given in a complex basis of its own: states must come back in that basis."""
    basis = State.haar(3, seed=11).vectors
    hamiltonian = basis @ np.diag([0.0, 1.0, 2.0]) @ basis.conj().T
    system = System(hamiltonian=hamiltonian, state=State.haar(3, seed=12))
    environment = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    return ThermalOperation(
        system=system, environment=environment, unitary=EnergyConservingUnitary.haar(system, environment, seed=5)
    )


def all_states(operation: ThermalOperation) -> tuple[np.ndarray, np.ndarray]:
    """Probability and conditional state of every Kraus path."""
    paths = enumerate_paths(operation, "kraus")
    alpha, mu, _, nu, _, _ = paths.labels.T
    return paths.probabilities, conditional_states(operation, alpha, mu, nu)


@pytest.mark.parametrize("name", [*CASES, "rotated"])
def test_conditional_states_are_normalised_and_average_to_the_final_state(name: str) -> None:
    """The weighted sum over all paths is the final state, exactly ([Santos19] Eq. (33))."""
    operation = rotated_operation() if name == "rotated" else case(name)
    probabilities, states = all_states(operation)
    np.testing.assert_allclose(np.linalg.norm(states, axis=1), 1.0, atol=1e-14)
    average = (states.T * probabilities) @ states.conj()
    np.testing.assert_allclose(average, operation.final_state, atol=1e-12)


def test_conditional_states_are_the_images_of_the_dense_unitary() -> None:
    """Up to a phase; and with the initial vector measured, not the energy eigenvector."""
    operation = case("coherent qutrit")
    d, e = 3, operation.environment.dimension
    u = operation.unitary.matrix().reshape(d, e, d, e)
    values, vectors = np.linalg.eigh(operation.system.energy_state.matrix)
    paths = enumerate_paths(operation, "kraus")
    alpha, mu, _, nu, _, _ = paths.labels.T
    states = conditional_states(operation, alpha, mu, nu)
    for state, a, before, after in zip(states, alpha, mu, nu, strict=True):
        image = u[:, after, :, before] @ vectors[:, d - 1 - a]
        assert abs(np.vdot(state, image / np.linalg.norm(image))) == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(values) > 0).all()


def largest_error(paths: int, dimension: int) -> float:
    """Entries of |Phi><Phi| lie in [-1, 1]: Hoeffding for all their real and imaginary parts at the rate."""
    return float(np.sqrt(2 * np.log(2 * 2 * dimension**2 / RATE) / paths))


@pytest.mark.parametrize("sampler", ["explicit", "followed"])
def test_average_state_estimates_the_final_state(sampler: str, root_seed: int) -> None:
    """False-failure rate 1e-9. At 2e5 paths an entry wrong by 0.04 is seen; see the negative control."""
    operation = rotated_operation()
    ensemble = sample(operation, paths=200_000, seed=root_seed, protocol="kraus", sampler=sampler)
    average = average_state(ensemble)
    bound = largest_error(200_000, 3)
    assert bound < 0.02
    difference = average - operation.final_state
    assert max(np.abs(difference.real).max(), np.abs(difference.imag).max()) < bound
    assert np.trace(average).real == pytest.approx(1.0, abs=1e-12)
    assert np.linalg.eigvalsh(average).min() > -1e-15


def test_negative_control_wrong_states_are_rejected() -> None:
    """The conjugate, the energy basis and the inverse unitary are all further from the final state than the bound."""
    operation = rotated_operation()
    bound = 2 * largest_error(200_000, 3)
    probabilities, states = all_states(operation)
    conjugate = states.conj()
    energy_basis = states @ operation.system.basis.conj()
    inverse = ThermalOperation(
        system=operation.system, environment=operation.environment, unitary=operation.unitary.adjoint()
    )
    p_inverse, of_inverse = all_states(inverse)
    for p, wrong in ((probabilities, conjugate), (probabilities, energy_basis), (p_inverse, of_inverse)):
        difference = (wrong.T * p) @ wrong.conj() - operation.final_state
        assert max(np.abs(difference.real).max(), np.abs(difference.imag).max()) > bound


def test_average_over_rows_is_the_mean_of_the_rows_states() -> None:
    operation = rotated_operation()
    ensemble = sample(operation, paths=500, protocol="kraus", sampler="explicit")
    states = conditional_states(operation, ensemble["alpha"], ensemble["mu"], ensemble["nu"])
    assert states.shape == (500, 3)
    np.testing.assert_allclose(average_state(ensemble), states.T @ states.conj() / 500, atol=1e-13)
    again = average_state(sample(operation, paths=500, protocol="kraus").expand())
    assert np.trace(again).real == pytest.approx(1.0)


@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point"])
def test_other_protocols_have_no_conditional_states(protocol: str) -> None:
    ensemble = sample(case("spins"), paths=100, protocol=protocol, sampler="explicit")
    with pytest.raises(NotRecorded, match="need the kraus protocol, but the ensemble has " + protocol):
        average_state(ensemble)


def test_counts_have_no_conditional_states() -> None:
    with pytest.raises(NotRecorded, match=r"not recorded in an ensemble of counts; `expand\(\)` draws them"):
        average_state(sample(case("spins"), paths=100, protocol="kraus"))


def test_paths_that_cannot_occur_are_refused() -> None:
    operation = case("spins")
    with pytest.raises(InvalidInput, match=r"\(alpha, mu, nu\) = \(0, 0, 7\) has probability 0"):
        conditional_states(operation, np.array([0]), np.array([0]), np.array([7]))
    for alpha, mu in ((2, 0), (-1, 0), (0, 8), (0, -1)):
        with pytest.raises(InvalidInput, match="must start in a possible outcome"):
            conditional_states(operation, np.array([alpha]), np.array([mu]), np.array([0]))


def test_states_do_not_depend_on_the_other_paths_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one or together, in any order, with nothing kept of the unitary."""
    operation = case("spins")
    alpha, mu, _, nu, _, _ = enumerate_paths(operation, "kraus").labels.T
    together = conditional_states(operation, alpha, mu, nu)
    monkeypatch.setattr(STORE, "limit", 0.0)
    order = np.random.default_rng(1).permutation(alpha.size)
    np.testing.assert_array_equal(conditional_states(operation, alpha[order], mu[order], nu[order]), together[order])
    alone = [conditional_states(operation, alpha[[k]], mu[[k]], nu[[k]])[0] for k in range(alpha.size)]
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-15)


def test_no_paths_no_states() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert conditional_states(case("spins"), none, none, none).shape == (0, 2)
