"""What all tables of an experiment file share: strictness, numbers, matrices, and tables of several kinds.

Strict means: an unknown key is an error and not a comment, a whole number will do as a real one but nothing else is
converted, true is not 1, and nothing is infinite.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, model_validator
from pydantic_core import PydanticCustomError, core_schema

from qtraj.experiment.files import read_matrix
from qtraj.experiment.messages import TAG, describe, found, hint

__all__ = [
    "Inline",
    "Kinds",
    "Matrix",
    "NonNegative",
    "Numbers",
    "Operator",
    "Positive",
    "Rows",
    "Seed",
    "Table",
    "Vector",
    "refusal",
]


def refusal(text: str) -> PydanticCustomError:
    """An error of our own; `{path}` in the text stands for the dotted path of the table."""
    # The text goes in as context, because pydantic would take any other brace in it for a placeholder.
    return PydanticCustomError("qtraj", "{text}", {"text": text})


class Table(BaseModel):
    """A table of an experiment file. Subclasses list its keys."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, data: Any) -> Any:
        # pydantic's own refusal of extra keys does not know which key was meant.
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    kind = f" of kind {data['kind']}" if "kind" in cls.model_fields and "kind" in data else ""
                    raise refusal(f"`{{path}}`{kind} has no key {key!r:.60}; {hint(str(key), list(cls.model_fields))}")
        return data


def _rectangular(rows: list[list[float]]) -> list[list[float]]:
    lengths = [len(row) for row in rows]
    if min(lengths) != max(lengths):
        raise refusal(
            f"`{{path}}` must have rows of equal length, but they have {min(lengths)} to {max(lengths)} entries"
        )
    return rows


class _Reals:
    """Annotation of a non-empty list of finite real numbers, or of a list of such rows.

    It stops at the first mistake: a matrix of a million wrong entries is one mistake, not a million. (pydantic's own
    `FailFast` says the same, but cannot be hashed, so that unions of such types fail on Python 3.11.)
    """

    def __init__(self, *, rows: bool) -> None:
        self._rows = rows

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        number = core_schema.float_schema(strict=True, allow_inf_nan=False)
        row = core_schema.list_schema(number, min_length=1, strict=True, fail_fast=True)
        if not self._rows:
            return row
        return core_schema.no_info_after_validator_function(
            _rectangular, core_schema.list_schema(row, min_length=1, strict=True, fail_fast=True)
        )


Numbers: TypeAlias = Annotated[list[float], _Reals(rows=False)]
Rows: TypeAlias = Annotated[list[list[float]], _Reals(rows=True)]
NonNegative: TypeAlias = Annotated[float, Field(ge=0)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]
Seed: TypeAlias = Annotated[int, Field(ge=0)]


class Inline(Table):
    """Keys that stand for one complex array: its parts as lists, or a .npy file.

    Keys:
        real: Real part.
        imag: Imaginary part, zero if left out.
        file: Instead of both, a .npy file relative to the experiment file.
    """

    real: Any = None
    imag: Any = None
    file: str | None = None

    @model_validator(mode="after")
    def _exactly_one_source(self) -> Inline:
        if self.file is not None and (self.real is not None or self.imag is not None):
            raise refusal("`{path}` must have either `file`, or `real` and `imag`, but has both")
        if self.file is None and self.real is None:
            raise refusal("`{path}` must have `real` (with `imag`, if not zero) or `file`, but has neither")
        if self.imag is not None and np.shape(self.imag) != np.shape(self.real):
            raise refusal(
                f"`{{path}}` must have `real` and `imag` of one shape, but they have {np.shape(self.real)} and "
                f"{np.shape(self.imag)}"
            )
        return self

    def array(self, folder: Path) -> NDArray[Any]:
        """The array; files are relative to `folder`."""
        if self.file is not None:
            return read_matrix(self.file, folder)
        return np.asarray(self.real, dtype=np.complex128) + 1j * np.asarray(
            0.0 if self.imag is None else self.imag, dtype=np.complex128
        )


class Matrix(Inline):
    """A complex matrix, rows first."""

    real: Rows | None = None
    imag: Rows | None = None


class _RowsWillDo:
    """Annotation of a key where nothing but a matrix can stand: for a real one, its rows alone will do.

    The two ways to write it are told apart by tags and not by trying, so that a mistake is named once and as it was
    written.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        rows = core_schema.no_info_after_validator_function(
            lambda rows: Matrix(real=rows), handler.generate_schema(Rows)
        )
        return core_schema.tagged_union_schema(
            {TAG + "rows": rows, TAG + "table": handler(source)},
            discriminator=lambda value: TAG + ("rows" if isinstance(value, list) else "table"),
        )


Operator: TypeAlias = Annotated[Matrix, _RowsWillDo()]


class Vector(Inline):
    """A complex vector."""

    real: Numbers | None = None
    imag: Numbers | None = None


class Kinds:
    """Annotation of a table that comes in several kinds, told apart by its key `kind`.

    Each kind is a `Table` with a field `kind: Literal["name"]`. The one kind whose `kind` has a default may leave it
    out, if a key that only this kind has says so. A new kind is a new class, listed where the annotation is used.

    Args:
        kinds: The classes.
    """

    def __init__(self, *kinds: type[Table]) -> None:
        self._kinds = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in kinds}
        self._implied: dict[str, str] = {}
        for name, kind in self._kinds.items():
            if not kind.model_fields["kind"].is_required():
                others = set().union(*(set(other.model_fields) for other in kinds if other is not kind))
                self._implied |= dict.fromkeys(set(kind.model_fields) - others, name)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        union = core_schema.tagged_union_schema(
            {TAG + name: handler.generate_schema(kind) for name, kind in self._kinds.items()},
            discriminator=lambda value: TAG + str(self._kind_of(value)),
        )
        return core_schema.no_info_before_validator_function(self._known, union)

    def _kind_of(self, value: dict[str, Any]) -> Any:
        if "kind" in value:
            return value["kind"]
        return next((self._implied[key] for key in value if key in self._implied), None)

    def _known(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise refusal(f"`{{path}}` must be a table with a `kind`, but {describe(value)}")
        kind = self._kind_of(value)
        if not isinstance(kind, str) or kind not in self._kinds:
            raise refusal(f"`{{path}}.kind` must be one of {', '.join(self._kinds)}, but {found(kind, self._kinds)}")
        return value
