"""From a run folder to an `Ensemble`: nothing is drawn, and nothing is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import IntArray
from qtraj.errors import StorageError
from qtraj.paths.blocks import Block
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.explicit import check_row_count
from qtraj.paths.jump_records import JumpRecords
from qtraj.storage.blocks_on_disk import BlockFile, DamagedBlock, read_block, stored_blocks
from qtraj.storage.drawing import Stamp
from qtraj.storage.parquet import StoredTable
from qtraj.storage.run_folder import RunFolder
from qtraj.storage.tables import law_of

__all__ = ["load_run"]


def load_run(path: str | os.PathLike[str] | RunFolder, *, rows: bool = False, partial: bool = False) -> Ensemble:
    """The ensemble in a run folder.

    Args:
        path: The folder, or one that is open.
        rows: Whether single paths are wanted, as far as the run has them, or only how many fell into each class. Runs
            without a finite law always give single paths.
        partial: Take the finished blocks of a run that is not finished.

    Returns:
        The same ensemble as `sample` would have drawn; of several seeds, a pooled one, sorted by seed and block.

    Raises:
        StorageError: If the run is not finished, or a block or table is damaged; `resume_run` mends both.
        InvalidInput: If the manifest is wrong; `TooLarge` if there are more rows than fit.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_experiment
        >>> from qtraj.storage.start import start_run
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = start_run(load_experiment("two-qubit-exchange"), folder, paths=1000, sampler="explicit", seed=7)
        ...     load_run(folder, rows=True)["sigma"].shape
        (1000,)
    """
    folder = path if isinstance(path, RunFolder) else RunFolder.open(path)
    manifest = folder.manifest
    files = _files(folder)
    if not files or (len(files) < manifest.blocks and not partial):
        raise StorageError(
            f"`{folder.path}` is not finished: {len(files)} of its {manifest.blocks} blocks are there; "
            f"`qtraj resume {folder.path}` draws the others"
        )
    law = law_of(folder.tables(manifest.parts[0]), folder.endpoints)
    rows = (rows and manifest.sampler != "counts") or law is None
    total = sum(block.size for block, _ in files)
    if rows:
        check_row_count(total)
    gathered = _Gathered(class_counts=np.zeros(0 if law is None else law.classes, dtype=np.int64), paths=total)
    for block, file in files:
        wanted = None if rows else ("class", "counts")
        stamp = Stamp(run=manifest.run, seed=file.seed)
        try:
            table = read_block(folder.path, file, block, stamp, names=wanted)
        except DamagedBlock as error:
            raise StorageError(f"{error}; `qtraj resume {folder.path}` draws it again") from error
        gathered.add(table, file, rows=rows)
    return Ensemble(
        process=folder.experiment.process,
        finite_law=law,
        sampler=manifest.sampler,
        seeds=tuple(sorted({file.seed for _, file in files})),
        paths=total,
        class_counts=gathered.class_counts,
        rows=gathered.columns if rows else None,
        outside=gathered.outside,
        measured=folder.endpoints if law is None else None,
        records=JumpRecords.joined(gathered.records) if gathered.records else None,
    )


def _files(folder: RunFolder) -> list[tuple[Block, BlockFile]]:
    """The block files of a run, by seed and number."""
    found = []
    for part, block, files in stored_blocks(folder):
        if len(files) > 1:
            raise StorageError(
                f"block {block.index} of seed {part.seed} is there {len(files)} times in `{folder.paths}`; "
                f"`qtraj resume {folder.path}` keeps the right one"
            )
        found.append((block, files[0]))
    return found


@dataclass(eq=False)
class _Gathered:
    """What has been read so far."""

    class_counts: IntArray
    paths: int
    outside: int = 0
    filled: int = 0
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    records: list[JumpRecords] = field(default_factory=list)

    def add(self, table: StoredTable, file: BlockFile, *, rows: bool) -> None:
        columns = dict(table.columns)
        classes, counts = columns.pop("class", None), columns.pop("counts", None)
        if self.class_counts.size or classes is not None:
            if classes is None or not self._fit(classes, counts):
                raise StorageError(f"{file.name} does not fit the law: its classes are not those of the tables")
            self._count(classes, counts)
        if not rows:
            return
        size = table.rows
        if self.filled and set(columns) != set(self.columns):
            raise StorageError(f"{file.name} has the columns {', '.join(columns)}, but others have other ones")
        for name, values in columns.items():
            whole = self.columns.setdefault(name, np.empty(self.paths, dtype=values.dtype))
            whole[self.filled : self.filled + size] = values
        self.filled += size
        self.records += [] if table.records is None else [table.records]

    def _fit(self, classes: NDArray[Any], counts: NDArray[Any] | None) -> bool:
        least = -1 if counts is None else 0
        whole = classes.dtype.kind == "i" and (counts is None or counts.dtype.kind == "i")
        inside = classes.size == 0 or (int(classes.min()) >= least and int(classes.max()) < self.class_counts.size)
        return whole and inside and (counts is None or bool((counts >= 0).all()))

    def _count(self, classes: NDArray[Any], counts: NDArray[Any] | None) -> None:
        if counts is not None:
            np.add.at(self.class_counts, classes, counts)
            return
        inside = classes[classes >= 0]
        self.outside += classes.size - inside.size
        self.class_counts += np.bincount(inside, minlength=self.class_counts.size)
