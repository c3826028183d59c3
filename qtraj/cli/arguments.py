"""From the words of a command line to a `Request`; every mistake is one sentence, with the nearest right word.

What a value means is decided here and not by argparse, with the same words as everywhere else in qtraj.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from qtraj.cli.manual import COMMANDS
from qtraj.cli.options import FOLDERS, NAMES, options_without_effect, parser_of
from qtraj.errors import InvalidInput, UnknownName

__all__ = ["Request", "parse"]

# As in qtraj.paths.blocks, which imports NumPy; a test keeps them equal.
MOST_PATHS: Final = 10**15
MOST_SEED: Final = 2**128 - 1
MOST_JOBS: Final = 4096  # as in `paths.parallel`, which takes too long to import for this

FIGURE_FORMATS: Final = (".png", ".svg", ".pdf")
REPORT_FORMATS: Final = (".html", ".htm")

_NEED_FOLDER: Final = ("sample", "merge", "sweep")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is wanted. None means that the command line does not say."""

    command: str
    target: str = ""
    settings: tuple[str, ...] = ()
    paths: int | None = None
    seed: int | None = None
    protocol: str | None = None
    sampler: str | None = None
    n_jobs: int = 1
    backend: str | None = None
    as_json: bool = False
    figure: str | None = None
    report: str | None = None
    log: bool = False
    quiet: bool = False
    out: str | None = None
    records: bool = False
    blocks: str | None = None
    partial: bool = False
    scheduler: str | None = None
    others: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    zipped: bool = False
    quantity: str | None = None


def parse(command: str, words: Sequence[str]) -> Request:
    """Read the words after the command.

    Raises:
        InvalidInput: If an option is unknown, lacks its value or has a wrong one, or the target is missing.
        SystemExit: After `--help`.

    Example:
        >>> request = parse("verify", ["two-qubit-exchange", "--paths", "1e12", "--set", "angle=0.3"])
        >>> request.paths, request.settings
        (1000000000000, ('angle=0.3',))
    """
    if command not in COMMANDS:
        raise UnknownName("command", command, COMMANDS)
    parser, options = parser_of(command)
    found, extra = parser.parse_known_args(list(words))
    for word in extra:
        if word.startswith("-") and word != "-":
            raise UnknownName("option", word.partition("=")[0], options)
    target, *others = _targets(command, found.target, extra)
    # Without a name all figures are drawn, into a folder.
    readers = dict(_READERS)
    if command == "reproduce" and not target:
        readers["figure"] = str
    given = {name: value for name, value in vars(found).items() if name in readers and value is not None}
    ours = {_FIELDS.get(name, name): readers[name](value) for name, value in given.items()}
    request = Request(command=command, target=target, others=tuple(others), **ours)
    _check_together(request)
    return replace(request, backend=None, scheduler=None) if "--backend" in options_without_effect(command) else request


def _targets(command: str, first: str | None, extra: Sequence[str]) -> list[str]:
    """What a command is about: a target, a name that may be left out (then ""), or run folders."""
    given = [*([] if first is None else [first]), *extra]
    if command in FOLDERS:
        wanted = len(FOLDERS[command])
        if len(given) != wanted:
            raise InvalidInput(
                f"`qtraj {command}` takes {wanted} run folder{'s' if wanted > 1 else ''}, but got "
                f"{len(given) or 'none'}; see `qtraj {command} --help`"
            )
        return given
    if extra:
        raise InvalidInput(f"`qtraj {command}` takes one target, but got {extra[0]!r} as well")
    if first is None and command not in NAMES:
        raise InvalidInput(
            f"`qtraj {command}` needs an experiment file or the name of a model; see `qtraj {command} --help`"
        )
    return given or [""]


def _check_together(request: Request) -> None:
    """Refuse what is missing, and options that need each other."""
    if request.command in _NEED_FOLDER and not request.out:
        raise InvalidInput(
            f"`qtraj {request.command}` needs `--out DIR`, a new folder; see `qtraj {request.command} --help`"
        )
    if request.backend == "dask" and request.scheduler is None:
        raise InvalidInput(
            "`--backend dask` must come with `--scheduler`, an address or a scheduler file, but does not"
        )
    if request.scheduler is not None and request.backend != "dask":
        raise InvalidInput("`--scheduler` must come with `--backend dask`, but does not")


def _whole(text: str, option: str, low: int, high: int, interval: str) -> int:
    """A whole number, also as 1e12 or 1_000_000, without ever writing 1e400 out."""
    refusal = InvalidInput(f"`{option}` must be a whole number {interval}, but is {text[:60]!r}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise refusal from None
    if not number.is_finite() or number.adjusted() > 60 or number != number.to_integral_value():
        raise refusal
    if not low <= number <= high:
        raise refusal
    return int(number)


def _jobs(text: str) -> int:
    jobs = _whole(text, "--n-jobs", -MOST_JOBS, MOST_JOBS, f"up to {MOST_JOBS}, other than 0 (-1 for all cores)")
    if jobs == 0:
        raise InvalidInput("`--n-jobs` must be a whole number other than 0 (-1 for all cores), but is 0", measured=0.0)
    return jobs


def _path_ending_in(formats: Sequence[str], option: str) -> Callable[[str], str]:
    """Reads the name of a file to be written."""

    def read(path: str) -> str:
        if os.path.splitext(path)[1].lower() not in formats:
            among = " or ".join(formats) if len(formats) == 2 else ", ".join(formats)
            raise InvalidInput(f"`{option}` must end in {among}, but is {path[:80]!r}")
        return path

    return read


# How the words of every option are read, and the field of a request that has them under another name.
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "set": tuple,
    "paths": lambda text: _whole(text, "--paths", 1, MOST_PATHS, "from 1 to 10^15"),
    "seed": lambda text: _whole(text, "--seed", 0, MOST_SEED, "from 0 to 2^128 - 1"),
    "protocol": str,
    "sampler": str,
    "n_jobs": _jobs,
    "backend": str,
    "scheduler": str,
    "out": str,
    "over": tuple,
    "zip": bool,
    "records": bool,
    "blocks": str,
    "partial": bool,
    "figure": _path_ending_in(FIGURE_FORMATS, "--figure"),
    "report": _path_ending_in(REPORT_FORMATS, "--report"),
    "quantity": str,
    "log": bool,
    "json": bool,
    "quiet": bool,
}
_FIELDS: Final = {"set": "settings", "zip": "zipped", "json": "as_json"}
