"""Followed paths block by block: counted by the classes of a law, kept as rows, or both."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import IntArray
from qtraj.paths.blocks import Block, row_blocks
from qtraj.paths.bookkeeping import book
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.explicit import check_row_count
from qtraj.paths.followers import Follow
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress, watch
from qtraj.paths.running_mean import RunningMean, counted_estimate
from qtraj.processes.seam import Endpoints

__all__ = ["Book", "Tally", "draw_followed", "draw_rows_only"]

_Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Tally:
    """Follow a block and count its classes; rows only if they are wanted, and with their classes only on request."""

    follow: Follow
    find: ClassFinder
    keep_rows: bool
    keep_classes: bool = False

    def __call__(self, block: Block) -> tuple[IntArray, int, _Columns, JumpRecords | None]:
        """Class counts, number of paths in no class, columns (`class` is -1 in no class), jump records if there are."""
        rows, records = _split(self.follow(block))
        index = self.find(rows)
        inside = index[index >= 0]
        counts = np.bincount(inside, minlength=self.find.law.classes).astype(np.int64)
        if not self.keep_rows:
            return counts, block.size - inside.size, {}, records
        law = self.find.law
        columns: _Columns = {
            name: rows[name].astype(np.int32)
            for name in ("alpha", "mu", "beta", "nu", "n", "m", "jumps")
            if name in rows
        }
        for name in law.quantities:
            columns[name] = np.where(index >= 0, law.quantity(name)[index], np.nan)
        if self.keep_classes:
            columns["class"] = index.astype(np.int32)
        return counts, block.size - inside.size, columns, records


@dataclass(frozen=True, eq=False)
class Book:
    """Follow a block and book its entropies."""

    follow: Follow
    endpoints: Endpoints

    def __call__(self, block: Block) -> tuple[_Columns, JumpRecords | None]:
        """Columns, and jump records if there are."""
        rows, records = _split(self.follow(block))
        return book(rows, self.endpoints), records


def draw_followed(
    follow: Follow,
    finder: ClassFinder,
    paths: int,
    *,
    keep_rows: bool = True,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> tuple[IntArray, int, _Columns | None, JumpRecords | None]:
    """Follow paths block by block and count how many fall into each class of a law.

    Args:
        follow: Gives the labels of one block's paths; a `follower`, or a deliberately wrong one in tests.
        finder: Assigns them to the classes of a law.
        paths: Number of paths.
        keep_rows: Whether the rows are wanted, or only how many fell into each class.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.

    Returns:
        Class counts, number of paths in no class, the columns or None, and the jump records if there are any.

    Raises:
        TooLarge: If more rows are to be kept than fit.
    """
    if keep_rows:
        check_row_count(paths)
    counts = np.zeros(finder.law.classes, dtype=np.int64)
    outside = 0
    columns: _Columns = {}
    records: list[JumpRecords] = []
    _ = finder.lookup  # computed here once, and not by the workers with every block
    tally, blocks = Tally(follow, finder, keep_rows), row_blocks(paths)
    watch(progress, lambda: counted_estimate(finder.law, counts))
    drawn = iterate_blocks(tally, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with closing(drawn):
        for block, (own, lost, rows, record) in zip(blocks, drawn, strict=True):
            counts += own
            outside += lost
            _write(columns, rows, block, paths)
            records += [] if record is None else [record]
    return counts, outside, columns if keep_rows else None, JumpRecords.joined(records) if records else None


def draw_rows_only(
    follow: Follow,
    endpoints: Endpoints,
    paths: int,
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
    running: RunningMean | None = None,
) -> tuple[_Columns, JumpRecords | None]:
    """Follow paths of a process that has no finite law, block by block; all columns are kept.

    Args:
        follow: Gives the labels and flows of one block's paths.
        endpoints: What the labels stand for.
        paths: Number of paths.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.
        running: Shown as the current estimate; None where the mean of the rows as they are means nothing.

    Raises:
        TooLarge: If there are more rows than fit.
    """
    check_row_count(paths)
    columns: _Columns = {}
    records: list[JumpRecords] = []
    blocks = row_blocks(paths)
    watch(progress, None if running is None else running.estimate)
    drawn = iterate_blocks(Book(follow, endpoints), blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with closing(drawn):
        for block, (rows, record) in zip(blocks, drawn, strict=True):
            _write(columns, rows, block, paths)
            records += [] if record is None else [record]
            if running is not None:
                running.add(rows)
    return columns, JumpRecords.joined(records) if records else None


def _split(followed: Any) -> tuple[_Columns, JumpRecords | None]:
    """Rows and records of what a follower gave; most know no records."""
    rows, records = followed if isinstance(followed, tuple) else (followed, None)
    return rows, records


def _write(columns: _Columns, rows: _Columns, block: Block, paths: int) -> None:
    """Put a block's rows into their place in the whole columns."""
    for name, column in rows.items():
        whole = columns.setdefault(name, np.empty((paths, *column.shape[1:]), dtype=column.dtype))
        whole[block.start : block.start + block.size] = column
