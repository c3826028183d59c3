"""Verdicts on what is hard to sample: an honest \"inconclusive\", and the number of paths that would do."""

from __future__ import annotations

import json
import math
import sys

import pytest

from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths.cases import PROTOCOLS, case, haar_operation
from tests.theorems.negative_controls import failing
from tests.theorems.reports import LEVEL, check_of, cold_qutrit


@pytest.mark.parametrize("paths", [1, 2, 5, 30])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_handful_of_paths_proves_nothing(protocol: str, paths: int) -> None:
    report = verify(case("coherent qutrit"), paths=paths, followed_paths=paths, protocol=protocol)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "paths would do" in report.sentence
    str(report)
    json.dumps(report.to_json(), allow_nan=False)


def test_a_cold_coherent_qutrit_is_inconclusive_and_says_why() -> None:
    """<e^-sigma> = 1 exactly, by logarithms; what is sampled is the zero-temperature value; no run sees the rest."""
    report = verify(cold_qutrit(), paths=1e15)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert failing(report) == set()
    check = check_of(report, "exp_minus_sigma")
    assert check.exact == 1.0
    assert check.sampled < 0.99
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "of the average lies below the cut" in check.note
    assert "no number of paths would do" in check.note
    assert check_of(report, "support").verdict is Verdict.INCONCLUSIVE
    assert report.covered_weight == pytest.approx(check.sampled, abs=1e-6)
    assert report.sentence.startswith("INCONCLUSIVE")
    assert check_of(report, "law_exp_minus_sigma").verdict is Verdict.PASS
    assert check_of(report, "mean_sigma").verdict is Verdict.PASS


def test_the_smallest_number_of_paths_that_would_do_does(root_seed: int) -> None:
    """An inconclusive check names a number; with that number it is settled."""
    operation = case("coherent qutrit")
    few = verify(operation, paths=1000, seed=root_seed, level=LEVEL)
    assert few.verdict is Verdict.INCONCLUSIVE
    wanted = max(check.paths_needed for check in few.checks if check.paths_needed is not None)
    assert 1000 < wanted < 1e8
    assert verify(operation, paths=wanted, seed=root_seed, level=LEVEL).verdict is Verdict.PASS


def test_averages_beyond_double_precision_do_not_crash() -> None:
    """ln p_alpha = -900: <e^-2sigma> and some of <e^-xi> exceed 1e308. The report says so instead of raising."""
    vectors = State.haar(3, seed=1).vectors
    state = State(log_eigenvalues=[math.log1p(-math.exp(-400.0)), -400.0, -900.0], vectors=vectors)
    environment = Environment.ladder(levels=6, spacing=1.0, inverse_temperature=800.0)
    for protocol in PROTOCOLS:
        report = verify(haar_operation([0.0, 1.0, 2.0], state, environment), paths=1e5, protocol=protocol)
        assert failing(report) == set()
        json.dumps(report.to_json(), allow_nan=False)


def test_an_infinite_reference_is_judged_by_its_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No physical case is known to reach it; if one does, it gets a verdict and no traceback."""
    module = sys.modules["qtraj.theorems.thermal_references"]
    monkeypatch.setattr(module, "log_exponential_average", lambda *_, **__: 800.0)
    report = verify(case("coherent qutrit"), paths=1000)
    assert "law_exp_minus_xi" in failing(report)
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["verdict"] == "fail"
