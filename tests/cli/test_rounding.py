"""Which numbers are shown as 0: those far below what they are differences of, and never one that may be real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from qtraj.cli.exact_table import exact_table
from qtraj.cli.rounding import Rounding, Units
from qtraj.models import build_model
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.exact import exact_report

# A weak process in units of its own: energies of 1e-21, rates of 1e-7.
UNITS = Units(energy=1e-21, rate=1e-7, power=1e-28)


@pytest.mark.parametrize(
    ("key", "rounding", "number"),
    [
        ("mutual_information", 5e-15, 5e-14),
        ("heat_into_environment", 5e-36, 5e-35),
        ("variance_heat", 5e-71, 5e-70),
        ("entropy_production_rate", 5e-22, 5e-21),
        ("at_duration.heat_current_from_hot", 5e-43, 5e-42),
        ("third_cumulant_sigma", 5e-43, 5e-42),
    ],
)
def test_each_kind_has_its_unit(key: str, rounding: float, number: float) -> None:
    judge = Rounding({}, UNITS)
    assert judge.is_all(key, rounding)
    assert judge.is_all(key, -rounding)
    assert not judge.is_all(key, number)


@pytest.mark.parametrize("key", ["mean_sigma", "variance_sigma", "heat_into_cold", "entropy_flux_cold"])
def test_neighbours_are_no_measure(key: str) -> None:
    neighbours = {
        "exp_minus_2sigma": 1e12,
        "initial_free_energy": 1e12,
        "heat_into_hot": -2e12,
        "entropy_flux_hot": 3e9,
    }
    assert not Rounding(neighbours, Units(energy=1.0, rate=1.0, power=1.0)).is_all(key, 1e-12)


def test_a_reservoir_is_measured_by_itself() -> None:
    """The heat into a cold bath is small beside that into a hot one, and as accurate."""
    cold, hot = Units(energy=1e-20), Units(energy=1.0)
    judge = Rounding({}, Units(energy=1.0, parts={"cold": cold, "hot": hot, "not_cold": hot}))
    for key, hidden in (("heat_into.cold", False), ("heat_into_cold", False), ("heat_into.hot", True)):
        assert judge.is_all(key, 1e-26) is hidden
    assert judge.is_all("heat_into_not_cold", 1e-26), "the longest name is the name"


def test_the_third_cumulant_of_what_is_symmetric_is_rounding() -> None:
    judge = Rounding({"variance_sigma": 4.0}, Units())
    assert judge.is_all("third_cumulant_sigma", -7e-14)
    assert not judge.is_all("third_cumulant_sigma", 9e-14)
    assert not judge.is_all("third_cumulant_xi", 9e-14)


@pytest.mark.parametrize("key", ["probability_no_jump", "absolute_irreversibility", "exp_minus_sigma", "mean_jumps"])
def test_what_is_accurate_however_small_is_shown(key: str) -> None:
    assert not Rounding({"mean_sigma": 1.0}, Units(energy=1.0, rate=1.0)).is_all(key, 1e-300)


def test_a_sum_has_the_rounding_of_all_its_terms() -> None:
    judge = Rounding({})
    assert not judge.is_all("entropy_flow_into.hot", 5e-14)
    assert judge.is_all("entropy_flow_into.hot", 5e-14, terms=30)
    assert not judge.is_all("entropy_flow_into.hot", 5e-14, terms=20), "they do not all have one sign"


def test_nothing_is_known_without_units() -> None:
    judge = Rounding({})
    assert not judge.is_all("heat_into_environment", 1e-200)
    assert judge.is_all("heat_into_environment", -0.0), "a sign that means nothing"


def test_units_are_those_of_the_process() -> None:
    one, three = (Units.of(build_model("two-qubit-exchange", frequency=frequency)) for frequency in (1.0, 3.0))
    assert set(one.parts) == {"environment", "system"}
    populations = np.exp(build_model("two-qubit-exchange", frequency=3.0).environment.log_populations)
    assert three.parts["environment"].energy == pytest.approx(3 * populations[1])
    assert (one.rate, one.power) == (0.0, 0.0)
    slow, fast = (Units.of(build_model("dephasing-qubit", rate=rate)).rate for rate in (0.1, 0.2))
    assert fast == pytest.approx(2 * slow)


def test_a_cold_bath_is_measured_by_how_seldom_it_excites() -> None:
    baths = Units.of(build_model("two-node-network")).parts
    assert baths["cold"].rate < baths["hot"].rate
    assert set(Units.of(build_model("coherent-collision")).parts) == {"hot", "cold", "system"}


# Two qubits under a partial swap, of which everything is known in as many digits as one likes


def swapped(excited: float, beta: float, angle: float) -> ThermalOperation:
    logarithms = np.array([np.log1p(-excited), np.log(excited)]) if excited > 0.0 else None
    state = [1.0, 0.0] if logarithms is None else State(log_eigenvalues=logarithms, vectors=np.eye(2))
    system = System(energies=[0.0, 1.0], state=state)
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, environment, angle=angle)
    return ThermalOperation(system=system, environment=environment, unitary=unitary)


def terms(excited: float, beta: float, angle: float) -> dict[str, tuple[Decimal, Decimal, int]]:
    """Of every number its value and the sum of its terms without signs, sixty digits, and the power of its unit."""
    with localcontext() as context:
        context.prec = 60
        p, weight = Decimal(excited), (-Decimal(beta)).exp()
        q, swap = weight / (1 + weight), _sine(Decimal(angle)) ** 2
        before, bath = (1 - p, p), (1 - q, q)
        after = (1 - p - swap * (q - p), p + swap * (q - p))
        paths: list[tuple[Decimal, Decimal, Decimal]] = []
        for (n, mu), (m, nu) in product(product((0, 1), repeat=2), repeat=2):
            same = swap if n != mu else Decimal(0)
            chance = before[n] * bath[mu] * (1 - same if (n, mu) == (m, nu) else same if (n, mu) == (nu, m) else 0)
            if chance == 0:
                continue
            logs = before[n].ln(), bath[mu].ln(), -after[m].ln(), -bath[nu].ln()
            paths.append((chance, sum(logs, Decimal(0)), sum(map(abs, logs), Decimal(0))))
        mean = sum((chance * sigma for chance, sigma, _ in paths), Decimal(0))
        absolute = sum((chance * size for chance, _, size in paths), Decimal(0))
        heat = swap * (p - q), swap * (p + q) + q + p
        out = {"heat_into_environment": (*heat, 1), "mean_sigma": (mean, absolute, 1)}
        out["entropy_production"] = out["mean_sigma"]
        for power, name in ((2, "variance_sigma"), (3, "third_cumulant_sigma")):
            moment = sum((chance * (sigma - mean) ** power for chance, sigma, _ in paths), Decimal(0))
            out[name] = moment, sum((chance * size**power for chance, _, size in paths), Decimal(0)), power
        return out


def _sine(angle: Decimal) -> Decimal:
    term, total, order = angle, angle, 1
    while abs(term) > Decimal("1e-70"):
        order += 2
        term *= -angle * angle / (order * (order - 1))
        total += term
    return total


def extremes() -> Iterator[tuple[float, float, float]]:
    yield from ((0.5, beta, 0.7) for beta in (30.0, 35.0, 600.0))
    yield from ((0.1, 1e-13, 0.7), (0.5, 1.0, 1e-7), (0.0, 60.0, 0.4))
    rng = np.random.default_rng(7)
    for _ in range(60):
        beta, angle = 10.0 ** rng.uniform(-13, 2.8), 10.0 ** rng.uniform(-9, 0)
        equilibrium = float(np.exp(-beta) / (1 + np.exp(-beta)))
        yield float(rng.choice([rng.uniform(), 10.0 ** rng.uniform(-20, -1), 0.0, equilibrium])), beta, angle


@cache
def extreme_reports() -> list[tuple[dict[str, tuple[Decimal, Decimal, int]], Units, dict[str, Any]]]:
    """What is so, the units, and what qtraj computes, for each of the extremes."""
    processes = [(parameters, swapped(*parameters)) for parameters in extremes()]
    return [(terms(*parameters), Units.of(process), exact_report(process)) for parameters, process in processes]


def wrongly_hidden(is_all: Callable[[dict[str, Any], Units, str, float], bool]) -> set[str]:
    """Names of numbers that a rule hides although they are more than 1e-13 of what they are differences of."""
    wrong = set()
    for truth, units, document in extreme_reports():
        for section in ("averages", "path_law"):
            entries = document[section]
            for name, (exact, absolute, power) in truth.items():
                shown = entries.get(name)
                if shown is not None and is_all(entries, units, name, shown):
                    one_by_one = Decimal("1e-13") * absolute
                    if abs(exact) > (one_by_one if power != 2 else Decimal("1e-13") * one_by_one):
                        wrong.add(name)
    return wrong


def test_nothing_that_is_hidden_may_be_real() -> None:
    assert wrongly_hidden(lambda entries, units, name, value: Rounding(entries, units).is_all(name, value)) == set()


def test_rules_by_neighbours_and_by_one_nat_hide_what_is_real() -> None:
    """Negative controls: the largest number beside it, and a unit that is the same for all processes."""

    def by_neighbours(entries: dict[str, Any], units: Units, name: str, value: float) -> bool:
        return abs(value) <= 1e-12 * max(abs(other) for other in entries.values() if isinstance(other, float))

    assert {"mean_sigma", "variance_sigma", "heat_into_environment"} <= wrongly_hidden(by_neighbours)
    assert "heat_into_environment" in wrongly_hidden(lambda entries, units, name, value: abs(value) <= 1e-14)


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ((0.5, 30.0, 0.7), ["mean_sigma", "variance_sigma", "third_cumulant_sigma", "entropy_production"]),
        ((0.1, 1e-13, 0.7), ["heat_into_environment"]),
        ((0.0, 60.0, 0.4), ["heat_into_environment"]),
    ],
)
def test_the_table_shows_what_is_real(parameters: tuple[float, float, float], names: list[str]) -> None:
    process = swapped(*parameters)
    rows = [row.split() for row in exact_table("x", exact_report(process), units=Units.of(process)).splitlines()]
    expected = terms(*parameters)
    for name in names:
        (shown,) = {row[1] for row in rows if row and row[0] == name}
        assert float(shown) == pytest.approx(float(expected[name][0]), rel=1e-6)


def test_a_current_between_two_cold_baths_is_shown() -> None:
    """They hardly ever excite, so that it is 1e-26, and yet no rounding: rate equations have it in closed form."""
    hot, cold = np.exp(-60.0), np.exp(-61.0)
    lowering = [[0.0, 1.0], [0.0, 0.0]]
    channels = [
        Channel(operator=lowering, bath=bath, rate=1.0, energy=1.0, inverse_temperature=beta)
        for bath, beta in (("hot", 60.0), ("cold", 61.0))
    ]
    process = JumpProcess(system=System(energies=[0.0, 1.0], state=[1.0, 0.0]), channels=channels, duration=1.0)
    averages = exact_report(process)["averages"]
    judge, current = Rounding(averages, Units.of(process)), averages["heat_current_from_hot"]
    assert current == pytest.approx((hot - cold) / (2 + hot + cold), rel=1e-6)
    assert not judge.is_all("heat_current_from_hot", current)
    assert not judge.is_all("heat_into_hot", averages["heat_into_hot"])
    assert judge.is_all("heat_current_from_hot", 1e-16 * hot)
