"""The named models, with their parameters in words and the papers' own figures as defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qtraj.errors import UnknownName
from qtraj.models.santos19 import two_qubit_exchange
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["MODELS", "Model", "build_model", "find_model"]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A named model.

    Attributes:
        name: Its name on the command line.
        source: Key of the paper in the bibliography.
        build: Function from parameters to a process.
    """

    name: str
    source: str
    build: Callable[..., ThermalOperation]

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameter names and their defaults."""
        return {name: p.default for name, p in inspect.signature(self.build).parameters.items()}

    @property
    def summary(self) -> str:
        """First line of the builder's documentation."""
        return (inspect.getdoc(self.build) or "").splitlines()[0]


MODELS: Mapping[str, Model] = {
    model.name: model for model in (Model(name="two-qubit-exchange", source="Santos19", build=two_qubit_exchange),)
}


def find_model(name: str) -> Model:
    """The model of that name.

    Raises:
        UnknownName: With the nearest known name.
    """
    if name not in MODELS:
        raise UnknownName("model", name, MODELS)
    return MODELS[name]


def build_model(name: str, **parameters: Any) -> ThermalOperation:
    """Build a named model.

    Args:
        name: See `MODELS`.
        parameters: Values that differ from the defaults.

    Raises:
        UnknownName: If the model or a parameter is unknown.

    Example:
        >>> build_model("two-qubit-exchange", angle=0.3).inverse_temperature
        1.25
    """
    model = find_model(name)
    for key in parameters:
        if key not in model.parameters:
            raise UnknownName(f"parameter of {name}", key, model.parameters)
    return model.build(**parameters)
