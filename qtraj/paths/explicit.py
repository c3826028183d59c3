"""The explicit sampler: one row per path, in random order, with every label the protocol records.

A block draws how many of its paths fall into each class, splits those counts over the label pairs (mu, nu), and lays
the result out in random order. All three steps are exact multinomial draws, so a row is an independent draw from the
law of labelled paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import IntArray
from qtraj.errors import TooLarge
from qtraj.paths.blocks import Block, Stream, generator, row_blocks
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress
from qtraj.paths.splitting import SplittingTree, expand

__all__ = ["LARGEST_ROW_COUNT", "check_row_count", "draw_rows", "expand_counts"]

# Ten columns take 56 bytes a path: 11 GB.
LARGEST_ROW_COUNT = 200_000_000

_CLASS_LABELS = ("alpha", "beta", "n", "m")
_CLASS_VALUES = ("sigma", "sigma_d", "xi", "heat")
_ORDER = ("alpha", "mu", "beta", "nu", "n", "m", *_CLASS_VALUES)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """The paths of a block before they are written out: distinct labelled paths, and which of them each row is.

    This, and not the columns, is what a worker sends back: eight bytes a row instead of fifty-six.
    """

    table: Mapping[str, NDArray[Any]]
    order: IntArray

    def write_to(self, columns: Mapping[str, NDArray[Any]], start: int) -> None:
        """Write the rows into the columns from position `start` on."""
        for name, values in self.table.items():
            # With mode="raise" NumPy would take into a buffer first; the indices are our own.
            np.take(values, self.order, out=columns[name][start : start + self.order.size], mode="clip")


@dataclass(frozen=True, kw_only=True, eq=False)
class _ClassTable:
    """Draws the class counts of a block, the first thing its random numbers are used for."""

    tree: SplittingTree
    seed: int

    def __call__(self, block: Block) -> tuple[IntArray, _Cells | None]:
        return self.class_counts(block, generator(block, self.seed, Stream.EXPLICIT)), None

    def class_counts(self, block: Block, rng: np.random.Generator) -> IntArray:
        return self.tree.counts(block.size, rng)


@dataclass(frozen=True, kw_only=True, eq=False)
class _RowTables(_ClassTable):
    """Everything a worker needs: trees that split counts, columns per class, labels per leaf."""

    labels: LabelTable
    class_columns: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, law: PathLaw, labels: LabelTable, seed: int) -> _RowTables:
        columns: dict[str, NDArray[Any]] = {}
        for name in _CLASS_LABELS:
            column = getattr(law, name)
            if column[0] >= 0:
                columns[name] = column.astype(np.int32)
        columns.update({name: law.quantity(name) for name in _CLASS_VALUES if law.records(name)})
        return cls(tree=SplittingTree(law.probabilities), labels=labels, class_columns=columns, seed=seed)

    def __call__(self, block: Block) -> tuple[IntArray, _Cells]:
        rng = generator(block, self.seed, Stream.EXPLICIT)
        class_counts = self.class_counts(block, rng)
        return class_counts, self.cells(class_counts, rng)

    def empty_columns(self, paths: int) -> dict[str, NDArray[Any]]:
        """Columns for so many rows, in the order of a path, yet to be written."""
        types = {name: column.dtype for name, column in self.class_columns.items()}
        types["mu"] = types["nu"] = np.dtype(np.int32)
        return {name: np.empty(paths, dtype=types[name]) for name in _ORDER if name in types}

    def cells(self, class_counts: IntArray, rng: np.random.Generator) -> _Cells:
        """Split class counts over labelled paths and put them in random order."""
        occupied = np.flatnonzero(class_counts)
        entry, leaf, count = self.labels.forest.counts(self.labels.tree_of_class[occupied], class_counts[occupied], rng)
        cell_class = occupied[entry]
        table = {name: column[cell_class] for name, column in self.class_columns.items()}
        table["mu"] = self.labels.mu[leaf].astype(np.int32)
        table["nu"] = self.labels.nu[leaf].astype(np.int32)
        return _Cells(table=table, order=expand(np.arange(entry.size), count, rng))


def draw_rows(
    law: PathLaw,
    labels: LabelTable | None,
    paths: int,
    seed: int,
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> tuple[IntArray, dict[str, NDArray[Any]] | None]:
    """Draw labelled paths block by block.

    Args:
        law: The exact law.
        labels: The label pairs of its classes; None if only the class counts are wanted, which are the same ones.
        paths: Number of paths.
        seed: Seed of the run.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.

    Returns:
        Class counts, shape (C,), and the columns, each of shape (N,), or None without `labels`.

    Raises:
        TooLarge: If more rows are to be kept than fit.
    """
    draw = _ClassTable(tree=SplittingTree(law.probabilities), seed=seed)
    columns: dict[str, NDArray[Any]] | None = None
    if labels is not None:
        check_row_count(paths)
        draw = _RowTables.of(law, labels, seed)
        columns = draw.empty_columns(paths)
    total = np.zeros(law.classes, dtype=np.int64)
    blocks = row_blocks(paths)
    drawn = iterate_blocks(draw, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    for block, (class_counts, cells) in zip(blocks, drawn, strict=True):
        total += class_counts
        if columns is not None and cells is not None:
            # Written in place: gathering the blocks first would need the memory twice.
            cells.write_to(columns, block.start)
    return total, columns


def expand_counts(law: PathLaw, labels: LabelTable, class_counts: IntArray, seed: int) -> dict[str, NDArray[Any]]:
    """Lay class counts out as labelled rows in random order."""
    paths = int(class_counts.sum())
    check_row_count(paths)
    whole = Block(index=0, start=0, size=paths, full=False)
    tables = _RowTables.of(law, labels, seed)
    columns = tables.empty_columns(paths)
    tables.cells(class_counts, generator(whole, seed, Stream.EXPAND)).write_to(columns, 0)
    return columns


def check_row_count(paths: int) -> None:
    """Refuse more rows than fit into memory, with the number that would."""
    if paths > LARGEST_ROW_COUNT:
        raise TooLarge(
            f"single paths must number at most {LARGEST_ROW_COUNT:.0e} (about 11 GB of columns), but {paths:.3g} were "
            "asked for; use the counts sampler, whose cost does not grow with the number of paths",
            measured=float(paths),
        )
