"""Measurements on single paths: which vector an ensemble starts in, which outcome a state ends in, which label it gets.

Nothing here knows a law: probabilities come from the Born rule for the vectors at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.processes.seam import Endpoint, Endpoints
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes

__all__ = ["born_table", "draw", "draw_each", "energy_label", "energy_labels", "final_outcome", "initial_vector"]


def draw(cumulative: FloatArray, uniform: FloatArray) -> IntArray:
    """Invert a cumulative distribution; scaled by its last entry, so that rounding cannot leave a gap at the end."""
    index: IntArray = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return np.minimum(index, cumulative.size - 1)


def draw_each(weights: FloatArray, uniform: FloatArray) -> IntArray:
    """Draw one index a row with its row's weights, shape (N, k), not necessarily normalised."""
    table = np.cumsum(weights, axis=1)
    drawn: IntArray = (uniform[:, None] * table[:, -1:] >= table[:, :-1]).sum(axis=1)
    return drawn


def initial_vector(start: Endpoint, uniform: FloatArray) -> IntArray:
    """Draw the vector of the initial ensemble that each path starts in (a column of the outcomes' vectors)."""
    weights = np.exp(start.outcomes.log_eigenvalues)[start.outcomes.outcome_of]
    return draw(np.cumsum(weights), uniform)


def final_outcome(end: Endpoint, states: ComplexArray, uniform: FloatArray) -> IntArray:
    """Measure every state, one a row in the energy eigenbasis, in the final eigenbasis."""
    amplitudes = states @ np.conj(end.outcomes.vectors)
    vector = draw_each(np.abs(amplitudes) ** 2, uniform)
    outcome: IntArray = end.outcomes.outcome_of[vector]
    return outcome


def energy_label(end: Endpoint, outcome: IntArray, uniform: FloatArray) -> IntArray:
    """Measure the energy on a copy of each outcome: a vector of its eigenspace, then the Born rule."""
    assert end.energy_labels is not None  # asked only of protocols that record labels
    table = np.cumsum(born_table(end.outcomes, end.energy_labels), axis=1)
    drawn: IntArray = (uniform[:, None] >= (table / table[:, -1:])[outcome][:, :-1]).sum(axis=1)
    return drawn


def energy_labels(
    endpoints: Endpoints, rows: Mapping[str, NDArray[Any]], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """The labels n and m of paths that end in the outcomes alpha and beta, as far as the protocol records them."""
    ends = (("n", "alpha", endpoints.initial), ("m", "beta", endpoints.final))
    return {
        label: energy_label(end, rows[outcome], rng.random(rows[outcome].size))
        for label, outcome, end in ends
        if end.energy_labels is not None
    }


def born_table(outcomes: Outcomes, labels: Outcomes) -> FloatArray:
    """Probability of each energy label for a vector drawn evenly from each outcome's eigenspace."""
    born = np.abs(dagger(labels.vectors) @ outcomes.vectors) ** 2
    table = np.zeros((outcomes.count, labels.count))
    np.add.at(table, (outcomes.outcome_of[None, :], labels.outcome_of[:, None]), born)
    return table / outcomes.ranks[:, None]
