"""`qtraj models`: every parameter with its default and its meaning, as text and as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from qtraj.models import MODELS
from tests.cli.running import MODEL, Run


def test_text_names_every_parameter_with_its_default(run: Run) -> None:
    outcome = run("models")
    for model in MODELS.values():
        assert f"{model.name}  [{model.source}]" in outcome.out
        for name, value in model.parameters.items():
            assert re.search(rf"^ +{name} +{re.escape(json.dumps(value))}$", outcome.out, re.M)


def test_json(run: Run) -> None:
    listed = {entry["name"]: entry for entry in run("models", "--json").json["models"]}
    assert set(listed) == set(MODELS)
    assert listed[MODEL]["source"] == "Santos19"
    assert listed[MODEL]["parameters"]["frequency"] == 1.0
    assert listed[MODEL]["summary"]
    assert listed[MODEL]["meanings"]["angle"] == "Exchange angle theta in radians."


@pytest.mark.parametrize("name", MODELS)
def test_defaults_can_be_set_as_listed(run: Run, name: str) -> None:
    (entry,) = run("models", name, "--json").json["models"]
    defaults = {key: json.dumps(value) for key, value in entry["parameters"].items()}
    settings = [word for key, value in defaults.items() for word in ("--set", f"{key}={value}")]
    assert run("exact", name, "--json", *settings).json["averages"] == run("exact", name, "--json").json["averages"]


@pytest.mark.parametrize("name", MODELS)
def test_one_model_says_what_its_parameters_mean(run: Run, name: str) -> None:
    outcome = run("models", name)
    assert outcome.out.startswith(f"{name}  [")
    assert max(map(len, outcome.out.splitlines())) <= 100
    for key, value in MODELS[name].parameters.items():
        assert re.search(rf"^  {key} = {re.escape(json.dumps(value))}\n      \S", outcome.out, re.M)


def test_entries_of_lists_and_states_left_open_can_be_set(run: Run) -> None:
    def final(*settings: str) -> Any:
        words = [word for setting in settings for word in ("--set", setting)]
        return run("exact", "davies-qutrit", "--json", *words).json["averages"]["initial_populations"]

    assert final("rates.0.2=0.5") == final()
    assert final("state.kind=gibbs", "state.beta=0") == pytest.approx([1 / 3] * 3)
    assert final("state.kind=pure", "state.real=[0, 1, 0]") == [0.0, 1.0, 0.0]
