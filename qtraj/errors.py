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
    "MissingPackage",
    "NoFiniteLaw",
    "NotRecorded",
    "QtrajError",
    "StorageError",
    "TooLarge",
    "UnknownName",
    "UnresolvedState",
]


MOST_SUGGESTIONS = 6
"""Names that begin alike and are listed; as many as a sentence takes."""


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


class MissingPackage(QtrajError, ImportError):
    """An optional package is asked for and not installed; the message has the line that installs it.

    Attributes:
        purpose: What needs it.
        package: Name of the package.
        extra: The extra of qtraj that brings it.
    """

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        self.purpose, self.package, self.extra = purpose, package, extra
        super().__init__(
            f"{purpose} needs the package {package}, but it is not installed; `pip install 'qtraj[{extra}]'`"
        )

    def __reduce__(self) -> tuple[type[MissingPackage], tuple[str, str, str]]:
        """Pickle by the arguments, not by the message: workers send exceptions home."""
        return type(self), (self.purpose, self.package, self.extra)


def _nearest(name: str, known: tuple[str, ...]) -> list[str]:
    """The known names that begin with a name (`li18`, where all of a paper's are meant), or else the most similar."""
    beginning = [one for one in known if name and one.lower().startswith(name.lower())]
    return beginning[:MOST_SUGGESTIONS] or difflib.get_close_matches(name, known, n=1)


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
        # What is no text at all is named by what it is, and nothing is near it.
        near = _nearest(name, self.known) if isinstance(name, str) else []
        self.suggestion = near[0] if near else None
        listed = [repr(one) for one in near]
        if len(listed) > 1:
            hint = f"did you mean {', '.join(listed[:-1])} or {listed[-1]}?"
        else:
            hint = f"did you mean {listed[0]}?" if listed else f"known: {', '.join(self.known)}"
        super().__init__(f"{kind} {' '.join(repr(name).split()):.80} is not known; {hint}")

    def __reduce__(self) -> tuple[type[UnknownName], tuple[str, str, tuple[str, ...]]]:
        """Pickle by the arguments, not by the message: workers send exceptions home."""
        return type(self), (self.kind, self.name, self.known)
