"""Ensembles: immutable, mergeable, and expandable to rows."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NotRecorded, TooLarge
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from tests.paths.cases import PROTOCOLS, case


def ensemble(seed: int = 1, *, paths: int | float = 10_000, **options: object) -> Ensemble:
    return sample(case("coherent qutrit"), paths=paths, seed=seed, **options)


def expanded(one: Ensemble) -> tuple[np.ndarray, ...]:
    """sigma, sigma_d, xi, heat of every path, by repeating the classes."""
    law = one.law
    return tuple(np.repeat(law.quantity(name), one.class_counts) for name in ("sigma", "sigma_d", "xi", "heat"))


# --- statistics -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
def test_statistics_are_those_of_the_paths(sampler: str) -> None:
    one = ensemble(sampler=sampler)
    for name, values in zip(("sigma", "sigma_d", "xi", "heat"), expanded(one), strict=True):
        assert one.mean(name) == pytest.approx(values.mean(), rel=1e-12, abs=1e-14)
        assert one.variance(name) == pytest.approx(values.var(), rel=1e-10)
        assert one.standard_error(name) == pytest.approx(values.std(ddof=1) / 100, rel=1e-3)
        assert one.exponential_average(name, 0.7) == pytest.approx(np.exp(-0.7 * values).mean(), rel=1e-12)
        if one.rows is not None:
            np.testing.assert_allclose(np.sort(one[name]), np.sort(values), atol=1e-12)


def test_exponential_average_does_not_overflow_on_the_way() -> None:
    """What fits no double is infinite, and no error."""
    one = sample(case("spins"), paths=1000)
    assert one.exponential_average("sigma", 1e4) == np.inf
    assert one.exponential_average("sigma", 0.0) == pytest.approx(1.0)


def test_an_ensemble_of_one_path_has_statistics() -> None:
    one = ensemble(paths=1)
    assert one.variance("sigma") == 0.0
    assert one.standard_error("sigma") == 0.0
    assert np.isfinite(one.mean("sigma"))


def test_an_ensemble_with_no_path_in_the_law_has_no_averages() -> None:
    one = ensemble()
    lost = replace(one, class_counts=np.zeros_like(one.class_counts), outside=one.paths)
    for statistic in (lost.mean, lost.variance, lost.standard_error, lost.exponential_average):
        with pytest.raises(InvalidInput, match="at least one path in a class of the law"):
            statistic("sigma")


@pytest.mark.parametrize("bins", [1, 7, 50, np.array([-2.0, 0.0, 0.5, 3.0]), np.linspace(-9, 9, 40)])
def test_histogram_has_whole_numbers_that_add_up(bins: int | np.ndarray) -> None:
    one = ensemble(paths=1e15)
    counts, edges = one.histogram("sigma", bins)
    values = one.law.sigma
    inside = (values >= edges[0]) & (values <= edges[-1])
    assert counts.dtype == np.int64
    assert int(counts.sum()) == int(one.class_counts[inside].sum())
    few = ensemble()
    np.testing.assert_array_equal(few.histogram("sigma", edges)[0], np.histogram(expanded(few)[0], edges)[0])


def test_histogram_puts_a_value_on_an_edge_into_the_bin_above_it_as_numpy_does() -> None:
    one = ensemble()
    edges = np.unique(one.law.heat)
    assert edges.size > 3
    np.testing.assert_array_equal(one.histogram("heat", edges)[0], np.histogram(expanded(one)[3], edges)[0])


def test_histogram_of_a_quantity_with_one_value() -> None:
    counts, edges = ensemble(protocol="tpm").histogram("xi", 5)
    assert int(counts.sum()) == 10_000
    assert edges.shape == (6,)


@pytest.mark.parametrize("bins", [0, -3, np.array([1.0, 0.0]), np.array([1.0]), "nonsense", 2.5])
def test_histogram_refuses_what_are_no_bins(bins: object) -> None:
    with pytest.raises(InvalidInput, match="`bins` must"):
        ensemble().histogram("sigma", bins)


# --- columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_columns_of_counts_are_the_classes(protocol: str) -> None:
    one = ensemble(protocol=protocol)
    table = one.class_table
    assert int(table["counts"].sum()) == len(one) == 10_000
    assert {column.shape for column in table.values()} == {(one.law.classes,)}
    assert "mu" not in table
    assert one.expand().columns.keys() - table.keys() == {"mu", "nu"}
    for ask in (lambda: one.columns, lambda: one["alpha"], lambda: one["mu"]):
        with pytest.raises(NotRecorded, match=r"expand\(\)"):
            ask()


def test_columns_of_rows_count_once() -> None:
    one = ensemble(sampler="explicit")
    assert (one["counts"] == 1).all()
    assert one["counts"].shape == one["sigma"].shape == (10_000,)


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotRecorded, match="`nonsense` is not recorded"):
        ensemble(sampler="explicit")["nonsense"]
    with pytest.raises(NotRecorded, match=r"`mu2` is not recorded in this ensemble, which has alpha, .*sigma"):
        ensemble()["mu2"]
    with pytest.raises(NotRecorded, match="not defined in the kraus protocol"):
        ensemble(protocol="kraus").mean("sigma")


def test_single_paths_that_were_left_out_are_where_the_message_says() -> None:
    with pytest.raises(NotRecorded, match=r"left out of this ensemble; `load_run\(\.\.\., rows=True\)` has those"):
        ensemble(sampler="explicit", keep_rows=False)["sigma"]


# --- immutable --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
def test_nothing_in_an_ensemble_can_be_changed(sampler: str) -> None:
    one = ensemble(sampler=sampler)
    with pytest.raises(FrozenInstanceError):
        one.paths = 3
    arrays = [one.class_counts, one.law.log_forward, one.law.sigma, *(one.rows or {}).values()]
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    if one.rows is not None:
        with pytest.raises(TypeError):
            one.rows["sigma"] = np.zeros(10_000)


def test_counts_handed_in_may_go_on_being_used() -> None:
    one = ensemble()
    counts = np.array(one.class_counts)
    two = replace(one, class_counts=counts)
    counts[0] += 5
    np.testing.assert_array_equal(two.class_counts, one.class_counts)


@pytest.mark.parametrize("sampler", ["counts", "explicit"])
def test_an_ensemble_survives_pickling_and_stays_frozen(sampler: str) -> None:
    one = ensemble(sampler=sampler)
    two = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(one.class_counts, two.class_counts)
    assert two.mean("sigma") == one.mean("sigma")
    for array in (two.class_counts, *(two.rows or {}).values()):
        assert not array.flags.writeable
    assert int((one + replace(two, seeds=(2,))).class_counts.sum()) == 20_000


def test_counts_that_do_not_belong_to_the_law_are_refused() -> None:
    one = ensemble()
    with pytest.raises(InvalidInput, match="must have shape"):
        replace(one, class_counts=one.class_counts[:-1])
    with pytest.raises(InvalidInput, match="must add up to 10001 paths, but add up to 10000"):
        replace(one, paths=10_001)
    shifted = np.array(one.class_counts)
    shifted[np.argmin(shifted)] -= 1
    shifted[np.argmax(shifted)] += 1
    assert shifted.min() == -1
    with pytest.raises(InvalidInput, match="must not be negative, but the least is -1"):
        replace(one, class_counts=shifted)


# --- expanding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_expanding_gives_rows_with_exactly_the_class_counts(protocol: str) -> None:
    """Labels fit their classes: heat is E_nu - E_mu, and sigma follows from the labels' own populations."""
    counts = ensemble(protocol=protocol)
    rows = counts.expand()
    np.testing.assert_array_equal(rows.class_counts, counts.class_counts)
    operation, law = case("coherent qutrit"), counts.law
    energies = operation.environment.spectrum.energies
    np.testing.assert_allclose(rows["heat"], energies[rows["nu"]] - energies[rows["mu"]], atol=1e-12)
    if protocol != "kraus":
        start, end = law.endpoints.initial.outcomes, law.endpoints.final.outcomes
        q = operation.environment.log_populations
        sigma = start.log_eigenvalues[rows["alpha"]] - end.log_eigenvalues[rows["beta"]] + q[rows["mu"]] - q[rows["nu"]]
        np.testing.assert_allclose(rows["sigma"], sigma, atol=1e-12)
    for k in range(law.classes):
        same = np.isclose(rows["heat"], law.heat[k]) & (rows["alpha"] == law.alpha[k])
        for name in ("beta", "n", "m"):
            if name in rows.rows:
                same &= rows[name] == getattr(law, name)[k]
        assert int(same.sum()) == counts.class_counts[k]


def test_expanding_is_reproducible_and_once_is_enough() -> None:
    counts = ensemble()
    first, second = counts.expand(), counts.expand()
    np.testing.assert_array_equal(first["mu"], second["mu"])
    assert first.expand() is first
    assert counts.rows is None
    assert first.paths == 10_000
    other = ensemble(2).expand()
    assert (first["mu"] != other["mu"]).any()


def test_expanding_more_than_fits_is_refused() -> None:
    with pytest.raises(TooLarge, match="use the counts sampler"):
        ensemble(paths=1e12).expand()


def test_an_ensemble_says_what_it_is() -> None:
    text = repr(ensemble(paths=1e12))
    for part in ("1,000,000,000,000 paths", "405 classes", "augmented", "counts", "seed 1"):
        assert part in text
