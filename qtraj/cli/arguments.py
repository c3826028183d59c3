"""From the words of a command line to a `Request`; every mistake is one sentence, with the nearest right word.

argparse finds options and their values and writes the help. It does not convert or restrict anything: its messages
would show through. What a value means is decided here, with the same words as everywhere else in qtraj.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from qtraj.cli.manual import COMMANDS, GROUPS, MAIN_HELP, SYNOPSES, closing, description, group_of
from qtraj.cli.output import emit
from qtraj.errors import InvalidInput, UnknownName

__all__ = ["COMMANDS", "MAIN_HELP", "Request", "parse", "parser_of"]

# As in qtraj.paths.blocks, which imports NumPy; a test keeps them equal.
MOST_PATHS: Final = 10**15
MOST_SEED: Final = 2**128 - 1
MOST_JOBS: Final = 4096  # as in `paths.parallel`, which takes too long to import for this

FIGURE_FORMATS: Final = (".png", ".svg", ".pdf")
REPORT_FORMATS: Final = (".html", ".htm")

# What takes run folders and nothing else.
_ON_FOLDERS: Final = {"resume": ("DIR",), "merge": ("A", "B")}

# What stands where others have a target, and need not.
_NAMES: Final = {
    "models": "name of a model; all of them if left out",
    "reproduce": "which figure or table; the list of them if left out",
    "completion": "bash, zsh or fish",
}


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


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions."""

    def error(self, message: str) -> NoReturn:
        # All that is left to argparse to complain about: a missing value, and one for an option that takes none.
        text = re.sub(
            r"^argument (\S+): expected one argument$", r"`\1` must be followed by a value, but is not", message
        )
        raise InvalidInput(f"{text}; see `{self.prog} --help`")

    def print_help(self, file: object = None) -> None:
        emit(self.format_help().rstrip())


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
    if command in _ON_FOLDERS:
        extra = [word for word in extra if word.startswith("-") and word != "-"] or extra
    for word in extra:
        if word.startswith("-") and word != "-":
            raise UnknownName("option", word.partition("=")[0], options)
    if command in _ON_FOLDERS:
        return _on_folders(command, found, extra)
    if extra:
        raise InvalidInput(f"`qtraj {command}` takes one target, but got {extra[0]!r} as well")
    if command in _NAMES:
        name, figure = found.target or "", getattr(found, "figure", None)
        # Without a name all figures are drawn, into a folder.
        figure = _figure(figure) if name else figure
        return Request(
            command=command,
            target=name,
            as_json=getattr(found, "json", False),
            figure=figure,
            quiet=getattr(found, "quiet", False),
        )
    if found.target is None:
        raise InvalidInput(
            f"`qtraj {command}` needs an experiment file or the name of a model; see `{parser.prog} --help`"
        )
    return Request(
        command=command,
        target=found.target,
        settings=tuple(found.set),
        paths=_given(found.paths, "--paths", 1, MOST_PATHS, "from 1 to 10^15"),
        seed=_given(found.seed, "--seed", 0, MOST_SEED, "from 0 to 2^128 - 1"),
        protocol=found.protocol,
        sampler=found.sampler,
        n_jobs=_jobs(found.n_jobs),
        backend=found.backend,
        as_json=found.json,
        figure=_figure(getattr(found, "figure", None)),
        report=_report(getattr(found, "report", None)),
        log=getattr(found, "log", False),
        quiet=found.quiet,
        out=_out(command, found) if command in ("sample", "sweep") else None,
        records=getattr(found, "records", False),
        blocks=getattr(found, "blocks", None),
        partial=getattr(found, "partial", False),
        scheduler=_scheduler(found),
        over=tuple(getattr(found, "over", ())),
        zipped=getattr(found, "zip", False),
        quantity=getattr(found, "quantity", None),
    )


def _on_folders(command: str, found: argparse.Namespace, extra: Sequence[str]) -> Request:
    """The request of a command whose targets are run folders."""
    names, given = _ON_FOLDERS[command], [*([found.target] if found.target is not None else []), *extra]
    if len(given) != len(names):
        raise InvalidInput(
            f"`qtraj {command}` takes {len(names)} run folder{'s' if len(names) > 1 else ''}, but got "
            f"{len(given) or 'none'}; see `qtraj {command} --help`"
        )
    return Request(
        command=command,
        target=given[0],
        others=tuple(given[1:]),
        paths=_given(getattr(found, "paths", None), "--paths", 1, MOST_PATHS, "from 1 to 10^15"),
        n_jobs=_jobs(getattr(found, "n_jobs", "1")),
        backend=getattr(found, "backend", None),
        scheduler=_scheduler(found) if command == "resume" else None,
        out=_out(command, found) if command == "merge" else None,
        as_json=found.json,
        quiet=found.quiet,
    )


def _out(command: str, found: argparse.Namespace) -> str:
    if not found.out:
        raise InvalidInput(f"`qtraj {command}` needs `--out DIR`, a new folder; see `qtraj {command} --help`")
    return str(found.out)


def _scheduler(found: argparse.Namespace) -> str | None:
    if found.backend == "dask" and found.scheduler is None:
        raise InvalidInput(
            "`--backend dask` must come with `--scheduler`, an address or a scheduler file, but does not"
        )
    if found.scheduler is not None and found.backend != "dask":
        raise InvalidInput("`--scheduler` must come with `--backend dask`, but does not")
    return None if found.scheduler is None else str(found.scheduler)


def parser_of(command: str) -> tuple[_Parser, list[str]]:
    """The parser of a command, and the options it knows."""
    has_target = command not in _NAMES
    parser = _Parser(
        prog=f"qtraj {command}",
        usage=f"qtraj {command} {SYNOPSES[command]}",
        description=description(command),
        epilog=closing(command),
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=110),
        allow_abbrev=False,
        add_help=False,
    )
    target = parser.add_argument_group("target")
    groups = {title: parser.add_argument_group(title) for title in GROUPS}
    options: list[str] = []

    def option(*names: str, **how: Any) -> None:
        group = group_of(names[-1])
        place = target if group is None else groups[group]
        options.extend(place.add_argument(*names, **how).option_strings)

    option("-h", "--help", action="help", help="show this help")
    if not has_target:
        option("target", metavar="SHELL" if command == "completion" else "NAME", nargs="?", help=_NAMES[command])
    elif command in _ON_FOLDERS:
        option("target", metavar=" ".join(_ON_FOLDERS[command]), nargs="?", help="run folders, made by `qtraj sample`")
        if command == "resume":
            option("--paths", metavar="N", help="make the run longer: number of paths it shall have then")
    else:
        # Optional to argparse, which would otherwise report a missing target before an unknown option.
        stored = ", or run folder" if command in ("verify", "histogram") else ""
        option("target", metavar="TARGET", nargs="?", help=f"experiment file (TOML), name of a model{stored}")
        option(
            "--set",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help="change a key of the file (dotted, with positions in lists: system.energies.1=2) or a parameter of "
            "the model; VALUE is JSON, else TOML, else plain text; repeatable",
        )
        drawn = "" if command != "exact" else " (accepted, but nothing is drawn)"
        option("--paths", metavar="N", help=f"number of paths, 1 to 1e15; default 1e6, followed ones 1e5{drawn}")
        option("--seed", metavar="SEED", help=f"seed of the run; the default is fixed{drawn}")
        option(
            "--protocol",
            metavar="NAME",
            help="augmented (default), eigenbasis-two-point, energy-two-point (tpm) or kraus",
        )
        option(
            "--sampler",
            metavar="NAME",
            help="counts (default where the paths have a finite law), explicit (one by one, from that law) or followed "
            f"(one by one, knowing nothing of it; default where there is none){drawn}",
        )
    if has_target and command != "merge":
        option("--n-jobs", metavar="N", default="1", help="workers, -1 for all cores; results do not depend on it")
        option("--backend", metavar="NAME", help="joblib backend: threading (default), loky, dask, ...")
        option("--scheduler", metavar="WHERE", help="of the backend dask: address of the scheduler, or its file")
    if command in ("sample", "merge", "sweep"):
        option("--out", metavar="DIR", help=f"the {'sweep' if command == 'sweep' else 'run'} folder, new or empty")
    if command == "sweep":
        option(
            "--over",
            metavar="KEY=VALUES",
            action="append",
            default=[],
            help="sweep a key of the file or a parameter of the model, keys as in --set: START:STOP:COUNT, with :log "
            "at its end in equal ratios, or a,b,c; repeatable",
        )
        option("--zip", action="store_true", help="go through all keys side by side, and not through their grid")
        option("--figure", metavar="FILE", help="draw a curve over one key, a map over two: .png, .svg or .pdf")
    if command in ("sweep", "verify"):
        only = "of a folder of `qtraj sweep`: " if command == "verify" else ""
        option("--quantity", metavar="NAME", help=f"{only}number to show and draw: sigma (default), heat, ...")
    if command == "sample":
        option("--records", action="store_true", help="keep times and kinds of all jumps, as list columns")
        option("--blocks", metavar="A:B", help="draw only these blocks of the run, to be merged with the others later")
    if command in ("verify", "histogram"):
        option("--partial", action="store_true", help="take what is there of a stored run that is not finished")
        option("--figure", metavar="FILE", help="draw the sampled histogram over its exact law: .png, .svg or .pdf")
    if command == "verify":
        option("--report", metavar="FILE", help="write all of it, with figures, as one HTML page that needs no network")
    if command == "reproduce":
        option("--figure", metavar="FILE", help="draw it: .png, .svg or .pdf; without NAME a folder, for all of them")
    if command == "histogram":
        option("--log", action="store_true", help="logarithmic probabilities, in the figure and in the table's bars")
    if command != "completion":
        option("--json", action="store_true", help="one JSON object on standard output, and nothing else")
    if command not in ("models", "completion"):
        option("--quiet", action="store_true", help="no table and no progress; errors and the exit code remain")
    option("--debug", action="store_true", help="show the traceback of an error")
    return parser, options


def _given(text: str | None, option: str, low: int, high: int, interval: str) -> int | None:
    return None if text is None else _whole(text, option, low, high, interval)


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


def _report(path: str | None) -> str | None:
    if path is not None and os.path.splitext(path)[1].lower() not in REPORT_FORMATS:
        raise InvalidInput(f"`--report` must end in {' or '.join(REPORT_FORMATS)}, but is {path[:80]!r}")
    return path


def _figure(path: str | None) -> str | None:
    if path is not None and os.path.splitext(path)[1].lower() not in FIGURE_FORMATS:
        raise InvalidInput(f"`--figure` must end in {', '.join(FIGURE_FORMATS)}, but is {path[:80]!r}")
    return path
