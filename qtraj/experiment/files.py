"""What is read from disk: experiment files and matrices, with every way they can be unreadable put in a sentence."""

from __future__ import annotations

import errno
import io
import math
import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qtraj.atomic import in_words
from qtraj.errors import InvalidExperiment, StorageError, TooLarge

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST_EXPERIMENT", "LARGEST_MATRIX", "parse_toml", "read_experiment", "read_matrix"]

LARGEST_EXPERIMENT: Final = 16 * 2**20
"""Bytes of an experiment file: a 700 x 700 complex matrix in text. Larger ones belong in a .npy file."""

LARGEST_MATRIX: Final = 2**30
"""Bytes of a .npy file: a complex matrix of dimension 8192, the largest dense unitary there is."""


PICKLED: Final = "pickled Python objects, which are never loaded"


def read_experiment(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of an experiment file as plain dictionaries, lists and values.

    Args:
        path: A regular file in TOML, UTF-8, at most 16 MiB.

    Raises:
        InvalidExperiment: If it is no regular file, not UTF-8 or not TOML.
        TooLarge: If it is larger than 16 MiB.
        StorageError: If it cannot be read.
        FileNotFoundError: If it does not exist; the caller knows what else the name could have meant.
    """
    data = _read(Path(path), LARGEST_EXPERIMENT, f"`{os.fspath(path)}`", "move its matrices to .npy files")
    try:
        # Windows editors put a mark at the start of UTF-8 files, which TOML does not allow but nobody can see.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidExperiment(
            f"`{os.fspath(path)}` must be a text file in UTF-8, but byte {error.start} is not"
        ) from error
    return parse_toml(text, f"`{os.fspath(path)}`")


def parse_toml(text: str, subject: str) -> dict[str, Any]:
    """Parse TOML; `subject` is what the sentence starts with if it is none.

    Raises:
        InvalidExperiment: If the text is not TOML.

    Example:
        >>> parse_toml("beta = 0.6", "this")
        {'beta': 0.6}
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise InvalidExperiment(f"{subject} must be TOML, but nests tables or lists too deeply") from error
    except ValueError as error:  # also an integer of more than 4300 digits
        what = " ".join(str(error).split()).rstrip(".")
        raise InvalidExperiment(f"{subject} must be TOML, but is not: {what[:1].lower()}{what[1:]:.200}") from error


def read_matrix(path: str, folder: Path) -> NDArray[Any]:
    """Return the array of numbers in a .npy file, never unpickling anything.

    Args:
        path: Absolute, or relative to `folder`.
        folder: The folder of the experiment file.

    Raises:
        InvalidExperiment: If it does not exist, is no .npy file of real or complex numbers, or is cut off.
        TooLarge: If it is larger than 1 GiB.
        StorageError: If it cannot be read.
    """
    from numpy.lib import format

    try:
        data = _read(folder / path, LARGEST_MATRIX, f"`{path}`", "use fewer levels")
    except FileNotFoundError:
        raise InvalidExperiment(f"`{path}` must be a .npy file beside the experiment file, but there is none") from None
    if not data.startswith(b"\x93NUMPY"):
        what = {b"\x80": PICKLED, b"P": "an .npz archive"}.get(data[:1], "something else")
        raise InvalidExperiment(f"`{path}` must be a .npy file of numbers, but holds {what}")
    try:
        file = io.BytesIO(data)
        read_header = {(1, 0): format.read_array_header_1_0, (2, 0): format.read_array_header_2_0}[
            format.read_magic(file)
        ]
        shape, _, dtype = read_header(file)
        # Compared before any memory is asked for: a header may promise anything.
        damaged = min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - file.tell()
        kind = dtype.kind
    except (KeyError, ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise InvalidExperiment(f"`{path}` must be a .npy file of numbers, but its header is damaged") from error
    if kind not in "iufc":
        what = PICKLED if kind == "O" else f"the type {dtype}"
        raise InvalidExperiment(f"`{path}` must be a .npy file of real or complex numbers, but holds {what}")
    if damaged:
        raise InvalidExperiment(f"`{path}` must hold an array of shape {shape}, but its length does not fit that")
    file.seek(0)
    return format.read_array(file, allow_pickle=False)


def _read(path: Path, limit: int, subject: str, advice: str) -> bytes:
    """Read a regular file of at most `limit` bytes; that there is none is for the caller to explain."""
    try:
        status = path.stat()
        regular = stat.S_ISREG(status.st_mode)
        # A folder cannot be read and a pipe may never end, so neither is opened.
        if regular and status.st_size <= limit:
            with path.open("rb") as file:
                return file.read(limit)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise FileNotFoundError(str(path)) from error
        raise StorageError(f"{subject} could not be read: {in_words(error)}") from error
    except ValueError:  # a NUL in the name: the operating system knows no such file
        raise FileNotFoundError(str(path)) from None
    if not regular:
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
        raise InvalidExperiment(f"{subject} must be a regular file, but is {kind}")
    raise TooLarge(
        f"{subject} must have at most {limit >> 20} MiB, but has {status.st_size / 2**20:.1f} MiB; {advice}",
        measured=float(status.st_size),
    )
