"""What everybody pays each time: importing qtraj, and the command line's help."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.report import Line
from tests.benchmarks.timing import best


def lines(*, quick: bool = False) -> Iterator[Line]:
    """Seconds of whole processes."""
    repeats = 3 if quick else 9

    def python(code: str) -> float:
        return best(lambda: subprocess.run([sys.executable, "-c", code], check=True), repeats)

    numpy, own = python("import numpy"), python("import numpy, qtraj")
    face = python("import qtraj; [getattr(qtraj, name) for name in qtraj.__all__]")
    command = [sys.executable, "-m", "qtraj", "--help"]
    shown = best(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), repeats)
    yield Line(
        what="import qtraj over import numpy",
        figure=f"{own - numpy:+.3f} s ({face - numpy:+.2f} s with every public name loaded)",
        aim="at most 0.25 s",
        met=own - numpy <= 0.25,
    )
    yield Line(what="qtraj --help", figure=f"{shown:.2f} s", aim="under 0.6 s", met=shown < 0.6)
