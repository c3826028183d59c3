"""sigma forward and backward on common atoms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.models.registry import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.theorems.backward import SigmaAtoms
from tests.paths.cases import CASES, case
from tests.paths.enumeration import enumerate_paths
from tests.theorems.test_exact import random_operation
from tests.theorems.wrong_laws import InverseForward, as_wrong

WITH_SIGMA = ("augmented", "eigenbasis-two-point", "energy-two-point")


@pytest.mark.parametrize("protocol", WITH_SIGMA)
@pytest.mark.parametrize("name", CASES)
def test_detailed_theorem_atom_by_atom(name: str, protocol: str) -> None:
    """P_F(s) = e^s P_B(-s), the two sides computed from U and from U^dag."""
    atoms = SigmaAtoms.of(case(name), exact_law(case(name), protocol=protocol))
    possible = np.isfinite(atoms.log_forward)
    difference = atoms.log_forward - atoms.values - atoms.log_backward
    assert np.abs(difference[possible]).max() < 1e-10
    # A value that only the backward process has would be an atom without forward probability: there is none.
    assert possible.all()


def test_negative_control_the_wrong_backward_unitary_breaks_it() -> None:
    wrong = as_wrong(InverseForward, case("coherent qutrit"))
    atoms = SigmaAtoms.of(wrong, exact_law(wrong))
    assert np.abs(np.exp(atoms.log_forward) - np.exp(atoms.values + atoms.log_backward)).max() > 1e-3


@pytest.mark.parametrize("name", CASES)
def test_atoms_are_the_distinct_values_with_their_probabilities(name: str) -> None:
    law = exact_law(case(name))
    atoms = SigmaAtoms.of(case(name), law)
    assert (np.diff(atoms.values) > 0).all()
    assert atoms.atom_of.shape == (law.classes,)
    np.testing.assert_allclose(atoms.values[atoms.atom_of], law.sigma, atol=1e-9)
    totals = np.bincount(atoms.atom_of, weights=law.probabilities, minlength=atoms.values.size)
    np.testing.assert_allclose(np.exp(atoms.log_forward), totals, atol=1e-14)
    assert np.exp(atoms.log_backward).sum() <= 1.0 + 1e-12


@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "leftover degeneracy", "no environment"])
def test_backward_weights_against_brute_force(name: str) -> None:
    """P_B(-s) is what the backward process gives to the reversed paths, e^-sigma P_F of the enumeration."""
    atoms = SigmaAtoms.of(case(name), exact_law(case(name)))
    paths = enumerate_paths(case(name), "augmented")
    nearest = np.abs(atoms.values[None, :] - paths.sigma[:, None]).argmin(axis=1)
    expected = np.bincount(nearest, weights=paths.probabilities * np.exp(-paths.sigma), minlength=atoms.values.size)
    np.testing.assert_allclose(np.exp(atoms.log_backward), expected, atol=1e-11)


def test_backward_weights_of_a_pure_start_miss_what_ends_off_its_support() -> None:
    law = exact_law(case("pure start"))
    atoms = SigmaAtoms.of(case("pure start"), law)
    assert np.exp(atoms.log_backward).sum() == pytest.approx(1 - law.absolute_irreversibility, abs=1e-12)
    assert law.absolute_irreversibility > 0.05


@pytest.mark.parametrize("difference", [1e-14, 3e-12, 1e-11, 1e-9])
def test_close_to_equilibrium_merged_values_keep_their_mean(difference: float) -> None:
    """All of sigma lies within the tolerance of merging; <e^-sigma> = 1 must survive it to rounding."""
    operation = build_model("two-qubit-exchange", beta_system=0.9, beta_environment=0.9 + difference)
    atoms = SigmaAtoms.of(operation, exact_law(operation))
    assert np.exp(atoms.log_forward) @ np.exp(-atoms.values) == pytest.approx(1.0, abs=1e-14)
    assert (np.diff(atoms.values) > 0).all()


def test_counts_add_up_and_stay_whole() -> None:
    law = exact_law(case("coherent qutrit"))
    atoms = SigmaAtoms.of(case("coherent qutrit"), law)
    counts = np.full(law.classes, 10**12, dtype=np.int64)
    counts[3] += 1
    totals = atoms.counts(counts)
    assert totals.dtype == np.int64
    assert int(totals.sum()) == law.classes * 10**12 + 1
    assert totals[atoms.atom_of[3]] % 10**12 == 1


def test_workers_change_nothing() -> None:
    law = exact_law(case("coherent qutrit"))
    one = SigmaAtoms.of(case("coherent qutrit"), law)
    two = SigmaAtoms.of(case("coherent qutrit"), law, n_jobs=2)
    assert one.log_backward.tobytes() == two.log_backward.tobytes()


@given(seed=st.integers(0, 2**32 - 1), beta=st.floats(0.0, 300.0), levels=st.integers(1, 5))
def test_detailed_theorem_for_random_processes(seed: int, beta: float, levels: int) -> None:
    """Also in the cold, where probabilities reach e^-1000: the theorem is compared in logarithms."""
    operation = random_operation(seed, beta, 3, levels)
    atoms = SigmaAtoms.of(operation, exact_law(operation))
    scale = max(1.0, float(np.abs(atoms.values).max()))
    assert np.abs(atoms.log_forward - atoms.values - atoms.log_backward).max() < 1e-8 * scale
