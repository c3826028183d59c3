"""The registry of named models: names, defaults, parameters, and what is said about a misspelt one."""

from __future__ import annotations

import inspect

import pytest

from qtraj.errors import UnknownName
from qtraj.models.registry import MODELS, build_model, find_model
from qtraj.processes.thermal_operation import ThermalOperation


@pytest.mark.parametrize("name", MODELS)
def test_a_bare_name_builds_and_everything_is_documented(name: str) -> None:
    """Every parameter has a default and a line in the builder's documentation."""
    model = find_model(name)
    assert model.name == name
    assert isinstance(build_model(name), ThermalOperation)
    assert model.summary.endswith("]).") or model.summary.endswith(".")
    documentation = inspect.getdoc(model.build) or ""
    for parameter, default in model.parameters.items():
        assert default is not inspect.Parameter.empty
        assert f"{parameter}:" in documentation


def test_two_qubit_exchange_keeps_its_contract() -> None:
    assert set(find_model("two-qubit-exchange").parameters) == {
        "angle",
        "frequency",
        "beta_system",
        "beta_environment",
        "correlation",
    }


def test_misspelt_names_are_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="model 'two-qubit-exchnge' is not known; did you mean 'two-qubit-exchange'"):
        build_model("two-qubit-exchnge")
    with pytest.raises(UnknownName, match="parameter of two-qubit-exchange 'angel' is not known; did you mean 'angle'"):
        build_model("two-qubit-exchange", angel=0.3)


def test_the_registry_cannot_be_changed_through_a_models_parameters() -> None:
    find_model("two-qubit-exchange").parameters["angle"] = 7.0
    assert find_model("two-qubit-exchange").parameters["angle"] != 7.0
