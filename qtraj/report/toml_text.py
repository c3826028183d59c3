"""An experiment written as TOML: what the reader of a report saves to a file to run it again.

The standard library reads TOML and does not write it. Experiment files use little of it: tables of strings, numbers,
truth values, lists and inline tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

__all__ = ["toml_text"]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(document: Mapping[str, Any]) -> str:
    """Write a document; reading it gives the same document, every number to the last digit.

    Args:
        document: Tables, lists, strings, numbers and truth values. What is None is left out: TOML has no such value.

    Example:
        >>> print(toml_text({"kind": "davies", "system": {"energies": [0.0, 1.0]}}), end="")
        kind = "davies"
        <BLANKLINE>
        [system]
        energies = [0.0, 1.0]
    """
    return "\n".join(_lines(document, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    # Plain keys come first: below the heading of a table they would belong to it.
    for key, value in table.items():
        if value is not None and not _is_block(value, path):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        name = ".".join(_key(part) for part in (*path, key))
        if isinstance(value, Mapping) and _is_block(value, path):
            yield from ("", f"[{name}]", *_lines(value, (*path, key)))
        elif isinstance(value, list) and _is_block(value, path):
            for entry in value:
                yield from ("", f"[[{name}]]", *_lines(entry, (*path, key)))


def _is_block(value: Any, path: tuple[str, ...]) -> bool:
    """Whether a value gets a heading of its own: tables, lists of tables, and single reservoirs."""
    if isinstance(value, Mapping):
        return not path or (len(path) == 1 and path[0] == "reservoirs")
    return not path and isinstance(value, list) and bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | float():
            return repr(value)
        case Mapping():
            inner = ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items() if entry is not None)
            return f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            return f"[{', '.join(_value(entry) for entry in value)}]"
        case _:
            raise TypeError(f"TOML has no {type(value).__name__}")


def _string(text: str) -> str:
    # JSON's strings are TOML's, but for one character that TOML wants escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
