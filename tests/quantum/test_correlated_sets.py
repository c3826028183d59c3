"""Eigenvalues of correlated weights: relatively accurate, with the rank that the elements admit, or refused."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import AmbiguousRank, InvalidState, UnresolvedState
from qtraj.quantum.correlated_sets import EPS, correlated_eigensystem

RELATIVE = 1e-12


def nothing(size: int) -> FloatArray:
    return np.zeros((size, size))


def exact_logarithms(logs: FloatArray, chi: ComplexArray) -> FloatArray:
    """Logarithms of the eigenvalues with digits to spare."""
    with mpmath.workdps(600):
        matrix = mpmath.matrix(chi.tolist())
        for k, log in enumerate(logs):
            matrix[k, k] += mpmath.exp(mpmath.mpf(float(log)))
        values = mpmath.eighe(matrix, eigvals_only=True)
        return np.array(sorted((float(mpmath.log(value)) for value in values), reverse=True))


def graded(seed: int, size: int, spread: float, strength: float) -> tuple[FloatArray, ComplexArray]:
    """Weights over e^spread, and correlations that leave each population `1 - strength` of what it could lose."""
    rng = np.random.default_rng(seed)
    logs = -rng.uniform(0.0, spread, size)
    noise = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    noise = noise + noise.conj().T
    noise *= strength / np.abs(np.linalg.eigvalsh(noise)).max()
    return logs, noise * np.exp((logs[:, None] + logs[None, :]) / 2)


@given(st.integers(0, 10**6), st.integers(2, 5), st.sampled_from([1.0, 60.0, 500.0]), st.floats(0.01, 0.9))
def test_small_eigenvalues_are_as_accurate_as_large_ones(seed: int, size: int, spread: float, strength: float) -> None:
    logs, chi = graded(seed, size, spread, strength)
    found, vectors = correlated_eigensystem(logs, chi, nothing(size))
    assert np.sort(found)[::-1] == pytest.approx(exact_logarithms(logs, chi), abs=RELATIVE * 100)
    assert vectors.conj().T @ vectors == pytest.approx(np.eye(size), abs=RELATIVE)


@pytest.mark.parametrize("spread", [0.0, 20.0, 200.0])
def test_a_direction_that_is_emptied_is_no_eigenvalue_however_rare_it_is(spread: float) -> None:
    """Populations w and w e^-spread with all the coherence they admit: one eigenvalue, and the sum of both."""
    logs = np.array([0.0, -spread])
    chi = np.array([[0.0, 1.0], [1.0, 0.0]]) * np.exp(-spread / 2)
    found, _ = correlated_eigensystem(logs, chi.astype(complex), nothing(2))
    assert found == pytest.approx([np.log1p(np.exp(-spread))], abs=RELATIVE)


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_a_rare_population_that_keeps_a_part_is_an_eigenvalue(part: float) -> None:
    """The same populations with less coherence: by the determinant, w e^-60 (1 - part^2)."""
    logs = np.array([0.0, -60.0])
    chi = part * np.array([[0.0, 1.0], [1.0, 0.0]]) * np.exp(-30.0)
    found, _ = correlated_eigensystem(logs, chi.astype(complex), nothing(2))
    assert found.min() == pytest.approx(-60.0 + np.log1p(-(part**2)), abs=RELATIVE)


@pytest.mark.parametrize("excess", [1.001, 2.0])
def test_too_much_coherence_is_refused_and_measured(excess: float) -> None:
    chi = excess * np.array([[0.0, 1.0], [1.0, 0.0]]) * np.exp(-30.0)
    with pytest.raises(InvalidState, match="times as strong") as caught:
        correlated_eigensystem(np.array([0.0, -60.0]), chi.astype(complex), nothing(2))
    assert caught.value.measured == pytest.approx(1 / excess, rel=1e-9)


def test_classical_correlations_may_empty_the_likeliest_direction() -> None:
    """Populations 1/2 - 1/2 and 0 + 1/2 of a perfectly correlated pair, with rounding left over."""
    logs = np.log([0.25, 0.25])
    chi = np.diag([0.25, -0.25 + 1e-17]).astype(complex)
    found, vectors = correlated_eigensystem(logs, chi, nothing(2))
    assert np.exp(found) == pytest.approx([0.5])
    assert np.abs(vectors[:, 0]).tolist() == [1.0, 0.0]
    nobody, _ = correlated_eigensystem(logs[:1], np.array([[-0.25 + 0j]]), nothing(1))
    assert nobody.size == 0


@pytest.mark.parametrize("left", [1e-14, 1e-13])
def test_what_is_barely_beyond_its_error_is_a_question(left: float) -> None:
    logs = np.log([0.5, 0.5])
    chi = np.diag([-0.5 * (1 - left), 0.5]).astype(complex)
    with pytest.raises(AmbiguousRank, match="clearly zero or clearly positive"):
        correlated_eigensystem(logs, chi, nothing(2))


def test_an_error_as_large_as_the_population_settles_nothing() -> None:
    """0.43 of the limit on a population of 1e-26, known to 1e-16: it could as well be emptied."""
    logs = np.log([0.5, 5e-27])
    chi = 0.43 * np.array([[0.0, 1.0], [1.0, 0.0]]) * np.sqrt(0.5 * 5e-27)
    with pytest.raises(AmbiguousRank, match="accuracy=0"):
        correlated_eigensystem(logs, chi.astype(complex), np.full((2, 2), EPS))
    assert correlated_eigensystem(logs, chi.astype(complex), nothing(2))[0].size == 2


@pytest.mark.parametrize("rare", [1e-3, 1e-6, 1e-9])
def test_pure_states_known_to_rounding_have_rank_one(rare: float) -> None:
    """An entangled pair: its product of local states has four populations, which correlations make one."""
    p = np.array([1 - rare, rare])
    amplitudes = np.sqrt(p)
    pure = np.zeros((4, 4), dtype=complex)
    pure[np.ix_([0, 3], [0, 3])] = np.outer(amplitudes, amplitudes)
    logs = np.log(np.outer(p, p).ravel())
    chi = pure - np.diag(np.exp(logs))
    found, vectors = correlated_eigensystem(logs, chi, np.full((4, 4), EPS))
    assert found == pytest.approx([0.0], abs=RELATIVE)
    assert np.abs(vectors[:, 0]) == pytest.approx([amplitudes[0], 0.0, 0.0, amplitudes[1]], rel=1e-9)


def test_populations_too_far_apart_are_refused() -> None:
    logs = np.array([0.0, -700.0])
    chi = 0.5 * np.array([[0.0, 1.0], [1.0, 0.0]]) * np.exp(-350.0)
    with pytest.raises(UnresolvedState, match="300 orders of magnitude"):
        correlated_eigensystem(logs, chi.astype(complex), nothing(2))
