"""`manifest.json`: everything that a stored run is a function of, and what it was drawn with.

The file is checked like an experiment file: strictly, and with sentences that name the key. It is data and nothing
else: no name in it is ever imported or called.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from qtraj.experiment.ensemble import Protocol, Sampler
from qtraj.experiment.schema import Table, refusal
from qtraj.storage.checked_json import FORMAT, read_table, write_checked
from qtraj.storage.checksum import SHORT, canonical, document_checksum
from qtraj.storage.columns import column
from qtraj.storage.plan import Part, all_blocks, block_plan

__all__ = ["Manifest", "column_notes", "read_manifest", "write_manifest"]

# Which tables a part has; followed paths may have no law.
_LAW: Final = frozenset({"law", "flows"})
_TABLES: Final = {"counts": [_LAW], "explicit": [_LAW | {"cells"}], "followed": [_LAW, frozenset()]}


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


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Raises:
        StorageError: If it cannot be read, was damaged, or was written by a newer version.
        InvalidInput: If something in it is wrong although its checksum is right.
    """
    return read_table(path, FORMAT, Manifest)


def column_notes(names: list[str]) -> dict[str, dict[str, str]]:
    """Meaning and unit of columns, for the manifest."""
    return {name: {"meaning": column(name).meaning, "unit": column(name).unit} for name in names}
