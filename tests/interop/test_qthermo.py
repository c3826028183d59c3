"""Baths of qthermo, and of anything that has a name, operators and a temperature."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import qthermo

import qtraj
from qtraj.errors import InvalidInput
from qtraj.interop.qthermo import baths_to_qthermo, jump_process_from_baths
from qtraj.processes.jump_process import JumpProcess

# Two coupled qubits between a hot and a cold bath.
COUPLED = (
    np.kron(np.diag([0.0, 1.0]), np.eye(2)) + np.kron(np.eye(2), np.diag([0.0, 1.6])) + 0.4 * np.eye(4)[[0, 2, 1, 3]]
)
COUPLED = (COUPLED + COUPLED.T) / 2
FLIP = np.array([[0.0, 1.0], [1.0, 0.0]])
COUPLINGS = {"hot": np.kron(FLIP, np.eye(2)), "cold": np.kron(np.eye(2), FLIP)}
TEMPERATURES = {"hot": 2.0, "cold": 0.8}


def davies_baths() -> list[Any]:
    return [
        qthermo.davies_bath(COUPLED, COUPLINGS[name], TEMPERATURES[name], gamma=0.1, name=name)
        for name in ("hot", "cold")
    ]


def process_of(baths: list[Any]) -> JumpProcess:
    return jump_process_from_baths(COUPLED, baths, state=np.eye(4) / 4, duration=5.0)


def test_heat_currents_are_those_of_qthermo() -> None:
    baths = davies_baths()
    process = process_of(baths)
    theirs = qthermo.analyze(COUPLED, baths)
    ours = qtraj.averages(process).to_json()
    for bath in baths:
        current = bath.heat_current(qthermo.steady_state(COUPLED, baths), COUPLED)
        assert ours[f"heat_current_from_{bath.name}"] == pytest.approx(current, abs=1e-10)
        assert ours[f"entropy_flux_{bath.name}"] == pytest.approx(current / bath.temperature, abs=1e-10)
    assert theirs.baths is not None


def test_temperatures_and_names_are_kept() -> None:
    process = process_of(davies_baths())
    assert process.baths == ("hot", "cold")
    assert process.bath_temperature("hot") == 0.5
    for jump in process.jumps:
        beta = process.bath_temperature(jump.bath)
        assert jump.heat is not None
        assert beta is not None
        assert jump.entropy == pytest.approx(beta * jump.heat, abs=1e-9)


def test_the_theorem_holds_on_its_paths() -> None:
    report = qtraj.verify(process_of(davies_baths()), paths=20_000, seed=3, level=1e-9)
    assert str(report.verdict) != "fail", report


def test_there_and_back() -> None:
    process = process_of(davies_baths())
    again = process_of(baths_to_qthermo(process))
    assert again.baths == process.baths
    assert np.allclose(np.sort(again.entropies), np.sort(process.entropies), atol=1e-9)
    assert np.allclose(again.final_state, process.final_state, atol=1e-10)


def test_local_baths_carry_their_own_quantum() -> None:
    """A local bath knows the bare frequency of its site, not the levels of the whole: heat is beta^-1 times entropy."""
    down = np.kron(np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2))
    local = SimpleNamespace(name="hot", temperature=2.0, operators=[down, np.exp(-0.25) * down.T])
    process = jump_process_from_baths(COUPLED, [local], state=np.eye(4) / 4, duration=1.0)
    assert process.jumps[0].entropy == pytest.approx(0.5)
    assert process.jumps[0].heat == pytest.approx(1.0)


def test_noise_without_a_temperature() -> None:
    noise = qthermo.Bath("noise", c_ops=[0.3 * np.kron(np.diag([1.0, -1.0]), np.eye(2))], temperature=None)
    process = process_of([*davies_baths(), noise])
    assert process.bath_temperature("noise") is None
    assert [bath.temperature for bath in baths_to_qthermo(process)] == [2.0, 0.8, None]


@pytest.mark.parametrize(
    ("baths", "complaint"),
    [
        ([object()], "must have `name`, `temperature` and `c_ops`"),
        ([SimpleNamespace(name="a", temperature=0.0, c_ops=[])], "must be positive and finite, but is 0"),
        ([SimpleNamespace(name="a", temperature="hot", c_ops=[])], "must be a number, but is 'hot'"),
        ([SimpleNamespace(name="a", temperature=1.0, c_ops=[])] * 2, "two are called 'a'"),
        ([SimpleNamespace(name="a", temperature=1.0, c_ops=[np.eye(4, k=1)])], "has no partner"),
    ],
)
def test_baths_that_are_none(baths: list[Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        process_of(baths)


def test_a_temperature_that_contradicts_the_rates() -> None:
    (hot, cold) = davies_baths()
    wrong = SimpleNamespace(name="hot", temperature=3.0, c_ops=hot.c_ops)
    with pytest.raises(InvalidInput, match="must obey local detailed balance"):
        process_of([wrong, cold])
