"""The experiment as the manifest keeps it: complete, and readable on a machine that never saw the original file.

Settings are in it, defaults of models are filled in, and matrix files are copied into the folder under a name made of
their checksum, so that nobody who changes `u.npy` changes a run that has begun.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.files import LARGEST_MATRIX
from qtraj.experiment.load import Experiment
from qtraj.experiment.messages import describe, dotted
from qtraj.models import find_model
from qtraj.storage.checksum import SHORT, checksum
from qtraj.storage.files import read_whole

__all__ = ["MATRICES", "check_matrices", "complete_document", "difference"]

MATRICES: Final = "matrices"
"""Folder of the matrix files inside the run folder."""


def complete_document(experiment: Experiment, keep: Callable[[str, bytes], None]) -> dict[str, Any]:
    """What goes into the manifest.

    Args:
        experiment: As it was loaded.
        keep: Called with name (inside the run folder) and content of every matrix file.

    Raises:
        InvalidInput: If the experiment was not loaded from a file or by a model's name.
        StorageError: If a matrix cannot be read.
    """
    if not experiment.document:
        raise InvalidInput("`experiment` must come from a file or a model's name to be stored, but has no document")
    document = copy.deepcopy(experiment.document)
    if experiment.model is not None:
        defaults = find_model(experiment.model).parameters
        given = document.get("parameters") or {}
        document["parameters"] = {name: given.get(name, _plain(value)) for name, value in defaults.items()}
    for table in _tables_with_files(document):
        data = read_whole(experiment.folder / table["file"], LARGEST_MATRIX)
        table["file"] = f"{MATRICES}/{checksum(data)[:SHORT]}.npy"
        keep(table["file"], data)
    return document


def check_matrices(document: dict[str, Any], folder: Path) -> None:
    """Compare the matrix files of a run folder with their checksums.

    Raises:
        StorageError: If one is damaged, or a name leads out of the folder.
    """
    for table in _tables_with_files(document):
        parts = Path(table["file"]).parts
        if len(parts) != 2 or parts[0] != MATRICES:
            raise StorageError(f"`{folder}`: matrix files must be in {MATRICES}/, but one is {table['file'][:80]!r}")
        path = folder / MATRICES / parts[1]
        if checksum(read_whole(path, LARGEST_MATRIX))[:SHORT] != path.stem:
            raise StorageError(f"`{path}` is damaged: its checksum does not fit its name")


def difference(one: Any, other: Any, names: tuple[str, str]) -> str | None:
    """Where two documents differ first, as the end of a sentence; None if they are equal.

    Example:
        >>> difference({"a": {"b": 1}}, {"a": {"b": 2}}, ("A", "B"))
        '`a.b` is 1 in A, but is 2 in B'
    """
    found = next(_differences(one, other, ()), None)
    if found is None:
        return None
    path, mine, theirs = found
    first, second = ("is missing" if value is _MISSING else describe(value) for value in (mine, theirs))
    return f"`{dotted(path)}` {first} in {names[0]}, but {second} in {names[1]}"


_MISSING: Final = object()


def _differences(one: Any, other: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*one, *other]):
            yield from _differences(one.get(key, _MISSING), other.get(key, _MISSING), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for position, (mine, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _differences(mine, theirs, (*path, position))
    # 1 and 1.0 are written differently, and mean the same.
    elif one != other or (isinstance(one, bool) != isinstance(other, bool)):
        yield path, one, other


def _plain(default: Any) -> Any:
    """A model's default as files spell it."""
    match default:
        case complex():
            return {"real": default.real, "imag": default.imag}
        case list() | tuple():
            return [_plain(entry) for entry in default]
        case None | str() | bool() | int():
            return default
        case float() if math.isfinite(default):
            return float(default)
        case _:
            raise InvalidInput(f"a default must be plain to be stored, but is a {type(default).__name__}")


def _tables_with_files(document: Any) -> Iterator[dict[str, Any]]:
    """Every table that names a matrix file."""
    if isinstance(document, dict):
        if isinstance(document.get("file"), str):
            yield document
        for value in document.values():
            yield from _tables_with_files(value)
    elif isinstance(document, list):
        for value in document:
            yield from _tables_with_files(value)
