"""Exit codes, and the sentence that goes with each exception."""

from __future__ import annotations

import enum
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from qtraj.errors import InvalidInput, StorageError

__all__ = ["Exit", "explain", "naming"]


class Exit(enum.IntEnum):
    """What the command line tells the shell; part of its contract."""

    HOLDS = 0
    """All checks hold, or there was nothing to check."""
    FAILS = 1
    """A check fails."""
    BAD_INPUT = 2
    """Something that the user wrote is wrong, or asks for more than fits."""
    INCONCLUSIVE = 3
    """Nothing fails, but it could hardly have."""
    STORAGE = 4
    """A file could not be read or written."""
    BUG = 70
    """An exception that nobody meant to raise (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT, as shells have it."""

    @classmethod
    def of(cls, verdict: str) -> Exit:
        """The exit code of a verdict.

        Example:
            >>> Exit.of("inconclusive")
            <Exit.INCONCLUSIVE: 3>
        """
        return {"pass": cls.HOLDS, "fail": cls.FAILS, "inconclusive": cls.INCONCLUSIVE}[str(verdict)]


def explain(error: BaseException) -> tuple[Exit, str]:
    """The exit code of an exception, and what to say: one sentence, without line breaks.

    Example:
        >>> explain(InvalidInput("`beta` must be at least 0, but is -1"))
        (<Exit.BAD_INPUT: 2>, '`beta` must be at least 0, but is -1')
    """
    match error:
        case InvalidInput():
            return Exit.BAD_INPUT, _one_line(error)
        case StorageError():
            return Exit.STORAGE, _one_line(error)
        case MemoryError():
            what = _one_line(error)
            return (
                Exit.BAD_INPUT,
                f"there is not enough memory for this{f' ({what})' if what else ''}; use fewer levels",
            )
        case _:
            return Exit.BUG, (
                f"this is a bug of qtraj ({type(error).__name__}{_place(error)}: {_one_line(error):.300}); please "
                "report it with the command and its input, and with what the option --debug adds"
            )


@contextmanager
def naming(target: str) -> Iterator[None]:
    """Inside the `with`, sentences about what is in a file name the file: in a loop over many it must be said which."""
    try:
        yield
    except InvalidInput as error:
        if target[:80] not in str(error):
            error.args = (f"{target}: {error}",)
        raise


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _place(error: BaseException) -> str:
    """Where in qtraj it happened, for reports made without --debug."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "qtraj" in frame.filename]
    if not frames:
        return ""
    file = frames[-1].filename.replace("\\", "/").rpartition("qtraj/")[2]
    return f" at {file}:{frames[-1].lineno}"
