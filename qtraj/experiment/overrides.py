"""`--set key=value`: reading the value, and putting it where the dotted key points.

Nothing is checked here but that the place can exist. The schema, which sees the document afterwards, knows which keys
there are and what they may hold, so a setting and a line in the file are judged alike.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from typing import Any

from qtraj.errors import InvalidExperiment
from qtraj.experiment.messages import describe, dotted

__all__ = ["apply_setting", "find_non_finite", "parse_setting", "read_value"]

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def parse_setting(text: str) -> tuple[list[str], Any]:
    """Split `key=value` into the parts of the key and the value, read as JSON, else as TOML, else as plain text.

    Raises:
        InvalidExperiment: If there is no key, or the value is or holds NaN or an infinity.

    Example:
        >>> parse_setting("environment.beta=0.6")
        (['environment', 'beta'], 0.6)
        >>> parse_setting('system.state={kind="gibbs", beta=1}')
        (['system', 'state'], {'kind': 'gibbs', 'beta': 1})
        >>> parse_setting("unitary.kind=haar")
        (['unitary', 'kind'], 'haar')
    """
    key, equals, raw = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise InvalidExperiment(f"`--set` must be followed by key=value, with a dotted key, but got {text!r:.80}")
    value = read_value(raw.strip())
    place = find_non_finite(value)
    if place is not None:
        raise InvalidExperiment(f"`{dotted([*parts, *place])}` must be finite, but is {raw.strip()[:40]}")
    return parts, value


def find_non_finite(value: Any) -> list[int | str] | None:
    """Where in a document the first NaN or infinity is, or None."""
    # Not recursive: how deep documents may nest is for the parsers to say, not for Python's stack.
    waiting: list[tuple[list[int | str], Any]] = [([], value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return place
        if isinstance(item, dict):
            waiting += [([*place, key], part) for key, part in reversed(item.items())]
        elif isinstance(item, list):
            waiting += [([*place, index], part) for index, part in reversed(list(enumerate(item)))]
    return None


def apply_setting(document: dict[str, Any], parts: list[str], value: Any) -> None:
    """Put `value` at the dotted key of `document`, which is changed; tables on the way are made.

    Raises:
        InvalidExperiment: If the key leads through a value that has no parts, or to a list position that is not there.

    Example:
        >>> document = {"system": {"energies": [0.0, 1.0]}}
        >>> apply_setting(document, ["system", "energies", "1"], 2.0)
        >>> apply_setting(document, ["ensemble", "seed"], 7)
        >>> document
        {'system': {'energies': [0.0, 2.0]}, 'ensemble': {'seed': 7}}
    """
    place: Any = document
    for depth, part in enumerate(parts):
        last = depth == len(parts) - 1
        if isinstance(place, list):
            index = _position(place, parts[: depth + 1])
            if last:
                place[index] = value
            place = place[index]
        elif isinstance(place, dict):
            if last:
                place[part] = value
            # What is left open (null, as a default may be) becomes a table like what is not there at all.
            elif place.get(part) is None:
                place[part] = {}
            place = place[part]
        else:
            raise InvalidExperiment(
                f"`{dotted(parts)}` must be a key of the experiment, but `{dotted(parts[:depth])}` {describe(place)} "
                "and has no parts"
            )


def _position(entries: list[Any], parts: list[str]) -> int:
    if _INDEX.fullmatch(parts[-1]) and int(parts[-1]) < len(entries):
        return int(parts[-1])
    there = f"positions 0 to {len(entries) - 1}" if entries else "no positions"
    raise InvalidExperiment(
        f"`{dotted(parts)}` must be a position in a list that has {there}, but is {parts[-1]!r:.40}"
    )


def read_value(raw: str) -> Any:
    """What a word of the command line means: JSON, else TOML, else plain text.

    Example:
        >>> read_value("0.6"), read_value("haar")
        (0.6, 'haar')
    """
    try:
        return json.loads(raw, parse_constant=float)
    except (ValueError, RecursionError):
        pass
    try:
        document = tomllib.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        return raw
    # A line break in the value could smuggle in further keys; then it was plain text.
    return document["value"] if set(document) == {"value"} else raw
