"""Verdicts on ensembles handed in: pooled, tilted, partly outside the law, or of another process."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.models.registry import build_model
from qtraj.paths.sample import SAMPLERS, sample
from qtraj.paths.tilted import sample_tilted
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths import collision_cases
from tests.paths.cases import PROTOCOLS, case
from tests.theorems.negative_controls import failing
from tests.theorems.reports import without_timings


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_ensemble_already_drawn_gets_the_same_report(sampler: str) -> None:
    operation = case("coherent qutrit")
    ensemble = sample(operation, paths=50_000, seed=3, sampler=sampler, protocol="eigenbasis-two-point")
    given = verify(operation, ensemble=ensemble)
    drawn = verify(operation, paths=50_000, seed=3, sampler=sampler, protocol="eigenbasis-two-point")
    assert without_timings(given) == without_timings(drawn)


def test_a_pooled_ensemble_is_verified_as_a_whole_and_has_no_single_seed() -> None:
    operation = case("coherent qutrit")
    pooled = sample(operation, paths=500_000, seed=1) + sample(operation, paths=500_000, seed=2)
    report = verify(operation, ensemble=pooled)
    assert report.verdict is Verdict.PASS
    assert report.paths == 1_000_000
    assert report.seed is None
    entry = report.to_json()
    assert entry["seed"] is None
    assert "seed" in entry["reasons"]


def test_an_ensemble_of_another_process_is_refused() -> None:
    ensemble = sample(case("coherent qutrit"), paths=100)
    with pytest.raises(InvalidInput, match="must be drawn from `process`"):
        verify(case("spins"), ensemble=ensemble)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_paths_that_fell_outside_the_law_fail(protocol: str) -> None:
    operation = case("coherent qutrit")
    ensemble = sample(operation, paths=100_000, protocol=protocol)
    counts = np.array(ensemble.class_counts)
    counts[np.argmax(counts)] -= 1
    report = verify(operation, ensemble=replace(ensemble, class_counts=counts, outside=1))
    assert report.verdict is Verdict.FAIL
    assert "1 of 100000 paths fell where the law says that none can" in report.sentence


def test_an_ensemble_entirely_outside_the_law_fails() -> None:
    """There is nothing to average, and the report says so instead of breaking off."""
    ensemble = sample(case("spins"), paths=10)
    nothing = replace(ensemble, class_counts=np.zeros_like(ensemble.class_counts), outside=10)
    report = verify(case("spins"), ensemble=nothing)
    assert report.verdict is Verdict.FAIL
    assert {"mean_sigma", "final_marginal", "detailed_theorem"} <= failing(report)
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    mean = next(check for check in document["checks"] if check["name"] == "mean_sigma")
    assert mean["sampled"] is None
    assert "sampled" in mean["reasons"]
    assert "nan" in str(report)


def test_paths_drawn_with_a_tilt_are_judged_as_such(root_seed: int) -> None:
    """Their counts mean nothing: what is judged are weights, by `tilted_checks`, at the level that was asked for."""
    process = build_model("davies-qutrit")
    ensemble = sample_tilted(process, strength=-1.0, paths=5000, seed=root_seed)
    report = verify(process, ensemble=ensemble, level=1e-9)
    assert report.verdict is Verdict.PASS
    assert [check.name for check in report.checks if check.name.startswith("tilted")] == [
        "tilted_normalisation",
        "tilted_mean_sigma",
        "tilted_exp_minus_sigma",
    ]
    assert any("drawn with a tilt of sigma (strength -1)" in note for note in report.notes)
    assert report.to_json()["covered_weight"] is None
    # Negative control: another normalisation, as of a tilt that was not the one.
    wrong = replace(ensemble, tilt=replace(ensemble.tilt, log_normalisation=ensemble.tilt.log_normalisation + 1e-6))
    assert failing(verify(process, ensemble=wrong, level=1e-9)) == {"tilted_normalisation"}


def test_a_tilt_of_what_nobody_knows_is_refused() -> None:
    process = collision_cases.case("two baths")
    ensemble = sample_tilted(process, strength=0.1, quantity="heat", paths=10, seed=1)
    with pytest.raises(NotRecorded, match="heat"):
        verify(process, ensemble=ensemble)


@pytest.mark.parametrize("junk", [3, "x", [1.0]])
def test_only_ensembles_can_be_given(junk: object) -> None:
    process = build_model("two-qubit-exchange")
    with pytest.raises(InvalidInput, match="`ensemble` must be of class Ensemble"):
        verify(process, ensemble=junk)  # type: ignore[arg-type]
