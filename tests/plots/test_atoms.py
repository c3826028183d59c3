"""Values, counts and exact numbers that figures are made of, with a law and without one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import NotRecorded, UnknownName
from qtraj.plots.atoms import ExactAverages, atoms_of, lattice_step
from qtraj.theorems.verify import verify
from tests.plots.other_processes import COLLISIONS, WITHOUT_LAW, ensemble_of


@pytest.mark.parametrize("name", COLLISIONS)
def test_with_a_law_atoms_are_those_of_the_law(name: str) -> None:
    ensemble = ensemble_of(name)
    for quantity in ensemble.quantities:
        found, law = atoms_of(ensemble, quantity), ensemble.law.distribution(quantity)
        np.testing.assert_array_equal(found.values, law.values)
        np.testing.assert_array_equal(found.log_probabilities, law.log_probabilities)
        assert found.counts.sum() == ensemble.paths


@pytest.mark.parametrize("name", WITHOUT_LAW)
def test_without_one_they_are_the_values_that_were_seen(name: str) -> None:
    ensemble = ensemble_of(name)
    for quantity in ensemble.quantities:
        found = atoms_of(ensemble, quantity)
        assert found.log_probabilities is None
        assert found.counts.min() > 0
        assert found.counts.sum() == ensemble.paths
        assert found.counts @ found.values[:, 0] / ensemble.paths == pytest.approx(ensemble.mean(quantity), abs=1e-9)


def test_heat_comes_in_whole_quanta() -> None:
    found = atoms_of(ensemble_of("network"), "heat_into_hot")
    assert lattice_step(found.values[:, 0]) == pytest.approx(10.0)
    assert lattice_step(atoms_of(ensemble_of("qutrit"), "sigma").values[:, 0]) is None


@given(
    start=st.floats(-1e3, 1e3),
    step=st.floats(1e-3, 1e3),
    places=st.sets(st.integers(0, 200), min_size=2, max_size=30),
)
def test_multiples_of_a_step_are_a_lattice(start: float, step: float, places: set[int]) -> None:
    ordered = sorted({*places, 0, 1})
    found = lattice_step(np.array([start + step * place for place in ordered]))
    assert found == pytest.approx(step, rel=1e-6)
    # Negative control: one value between two places, and it is none.
    assert lattice_step(np.array([start + step * place for place in [*ordered, ordered[-1] + math.sqrt(2)]])) is None


def test_one_value_is_no_lattice() -> None:
    assert lattice_step(np.array([1.0])) is None


@pytest.mark.parametrize("name", ["thermal", "qutrit"])
@pytest.mark.parametrize("quantity", ["sigma", "xi", "heat"])
def test_exact_averages_of_the_law_are_those_of_density_matrices(name: str, quantity: str) -> None:
    """Two independent routes to what a legend says."""
    from dataclasses import replace

    ensemble = ensemble_of(name)
    rows = {n: np.repeat(ensemble.values(n)[0], ensemble.class_counts) for n in ensemble.quantities}
    without = replace(
        ensemble, finite_law=None, class_counts=np.zeros(0, dtype=np.int64), rows=rows, measured=ensemble.endpoints
    )
    one, other = ExactAverages.of(ensemble, quantity), ExactAverages.of(without, quantity)
    assert other.mean == pytest.approx(one.mean, abs=1e-10)
    assert other.variance == pytest.approx(one.variance, rel=1e-8, abs=1e-10)
    if quantity == "heat":
        assert one.exponential_average is other.exponential_average is None
    else:
        assert other.exponential_average == pytest.approx(one.exponential_average, rel=1e-9)
        assert other.exponential_variance == pytest.approx(one.exponential_variance, rel=1e-7, abs=1e-9)
    assert one.loses_weight == other.loses_weight


def test_a_report_knows_the_same_exact_averages() -> None:
    ensemble = ensemble_of("driven")
    report = verify(ensemble.process, ensemble=ensemble)
    for quantity in ("sigma", "sigma_d", "xi", "heat"):
        found, exact = ExactAverages.from_report(report, quantity), ExactAverages.of(ensemble, quantity)
        assert found is not None
        assert found.mean == pytest.approx(exact.mean, abs=1e-8)
        assert found.variance == pytest.approx(exact.variance, rel=1e-6)
        if quantity != "heat":
            assert found.exponential_average == pytest.approx(exact.exponential_average, abs=1e-8)
            assert found.exponential_variance == pytest.approx(exact.exponential_variance, rel=1e-5)
    assert ExactAverages.from_report(report, "jumps") is None


def test_lost_weight_is_known() -> None:
    ensemble = ensemble_of("pure")
    found = ExactAverages.of(ensemble, "sigma")
    assert found.loses_weight
    assert found.exponential_average == pytest.approx(1 - ensemble.law.absolute_irreversibility)
    assert not ExactAverages.of(ensemble_of("three"), "sigma").loses_weight


def test_weights_that_are_all_the_same_have_no_spread() -> None:
    """Without coherence xi is 0 up to rounding; the difference of two averages of e^-xi would leave 1e-15 of it."""
    found = ExactAverages.of(ensemble_of("thermal"), "xi")
    assert found.exponential_variance < 1e-28


def test_quantities_that_are_none() -> None:
    with pytest.raises(UnknownName, match="did you mean 'heat_into_hot'"):
        atoms_of(ensemble_of("thermal"), "heat_in_hot")
    for name in ("thermal", "network"):
        with pytest.raises(NotRecorded, match="heat_into_lukewarm"):
            atoms_of(ensemble_of(name), "heat_into_lukewarm")
    with pytest.raises(NotRecorded, match="heat_into_hot"):
        atoms_of(ensemble_of("coherent"), "heat_into_hot")
    with pytest.raises(NotRecorded, match="entropy_into_lukewarm"):
        ExactAverages.of(ensemble_of("network"), "entropy_into_lukewarm")
