"""From a block to the bytes of its file: what a worker does.

Every function here is a pure function of a block, built from the same samplers as `qtraj.paths.sample.sample`, so that
a stored run has the numbers of one that was not stored. A worker gives back the finished file: compressed, which is
less to send, and a worker on another machine needs no access to the folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.blas import one_blas_thread
from qtraj.paths.alias import AliasTable
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.explicit import Cells, DrawCells
from qtraj.paths.follow_blocks import Book, Tally
from qtraj.paths.followers import follower, heats_of
from qtraj.paths.splitting import SplittingTree
from qtraj.storage.environment import check_worker, environment
from qtraj.storage.parquet import StoredTable, encode
from qtraj.storage.plan import Part
from qtraj.storage.run_folder import RunFolder
from qtraj.storage.tables import cells_of, class_columns, law_of

__all__ = ["Stamp", "drawer"]


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


def drawer(folder: RunFolder, part: Part) -> Callable[[Block], bytes]:
    """The function that draws the blocks of a part, on any machine where the numbers come out the same.

    Raises:
        StorageError: If the tables are damaged; by the function, on a machine where they would not.
    """
    sampler = folder.manifest.sampler
    return _Draw(draw=_drawer(folder, part), here=json.dumps(environment(sampler)), sampler=sampler)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draw:
    """Draw a block, once it is clear that this machine may."""

    draw: Callable[[Block], bytes]
    here: str
    sampler: str

    def __call__(self, block: Block) -> bytes:
        check_worker(self.here, self.sampler)
        return self.draw(block)


def _drawer(folder: RunFolder, part: Part) -> Callable[[Block], bytes]:
    manifest, process = folder.manifest, folder.experiment.process
    stamp = Stamp(run=manifest.run, seed=part.seed)
    tables = folder.tables(part)
    with one_blas_thread():
        law = law_of(tables, folder.endpoints)
        if manifest.sampler == "followed":
            follow = follower(process, folder.endpoints, part.seed, keep_records=manifest.records)
            if law is None:
                return _DrawBooked(stamp=stamp, book=Book(follow, folder.endpoints))
            finder = ClassFinder(law=law, heats_of=heats_of(process))
            _ = finder.lookup  # computed here once, and not by the workers with every block
            return _DrawTallied(stamp=stamp, tally=Tally(follow, finder, keep_rows=True, keep_classes=True))
        assert law is not None  # the other samplers draw from it, and no run begins without
        if manifest.sampler == "counts":
            tree = SplittingTree(law.probabilities)
            return _DrawCounts(stamp=stamp, tree=tree, columns=class_columns(law))
        cells, probabilities = cells_of(tables, law)
        return _DrawRows(stamp=stamp, draw=DrawCells(table=AliasTable(probabilities), seed=part.seed), cells=cells)


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawCounts:
    """Counts of the classes that occur, with what is worth knowing about each class."""

    stamp: Stamp
    tree: SplittingTree
    columns: Mapping[str, NDArray[Any]]

    def __call__(self, block: Block) -> bytes:
        counts = self.tree.counts(block.size, generator(block, self.stamp.seed, Stream.COUNTS))
        seen = np.flatnonzero(counts)
        columns = {"class": seen.astype(np.int32), **{name: values[seen] for name, values in self.columns.items()}}
        return encode(StoredTable(columns={**columns, "counts": counts[seen]}, note=self.stamp.note(block)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawRows:
    """One row a path, from the table of labelled paths."""

    stamp: Stamp
    draw: DrawCells
    cells: Cells

    def __call__(self, block: Block) -> bytes:
        order = self.draw(block)
        columns = {name: values[order] for name, values in self.cells.table.items()}
        columns["class"] = self.cells.class_of[order].astype(np.int32)
        return encode(StoredTable(columns=columns, note=self.stamp.note(block)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawTallied:
    """One row a followed path, with its class in the law."""

    stamp: Stamp
    tally: Tally

    def __call__(self, block: Block) -> bytes:
        _, _, columns, records = self.tally(block)
        return encode(StoredTable(columns=columns, records=records, note=self.stamp.note(block)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _DrawBooked:
    """One row a followed path, of a process without a finite law."""

    stamp: Stamp
    book: Book

    def __call__(self, block: Block) -> bytes:
        columns, records = self.book(block)
        return encode(StoredTable(columns=columns, records=records, note=self.stamp.note(block)))
