"""The report of `verify` as JSON: its keys are a contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import pytest

from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.paths.cases import case
from tests.theorems.reports import cold_qutrit

KEYS = {"verdict", "paths", "seed", "protocol", "sampler", "checks", "covered_weight", "timings"}
CHECK_KEYS = {"name", "kind", "sampled", "standard_error", "exact", "z", "tolerance", "verdict", "detectable"}

_RUNS: dict[str, Callable[[], Report]] = {
    "pass": lambda: verify(case("coherent qutrit"), paths=1e6),
    "inconclusive": lambda: verify(cold_qutrit(), paths=1000),
    "kraus": lambda: verify(case("coherent qutrit"), paths=1e6, protocol="kraus"),
    "one path": lambda: verify(case("coherent qutrit"), paths=1),
}


@cache
def report_of(name: str) -> Report:
    return _RUNS[name]()


@pytest.mark.parametrize("name", _RUNS)
def test_json_keeps_its_contract_and_survives_a_round_trip(name: str) -> None:
    report = report_of(name)
    entry = report.to_json()
    assert entry.keys() >= KEYS
    assert entry["verdict"] == str(report.verdict) in ("pass", "fail", "inconclusive")
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert entry["checks"]
    for check in entry["checks"]:
        assert check.keys() >= CHECK_KEYS
        assert check["kind"] in ("identity", "statistical", "support")
        assert check["verdict"] in ("pass", "fail", "inconclusive")
        assert isinstance(check["name"], str)
        if check["kind"] == "identity":
            assert check["z"] is None
        for key in CHECK_KEYS - {"name", "kind", "verdict"}:
            assert check[key] is None or isinstance(check[key], (int, float))
            if check[key] is None:
                assert key in check["reasons"]
    assert len({check["name"] for check in entry["checks"]}) == len(entry["checks"])
    assert all(isinstance(seconds, float) and seconds >= 0 for seconds in entry["timings"].values())
    if name == "kraus":
        assert entry["covered_weight"] is None
        assert "covered_weight" in entry["reasons"]
    else:
        assert 0 <= entry["covered_weight"] <= 1


def test_which_checks_there_are() -> None:
    names = [check.name for check in report_of("pass").checks]
    assert names == [
        "normalisation",
        "law_mean_heat",
        "law_mean_sigma",
        "law_mean_sigma_d",
        "law_mean_xi",
        "law_exp_minus_sigma",
        "law_exp_minus_sigma_d",
        "law_exp_minus_xi",
        "law_final_marginal",
        "law_detailed_theorem",
        "entropy_conservation",
        "coherence_conservation",
        "final_state",
        "followed_paths",
        "followed_final_marginal",
        "mean_heat",
        "mean_sigma",
        "mean_sigma_d",
        "mean_xi",
        "exp_minus_sigma",
        "exp_minus_sigma_d",
        "exp_minus_xi",
        "detailed_theorem",
        "final_marginal",
        "support",
    ]


def test_a_report_is_a_table_that_ends_in_a_verdict() -> None:
    text = str(report_of("pass"))
    assert "PASS: all 25 checks hold" in text
    assert "exp_minus_sigma_d" in text
    assert "No check here can see an error common to both routes" in text
