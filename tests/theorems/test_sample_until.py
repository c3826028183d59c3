"""Stopping: looks at N_0 2^j only, levels that add up, reasons, and runs that do not depend on how they came about."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.registry import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.theorems.checks import Verdict
from qtraj.theorems.sample_until import StopReason, sample_until
from qtraj.theorems.verify import verify
from tests.paths.cases import case
from tests.paths.jump_cases import driven_qubit
from tests.theorems.test_estimate import cold_flip


def test_it_stops_at_the_first_look_that_is_good_enough() -> None:
    operation = case("coherent qutrit")
    run = sample_until(operation, target_tol=(0.0, 1e-4), estimates=("mean_sigma", "exp_minus_sigma"), seed=4)
    assert run.reason is StopReason.TOLERANCE
    assert [look.paths for look in run.looks] == [2**20 * 2**j for j in range(len(run.looks))]
    assert [look.good_enough for look in run.looks] == [False] * (len(run.looks) - 1) + [True]
    levels = [look.level for look in run.looks]
    assert levels == pytest.approx([1e-3 / ((j + 1) * (j + 2)) for j in range(len(levels))])
    assert sum(levels) < 1e-3
    assert run.level == levels[-1]
    assert "stopped by tolerance" in str(run)


@pytest.mark.parametrize("sampler", ["counts", "followed", "explicit"])
def test_a_stopped_run_is_the_fresh_run_of_its_length(sampler: str) -> None:
    """And its verdict is that of the fresh one."""
    operation = case("coherent qutrit")
    run = sample_until(operation, target_tol=1e-9, first_paths=1000, paths=4000, sampler=sampler, seed=4)
    fresh = sample(operation, paths=4000, seed=4, sampler=sampler)
    assert run.reason is StopReason.PATHS
    assert run.ensemble.paths == 4000
    assert np.array_equal(run.ensemble.class_counts, fresh.class_counts)
    if fresh.rows is not None:
        assert all(np.array_equal(run.ensemble[name], fresh[name]) for name in fresh.rows)
    verdicts = [verify(operation, ensemble=one, level=run.level, followed_paths=0) for one in (run.ensemble, fresh)]
    assert verdicts[0].verdict is verdicts[1].verdict is not Verdict.FAIL
    assert [check.sampled for check in verdicts[0].checks] == [check.sampled for check in verdicts[1].checks]


def test_processes_without_a_law_are_followed_further() -> None:
    process = driven_qubit(duration=0.5)
    run = sample_until(process, target_tol=0.012, estimates=["mean_sigma"], first_paths=2**12, seed=4)
    assert run.reason is StopReason.TOLERANCE
    assert run.ensemble.sampler == "followed"
    fresh = sample(process, paths=run.ensemble.paths, seed=4)
    assert np.array_equal(run.ensemble["sigma"], fresh["sigma"])


def test_a_run_says_what_its_errors_rest_on() -> None:
    """With a law, on the law; without, on the density matrix or on the sample, and on nothing for unseen paths."""
    names = ["mean_sigma", "variance_sigma"]
    without = sample_until(driven_qubit(duration=0.5), target_tol=0.1, estimates=names, first_paths=2**12, seed=4)
    assert "mean_sigma = " in str(without)
    assert "; by exact variance)" in str(without)
    assert "; by delta method, sample moments)" in str(without)
    assert "without a law nothing was added for paths too rare to be drawn" in str(without)
    with_law = sample_until(build_model("two-qubit-exchange"), target_tol=0.1, estimates=names)
    assert "without a law" not in str(with_law)
    assert "sample moments" not in str(with_law)


def test_a_run_that_may_go_on_has_the_same_looks() -> None:
    operation = case("coherent qutrit")
    short = sample_until(operation, target_tol=1e-4, paths=2**22, seed=4)
    long = sample_until(operation, target_tol=1e-4, seed=4)
    assert short.reason is StopReason.PATHS
    assert long.reason is StopReason.TOLERANCE
    assert long.looks[: len(short.looks)] == short.looks


def test_timeouts_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(np.arange(0.0, 1000.0, 10.0))
    monkeypatch.setattr("qtraj.theorems.sample_until.time.monotonic", lambda: next(clock))
    run = sample_until(driven_qubit(duration=0.5), target_tol=1e-9, first_paths=256, timeout=35.0, seed=4)
    # A look every ten seconds; after the second, at 20 s, the next would end at 40 s.
    assert (run.reason, len(run.looks), run.seconds) == (StopReason.TIMEOUT, 2, 20.0)


def test_unseen_weights_keep_a_run_going(root_seed: int) -> None:
    """With a plain sample error it would stop at once, at half of the average; with the exact one it waits for it."""
    process = cold_flip()
    run = sample_until(process, target_tol=0.01, estimates=["exp_minus_sigma"], first_paths=1000, seed=root_seed)
    assert run.estimates[0].value == pytest.approx(1.0, abs=0.01)
    assert run.ensemble.paths > 1e6
    first = sample(process, paths=1000, seed=root_seed)
    naive = np.std(np.repeat(np.exp(-exact_law(process).quantity("sigma")), first.class_counts)) / np.sqrt(1000)
    assert first.exponential_average("sigma") < 0.6
    assert 5 * naive < 0.01


def test_intervals_hold_the_truth_wherever_the_run_stops(root_seed: int) -> None:
    """At level 0.2, at most 20 of 100 runs miss; 45 would have a probability of 1e-8."""
    operation = case("coherent qutrit")
    law = exact_law(operation)
    exact = law.mean("sigma")
    missed, looks = 0, set()
    # A relative tolerance at which half of the runs stop at the third look: it depends on the sample.
    widths = sample_until(operation, target_tol=1e-9, first_paths=256, paths=1024, level=0.2).looks[-1].half_widths
    for k in range(100):
        run = sample_until(
            operation, target_tol=(0.0, widths[0] / exact), first_paths=256, level=0.2, seed=root_seed + k
        )
        missed += abs(run.estimates[0].value - exact) > run.looks[-1].half_widths[0]
        looks.add(len(run.looks))
    assert missed <= 44
    assert len(looks) > 1


def test_tolerances_as_elsewhere() -> None:
    operation = build_model("two-qubit-exchange")
    names = ["mean_sigma", "mean_heat"]
    both = sample_until(operation, target_tol=[(1e-3, 0.0), (0.0, 0.5)], estimates=names, seed=4)
    assert both.looks[-1].targets[0] == 1e-3
    assert both.looks[-1].targets[1] == 0.5 * abs(both.estimates[1].value)
    assert sample_until(operation, target_tol=1e-3, estimates="mean_sigma").looks[-1].targets == (1e-3,)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target_tol": 0.0}, "positive"),
        ({"target_tol": (-1.0, 0.1)}, "positive"),
        ({"target_tol": [(1.0, 0.0), (1.0, 0.0), (1.0, 0.0)]}, "one pair"),
        ({"target_tol": 1.0, "estimates": []}, "at least one"),
        ({"target_tol": 1.0, "timeout": 0.0}, "timeout"),
        ({"target_tol": 1.0, "level": 0.0}, "level"),
        ({"target_tol": 1.0, "paths": 0}, "paths"),
    ],
)
def test_refusals(more: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        sample_until(case("coherent qutrit"), **more)  # type: ignore[arg-type]


def test_unknown_estimates_are_refused() -> None:
    with pytest.raises(UnknownName, match="sigma"):
        sample_until(case("coherent qutrit"), target_tol=1.0, estimates=["mean_sigmo"])
