"""What a person reads of the exact numbers: grouped by what they are about, without the dust of rounding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import numpy as np

from qtraj.cli.rounding import Rounding, Units

__all__ = ["exact_table"]

MOST_ENTRIES: Final = 8
"""Rows and columns shown of a matrix."""

_HOW_TO_READ: Final = {
    "populations": "populations are those of the eigenstates of H",
    "state": "states are in the basis that H was given in",
    "transition_matrix": "a column of transition_matrix is a level before, a row one after",
}
"""What matrices and vectors refer to, by the end of their names."""

_PER_COLLISION: Final = ("heat_into.", "entropy_flow_into.", "entropy_production_of_collisions")
"""Tables with one number a collision, whose sum is what most people want."""


def exact_table(
    name: str,
    document: Mapping[str, Any],
    *,
    units: Units | None = None,
    own: Set[str] = frozenset(),
    own_title: str = "of this model",
) -> str:
    """The numbers of `exact`, one a line, twelve digits, rounding as 0; why one is missing stands beside it.

    Args:
        name: What the experiment is called.
        document: The JSON object of `exact`, whose notes come last.
        units: What the numbers of the process are differences of; below the rounding of that nothing is shown.
        own: Averages that only this model has.
        own_title: What these are.
    """
    finite = document["path_law"].get("normalisation") is not None
    source = "the probabilities of all paths" if finite else "maps that count as they evolve"
    averages = dict(_flat(document["averages"]))
    sections = [("averages", title, keys) for title, keys in _groups(document["process"], averages, own, own_title)]
    law = dict(_flat(document["path_law"]))
    sections.append(("path_law", f"path law, from {source} (nats, hbar = k_B = 1)", {key: key for key in law}))
    lines = [f"{name}: {document['process']}"]
    given: set[str] = set()
    for section, title, keys in sections:
        entries = averages if section == "averages" else law
        rounding = Rounding(entries, units)
        width = max(len(shown) for shown in keys.values()) + 2
        lines += ["", title]
        for key, shown in keys.items():
            text = _value(key, entries[key], rounding)
            if entries[key] is None:
                reason = document["reasons"].get(f"{section}.{key}", "not defined")
                text = "- (for the same reason)" if reason in given else f"- ({reason})"
                given.add(reason)
            first, *rest = text.splitlines()
            lines.append(f"  {shown:<{width}}{first}")
            lines += [f"  {'':<{width}}{row}" for row in rest]
    arrays = [key for entries in (averages, law) for key, value in entries.items() if isinstance(value, dict | list)]
    reading = [text for end, text in _HOW_TO_READ.items() if any(_ends(key, end) for key in arrays)]
    if reading:
        lines += ["", "; ".join(reading)]
    for note in document.get("notes", ()):
        lines += ["", note]
    return "\n".join(lines)


def _ends(key: str, end: str) -> bool:
    return key.rpartition(".")[2].endswith(end)


def _groups(
    process: str, averages: Mapping[str, Any], own: Set[str], own_title: str
) -> Iterator[tuple[str, dict[str, str]]]:
    """Titles, and under each the keys with what is shown for them."""
    units = "(nats, hbar = k_B = 1)"
    # A model may repeat under a flat name what is in a table already: `heat_into_hot` beside `heat_into.hot`.
    repeated = {key for key in own if any(_is_same(key, other, averages) for other in averages)}
    ours = [key for key in averages if key in own and key not in repeated]
    general = [key for key in averages if key not in own]
    at_end = [key for key in general if key.startswith("at_duration.")]
    steady = _steady_keys(averages) if process == "jump-process" else set[str]()
    title = "averages over the duration" if process == "jump-process" else "averages"
    yield (
        f"{title}, from density matrices {units}",
        {key: key for key in general if key not in at_end and key not in steady},
    )
    if steady:
        yield f"in the steady state {units}", {key: key for key in general if key in steady}
    if at_end:
        yield f"at the end of the duration {units}", {key: key.removeprefix("at_duration.") for key in at_end}
    if ours:
        yield f"{own_title} {units}", {key: key for key in ours}


def _steady_keys(averages: Mapping[str, Any]) -> set[str]:
    """What a jump process has of the steady state, and, under the same names, of the end."""
    end = {key.removeprefix("at_duration.") for key in averages if key.startswith("at_duration.")}
    return end | {key for key in averages if key.startswith("steady_")}


def _is_same(key: str, other: str, averages: Mapping[str, Any]) -> bool:
    return other != key and other.replace(".", "_") == key and averages[other] == averages[key]


def _flat(section: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The numbers and matrices of a section, those of its tables under dotted names."""
    for key, value in section.items():
        if isinstance(value, dict) and set(value) != {"real", "imag"}:
            yield from ((f"{key}.{name}", inner) for name, inner in _flat(value))
        else:
            yield key, value


def _value(key: str, value: Any, rounding: Rounding) -> str:
    match value:
        case {"real": real, "imag": imag}:
            return _array(np.asarray(real) + 1j * np.asarray(imag))
        case []:
            return "none"
        case [str(), *_]:
            return "\n".join(value)
        case list() if key.startswith(_PER_COLLISION) and all(isinstance(entry, float) for entry in value):
            total = _float(key, math.fsum(value), rounding, terms=len(value))
            return f"{total} in {len(value)} collisions; one by one with --json"
        case list():
            return _array(np.asarray(value))
        case float():
            return _float(key, value, rounding)
        case _:
            return f"{value:,}" if isinstance(value, int) else str(value)


def _float(key: str, value: float, rounding: Rounding, *, terms: int = 1) -> str:
    return "0" if rounding.is_all(key, value, terms=terms) else f"{value:.12g}"


def _array(array: Any) -> str:
    """A vector on one line, a matrix on one line a row; without minus signs in front, numbers begin where others do."""
    if max(array.shape) > MOST_ENTRIES:
        return f"{' x '.join(map(str, array.shape))} numbers, see --json"
    rows = np.atleast_2d(array)
    lines = ["  ".join(_number(entry) for entry in row) for row in rows]
    return "\n".join(line[1:] for line in lines) if all(line.startswith(" ") for line in lines) else "\n".join(lines)


def _number(entry: Any) -> str:
    # Adding zero turns the -0.0 of rounding into 0.0.
    real, imaginary = (round(float(part), 6) + 0.0 for part in (entry.real, entry.imag))
    return f"{real: .6f}{imaginary:+.6f}i" if isinstance(entry, complex) else f"{real: .6f}"
