"""Sentences that guess what was meant."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from qtraj.errors import InvalidExperiment, InvalidInput, UnknownName
from qtraj.experiment import load_experiment
from qtraj.experiment.messages import hint
from qtraj.reproduce.registry import find_reproduction


def complaint(target: str, *settings: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        load_experiment(target, settings)
    return str(caught.value)


def test_a_temperature_is_an_inverse_one() -> None:
    assert "did you mean 'beta', the inverse temperature?" in complaint("davies-qutrit", "temperature=2")
    assert "did you mean 'beta_a', the inverse temperature?" in complaint("resonant-pair", "temperature_a=2")
    assert "did you mean 'beta_a' or 'beta_b', the inverse temperature?" in complaint("resonant-pair", "T=2")
    # The argument of the Python classes, as it is and with the name of a bath.
    assert "did you mean 'beta', the inverse temperature?" in complaint("davies-qutrit", "inverse_temperature=2")
    assert "did you mean 'beta_a', the inverse" in complaint("resonant-pair", "inverse_temperature_a=2")
    # Where temperatures are what is asked for, they are what is suggested.
    assert "did you mean 'temperature_hot'?" in complaint("two-node-network", "temperature_hott=2")
    assert hint("colour", ["beta"]) == "known are beta"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("pi/4", math.pi / 4),
        ("-3*pi/4", -3 * math.pi / 4),
        ("2pi", 2 * math.pi),
        ("0.5 * pi", math.pi / 2),
        ("π", math.pi),
    ],
)
def test_multiples_of_pi_are_worked_out_and_not_taken(formula: str, value: float) -> None:
    text = complaint("two-qubit-exchange", f"angle={formula}")
    assert "must be a real number and no formula" in text
    assert text.endswith(f"; write {value!r}")
    load_experiment("two-qubit-exchange", [f"angle={text.rpartition(' ')[2]}"])


@pytest.mark.parametrize("text", ["pie", "pi/0", "3/4", "sqrt(2)", "long"])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert complaint("two-qubit-exchange", f"angle={text}").endswith(f"must be a real number, but is {text!r}")


def test_files_beside_a_mistyped_one_are_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "qubit_swap.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert complaint("qubit_swp.toml").endswith("but 'qubit_swp.toml' is neither; did you mean 'qubit_swap.toml'?")
    assert complaint(str(tmp_path / "qubit_swap.tml")).endswith(f"did you mean '{tmp_path / 'qubit_swap.toml'}'?")
    assert complaint("two-qubit-exchang").endswith("did you mean 'two-qubit-exchange'?")
    assert "known are two-qubit-exchange, davies-qutrit" in complaint("zzz")
    with pytest.raises(InvalidExperiment):
        load_experiment("no/such/folder/x.toml")


def test_the_beginning_of_a_name_is_enough_of_a_hint() -> None:
    with pytest.raises(
        UnknownName, match=r"did you mean 'li18-heat-current', 'li18-phase', .* or 'li18-linear-response'"
    ):
        find_reproduction("li18")
    with pytest.raises(UnknownName, match="did you mean 'lk14-sign-map'"):
        find_reproduction("lk14-singmap")
