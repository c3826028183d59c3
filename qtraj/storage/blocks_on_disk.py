"""One file a finished block, named after its seed, its number and its own checksum.

    paths/seed-7-block-00000000012-9f86d081884c7d65.parquet

A file gets its name only when it is whole and on the disk. Since the name holds the checksum, damage shows without any
list of what should be there, and a file that was put in the wrong place shows by the stamp inside.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qtraj.atomic import folder_to_disk, in_words
from qtraj.errors import StorageError
from qtraj.paths.blocks import Block
from qtraj.storage.checksum import SHORT, checksum
from qtraj.storage.drawing import Stamp
from qtraj.storage.files import read_whole
from qtraj.storage.parquet import StoredTable, decode
from qtraj.storage.plan import Part, all_blocks
from qtraj.storage.run_folder import PATHS, RunFolder

__all__ = [
    "BlockFile",
    "DamagedBlock",
    "StaleBlock",
    "list_blocks",
    "read_block",
    "remove_block",
    "stored_blocks",
    "write_block",
]

_NAME: Final = re.compile(rf"seed-(0|[1-9]\d{{0,38}})-block-(\d{{11}})-([0-9a-f]{{{SHORT}}})\.parquet")


class DamagedBlock(StorageError):
    """A block's file does not hold what its name says; drawing it again helps."""


class StaleBlock(DamagedBlock):
    """A block's file holds the unfinished end of a shorter run."""


@dataclass(frozen=True, kw_only=True, order=True)
class BlockFile:
    """A file in `paths/`, by its name.

    Attributes:
        seed: Seed of the run.
        index: Number of the block.
        digest: Short checksum of the file.
    """

    seed: int
    index: int
    digest: str

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"seed-{self.seed}-block-{self.index:011}-{self.digest}.parquet"


def list_blocks(folder: Path) -> list[BlockFile]:
    """The block files of a run folder, by seed and number, judged by their names alone.

    Raises:
        StorageError: If the folder cannot be read, or holds a file that is no block. Hidden files are left alone.
    """
    try:
        names = os.listdir(folder / PATHS)
    except OSError as error:
        raise StorageError(f"`{folder / PATHS}` could not be read: {in_words(error)}") from error
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None:
            found.append(BlockFile(seed=int(match[1]), index=int(match[2]), digest=match[3]))
        elif not name.startswith((".", "_")):
            raise StorageError(f"`{folder / PATHS}` must hold blocks of the run only, but holds {name[:80]}")
    return sorted(found)


def write_block(folder: RunFolder, seed: int, index: int, data: bytes) -> BlockFile:
    """Write a block; it is on the disk when this returns.

    Raises:
        StorageError: If the operating system refuses; then nothing has changed.
    """
    file = BlockFile(seed=seed, index=index, digest=checksum(data)[:SHORT])
    folder.keep(f"{PATHS}/{file.name}", data)
    return file


def remove_block(folder: Path, file: BlockFile) -> None:
    """Remove a block's file.

    Raises:
        StorageError: If the operating system refuses.
    """
    path = folder / PATHS / file.name
    try:
        with suppress(FileNotFoundError):
            path.unlink()
        folder_to_disk(path.parent)
    except OSError as error:
        raise StorageError(f"`{path}` could not be removed: {in_words(error)}") from error


def read_block(
    folder: Path, file: BlockFile, block: Block, stamp: Stamp, *, names: Sequence[str] | None = None
) -> StoredTable:
    """Read a block and compare it with its name and its place in the run.

    Args:
        folder: The run folder.
        file: The block's file.
        block: What it should hold.
        stamp: What its stamp should say.
        names: Columns that are wanted; all by default.

    Raises:
        DamagedBlock: If it does not hold what its name says.
        StorageError: If it cannot be read, or is a sound block of another run.
    """
    path = folder / PATHS / file.name
    data = read_whole(path)
    shown = f"block {file.index} of seed {file.seed} ({path})"
    if checksum(data)[:SHORT] != file.digest:
        raise DamagedBlock(f"{shown} is damaged: its checksum does not fit its name")
    try:
        table = decode(data, names=names)
        note = json.loads(table.note)
        found = tuple(note[key] for key in ("run", "seed", "block", "paths"))
    except (StorageError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedBlock(f"{shown} is damaged: {error}") from error
    if found[:3] != (stamp.run, stamp.seed, block.index):
        raise StorageError(f"{shown} belongs to another run; remove it, or put it back where it came from")
    if found[3] != block.size:
        raise StaleBlock(f"{shown} holds {found[3]} paths, but in this run the block has {block.size}")
    held = int(table.columns["counts"].sum()) if "counts" in table.columns else table.rows
    if held != block.size and (names is None or table.columns):
        raise DamagedBlock(f"{shown} is damaged: it must hold {block.size} paths, but holds {held}")
    return table


def stored_blocks(folder: RunFolder) -> Iterator[tuple[Part, Block, list[BlockFile]]]:
    """The blocks of a run that are there, by seed and number: whose they are, what they should hold, and their files.

    A block has more than one file only after somebody has copied files about.

    Raises:
        StorageError: If the folder cannot be read, or holds a file that is no block of this run.
    """
    parts = {part.seed: part for part in folder.manifest.parts}
    found: dict[tuple[int, int], list[BlockFile]] = {}
    for file in list_blocks(folder.path):
        found.setdefault((file.seed, file.index), []).append(file)
    for (seed, index), files in found.items():
        if seed not in parts or not parts[seed].holds(index):
            raise StorageError(f"`{folder.paths / files[0].name}` is no block of this run; remove it, and try again")
        yield parts[seed], all_blocks(folder.manifest.sampler, parts[seed].paths)[index], files
