"""Mistakes that no comparison of probabilities can see, each with what does see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qtraj.models.registry import build_model
from qtraj.quantum.parties import Environment
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.paths.cases import case, haar_operation
from tests.theorems import wrong_counts, wrong_followers
from tests.theorems.patches import counts_sampler, follower

__all__ = ["UNSEEN"]


def symmetric_exchange() -> Report:
    """U transposed (or inverted) where |U|^2 is symmetric and the start has no coherence: the same probabilities"""
    with follower(wrong_followers.TransposedUnitary):
        return verify(build_model("two-qubit-exchange"), paths=1e9)


def conjugate_two_point() -> Report:
    """U conjugated under the energy two-point protocol: only |U|^2 matters there"""
    with follower(wrong_followers.ConjugatedUnitary):
        return verify(case("coherent qutrit"), paths=1e7, protocol="energy-two-point")


def wrong_input() -> Report:
    """a wrong temperature (or Hamiltonian, or U^dag for U) in the input: both routes describe the other process"""
    right = case("coherent qutrit")
    spectrum = right.environment.spectrum
    colder = Environment(energies=spectrum.energies, inverse_temperature=2 * right.environment.inverse_temperature)
    wrong = replace(right, environment=colder, unitary=right.unitary.adjoint())
    return verify(wrong, paths=1e9)


def regularised_start() -> Report:
    """a pure start with a part in a million of the identity mixed in: another process, whose <e^-sigma> is 1"""
    pure = case("pure start").system.energy_state.matrix
    mixed = (1 - 1e-6) * pure + 1e-6 * np.eye(3) / 3
    return verify(haar_operation([0.0, 1.0, 2.0], mixed, case("pure start").environment), paths=1e12)


def other_levels() -> Report:
    """other labels mu, nu with the same heat between them: sigma, sigma_d and xi depend on the heat alone"""
    with follower(wrong_followers.OtherLevelsSameHeat):
        return verify(case("coherent qutrit"), paths=1e7, followed_paths=1_000_000)


def sorted_rows() -> Report:
    """rows in the wrong order: a report sees counts only"""
    with follower(wrong_followers.Sorted):
        return verify(case("coherent qutrit"), paths=1e7, followed_paths=1_000_000)


def too_good() -> Report:
    """counts that do not fluctuate: every check asks whether a difference is too large, none whether it is too small"""
    with counts_sampler(wrong_counts.NoFluctuations):
        return verify(case("coherent qutrit"), paths=1e9)


def single_precision() -> Report:
    """probabilities in single precision in the sampler: it would take more than the 10^15 paths of one run"""
    with counts_sampler(wrong_counts.SinglePrecisionTree):
        return verify(case("coherent qutrit"), paths=1e15)


UNSEEN: dict[str, tuple[Callable[[], Report], str]] = {
    "symmetric_exchange": (symmetric_exchange, "a process whose |U|^2 is not symmetric (see InverseUnitary)"),
    "conjugate_two_point": (conjugate_two_point, "the augmented protocol on a coherent start (see ConjugatedUnitary)"),
    "wrong_input": (wrong_input, "closed forms of named models"),
    "regularised_start": (regularised_start, "giving the state in spectral form, or with its rank"),
    "other_levels": (other_levels, "the enumeration of labelled paths in tests/paths"),
    "sorted_rows": (sorted_rows, "the tests of random order in tests/paths"),
    "too_good": (too_good, "the two-sided test of fluctuations in tests/paths/test_counts.py"),
    "single_precision": (single_precision, "the identities, if the law itself is kept so (see SinglePrecision)"),
}
