"""Kernels are compiled once a machine, also when several programs want them at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import qtraj

fcntl = pytest.importorskip("fcntl")  # on Windows every program compiles for itself

MODULE = """
import sys
import numpy as np
from qtraj.paths.compiling import kernel

@kernel
def add_up(values):
    total = 0.0
    for value in values:
        total += np.sqrt(value) + np.exp(-value)
    return total

if __name__ == "__main__":
    import added
    print("ready", flush=True)
    sys.stdin.readline()
    added.add_up(np.ones(3))
    print(sum(added.add_up.stats.cache_misses.values()), sum(added.add_up.stats.cache_hits.values()))
"""


def test_of_programs_that_start_together_one_compiles(tmp_path: Path) -> None:
    (tmp_path / "added.py").write_text(MODULE)
    search = os.pathsep.join([str(tmp_path), str(Path(qtraj.__file__).parent.parent)])
    environment = {**os.environ, "PYTHONPATH": search, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, str(tmp_path / "added.py")]
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    try:
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        # Both have imported numba and begin now.
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        found = sorted(program.communicate(timeout=60)[0].split() for program in programs)
        assert found == [["0", "1"], ["1", "0"]]
    finally:
        for program in programs:
            program.kill()
            program.wait()
