"""JSON objects that carry their own checksum: the manifests of runs and sweeps, and the reports of points.

A digit that changed unnoticed would change a run, or what is said of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from qtraj.atomic import atomic_file
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.messages import describe, sentence
from qtraj.experiment.overrides import find_non_finite
from qtraj.experiment.schema import Table
from qtraj.storage.checksum import document_checksum
from qtraj.storage.files import read_whole

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "REPORT_FORMAT",
    "SWEEP_FORMAT",
    "read_checked",
    "read_table",
    "write_checked",
]

FORMAT: Final = "qtraj run folder"
SWEEP_FORMAT: Final = "qtraj sweep folder"
REPORT_FORMAT: Final = "qtraj report of a point"

_FILES: Final = {
    FORMAT: "the manifest of a run folder",
    SWEEP_FORMAT: "the manifest of a sweep folder",
    REPORT_FORMAT: "the report of a point",
}

FORMAT_VERSION: Final = 1
"""Goes up when an older qtraj could misread a folder. Readers keep understanding all earlier numbers."""

LARGEST_DOCUMENT: Final = 64 * 2**20
"""Bytes: an experiment file of the largest size, written in JSON, with room for pooled seeds."""

_Table = TypeVar("_Table", bound=Table)


def write_checked(path: Path, document: dict[str, Any], *, by_way_of: Path | None = None) -> None:
    """Write a JSON object with its own checksum, whole or not at all.

    Raises:
        StorageError: If the operating system refuses.
    """
    document = document | {"checksum": None}
    document["checksum"] = document_checksum(document)
    with atomic_file(path, by_way_of=by_way_of) as file:
        file.write((json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def read_table(path: Path, expected: str, table: type[_Table]) -> _Table:
    """Read a JSON object, and check it key by key.

    Args:
        path: The file.
        expected: What its key `format` has to say.
        table: What keys there are.

    Raises:
        StorageError: As `read_checked`.
        InvalidInput: If something in it is wrong although its checksum is right.
    """
    document = read_checked(path, expected)
    try:
        return table.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(f"`{path}`: {sentence(error)}") from None


def read_checked(path: Path, expected: str) -> dict[str, Any]:
    """Read a JSON object and compare it with its own checksum.

    Args:
        path: The file.
        expected: What its key `format` has to say.

    Returns:
        The object, without the checksum.

    Raises:
        StorageError: If it cannot be read, was damaged, is of another format or was written by a newer version.
    """
    shown = f"`{path}`"
    data = read_whole(path, LARGEST_DOCUMENT)
    try:
        document = json.loads(data)
        finite = find_non_finite(document) is None
        own = document_checksum({**document, "checksum": None}) if finite and isinstance(document, dict) else ""
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{shown} must be JSON, but is damaged: {' '.join(str(error).split())[:120]}") from error
    if not isinstance(document, dict):
        document = {}
    found = document.get("format")
    if found != expected:
        what = _FILES.get(found, "something else") if isinstance(found, str) else "something else"
        raise StorageError(f"{shown} must be {_FILES[expected]}, but is {what}")
    version = document.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StorageError(f"{shown} must have a `format_version` from 1 on, but it {describe(version)}")
    if version > FORMAT_VERSION:
        raise StorageError(
            f"{shown} has format version {version}, which is newer than the {FORMAT_VERSION} that this qtraj knows; "
            "read it with a newer qtraj"
        )
    if document.pop("checksum", None) != own:
        raise StorageError(f"{shown} was changed or damaged since it was written: its checksum does not fit")
    checked: dict[str, Any] = document
    return checked
