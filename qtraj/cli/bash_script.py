"""Completion in bash: the script, and what of it depends on qtraj's commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qtraj import __version__
from qtraj.cli.completed import EXPERIMENT, FILE, FOLDER, SETTING, TARGETS, options_of, words_of
from qtraj.cli.file_keys import PROGRAM
from qtraj.cli.manual import COMMANDS
from qtraj.models import MODELS

__all__ = ["bash_script"]


def bash_script() -> str:
    """The script that completes qtraj's command lines in bash."""
    return _BASH.format(
        version=__version__,
        commands=" ".join([*COMMANDS, "--help", "--version"]),
        parameters="\n".join(
            f"        {name}) _qtraj_words {' '.join(f'{key}=' for key in model.parameters)} ;;"
            for name, model in MODELS.items()
        ),
        values="\n".join(_bash_values()),
        options="\n".join(f"            {name}) _qtraj_words {' '.join(_spellings(name))} ;;" for name in COMMANDS),
        keys=PROGRAM.strip(),
        targets="\n".join(f"        {name}) {_bash_kinds(TARGETS[name])} ;;" for name in COMMANDS),
    )


def _spellings(command: str) -> list[str]:
    return [spelling for option in options_of(command) for spelling in option.names]


def _bash_values() -> list[str]:
    """What follows the options that take a value; no two commands disagree about one."""
    lines: dict[str, str] = {}
    for name in COMMANDS:
        for option in options_of(name):
            if option.takes_value:
                lines["|".join(option.names)] = _bash_kinds(option.values)
    return [f"        {names}) {body}; return ;;" for names, body in sorted(lines.items())]


def _bash_kinds(kinds: Sequence[str]) -> str:
    calls = [f"_qtraj_words {' '.join(words)}"] if (words := words_of(kinds)) else []
    calls += ["_qtraj_files '!*.toml'"] if EXPERIMENT in kinds else []
    calls += ["_qtraj_files"] if FILE in kinds else []
    calls += ["_qtraj_folders"] if FOLDER in kinds and EXPERIMENT not in kinds else []
    calls += ["_qtraj_settings"] if SETTING in kinds else []
    return "; ".join(calls) or ":"


_BASH: Final = r"""# Completion of qtraj {version} for bash. Either put `eval "$(qtraj completion bash)"` into
# ~/.bashrc, or, which is quicker: qtraj completion bash > ~/.local/share/bash-completion/completions/qtraj

# Not by compgen -W, which expands its words as if they had been typed: some come from files, and files from others.
_qtraj_words() {{
    local word
    for word; do
        [[ $word == "$current"* ]] && COMPREPLY+=("$word")
    done
}}

_qtraj_files() {{
    local file
    compopt -o filenames 2> /dev/null
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -X "${{1:-}}" -- "$current")
    _qtraj_folders
}}

_qtraj_folders() {{
    local folder
    compopt -o filenames 2> /dev/null
    while IFS= read -r folder; do
        [[ " ${{COMPREPLY[*]}} " == *" $folder "* ]] || COMPREPLY+=("$folder")
    done < <(compgen -d -- "$current")
}}

_qtraj_keys() {{
    LC_ALL=C awk '
{keys}
' < "$1" 2> /dev/null
}}

_qtraj_settings() {{
    local key target=${{COMP_WORDS[2]//\\/}}
    target=${{target/#\~\//$HOME/}}
    compopt -o nospace 2> /dev/null
    case $target in
{parameters}
        *)
            [[ -f $target ]] || return
            while IFS= read -r key; do _qtraj_words "$key"; done < <(_qtraj_keys "$target")
            ;;
    esac
}}

_qtraj() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _qtraj_words {commands}
        return
    fi
    # bash takes the sign in --option=value for a word of its own.
    if [[ $current == = ]]; then
        current=
        [[ $previous == -* ]] || return
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD-2]}}
        [[ $previous == -* ]] || return
    fi
    case $previous in
{values}
    esac
    if [[ $current == -* ]]; then
        case ${{COMP_WORDS[1]}} in
{options}
        esac
        return
    fi
    case ${{COMP_WORDS[1]}} in
{targets}
    esac
}}

complete -F _qtraj qtraj
"""
