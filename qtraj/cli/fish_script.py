"""Completion in fish: the script, and what of it depends on qtraj's commands."""

from __future__ import annotations

from collections.abc import Sequence

from qtraj import __version__
from qtraj.cli.completed import EXPERIMENT, FILE, FOLDER, SETTING, TARGETS, options_of, words_of
from qtraj.cli.file_keys import PROGRAM
from qtraj.cli.manual import COMMANDS
from qtraj.models import MODELS

__all__ = ["fish_script"]


def fish_script() -> str:
    """The script that completes qtraj's command lines in fish."""
    lines = [
        f"# Completion of qtraj {__version__} for fish. Either put `qtraj completion fish | source` into",
        "# ~/.config/fish/config.fish, or, which is quicker:",
        "# qtraj completion fish > ~/.config/fish/completions/qtraj.fish",
        "",
        "function __qtraj_keys",
        "    set -l words (commandline -opc)",
        '    test -f "$words[3]"; and env LC_ALL=C awk ' + _fish_quoted(PROGRAM) + " < $words[3] 2> /dev/null",
        "end",
        "",
        "complete -c qtraj -f",
    ]
    first = "__fish_use_subcommand"
    lines += [f"complete -c qtraj -n {first} -a {name} -d {_fish_quoted(text)}" for name, text in COMMANDS.items()]
    lines += [f"complete -c qtraj -n {first} -l {name}" for name in ("help", "version")]
    for name in COMMANDS:
        seen = f"-n '__fish_seen_subcommand_from {name}'"
        lines.append("")
        lines.append(f"complete -c qtraj {seen} {_fish_kinds(TARGETS[name])}")
        for option in options_of(name):
            spelling = " ".join(
                f"-l {one.removeprefix('--')}" if one.startswith("--") else f"-s {one[1:]}" for one in option.names
            )
            value = ""
            if option.takes_value:
                value = f" -r {_fish_kinds(option.values)}" if option.values else " -x"
            if SETTING in option.values:
                lines += [_fish_parameters(name, model, spelling) for model in MODELS]
                value = " -x -a '(__qtraj_keys)'"
            lines.append(f"complete -c qtraj {seen} {spelling}{value} -d {_fish_quoted(option.text)}")
    return "\n".join(lines) + "\n"


def _fish_parameters(command: str, model: str, spelling: str) -> str:
    """The parameters of a model, after an option that changes one, where that model is the target."""
    both = f"'__fish_seen_subcommand_from {command}; and __fish_seen_subcommand_from {model}'"
    parameters = _fish_quoted(" ".join(f"{key}=" for key in MODELS[model].parameters))
    return f"complete -c qtraj -n {both} {spelling} -x -a {parameters}"


def _fish_kinds(kinds: Sequence[str]) -> str:
    parts = [*words_of(kinds)]
    parts += ["(__fish_complete_suffix .toml)"] if EXPERIMENT in kinds else []
    parts += ["(__fish_complete_directories)"] if FOLDER in kinds and EXPERIMENT not in kinds else []
    flags = "-F" if FILE in kinds else "-f"
    return f"{flags} -a {_fish_quoted(' '.join(parts))}" if parts else flags


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
