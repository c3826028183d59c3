"""Closed forms of the two-node network against dense master equations, worked cases and the printed formulas."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.models.lk14_closed_forms import appendix_local_current, global_current_of_equation_13, steady_state
from qtraj.models.lk14_network import TwoNodeNetwork
from tests.models.dense_lindblad import dissipate, expectation, stationary
from tests.models.two_node_cases import (
    changed,
    global_jumps,
    hamiltonian,
    local_jumps,
    networks,
    observables,
    two_level_nodes,
)

# A linear system of 16 unknowns whose rates differ by up to 1e4.
DENSE_TOLERANCE = 1e-10

JUMPS = {"local": local_jumps, "global": global_jumps}
REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "reference.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in REFERENCE["cases"] if case["name"].startswith("two-node")}


@pytest.mark.parametrize("statistics", ["spin", "fermion"])
@pytest.mark.parametrize("approach", ["local", "global"])
@given(network=networks("two-level"))
def test_two_level_nodes_against_the_dense_master_equation(
    approach: str, statistics: str, network: TwoNodeNetwork
) -> None:
    """Populations, correlations, currents of Eq. (5), quanta and both entropy rates; spins and fermions alike."""
    a, b = two_level_nodes(statistics)
    energy, jumps = hamiltonian(network, a, b), JUMPS[approach](network, a, b)
    rho = stationary(energy, jumps["hot"] + jumps["cold"])
    found = steady_state(network, approach)
    for name, operator in observables(a, b).items():
        assert getattr(found, name) == pytest.approx(expectation(operator, rho).real, abs=DENSE_TOLERANCE), name
    currents = {bath: expectation(energy, dissipate(jumps[bath], rho)).real for bath in jumps}
    assert currents["hot"] + currents["cold"] == pytest.approx(0, abs=DENSE_TOLERANCE)
    assert found.heat_current_from_hot == pytest.approx(currents["hot"], abs=DENSE_TOLERANCE)
    assert found.heat_current_from_cold == pytest.approx(currents["cold"], abs=DENSE_TOLERANCE)
    clausius = -currents["hot"] / network.temperature_hot - currents["cold"] / network.temperature_cold
    assert found.clausius_rate == pytest.approx(clausius, abs=DENSE_TOLERANCE)
    # Jump by jump: entropy ln(rate down / rate up) per quantum, times how often it happens.
    entropy = 0.0
    for operators in jumps.values():
        for down, up in zip(operators[::2], operators[1::2], strict=True):
            happening = [expectation(jump.conj().T @ jump, rho).real for jump in (down, up)]
            entropy += 2 * math.log(np.linalg.norm(down) / np.linalg.norm(up)) * (happening[0] - happening[1])
    assert found.jump_entropy_rate == pytest.approx(entropy, abs=DENSE_TOLERANCE)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("approach", ["local", "global"])
def test_worked_cases(name: str, approach: str) -> None:
    coupling = {"two-node-oscillators-eps-0.1": 0.1, "two-node-oscillators-eps-1": 1.0}[name]
    found = steady_state(TwoNodeNetwork(coupling=coupling), approach)
    for quantity in ("heat_current_from_hot", "population_hot", "population_cold"):
        expected = CASES[name]["values"][f"{quantity}_{approach}"]
        assert getattr(found, quantity) == pytest.approx(expected, rel=1e-13)


@given(networks())
def test_the_appendix_has_the_same_local_current(network: TwoNodeNetwork) -> None:
    assert appendix_local_current(network) == pytest.approx(
        steady_state(network, "local").heat_current_from_hot, rel=1e-9, abs=1e-13
    )


@given(networks("oscillator"))
def test_equation_13_is_right_once_corrected(network: TwoNodeNetwork) -> None:
    assert global_current_of_equation_13(network, printed=False) == pytest.approx(
        steady_state(network, "global").heat_current_from_hot, rel=1e-9, abs=1e-13
    )


def test_equation_13_as_printed_is_wrong_and_a_sign_test_does_not_see_it() -> None:
    """Negative control for the test above. The misprint costs up to 0.6 % in Fig. 3 and 3.6 % in Fig. 4."""
    strong = [TwoNodeNetwork(coupling=float(coupling)) for coupling in np.linspace(0.2, 7.0, 35)]
    weak = [
        TwoNodeNetwork(frequency_hot=float(frequency), coupling=1e-3, bath_strength=1e-7)
        for frequency in np.linspace(0.5, 40.0, 80)
    ]
    for figure, worst in ((strong, 0.0062), (weak, 0.0358)):
        errors = []
        for network in figure:
            right, printed = (global_current_of_equation_13(network, printed=flag) for flag in (False, True))
            assert right > 0
            assert printed > 0
            errors.append(abs(printed / right - 1))
        assert max(errors) == pytest.approx(worst, abs=2e-4)


@given(networks())
def test_only_the_local_current_can_run_uphill(network: TwoNodeNetwork) -> None:
    """Eq. (9): the sign is that of omega_c/T_c - omega_h/T_h. Quanta never book a negative entropy production."""
    local = steady_state(network, "local")
    bias = network.frequency_cold / network.temperature_cold - network.frequency_hot / network.temperature_hot
    assert local.heat_current_from_hot * bias >= 0
    assert local.jump_entropy_rate >= 0
    found = steady_state(network, "global")
    assert found.heat_current_from_hot * (network.temperature_hot - network.temperature_cold) >= 0
    assert found.clausius_rate >= 0
    assert found.jump_entropy_rate == found.clausius_rate


@given(networks(), st.floats(1e-8, 1e-3))
def test_weak_coupling_leaves_populations_alone_but_not_the_current(network: TwoNodeNetwork, smaller: float) -> None:
    """The paper's point: at vanishing coupling the local observables agree, the currents not even in sign."""
    weak = changed(network, coupling=0.0)
    for approach in ("local", "global"):
        if approach == "global" and network.frequency_hot == network.frequency_cold:
            continue
        found = steady_state(weak, approach)
        assert found.heat_current_from_hot == 0
        for name, frequency, temperature in (
            ("population_hot", network.frequency_hot, network.temperature_hot),
            ("population_cold", network.frequency_cold, network.temperature_cold),
        ):
            expected = 1 / (math.exp(frequency / temperature) + network.delta)
            assert getattr(found, name) == pytest.approx(expected, rel=1e-12)
    figure = TwoNodeNetwork(coupling=smaller)
    assert (
        steady_state(figure, "local").heat_current_from_hot < 0 < steady_state(figure, "global").heat_current_from_hot
    )


@pytest.mark.parametrize("medium", ["two-level", "oscillator"])
def test_currents_keep_their_accuracy_near_the_border_of_the_second_law(medium: str) -> None:
    """With omega_h/T_h one part in 1e12 above omega_c/T_c the current is 1e-12 of what it was, to a few digits."""
    border = TwoNodeNetwork(medium=medium, frequency_hot=6.0, coupling=0.1)  # 6/12 = 5/10
    assert steady_state(border, "local").heat_current_from_hot == 0
    above = changed(border, frequency_hot=6.0 * (1 + 1e-6))
    below = changed(border, frequency_hot=6.0 * (1 - 1e-6))
    up, down = (steady_state(each, "local").heat_current_from_hot for each in (below, above))
    assert up == pytest.approx(-down, rel=1e-5)
    assert up > 0


@pytest.mark.parametrize("temperature", [1e-3, 1e-2, 1e6])
@pytest.mark.parametrize("medium", ["two-level", "oscillator"])
@pytest.mark.parametrize("approach", ["local", "global"])
def test_very_cold_and_very_hot_baths(temperature: float, medium: str, approach: str) -> None:
    network = TwoNodeNetwork(medium=medium, temperature_cold=temperature, temperature_hot=2 * temperature)
    found = steady_state(network, approach)
    for name in found.__dataclass_fields__:
        assert math.isfinite(getattr(found, name)), name


def test_equation_13_is_for_oscillators() -> None:
    with pytest.raises(InvalidInput, match="must have oscillators as nodes"):
        global_current_of_equation_13(TwoNodeNetwork(medium="two-level"), printed=False)
