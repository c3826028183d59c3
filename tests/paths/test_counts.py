"""The counts sampler against the law it draws from, and its blocks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qtraj.paths.blocks import COUNT_BLOCK_ENDS
from qtraj.paths.counts import draw_counts
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from tests.paths.cases import CASES, PROTOCOLS, case
from tests.paths.enumeration import RATE, chi_square_p_value


class Recorder:
    """A progress bar that only remembers."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def start(self, total: int) -> None: ...

    def advance(self, amount: int) -> None:
        self.seen.append(amount)

    def close(self) -> None: ...


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_counts_follow_the_law(name: str, protocol: str, root_seed: int) -> None:
    """False-failure rate 1e-9; 10^6 paths see a law that is 1 % away in total variation with probability 0.99."""
    law = exact_law(case(name), protocol=protocol)
    counts = draw_counts(law, 10**6, seed=root_seed)
    assert counts.dtype == np.int64
    assert int(counts.sum()) == 10**6
    assert chi_square_p_value(counts, law.probabilities) > RATE


@pytest.mark.parametrize("paths", [1, 7, 2**20, 10**9, 10**12, 10**15])
def test_counts_follow_the_law_however_many_paths(paths: int, root_seed: int) -> None:
    """False-failure rate 1e-9. At 10^15 paths a class is off if its probability is wrong by 1e-6 of itself."""
    law = exact_law(case("coherent qutrit"))
    counts = draw_counts(law, paths, seed=root_seed)
    assert int(counts.sum()) == paths
    assert int(counts.min()) >= 0
    assert chi_square_p_value(counts, law.probabilities) > RATE


def test_negative_control_a_law_wrong_by_a_percent_is_rejected(root_seed: int) -> None:
    """One path in a hundred moved from one class to the next: rejected at 10^6 paths."""
    law = exact_law(case("coherent qutrit"))
    wrong = np.array(law.probabilities)
    first, second = np.argsort(wrong)[-2:]
    wrong[first] += 0.01
    wrong[second] -= 0.01
    assert chi_square_p_value(draw_counts(law, 10**6, seed=root_seed), wrong) < RATE


def test_counts_of_different_seeds_are_independent_binomials(root_seed: int) -> None:
    """The counts of one class over 2000 seeds are as spread out as a binomial. False-failure rate 1e-9.

    Power: a spread wrong by 25 % (a clipped or doubled draw) is rejected; see the negative control.
    """
    law = exact_law(case("coherent qutrit"))
    largest = int(np.argmax(law.probabilities))
    counts = np.array([draw_counts(law, 10**5, seed=root_seed + k)[largest] for k in range(2000)])
    p = law.probabilities[largest]
    statistic = ((counts - 1e5 * p) ** 2).sum() / (1e5 * p * (1 - p))
    assert 2 * min(stats.chi2.cdf(statistic, 2000), stats.chi2.sf(statistic, 2000)) > RATE
    assert stats.chi2.cdf(0.75 * statistic, 2000) < RATE
    assert stats.chi2.sf(1.25 * statistic, 2000) < RATE


def test_a_longer_run_keeps_the_full_blocks_of_a_shorter_one() -> None:
    law = exact_law(case("coherent qutrit"))
    block = draw_counts(law, COUNT_BLOCK_ENDS[0], seed=5)
    for more in (1, 1000, 2**20, 10**12):
        rest = draw_counts(law, COUNT_BLOCK_ENDS[0] + more, seed=5) - block
        assert int(rest.min()) >= 0
        assert int(rest.sum()) == more


def test_an_unfinished_block_is_drawn_afresh() -> None:
    """Its random numbers are keyed by its size too: 1001 paths are not 1000 and one more."""
    law = exact_law(case("coherent qutrit"))
    more = draw_counts(law, 1001, seed=5) - draw_counts(law, 1000, seed=5)
    assert int(more.min()) < 0


def test_same_arguments_same_counts_and_other_seeds_other_counts() -> None:
    law = exact_law(case("spins"))
    first = draw_counts(law, 10**12, seed=2**128 - 1)
    np.testing.assert_array_equal(first, draw_counts(law, 10**12, seed=2**128 - 1))
    assert (first != draw_counts(law, 10**12, seed=2**128 - 2)).any()


def test_counts_cost_the_same_for_any_number_of_paths() -> None:
    """At most three blocks, however many paths."""
    progress = Recorder()
    draw_counts(exact_law(case("spins")), 10**15, seed=1, progress=progress)
    assert progress.seen == [2**20, 2**40 - 2**20, 10**15 - 2**40]


def test_workers_do_not_change_counts() -> None:
    operation = case("coherent qutrit")
    one = sample(operation, paths=1e9, seed=3)
    two = sample(operation, paths=1e9, seed=3, n_jobs=2, backend="threading")
    np.testing.assert_array_equal(one.class_counts, two.class_counts)
    assert one.rows is None
