"""One writer a folder; whoever is dead does not stand in the way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.errors import StorageError
from qtraj.storage import lock, resume_run
from qtraj.storage.lock import lock_owner, locked
from tests.storage.runs import SMALL, block_files

HOLDER = """
import sys, time
from pathlib import Path
from qtraj.storage.lock import locked

with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


def record(**how: Any) -> bytes:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": "yesterday", "token": "0"}
    return json.dumps(owner | how).encode()


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_lock_is_there_while_it_is_held(tmp_path: Path) -> None:
    assert lock_owner(tmp_path) is None
    with locked(tmp_path) as held:
        held.check()
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
        assert lock_owner(tmp_path) == f"process {os.getpid()} on {socket.gethostname()} since " + str(
            json.loads((tmp_path / "lock").read_text())["since"]
        )
    assert os.listdir(tmp_path) == []


def test_a_failure_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), locked(tmp_path):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_a_second_process_is_told_who_has_it_and_a_dead_one_does_not_matter(stored: Callable[..., Path]) -> None:
    folder = stored(paths=SMALL)
    before = block_files(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent)},
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "locked\n"
        sentence = (
            rf"is being written by process {process.pid} on {socket.gethostname()} since .*; wait for it, or stop it. "
            r"If it does not exist any more, remove \S+lock$"
        )
        with pytest.raises(StorageError, match=sentence):
            resume_run(folder)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    assert (folder / "lock").exists()  # the dead cannot tidy up
    assert lock_owner(folder) is None
    resume_run(folder)
    assert not (folder / "lock").exists()
    assert block_files(folder) == before


@pytest.mark.parametrize("flock", [True, False])
@pytest.mark.parametrize(
    ("content", "seconds", "dead"),
    [
        (b"", 0, True),
        (record(host="elsewhere"), 0, False),
        (record(host="elsewhere"), 119, False),
        (record(host="elsewhere"), 125, True),
        (record(pid=2**22 + 1), 0, True),
        (record(pid="x"), 0, True),
        (record(pid=-1), 0, True),
        (record(), 125, True),
        (b'{"pid": 12', 125, True),
        (b"[1, 2]", 125, True),
    ],
    # The records name this process, and workers that run the tests side by side must agree on the names of the tests.
    ids=["empty", "elsewhere", "elsewhere-119", "elsewhere-125", "gone", "text", "negative", "old", "cut", "list"],
)
def test_who_is_taken_for_dead(
    content: bytes, seconds: float, dead: bool, flock: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, or where the file system has no locks, signs of life decide."""
    if not flock:
        monkeypatch.setattr(lock, "fcntl", None)
    (tmp_path / "lock").write_bytes(content)
    age(tmp_path / "lock", seconds)
    assert (lock_owner(tmp_path) is None) == dead
    if dead:
        with locked(tmp_path) as held:
            held.check()
    else:
        with pytest.raises(StorageError, match="is being written by process"), locked(tmp_path):
            pass
        assert (tmp_path / "lock").read_bytes() == content


def test_without_file_locks_a_living_process_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    with locked(tmp_path):
        with pytest.raises(StorageError, match=f"is being written by process {os.getpid()}"), locked(tmp_path):
            pass
        assert (tmp_path / "lock").exists()
    assert os.listdir(tmp_path) == []


def test_the_owner_shows_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "SIGN_OF_LIFE_SECONDS", 0.01)
    with locked(tmp_path):
        age(tmp_path / "lock", 1000)
        deadline = time.monotonic() + 10
        while time.time() - (tmp_path / "lock").stat().st_mtime > 500:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_an_owner_who_was_taken_for_dead_stops(tmp_path: Path) -> None:
    with locked(tmp_path) as held:
        (tmp_path / "lock").write_bytes(record(host="elsewhere", pid=5))
        with pytest.raises(StorageError, match="was taken over by process 5 on elsewhere since yesterday"):
            held.check()
    assert (tmp_path / "lock").read_bytes() == record(host="elsewhere", pid=5)  # not ours to remove
    (tmp_path / "lock").unlink()
    with locked(tmp_path) as held:
        (tmp_path / "lock").unlink()
        with pytest.raises(StorageError, match="was taken over by another process"):
            held.check()


def test_a_lock_that_is_a_pipe_or_folder_is_an_error_and_no_wait(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(StorageError, match="could not be locked for writing: is a directory"), locked(tmp_path):
        pass
    with pytest.raises(StorageError, match="no such file"), locked(tmp_path / "none"):
        pass
