"""The program: words in, exit code out, whatever happens in between."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from qtraj import __version__
from qtraj.cli.arguments import parse
from qtraj.cli.exits import Exit, explain
from qtraj.cli.manual import COMMANDS, MAIN_HELP
from qtraj.cli.output import complain, emit, prepare_streams
from qtraj.errors import InvalidInput, UnknownName

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `qtraj`; those of the process by default.

    Returns:
        The exit code; see `qtraj.cli.exits.Exit`.

    Example:
        >>> main(["models", "--jsn"])
        2
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words or bool(os.environ.get("QTRAJ_DEBUG"))
    prepare_streams()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return int(_run(words))
    except KeyboardInterrupt as interrupt:
        # What was being written says how to go on; whatever else is interrupted has left nothing.
        complain(f"qtraj: interrupted{f'; {interrupt}' if str(interrupt) else ''}")
        return int(Exit.INTERRUPTED)
    except SystemExit as finished:  # argparse's, after --help
        return finished.code if isinstance(finished.code, int) else int(Exit.HOLDS)
    except Exception as error:
        code, text = explain(error)
        if debug:
            complain(traceback.format_exc().rstrip())
        complain(f"qtraj: {text}")
        return int(code)


def _run(words: list[str]) -> Exit:
    if not words or words[0] in ("-h", "--help", "help"):
        emit(MAIN_HELP.rstrip())
        return Exit.HOLDS
    command, *rest = words
    if command == "--version":
        emit(f"qtraj {__version__}")
        return Exit.HOLDS
    if command.startswith("-"):
        if command in ("--debug", "--json", "--quiet", "--set"):
            raise InvalidInput(f"the command must come first, but option {command!r} does; see `qtraj --help`")
        raise UnknownName("option", command, ["--help", "--version"])
    if command not in COMMANDS:
        raise UnknownName("command", command, COMMANDS)
    request = parse(command, rest)
    # Imported here: with NumPy and what stands on it, this is most of the start-up time of a command.
    from qtraj.cli.commands import run

    return run(request)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning without the line of source code that it came from."""
    complain(f"qtraj: warning: {' '.join(str(message).split())}")
