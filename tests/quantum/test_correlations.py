"""Joint states from local states and correlations: exact eigenvalues, exact marginals, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, InvalidState
from qtraj.quantum.correlations import as_correlations, correlated_state, local_state, partial_traces
from qtraj.quantum.graded import graded_eigensystem
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State, gibbs_log_populations
from tests.processes.correlated_cases import Case, without_traces

EXACT = 1e-13


@given(seed=st.integers(0, 10**6), sizes=st.sampled_from([(2, 2), (3, 2), (2, 4)]), strength=st.floats(0, 0.98))
def test_the_joint_state_is_product_plus_correlations(seed: int, sizes: tuple[int, int], strength: float) -> None:
    system, environment = (tuple(float(k) for k in range(size)) for size in sizes)
    case = Case.random(seed, system=system, environment=environment, strength=strength)
    joint = case.operation.joint_state
    assert joint.matrix == pytest.approx(case.start, abs=EXACT)
    own, other = partial_traces(joint.matrix, *sizes)
    assert own == pytest.approx(case.local, abs=EXACT)
    assert np.diag(other).real == pytest.approx(np.exp(gibbs_log_populations(np.array(environment), case.beta)))


@given(seed=st.integers(0, 10**6))
def test_both_ways_of_removing_partial_traces_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
    bare = without_traces(noise + noise.conj().T, 3, 2)
    assert np.abs(np.concatenate([part.ravel() for part in partial_traces(bare, 3, 2)])).max() < EXACT
    bare /= 2 * np.abs(bare).max()
    found, moved = as_correlations(bare, 3, 2)
    assert found == pytest.approx(bare, abs=1e-12)
    assert moved < EXACT


@pytest.mark.parametrize("element", [1e101, 1e308 * (1 + 1j)])
def test_elements_beyond_squaring_are_refused(element: complex) -> None:
    chi = np.zeros((4, 4), dtype=complex)
    chi[1, 2], chi[2, 1] = element, np.conj(element)
    with pytest.raises(InvalidInput, match="elements of at most 1"):
        as_correlations(chi, 2, 2)


@given(seed=st.integers(0, 10**6))
def test_the_reduced_state_is_the_partial_trace(seed: int) -> None:
    case = Case.random(seed, system=(0.0, 1.0, 2.0))
    logs, vectors = graded_eigensystem(*local_state(case.operation.joint_state, 2))
    assert State(log_eigenvalues=logs, vectors=vectors).matrix == pytest.approx(case.local, abs=1e-12)


def test_levels_without_correlations_keep_their_logarithms() -> None:
    """Next to a correlated pair of weight 0.2, populations of e^-1000 stay exact."""
    spectrum = Spectrum(energies=[0.0, 1.0, 500.0])
    local = Outcomes.of(State.gibbs(spectrum.energies, 1.0), spectrum)
    logs = gibbs_log_populations(spectrum.energies, 1.0)
    chi = np.zeros((9, 9), dtype=complex)
    chi[1, 3] = chi[3, 1] = 0.1
    found = correlated_state(local, logs, chi).log_eigenvalues
    assert found.min() == pytest.approx(2 * logs[2], rel=1e-15)
    pair = np.exp(logs[0] + logs[1])
    assert np.sort(np.exp(found))[::-1][:3] == pytest.approx(
        sorted([np.exp(2 * logs[0]), pair + 0.1, pair - 0.1], reverse=True), rel=1e-12
    )


def test_too_strong_correlations_are_measured_in_units_of_the_local_weights() -> None:
    """A tiny coherence between tiny weights is too strong all the same."""
    spectrum = Spectrum(energies=[0.0, 40.0])
    local = Outcomes.of(State.gibbs(spectrum.energies, 1.0), spectrum)
    logs = gibbs_log_populations(spectrum.energies, 1.0)
    chi = np.zeros((4, 4), dtype=complex)
    chi[1, 2] = chi[2, 1] = 2 * np.exp(-40.0)
    with pytest.raises(InvalidState) as caught:
        correlated_state(local, logs, chi)
    assert caught.value.measured == pytest.approx(0.5, rel=1e-9)
