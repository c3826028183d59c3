"""Verdicts on correlated starts, and wrong theories that must not pass.

Each report may fail with probability 1e-9 if all is well; every wrong one is off by a hundred standard errors or more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtraj.models.registry import build_model
from qtraj.paths import sample as sample_module
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import Endpoints, MeasurementProtocol
from qtraj.theorems import verify as verify_module
from qtraj.theorems.checks import Verdict
from qtraj.theorems.correlated_references import correlated_references
from qtraj.theorems.exact import exact_report
from qtraj.theorems.references import References
from qtraj.theorems.verify import verify
from tests.paths.test_followed_correlated import LocalEnergiesFirst
from tests.processes.correlated_cases import Case, enumerate_paths

LEVEL = 1e-9
PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point")

REVERSED = {"angle": 0.5, "beta_system": 1.0, "beta_environment": 0.5, "correlation": -0.15j}

CASES = {
    "heat from cold to hot": build_model("two-qubit-exchange", **REVERSED),
    "at the bound": build_model("two-qubit-exchange", beta_system=0.0, beta_environment=0.0, correlation=0.25j),
    "driven": Case.random(4, system=(0.0, 1.0, 2.0), conserving=False).operation,
    "degenerate": Case.random(11, system=(0.0, 1.0, 1.0), environment=(0.0, 1.0, 1.0), beta=0.9).operation,
    "pure joint block": Case.random(5, system=(0.0, 1.0, 2.0), strength=1.0).operation,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_a_verdict_for_every_correlated_start(name: str, protocol: str, root_seed: int) -> None:
    report = verify(CASES[name], protocol=protocol, paths=1e6, seed=root_seed, followed_paths=20_000, level=LEVEL)
    assert report.verdict is Verdict.PASS, str(report)
    assert any("mutual information" in note for note in report.notes)


def test_many_paths_still_pass(root_seed: int) -> None:
    report = verify(CASES["heat from cold to hot"], paths=1e14, seed=root_seed, level=LEVEL)
    assert report.verdict is Verdict.PASS, str(report)


@pytest.mark.parametrize("seed", range(4))
def test_references_are_those_of_the_enumeration(seed: int) -> None:
    case = Case.random(100 + seed, system=(0.0, 1.0, 2.0), conserving=bool(seed % 2))
    paths = enumerate_paths(case)
    references = correlated_references(case.operation, MeasurementProtocol.AUGMENTED)
    for name, mean in references.means.items():
        assert mean == pytest.approx(paths.mean(name), abs=1e-11), name
    for name, average in references.exponential.items():
        assert average == pytest.approx(paths.exponential(name), abs=1e-11), name
    assert set(references.means) == set(paths.values)


def _with(**changes: float) -> References:
    process = CASES["heat from cold to hot"]
    references = correlated_references(process, MeasurementProtocol.AUGMENTED)
    return replace(references, means={**references.means, **changes})


@pytest.mark.parametrize("name", ["heat", "sigma", "initial_information"])
def test_theories_without_correlations_fail(name: str, monkeypatch: pytest.MonkeyPatch, root_seed: int) -> None:
    """What the product of the local states would do, held against paths of the correlated start."""
    process = CASES["heat from cold to hot"]
    product = CorrelatedOperation(
        system=process.system,
        environment=process.environment,
        unitary=process.unitary,
        correlations=np.zeros_like(process.correlations),
    )
    wrong = _with(**{name: correlated_references(product, MeasurementProtocol.AUGMENTED).means[name]})
    monkeypatch.setattr(verify_module, "gather_references", lambda process, protocol: wrong)
    report = verify(process, paths=1e6, seed=root_seed, level=LEVEL)
    failed = {check.name for check in report.checks if check.verdict is Verdict.FAIL}
    assert failed == {f"law_mean_{name}", f"mean_{name}"}


def test_followed_paths_without_correlations_are_caught(monkeypatch: pytest.MonkeyPatch, root_seed: int) -> None:
    """A follower that measures both local energies first: only the comparison of paths with the law can see it."""

    def follow(process: CorrelatedOperation, endpoints: Endpoints, seed: int, **_: object) -> LocalEnergiesFirst:
        return LocalEnergiesFirst(operation=process, endpoints=endpoints, seed=seed)

    monkeypatch.setattr(sample_module, "follower", follow)
    report = verify(CASES["heat from cold to hot"], paths=1e6, seed=root_seed, level=LEVEL)
    failed = {check.name for check in report.checks if check.verdict is Verdict.FAIL}
    assert {"followed_paths"} <= failed <= {"followed_paths", "followed_final_marginal"}


def test_the_report_of_exact_numbers_has_what_paths_and_matrices_say() -> None:
    document = exact_report(CASES["heat from cold to hot"])
    averages, law = document["averages"], document["path_law"]
    assert document["process"] == "correlated-operation"
    assert law["mean_sigma"] == pytest.approx(averages["entropy_production"], abs=1e-12)
    assert law["mean_clausius_sigma"] == pytest.approx(averages["clausius_entropy_production"], abs=1e-12)
    assert law["mean_information_change"] == pytest.approx(averages["mutual_information_change"], abs=1e-12)
    assert law["mean_heat"] == pytest.approx(averages["heat_into_environment"], abs=1e-12)
    assert law["exp_minus_sigma"] == pytest.approx(1, abs=1e-12)
    assert law["mean_xi"] is None
    assert "followed together" in document["reasons"]["path_law.mean_xi"]
