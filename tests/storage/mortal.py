"""Runs whose process is killed: `python mortal.py` obeys one JSON order a line, each in a child of its own.

Importing everything takes a second, forking a few milliseconds; so the process that has imported everything lives on,
and its children die. An order names a folder, a number of paths and when to die:

- `after`: killed from outside after so many seconds;
- `event`: killed by itself just before the given file operation in the folder: opening, half of a write, the sync of a
  file or a folder, renaming, removing, making a folder. 0 is the first.

- `largest`: files must not become larger than so many bytes;
- `over`: it is a sweep, over these words.

The answer is what became of the child: `killed` or `finished`, the `error` it ended with, if any, and how many file
operations there were.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from qtraj.errors import StorageError
from qtraj.experiment import load_experiment, load_sweep_file
from qtraj.storage import (
    folders,
    is_run_folder,
    is_sweep_folder,
    resume_run,
    resume_sweep,
    start_run,
    start_sweep,
)

AUDITED = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.truncate"})


def work(order: dict[str, Any]) -> None:
    if "over" in order and is_sweep_folder(order["folder"]):
        resume_sweep(order["folder"])
    elif "over" in order:
        sweep = load_sweep_file(order["model"], over=order["over"])
        start_sweep(sweep, order["folder"], paths=order["paths"], seed=7, sampler=order["sampler"])
    elif is_run_folder(order["folder"]):
        resume_run(order["folder"], paths=order["paths"])
    else:
        experiment = load_experiment(order["model"])
        start_run(experiment, order["folder"], paths=order["paths"], seed=7, sampler=order["sampler"])


class Reaper:
    """Counts file operations in a folder, and kills the process before one of them."""

    def __init__(self, folder: str, fatal: int) -> None:
        self.folder, self.fatal, self.seen = folder, fatal, 0

    def event(self) -> None:
        if self.seen == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        self.seen += 1

    def audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in AUDITED and str(arguments[0]).startswith(self.folder):
            self.event()

    def watch(self) -> None:
        sys.addaudithook(self.audit)
        sync, atomic_file = os.fsync, folders.atomic_file

        def counted_sync(descriptor: int) -> None:
            self.event()
            sync(descriptor)

        @contextmanager
        def halting_file(path: Path, **how: Any) -> Iterator[Any]:
            with atomic_file(path, **how) as file:
                yield HaltingFile(file, self)

        os.fsync = counted_sync
        folders.atomic_file = halting_file  # type: ignore[assignment]


class HaltingFile:
    """Writes in two halves, and may die in between."""

    def __init__(self, file: BinaryIO, reaper: Reaper) -> None:
        self.file, self.reaper = file, reaper

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        self.reaper.event()
        self.file.write(data[len(data) // 2 :])


def obey(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if "largest" in order:
                # Writing beyond it fails with an error, as on a full disk; Python ignores the signal that comes along.
                resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], order["largest"]))
            reaper = Reaper(order["folder"], order.get("event", -1))
            reaper.watch()
            work(order)
            os.write(writing, json.dumps({"events": reaper.seen}).encode())
            code = 0
        except StorageError as error:
            os.write(writing, json.dumps({"error": str(error)}).encode())
        finally:
            os._exit(code)
    os.close(writing)
    if "after" in order:
        time.sleep(order["after"])
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        answer = json.loads(pipe.read() or "{}")
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"killed": killed, "finished": status == 0, **answer}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)
