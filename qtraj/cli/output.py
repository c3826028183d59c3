"""Writing to standard output and standard error, whatever stands at their other end."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from qtraj.atomic import in_words
from qtraj.errors import StorageError

__all__ = ["colour_verdicts", "complain", "emit", "emit_json", "plain", "prepare_streams"]

_COLOURS = {"PASS": "32", "FAIL": "31", "INCONCLUSIVE": "33"}
_VERDICT_LINE = re.compile(r"^(PASS|FAIL|INCONCLUSIVE)(?=:)", re.MULTILINE)
_VERDICT_CELL = re.compile(r"\b(fail|inconclusive)$", re.MULTILINE)


def prepare_streams() -> None:
    """Let a terminal that lacks a letter show a replacement, instead of stopping the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(errors="backslashreplace")


def emit(text: str) -> None:
    """Write a text to standard output.

    A reader that has seen enough (`| head`) is no error; a full disk is.

    Raises:
        StorageError: If standard output cannot be written.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        raise StorageError(f"standard output could not be written: {in_words(error)}") from error


def emit_json(document: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output, floats at full precision."""
    emit(json.dumps(document, allow_nan=False, indent=2 if _is_terminal() else None))


def complain(text: str) -> None:
    """Write a line to standard error, if there is one."""
    # print(file=None) would write to standard output instead.
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def plain(value: float, name: str, reasons: dict[str, str]) -> float | None:
    """A float for JSON: itself, or None with a sentence under `reasons` if it is not finite."""
    if math.isfinite(value):
        return float(value)
    reasons[name] = "larger than a double-precision number can be" if math.isinf(value) else "not defined"
    return None


def colour_verdicts(text: str) -> str:
    """Colour the verdicts of a report, if standard output is a terminal that wants colours."""
    if not _is_terminal() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    text = _VERDICT_LINE.sub(lambda match: f"\x1b[1;{_COLOURS[match[1]]}m{match[1]}\x1b[0m", text)
    return _VERDICT_CELL.sub(lambda match: f"\x1b[{_COLOURS[match[1].upper()]}m{match[1]}\x1b[0m", text)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _discard_output() -> None:
    """Send what is still buffered nowhere, or Python would try again, and complain, when it exits."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
