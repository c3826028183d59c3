"""The kinds of `[correlations]`: what a joint start has beyond the product of the local states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidExperiment, InvalidState
from qtraj.experiment.schema import Kinds, Matrix, Rows, Table
from qtraj.quantum.matrices import as_matrix

__all__ = ["CorrelationsTable", "build_correlations", "limit_of_strength"]

# How the floors below, which know no strength, say that correlations leave no state.
_TOO_STRONG = re.compile(r"`correlations` must .*; (they may be at most \S+ times as strong)")


class CorrelationsKind(Table):
    """What every kind of correlations has and can do."""

    kind: str
    strength: float = 1.0

    @property
    def accuracy(self) -> float | None:
        """Absolute error of the elements; None for that of a difference of density matrices."""
        return None

    def matrix(self, size: int, folder: Path) -> ComplexArray:
        """The correlations of strength 1, shape (size, size); `folder` is that of the experiment file."""
        raise NotImplementedError


class MatrixCorrelations(CorrelationsKind, Matrix):
    """A Hermitian matrix without partial traces: `real`, `imag` or `file`; `kind` may be left out."""

    kind: Literal["matrix"] = "matrix"

    def matrix(self, size: int, folder: Path) -> ComplexArray:
        """See `CorrelationsKind.matrix`."""
        return as_matrix(self.array(folder), "correlations", (size, size))


class ElementCorrelations(CorrelationsKind):
    """The elements that are not zero, [row, column, real part, imaginary part] each; their conjugates follow."""

    kind: Literal["elements"]
    elements: Rows

    @property
    def accuracy(self) -> float | None:
        """Typed one by one, they are meant as they are, however small."""
        return 0.0

    def matrix(self, size: int, folder: Path) -> ComplexArray:
        """See `CorrelationsKind.matrix`."""
        if len(self.elements[0]) not in (3, 4):
            raise InvalidExperiment(
                "`correlations.elements` must hold entries [row, column, real part] or [row, column, real part, "
                f"imaginary part], but they have {len(self.elements[0])} numbers",
                measured=len(self.elements[0]),
            )
        matrix = np.zeros((size, size), dtype=np.complex128)
        given = set[tuple[int, int]]()
        for k, entry in enumerate(self.elements):
            place = f"`correlations.elements.{k}`"
            row, column = (_index(index, place, size) for index in entry[:2])
            value = complex(*entry[2:])
            if (row, column) in given or (column, row) in given:
                raise InvalidExperiment(f"{place} must be new, but [{row}, {column}] or its conjugate is given before")
            if row == column and value.imag:
                raise InvalidExperiment(
                    f"{place} must be real on the diagonal, but has the imaginary part {value.imag:g}"
                )
            given.add((row, column))
            matrix[row, column], matrix[column, row] = value, value.conjugate()
        return matrix


CorrelationsTable: TypeAlias = Annotated[CorrelationsKind, Kinds(MatrixCorrelations, ElementCorrelations)]


def build_correlations(table: CorrelationsTable, size: int, folder: Path) -> ComplexArray:
    """The correlations that `[correlations]` describes, shape (size, size)."""
    correlations: ComplexArray = table.strength * table.matrix(size, folder)
    return correlations


@contextmanager
def limit_of_strength(strength: float) -> Iterator[None]:
    """Inside the `with`, an error says how strong correlations may be, and not by which factor they are too strong.

    Example:
        >>> from qtraj.errors import InvalidState
        >>> text = "`correlations` must fit, but do not; they may be at most 0.5 times as strong"
        >>> with limit_of_strength(-3.0):
        ...     raise InvalidState(text, measured=0.5)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidState: `correlations` must fit, but do not; `correlations.strength` may be at least -1.5
    """
    try:
        yield
    except InvalidState as error:
        if (found := _TOO_STRONG.fullmatch(str(error))) and error.measured is not None:
            bound = f"at {'most' if strength > 0 else 'least'} {strength * error.measured:.6g}"
            error.args = (str(error).replace(found[1], f"`correlations.strength` may be {bound}"),)
        raise


def _index(given: float, place: str, size: int) -> int:
    if not (given.is_integer() and 0 <= given < size):
        raise InvalidExperiment(f"{place} must name rows and columns from 0 to {size - 1}, but names {given:g}")
    return int(given)
