"""What is swept over: keys of an experiment with their values, from `[sweep]` and from `--over`.

Both spellings of a value end in the same place: a list is taken as it stands, a range is spread out to one.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np

from qtraj.errors import InvalidExperiment, TooLarge
from qtraj.experiment.messages import describe, dotted, found, hint
from qtraj.experiment.overrides import find_non_finite, read_value

__all__ = ["MODES", "MOST_POINTS", "SCALES", "Mode", "SweepAxis", "Value", "axes_of", "parse_over"]

Value: TypeAlias = float | int | str | bool
Mode: TypeAlias = Literal["grid", "zip"]

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
SCALES: Final = ("linear", "log")

MOST_POINTS: Final = 10_000
"""A point takes from a tenth of a second to minutes: beyond this a sweep is hours of work that nobody can look at."""

_RANGE: Final = ("from", "to", "count", "scale")
_COLONS: Final = re.compile(r"[^,:\[]*(:[^,:]*){1,3}")


@dataclass(frozen=True, kw_only=True)
class SweepAxis:
    """A key of the experiment, and the values it takes.

    Attributes:
        parts: The dotted key of the file, in parts.
        values: Numbers, texts, or truth values; of one sort, all different unless they are zipped with others.

    Example:
        >>> parse_over("parameters.angle=0:1:3")
        SweepAxis(parts=('parameters', 'angle'), values=(0.0, 0.5, 1.0))
    """

    parts: tuple[str, ...]
    values: tuple[Value, ...]

    @property
    def key(self) -> str:
        """The dotted key, as one writes it after `--set`."""
        return ".".join(self.parts)

    @property
    def name(self) -> str:
        """Name in tables and figures: the key, or for a model's parameter the parameter.

        Example:
            >>> parse_over("parameters.angle=0:1:3").name, parse_over("environment.beta=1,2").name
            ('angle', 'environment.beta')
        """
        return ".".join(self.parts[1:]) if self.parts[0] == "parameters" and len(self.parts) > 1 else self.key


def axes_of(table: object) -> tuple[Mode, list[SweepAxis]]:
    """Read the table `[sweep]`: its mode, and its axes in their order.

    Args:
        table: Its content. Keys are dotted, in quotes or not; values are lists, or ranges
            `{ from = 0.1, to = 2.0, count = 20, scale = "log" }`.

    Raises:
        InvalidExperiment: If anything in it is wrong; the sentence names the key.

    Example:
        >>> axes_of({"mode": "zip", "system.state.z": [0.1, 0.2], "environment": {"beta": [1, 2]}})[1][1].key
        'environment.beta'
    """
    if not isinstance(table, dict):
        raise InvalidExperiment(f"`sweep` must be a table, but {describe(table)}")
    mode = table.get("mode", "grid")
    if not isinstance(mode, str) or mode not in MODES:
        raise InvalidExperiment(f"`sweep.mode` must be one of {', '.join(MODES)}, but {found(mode, MODES)}")
    axes: list[SweepAxis] = []
    # Not recursive: how deep tables may nest is for the parser to say, not for Python's stack.
    waiting: list[tuple[tuple[str, ...], Any]] = [((), {key: value for key, value in table.items() if key != "mode"})]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict) and (not place or not _is_range(value)):
            waiting += [((*place, *_parts(key)), entry) for key, entry in reversed(value.items())]
        else:
            axes.append(_axis(place, value))
    return mode, axes


def parse_over(text: str) -> SweepAxis:
    """Read what follows `--over`: `key=START:STOP:COUNT`, the same with `:log` at its end, or `key=a,b,c`.

    Raises:
        InvalidExperiment: If it is none of these.

    Example:
        >>> parse_over("approach=local,global").values
        ('local', 'global')
        >>> [round(value, 6) for value in parse_over("environment.beta=0.01:1:3:log").values]
        [0.01, 0.1, 1.0]
    """
    key, equals, raw = text.partition("=")
    if not equals or not raw.strip() or not all(part.strip() for part in key.split(".")):
        raise InvalidExperiment(
            f"`--over` must be followed by key=START:STOP:COUNT or key=a,b,c, with a dotted key, but got {text!r:.80}"
        )
    parts = _parts(key)
    if _COLONS.fullmatch(raw):
        pieces = [read_value(piece.strip()) for piece in raw.split(":")]
        return _axis(parts, dict(zip(_RANGE, pieces, strict=False)))
    listed = read_value(raw.strip())
    if not isinstance(listed, list):
        listed = [read_value(piece.strip()) for piece in raw.split(",")]
    return _axis(parts, listed)


def _parts(key: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in key.split("."))
    if not all(parts):
        raise InvalidExperiment(f"a key of `sweep` must be dotted, as after `--set`, but is {key!r:.60}")
    return parts


def _is_range(table: dict[str, Any]) -> bool:
    """Whether a table is a range, or else the first part of dotted keys that were written without quotes."""
    # No table of an experiment has `from` or `to`; one has `count`, below which a list or a range would stand.
    ends = "from" in table or "to" in table
    return not table or ends or any(not isinstance(table.get(key, []), list | dict) for key in ("count", "scale"))


def _axis(parts: tuple[str, ...], value: object) -> SweepAxis:
    path = dotted(["sweep", *parts])
    if isinstance(value, dict):
        return SweepAxis(parts=parts, values=_spread(path, value))
    if not isinstance(value, list):
        raise InvalidExperiment(f"`{path}` must be a list of values or a range, but {describe(value)}")
    if not value:
        raise InvalidExperiment(f"`{path}` must have at least one value, but is empty")
    if len(value) > MOST_POINTS:
        raise _too_many(path, len(value))
    for position, entry in enumerate(value):
        _check_value(f"{path}.{position}", entry)
    sorts = {_sort(entry) for entry in value}
    if len(sorts) > 1:
        raise InvalidExperiment(f"`{path}` must have values of one sort, but has {' and '.join(sorted(sorts))}")
    return SweepAxis(parts=parts, values=tuple(value))


def _spread(path: str, table: Mapping[str, Any]) -> tuple[Value, ...]:
    """The values of a range."""
    for key in table:
        if key not in _RANGE:
            raise InvalidExperiment(f"`{path}` has no key {key!r:.60}; {hint(str(key), list(_RANGE))}")
    for key in ("from", "to", "count"):
        if key not in table:
            raise InvalidExperiment(f"`{path}.{key}` must be given, but is missing")
    start, stop, count, scale = table["from"], table["to"], table["count"], table.get("scale", "linear")
    for key, end in (("from", start), ("to", stop)):
        if isinstance(end, bool) or not isinstance(end, int | float):
            raise InvalidExperiment(f"`{path}.{key}` must be a real number, but {describe(end)}")
        _check_value(f"{path}.{key}", end)
    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise InvalidExperiment(f"`{path}.count` must be a whole number from 2 on, but {describe(count)}")
    if count > MOST_POINTS:
        raise _too_many(path, count)
    if not isinstance(scale, str) or scale not in SCALES:
        raise InvalidExperiment(f"`{path}.scale` must be one of {', '.join(SCALES)}, but {found(scale, SCALES)}")
    if start == stop:
        raise InvalidExperiment(
            f"`{path}` must have `from` and `to` apart, but both are {start}", measured=float(start)
        )
    if scale == "log":
        if min(start, stop) <= 0:
            raise InvalidExperiment(
                f"`{path}` must lie above 0 on a logarithmic scale, but begins or ends at {min(start, stop)}",
                measured=float(min(start, stop)),
            )
        return tuple(np.geomspace(start, stop, count).tolist())
    # Levels and numbers of collisions are counted: between whole numbers, in whole steps, values stay whole.
    if isinstance(start, int) and isinstance(stop, int) and (stop - start) % (count - 1) == 0:
        step = (stop - start) // (count - 1)
        return tuple(range(start, stop + (1 if step > 0 else -1), step))
    with np.errstate(over="ignore", invalid="ignore"):
        values = tuple(np.linspace(start, stop, count).tolist())
    if not all(map(math.isfinite, values)):
        raise InvalidExperiment(f"`{path}` must span less than 1e308, but goes from {start} to {stop}")
    return values


def _too_many(path: str, number: int) -> TooLarge:
    return TooLarge(f"`{path}` must have at most {MOST_POINTS:,} values, but has {number:,}", measured=float(number))


def _check_value(path: str, value: object) -> None:
    if not isinstance(value, bool | int | float | str):
        raise InvalidExperiment(f"`{path}` must be a number, text or truth value, but {describe(value)}")
    if find_non_finite(value) is not None:
        raise InvalidExperiment(f"`{path}` must be finite, but is {value}")
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise InvalidExperiment(f"`{path}` must stay below 1e308, but is larger")


def _sort(value: Value) -> str:
    if isinstance(value, bool):
        return "truth values"
    return "texts" if isinstance(value, str) else "numbers"
