"""The collision model of [Li18]: reference values, closed forms, phases, and what the paper says about it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.collision_model import collision_model_averages, states_after_rounds
from qtraj.density.thermal_conductance import steady_heat_into, thermal_conductance
from qtraj.errors import InvalidInput, TooLarge, UnknownName
from qtraj.models.li18 import coherent_collision, coherent_collision_extras
from qtraj.models.li18_closed_forms import (
    critical_coherence_full_swap,
    high_temperature_conductance,
    linear_response_full_swap,
    steady_heat_full_swap,
    steady_heat_thermal,
    thermal_conductance_thermal,
)
from qtraj.models.li18_units import coherent_unit
from qtraj.models.registry import build_model, find_model
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

DATA = Path(__file__).parent.parent / "data" / "reference.json"
REFERENCE = {case["name"]: case for case in json.loads(DATA.read_text(encoding="utf-8"))["cases"]}

# Heats of order one from 4 x 4 matrices; the fixed point of weak collisions loses two digits to their gap.
EXACT = 1e-12

ANGLES = st.floats(0.05, 1.5)
TEMPERATURES = st.floats(0.1, 10.0)
FREQUENCIES = st.floats(0.2, 4.0)
COHERENCES = st.floats(0.0, 0.99)
PHASES = st.floats(-math.pi, math.pi)


@pytest.mark.parametrize(("label", "phase"), [("0", 0.0), ("pi_over_4", math.pi / 4)])
def test_reference_values(label: str, phase: float) -> None:
    case, model = REFERENCE["coherent-collision"], find_model("coherent-collision")
    parameters = {"phase_difference": phase, "collisions": 10}
    own = model.own_averages(model.build(**parameters), **parameters)
    expected = case["values"]
    for n in (1, 2, 10):
        assert own["heat_into_hot"][n - 1] == pytest.approx(
            expected[f"heat_into_hot_phase_{label}_collision_{n}"], abs=1e-12
        )
    assert own["steady_heat_into_hot"] == pytest.approx(expected[f"steady_heat_into_hot_phase_{label}"], abs=1e-12)
    assert own["steady_heat_into_cold"] == pytest.approx(-own["steady_heat_into_hot"], abs=1e-14)


def changed(model: CollisionModel, what: str) -> CollisionModel:
    """Models that are wrong in one respect."""
    parameters: dict[str, Any] = {"composite": model.composite, "reservoirs": model.reservoirs, "repeat": model.repeat}
    exchange, *collisions = model.steps
    if what == "order":
        return CollisionModel(steps=[*collisions, exchange], **parameters)
    if what == "one sign":
        return CollisionModel(steps=[exchange.adjoint(), *collisions], **parameters)
    if what == "exchanged":
        assert all(isinstance(step, CollisionStep) for step in collisions)
        names = [step.reservoir for step in collisions]
        return CollisionModel(
            steps=[
                exchange,
                *(
                    CollisionStep(reservoir=name, on=step.on, unitary=step.unitary)
                    for name, step in zip(reversed(names), collisions, strict=True)
                ),
            ],
            **parameters,
        )
    assert what == "one temperature"
    cold = model.reservoirs["cold"]
    return CollisionModel(steps=model.steps, **{**parameters, "reservoirs": {"hot": cold, "cold": cold}})


def tenth_heat(model: CollisionModel) -> float:
    return float(collision_model_averages(model).heat_into["hot"][9])


@pytest.mark.parametrize("what", ["one sign", "one temperature"])
def test_reference_values_tell_wrong_models(what: str) -> None:
    """Negative control of the test above."""
    right = coherent_collision(phase_difference=math.pi / 4, collisions=10)
    assert abs(tenth_heat(changed(right, what)) - tenth_heat(right)) > 1e-3


@pytest.mark.parametrize("what", ["order", "exchanged"])
def test_from_the_ground_state_nobody_can_tell_two_other_mistakes(what: str) -> None:
    """The first V leaves |11> alone, and A and B are alike: only other starts tell."""
    right = coherent_collision(phase_difference=math.pi / 4, collisions=10)
    assert tenth_heat(changed(right, what)) == pytest.approx(tenth_heat(right), abs=1e-14)
    right = coherent_collision(phase_difference=math.pi / 4, collisions=10, initial=State.haar(4, seed=2))
    assert abs(tenth_heat(changed(right, what)) - tenth_heat(right)) > 1e-3


def test_turning_both_signs_around_turns_the_phase_around() -> None:
    """As derived from Eq. (1), Eq. (3) has minus signs: the same model at minus the phase."""
    plus = collision_model_averages(coherent_collision(phase_difference=-0.7))
    minus = coherent_collision(phase_difference=0.7, interaction_angle=-math.pi / 32, exchange_angle=-math.pi / 4)
    np.testing.assert_allclose(collision_model_averages(minus).heat_into["hot"], plus.heat_into["hot"], atol=1e-15)


# Closed forms


@given(g=ANGLES, d=ANGLES, hot=TEMPERATURES, cold=TEMPERATURES, w=FREQUENCIES)
def test_steady_heat_without_coherence(g: float, d: float, hot: float, cold: float, w: float) -> None:
    common = {"interaction_angle": g, "exchange_angle": d, "temperature_hot": hot, "temperature_cold": cold}
    found = steady_heat_into(coherent_collision(coherence=0.0, frequency=w, **common))
    expected = steady_heat_thermal(frequency=w, **common)
    assert found["hot"] == pytest.approx(expected, abs=EXACT)
    assert found["cold"] == pytest.approx(-expected, abs=EXACT)
    assert expected == 0 or (expected < 0) == (hot > cold)


@given(d=ANGLES, p=COHERENCES, phase=PHASES, hot=TEMPERATURES, cold=TEMPERATURES, w=FREQUENCIES)
def test_steady_heat_of_complete_swaps(d: float, p: float, phase: float, hot: float, cold: float, w: float) -> None:
    common = {"exchange_angle": d, "coherence": p, "phase_difference": phase, "frequency": w}
    common |= {"temperature_hot": hot, "temperature_cold": cold}
    found = steady_heat_into(coherent_collision(interaction_angle=math.pi / 2, **common))
    assert found["hot"] == pytest.approx(steady_heat_full_swap(**common), abs=EXACT)
    assert found["hot"] + found["cold"] == pytest.approx(0.0, abs=EXACT)


@given(d=ANGLES, hot=TEMPERATURES, cold=TEMPERATURES, w=FREQUENCIES)
def test_closed_forms_agree_where_both_hold(d: float, hot: float, cold: float, w: float) -> None:
    common = {"exchange_angle": d, "temperature_hot": hot, "temperature_cold": cold, "frequency": w}
    swap = steady_heat_full_swap(coherence=0.0, phase_difference=1.0, **common)
    assert steady_heat_thermal(interaction_angle=math.pi / 2, **common) == pytest.approx(swap, abs=1e-15)


@settings(max_examples=20)
@given(g=st.floats(0.1, 1.5), d=st.floats(0.1, 1.5), t=st.floats(0.2, 5.0), w=st.floats(0.5, 2.0))
def test_conductance_without_coherence_is_equation_b1(g: float, d: float, t: float, w: float) -> None:
    def build(hot: float, cold: float) -> CollisionModel:
        return coherent_collision(
            interaction_angle=g,
            exchange_angle=d,
            coherence=0.0,
            temperature_hot=hot,
            temperature_cold=cold,
            frequency=w,
            collisions=1,
        )

    expected = thermal_conductance_thermal(interaction_angle=g, exchange_angle=d, temperature=t, frequency=w)
    assert thermal_conductance(build, t) == pytest.approx(expected, rel=1e-6)


def test_conductance_at_high_temperature_is_equation_b2() -> None:
    for g, d in ((0.1, 0.8), (0.7, 0.4), (1.4, 1.2)):
        exact = thermal_conductance_thermal(interaction_angle=g, exchange_angle=d, temperature=1e3)
        limit = high_temperature_conductance(interaction_angle=g, exchange_angle=d, temperature=1e3)
        assert exact == pytest.approx(limit, rel=1e-6)
        assert exact != limit


def test_conductance_without_coherence_peaks_at_0417() -> None:
    """The paper says 0.45."""
    temperatures = np.linspace(0.3, 0.6, 3001)
    values = [
        thermal_conductance_thermal(interaction_angle=math.pi / 32, exchange_angle=math.pi / 4, temperature=t)
        for t in temperatures
    ]
    assert temperatures[int(np.argmax(values))] == pytest.approx(0.41678, abs=1e-4)


@pytest.mark.parametrize("phase", [0.0, 0.25 * math.pi, 1.25 * math.pi])
def test_linear_response_of_complete_swaps_is_equation_33(phase: float) -> None:
    slope, offset = linear_response_full_swap(
        exchange_angle=0.6, coherence=0.8, phase_difference=phase, temperature=0.9, frequency=1.3
    )

    def current(delta: float) -> float:
        return steady_heat_full_swap(
            exchange_angle=0.6,
            coherence=0.8,
            phase_difference=phase,
            temperature_hot=0.9 + delta / 2,
            temperature_cold=0.9 - delta / 2,
            frequency=1.3,
        )

    assert current(0.0) == pytest.approx(offset, abs=1e-15)
    assert (current(1e-4) - current(-1e-4)) / 2e-4 == pytest.approx(-slope, rel=1e-7)
    curvature = (current(1e-3) + current(-1e-3) - 2 * current(0.0)) / 2e-6
    assert (abs(curvature) > 1e-3) == (phase != 0)


def test_critical_coherence_of_complete_swaps_is_equation_15() -> None:
    common = {
        "exchange_angle": 0.6,
        "phase_difference": 1.4 * math.pi,
        "temperature_hot": 1.3,
        "temperature_cold": 1.0,
        "frequency": 1.3,
    }
    critical = critical_coherence_full_swap(**common)
    assert 0 < critical < 1
    heat = [steady_heat_full_swap(coherence=critical + shift, **common) for shift in (-1e-3, 0.0, 1e-3)]
    assert heat[0] < 0 < heat[2]
    assert heat[1] == pytest.approx(0.0, abs=1e-15)
    with pytest.raises(InvalidInput, match="must drive heat"):
        critical_coherence_full_swap(**common | {"phase_difference": 1.0})


# What the paper says


def test_printed_coefficients_of_equations_31_and_32() -> None:
    """Four decimals each; Eq. (31)'s first is 6.1062, off by one in its last digit."""
    printed = {0.0: (6.1063, 0.0), 1.0: (7.3643, 0.0), 0.25: (6.3147, -88.067), 1.25: (7.3239, 110.89)}
    for phase, (slope, offset) in printed.items():

        def build(hot: float, cold: float, phase: float = phase) -> CollisionModel:
            return coherent_collision(
                phase_difference=phase * math.pi, temperature_hot=hot, temperature_cold=cold, collisions=1
            )

        assert 1e4 * thermal_conductance(build, 1.0) == pytest.approx(slope, abs=1e-4)
        assert 1e4 * steady_heat_into(build(1.0, 1.0))["hot"] == pytest.approx(offset, abs=5e-3)


def test_second_eigenvalue_of_figure_2() -> None:
    values = collision_model_averages(coherent_collision(collisions=1000))
    assert values.second_eigenvalue_modulus == pytest.approx(0.9937, abs=5e-5)
    assert abs(values.heat_into["hot"][-1] / values.steady_heat_into["hot"] - 1) > 1e-3  # type: ignore[index]


def with_phases(hot: float, cold: float, **parameters: Any) -> CollisionModel:
    """The model with a phase for each reservoir, where it has their difference only."""
    model = coherent_collision(**parameters)
    turned = {}
    for name, phase in (("hot", hot), ("cold", cold)):
        reservoir = model.reservoirs[name]
        beta = reservoir.inverse_temperature
        unit = coherent_unit(frequency=1.0, temperature=1 / beta, coherence=0.8, phase=phase)
        turned[name] = replace(reservoir, state=unit)
    return replace(model, reservoirs=turned)


def test_only_the_difference_of_the_phases_matters_in_the_steady_state() -> None:
    one, other = (collision_model_averages(with_phases(0.4 + turn, turn)) for turn in (0.0, 1.1))
    assert one.steady_heat_into == pytest.approx(other.steady_heat_into, abs=1e-14)  # type: ignore[arg-type]
    # |11> is symmetric under rotations about z, so transients agree too.
    np.testing.assert_allclose(one.heat_into["hot"], other.heat_into["hot"], atol=1e-14)


def test_both_phases_matter_in_transients_from_other_starts() -> None:
    start = State.pure([0.5, 0.5, 0.5, 0.5])
    one, other = (collision_model_averages(with_phases(0.4 + turn, turn, initial=start.matrix)) for turn in (0.0, 1.1))
    assert np.abs(one.heat_into["hot"] - other.heat_into["hot"]).max() > 0.01
    assert one.steady_heat_into == pytest.approx(other.steady_heat_into, abs=1e-14)  # type: ignore[arg-type]


@given(p=COHERENCES, phase=PHASES, g=ANGLES, d=ANGLES, hot=TEMPERATURES, cold=TEMPERATURES)
def test_currents_balance_and_entropy_is_produced(
    p: float, phase: float, g: float, d: float, hot: float, cold: float
) -> None:
    values = collision_model_averages(
        coherent_collision(
            interaction_angle=g,
            exchange_angle=d,
            coherence=p,
            phase_difference=phase,
            temperature_hot=hot,
            temperature_cold=cold,
            frequency=1.7,
            collisions=3,
        )
    )
    assert values.steady_heat_into is not None
    assert values.steady_heat_into["hot"] + values.steady_heat_into["cold"] == pytest.approx(0.0, abs=EXACT)
    assert (values.entropy_production_of_collisions >= 0).all()
    assert values.switching_work == 0.0


def test_heat_flows_from_cold_to_hot_without_breaking_the_second_law() -> None:
    values = collision_model_averages(coherent_collision(phase_difference=1.5 * math.pi, collisions=1))
    assert values.steady_heat_into is not None
    assert values.steady_entropy_production is not None
    hot, cold = values.steady_heat_into["hot"], values.steady_heat_into["cold"]
    assert hot > 0 > cold
    assert 0.5 * hot + 1.0 * cold < 0 < values.steady_entropy_production


# Units


@pytest.mark.parametrize("temperature", [0.01, 0.3, 1.0, 50.0])
@pytest.mark.parametrize("p", [1e-9, 0.5, 0.99])
def test_unit_is_the_state_of_equation_13(temperature: float, p: float) -> None:
    x, phase = 1.3 / temperature, 0.7
    z = np.exp(x / 2) + np.exp(-x / 2)
    off = p * np.exp(-1j * phase) / z
    expected = np.array([[np.exp(-x / 2) / z, off], [np.conj(off), np.exp(x / 2) / z]])
    unit = coherent_unit(frequency=1.3, temperature=temperature, coherence=p, phase=phase)
    np.testing.assert_allclose(unit.matrix, expected, atol=1e-15)
    # det = (1 - p^2) / Z^2
    assert unit.log_eigenvalues.sum() == pytest.approx(math.log1p(-(p**2)) - 2 * math.log(z), abs=1e-13)


def test_units_stay_exact_however_cold_they_are() -> None:
    """At T = 1e-3 the small eigenvalue is e^-1000 (1 - p^2)."""
    logs = coherent_unit(frequency=1.0, temperature=1e-3, coherence=0.8, phase=0.3).log_eigenvalues
    assert logs.tolist() == pytest.approx([0.0, -1000 + math.log(0.36)], abs=1e-12)
    values = collision_model_averages(
        coherent_collision(temperature_hot=2e-3, temperature_cold=1e-3, initial="thermal", collisions=2)
    )
    assert np.isfinite(values.entropy_production)


# Starts and bad input


def test_starts() -> None:
    ground = coherent_collision().system.energy_state.matrix
    assert ground[3, 3] == 1
    assert coherent_collision().system.spectrum.energies.tolist() == [1.0, 0.0, 0.0, -1.0]
    thermal = coherent_collision(initial="thermal", initial_temperature=0.5, frequency=1.5)
    qubit = State.gibbs([0.75, -0.75], 2.0).matrix
    np.testing.assert_allclose(thermal.system.energy_state.matrix, np.kron(qubit, qubit), atol=1e-15)
    given_state = State.haar(4, seed=1).matrix
    for initial in (given_state, {"real": given_state.real.tolist(), "imag": given_state.imag.tolist()}):
        np.testing.assert_allclose(states_after_rounds(coherent_collision(initial=initial))[0], given_state, atol=1e-14)


def test_no_coherence_means_thermal_units() -> None:
    assert all(reservoir.is_thermal for reservoir in coherent_collision(coherence=0.0).reservoirs.values())
    tiny = collision_model_averages(coherent_collision(coherence=1e-9))
    none = collision_model_averages(coherent_collision(coherence=0.0))
    assert tiny.entropy_production == pytest.approx(none.entropy_production, abs=1e-12)
    assert none.entropy_flow_beyond_clausius == pytest.approx(0.0, abs=1e-14)


def test_extras_are_the_averages_under_the_papers_names() -> None:
    process = coherent_collision(collisions=3, temperature_hot=3.0)
    extras, values = coherent_collision_extras(process), collision_model_averages(process)
    assert extras["heat_into_cold"] == values.heat_into["cold"].tolist()
    assert extras["steady_heat_into_hot"] == values.steady_heat_into["hot"]  # type: ignore[index]
    still = coherent_collision_extras(coherent_collision(interaction_angle=0.0, collisions=1))
    assert still["steady_heat_into_hot"] is None


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"coherence": 1.0}, "`coherence` must be at least 0 and below 1, but is 1.0; .* infinite"),
        ({"coherence": 1.2}, "`coherence`"),
        ({"coherence": -0.1}, "`coherence`"),
        ({"coherence": math.nan}, "`coherence`"),
        ({"temperature_hot": 0.0}, "`temperature_hot` must be positive"),
        ({"temperature_cold": -1.0}, "`temperature_cold` must be positive"),
        ({"temperature_cold": 1e-13}, "`temperature_cold` must be above 1e-12"),
        ({"temperature_cold": 1e-320}, "`temperature_cold` must be above"),
        ({"initial": "thermal", "initial_temperature": 0.0}, "`initial_temperature` must be positive"),
        ({"frequency": 0.0}, "`frequency` must be positive"),
        ({"phase_difference": math.inf}, "`phase_difference` must be finite"),
        ({"interaction_angle": math.nan}, "`interaction_angle` must be finite"),
        ({"collisions": 0}, "`collisions` must be a whole number from 1 on"),
        ({"collisions": 2.5}, "`collisions` must be a whole number"),
        ({"collisions": True}, "`collisions` must be a whole number"),
        ({"initial": "excited"}, "`initial` must be 'ground', 'thermal' or a density matrix"),
        ({"initial": np.eye(2) / 2}, "two qubits"),
        ({"initial": {"imag": [[0]]}}, "`initial` must be a matrix as"),
        ({"initial": {"real": [[1, 0]], "imag": "x"}}, "`real` and `imag` of one shape"),
    ],
)
def test_bad_input_is_named(parameters: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        coherent_collision(**parameters)


def test_far_too_many_collisions_are_refused_at_once() -> None:
    with pytest.raises(TooLarge, match="`collisions` must be at most 1,000,000, but is 1,000,000,000"):
        coherent_collision(collisions=10**9)


def test_unknown_measurement() -> None:
    with pytest.raises(UnknownName, match="eigenbasis"):
        build_model("coherent-collision", measure="eigenbase")


def test_closed_form_refuses_what_has_no_steady_state() -> None:
    with pytest.raises(InvalidInput, match="multiple of pi"):
        steady_heat_thermal(interaction_angle=math.pi, exchange_angle=1.0, temperature_hot=2.0, temperature_cold=1.0)


def test_collisions_are_the_papers_unitaries() -> None:
    """Eq. (3) with its plus sign, in the basis with |0> excited."""
    step = coherent_collision(interaction_angle=0.3).steps[1]
    assert isinstance(step, CollisionStep)
    assert isinstance(step.unitary, EnergyConservingUnitary)
    swap = np.eye(4)[[0, 2, 1, 3]]
    np.testing.assert_allclose(step.unitary.matrix(), math.cos(0.3) * np.eye(4) + 1j * math.sin(0.3) * swap, atol=1e-15)
