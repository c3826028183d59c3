"""Two-qubit exchange against closed forms worked out by hand, for any angle and temperatures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.errors import InvalidInput
from qtraj.models.santos19 import two_qubit_exchange
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from tests.paths.enumeration import RATE

parameters = st.fixed_dictionaries(
    {
        "angle": st.floats(-10.0, 10.0),
        "frequency": st.floats(1e-3, 1e3),
        "beta_system": st.floats(0.0, 5.0),
        "beta_environment": st.floats(0.0, 5.0),
    }
)


def excited(beta: float, frequency: float) -> float:
    """Fermi factor n = 1 / (e^{beta omega} + 1)."""
    x = beta * frequency
    return math.exp(-x) / (1.0 + math.exp(-x))


def heat(angle: float, frequency: float, beta_system: float, beta_environment: float) -> float:
    """omega sin^2(theta) [n(beta_S) - n(beta_E)] into the environment."""
    return frequency * math.sin(angle) ** 2 * (excited(beta_system, frequency) - excited(beta_environment, frequency))


@given(parameters)
def test_mean_heat_has_its_closed_form(values: dict[str, float]) -> None:
    operation = two_qubit_exchange(**values)
    expected = heat(**values)
    scale = max(1.0, values["frequency"])
    assert averages(operation).heat_into_environment == pytest.approx(expected, abs=1e-12 * scale)
    assert exact_law(operation).mean("heat") == pytest.approx(expected, abs=1e-12 * scale)


@given(parameters)
def test_final_populations_and_entropy_production_have_their_closed_forms(values: dict[str, float]) -> None:
    """n'_S = n_S - sin^2(theta) (n_S - n_E), and Sigma = D(n_S || n_E) - D(n'_S || n_E), both binary."""
    operation = two_qubit_exchange(**values)
    before = excited(values["beta_system"], values["frequency"])
    bath = excited(values["beta_environment"], values["frequency"])
    after = before - math.sin(values["angle"]) ** 2 * (before - bath)
    np.testing.assert_allclose(operation.final_state, np.diag([1 - after, after]), atol=1e-12)
    x = values["beta_environment"] * values["frequency"]
    log_bath = (-math.log1p(math.exp(-x)), -x - math.log1p(math.exp(-x)))

    def divergence(p: float) -> float:
        return sum(a * (math.log(a) - b) for a, b in zip((1 - p, p), log_bath, strict=True) if a > 0)

    found = averages(operation)
    scale = max(1.0, x)
    assert found.entropy_production == pytest.approx(divergence(before) - divergence(after), abs=1e-11 * scale)
    assert found.entropy_production == pytest.approx(found.population_entropy_production, abs=1e-11 * scale)
    assert found.coherence_entropy_production == pytest.approx(0.0, abs=1e-11)


@given(parameters)
def test_heat_flows_from_hot_to_cold(values: dict[str, float]) -> None:
    colder_environment = values["beta_environment"] - values["beta_system"]
    assert heat(**values) * colder_environment >= 0
    found = exact_law(two_qubit_exchange(**values)).mean("heat")
    assert found * np.sign(colder_environment) >= -1e-12 * values["frequency"]


def test_probability_of_one_quantum_each_way() -> None:
    """sin^2(theta) n_S (1 - n_E) into the environment, sin^2(theta) n_E (1 - n_S) out of it."""
    operation = two_qubit_exchange(angle=0.7, frequency=2.0, beta_system=0.3, beta_environment=0.8)
    law = exact_law(operation)
    n_system, n_environment = excited(0.3, 2.0), excited(0.8, 2.0)
    into = law.probabilities[law.heat > 1].sum()
    out = law.probabilities[law.heat < -1].sum()
    assert into == pytest.approx(math.sin(0.7) ** 2 * n_system * (1 - n_environment), abs=1e-14)
    assert out == pytest.approx(math.sin(0.7) ** 2 * n_environment * (1 - n_system), abs=1e-14)
    # The exchange fluctuation theorem of heat: their ratio is e^{(beta_E - beta_S) omega}.
    assert into / out == pytest.approx(math.exp((0.8 - 0.3) * 2.0), rel=1e-12)


def test_a_quarter_turn_swaps_the_qubits_and_no_turn_leaves_them() -> None:
    swapped = two_qubit_exchange(angle=math.pi / 2).final_state
    np.testing.assert_allclose(np.diag(swapped).real, [1 - excited(1.25, 1.0), excited(1.25, 1.0)], atol=1e-14)
    same = two_qubit_exchange(angle=0.0)
    np.testing.assert_allclose(np.diag(same.final_state).real, [1 - excited(0.9, 1.0), excited(0.9, 1.0)], atol=1e-14)
    assert exact_law(same).mean("heat") == 0.0


@pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
def test_sampled_heat_agrees_with_the_closed_form(sampler: str, root_seed: int) -> None:
    """|heat| <= 1: Hoeffding at 1e-9 allows 0.011 at 4e5 paths; half of this mean, 0.025, is seen."""
    values = {"angle": math.pi / 2, "frequency": 1.0, "beta_system": 0.2, "beta_environment": 2.0}
    ensemble = sample(two_qubit_exchange(**values), paths=400_000, seed=root_seed, sampler=sampler)
    bound = math.sqrt(2 * math.log(2 / RATE) / 400_000)
    assert abs(ensemble.mean("heat") - heat(**values)) < bound
    # Negative controls: the opposite sign, and twice the exchange angle.
    assert abs(ensemble.mean("heat") + heat(**values)) > 4 * bound
    assert abs(ensemble.mean("heat") - heat(**{**values, "angle": math.pi})) > 4 * bound


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correlation": 0.19}, r"`correlation` must have modulus at most 0\.188608289662, .* but has 0\.19"),
        ({"correlation": -0.19j}, r"`correlation` must have modulus at most 0\.188608289662, .* but has 0\.19"),
        ({"correlation": math.nan}, "`correlation` must have modulus at most"),
        ({"frequency": 0.0}, "`frequency` must be positive"),
        ({"frequency": -1.0}, "`frequency` must be positive"),
        ({"frequency": math.nan}, "`frequency` must be positive"),
        ({"frequency": math.inf}, "`frequency` must be positive"),
        ({"angle": math.nan}, "must be finite"),
        ({"beta_system": -0.1}, "`beta_system` must .*not .*negative"),
        ({"beta_environment": math.inf}, "`beta_environment` must be finite"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, complex], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        two_qubit_exchange(**options)
