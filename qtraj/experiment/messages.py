"""From pydantic's errors, and from those of the floors below, to one sentence that names the key of the file.

Every sentence reads "`dotted.key` must ..., but ...", because that is what a person needs: where, what, and what was
found there instead.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from qtraj.errors import InvalidInput

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["TAG", "describe", "dotted", "found", "hint", "located", "sentence"]

TAG: Final = "\0"
"""First character of the tags that tell the kinds of a table apart. pydantic puts tags into the path of an error; with
a character that no one types they cannot be taken for keys."""

_MUST: Final = {
    "missing": "be given",
    "float_type": "be a real number",
    "float_parsing": "be a real number",
    "finite_number": "be finite",
    "int_type": "be a whole number",
    "int_parsing": "be a whole number",
    "int_from_float": "be a whole number",
    "bool_type": "be true or false",
    "string_type": "be text in quotes",
    "list_type": "be a list",
    "dict_type": "be a table",
    "model_type": "be a table",
    "model_attributes_type": "be a table",
    "literal_error": "be {expected}",
    "greater_than": "be above {gt:g}",
    "greater_than_equal": "be at least {ge:g}",
    "less_than": "be below {lt:g}",
    "less_than_equal": "be at most {le:g}",
    "too_short": "have at least one entry",
}

# Not accepted as numbers: a file would then mean something only to qtraj, and the next wish would be `2*pi*0.3/7`.
_NUMBER = r"\d+\.?\d*"
_MULTIPLE_OF_PI = re.compile(
    rf"(?P<sign>[+-]?)(?P<factor>{_NUMBER})?\s*\*?\s*(?:pi|π)\s*(?:/\s*(?P<divisor>{_NUMBER}))?"
)

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LEADING_NAME = re.compile(r"`(\w+)`")


def sentence(error: ValidationError) -> str:
    """Return what is wrong with a file, in one sentence; of several mistakes the first."""
    first: ErrorDetails = error.errors(include_url=False)[0]
    path = dotted(first["loc"])
    context: dict[str, Any] = first.get("ctx", {})
    kind, value = first["type"], first["input"]
    if kind == "qtraj":
        text = str(context["text"])
        return text.replace("{path}", path) if path else text.replace("`{path}`", "the file").replace("{path}.", "")
    if kind == "value_error" and isinstance(context.get("error"), InvalidInput):
        return _relocate(str(context["error"]), path, ())
    if kind == "float_type" and isinstance(value, int) and not isinstance(value, bool):
        return f"`{path}` must stay below 1e308, but is a whole number of {len(str(abs(value)))} digits"
    if kind == "float_type" and isinstance(value, str) and (number := _multiple_of_pi(value)) is not None:
        return f"`{path}` must be a real number and no formula, but {describe(value)}; write {number!r}"
    must = _MUST[kind].format(**context) if kind in _MUST else f"be valid ({first['msg'].rstrip('.')})"
    but = "is missing" if kind == "missing" else describe(value)
    return f"`{path}` must {must}, but {but}" if path else f"the file must {must}, but {but}"


def _multiple_of_pi(text: str) -> float | None:
    """The number that a simple multiple of pi stands for.

    Example:
        >>> _multiple_of_pi("-3*pi/4"), _multiple_of_pi("pie")
        (-2.356194490192345, None)
    """
    found = _MULTIPLE_OF_PI.fullmatch(text.strip())
    if found is None or (found["divisor"] and not float(found["divisor"])):
        return None
    number = float(found["factor"] or 1) * math.pi / float(found["divisor"] or 1)
    return -number if found["sign"] == "-" else number


def dotted(location: Iterable[int | str]) -> str:
    """Return the path of a key as one writes it after `--set`.

    Example:
        >>> dotted(["system", "state", TAG + "matrix", "real", 0])
        'system.state.real.0'
    """
    parts = [str(part) for part in location if not str(part).startswith(TAG)]
    return ".".join(part if _BARE_KEY.fullmatch(part) else _quoted(part) for part in parts)


def describe(value: object) -> str:
    """Say what a value of a file is, in a few words.

    Example:
        >>> describe(True), describe([1, 2]), describe("x" * 100)
        ('is true', 'is a list of 2 entries', "is 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'")
    """
    match value:
        case None:
            return "is nothing"
        case bool():
            return f"is {str(value).lower()}"
        case str():
            return f"is {_quoted(value)}"
        case list() | tuple():
            return f"is a list of {len(value)} entries" if value else "is empty"
        case dict():
            return "is a table"
        case int() | float():
            return f"is {_short(repr(value))}"
        case _:
            return f"is {_short(str(value))}"


def hint(name: str, known: Sequence[str]) -> str:
    """Say which known name is meant, or which there are.

    Example:
        >>> hint("enviroment", ["system", "environment"])
        "did you mean 'environment'?"
        >>> hint("x", ["system", "environment"])
        'known are system, environment'
    """
    if inverse := _inverse_temperatures(name, known):
        return f"did you mean {' or '.join(repr(key) for key in inverse)}, the inverse temperature?"
    if near := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {near[0]!r}?"
    return f"known are {', '.join(known)}"


def _inverse_temperatures(name: str, known: Sequence[str]) -> list[str]:
    """The inverse temperatures among some keys, where one or a temperature is asked for: that of the name, or all."""
    # The longer name is that of the argument in Python.
    asked = name.lower().removeprefix("inverse_")
    if not asked.startswith("temperature") and name != "T":
        return []
    keys = [key for key in known if key.startswith("beta")]
    same = [key for key in keys if key.removeprefix("beta") == asked.removeprefix("temperature")]
    return same or keys


def found(name: object, known: Iterable[str]) -> str:
    """Say what stands where one of the known names should, and which of them may be meant.

    Example:
        >>> found("blok", ["matrix", "bloch"]), found(None, ["matrix", "bloch"])
        ("is 'blok'; did you mean 'bloch'?", 'is missing')
    """
    if name is None:
        return "is missing"
    near = difflib.get_close_matches(name, list(known), n=1) if isinstance(name, str) else []
    return describe(name) + (f"; did you mean {near[0]!r}?" if near else "")


@contextmanager
def located(path: str, keys: Iterable[str] = (), **renamed: str) -> Iterator[None]:
    """Inside the `with`, errors of the floors below get the dotted key of the file they are about.

    The exception keeps its type and its attributes; only the sentence changes.

    Args:
        path: The table or key that is being built; empty for the file as a whole.
        keys: Keys of that table: an error about one of them is about `path.key`.
        renamed: What the floors below call a key, and what it is called in files.

    Example:
        >>> with located("environment", ["beta"], inverse_temperature="beta"):
        ...     raise InvalidInput("`inverse_temperature` must be finite, but is inf")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `environment.beta` must be finite, but is inf
    """
    try:
        yield
    except InvalidInput as error:
        error.args = (_relocate(str(error), path, frozenset(keys), renamed),)
        raise


def _relocate(text: str, path: str, keys: Iterable[str], renamed: dict[str, str] | None = None) -> str:
    """Put the dotted path into a sentence that starts with a bare name, or else in front of it."""
    for name, in_files in (renamed or {}).items():
        # A name of several words is one wherever it stands; `bath` may be an ordinary word as well.
        text = re.sub(rf"\b{name}\b" if "_" in name else f"(?<=`){name}(?=`)", in_files, text)
    if not path:
        return text
    match = _LEADING_NAME.match(text)
    if match:
        name, rest = match[1], text[match.end() :]
        if name == path.rpartition(".")[2]:
            return f"`{path}`{rest}"
        if name in keys:
            return f"`{path}.{name}`{rest}"
    return f"in `{path}`: {text}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}...")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}..."
