"""What a shell may complete after each command: its options, what they take, and what its target may be.

All of it is read off the parser and the registries, so that no script can know an option that does not exist, or lack
one that does.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qtraj.cli.options import parser_of
from qtraj.models import MODELS
from qtraj.paths.sample import SAMPLERS
from qtraj.processes.seam import MeasurementProtocol
from qtraj.reproduce.registry import REPRODUCTIONS

__all__ = [
    "EXPERIMENT",
    "FILE",
    "FOLDER",
    "SETTING",
    "TARGETS",
    "CompletedOption",
    "options_of",
    "words_of",
]

BACKENDS: Final = ("threading", "loky", "dask")
"""The backends that the help names; joblib has more."""

USUAL_QUANTITIES: Final = (
    *("sigma", "sigma_d", "xi", "heat"),
    *("exp_minus_sigma", "exp_minus_sigma_d", "exp_minus_xi"),
    *("clausius_sigma", "initial_information", "information_change", "sigma_beyond_information"),
    *("exp_minus_clausius_sigma", "exp_minus_initial_information", "exp_minus_sigma_beyond_information"),
)
"""Numbers that most sweeps have, then those of correlated starts; the heats of several baths are called after them."""

MODEL, REPRODUCTION, EXPERIMENT, FOLDER, FILE, SETTING = "model", "reproduction", "experiment", "folder", "file", "key="
"""Kinds of things that a shell looks up; words are completed as they are."""

TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "verify": (MODEL, EXPERIMENT, FOLDER),
    "exact": (MODEL, EXPERIMENT),
    "histogram": (MODEL, EXPERIMENT, FOLDER),
    "models": (MODEL,),
    "reproduce": (REPRODUCTION,),
    "sample": (MODEL, EXPERIMENT),
    "sweep": (MODEL, EXPERIMENT),
    "resume": (FOLDER,),
    "merge": (FOLDER,),
    "completion": ("bash", "zsh", "fish"),
}

VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "--protocol": (*(protocol.value for protocol in MeasurementProtocol), "tpm"),
    "--sampler": SAMPLERS,
    "--backend": BACKENDS,
    "--figure": (FILE,),
    "--report": (FILE,),
    "--scheduler": (FILE,),
    "--out": (FOLDER,),
    "--quantity": USUAL_QUANTITIES,
    "--set": (SETTING,),
    "--over": (SETTING,),
}
"""What options take; an option that is not here and takes a value takes one that nobody can guess."""

LOOKED_UP: Final = (MODEL, REPRODUCTION, EXPERIMENT, FOLDER, FILE, SETTING)


@dataclass(frozen=True, kw_only=True)
class CompletedOption:
    """An option of a command: its spellings, its help in short, and which values may follow it, if any do."""

    names: tuple[str, ...]
    text: str
    takes_value: bool
    values: tuple[str, ...]
    repeatable: bool


def options_of(command: str) -> list[CompletedOption]:
    """The options of a command, but those without effect.

    Example:
        >>> [option.names[-1] for option in options_of("models")]
        ['--help', '--json', '--debug']
    """
    parser, _ = parser_of(command)
    shown = (action for action in parser._actions if action.help != argparse.SUPPRESS)
    return [_option(action) for action in shown if action.option_strings]


def _option(action: argparse.Action) -> CompletedOption:
    names = tuple(action.option_strings)
    text = " ".join((action.help or "").split()).split(";")[0].split(":")[0]
    return CompletedOption(
        names=names,
        text=text,
        takes_value=action.nargs is None,
        values=VALUES.get(names[-1], ()),
        repeatable=isinstance(action, argparse._AppendAction),
    )


def words_of(kinds: Sequence[str]) -> list[str]:
    """Words that are completed as they are, names of models and reproductions among them."""
    words = [kind for kind in kinds if kind not in LOOKED_UP]
    return [*words, *(MODELS if MODEL in kinds else ()), *(REPRODUCTIONS if REPRODUCTION in kinds else ())]
