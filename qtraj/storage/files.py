"""Reading whole files of a run folder, with every way they can be unreadable put in a sentence."""

from __future__ import annotations

import stat
from pathlib import Path

from qtraj.atomic import in_words
from qtraj.errors import StorageError

__all__ = ["read_whole"]


def read_whole(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        path: The file.
        limit: Most bytes it may have.

    Raises:
        StorageError: If it is none, is larger, or cannot be read.
    """
    try:
        status = path.stat()
        # A pipe may never end, so it is not opened.
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"`{path}` must be a regular file, but is none")
        if limit is not None and status.st_size > limit:
            raise StorageError(
                f"`{path}` must have at most {limit >> 20} MiB, but has {status.st_size / 2**20:.1f} MiB"
            )
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"`{path}` could not be read: {in_words(error)}") from error
    except ValueError as error:  # a NUL in the name
        raise StorageError(f"{str(path)!r} could not be read: {error}") from error
