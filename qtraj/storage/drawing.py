"""From a block to the bytes of its file: what a worker does.

Every function here is a pure function of a block, built from the same samplers as `qtraj.paths.sample.sample`, so that
a stored run has the numbers of one that was not stored. A worker gives back the finished file: compressed, which is
less to send, and a worker on another machine needs no access to the folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qtraj.blas import one_blas_thread
from qtraj.paths.alias import AliasTable
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.explicit import Cells, DrawCells
from qtraj.paths.follow_blocks import Book, Tally
from qtraj.paths.followers import follower, heats_of
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.running_mean import RunningMean
from qtraj.paths.splitting import SplittingTree
from qtraj.storage.environment import check_worker, environment
from qtraj.storage.parquet import StoredTable, encode
from qtraj.storage.plan import Part
from qtraj.storage.run_folder import RunFolder
from qtraj.storage.tables import cells_of, class_columns, law_of

__all__ = ["DrawnBlock", "Stamp", "drawer"]

# From a block to the columns of its table, and jump records if there are.
_DrawColumns: TypeAlias = Callable[[Block], tuple[Mapping[str, NDArray[Any]], JumpRecords | None]]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What every block says about itself.

    Attributes:
        run: Short checksum of what it is a block of.
        seed: Seed of the run.
    """

    run: str
    seed: int

    def note(self, block: Block) -> str:
        """The stamp on a block, as text."""
        return json.dumps({"run": self.run, "seed": self.seed, "block": block.index, "paths": block.size})


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnBlock:
    """What a worker gives back.

    Attributes:
        data: The block's file.
        mean: What its rows say of the mean that a progress display shows; nothing of blocks of counts.
    """

    data: bytes
    mean: RunningMean


def drawer(folder: RunFolder, part: Part) -> Callable[[Block], DrawnBlock]:
    """The function that draws the blocks of a part, on any machine where the numbers come out the same.

    Raises:
        StorageError: If the tables are damaged; by the function, on a machine where they would not.
    """
    manifest = folder.manifest
    return _Draw(
        draw=_drawer(folder, part),
        stamp=Stamp(run=manifest.run, seed=part.seed),
        here=json.dumps(environment(manifest.sampler)),
        sampler=manifest.sampler,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draw:
    """Draw a block, once it is clear that this machine may."""

    draw: _DrawColumns
    stamp: Stamp
    here: str
    sampler: str

    def __call__(self, block: Block) -> DrawnBlock:
        check_worker(self.here, self.sampler)
        columns, records = self.draw(block)
        mean = RunningMean()
        if "counts" not in columns:
            mean.add(columns)
        data = encode(StoredTable(columns=columns, records=records, note=self.stamp.note(block)))
        return DrawnBlock(data=data, mean=mean)


def _drawer(folder: RunFolder, part: Part) -> _DrawColumns:
    manifest, process = folder.manifest, folder.experiment.process
    tables = folder.tables(part)
    with one_blas_thread():
        law = law_of(tables, folder.endpoints)
        if manifest.sampler == "followed":
            follow = follower(process, folder.endpoints, part.seed, keep_records=manifest.records)
            if law is None:
                return Book(follow, folder.endpoints)
            finder = ClassFinder(law=law, heats_of=heats_of(process))
            _ = finder.lookup  # computed here once, and not by the workers with every block
            return _DrawTallied(tally=Tally(follow, finder, keep_rows=True, keep_classes=True))
        assert law is not None  # the other samplers draw from it, and no run begins without
        if manifest.sampler == "counts":
            return _DrawCounts(seed=part.seed, tree=SplittingTree(law.probabilities), columns=class_columns(law))
        cells, probabilities = cells_of(tables, law)
        return _DrawRows(draw=DrawCells(table=AliasTable(probabilities), seed=part.seed), cells=cells)


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawCounts:
    """Counts of the classes that occur, with what is worth knowing about each class."""

    seed: int
    tree: SplittingTree
    columns: Mapping[str, NDArray[Any]]

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[Any]], None]:
        counts = self.tree.counts(block.size, generator(block, self.seed, Stream.COUNTS))
        seen = np.flatnonzero(counts)
        columns = {"class": seen.astype(np.int32), **{name: values[seen] for name, values in self.columns.items()}}
        return {**columns, "counts": counts[seen]}, None


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawRows:
    """One row a path, from the table of labelled paths."""

    draw: DrawCells
    cells: Cells

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[Any]], None]:
        order = self.draw(block)
        columns = {name: values[order] for name, values in self.cells.table.items()}
        columns["class"] = self.cells.class_of[order].astype(np.int32)
        return columns, None


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawTallied:
    """One row a followed path, with its class in the law."""

    tally: Tally

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[Any]], JumpRecords | None]:
        return self.tally(block)[2:]
