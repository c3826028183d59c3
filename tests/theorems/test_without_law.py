"""Verdicts without an exact law: false alarms counted, heavy tails left open, wrong samplers rejected."""

from __future__ import annotations

import math
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from unittest import mock

import numpy as np
import pytest
from scipy import stats

from qtraj.density.partners import exact_cumulants, exact_log_exponential_average
from qtraj.errors import NoFiniteLaw
from qtraj.models.li18 import coherent_collision
from qtraj.paths.bookkeeping import book
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.states import State
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.gather import gather_references
from qtraj.theorems.levels import split_level
from qtraj.theorems.report import Report
from qtraj.theorems.statistics_without_law import ExactPartners, statistics_without_law
from qtraj.theorems.verify import verify
from qtraj.theorems.without_law import BackwardWeights, cautious_mean_check, weights_check, weights_support
from tests.density.collision_cases import random_model
from tests.paths.collision_cases import case, qubit_model
from tests.paths.test_sweep import incommensurate
from tests.theorems.conftest import Law, gaussian_law
from tests.theorems.negative_controls import failing
from tests.theorems.wrong_collisions import FOLLOWERS

VERIFY = sys.modules[verify.__module__]
AUGMENTED = MeasurementProtocol.AUGMENTED

# False-failure rate of every test of random numbers here.
RATE = 1e-9


def verify_without_law(process: Process, **arguments: object) -> Report:
    """Verify as if the paths had no finite law."""
    with mock.patch.object(VERIFY, "law_if_finite", return_value=NoFiniteLaw("test")):
        return verify(process, **arguments)  # type: ignore[arg-type]


# False alarms


def gentle() -> dict[str, CollisionModel]:
    return {
        "thermal": qubit_model([0.5, 1.5], work=0.3),
        "pure start": case("pure qubit"),
        "coherent": coherent_collision(
            collisions=3, interaction_angle=0.5, coherence=0.4, initial="thermal", initial_temperature=2.0
        ),
        "heavy": coherent_collision(collisions=8, interaction_angle=0.5, coherence=0.95, initial="thermal"),
        "heavier": random_model(3),
    }


def families(name: str, *, seeds: int, paths: int, root: int) -> list[list[Check]]:
    """All statistical checks of many ensembles of one model, at one percent each."""
    model = gentle()[name]
    references, partners = gather_references(model, AUGMENTED), ExactPartners(process=model, protocol=AUGMENTED)
    found = []
    for seed in range(root, root + seeds):
        ensemble = sample(model, paths=paths, seed=seed, law=NoFiniteLaw("test"))
        backward = backward_weights(model, ensemble.endpoints, paths=paths, seed=seed)
        found.append([plan(0.01) for plan in statistics_without_law(ensemble, references, partners, backward)])
    return found


def too_many(alarms: int, trials: int, rate: float) -> bool:
    """Whether so many alarms would be seen less often than RATE if their rate were `rate`."""
    return bool(stats.binom.sf(alarms - 1, trials, rate) < RATE)


def judge_false_alarms(names: list[str], *, seeds: int, paths: int, root: int) -> None:
    """Checks of one ensemble are not independent: of every check by itself, over seeds and models."""
    alarms, trials = Counter[str](), Counter[str]()
    for name in names:
        for checks in families(name, seeds=seeds, paths=paths, root=root):
            for check in checks:
                kind = "mean" if check.name.startswith("mean_") else check.name
                # One mean an ensemble, or else one unlucky ensemble would count several times.
                if kind == "mean" and check.name != "mean_sigma":
                    continue
                trials[kind] += 1
                alarms[kind] += check.verdict is Verdict.FAIL
    assert set(trials) == {"mean", "exp_minus_sigma", "exp_minus_sigma_d", "exp_minus_xi", "final_marginal"}
    for kind, number in trials.items():
        # Normal laws that are only nearly normal err by up to half as often again.
        assert not too_many(alarms[kind], number, 0.015), (kind, alarms[kind], number)


def test_false_alarms(root_seed: int) -> None:
    """A check that errs at 15 % instead of 1 % is seen with probability 0.5 here, one that errs at 30 % always."""
    judge_false_alarms(["thermal", "coherent"], seeds=50, paths=2000, root=root_seed)


@pytest.mark.slow
def test_false_alarms_in_a_thousand_ensembles(root_seed: int) -> None:
    """Here 4 % instead of 1 % are always seen."""
    judge_false_alarms(list(gentle()), seeds=200, paths=5000, root=root_seed)


def drawn(law: Law, *, forward: int, backward: int, seed: int) -> tuple[np.ndarray, BackwardWeights]:
    """sigma of forward paths and weights of backward ones, drawn from a synthetic law that obeys the theorem."""
    rng = np.random.default_rng(seed)
    values = rng.choice(law.values, size=forward, p=law.p)
    weights = law.p * np.exp(-law.values)
    inside = rng.binomial(backward, min(1.0, weights.sum()))
    logs = -rng.choice(law.values, size=inside, p=weights / weights.sum())
    return values, BackwardWeights(logs=logs, paths=backward)


@pytest.mark.parametrize(("variance", "irreversible"), [(0.1, 0.0), (1.0, 0.4), (3.0, 0.0), (8.0, 0.4), (16.0, 0.0)])
def test_false_alarms_of_the_weights(variance: float, irreversible: float, root_seed: int) -> None:
    """Lattice normal laws, from <e^-2sigma> = 1.1 to 1e7; 8 % instead of 1 % are always seen."""
    law, alarms, trials = gaussian_law(variance, irreversible=irreversible), 0, 200
    for seed in range(trials):
        values, backward = drawn(law, forward=3000, backward=3000, seed=root_seed + seed)
        check = weights_check(
            "weights", values=values, backward=backward, target=law.target, level=0.01, variance=law.variance
        )
        alarms += check.verdict is Verdict.FAIL
    assert not too_many(alarms, trials, 0.01), alarms


@pytest.mark.parametrize("variance", [0.5, 2.0])
def test_weights_of_another_law_are_rejected(variance: float, root_seed: int) -> None:
    """Negative control: forward paths shifted, mirrored or scaled."""
    law = gaussian_law(variance)
    for values in (law.values + 0.2, -law.values, 0.7 * law.values):
        wrong = replace(law, values=values)
        values, _ = drawn(wrong, forward=30_000, backward=1, seed=root_seed)
        _, backward = drawn(law, forward=1, backward=30_000, seed=root_seed + 1)
        check = weights_check("weights", values=values, backward=backward, target=1.0, level=RATE, variance=1.0)
        assert check.verdict is Verdict.FAIL


def test_a_wrong_lambda_is_rejected(root_seed: int) -> None:
    """1 instead of 1 - lambda, and 1 - lambda instead of 1."""
    for right, target in ((0.3, 1.0), (0.0, 0.7)):
        law = gaussian_law(1.0, irreversible=right)
        values, backward = drawn(law, forward=20_000, backward=20_000, seed=root_seed)
        check = weights_check("weights", values=values, backward=backward, target=target, level=RATE, variance=1.0)
        assert check.verdict is Verdict.FAIL


# Heavy tails


@pytest.mark.parametrize("variance", [9.0, 16.0])
def test_heavy_tails_are_left_open(variance: float, root_seed: int) -> None:
    """Neither pass nor fail, and the number of paths that would do is about right."""
    law = gaussian_law(variance)
    values, backward = drawn(law, forward=5000, backward=100_000, seed=root_seed)
    check = weights_check("weights", values=values, backward=backward, target=1.0, level=1e-4, variance=law.variance)
    support = weights_support(backward=backward, paths=5000)
    assert check.verdict is support.verdict is Verdict.INCONCLUSIVE
    assert check.paths_needed == support.paths_needed
    assert check.paths_needed is not None
    assert check.paths_needed > 50_000
    assert "would do" in check.note


def test_the_line_of_weights_is_of_the_plain_mean(root_seed: int) -> None:
    """z is that of the numbers beside it; what lies below the cut, and decides, is among the details."""
    law = gaussian_law(9.0)
    values, backward = drawn(law, forward=5000, backward=100_000, seed=root_seed)
    check = weights_check("weights", values=values, backward=backward, target=1.0, level=RATE, variance=law.variance)
    assert math.isclose(check.sampled, np.exp(-values).mean(), rel_tol=1e-12)
    assert math.isclose(check.standard_error, math.sqrt(law.variance / 5000), rel_tol=1e-12)
    assert check.z == (check.sampled - check.exact) / check.standard_error
    assert check.z != check.details["z_below"]
    endless = weights_check("weights", values=values, backward=backward, target=1.0, level=RATE, variance=math.inf)
    assert endless.z is None
    assert "standard error" in endless.to_json()["reasons"]["z"]
    assert endless.verdict is check.verdict
    assert endless.p_value == check.p_value


def test_a_mean_of_infinite_variance_has_no_score() -> None:
    check = cautious_mean_check(
        "mean",
        sampled=1.5,
        cumulants=(1.0, math.inf, math.inf),
        exact=1.0,
        paths=100,
        level=RATE,
        numerical_floor=1e-9,
    )
    assert check.z is None
    assert check.standard_error == check.detectable == math.inf
    assert check.verdict is Verdict.PASS


def test_enough_paths_pass(root_seed: int) -> None:
    law = gaussian_law(1.0)
    values, backward = drawn(law, forward=100_000, backward=100_000, seed=root_seed)
    check = weights_check("weights", values=values, backward=backward, target=1.0, level=RATE, variance=law.variance)
    support = weights_support(backward=backward, paths=100_000)
    assert check.verdict is support.verdict is Verdict.PASS
    assert support.sampled > 0.99
    assert check.detectable < 0.1


def test_heavy_tails_of_a_process_are_never_decided() -> None:
    """<e^-2sigma> = 14 000, and 4000 paths: open for every seed."""
    model = random_model(3)
    assert np.exp(exact_log_exponential_average(model, "sigma", 2.0, protocol=AUGMENTED)) > 1e4
    for seed in range(5):
        report = verify_without_law(model, paths=4000, seed=seed, level=RATE)
        verdicts = {check.name: check.verdict for check in report.checks}
        assert verdicts["exp_minus_sigma"] is Verdict.INCONCLUSIVE
        assert verdicts["support"] is Verdict.INCONCLUSIVE
        assert report.verdict is Verdict.INCONCLUSIVE


def test_nothing_comes_back() -> None:
    """lambda = 1 but for 1e-35: no backward path returns, and no statement is made."""
    model = qubit_model([40.0, 40.0], state=State.pure([0, 1]), repeat=1, angle=np.pi / 2)
    report = verify_without_law(model, paths=2000, level=RATE)
    checks = {check.name: check for check in report.checks}
    for name in ("exp_minus_sigma", "support"):
        assert checks[name].verdict is Verdict.INCONCLUSIVE
        assert "Only 0 of 2,000 backward paths return" in checks[name].note
    assert failing(report) == set()


# Means


def test_a_skewed_mean_is_not_judged_by_its_z() -> None:
    """Far out for a normal law, but the mean of 50 draws of an exponential law is none."""
    shared = {"cumulants": (1.0, 1.0, 2.0), "exact": 1.0, "paths": 50, "level": 1e-4, "numerical_floor": 1e-12}
    check = cautious_mean_check("mean", sampled=1.7, **shared)  # type: ignore[arg-type]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.paths_needed == 10_000
    assert "too skewed" in check.note
    # Chebyshev rejects whatever the law.
    assert cautious_mean_check("mean", sampled=101.0, **shared).verdict is Verdict.FAIL  # type: ignore[arg-type]
    # With many paths the mean is nearly normal.
    many = {**shared, "paths": 100_000}
    assert cautious_mean_check("mean", sampled=1.02, **many).verdict is Verdict.FAIL  # type: ignore[arg-type]
    assert cautious_mean_check("mean", sampled=1.001, **many).verdict is Verdict.PASS  # type: ignore[arg-type]


def test_a_quantity_that_does_not_fluctuate() -> None:
    shared = {"cumulants": (0.5, 0.0, 0.0), "exact": 0.5, "paths": 100, "level": 1e-4, "numerical_floor": 1e-12}
    assert cautious_mean_check("mean", sampled=0.5, **shared).verdict is Verdict.PASS  # type: ignore[arg-type]
    assert cautious_mean_check("mean", sampled=0.51, **shared).verdict is Verdict.FAIL  # type: ignore[arg-type]


# Backward paths


@cache
def exact_backward() -> tuple[CollisionModel, np.ndarray, np.ndarray]:
    model = case("from the ground")
    distribution = exact_law(model, protocol="eigenbasis-two-point").distribution("sigma")
    return model, distribution.atoms, distribution.probabilities * np.exp(-distribution.atoms)


def test_backward_paths_have_the_weights_of_forward_ones(root_seed: int) -> None:
    """Frequency of every weight against e^-sigma P(sigma), and of coming back against 1 - lambda."""
    model, atoms, weights = exact_backward()
    paths = 40_000
    found = backward_weights(model, model.endpoints(AUGMENTED), paths=paths, seed=root_seed)
    assert found.paths == paths
    kinds = np.searchsorted((atoms[1:] + atoms[:-1]) / 2, -found.logs)
    np.testing.assert_allclose(atoms[kinds], -found.logs, atol=1e-9)
    counts = np.append(np.bincount(kinds, minlength=atoms.size), paths - found.logs.size)
    expected = paths * np.append(weights, 1 - weights.sum())
    large = expected > 50
    statistic = ((counts - expected)[large] ** 2 / expected[large]).sum()
    assert large.sum() > 10
    assert stats.chi2.sf(statistic, large.sum()) > RATE


def test_backward_paths_share_no_random_numbers_with_forward_ones() -> None:
    model, _, _ = exact_backward()
    forward = sample(model, paths=1000, seed=7, law=NoFiniteLaw("test"))
    again = backward_weights(model, forward.endpoints, paths=1000, seed=7)
    np.testing.assert_array_equal(again.logs, backward_weights(model, forward.endpoints, paths=1000, seed=7).logs)
    assert backward_weights(model, forward.endpoints, paths=1000, seed=8).logs.size != again.logs.size


def test_halves_of_backward_paths() -> None:
    whole = BackwardWeights(logs=np.arange(5.0), paths=9)
    one, two = whole.halves()
    assert (one.logs.tolist(), one.paths) == ([0, 2, 4], 5)
    assert (two.logs.tolist(), two.paths) == ([1, 3], 4)
    assert BackwardWeights(logs=np.zeros(0), paths=10).cut(100) == -np.inf
    assert BackwardWeights(logs=np.zeros(0), paths=10).covered(0.0) == 0.0


# Whole reports


def test_a_process_without_a_law_is_verified() -> None:
    """Four incommensurate gaps in every unit, forty rounds: nobody can list its flows."""
    report = verify(incommensurate(40), paths=20_000, level=RATE)
    assert report.sampler == "followed"
    assert failing(report) == set()
    assert any("no exact law" in note for note in report.notes)
    names = {check.name for check in report.checks}
    assert {"tilted_mean_sigma", "mean_sigma", "exp_minus_sigma", "final_marginal", "support"} <= names


@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point", "kraus"])
@pytest.mark.parametrize("name", ["two baths and work", "from the ground", "mixed reservoirs", "measured in energy"])
def test_right_models_are_not_rejected(name: str, protocol: str) -> None:
    assert failing(verify_without_law(case(name), paths=10_000, protocol=protocol, level=RATE)) == set()


def test_the_same_numbers_as_with_a_law() -> None:
    """Means and exact values of the two routes, of the same followed paths."""
    model = case("two baths and work")
    with_law = sample(model, paths=5000, sampler="followed", seed=3)
    without = sample(model, paths=5000, seed=3, law=NoFiniteLaw("test"))
    for name in ("sigma", "sigma_d", "xi", "heat", "heat_into_bath0"):
        assert without.mean(name) == pytest.approx(with_law.mean(name), abs=1e-12)
        np.testing.assert_allclose(without[name], with_law[name], atol=1e-12)
        exact = exact_cumulants(model, name, protocol=AUGMENTED)
        assert exact == pytest.approx(with_law.law.cumulants(name), abs=1e-12)
    assert without.mean("work") == pytest.approx(with_law.mean("work"), abs=1e-12)


@pytest.mark.parametrize("name", FOLLOWERS)
def test_wrong_samplers_are_rejected(name: str) -> None:
    with mock.patch("qtraj.paths.followers.FollowedCollisions", FOLLOWERS[name]):
        report = verify_without_law(case("coherent units"), paths=30_000, level=RATE)
    assert report.verdict is Verdict.FAIL
    identities = {check.name for check in report.checks if check.kind == "identity"}
    assert not failing(report) & identities


def test_a_forgotten_lambda_is_seen_by_an_identity_and_by_paths() -> None:
    with mock.patch("qtraj.theorems.reference_parts.exact_support_loss", return_value=0.0):
        report = verify_without_law(case("from the ground"), paths=30_000, level=RATE)
    assert failing(report) >= {"tilted_exp_minus_sigma", "exp_minus_sigma"}


def test_levels_are_split() -> None:
    report = verify_without_law(case("two baths"), paths=5000)
    planned = [check for check in report.checks if check.kind == "statistical"]
    level = split_level(1e-3, len(planned))
    mean = next(check for check in planned if check.name == "mean_sigma")
    assert mean.tolerance == pytest.approx(stats.norm.isf(level / 2) * mean.standard_error, rel=1e-6)


def test_labels_alone_are_not_booked() -> None:
    """Paths of a thermal operation have labels of an environment: without what it took up there is no sigma."""
    rows = {name: np.zeros(3, dtype=np.int64) for name in ("alpha", "mu", "beta", "nu")}
    with pytest.raises(ValueError, match="labels mu and nu only"):
        book(rows, case("two baths").endpoints(AUGMENTED))
