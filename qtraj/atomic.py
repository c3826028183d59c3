"""Files that are either whole or not there: written under another name in the same folder, then renamed.

A reader, or the next run after a crash, never meets half a file, and a failure never costs the file that was there
before. The rename is atomic only within one file system, hence the same folder.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from qtraj.errors import InvalidInput, StorageError

__all__ = ["atomic_file", "atomic_path", "check_writable", "file_name", "folder_to_disk", "in_words"]


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, by_way_of: Path | None = None) -> Iterator[Path]:
    """Offer a temporary path for a library that writes files by name; at the end of the `with` it becomes `path`.

    The temporary name keeps the suffix of `path`, because libraries choose the format by it. If the body raises, the
    temporary file is removed and `path` stays as it was.

    Args:
        path: Where the file shall be. A symbolic link is followed, not replaced.
        by_way_of: Folder of the temporary file, in the same file system; by default that of `path`. Where readers take
            a whole folder for their input, what is unfinished must not be in it.

    Raises:
        StorageError: If the operating system refuses.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_path(Path(folder) / "note.txt") as temporary:
        ...         _ = temporary.write_text("whole")
        ...     [file.name for file in Path(folder).iterdir()]
        ['note.txt']
    """
    target = Path(os.path.realpath(path))
    temporary = (by_way_of or target.parent) / f".{target.stem[:80]}-{secrets.token_hex(6)}{target.suffix}"
    try:
        # Created here, not by the library, so that a name that is taken is noticed and the umask decides who may read.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        yield temporary
        _to_disk(temporary)
        os.replace(temporary, target)
        folder_to_disk(target.parent)
    except OSError as error:
        raise StorageError(f"`{os.fspath(path)}` could not be written: {in_words(error)}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], *, by_way_of: Path | None = None) -> Iterator[BinaryIO]:
    """Open a binary file that becomes `path` at the end of the `with`, whole or not at all.

    Args:
        path: Where the file shall be.
        by_way_of: As in `atomic_path`.

    Raises:
        StorageError: If the operating system refuses.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with atomic_file(Path(folder) / "data") as file:
        ...         _ = file.write(b"whole")
        ...     (Path(folder) / "data").read_bytes()
        b'whole'
    """
    with atomic_path(path, by_way_of=by_way_of) as temporary, temporary.open("wb") as file:
        yield file


def file_name(path: str | os.PathLike[str]) -> Path:
    r"""A path that was given as an argument of this name.

    Raises:
        InvalidInput: If it is no file name, or one that no operating system takes.

    Example:
        >>> file_name("report\0.html")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `path` must be a file name, but has a null character in it: 'report\x00.html'
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise InvalidInput(f"`path` must be a file name, but is of class {type(path).__name__}: {path!r:.80}")
    if "\0" in os.fspath(path):
        raise InvalidInput(f"`path` must be a file name, but has a null character in it: {os.fspath(path)!r:.80}")
    return Path(path)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out whether `path` can be written before hours are spent on what shall go there.

    The answer may change in between; it only saves the common mistakes, a folder that does not exist or is not ours.

    Raises:
        StorageError: If `path` is a folder, or its folder is missing or not writable.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise StorageError(f"`{os.fspath(path)}` must be a file, but is a folder")
    if not target.parent.is_dir():
        raise StorageError(f"`{os.fspath(path)}` cannot be written, since the folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise StorageError(f"`{os.fspath(path)}` cannot be written, since the folder {target.parent} is not writable")


def in_words(error: OSError) -> str:
    """What the operating system said, without its number and the path, ready for the end of a sentence.

    Example:
        >>> in_words(FileNotFoundError(2, "No such file or directory", "x"))
        'no such file or directory'
    """
    text = error.strerror or str(error) or type(error).__name__
    return text[0].lower() + text[1:]


def _to_disk(path: Path) -> None:
    # A rename can reach the disk before the content does; after a power cut the new name would hold nothing.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def folder_to_disk(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut, as far as the file system lets us."""
    # Windows cannot open folders, and some network file systems refuse to sync them; the file itself is safe by now.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
