"""The registry of named models: names, defaults, parameters, and what is said about a misspelt one."""

from __future__ import annotations

import inspect
import json

import pytest

from qtraj.errors import UnknownName
from qtraj.models.registry import MODELS, build_model, find_model
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.thermal_operation import ThermalOperation


@pytest.mark.parametrize("name", MODELS)
def test_a_bare_name_builds_and_everything_is_documented(name: str) -> None:
    """Every parameter has a default and a line in the builder's documentation."""
    model = find_model(name)
    assert model.name == name
    process = build_model(name)
    assert isinstance(process, ThermalOperation | CollisionModel | JumpProcess)
    assert model.summary.endswith("]).") or model.summary.endswith(".")
    documentation = inspect.getdoc(model.build) or ""
    for parameter, default in model.parameters.items():
        assert default is not inspect.Parameter.empty
        assert f"{parameter}:" in documentation


CONTRACT = {
    "two-qubit-exchange": "angle frequency beta_system beta_environment correlation",
    "davies-qutrit": "energies beta rates duration state",
    "resonant-pair": "frequency_a frequency_b beta_a beta_b rate_a rate_b noise_strength statistics duration",
    "dephased-junction": "energy_left energy_right tunnelling beta_left beta_right dephasing duration",
    "dephasing-qubit": "energy x z rate duration",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_parameters_keep_their_contract(name: str) -> None:
    assert list(find_model(name).parameters) == CONTRACT[name].split()


@pytest.mark.parametrize("name", MODELS)
def test_defaults_and_own_averages_are_plain_enough_for_json(name: str) -> None:
    """Files and the command line write them down; infinities become null there, nothing else may be odd."""
    model = find_model(name)
    json.dumps({key: value for key, value in model.parameters.items() if not isinstance(value, complex)})
    json.dumps(model.own_averages(model.build()), allow_nan=False)


def test_own_averages_follow_the_parameters() -> None:
    model = find_model("resonant-pair")
    still = model.own_averages(model.build(noise_strength=0.0), noise_strength=0.0)
    assert still["heat_current_from_a"] == 0.0
    assert model.own_averages(model.build())["heat_current_from_a"] > 0.01


def test_a_model_without_own_averages_has_none() -> None:
    assert find_model("two-qubit-exchange").own_averages(build_model("two-qubit-exchange")) == {}


def test_misspelt_names_are_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="model 'two-qubit-exchnge' is not known; did you mean 'two-qubit-exchange'"):
        build_model("two-qubit-exchnge")
    with pytest.raises(UnknownName, match="parameter of two-qubit-exchange 'angel' is not known; did you mean 'angle'"):
        build_model("two-qubit-exchange", angel=0.3)


def test_the_registry_cannot_be_changed_through_a_models_parameters() -> None:
    find_model("two-qubit-exchange").parameters["angle"] = 7.0
    assert find_model("two-qubit-exchange").parameters["angle"] != 7.0
