"""The explicit sampler: one row per path, with every label the protocol records.

All labelled paths that carry weight are listed once, as *cells*; a row is an independent draw of a cell by the alias
method. Written that way the sampler has no code in common with the counts sampler, and the two can be held against each
other. Counts that were already drawn are laid out as rows by `expand_counts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import TooLarge
from qtraj.paths.alias import FRONT_CELLS, AliasTable
from qtraj.paths.blocks import Block, Stream, generator, row_blocks
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress, watch
from qtraj.paths.running_mean import counted_estimate
from qtraj.paths.splitting import expand

__all__ = ["LARGEST_ROW_COUNT", "Cells", "DrawCells", "check_row_count", "draw_rows", "expand_counts"]

# Ten columns take 56 bytes a path: 11 GB.
LARGEST_ROW_COUNT = 200_000_000

# Even 10 million such cells would show up in one of 10^7 runs of the largest size.
NEGLIGIBLE_CELL = 1e-23

# A cell takes 80 bytes with its alias.
LARGEST_CELL_TABLE = 10_000_000

_CLASS_LABELS = ("alpha", "beta", "n", "m")
_ORDER = ("alpha", "mu", "beta", "nu", "n", "m")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Distinct labelled paths: one array a column, one entry a cell."""

    table: Mapping[str, NDArray[Any]]
    class_of: IntArray

    @classmethod
    def of(cls, law: PathLaw, labels: LabelTable | None, class_of: IntArray, leaf: IntArray) -> Cells:
        """Cells given by their classes in the law and their leaves in the label table, both of shape (cells,)."""
        columns: dict[str, NDArray[Any]] = {}
        if labels is not None:
            columns = {"mu": labels.mu[leaf].astype(np.int32), "nu": labels.nu[leaf].astype(np.int32)}
        for name in _CLASS_LABELS:
            label = getattr(law, name)
            if label[0] >= 0:
                columns[name] = label[class_of].astype(np.int32)
        columns = {name: columns[name] for name in _ORDER if name in columns}
        columns.update({name: law.quantity(name)[class_of] for name in law.quantities})
        return cls(table=columns, class_of=class_of)

    @classmethod
    def all_of(cls, law: PathLaw, labels: LabelTable | None) -> tuple[Cells, FloatArray]:
        """Every cell of a law with its probability, the likely ones first.

        Raises:
            TooLarge: If there are more than 10 million.
        """
        if labels is None:
            sizes, first, shares = (
                np.ones(law.classes, dtype=np.int64),
                np.zeros(law.classes, dtype=np.int64),
                np.ones(1),
            )
        else:
            sizes, first, shares = (
                labels.sizes[labels.tree_of_class],
                labels.starts[labels.tree_of_class],
                labels.shares,
            )
        count = int(sizes.sum())
        if count > LARGEST_CELL_TABLE:
            raise TooLarge(
                f"the explicit sampler must list at most {LARGEST_CELL_TABLE:.0e} labelled paths, but there are "
                f"{count:.3g}; use the followed sampler for single paths, or counts",
                measured=float(count),
            )
        class_of = np.repeat(np.arange(law.classes), sizes)
        leaf = np.arange(count) + np.repeat(first - (np.cumsum(sizes) - sizes), sizes)
        probabilities = law.probabilities[class_of] * shares[leaf]
        # Likely cells side by side: most rows then read the same few pages of memory.
        order = np.flatnonzero(probabilities > NEGLIGIBLE_CELL)
        if order.size > FRONT_CELLS:
            order = order[np.argpartition(-probabilities[order], FRONT_CELLS)]
        return cls.of(law, labels, class_of[order], leaf[order]), probabilities[order]

    def empty_columns(self, paths: int) -> dict[str, NDArray[Any]]:
        """Columns for so many rows, yet to be written."""
        return {name: np.empty(paths, dtype=values.dtype) for name, values in self.table.items()}

    def write_to(self, columns: Mapping[str, NDArray[Any]], start: int, order: IntArray) -> None:
        """Write the rows that are the cells `order` into the columns from position `start` on."""
        for name, values in self.table.items():
            # With mode="raise" NumPy would take into a buffer first; the indices are our own.
            np.take(values, order, out=columns[name][start : start + order.size], mode="clip")

    def class_counts(self, cell_counts: IntArray, classes: int) -> IntArray:
        """Add up counts of the cells to counts of the classes of the law."""
        totals = np.zeros(classes, dtype=np.int64)
        np.add.at(totals, self.class_of, cell_counts)
        return totals


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawCells:
    """What a worker does: draw the cells of a block's rows. It sends back eight bytes a row, not the columns."""

    table: AliasTable
    seed: int

    def __call__(self, block: Block) -> IntArray:
        """The cell of every row of a block."""
        return self.table.draw(block.size, generator(block, self.seed, Stream.EXPLICIT))


def draw_rows(
    law: PathLaw,
    labels: LabelTable | None,
    paths: int,
    seed: int,
    *,
    keep_rows: bool = True,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> tuple[IntArray, dict[str, NDArray[Any]] | None]:
    """Draw labelled paths block by block.

    Args:
        law: The exact law.
        labels: The label pairs of its classes; None for rows without labels mu and nu.
        paths: Number of paths.
        seed: Seed of the run.
        keep_rows: Whether the columns are wanted, or only the class counts, which are the same ones.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.

    Returns:
        Class counts, shape (C,), and the columns, each of shape (N,), or None.

    Raises:
        TooLarge: If more rows are to be kept than fit, or there are too many labelled paths to list.
    """
    if keep_rows:
        check_row_count(paths)
    cells, probabilities = Cells.all_of(law, labels)
    columns = cells.empty_columns(paths) if keep_rows else None
    cell_counts = np.zeros(probabilities.size, dtype=np.int64)
    blocks = row_blocks(paths)
    draw = DrawCells(table=AliasTable(probabilities), seed=seed)
    watch(progress, lambda: counted_estimate(law, cells.class_counts(cell_counts, law.classes)))
    drawn = iterate_blocks(draw, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with closing(drawn):
        for block, order in zip(blocks, drawn, strict=True):
            cell_counts += np.bincount(order, minlength=cell_counts.size)
            if columns is not None:
                # Written in place: gathering the blocks first would need the memory twice.
                cells.write_to(columns, block.start, order)
    return cells.class_counts(cell_counts, law.classes), columns


def expand_counts(
    law: PathLaw, labels: LabelTable | None, class_counts: IntArray, seed: int
) -> dict[str, NDArray[Any]]:
    """Lay class counts out as labelled rows in random order: split them over the labels, repeat, shuffle."""
    paths = int(class_counts.sum())
    check_row_count(paths)
    rng = generator(Block(index=0, start=0, size=paths, full=False), seed, Stream.EXPAND)
    occupied = np.flatnonzero(class_counts)
    entry, leaf, count = np.arange(occupied.size), np.zeros(occupied.size, dtype=np.int64), class_counts[occupied]
    if labels is not None:
        entry, leaf, count = labels.forest.counts(labels.tree_of_class[occupied], class_counts[occupied], rng)
    cells = Cells.of(law, labels, occupied[entry], leaf)
    columns = cells.empty_columns(paths)
    cells.write_to(columns, 0, expand(np.arange(entry.size), count, rng, dtype=np.int64))
    return columns


def check_row_count(paths: int) -> None:
    """Refuse more rows than fit into memory, with the number that would."""
    if paths > LARGEST_ROW_COUNT:
        raise TooLarge(
            f"single paths must number at most {LARGEST_ROW_COUNT:.0e} (about 11 GB of columns), but {paths:.3g} were "
            "asked for; use the counts sampler, whose cost does not grow with the number of paths, if there is a "
            "finite law",
            measured=float(paths),
        )
