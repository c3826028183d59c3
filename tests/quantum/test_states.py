"""States keep their eigenvalues as logarithms, and refuse matrices whose rank would have to be guessed."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from hypothesis import given

from qtraj.errors import AmbiguousRank, InvalidInput, InvalidState
from qtraj.quantum.states import State, gibbs_log_populations
from qtraj.strategies import density_matrices, states


@given(states((1, 5)))
def test_a_state_is_a_density_matrix(state: State) -> None:
    rho = state.matrix
    assert abs(np.trace(rho) - 1) < 1e-14
    assert np.abs(rho - rho.conj().T).max() < 1e-15
    assert np.linalg.eigvalsh(rho).min() > -1e-15
    assert np.abs(state.vectors.conj().T @ state.vectors - np.eye(state.rank)).max() < 1e-14
    assert (np.diff(state.log_eigenvalues) <= 0).all()


@given(density_matrices((1, 5)))
def test_from_matrix_finds_matrix_and_rank_again(rho: np.ndarray) -> None:
    state = State.from_matrix(rho)
    assert np.abs(state.matrix - rho).max() < 1e-14
    assert state.rank == np.linalg.matrix_rank(rho, tol=1e-9, hermitian=True)
    assert state.adjustment < 1e-13


@given(density_matrices((1, 4)))
def test_accepts_nested_lists_and_objects_with_full(rho: np.ndarray) -> None:
    class Qobj:
        def full(self) -> np.ndarray:
            return rho

    for given_form in (rho.tolist(), Qobj()):
        assert np.array_equal(State.from_matrix(given_form).matrix, State.from_matrix(rho).matrix)


def test_a_rank_overrules_the_threshold() -> None:
    rho = np.diag([1 - 3e-13, 3e-13])
    assert State.from_matrix(rho, rank=1).rank == 1
    kept = State.from_matrix(rho, rank=2)
    assert kept.log_eigenvalues[1] == pytest.approx(np.log(3e-13), rel=1e-12)


def test_four_digits_are_enough_and_recorded() -> None:
    typed = [[0.35, 0.2499 - 0.1j], [0.2501 + 0.1001j, 0.6502]]
    state = State.from_matrix(typed)
    assert abs(np.trace(state.matrix) - 1) < 1e-15
    assert 1e-4 < state.adjustment < 1e-3
    assert state.adjustment == pytest.approx(float(np.linalg.norm(state.matrix - np.array(typed))), rel=1e-12)


@pytest.mark.parametrize("beta", [0.0, 1.0, 50.0, 800.0, 1e4])
@pytest.mark.parametrize("shift", [0.0, -1e6, 3.5])
def test_gibbs_populations_agree_with_60_digits(beta: float, shift: float) -> None:
    levels = np.array([0.0, 1.0, 1.5, 4.0]) + shift
    logs = gibbs_log_populations(levels, beta)
    with mpmath.workdps(60):
        exact = [-mpmath.mpf(beta) * mpmath.mpf(float(level)) for level in levels]
        total = mpmath.log(mpmath.fsum(mpmath.exp(value) for value in exact))
        expected = np.array([float(value - total) for value in exact])
    assert np.allclose(logs, expected, rtol=1e-14, atol=1e-15)


def test_gibbs_has_full_rank_at_any_temperature() -> None:
    cold = State.gibbs([0.0, 1.0, 2.0], 1e4)
    assert cold.rank == 3
    assert cold.log_eigenvalues.tolist() == [0.0, -1e4, -2e4]


def test_bloch_and_pure_and_in_basis() -> None:
    state = State.bloch(0.5, 0.2, -0.3)
    assert np.allclose(state.matrix, 0.5 * np.array([[0.7, 0.5 - 0.2j], [0.5 + 0.2j, 1.3]]), atol=1e-16)
    assert State.bloch(0.0, 0.6, 0.8).rank == 1
    pure = State.pure([[0.6], [0.8j]])
    assert np.allclose(pure.matrix, [[0.36, -0.48j], [0.48j, 0.64]])
    flip = np.array([[0, 1], [1, 0]])
    assert np.allclose(pure.in_basis(flip).matrix, flip @ pure.matrix @ flip)


@pytest.mark.parametrize(
    ("build", "error", "text", "measured"),
    [
        (lambda: State.from_matrix([[0.5, 0.1], [0.2, 0.5]]), InvalidState, "Hermitian.*0.1", 0.1),
        (lambda: State.from_matrix(np.diag([0.5, 0.4])), InvalidState, "trace 1, but has trace 0.9", 0.9),
        (lambda: State.from_matrix(np.diag([1.25, -0.25])), InvalidState, "negative eigenvalue, but has -0.25", -0.25),
        (lambda: State.from_matrix(np.diag([1.0, 1e-14])), AmbiguousRank, "1e-14", 1e-14),
        (lambda: State.from_matrix(np.diag([0.9, 0.1]), rank=1), InvalidState, "eigenvalue 2 is 0.1", 0.1),
        (lambda: State.from_matrix(np.diag([1.0, 0.0]), rank=2), InvalidState, "eigenvalue 2 is 0", 0.0),
        (lambda: State.from_matrix(np.eye(2) / 2, rank=3), InvalidState, "`rank`", None),
        (lambda: State.from_matrix(np.eye(2) / 2, rank=1.5), InvalidState, "`rank`", None),
        (lambda: State.from_matrix([[1.0, 0.0]]), InvalidInput, r"square matrix.*\(1, 2\)", None),
        (lambda: State.from_matrix([[np.nan]]), InvalidInput, "finite", None),
        (lambda: State.from_matrix("rho"), InvalidInput, "numbers", None),
        (lambda: State.from_matrix(np.zeros((0, 0))), InvalidInput, "empty", None),
        (lambda: State.pure([1.0, 1.0]), InvalidState, "norm 1.41421", np.sqrt(2)),
        (lambda: State.pure(np.eye(2)), InvalidInput, "vector", None),
        (lambda: State.bloch(1.0, 1.0, 0.0), InvalidState, "length 1.41421", np.sqrt(2)),
        (lambda: State.bloch(np.nan, 0.0, 0.0), InvalidState, "`x` must be finite", np.nan),
        (lambda: State.gibbs([0.0, 1.0], -2.0), InvalidInput, "negative, but is -2", -2.0),
        (lambda: State.gibbs([0.0, 1.0], np.inf), InvalidInput, "finite", np.inf),
        (lambda: State.haar(2, rank=3), InvalidState, "`rank`", 3.0),
        (lambda: State.haar(0), InvalidState, "`dimension`", 0.0),
        (lambda: State(log_eigenvalues=np.log([0.5, 0.4]), vectors=np.eye(2)), InvalidState, "sum to 0.9", 0.9),
        (lambda: State(log_eigenvalues=np.array([800.0]), vectors=np.eye(1)), InvalidState, "sum to", np.exp(700.0)),
        (lambda: State(log_eigenvalues=np.log([0.5, 0.5]), vectors=[[1, 1], [0, 1]]), InvalidState, "orthonormal", 1.0),
        (lambda: State(log_eigenvalues=np.array([0.0, -np.inf]), vectors=np.eye(2)), InvalidState, "zero", None),
        (lambda: State(log_eigenvalues=np.zeros(0), vectors=np.zeros((2, 0))), InvalidState, "between 1 and 2", None),
        (lambda: State(log_eigenvalues=np.zeros(2), vectors=np.eye(3)), InvalidState, r"shape \(3, 3\)", None),
    ],
)
def test_refusals_name_the_measured_number(
    build: Callable[[], State], error: type[InvalidInput], text: str, measured: float | None
) -> None:
    with pytest.raises(error, match=text) as caught:
        build()
    assert caught.value.measured == pytest.approx(measured, nan_ok=True)


# --- Haar states ------------------------------------------------------------------------------------------------------
# The mean purity of the Ginibre ensemble of rank r is (d + r)/(d r + 1). 2000 states, |z| < 6.5: the false-failure rate
# is below 1e-9. A shift of the mean purity by 0.05 is 19 standard errors here.

DRAWS = 2000


def purity_z(purities: np.ndarray, dimension: int, rank: int) -> float:
    expected = (dimension + rank) / (dimension * rank + 1)
    return float((purities.mean() - expected) / (purities.std() / np.sqrt(purities.size)))


@pytest.mark.parametrize("rank", [2, 3])
def test_haar_states_have_the_right_mean_purity(rank: int, root_seed: int) -> None:
    rng = np.random.default_rng(root_seed)
    logs = np.array([State.haar(3, rank=rank, seed=rng).log_eigenvalues for _ in range(DRAWS)])
    assert abs(purity_z(np.exp(2 * logs).sum(axis=1), 3, rank)) < 6.5


def test_the_purity_check_rejects_uniform_eigenvalues(root_seed: int) -> None:
    """Negative control: eigenvalues uniform on the simplex have another mean purity, 2/(d + 1)."""
    values = np.random.default_rng(root_seed).dirichlet(np.ones(3), size=DRAWS)
    assert abs(purity_z((values**2).sum(axis=1), 3, 3)) > 6.5


def test_haar_states_are_reproducible() -> None:
    assert np.array_equal(State.haar(3, seed=5).matrix, State.haar(3, seed=5).matrix)
    assert not np.allclose(State.haar(3, seed=5).matrix, State.haar(3, seed=6).matrix)
    assert State.haar(4, rank=2, seed=1).rank == 2
