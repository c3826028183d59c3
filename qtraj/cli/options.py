"""The options that each command has, and the parser made of them.

argparse finds options and their values and writes the help. It does not convert or restrict anything: its messages
would show through. What a value means is decided in `arguments.py`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from qtraj.cli.manual import COMMANDS, GROUPS, SYNOPSES, closing, description, group_of
from qtraj.cli.output import emit
from qtraj.errors import InvalidInput

__all__ = ["FOLDERS", "NAMES", "options_without_effect", "parser_of"]

FOLDERS: Final[Mapping[str, Sequence[str]]] = {"resume": ("DIR",), "merge": ("A", "B")}
"""Commands that take folders and nothing else, and what stands for these in the help."""

NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "models": ("NAME", "name of a model; all of them if left out"),
    "reproduce": ("NAME", "which figure or table; the list of them if left out"),
    "completion": ("SHELL", "bash, zsh or fish"),
}
"""Commands that take a name, and need none."""

_SIMULATING: Final = ("verify", "exact", "histogram", "sample", "sweep")
_WORKING: Final = (*_SIMULATING, "resume")

# Common to all that simulate, by contract; `exact` takes them too, and draws nothing.
_WITHOUT_EFFECT: Final[Mapping[str, Sequence[str]]] = {
    "exact": ("--paths", "--seed", "--sampler", "--backend", "--scheduler"),
}


@dataclass(frozen=True, kw_only=True)
class _Option:
    """An option: its name, the help of the commands that have it, and how argparse is to take it."""

    name: str
    help: Mapping[str, str]
    how: Mapping[str, Any] = field(default_factory=dict)


def _value(name: str, metavar: str, commands: Sequence[str], text: str, **other: str) -> _Option:
    """An option with a value; `other` has the help of commands where it means something else."""
    return _Option(name=name, help={**dict.fromkeys(commands, text), **other}, how={"metavar": metavar})


def _many(name: str, metavar: str, commands: Sequence[str], text: str) -> _Option:
    """An option with a value that can be given repeatedly."""
    how = {"metavar": metavar, "action": "append", "default": []}
    return _Option(name=name, help=dict.fromkeys(commands, text), how=how)


def _switch(name: str, commands: Sequence[str], text: str) -> _Option:
    """An option without a value."""
    return _Option(name=name, help=dict.fromkeys(commands, text), how={"action": "store_true"})


_FORMATS: Final = ".png, .svg or .pdf"

_OPTIONS: Final = (
    _many(
        "--set",
        "KEY=VALUE",
        _SIMULATING,
        "change a key of the file (dotted, with positions in lists: system.energies.1=2) or a parameter of the model; "
        "VALUE is JSON, else TOML, else plain text; repeatable",
    ),
    _value(
        "--paths",
        "N",
        _SIMULATING,
        "number of paths, 1 to 1e15; default 1e6, followed ones 1e5",
        resume="make the run longer: number of paths it shall have then",
    ),
    _value("--seed", "SEED", _SIMULATING, "seed of the run; the default is fixed"),
    _value(
        "--protocol",
        "NAME",
        _SIMULATING,
        "augmented (default), eigenbasis-two-point, energy-two-point (tpm) or kraus",
    ),
    _value(
        "--sampler",
        "NAME",
        _SIMULATING,
        "counts (default where the paths have a finite law), explicit (one by one, from that law) or followed (one by "
        "one, knowing nothing of it; default where there is none)",
    ),
    _value("--n-jobs", "N", _WORKING, "workers, -1 for all cores; results do not depend on it"),
    _value("--backend", "NAME", _WORKING, "joblib backend: threading (default), loky, dask, ..."),
    _value("--scheduler", "WHERE", _WORKING, "of the backend dask: address of the scheduler, or its file"),
    _value(
        "--out",
        "DIR",
        ("sample", "merge"),
        "the run folder, new or empty",
        sweep="the sweep folder, new or empty",
    ),
    _many(
        "--over",
        "KEY=VALUES",
        ("sweep",),
        "sweep a key of the file or a parameter of the model, keys as in --set: START:STOP:COUNT, with :log at its end "
        "in equal ratios, or a,b,c; repeatable",
    ),
    _switch("--zip", ("sweep",), "go through all keys side by side, and not through their grid"),
    _switch("--records", ("sample",), "keep times and kinds of all jumps, as list columns"),
    _value("--blocks", "A:B", ("sample",), "draw only these blocks of the run, to be merged with the others later"),
    _switch("--partial", ("verify", "histogram"), "take what is there of a stored run that is not finished"),
    _value(
        "--figure",
        "FILE",
        ("verify", "histogram"),
        f"draw the sampled histogram over its exact law: {_FORMATS}",
        sweep=f"draw a curve over one key, a map over two: {_FORMATS}",
        reproduce=f"draw it: {_FORMATS}; without NAME a folder, for all of them",
    ),
    _value(
        "--quantity",
        "NAME",
        ("sweep",),
        "number to show and draw: sigma (default), heat, ...",
        verify="of a folder of `qtraj sweep`: number to show and draw: sigma (default), heat, ...",
    ),
    _value("--report", "FILE", ("verify",), "write all of it, with figures, as one HTML page that needs no network"),
    _switch("--log", ("histogram",), "logarithmic probabilities, in the figure and in the table's bars"),
    _switch(
        "--json",
        [name for name in COMMANDS if name != "completion"],
        "one JSON object on standard output, and nothing else",
    ),
    _switch(
        "--quiet",
        [name for name in COMMANDS if name not in ("models", "completion")],
        "no table and no progress; errors and the exit code remain",
    ),
    _switch("--debug", list(COMMANDS), "show the traceback of an error"),
)


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


def options_without_effect(command: str) -> Sequence[str]:
    """Options that a command takes because its neighbours do; neither its help nor a shell offers them.

    Example:
        >>> "--paths" in options_without_effect("exact"), options_without_effect("verify")
        (True, ())
    """
    return _WITHOUT_EFFECT.get(command, ())


def parser_of(command: str) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of a command, and the options it takes, with and without effect.

    Example:
        >>> parser_of("merge")[1]
        ['-h', '--help', '--out', '--json', '--quiet', '--debug']
    """
    parser = _Parser(
        prog=f"qtraj {command}",
        usage=f"qtraj {command} {SYNOPSES[command]}",
        description=description(command),
        epilog=closing(command),
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=26, width=110),
        allow_abbrev=False,
        add_help=False,
    )
    metavar, text = _target_of(command)
    # Optional to argparse, which would otherwise report a missing target before an unknown option.
    parser.add_argument_group("target").add_argument("target", metavar=metavar, nargs="?", help=text)
    groups = {title: parser.add_argument_group(title) for title in GROUPS}
    helping = groups["help"].add_argument("-h", "--help", action="help", help="show this help")
    names = list(helping.option_strings)
    for option in _OPTIONS:
        if command in option.help:
            text = argparse.SUPPRESS if option.name in options_without_effect(command) else option.help[command]
            groups[group_of(option.name)].add_argument(option.name, help=text, **option.how)
            names.append(option.name)
    return parser, names


def _target_of(command: str) -> tuple[str, str]:
    """What stands for the target in the help, and what it may be."""
    if command in NAMES:
        return NAMES[command]
    if command in FOLDERS:
        what = "folder of a run (`qtraj sample`) or of a sweep (`qtraj sweep`)"
        return " ".join(FOLDERS[command]), what if command == "resume" else "run folders, made by `qtraj sample`"
    stored = {"verify": ", or folder of a run or of a sweep", "histogram": ", or run folder"}.get(command, "")
    return "TARGET", f"experiment file (TOML), name of a model{stored}"
