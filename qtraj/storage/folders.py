"""What the folders of runs and of sweeps have in common: how they begin, and how files come into them.

Either has a manifest, which is written first: a folder without one holds nothing yet, and may be used for something
else. Files are written in `unfinished/`, and get their names when they are whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from qtraj.atomic import atomic_file, folder_to_disk, in_words
from qtraj.errors import StorageError
from qtraj.storage.lock import LOCK_NAME, FolderLock, locked

__all__ = ["MANIFEST", "UNFINISHED", "clear_folder", "has_manifest", "keep_file", "new_folder"]

MANIFEST: Final = "manifest.json"
UNFINISHED: Final = "unfinished"


def has_manifest(path: str | os.PathLike[str]) -> bool:
    """Whether there is a folder of that name with a manifest, readable or not."""
    try:
        return (Path(path) / MANIFEST).exists()
    except (OSError, ValueError):
        return False


@contextmanager
def new_folder(path: Path, *, content: str, others: tuple[str, ...]) -> Iterator[FolderLock]:
    """Make a folder for a run or a sweep, and hold its lock; if nothing has begun there by an error, remove it again.

    Args:
        path: The folder, new or empty; what was left there by one that never began does not count.
        content: Folder of what a run or a sweep consists of, which must be empty too.
        others: The other folders in it.

    Raises:
        StorageError: If it holds anything else, cannot be made, or is being written by somebody else.
    """
    existed = path.exists()
    _prepare(path, content=content, others=others)
    try:
        with locked(path) as lock:
            try:
                _prepare(path, content=content, others=others)  # again: somebody else may have been faster
                yield lock
            except BaseException:
                # Only under the lock: without it, what is there may be what somebody else has begun.
                _discard(path, content=content, others=others)
                raise
    except BaseException:
        if not existed:
            with suppress(OSError):
                path.rmdir()  # which refuses if there is anything in it
        raise


def clear_folder(path: Path) -> None:
    """Empty a folder of files without names; make it if it is not there.

    Raises:
        StorageError: If the operating system refuses.
    """
    try:
        path.mkdir(exist_ok=True)
        for name in os.listdir(path):
            with suppress(FileNotFoundError):
                (path / name).unlink()
    except OSError as error:
        raise StorageError(f"`{path}` could not be cleared: {in_words(error)}") from error


def keep_file(folder: Path, name: str, data: bytes) -> None:
    """Write a file of a run or a sweep, whole or not at all.

    Raises:
        StorageError: If the operating system refuses.
    """
    with atomic_file(folder / name, by_way_of=folder / UNFINISHED) as file:
        file.write(data)


def _prepare(path: Path, *, content: str, others: tuple[str, ...]) -> None:
    """Make a folder for a run or a sweep, and the folders in it, if they are not there.

    Raises:
        StorageError: If it holds anything else, or cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if has_manifest(path):
            raise StorageError(
                f"`{path}` holds a run already; go on with it by `qtraj resume {path}`, or choose another folder"
            )
        ours = {content, *others, LOCK_NAME}
        foreign = [name for name in sorted(os.listdir(path)) if name not in ours and not name.startswith(".")]
        inside = os.listdir(path / content) if (path / content).is_dir() else []
        foreign += [f"{content}/{name}" for name in inside]
        if foreign:
            raise StorageError(f"`{path}` must be a new or empty folder, but holds {foreign[0]}")
        for name in (content, *others):
            (path / name).mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        words = in_words(error) if isinstance(error, OSError) else str(error)
        raise StorageError(f"`{path}` could not be made: {words}") from error
    folder_to_disk(path)
    folder_to_disk(path.parent)


def _discard(path: Path, *, content: str, others: tuple[str, ...]) -> None:
    """Remove what `_prepare` made and what was written since, as long as there is no manifest."""
    if has_manifest(path):
        return
    with suppress(OSError):
        for name in (*others, content):
            for file in os.listdir(path / name) if name != content else []:
                (path / name / file).unlink()
            (path / name).rmdir()
