"""The command line: `qtraj verify` and its neighbours; `commands.py` has them all.

It is built on argparse and not on typer: every mistake has to be one sentence with a suggestion, which typer only gives
through its internals, and `qtraj --help` has to be quick, where argparse costs a tenth of typer's import.

Nothing here, or imported from here at the top of a file, may import NumPy: the commands import what they need.
"""

from qtraj.cli.program import main

__all__ = ["main"]
