"""Completion in zsh: the script, and what of it depends on qtraj's commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qtraj import __version__
from qtraj.cli.completed import EXPERIMENT, FILE, FOLDER, SETTING, TARGETS, options_of, words_of
from qtraj.cli.file_keys import PROGRAM
from qtraj.cli.manual import COMMANDS
from qtraj.models import MODELS

__all__ = ["zsh_script"]


def zsh_script() -> str:
    """The script that completes qtraj's command lines in zsh."""
    return _ZSH.format(
        version=__version__,
        commands="\n".join(f"        {_zsh_quoted(f'{name}:{text}')}" for name, text in COMMANDS.items()),
        parameters="\n".join(
            f"        {name}) parameters=({' '.join(f'{key}=' for key in model.parameters)}) ;;"
            for name, model in MODELS.items()
        ),
        keys=PROGRAM.strip(),
        cases="\n".join(_zsh_command(name) for name in COMMANDS),
    )


def _zsh_command(name: str) -> str:
    lines = []
    for option in options_of(name):
        value = f":value:{_zsh_kinds(option.values)}" if option.takes_value else ""
        text = option.text.replace("[", "(").replace("]", ")")
        for spelling in option.names:
            star = "*" if option.repeatable else ""
            lines.append(_zsh_quoted(f"{star}{spelling}[{text}]{value}"))
    lines.append(_zsh_quoted(f"*:target:{_zsh_kinds(TARGETS[name])}"))
    body = " \\\n                ".join(lines)
    return f"        {name})\n            _arguments -s \\\n                {body} ;;"


def _zsh_kinds(kinds: Sequence[str]) -> str:
    if SETTING in kinds:
        return "_qtraj_settings"
    words = " ".join(words_of(kinds))
    if EXPERIMENT in kinds:
        return f"_qtraj_targets {words}"
    if FILE in kinds:
        return "_files"
    if FOLDER in kinds:
        return "_files -/"
    return f"({words})" if words else " "


def _zsh_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_ZSH: Final = r"""#compdef qtraj
# Completion of qtraj {version} for zsh. Either put `eval "$(qtraj completion zsh)"` into ~/.zshrc after compinit, or,
# which is quicker: qtraj completion zsh > ~/.zfunc/_qtraj, with ~/.zfunc in fpath before compinit.

_qtraj_targets() {{
    compadd -- "$@"
    _files -g '*.toml'
}}

_qtraj_keys() {{
    LC_ALL=C awk '
{keys}
' < $1 2> /dev/null
}}

_qtraj_settings() {{
    local -a parameters
    local target=${{(Q)words[2]}}
    target=${{target/#\~\//$HOME/}}
    case $target in
{parameters}
        *) [[ -f $target ]] && parameters=(${{(f)"$(_qtraj_keys $target)"}}) ;;
    esac
    compadd -S '' -- $parameters
}}

_qtraj() {{
    local -a commands
    commands=(
{commands}
    )
    if ((CURRENT == 2)); then
        _describe -t commands command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
{cases}
    esac
}}

# Loaded by compinit it is called by its name; sourced it has to be tied to it.
if [[ $funcstack[1] == _qtraj ]]; then
    _qtraj "$@"
else
    compdef _qtraj qtraj
fi
"""
