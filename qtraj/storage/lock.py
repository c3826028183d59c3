"""One writer a folder: a lock with its owner's name in it, which is recognised when its owner is dead.

On one machine the operating system decides: it holds `flock` for as long as the owner lives, and not a moment longer,
whatever kills it. Another machine may not see that (network file systems differ), so the owner also shows a sign of
life in the lock file every few seconds; from another machine a lock without one for two minutes is taken for dead.
Should an owner only have slept, it notices before its next write that the lock is no longer its own, and stops. Even a
block written twice would do no harm, for both are equal.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from qtraj.atomic import in_words
from qtraj.errors import StorageError

fcntl: Any = None
with suppress(ImportError):  # on Windows signs of life have to do
    fcntl = importlib.import_module("fcntl")

__all__ = ["LOCK_NAME", "FolderLock", "lock_owner", "locked"]

LOCK_NAME: Final = "lock"

SIGN_OF_LIFE_SECONDS: Final = 15.0

DEAD_AFTER_SECONDS: Final = 120.0
"""Eight missed signs: more than any pause of a busy file server, less than the patience of a person."""

LARGEST_LOCK: Final = 4096


class FolderLock:
    """The lock of a folder, held; made by `locked`."""

    def __init__(self, path: Path, token: str) -> None:
        self._path = path
        self._token = token

    def check(self) -> None:
        """Make sure that it is still ours.

        Raises:
            StorageError: If somebody took it, believing that we are dead.
        """
        owner = _read(self._path)
        if owner is None or owner.get("token") != self._token:
            raise StorageError(
                f"`{self._path.parent}` was taken over by {_shown(owner)}, since this process showed no sign of life "
                "for two minutes; what it has written so far stays"
            )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[FolderLock]:
    """Hold the lock of a folder.

    Raises:
        StorageError: If another process holds it, or the folder cannot be written.
    """
    path = folder / LOCK_NAME
    token = secrets.token_hex(8)
    descriptor = _acquire(path, token)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(path, stop), daemon=True, name="qtraj-lock")
    heart.start()
    try:
        yield FolderLock(path, token)
    finally:
        stop.set()
        heart.join()
        owner = _read(path)
        if owner is not None and owner.get("token") == token:
            with suppress(OSError):
                path.unlink()  # before the descriptor is closed: nobody can hold what is being removed
        os.close(descriptor)


def lock_owner(folder: Path) -> str | None:
    """Who is writing to a folder, as far as one can see without writing there; None for nobody."""
    path = folder / LOCK_NAME
    owner = _read(path)
    return None if owner is None or _is_dead(path, owner, None) else _shown(owner)


def _acquire(path: Path, token: str) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise StorageError(f"`{path.parent}` could not be locked for writing: {in_words(error)}") from error
        try:
            free = _try_flock(descriptor)
            owner = _read(path)
            if owner is not None and not _is_dead(path, owner, free):
                raise StorageError(
                    f"`{path.parent}` is being written by {_shown(owner)}; wait for it, or stop it. If it does not "
                    f"exist any more, remove {path}"
                )
            if free is False:  # held, but the owner has not written its name yet
                raise StorageError(f"`{path.parent}` is being written by another process; wait for it, or stop it")
            record = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.ctime(), "token": token}
            _write(descriptor, json.dumps(record).encode())
            # The file may have been removed by its last owner between our opening and locking it.
            if _same_file(path, descriptor):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            raise StorageError(f"`{path.parent}` could not be locked for writing: {in_words(error)}") from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _try_flock(descriptor: int) -> bool | None:
    """True if the lock is ours now, False if somebody holds it, None if this file system has no such locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_dead(path: Path, owner: dict[str, Any], free: bool | None) -> bool:
    if free is False:
        return False
    here = owner.get("host") in (None, socket.gethostname())  # None if a crash cut the record off
    if here and (free or not _is_alive(owner.get("pid"))):
        return True
    with suppress(OSError):
        return _age(path) > DEAD_AFTER_SECONDS
    return True  # it is gone


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _age(path: Path) -> float:
    """Seconds since the last sign of life, by the clock of the file system, which may differ from ours."""
    probe = path.with_name(f".clock-{secrets.token_hex(6)}")
    try:
        probe.touch()
        now = probe.stat().st_mtime
    except OSError:
        now = time.time()
    finally:
        with suppress(OSError):
            probe.unlink()
    return now - path.stat().st_mtime


def _beat(path: Path, stop: threading.Event) -> None:
    while not stop.wait(SIGN_OF_LIFE_SECONDS):
        with suppress(OSError):
            os.utime(path)


def _read(path: Path) -> dict[str, Any] | None:
    """The record in a lock file; None if there is no file or it is empty."""
    try:
        if not path.is_file():  # opening a pipe could take for ever
            return None
        with path.open("rb") as file:
            data = file.read(LARGEST_LOCK)
    except OSError:
        return None
    if not data:
        return None
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        record = None
    return record if isinstance(record, dict) else {}


def _write(descriptor: int, data: bytes) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, data, 0) if hasattr(os, "pwrite") else os.write(descriptor, data)
    os.fsync(descriptor)


def _same_file(path: Path, descriptor: int) -> bool:
    try:
        there, ours = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _shown(owner: dict[str, Any] | None) -> str:
    if not owner:
        return "another process"
    return f"process {owner.get('pid')} on {str(owner.get('host'))[:60]} since {str(owner.get('since'))[:40]}"
