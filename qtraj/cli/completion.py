"""`qtraj completion SHELL`: the script that completes a command line in a shell.

Nothing of qtraj runs when a key is pressed: everything that can be completed, the names of models and of their
parameters included, is written into the script. Files are the shell's own business, and awk reads the keys in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from qtraj.cli.bash_script import bash_script
from qtraj.cli.exits import Exit
from qtraj.cli.fish_script import fish_script
from qtraj.cli.output import emit
from qtraj.cli.zsh_script import zsh_script
from qtraj.errors import InvalidInput, UnknownName

__all__ = ["completion", "script_for"]

_SCRIPTS: Final[Mapping[str, Callable[[], str]]] = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def completion(shell: str) -> Exit:
    """`qtraj completion SHELL`: print the script.

    Raises:
        InvalidInput: If no shell is named.
        UnknownName: If there is no script for it.
    """
    if not shell:
        raise InvalidInput(f"`qtraj completion` needs a shell: {', '.join(_SCRIPTS)}")
    emit(script_for(shell).rstrip())
    return Exit.HOLDS


def script_for(shell: str) -> str:
    """The script of a shell: bash, zsh or fish.

    Raises:
        UnknownName: If there is no script for it.

    Example:
        >>> script_for("bash").splitlines()[0].startswith("# Completion of qtraj")
        True
    """
    if shell not in _SCRIPTS:
        raise UnknownName("shell", shell, _SCRIPTS)
    return _SCRIPTS[shell]()
