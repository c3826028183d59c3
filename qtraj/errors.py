"""Every exception qtraj raises on purpose.

All of them carry a sentence for people, and the measured number as an attribute for programs.
The command line maps `InvalidInput` to exit code 2 and `StorageError` to exit code 4; anything that is not
a `QtrajError` is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AmbiguousRank",
    "EnergyNotConserved",
    "InvalidExperiment",
    "InvalidInput",
    "InvalidSpectrum",
    "InvalidState",
    "InvalidUnitary",
    "NoFiniteLaw",
    "NotRecorded",
    "QtrajError",
    "StorageError",
    "TooLarge",
    "UnknownName",
    "UnresolvedState",
]


class QtrajError(Exception):
    """Base class of every exception qtraj raises on purpose."""


class InvalidInput(QtrajError, ValueError):
    """An argument breaks a documented requirement.

    Attributes:
        measured: The number that broke the requirement, when there is one.
    """

    def __init__(self, message: str, *, measured: float | None = None) -> None:
        super().__init__(message)
        self.measured = measured


class InvalidSpectrum(InvalidInput):
    """A list of energies is empty, not finite, or otherwise no spectrum."""


class InvalidState(InvalidInput):
    """A matrix or vector is no quantum state: not Hermitian, trace not 1, or negative."""


class AmbiguousRank(InvalidState):
    """An eigenvalue is neither clearly zero nor clearly positive, and <e^-sigma> depends on which."""


class UnresolvedState(InvalidState):
    """A final eigenvalue exists but lies below what double precision can resolve."""


class InvalidUnitary(InvalidInput):
    """A matrix is not unitary, or has the wrong shape."""


class EnergyNotConserved(InvalidUnitary):
    """A unitary or interaction does not commute with the total energy.

    Attributes:
        worst_element: Indices (row, column) of the largest matrix element between different total energies.
    """

    def __init__(
        self, message: str, *, measured: float | None = None, worst_element: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message, measured=measured)
        self.worst_element = worst_element


class InvalidExperiment(InvalidInput):
    """An experiment file or a command-line setting is wrong."""


class TooLarge(InvalidInput):
    """What was asked for does not fit; the message says by how much and what would."""


class NoFiniteLaw(InvalidInput):
    """The paths of a process do not fall into finitely many classes (or far too many): they can only be followed."""


class NotRecorded(InvalidInput):
    """A quantity was asked of a protocol that does not record it."""


class StorageError(QtrajError):
    """A file or folder could not be read, written or locked."""


class UnknownName(InvalidInput):
    """A name is not in the list of known ones; the message suggests the nearest.

    Attributes:
        kind: What kind of name it is.
        name: What was asked for.
        known: The names there are.
        suggestion: The nearest known name, or None.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        near = difflib.get_close_matches(name, self.known, n=1)
        self.suggestion = near[0] if near else None
        hint = f"did you mean {self.suggestion!r}?" if near else f"known: {', '.join(self.known)}"
        super().__init__(f"{kind} {name!r} is not known; {hint}")

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, tuple[str, ...]]]:
        """Pickle by the arguments, not by the message: workers send exceptions home."""
        return type(self), (self.kind, self.name, self.known)
