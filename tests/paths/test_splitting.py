"""Splitting trees: exact conditional probabilities, exact sums, and counts that follow the multinomial law.

Every statistical test is two-sided at `LEVEL`, so it fails by chance once in 10^9 seeds; what it would see is stated
with each, and shown by a wrong splitter that it rejects.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.paths import splitting
from qtraj.paths.splitting import RARE, SplittingForest, SplittingTree, expand

LEVEL = 1e-9
SMALLEST_EXPECTED = 25.0
"""Cells expected below this are pooled, so that the chi-squared tails hold down to the level used here."""

ROUNDING = 2e-14
"""On each of at most 6 levels two sums of up to 6 roundings and a quotient, 1.1e-16 each: 9e-15, and the logarithms."""

weights = st.floats(min_value=0.0, max_value=1.0) | st.sampled_from([0.0, 5e-324, 1e-310, 1e-300, 1e-17, 1.0, 1e300])
probability_lists = st.lists(weights, min_size=1, max_size=40).filter(lambda p: sum(p) > 0)


def leaf_log_probabilities(forest: SplittingForest) -> FloatArray:
    """ln of each leaf's probability within its tree, multiplied up along the tree: what `counts` really samples."""
    logs = np.full(forest.order.size, -np.inf)
    for tree in range(forest.trees):
        first, height = int(forest.offsets[tree]), int(forest.heights[tree])
        for rank in range(min(1 << height, int(forest.offsets[tree + 1]) - first)):
            log, node = 0.0, int(forest.starts[tree]) + rank
            for level in range(height):
                q = float(forest.levels[level][node >> 1])
                step = q if node & 1 else 1 - q
                log += math.log(step) if step > 0 else -math.inf
                node >>= 1
            logs[forest.order[first + rank]] = log
    return logs


def goodness_of_fit(counts: IntArray, p: FloatArray) -> float:
    """p-value of counts against probabilities, rare cells pooled."""
    expected = counts.sum() * p / p.sum()
    rare = expected < SMALLEST_EXPECTED
    observed, mean = counts[~rare].astype(float), expected[~rare]
    if rare.any() and expected[rare].sum() >= SMALLEST_EXPECTED:
        observed, mean = np.append(observed, counts[rare].sum()), np.append(mean, expected[rare].sum())
    return float(stats.chi2.sf(((observed - mean) ** 2 / mean).sum(), observed.size - 1))


def z_level(tests: int = 1) -> float:
    return float(stats.norm.isf(LEVEL / 2 / tests))


# --- exact properties -------------------------------------------------------------------------------------------------


@given(p=probability_lists)
def test_the_tree_multiplies_up_to_the_probabilities(p: list[float]) -> None:
    """However small a probability is, only its own digits are lost: those of numbers below 1e-300, and rounding."""
    logs = leaf_log_probabilities(SplittingTree(p).forest)
    total = math.fsum(p)
    for weight, log in zip(p, logs, strict=True):
        if weight > 1e-300 and weight / total > 1e-300:
            assert log == pytest.approx(math.log(weight / total), abs=ROUNDING * max(1, abs(log)))
        if weight == 0:
            assert log == -math.inf


@given(p=probability_lists)
def test_the_right_child_is_never_heavier(p: list[float]) -> None:
    assert all((level <= 0.5).all() and (level >= 0).all() for level in SplittingTree(p).forest.levels)


@given(p=probability_lists, total=st.integers(0, 10**15), seed=st.integers(0, 2**32))
def test_counts_sum_to_the_total_and_skip_zeros(p: list[float], total: int, seed: int) -> None:
    counts = SplittingTree(p).counts(total, np.random.default_rng(seed))
    assert counts.shape == (len(p),)
    assert counts.dtype == np.int64
    assert counts.min() >= 0
    assert sum(counts.tolist()) == total
    assert not counts[np.array(p) == 0].any()


@given(
    trees=st.lists(probability_lists, min_size=1, max_size=6),
    rows=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10**6)), max_size=12),
    seed=st.integers(0, 2**32),
)
def test_forest_rows_keep_their_totals_and_their_trees(
    trees: list[list[float]], rows: list[tuple[int, int]], seed: int
) -> None:
    forest = SplittingForest(np.concatenate(trees), np.cumsum([0, *map(len, trees)]))
    roots = np.array([root % len(trees) for root, _ in rows], dtype=np.int64)
    totals = np.array([total for _, total in rows], dtype=np.int64)
    row, leaf, count = forest.counts(roots, totals, np.random.default_rng(seed))
    assert (count > 0).all()
    assert np.bincount(row, weights=count, minlength=len(rows)).tolist() == totals.tolist()
    assert (np.searchsorted(forest.offsets, leaf, side="right") - 1).tolist() == roots[row].tolist()
    assert len(set(zip(row.tolist(), leaf.tolist(), strict=True))) == row.size
    assert (np.concatenate(trees)[leaf] > 0).all()


@given(trees=st.lists(probability_lists, min_size=1, max_size=6))
def test_every_tree_of_a_forest_is_the_tree_it_would_be_alone(trees: list[list[float]]) -> None:
    forest = SplittingForest(np.concatenate(trees), np.cumsum([0, *map(len, trees)]))
    alone = np.concatenate([leaf_log_probabilities(SplittingTree(p).forest) for p in trees])
    assert leaf_log_probabilities(forest).tolist() == alone.tolist()


def test_a_single_tree_is_a_forest_of_one() -> None:
    p = [0.1, 0.6, 0.3]
    counts = SplittingTree(p).counts(10**6, np.random.default_rng(5))
    _, leaf, count = SplittingForest(p, [0, 3]).counts([0], [10**6], np.random.default_rng(5))
    assert counts[leaf].tolist() == count.tolist()


def test_one_leaf_takes_all_without_random_numbers() -> None:
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    assert SplittingTree([0.3]).counts(10**15, rng).tolist() == [10**15]
    assert SplittingTree([0.0, 2.5, 0.0]).counts(7, rng).tolist() == [0, 7, 0]
    assert SplittingTree([0.5, 0.5]).counts(0, rng).tolist() == [0, 0]
    assert rng.bit_generator.state == before


def test_no_rows_and_empty_rows_give_nothing() -> None:
    forest = SplittingForest([0.5, 0.5, 1.0], [0, 2, 3])
    for roots, totals in (([], []), ([0, 1], [0, 0])):
        assert [array.size for array in forest.counts(roots, totals, np.random.default_rng(1))] == [0, 0, 0]


def test_arrays_are_read_only_and_survive_pickling() -> None:
    forest = SplittingForest([0.2, 0.8, 1.0], [0, 2, 3])
    for array in (forest.offsets, forest.order, forest.starts, forest.heights, *forest.levels):
        assert not array.flags.writeable
    with pytest.raises(dataclasses.FrozenInstanceError):
        forest.order = forest.starts  # type: ignore[misc]
    tree = SplittingTree(np.arange(1, 1000))
    again = pickle.loads(pickle.dumps(tree))
    draws = [one.counts(10**9, np.random.default_rng(3)).tolist() for one in (tree, again)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("p", "measured"),
    [
        ([], 0),
        ([[1.0]], 1),
        ([0.5, -0.1], -0.1),
        ([0.5, math.nan], None),
        ([0.5, math.inf], math.inf),
        ([0.0, 0.0], 0),
        ([1.7e308, 1.7e308], math.inf),
    ],
)
def test_wrong_probabilities_are_refused(p: list[float], measured: float | None) -> None:
    with pytest.raises(InvalidInput, match="`probabilities` must") as raised:
        SplittingTree(p)
    if measured is not None:
        assert raised.value.measured == measured


@pytest.mark.parametrize("offsets", [[0], [1, 3], [0, 2], [0, 2, 2, 3], [0, 4], [0.0, 3.0], [[0, 3]], []])
def test_wrong_offsets_are_refused(offsets: list[Any]) -> None:
    with pytest.raises(InvalidInput, match="`offsets` must"):
        SplittingForest([0.2, 0.3, 0.5], offsets)


@pytest.mark.parametrize(
    ("roots", "totals", "name"),
    [
        ([2], [5], "roots"),
        ([-1], [5], "roots"),
        ([0], [-5], "totals"),
        ([0], [10**15 + 1], "totals"),
        ([0], [1e6], "totals"),
        ([0], [True], "totals"),
        ([0, 1], [5], "roots"),
    ],
)
def test_wrong_rows_are_refused(roots: list[int], totals: list[Any], name: str) -> None:
    with pytest.raises(InvalidInput, match=f"`{name}`"):
        SplittingForest([0.5, 0.5, 1.0], [0, 2, 3]).counts(roots, totals, np.random.default_rng(1))


@given(
    pairs=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 20)), max_size=20),
    dtype=st.sampled_from([np.int16, np.int32, np.int64]),
)
def test_expand_keeps_every_count(pairs: list[tuple[int, int]], dtype: type[np.signedinteger[Any]]) -> None:
    leaves, counts = [leaf for leaf, _ in pairs], [count for _, count in pairs]
    paths = expand(leaves, counts, np.random.default_rng(1), dtype=dtype)
    assert paths.dtype == dtype
    assert sorted(paths.tolist()) == sorted(leaf for leaf, count in pairs for _ in range(count))
    # The order depends on the seed alone, not on the type.
    assert paths.tolist() == expand(leaves, counts, np.random.default_rng(1)).tolist()


def test_expand_refuses_what_does_not_fit() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(InvalidInput, match=r"`leaves` must lie from -128 to 127, but one is 128"):
        expand([128], [1], rng, dtype=np.int8)
    with pytest.raises(InvalidInput, match="`counts` must lie"):
        expand([1], [-1], rng)
    with pytest.raises(InvalidInput, match="one shape"):
        expand([1, 2], [1], rng)


# --- statistics -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1e-8, 1e-5, 0.01, 0.3, 0.5])
@pytest.mark.parametrize("n", [1, 20, 10**4, 10**9, 10**12, 10**15])
def test_numpy_binomial_can_be_trusted(n: int, q: float, root_seed: int) -> None:
    """Mean and variance of 20 000 numbers: sees a mean off by 0.06 standard deviations, a variance off by 10 %.

    Where few paths are expected only the mean is tested, against the exact binomial law of the sum. The normal tails
    used elsewhere are short by a factor of at most 3.
    """
    draws = 20_000
    x = np.random.default_rng([root_seed, n, int(1e9 * q)]).binomial(n, q, size=draws)
    mean, variance = n * q, n * q * (1 - q)
    if draws * variance < 1000:
        total = stats.binom(draws * n, q)
        assert min(total.cdf(x.sum()), total.sf(x.sum() - 1)) > LEVEL / 2
        return
    z_mean = float(((x - mean) / math.sqrt(variance)).mean() * math.sqrt(draws))
    assert abs(z_mean) < z_level()
    if variance > 1:
        kurtosis = 3 + (1 - 6 * q * (1 - q)) / variance
        z_variance = float((((x - mean) ** 2 / variance).mean() - 1) * math.sqrt(draws / (kurtosis - 1)))
        assert abs(z_variance) < z_level()


PLANTED = 1e-15
PLANTED_RUNS = 300


def planted_law() -> FloatArray:
    """30 000 falling probabilities, the last of them 1e-15."""
    p = np.linspace(2.0, 1.0, 30_000)
    p[-1] = 0.0
    p /= math.fsum(p)
    p[-1] = PLANTED
    return p


def planted_p_value(draw: Callable[[], int]) -> float:
    """How likely so extreme a number of paths on the planted leaf is: of mean 300, in 300 runs of 10^15 paths."""
    seen = sum(draw() for _ in range(PLANTED_RUNS))
    law = stats.poisson(PLANTED * 1e15 * PLANTED_RUNS)
    return float(2 * min(law.cdf(seen), law.sf(seen - 1)))


def test_rare_leaves_are_not_biased(root_seed: int) -> None:
    """Sees a share of the leaf of probability 1e-15 that is wrong by half."""
    tree, rng = SplittingTree(planted_law()), np.random.default_rng([root_seed, 1])
    assert planted_p_value(lambda: int(tree.counts(10**15, rng)[-1])) > LEVEL


def test_a_running_remainder_is_caught(root_seed: int) -> None:
    """Negative control: NumPy's multinomial divides by a remainder that has lost the planted leaf to cancellation."""
    p, rng = planted_law(), np.random.default_rng([root_seed, 2])
    assert planted_p_value(lambda: int(rng.multinomial(10**15, p)[-1])) < LEVEL


LAWS = {
    "uniform": np.full(1000, 1e-3),
    "falling": 10.0 ** -np.linspace(0, 12, 1000),
    "one heavy": np.concatenate(([1.0], np.full(499, 1e-6))),
    "unsorted": np.random.default_rng(0).random(777) ** 4,
}


@pytest.mark.parametrize("name", list(LAWS))
@pytest.mark.parametrize("total", [10**5, 10**9, 10**15])
def test_counts_follow_the_law(name: str, total: int, root_seed: int) -> None:
    """Chi-squared over 500 to 1000 cells: sees sum N dp^2 / p above 400, so relative errors of 6e-7 at 10^15 paths."""
    p = LAWS[name]
    counts = SplittingTree(p).counts(total, np.random.default_rng([root_seed, total, p.size]))
    assert goodness_of_fit(counts, p) > LEVEL


def shifted(tree: SplittingTree, level: int, node: int, factor: float) -> SplittingTree:
    """A tree that is wrong at one node."""
    forest = copy.copy(tree.forest)
    wrong = [array.copy() for array in forest.levels]
    wrong[level][node] *= factor
    object.__setattr__(forest, "levels", tuple(wrong))
    tree = copy.copy(tree)
    object.__setattr__(tree, "forest", forest)
    return tree


def test_one_wrong_node_is_caught(root_seed: int) -> None:
    """Negative control: q wrong by a relative 1e-3 at one node of the top level.

    A share dq = 1e-3 q of the paths in the node changes sides: noncentrality N dq^2 / q (1 - q) of the test. At the
    top of the uniform tree q = 488/1000, so at N = 2e9 paths it is 1900: 43 standard deviations of chi-squared with 999
    degrees of freedom. At the same number of paths the right tree passes.
    """
    p, total = LAWS["uniform"], 2 * 10**9
    tree = SplittingTree(p)
    top = len(tree.forest.levels) - 1
    assert goodness_of_fit(tree.counts(total, np.random.default_rng([root_seed, 3])), p) > LEVEL
    wrong = shifted(tree, top, 0, 1 + 1e-3)
    assert goodness_of_fit(wrong.counts(total, np.random.default_rng([root_seed, 3])), p) < LEVEL


def two_leaf_p_value(q: float, total: int, rows: int, rng: np.random.Generator) -> float:
    """How likely so extreme a number of paths on the rarer of two leaves is, summed over many rows of `total` paths."""
    _, leaf, count = SplittingForest([1.0, q], [0, 2]).counts(np.zeros(rows, int), np.full(rows, total), rng)
    law = stats.poisson(rows * total * q)
    seen = int(count[leaf == 1].sum())
    return float(2 * min(law.cdf(seen), law.sf(seen - 1)))


@pytest.mark.parametrize(
    ("q", "total"), [(0.999 * RARE, 10**9), (1e-12, 10**12), (1.6e-16, 10**15), (1e-17, 10**15), (1e-300, 10**15)]
)
def test_rare_children_get_their_share(q: float, total: int, root_seed: int) -> None:
    """Summed over 20 000 rows: sees a relative bias of 2 % at 1e-8, 6 % at 1e-12, 15 % at 1.6e-16, 60 % at 1e-17."""
    rng = np.random.default_rng([root_seed, 4, total])
    assert two_leaf_p_value(q, total, 20_000, rng) > LEVEL


def test_splitting_off_the_larger_child_is_caught(root_seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a binomial on the larger child with 1 - q, which a double rounds from 1.6e-16 to 1.1e-16."""

    def larger(count: IntArray, q: FloatArray, rng: np.random.Generator) -> IntArray:
        return count - rng.binomial(count, 1 - q)

    monkeypatch.setattr(splitting, "_in_smaller_child", larger)
    assert two_leaf_p_value(1.6e-16, 10**15, 20_000, np.random.default_rng([root_seed, 5])) < LEVEL


@pytest.mark.parametrize("q", [0.999 * RARE, 1.001 * RARE])
def test_both_sides_of_the_poisson_border_have_the_binomial_law(q: float, root_seed: int) -> None:
    """Distribution, not only mean: 50 000 rows with 5 paths expected; sees a variance wrong by 7 %."""
    total, rows = 5 * 10**8, 50_000
    rng = np.random.default_rng([root_seed, 6])
    row, leaf, count = SplittingForest([1.0, q], [0, 2]).counts(np.zeros(rows, int), np.full(rows, total), rng)
    rare = np.zeros(rows, dtype=np.int64)
    rare[row[leaf == 1]] = count[leaf == 1]
    values = np.arange(int(rare.max()) + 1)
    law = stats.binom.pmf(values, total, q / (1 + q))
    law[-1] += stats.binom.sf(values[-1], total, q / (1 + q))
    assert goodness_of_fit(np.bincount(rare), law) > LEVEL


def test_lone_paths_follow_the_law(root_seed: int) -> None:
    """Rows of one path take another route through the code; sees one leaf of 100 wrong by a quarter."""
    p = np.random.default_rng(0).random(100) ** 2
    forest = SplittingForest(np.concatenate([[1.0], p]), [0, 1, 101])
    rows = 300_000
    _, leaf, count = forest.counts(np.ones(rows, int), np.ones(rows, int), np.random.default_rng([root_seed, 7]))
    assert (count == 1).all()
    assert goodness_of_fit(np.bincount(leaf - 1, minlength=100), p) > LEVEL


def test_cells_are_anticorrelated_as_they_must_be(root_seed: int) -> None:
    """Covariance of two counts is -N p_i p_j, for neighbours in the tree and for distant leaves alike.

    5000 draws see a correlation wrong by 0.12; the true ones are -0.11 to -0.42. Independent Poisson counts, which have
    none, are the negative control.
    """
    p, total, draws = np.array([0.35, 0.25, 0.2, 0.12, 0.08]), 10**6, 5000
    rng = np.random.default_rng([root_seed, 8])
    row, leaf, count = SplittingForest(p, [0, 5]).counts(np.zeros(draws, int), np.full(draws, total), rng)
    counts = np.zeros((draws, 5))
    counts[row, leaf] = count

    def worst_z(sample: FloatArray) -> float:
        centred = (sample - total * p) / np.sqrt(total * p * (1 - p))
        correlation = -np.sqrt(np.outer(p, p) / np.outer(1 - p, 1 - p))
        error = np.sqrt((1 + correlation**2) / draws)
        z = np.abs(centred.T @ centred / draws - correlation) / error
        return float(z[~np.eye(5, dtype=bool)].max())

    assert worst_z(counts) < z_level(tests=10)
    assert worst_z(rng.poisson(total * p, size=(draws, 5)).astype(float)) > z_level(tests=10)


def test_expand_gives_every_order_alike(root_seed: int) -> None:
    """Chi-squared over the 24 orders of 4 leaves; sees one order half too frequent. Rotations alone are caught."""
    draws = 12_000
    number = {order: index for index, order in enumerate(permutations(range(4)))}
    rng = np.random.default_rng([root_seed, 9])
    orders = [number[tuple(expand(range(4), [1] * 4, rng).tolist())] for _ in range(draws)]
    assert goodness_of_fit(np.bincount(orders, minlength=24), np.full(24, 1.0)) > LEVEL
    rotated = [number[tuple(np.roll(np.arange(4), shift).tolist())] for shift in rng.integers(0, 4, draws)]
    assert goodness_of_fit(np.bincount(rotated, minlength=24), np.full(24, 1.0)) < LEVEL
