"""Worked cases whose numbers were computed independently of this package (tests/data/reference.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.paths.exact_law import exact_law
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

REFERENCE = json.loads((Path(__file__).parent / "data" / "reference.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in REFERENCE["cases"]}

# The file's own: its numbers have 15 digits.
TOLERANCE = 1e-11

STARTS = {
    "qubit-partial-swap": State.bloch(0.5, 0.2, -0.3),
    "pure-qubit-partial-swap": State.pure([np.cos(0.5), np.sin(0.5)]),
}


def computed(name: str) -> dict[str, Any]:
    system = System(energies=[0.0, 1.0], state=STARTS[name])
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 3)
    operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
    exact, law = averages(operation), exact_law(operation)
    _, variance, third = law.cumulants("sigma")
    p_alpha = np.zeros(2)
    p_alpha[: exact.initial_eigenvalues.size] = exact.initial_eigenvalues
    values = exact.to_json()
    return values | {
        "variance_sigma": variance,
        "third_cumulant_sigma": third,
        "absolute_irreversibility": law.absolute_irreversibility,
        "exp_minus_sigma": law.exponential_average("sigma"),
        "exp_minus_sigma_d": law.exponential_average("sigma_d"),
        "exp_minus_xi": law.exponential_average("xi"),
        "exp_minus_2sigma": law.exponential_average("sigma", 2.0),
        "probability_negative_sigma": law.distribution("sigma").cumulative(0.0),
        "energy_two_point_mean": exact_law(operation, protocol="tpm").mean("sigma"),
        "p_alpha": p_alpha,
        "p_beta_final": exact.final_eigenvalues,
        "p_n": exact.initial_populations,
        "p_m_final": exact.final_populations,
        # The same by the other route, where there is one.
        "density exp_minus_sigma": np.exp(log_exponential_average(operation)),
        "density exp_minus_sigma_d": np.exp(log_exponential_average(operation, "sigma_d")),
        "density exp_minus_xi": np.exp(log_exponential_average(operation, "xi")),
        "density exp_minus_2sigma": np.exp(log_exponential_average(operation, "sigma", 2.0)),
        "density absolute_irreversibility": support_loss(operation),
    }


@pytest.mark.parametrize("name", STARTS)
def test_reference_values(name: str) -> None:
    found = computed(name)
    for key, expected in CASES[name]["values"].items():
        assert found[key] == pytest.approx(expected, abs=TOLERANCE, rel=0), key
        if f"density {key}" in found:
            assert found[f"density {key}"] == pytest.approx(expected, abs=TOLERANCE, rel=0), key


def test_the_two_routes_differ_from_a_wrong_case() -> None:
    """Negative control: the pure start's numbers do not pass for the mixed one's."""
    found = computed("qubit-partial-swap")
    assert any(
        found[key] != pytest.approx(expected, abs=1e-3, rel=0)
        for key, expected in CASES["pure-qubit-partial-swap"]["values"].items()
    )
