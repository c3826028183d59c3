"""The explicit sampler: one labelled row a path, in random order, against brute force."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qtraj.errors import TooLarge
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import exact_law
from qtraj.paths.explicit import LARGEST_ROW_COUNT, draw_rows
from qtraj.paths.labels import LabelTable
from qtraj.paths.sample import sample
from tests.paths.cases import CASES, PROTOCOLS, case
from tests.paths.enumeration import RATE, chi_square_p_value, enumerate_paths, independence_p_value

# A full block and an unfinished one.
PATHS = 80_000


def explicit(name: str, protocol: str = "augmented", *, paths: int = PATHS, seed: int = 1, **options: Any) -> Ensemble:
    return sample(case(name), paths=paths, seed=seed, protocol=protocol, sampler="explicit", **options)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_rows_follow_the_enumerated_law(name: str, protocol: str, root_seed: int) -> None:
    """False-failure rate 1e-9. Power 0.99 against a law 4 % away in total variation."""
    paths = enumerate_paths(case(name), protocol)
    counts, strays = paths.counts(explicit(name, protocol, paths=40_000, seed=root_seed).rows)
    assert strays == 0
    assert chi_square_p_value(counts, paths.probabilities) > RATE


Wrong = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]

WRONG_ROWS: dict[str, Wrong] = {
    "mu and nu swapped": lambda rows: {**rows, "mu": rows["nu"], "nu": rows["mu"]},
    "n and m swapped": lambda rows: {**rows, "n": rows["m"], "m": rows["n"]},
    "alpha and beta swapped": lambda rows: {**rows, "alpha": rows["beta"], "beta": rows["alpha"]},
    "labels of one path given to the next": lambda rows: {**rows, "mu": np.roll(rows["mu"], 1)},
    "one path in 15 starts in alpha = 0": lambda rows: {
        **rows,
        "alpha": np.where(np.arange(PATHS) % 15, rows["alpha"], 0),
    },
}


@pytest.mark.parametrize("wrong", WRONG_ROWS)
def test_negative_control_wrong_rows_are_rejected(wrong: str, root_seed: int) -> None:
    paths = enumerate_paths(case("coherent qutrit"), "augmented")
    rows = explicit("coherent qutrit", seed=root_seed).rows
    counts, strays = paths.counts(WRONG_ROWS[wrong](dict(rows)))
    assert strays > 0 or chi_square_p_value(counts, paths.probabilities) < RATE


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["coherent qutrit", "degenerate energies", "pure start", "leftover degeneracy"])
def test_columns_agree_with_what_the_labels_say(name: str, protocol: str) -> None:
    """sigma, sigma_d and heat of every row, recomputed by brute force from the row's labels."""
    paths = enumerate_paths(case(name), protocol)
    ensemble = explicit(name, protocol, paths=5000)
    keys = {tuple(label): k for k, label in enumerate(paths.labels.tolist())}
    absent = np.full(5000, -1)
    names = ("alpha", "mu", "beta", "nu", "n", "m")
    index = [keys[key] for key in zip(*(ensemble.rows.get(n, absent).tolist() for n in names), strict=True)]
    np.testing.assert_allclose(ensemble["heat"], paths.heat[index], atol=1e-12)
    if protocol != "kraus":
        np.testing.assert_allclose(ensemble["sigma"], paths.sigma[index], atol=1e-10)
    if protocol in ("augmented", "energy-two-point"):
        np.testing.assert_allclose(ensemble["sigma_d"], paths.sigma_d[index], atol=1e-10)
        np.testing.assert_allclose(ensemble["xi"], ensemble["sigma"] - ensemble["sigma_d"], atol=1e-10)


def test_each_protocol_has_its_columns() -> None:
    every = {"alpha", "mu", "beta", "nu", "n", "m", "sigma", "sigma_d", "xi", "heat"}
    missing = {
        "augmented": set(),
        "energy-two-point": set(),
        "eigenbasis-two-point": {"n", "m", "sigma_d", "xi"},
        "kraus": {"beta", "n", "m", "sigma", "sigma_d", "xi"},
    }
    for protocol, absent in missing.items():
        rows = explicit("spins", protocol, paths=100).rows
        assert set(rows) == every - absent
        for name, column in rows.items():
            assert column.dtype == (np.int32 if name in ("alpha", "mu", "beta", "nu", "n", "m") else np.float64)
            assert column.shape == (100,)


def test_energy_two_point_rows_measure_what_they_label() -> None:
    ensemble = explicit("coherent qutrit", "energy-two-point")
    np.testing.assert_array_equal(ensemble["n"], ensemble["alpha"])
    np.testing.assert_array_equal(ensemble["m"], ensemble["beta"])
    assert (ensemble["xi"] == 0).all()


# --- random order -----------------------------------------------------------------------------------------------------


def class_of(ensemble: Ensemble) -> np.ndarray:
    """A few coarse classes of about equal weight, from sigma."""
    cuts = np.quantile(ensemble["sigma"], [0.2, 0.4, 0.6, 0.8])
    return np.searchsorted(cuts, ensemble["sigma"])


def order_p_values(labels: np.ndarray) -> list[float]:
    """Are rows independent of their neighbours, and of where they stand in the run?"""
    position = np.arange(labels.size) * 16 // labels.size
    lags = [independence_p_value(labels[lag:], labels[:-lag]) for lag in (1, 2, 3)]
    return [*lags, independence_p_value(labels, position)]


def test_rows_are_in_random_order(root_seed: int) -> None:
    """No serial correlation, no drift: 4 tests at 1e-9 each. Power: 2 % of the rows in sorted order would be seen."""
    for value in order_p_values(class_of(explicit("coherent qutrit", seed=root_seed))):
        assert value > RATE
    # expand() lays out a whole run at once.
    counts = sample(case("coherent qutrit"), paths=PATHS, seed=root_seed)
    for value in order_p_values(class_of(counts.expand())):
        assert value > RATE


def test_negative_control_rows_out_of_random_order_are_rejected(root_seed: int) -> None:
    labels = class_of(explicit("coherent qutrit", seed=root_seed))
    assert min(order_p_values(np.sort(labels))) < RATE
    paired = np.sort(labels.reshape(-1, 2), axis=1).ravel()  # sorted within pairs only
    assert min(order_p_values(paired)) < RATE
    repeated = np.where(np.arange(labels.size) % 20, labels, np.roll(labels, 1))  # every 20th row repeats the last
    assert min(order_p_values(repeated)) < RATE


# --- n and m are drawn on their own -----------------------------------------------------------------------------------


def augmentation_p_values(rows: dict[str, np.ndarray]) -> list[float]:
    """n, m and (mu, nu) against each other given (alpha, beta); n and beta given alpha, m and alpha given beta."""
    ends = rows["alpha"] * 100 + rows["beta"]
    return [
        independence_p_value(rows["n"], rows["m"], ends),
        independence_p_value(rows["n"], rows["mu"] * 100 + rows["nu"], ends),
        independence_p_value(rows["m"], rows["mu"] * 100 + rows["nu"], ends),
        independence_p_value(rows["n"], rows["beta"], rows["alpha"]),
        independence_p_value(rows["m"], rows["alpha"], rows["beta"]),
    ]


@pytest.mark.parametrize("sampler", ["explicit", "followed"])
def test_energy_labels_are_independent_of_everything_but_their_outcome(sampler: str, root_seed: int) -> None:
    """Five tests at 1e-9 each. Power: see the negative control, whose labels are correlated in one path of twenty."""
    ensemble = sample(case("coherent qutrit"), paths=200_000, seed=root_seed, sampler=sampler)
    for value in augmentation_p_values(ensemble.rows):
        assert value > RATE


def test_negative_control_correlated_energy_labels_are_rejected(root_seed: int) -> None:
    rows = dict(sample(case("coherent qutrit"), paths=200_000, seed=root_seed, sampler="explicit").rows)
    some = np.arange(200_000) % 20 == 0
    conserving = np.clip(rows["n"] - (rows["nu"] - rows["mu"]), 0, 2)  # on this ladder: E_m = E_n - heat
    assert min(augmentation_p_values({**rows, "m": np.where(some, rows["n"], rows["m"])})) < RATE
    assert min(augmentation_p_values({**rows, "m": np.where(some, conserving, rows["m"])})) < RATE
    assert min(augmentation_p_values({**rows, "n": np.where(some, rows["beta"], rows["n"])})) < RATE


# --- a run is a function of its arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(("n_jobs", "backend"), [(2, "loky"), (4, "loky"), (2, "threading"), (4, "threading")])
def test_workers_change_nothing(n_jobs: int, backend: str) -> None:
    paths = 3 * ROW_BLOCK_PATHS + 17
    alone = explicit("coherent qutrit", paths=paths)
    shared = explicit("coherent qutrit", paths=paths, n_jobs=n_jobs, backend=backend)
    np.testing.assert_array_equal(alone.class_counts, shared.class_counts)
    assert alone.rows.keys() == shared.rows.keys()
    for name, column in alone.rows.items():
        assert column.tobytes() == shared.rows[name].tobytes(), name


def test_a_longer_run_keeps_full_blocks_and_draws_the_tail_afresh() -> None:
    short = explicit("coherent qutrit", paths=ROW_BLOCK_PATHS + 1000)
    long = explicit("coherent qutrit", paths=2 * ROW_BLOCK_PATHS + 1)
    for name, column in short.rows.items():
        np.testing.assert_array_equal(column[:ROW_BLOCK_PATHS], long.rows[name][:ROW_BLOCK_PATHS])
    tail = slice(ROW_BLOCK_PATHS, ROW_BLOCK_PATHS + 1000)
    assert (short["mu"][tail] != long["mu"][tail]).any()


def test_rows_have_exactly_the_class_counts() -> None:
    ensemble = explicit("degenerate energies")
    law = ensemble.law
    columns = np.stack([ensemble[name] for name in ("alpha", "beta", "n", "m")], axis=1)
    labels = np.stack([law.alpha, law.beta, law.n, law.m], axis=1)
    for k in range(law.classes):
        same = (columns == labels[k]).all(axis=1) & np.isclose(ensemble["heat"], law.heat[k])
        assert int(same.sum()) == ensemble.class_counts[k]


def test_without_rows_the_counts_are_the_same_and_memory_does_not_grow() -> None:
    with_rows = explicit("coherent qutrit", paths=3 * ROW_BLOCK_PATHS + 5)
    without = explicit("coherent qutrit", paths=3 * ROW_BLOCK_PATHS + 5, keep_rows=False)
    assert without.rows is None
    np.testing.assert_array_equal(with_rows.class_counts, without.class_counts)
    few, many = (peak(paths=blocks * ROW_BLOCK_PATHS) for blocks in (2, 40))
    assert many < 1.1 * few + 100_000


def test_negative_control_rows_do_take_memory() -> None:
    few, many = (peak(paths=blocks * ROW_BLOCK_PATHS, keep_rows=True) for blocks in (2, 10))
    assert many > 3 * few


def test_rows_take_at_most_twice_their_own_memory() -> None:
    paths = 20 * ROW_BLOCK_PATHS
    columns = 6 * 4 * paths + 4 * 8 * paths
    assert peak(paths=paths, keep_rows=True) < 2 * columns


def peak(*, paths: int, keep_rows: bool = False) -> int:
    law = exact_law(case("coherent qutrit"))
    tracemalloc.start()
    try:
        explicit("coherent qutrit", paths=paths, keep_rows=keep_rows, law=law)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_more_rows_than_fit_are_refused_before_anything_is_computed() -> None:
    for sampler in ("explicit", "followed"):
        with pytest.raises(TooLarge, match="use the counts sampler") as caught:
            sample(case("spins"), paths=LARGEST_ROW_COUNT + 1, sampler=sampler)
        assert caught.value.measured == LARGEST_ROW_COUNT + 1
    law = exact_law(case("spins"))
    with pytest.raises(TooLarge):
        draw_rows(law, LabelTable.of(case("spins"), law), LARGEST_ROW_COUNT + 1, seed=1)
    with pytest.raises(TooLarge):
        sample(case("spins"), paths=1e12).expand()
