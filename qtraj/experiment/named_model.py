"""Experiment files with `model = "NAME"`, and bare model names: the parameters are those of the model's builder.

The schema of `[parameters]` is read off the builder's signature, so a new model needs nothing here, unless it has
parameters of a type that no model had before: that is one line in `SPELLINGS`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast, get_type_hints

from pydantic import BeforeValidator, create_model

from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.messages import describe, located
from qtraj.experiment.schema import Numbers, Rows, Table, refusal
from qtraj.experiment.states import StateKind, StateTable
from qtraj.models import Model, find_model
from qtraj.models.santos19_davies import StartingState
from qtraj.processes.seam import Process
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

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


def _as_it_is(value: Any, folder: Path) -> Any:
    return value


def _rule(table: StateKind | None, folder: Path) -> Callable[[System], State] | None:
    """A table for a state becomes a rule: only the model knows the system that it is a state of."""
    return None if table is None else lambda bare: table.build(bare, folder)


@dataclass(frozen=True)
class Spelling:
    """How a parameter of some type is written in files.

    Attributes:
        schema: What it must be there.
        argument: Function from that, and the folder of the file, to what the builder takes.
    """

    schema: Any
    argument: Callable[[Any, Path], Any] = _as_it_is


# The types of parameters that files spell otherwise than Python does. All others are checked as they are.
SPELLINGS: Mapping[Any, Spelling] = {
    complex: Spelling(Annotated[complex, BeforeValidator(_complex)]),
    Sequence[float]: Spelling(Numbers),
    Sequence[Sequence[float]]: Spelling(Rows),
    StartingState | None: Spelling(StateTable | None, _rule),
}


class NamedModelFile(ExperimentFile):
    """A whole file, or a bare name with its settings."""

    model: str
    parameters: Table

    def build(self, folder: Path) -> Process:
        """See `ExperimentFile.build`."""
        with located("parameters", type(self.parameters).model_fields):
            process: Process = find_model(self.model).build(**self.arguments(folder))
            return process

    def arguments(self, folder: Path) -> dict[str, Any]:
        """The parameters that are given, as the model's builder takes them."""
        spellings = _spellings(find_model(self.model))
        given = self.parameters.model_fields_set
        return {
            name: how.argument(getattr(self.parameters, name), folder)
            for name, how in spellings.items()
            if name in given
        }


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
    defaults = model.parameters
    fields: dict[str, Any] = {name: (how.schema, defaults[name]) for name, how in _spellings(model).items()}
    return cast(type[Table], create_model(f"{model.name} parameters", __base__=Table, **fields))


def _spellings(model: Model) -> dict[str, Spelling]:
    """How each parameter of a model is written in files."""
    hints = get_type_hints(model.build)
    types = {name: hints.get(name, Any) for name in inspect.signature(model.build).parameters}
    return {name: SPELLINGS.get(hint, Spelling(hint)) for name, hint in types.items()}
