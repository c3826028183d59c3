"""The incoherently coupled pair: closed forms against the slides' own master equation, written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.models.diosi14_closed_forms import pair_currents, printed_first_order_state, printed_pair_current
from tests.models.master_equations import Pair, trace_of

# Sixteen stationary equations with entries up to 10: 1e-13 is usual.
TOLERANCE = 1e-11

size = st.floats(0.05, 3.0)
parameters = st.fixed_dictionaries(
    {
        "frequency_a": size,
        "frequency_b": size,
        "beta_a": st.floats(0.0, 3.0),
        "beta_b": st.floats(0.0, 3.0),
        "rate_a": size,
        "rate_b": size,
        "noise_strength": st.floats(0.0, 3.0),
    }
)


@given(parameters, st.booleans())
def test_exact_currents_are_those_of_the_master_equation(values: dict[str, float], fermions: bool) -> None:
    """At any strength of the noise, any rates, any detuning, for spins and for fermions."""
    found, pair = pair_currents(**values), Pair(**values, fermions=fermions)
    assert found.heat_current_from_a == pytest.approx(pair.heat_current("a"), abs=TOLERANCE)
    assert found.heat_current_from_b == pytest.approx(pair.heat_current("b"), abs=TOLERANCE)
    assert found.noise_power == pytest.approx(pair.heat_current("noise"), abs=TOLERANCE)
    assert found.occupation_a == pytest.approx(trace_of(pair.n_a, pair.state), abs=TOLERANCE)
    assert found.occupation_b == pytest.approx(trace_of(pair.n_b, pair.state), abs=TOLERANCE)


@given(parameters)
def test_energy_is_conserved_and_entropy_produced(values: dict[str, float]) -> None:
    found = pair_currents(**values)
    total = found.heat_current_from_a + found.heat_current_from_b + found.noise_power
    assert total == pytest.approx(0.0, abs=1e-14)
    clausius = -values["beta_a"] * found.heat_current_from_a - values["beta_b"] * found.heat_current_from_b
    assert found.entropy_production_rate == pytest.approx(clausius, abs=1e-14)
    assert found.entropy_production_rate >= 0


def test_the_worked_case() -> None:
    found = pair_currents(frequency_a=1, frequency_b=1, beta_a=0.5, beta_b=1.5, rate_a=1, rate_b=1, noise_strength=0.1)
    assert found.heat_current_from_a == pytest.approx(0.01705546926492957, abs=1e-16)
    assert found.heat_current_from_b == -found.heat_current_from_a
    assert found.noise_power == 0.0


@given(size, st.floats(0.0, 3.0), st.floats(0.0, 3.0), size)
def test_the_printed_first_order_state_is_right_and_the_printed_current_does_not_follow_from_it(
    frequency: float, beta_a: float, beta_b: float, rate: float
) -> None:
    """Section 5 has lost (1 + q_A)(1 + q_B): its own state of section 4 gives the smaller current."""
    common = {"frequency": frequency, "beta_a": beta_a, "beta_b": beta_b}
    noise = 1e-4 * rate
    state = printed_first_order_state(**common, rate=rate, noise_strength=noise)
    pair = Pair(
        frequency_a=frequency,
        frequency_b=frequency,
        beta_a=beta_a,
        beta_b=beta_b,
        rate_a=rate,
        rate_b=rate,
        noise_strength=noise,
    )
    # What first order leaves out is of second order in 1e-4, with a factor that stays below 1.
    np.testing.assert_allclose(state, pair.state, rtol=0, atol=1e-8)

    q_a, q_b = np.exp(-beta_a * frequency), np.exp(-beta_b * frequency)
    operator = frequency * rate * (-pair.n_a + q_a * (np.eye(4) - pair.n_a))
    printed = printed_pair_current(**common, noise_strength=noise)
    assert trace_of(operator, state) * (1 + q_a) * (1 + q_b) == pytest.approx(printed, abs=1e-12 * rate * frequency)
    assert trace_of(operator, state) == pytest.approx(pair.heat_current("a"), abs=4e-8 * rate * frequency)


def test_the_printed_current_differs_from_the_right_one() -> None:
    """Negative control of the tests above, and the size of the misprint: a factor (1 + q_A)(1 + q_B), here 1.97."""
    printed = printed_pair_current(frequency=1.0, beta_a=0.5, beta_b=1.5, noise_strength=1e-6)
    right = pair_currents(
        frequency_a=1, frequency_b=1, beta_a=0.5, beta_b=1.5, rate_a=1, rate_b=1, noise_strength=1e-6
    ).heat_current_from_a
    assert printed / right == pytest.approx((1 + np.exp(-0.5)) * (1 + np.exp(-1.5)), rel=1e-5)


@given(size, st.floats(0.1, 3.0), size)
def test_the_printed_current_operator_of_section_1_does_not_vanish_in_equilibrium(
    frequency: float, beta: float, rate: float
) -> None:
    """It has e^{+beta omega} where e^{-beta omega} belongs; the right one vanishes, as the slide says."""
    n, rest = np.diag([0.0, 1.0]), np.diag([1.0, 0.0])
    equilibrium = np.diag([1.0, np.exp(-beta * frequency)]) / (1 + np.exp(-beta * frequency))
    right = frequency * rate * (-n + np.exp(-beta * frequency) * rest)
    printed = frequency * rate * (-n + np.exp(beta * frequency) * rest)
    assert trace_of(right, equilibrium) == pytest.approx(0.0, abs=1e-14)
    assert trace_of(printed, equilibrium) > 0


def test_off_resonance_the_noise_can_pump_heat_out_of_the_colder_bath() -> None:
    """And on resonance it cannot: heat goes from hot to cold for whatever parameters."""
    machine = pair_currents(
        frequency_a=0.3, frequency_b=1.0, beta_a=2.0, beta_b=1.0, rate_a=1.0, rate_b=1.0, noise_strength=0.5
    )
    assert machine.heat_current_from_a > 0.005  # a is the colder bath
    assert machine.noise_power > 0.01
    assert machine.entropy_production_rate > 0.01


@given(parameters)
def test_on_resonance_heat_goes_from_hot_to_cold(values: dict[str, float]) -> None:
    found = pair_currents(**{**values, "frequency_b": values["frequency_a"]})
    assert found.noise_power == 0.0
    assert found.heat_current_from_a * (values["beta_b"] - values["beta_a"]) >= 0
