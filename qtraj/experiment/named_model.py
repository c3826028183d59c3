"""Experiment files with `model = "NAME"`, and bare model names: the parameters are those of the model's builder.

The schema of `[parameters]` is read off the builder's signature, so a new model needs nothing here.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast, get_type_hints

from pydantic import BeforeValidator, create_model

from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.messages import describe, located
from qtraj.experiment.schema import Table, refusal
from qtraj.models import Model, find_model
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["NamedModelFile", "model_file"]

LARGEST_FLOAT = sys.float_info.max


def _complex(value: Any) -> Any:
    """TOML and JSON have no complex numbers, so a pair of real ones in a table will do."""
    pair = [value.get(part, 0.0) for part in ("real", "imag")] if isinstance(value, dict) else [value, 0.0]
    known = not isinstance(value, dict) or set(value) <= {"real", "imag"}
    if not known or any(isinstance(part, bool) or not isinstance(part, int | float) for part in pair):
        raise refusal(f"`{{path}}` must be a number, or {{ real = ..., imag = ... }}, but {describe(value)}")
    if max(abs(part) for part in pair) > LARGEST_FLOAT:
        raise refusal("`{path}` must stay below 1e308, but is larger")
    return complex(*pair)


Complex: TypeAlias = Annotated[complex, BeforeValidator(_complex)]


class NamedModelFile(ExperimentFile):
    """A whole file, or a bare name with its settings."""

    model: str
    parameters: Table

    def build(self, folder: Path) -> ThermalOperation:
        """See `ExperimentFile.build`."""
        given = {name: getattr(self.parameters, name) for name in self.parameters.model_fields_set}
        with located("parameters", type(self.parameters).model_fields):
            return find_model(self.model).build(**given)


def model_file(name: str) -> type[NamedModelFile]:
    """The schema of files for the model of that name.

    Raises:
        UnknownName: With the nearest known name.
    """
    model = find_model(name)
    parameters = _parameters_of(model)
    # A subclass, so that mistakes in the parameters are found with those of the rest of the file and named like them.
    return create_model(f"{name} file", __base__=NamedModelFile, parameters=(parameters, parameters()))


def _parameters_of(model: Model) -> type[Table]:
    hints = get_type_hints(model.build)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(model.build).parameters.items():
        hint = hints.get(name, Any)
        fields[name] = (Complex if hint is complex else hint, parameter.default)
    return cast(type[Table], create_model(f"{model.name} parameters", __base__=Table, **fields))
