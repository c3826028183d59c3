"""Entropies against their definitions with matrix logarithms, and where they are infinite."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.quantum.entropies import (
    coherence,
    divergence_from_gibbs,
    factor_entropy,
    free_energy,
    kullback_leibler,
    mean_energy,
    mutual_information,
    relative_entropy,
    von_neumann_entropy,
)
from qtraj.quantum.outcomes import pinch
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State
from qtraj.strategies import spectra, states


def entropy_of_matrix(rho: np.ndarray) -> float:
    values = np.linalg.eigvalsh(rho)
    values = values[values > 1e-13]
    return float(-(values * np.log(values)).sum())


@given(states((1, 5)))
def test_von_neumann_entropy(state: State) -> None:
    entropy = von_neumann_entropy(state)
    assert entropy == pytest.approx(entropy_of_matrix(state.matrix), abs=1e-12)
    assert 0 <= entropy <= np.log(state.dimension) + 1e-14


@settings(max_examples=25)
@given(st.data(), st.integers(1, 4))
def test_relative_entropy_is_its_definition(data: st.DataObject, dimension: int) -> None:
    state = data.draw(states(dimension))
    reference = data.draw(states(dimension, ranks="full", smallest=1e-4))
    cross = -np.trace(state.matrix @ scipy.linalg.logm(reference.matrix)).real
    value = relative_entropy(state, reference)
    assert value == pytest.approx(cross - entropy_of_matrix(state.matrix), abs=1e-9)
    assert value >= 0
    assert relative_entropy(reference, reference) < 1e-12


@given(states((2, 4), (1, 3)))
def test_relative_entropy_is_infinite_off_the_support(state: State) -> None:
    outside = State.gibbs(np.zeros(state.dimension), 0.0)
    if state.rank < state.dimension:
        assert relative_entropy(outside, state) == np.inf
    assert relative_entropy(state, outside) == pytest.approx(
        np.log(state.dimension) - von_neumann_entropy(state), abs=1e-12
    )
    assert relative_entropy(state, state) < 1e-12


def test_relative_entropy_of_nearly_parallel_pure_states_is_infinite() -> None:
    angle = 1e-5
    assert relative_entropy(State.pure([1, 0]), State.pure([np.cos(angle), np.sin(angle)])) == np.inf
    assert relative_entropy(State.pure([0.6, 0.8]), State.pure([-0.6, -0.8])) == 0.0


def test_a_cold_reference_keeps_its_logarithms() -> None:
    """At beta = 800 the excited population is 1e-348, no double, and the relative entropy is 400."""
    value = relative_entropy(State.gibbs([0.0, 1.0], 0.0), State.gibbs([0.0, 1.0], 800.0))
    assert value == pytest.approx(400 - np.log(2), rel=1e-14)


def test_relative_entropy_needs_equal_dimensions() -> None:
    with pytest.raises(InvalidInput, match="2 and 3"):
        relative_entropy(State.gibbs([0.0, 1.0], 1.0), State.gibbs([0.0, 1.0, 2.0], 1.0))


def test_kullback_leibler() -> None:
    p, q = np.array([0.2, 0.8, 0.0]), np.array([0.5, 0.4, 0.1])
    with np.errstate(divide="ignore"):
        log_p = np.log(p)
    expected = 0.2 * np.log(0.4) + 0.8 * np.log(2)
    assert kullback_leibler(log_p, np.log(q)) == pytest.approx(expected, rel=1e-14)
    assert kullback_leibler(np.log(q), log_p) == np.inf
    assert kullback_leibler(log_p, log_p) == 0.0


@given(st.data(), spectra((1, 4)))
def test_coherence_is_the_distance_to_the_pinched_state(data: st.DataObject, spectrum: Spectrum) -> None:
    state = data.draw(states(spectrum.dimension))
    value = coherence(state, spectrum)
    assert value == pytest.approx(relative_entropy(state, pinch(state, spectrum)), abs=1e-11)
    assert 0 <= value <= np.log(spectrum.levels.size) + 1e-12


def test_coherence_within_a_degenerate_level_does_not_count() -> None:
    state = State.pure(np.ones(2) / np.sqrt(2))
    assert coherence(state, Spectrum(energies=[1.0, 1.0])) == 0.0
    assert coherence(state, Spectrum(energies=[0.0, 1.0])) == pytest.approx(np.log(2), rel=1e-14)


@given(states((1, 6)))
def test_factor_entropy_is_that_of_the_state(state: State) -> None:
    factor = state.vectors * np.exp(state.log_eigenvalues / 2)
    wide = np.concatenate([factor, np.zeros((state.dimension, 3 * state.dimension))], axis=1)
    for form in (factor, wide):
        assert factor_entropy(form) == pytest.approx(von_neumann_entropy(state), abs=1e-12)
    groups = [np.array([level]) for level in range(state.dimension)]
    populations = np.diag(state.matrix).real
    diagonal = -(populations[populations > 0] * np.log(populations[populations > 0])).sum()
    assert factor_entropy(factor, groups) == pytest.approx(diagonal, abs=1e-12)


@given(st.sampled_from([4, 6]).flatmap(states))
def test_mutual_information_is_its_definition(state: State) -> None:
    first, second = 2, state.dimension // 2
    cube = state.matrix.reshape(first, second, first, second)
    parts = np.einsum("iaja->ij", cube), np.einsum("aiaj->ij", cube)
    expected = sum(entropy_of_matrix(part) for part in parts) - entropy_of_matrix(state.matrix)
    factor = state.vectors * np.exp(state.log_eigenvalues / 2)
    assert mutual_information(factor, first, second) == pytest.approx(expected, abs=1e-11)


def test_mutual_information_of_a_bell_pair_is_twice_the_entropy_of_a_half() -> None:
    bell = np.array([[1], [0], [0], [1]]) / np.sqrt(2)
    assert mutual_information(bell.astype(complex), 2, 2) == pytest.approx(2 * np.log(2), rel=1e-14)


@given(st.data(), spectra((1, 4)), st.floats(0.01, 20.0))
def test_free_energy_difference_is_the_divergence_from_gibbs(
    data: st.DataObject, spectrum: Spectrum, beta: float
) -> None:
    state = data.draw(states(spectrum.dimension))
    gibbs = State.gibbs(spectrum.energies, beta)
    difference = beta * (free_energy(state, spectrum, beta) - free_energy(gibbs, spectrum, beta))
    scale = 1 + beta * float(np.abs(spectrum.energies).max())
    assert divergence_from_gibbs(state, spectrum, beta) == pytest.approx(difference, abs=1e-13 * scale)
    assert relative_entropy(state, gibbs) == pytest.approx(difference, abs=1e-12 * scale)
    assert mean_energy(state, spectrum) == pytest.approx(
        np.trace(state.matrix @ np.diag(spectrum.energies)).real, abs=1e-12
    )


@pytest.mark.parametrize("beta", [1.0, 50.0, 800.0])
def test_divergence_from_gibbs_agrees_with_60_digits(beta: float) -> None:
    """Populations (0.75, 0.25) against Gibbs, energies (0, 1)."""
    with mpmath.workdps(60):
        partition = 1 + mpmath.exp(-mpmath.mpf(beta))
        q = [1 / partition, mpmath.exp(-mpmath.mpf(beta)) / partition]
        p = [mpmath.mpf("0.75"), mpmath.mpf("0.25")]
        exact = float(mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True)))
    state = State.from_matrix(np.diag([0.75, 0.25]))
    assert divergence_from_gibbs(state, Spectrum(energies=[0.0, 1.0]), beta) == pytest.approx(exact, rel=1e-14)


def test_free_energy_is_refused_at_infinite_temperature() -> None:
    with pytest.raises(InvalidInput, match="`inverse_temperature` must be positive") as caught:
        free_energy(State.gibbs([0.0], 0.0), Spectrum(energies=[0.0]), 0.0)
    assert caught.value.measured == 0.0
