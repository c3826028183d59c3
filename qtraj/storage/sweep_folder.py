"""The layout of a sweep folder: a run folder for every point, and tables of what they say together.

- `DIR/manifest.json`: what is swept; written first;
- `DIR/points/0007/`: a run folder, as `qtraj sample` would have made it;
- `DIR/points/0007/report.json`: what `verify` says of it;
- `DIR/results.parquet`: the numbers of all points in one table;
- `DIR/results.csv`: the same table as text;
- `DIR/matrices/*.npy`: copies of the experiment's matrix files;
- `DIR/unfinished/`, `DIR/lock`: as in a run folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.axes import Value
from qtraj.experiment.load import Experiment
from qtraj.experiment.source import Source
from qtraj.experiment.sweeps import Sweep, checked_sweep
from qtraj.optional import import_optional
from qtraj.storage.checked_json import write_checked
from qtraj.storage.document import check_matrices
from qtraj.storage.folders import MANIFEST, UNFINISHED, has_manifest
from qtraj.storage.sweep_manifest import SweepManifest, point_seed, read_sweep_manifest
from qtraj.storage.sweep_report import REPORT, PointReport, read_report
from qtraj.storage.sweep_results import result_columns
from qtraj.theorems.levels import FAMILY_LEVEL

__all__ = ["POINTS", "SweepFolder", "SweepPoint", "is_sweep_folder", "load_sweep"]

POINTS: Final = "points"


def is_sweep_folder(path: str | os.PathLike[str]) -> bool:
    """Whether there is a sweep folder of that name, readable or not.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     is_sweep_folder(folder)
        False
    """
    return has_manifest(path) and (Path(path) / POINTS).is_dir()


def load_sweep(path: str | os.PathLike[str]) -> SweepFolder:
    """Open a sweep that is finished.

    Args:
        path: The folder.

    Returns:
        The sweep, with `results`, `points` and `table()`.

    Raises:
        StorageError: If it is not finished, or something in it is damaged; `resume_sweep` mends both.
        InvalidInput: If the manifest is wrong.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_sweep_file
        >>> from qtraj.storage.sweep_run import start_sweep
        >>> sweep = load_sweep_file("two-qubit-exchange", over=["angle=0.2:0.4:2"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = start_sweep(sweep, folder, paths=1000, seed=7)
        ...     load_sweep(folder).curve("heat")["angle"].tolist()
        [0.2, 0.4]
    """
    folder = SweepFolder.open(path)
    _ = folder.reports
    return folder


@dataclass(frozen=True, kw_only=True)
class SweepPoint:
    """A point of a sweep.

    Attributes:
        index: Its number, from 0.
        values: The value of every swept key, by its name in tables.
        seed: Seed of its run: with it and these values, `qtraj sample` draws the same paths.
        path: Its run folder, for `load_run`.
    """

    index: int
    values: dict[str, Value]
    seed: int
    path: Path


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepFolder:
    """A folder with a sweep, and the manifest that was in it when it was opened.

    Attributes:
        path: The folder.
        manifest: What it holds.
    """

    path: Path
    manifest: SweepManifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> SweepFolder:
        """Read the manifest of a folder, finished or not.

        Raises:
            StorageError: If there is none, or it cannot be read.
            InvalidInput: If something in it is wrong.
        """
        if not is_sweep_folder(path):
            raise StorageError(f"{os.fspath(path)!r} must be a sweep folder, made by `qtraj sweep`, but is none")
        return cls(path=Path(path), manifest=read_sweep_manifest(Path(path) / MANIFEST))

    @cached_property
    def sweep(self) -> Sweep:
        """What is swept, built from what the folder keeps.

        Raises:
            StorageError: If a matrix file is damaged.
            InvalidInput: If the axes are wrong.
        """
        check_matrices(self.manifest.experiment, self.path)
        source = Source(name=self.manifest.name, document=self.manifest.experiment, folder=self.path)
        return checked_sweep(source, self.manifest.mode, [table.axis() for table in self.manifest.axes])

    @cached_property
    def points(self) -> tuple[SweepPoint, ...]:
        """All points, in their order: on a grid the last axis changes fastest."""
        axes, seed = self.sweep.axes, self.manifest.sampling.seed
        assert seed is not None  # always in the manifest
        return tuple(
            SweepPoint(
                index=index,
                values={axis.name: value for axis, value in zip(axes, values, strict=True)},
                seed=point_seed(seed, {axis.key: value for axis, value in zip(axes, values, strict=True)}),
                path=self.path / POINTS / f"{index:04}",
            )
            for index, values in enumerate(self.sweep.points)
        )

    def experiment(self, point: SweepPoint) -> Experiment:
        """The experiment at a point."""
        return self.sweep.experiment(tuple(point.values.values()))

    @property
    def level(self) -> float:
        """False-alarm level of one point: that of a whole report, shared equally by all points."""
        return FAMILY_LEVEL / len(self.sweep)

    @cached_property
    def reports(self) -> tuple[PointReport, ...]:
        """What `verify` said of every point when it was drawn.

        Raises:
            StorageError: If one is missing or damaged.
        """
        missing = [point for point in self.points if not (point.path / REPORT).is_file()]
        if missing:
            there = len(self.points) - len(missing)
            raise StorageError(
                f"`{self.path}` is not finished: {there} of its {len(self.points)} points are there; "
                f"`qtraj resume {self.path}` draws the others"
            )
        try:
            return tuple(read_report(point.path) for point in self.points)
        except StorageError as error:
            raise StorageError(f"{error}; `qtraj resume {self.path}` makes it again") from error

    @cached_property
    def results(self) -> dict[str, NDArray[Any]]:
        """The table of results as columns by name: one row for every point and quantity, as in results.parquet.

        Raises:
            StorageError: If a report is missing or damaged.
        """
        return result_columns(self.sweep.axes, self.points, self.reports)

    def table(self) -> Any:
        """`results` as a pandas DataFrame.

        Raises:
            MissingPackage: If pandas is not installed.
        """
        return import_optional("pandas", "`table()`").DataFrame(self.results)

    def curve(self, quantity: str = "sigma") -> dict[str, NDArray[Any]]:
        """The rows of one quantity, point by point.

        Args:
            quantity: A name in the column `quantity`.

        Raises:
            InvalidInput: If there is no such quantity at all points.
        """
        rows = self.results["quantity"] == quantity
        if np.count_nonzero(rows) != len(self.points):
            known = ", ".join(dict.fromkeys(self.results["quantity"].tolist()))
            raise InvalidInput(f"`quantity` must be one that every point has, of {known}, but is {quantity!r:.40}")
        return {name: column[rows] for name, column in self.results.items()}

    def with_manifest(self, manifest: SweepManifest) -> SweepFolder:
        """The folder with another manifest, which is written."""
        write_checked(self.path / MANIFEST, manifest.model_dump(), by_way_of=self.path / UNFINISHED)
        return replace(self, manifest=manifest)
