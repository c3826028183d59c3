"""Entropy and pinching of matrices, against the same of states in spectral form, which share no code with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.matrix_entropy import matrix_entropy, pinched_matrix
from qtraj.quantum.entropies import coherence, von_neumann_entropy
from qtraj.quantum.outcomes import pinch
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State
from qtraj.strategies import spectra, states

ROUNDING = 1e-12


@given(states((1, 5)))
def test_entropy_is_that_of_the_spectral_form(state: State) -> None:
    assert matrix_entropy(state.matrix) == pytest.approx(von_neumann_entropy(state), abs=ROUNDING)


@given(st.data(), spectra((1, 5)))
def test_pinching_is_that_of_the_spectral_form(data: st.DataObject, spectrum: Spectrum) -> None:
    state = data.draw(states(spectrum.dimension))
    pinched = pinched_matrix(state.matrix, spectrum.level_of)
    assert np.abs(pinched - pinch(state, spectrum).matrix).max() < ROUNDING
    gained = matrix_entropy(pinched) - matrix_entropy(state.matrix)
    assert gained == pytest.approx(coherence(state, spectrum), abs=ROUNDING)


def test_coherence_within_a_level_stays() -> None:
    """Negative control: levels, not basis states, are what pinching asks for."""
    state = np.full((2, 2), 0.5 + 0j)
    assert np.array_equal(pinched_matrix(state, np.array([0, 0])), state)
    assert not np.array_equal(pinched_matrix(state, np.array([0, 1])), state)
