"""Eigenvalues of graded sums keep their relative accuracy, against eigenvalues in 700-digit arithmetic."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from qtraj.errors import UnresolvedState
from qtraj.quantum.graded import graded_eigensystem

# Weights span 300 orders of magnitude, eigenvalues are wanted to 16 digits beyond, and products double the span.
DIGITS = 700


def exact_log_eigenvalues(log_weights: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """ln of the eigenvalues of sum_i e^{w_i} v_i v_i^dagger, descending, in multiple precision."""
    with mpmath.workdps(DIGITS):
        rows = [[mpmath.mpc(complex(entry)) for entry in vector] for vector in vectors]
        weights = [mpmath.exp(mpmath.mpf(float(weight))) for weight in log_weights]
        size = vectors.shape[1]
        rho = mpmath.matrix(size, size)
        for weight, row in zip(weights, rows, strict=True):
            for i in range(size):
                for j in range(size):
                    rho[i, j] += weight * row[i] * mpmath.conj(row[j])
        values = sorted(mpmath.eighe(rho, eigvals_only=True), reverse=True)
        return np.array([float(mpmath.log(value)) for value in values])


def random_sum(rng: np.random.Generator, dimension: int, terms: int, depth: float) -> tuple[np.ndarray, np.ndarray]:
    vectors = rng.normal(size=(terms, dimension)) + 1j * rng.normal(size=(terms, dimension))
    return -rng.uniform(0, depth, size=terms), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("depth", [1.0, 30.0, 200.0, 600.0])
@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_every_eigenvalue_is_relatively_accurate(depth: float, dimension: int) -> None:
    """Random directions are rarely within 1e-3 of each other, so some 1e-13 is what rounding errors allow."""
    rng = np.random.default_rng([int(depth), dimension])
    for terms in (dimension, dimension + 2, 12):
        log_weights, vectors = random_sum(rng, dimension, terms, depth)
        found, basis = graded_eigensystem(log_weights, vectors)
        assert np.abs(found - exact_log_eigenvalues(log_weights, vectors)).max() < 1e-11
        assert np.abs(basis.conj().T @ basis - np.eye(dimension)).max() < 1e-13


def test_ordinary_diagonalisation_would_not_do() -> None:
    """Negative control: the same comparison rejects eigenvalues of the assembled matrix."""
    log_weights, vectors = random_sum(np.random.default_rng(1), 3, 3, 200.0)
    matrix = (vectors.T * np.exp(log_weights)) @ vectors.conj()
    with np.errstate(invalid="ignore", divide="ignore"):
        naive = np.log(np.linalg.eigvalsh(matrix)[::-1])
    assert not np.abs(naive - exact_log_eigenvalues(log_weights, vectors)).max() < 1.0


@pytest.mark.parametrize("angle", [1e-3, 1e-6, 1e-9])
def test_accuracy_degrades_only_with_the_angle_between_directions(angle: float) -> None:
    """Two directions an angle apart: the small eigenvalue is known to about 1e-16/angle, relatively."""
    vectors = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]], dtype=complex)
    log_weights = np.array([0.0, -100.0])
    found, _ = graded_eigensystem(log_weights, vectors)
    assert np.abs(found - exact_log_eigenvalues(log_weights, vectors)).max() < 1e-13 + 1e-15 / angle


@pytest.mark.parametrize("seed", range(20))
def test_eigenvectors_rebuild_the_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_weights, vectors = random_sum(rng, 4, rng.integers(1, 8), 20.0)
    values, basis = graded_eigensystem(log_weights, vectors)
    matrix = (vectors.T * np.exp(log_weights)) @ vectors.conj()
    assert values.size == min(4, log_weights.size)
    assert np.abs((basis * np.exp(values)) @ basis.conj().T - matrix).max() < 1e-14


def test_rank_comes_from_directions_and_not_from_weights() -> None:
    same = np.array([[0.6, 0.8], [0.6, 0.8]], dtype=complex)
    values, basis = graded_eigensystem(np.array([0.0, -1.0]), same)
    assert values.size == 1
    assert values[0] == pytest.approx(np.log1p(np.exp(-1.0)))
    assert np.abs(np.abs(basis[:, 0]) - [0.6, 0.8]).max() < 1e-15
    light = np.array([[1.0, 0.0], [2**-0.5, 2**-0.5]], dtype=complex)
    assert graded_eigensystem(np.array([0.0, -650.0]), light)[0].size == 2


def test_separate_levels_may_differ_by_any_factor() -> None:
    values, basis = graded_eigensystem(np.array([0.0, -1e5]), np.eye(2, dtype=complex))
    assert values.tolist() == [0.0, -1e5]
    assert np.array_equal(basis, np.eye(2))


def test_terms_may_be_empty_or_zero() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype=complex)
    values, basis = graded_eigensystem(np.array([0.0, -np.inf, 0.0]), vectors)
    assert values.tolist() == [0.0]
    assert np.abs(basis[:, 0]).tolist() == [1.0, 0.0]


def test_what_doubles_cannot_resolve_is_refused() -> None:
    """e^-800 beside 1 and coherent with it: an amplitude of e^-400 squared is no double."""
    coherent = np.array([[1.0, 0.0], [2**-0.5, 2**-0.5]], dtype=complex)
    with pytest.raises(UnresolvedState, match="1e-300"):
        graded_eigensystem(np.array([0.0, -800.0]), coherent)


def test_without_full_rank_the_noise_floor_counts() -> None:
    """Three levels, rank 2: rounding noise of the empty direction could pose as an eigenvalue of 1e-30."""
    rng = np.random.default_rng(3)
    vectors = np.linalg.qr(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)))[0][:2]
    mixed = np.array([vectors[0], (vectors[0] + vectors[1]) / np.sqrt(2)])
    with pytest.raises(UnresolvedState, match="1e-26"):
        graded_eigensystem(np.array([0.0, -100.0]), mixed)
    values, _ = graded_eigensystem(np.array([0.0, -40.0]), mixed)
    assert values.size == 2
    assert values[1] == pytest.approx(-40.0 - np.log(2), abs=1e-6)


def test_many_terms_are_compressed_in_chunks() -> None:
    rng = np.random.default_rng(4)
    log_weights, vectors = random_sum(rng, 3, 70_000, 5.0)
    values, _ = graded_eigensystem(log_weights, vectors)
    matrix = (vectors.T * np.exp(log_weights)) @ vectors.conj()
    assert np.abs(np.exp(values) / np.linalg.eigvalsh(matrix)[::-1] - 1).max() < 1e-12
