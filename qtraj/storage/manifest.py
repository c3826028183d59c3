"""`manifest.json`: everything that a stored run is a function of, and what it was drawn with.

The file is checked like an experiment file: strictly, and with sentences that name the key. It carries its own
checksum, since a digit that changed unnoticed would change the run. It is data and nothing else: no name in it is ever
imported or called.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from qtraj.atomic import atomic_file
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.ensemble import Protocol, Sampler
from qtraj.experiment.messages import describe, sentence
from qtraj.experiment.overrides import find_non_finite
from qtraj.experiment.schema import Table, refusal
from qtraj.storage.checksum import SHORT, document_checksum
from qtraj.storage.columns import column
from qtraj.storage.files import read_whole
from qtraj.storage.plan import Part, all_blocks, block_plan

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "REPORT_FORMAT",
    "SWEEP_FORMAT",
    "Manifest",
    "canonical",
    "column_notes",
    "read_checked",
    "read_manifest",
    "write_checked",
    "write_manifest",
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

# Which tables a part has; followed paths may have no law.
_LAW: Final = frozenset({"law", "flows"})
_TABLES: Final = {"counts": [_LAW], "explicit": [_LAW | {"cells"}], "followed": [_LAW, frozenset()]}

LARGEST_MANIFEST: Final = 64 * 2**20
"""Bytes: an experiment file of the largest size, written in JSON, with room for pooled seeds."""


class Manifest(Table):
    """What a run folder holds.

    Keys:
        format: Says what the file is.
        format_version: Version of the layout of the folder.
        name: What the experiment is called.
        experiment: The experiment file, settings and defaults filled in; matrix files are in the folder.
        protocol: What is measured.
        sampler: How the paths are drawn; runs of other samplers have other random numbers.
        records: Whether times and kinds of all jumps are kept.
        block_plan: How runs are cut into blocks.
        parts: Seeds, numbers of paths, blocks, tables, and what they were drawn with; ascending seeds.
        columns: Meaning and unit of every column that may be in the tables, for readers.
    """

    format: Literal["qtraj run folder"]
    format_version: Literal[1]
    name: str
    experiment: dict[str, Any]
    protocol: Protocol
    sampler: Sampler
    records: bool
    block_plan: dict[str, Any]
    parts: Annotated[list[Part], Field(min_length=1)]
    columns: dict[str, dict[str, str]]

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        if self.block_plan != block_plan(self.sampler):
            raise refusal("`block_plan` must be that of this version of qtraj, but is another one")
        seeds = [part.seed for part in self.parts]
        if any(low >= high for low, high in pairwise(seeds)):
            raise refusal("`parts` must have ascending seeds, but have not")
        for part in self.parts:
            if set(part.tables) not in _TABLES[self.sampler]:
                raise refusal(f"`parts` must have the tables of the {self.sampler} sampler, but have others")
            number = len(all_blocks(self.sampler, part.paths))
            if part.blocks[-1][1] > number:
                raise refusal(f"`parts` must have blocks below {number}, but have one up to {part.blocks[-1][1]}")
        return self

    @property
    def run(self) -> str:
        """Short checksum of all that the numbers in a block depend on besides seed and size; every block carries it."""
        return document_checksum(canonical(self.described))[:SHORT]

    @property
    def described(self) -> dict[str, Any]:
        """What two runs must have in common to be parts of one."""
        described = {key: value for key, value in self.experiment.items() if key != "ensemble"}
        return {
            "experiment": described,
            "protocol": self.protocol,
            "sampler": self.sampler,
            "records": self.records,
            "block_plan": self.block_plan,
        }

    @property
    def seeds(self) -> tuple[int, ...]:
        """All seeds, ascending."""
        return tuple(part.seed for part in self.parts)

    @property
    def paths(self) -> int:
        """Number of paths in all blocks of all parts."""
        return sum(part.own_paths(self.sampler) for part in self.parts)

    @property
    def blocks(self) -> int:
        """Number of blocks of all parts."""
        return sum(part.size() for part in self.parts)


def write_manifest(path: Path, manifest: Manifest, *, by_way_of: Path | None = None) -> None:
    """Write a manifest, whole or not at all.

    Args:
        path: Where.
        manifest: What.
        by_way_of: Folder of the temporary file.

    Raises:
        StorageError: If the operating system refuses.
    """
    write_checked(path, manifest.model_dump(), by_way_of=by_way_of)


def write_checked(path: Path, document: dict[str, Any], *, by_way_of: Path | None = None) -> None:
    """Write a JSON object with its own checksum, whole or not at all.

    Raises:
        StorageError: If the operating system refuses.
    """
    document = document | {"checksum": None}
    document["checksum"] = document_checksum(document)
    with atomic_file(path, by_way_of=by_way_of) as file:
        file.write((json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        StorageError: If it cannot be read, was damaged, or was written by a newer version.
        InvalidInput: If something in it is wrong although its checksum is right.
    """
    document = read_checked(path, FORMAT)
    try:
        return Manifest.model_validate(document)
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
    data = read_whole(path, LARGEST_MANIFEST)
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


def canonical(value: Any) -> Any:
    """One spelling for equal numbers: in a file 1 means 1.0."""
    match value:
        case dict():
            return {key: canonical(entry) for key, entry in value.items()}
        case list():
            return [canonical(entry) for entry in value]
        case bool():
            return value
        case int() | float():
            # Adding zero turns -0.0 into 0.0. Whole numbers that no double can be stay as they are.
            return value + 0.0 if abs(value) <= 2**53 else value
        case _:
            return value


def column_notes(names: list[str]) -> dict[str, dict[str, str]]:
    """Meaning and unit of columns, for the manifest."""
    return {name: {"meaning": column(name).meaning, "unit": column(name).unit} for name in names}
