"""The exact numbers as JSON: the contract's keys, and the numbers against brute force."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.models.registry import build_model
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from qtraj.theorems.exact import exact_report
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.paths.enumeration import enumerate_paths

AVERAGES = {
    "entropy_production",
    "population_entropy_production",
    "coherence_entropy_production",
    "initial_coherence",
    "final_coherence",
    "environment_coherence",
    "global_coherence",
    "correlated_coherence",
    "mutual_information",
    "environment_relative_entropy",
    "heat_into_environment",
    "initial_free_energy",
    "final_free_energy",
    "switching_work",
    "commutator_norm",
    "final_state",
}
PATH_LAW = {
    "paths",
    "classes",
    "normalisation",
    "mean_sigma",
    "mean_sigma_d",
    "mean_xi",
    "variance_sigma",
    "third_cumulant_sigma",
    "exp_minus_sigma",
    "exp_minus_sigma_d",
    "exp_minus_xi",
    "exp_minus_2sigma",
    "absolute_irreversibility",
    "probability_negative_sigma",
}


def numbers(entry: Any) -> list[Any]:
    """All leaves of a JSON value."""
    if isinstance(entry, dict):
        return [leaf for value in entry.values() for leaf in numbers(value)]
    if isinstance(entry, list):
        return [leaf for value in entry for leaf in numbers(value)]
    return [entry]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_contract(name: str, protocol: str) -> None:
    report = exact_report(case(name), protocol=protocol)
    assert report.keys() == {"process", "averages", "path_law", "reasons"}
    assert report["process"] == "thermal-operation"
    assert report["averages"].keys() >= AVERAGES
    assert report["path_law"].keys() >= PATH_LAW
    assert report["path_law"]["protocol"] == protocol
    assert report["averages"]["final_state"].keys() == {"real", "imag"}
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert all(leaf is None or isinstance(leaf, (int, float, str)) for leaf in numbers(report))
    for part in ("averages", "path_law"):
        missing = {f"{part}.{key}" for key, value in report[part].items() if value is None}
        assert missing == {key for key in report["reasons"] if key.startswith(part)}


# Paths of probability 1e-304 carry its averages, and are not enumerated.
ENUMERABLE = [name for name in CASES if name != "cold environment"]


@pytest.mark.parametrize("name", ENUMERABLE)
def test_path_law_is_that_of_the_enumeration(name: str) -> None:
    entry = exact_report(case(name))["path_law"]
    paths = enumerate_paths(case(name), "augmented")
    p, sigma, sigma_d = paths.probabilities, paths.sigma, paths.sigma_d
    mean = p @ sigma
    expected = {
        "paths": p.size,
        "normalisation": 1.0,
        "mean_sigma": mean,
        "mean_sigma_d": p @ sigma_d,
        "mean_xi": p @ (sigma - sigma_d),
        "mean_heat": p @ paths.heat,
        "variance_sigma": p @ (sigma - mean) ** 2,
        "third_cumulant_sigma": p @ (sigma - mean) ** 3,
        "exp_minus_sigma": p @ np.exp(-sigma),
        "exp_minus_sigma_d": p @ np.exp(-sigma_d),
        "exp_minus_xi": p @ np.exp(sigma_d - sigma),
        "exp_minus_2sigma": p @ np.exp(-2 * sigma),
        "absolute_irreversibility": 1.0 - p @ np.exp(-sigma),
        "probability_negative_sigma": p[sigma < -1e-9].sum(),
    }
    for key, value in expected.items():
        assert entry[key] == pytest.approx(value, rel=1e-9, abs=1e-10), key


@pytest.mark.parametrize("name", CASES)
def test_averages_and_law_agree(name: str) -> None:
    report = exact_report(case(name))
    averages, law = report["averages"], report["path_law"]
    for one, other in (
        ("entropy_production", "mean_sigma"),
        ("population_entropy_production", "mean_sigma_d"),
        ("coherence_entropy_production", "mean_xi"),
        ("heat_into_environment", "mean_heat"),
    ):
        assert averages[one] == pytest.approx(law[other], abs=1e-10), one


def test_final_state_comes_in_the_basis_of_the_hamiltonian() -> None:
    entry = exact_report(case("ladder of the wrong order"))["averages"]["final_state"]
    found = np.array(entry["real"]) + 1j * np.array(entry["imag"])
    expected = enumerate_paths(case("ladder of the wrong order"), "augmented").final_state
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_what_a_protocol_does_not_define_is_null_with_a_reason() -> None:
    kraus = exact_report(case("spins"), protocol="kraus")
    assert kraus["path_law"]["mean_sigma"] is None
    assert kraus["path_law"]["absolute_irreversibility"] is None
    assert "not defined in the kraus protocol" in kraus["reasons"]["path_law.mean_sigma"]
    assert kraus["path_law"]["mean_heat"] is not None
    eigenbasis = exact_report(case("spins"), protocol="eigenbasis-two-point")
    assert eigenbasis["path_law"]["exp_minus_xi"] is None
    assert eigenbasis["path_law"]["exp_minus_sigma"] == pytest.approx(1.0)


def test_the_free_energy_at_infinite_temperature_is_null_with_a_reason() -> None:
    report = exact_report(case("infinite temperature"))
    assert report["averages"]["initial_free_energy"] is None
    assert "infinite" in report["reasons"]["averages.initial_free_energy"]


def test_an_average_beyond_double_precision_is_null_with_its_logarithm() -> None:
    """A start with ln p = -900 beside a hot environment: <e^-2sigma> is about e^900."""
    state = State(log_eigenvalues=[math.log1p(-math.exp(-900.0)), -900.0], vectors=np.eye(2))
    operation = haar_operation([0.0, 1.0], state, Environment.ladder(levels=3, spacing=1.0, inverse_temperature=0.1))
    report = exact_report(operation)
    assert report["path_law"]["exp_minus_sigma"] == pytest.approx(1.0)
    assert report["path_law"]["exp_minus_2sigma"] is None
    reason = report["reasons"]["path_law.exp_minus_2sigma"]
    logarithm = float(reason.rpartition(" ")[2])
    assert 890 < logarithm < 905
    json.dumps(report, allow_nan=False)


def test_an_environment_too_large_for_the_joint_state_says_so() -> None:
    environment = Environment.ladder(levels=800, spacing=1.0, inverse_temperature=0.05)
    report = exact_report(haar_operation([0.0, 1.0], State.haar(2, seed=1), environment))
    assert report["averages"]["mutual_information"] is None
    assert "exceeds 1500" in report["reasons"]["averages.mutual_information"]
    assert report["averages"]["entropy_production"] == pytest.approx(report["path_law"]["mean_sigma"], abs=1e-10)


def test_workers_change_nothing() -> None:
    assert exact_report(case("spins"), n_jobs=2) == exact_report(case("spins"))


@given(
    seed=st.integers(0, 2**32 - 1),
    beta=st.floats(0.0, 5.0),
    rank=st.integers(1, 3),
    levels=st.integers(1, 5),
    protocol=st.sampled_from(PROTOCOLS[:3]),
)
def test_exact_identities_hold_for_random_processes(
    seed: int, beta: float, rank: int, levels: int, protocol: str
) -> None:
    """<sigma> = Sigma (Sigma_d for the energy two-point protocol) and <e^-sigma> = 1 - lambda, to rounding."""
    operation = random_operation(seed, beta, rank, levels)
    report = exact_report(operation, protocol=protocol)
    law, averages = report["path_law"], report["averages"]
    key = "population_entropy_production" if protocol == "energy-two-point" else "entropy_production"
    assert law["mean_sigma"] == pytest.approx(averages[key], abs=1e-9)
    assert law["normalisation"] == pytest.approx(1.0, abs=1e-12)
    assert law["exp_minus_sigma"] == pytest.approx(1.0 - law["absolute_irreversibility"], abs=1e-9)
    assert averages["entropy_production"] == pytest.approx(
        averages["mutual_information"] + averages["environment_relative_entropy"], abs=1e-9
    )


def random_operation(seed: int, beta: float, rank: int, levels: int) -> ThermalOperation:
    environment = Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=beta)
    return haar_operation([0.0, 1.0, 2.0], State.haar(3, rank=rank, seed=seed), environment, seed=seed)


def test_the_two_qubit_exchange_has_its_textbook_numbers() -> None:
    """sigma = (beta_E - beta_S) omega times the quanta moved: -1, 0 or 1."""
    law = exact_report(build_model("two-qubit-exchange"))["path_law"]
    n_system, n_environment = (1 / (math.exp(beta) + 1) for beta in (0.9, 1.25))
    up = 0.5 * n_system * (1 - n_environment)
    down = 0.5 * n_environment * (1 - n_system)
    affinity_in_start = 0.35 * (up - down)
    # The final state is diagonal but not Gibbs at a simple temperature, so only the heat has this closed form.
    assert law["mean_heat"] == pytest.approx(up - down, abs=1e-12)
    assert law["mean_sigma"] < affinity_in_start
    assert law["exp_minus_sigma"] == pytest.approx(1.0, abs=1e-12)
