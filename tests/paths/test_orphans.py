"""Workers of a process that was killed end by themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import qtraj
from qtraj.paths.orphans import GLANCE_SECONDS, end_with

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc and kill -9")

PARENT = """
import os, sys, time
from pathlib import Path
from qtraj.paths.parallel import map_blocks
from qtraj.paths.blocks import row_blocks

def work(block):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(0.05)

map_blocks(work, row_blocks(2**16 * 10_000), n_jobs=2, backend="loky")
"""


def lives(process: int) -> bool:
    """Whether a process exists and is no zombie, which in containers nobody may bury."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent)}
    (tmp_path / "parent.py").write_text(PARENT)
    (tmp_path / "seen").mkdir()
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", tmp_path / "seen"], env=environment)
    try:
        deadline = time.monotonic() + 60
        while len(workers := [int(name) for name in os.listdir(tmp_path / "seen")]) < 2:
            assert parent.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert all(map(lives, workers))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    # Loky's own patience is a minute; ours is a second, and a few more where other programs are busy.
    deadline = time.monotonic() + 20 * GLANCE_SECONDS
    while any(map(lives, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_with_another_parent_is_left_alone() -> None:
    before = time.monotonic()
    end_with(os.getpid())  # nobody is its own parent
    while time.monotonic() - before < 0.1:
        assert lives(os.getpid())
