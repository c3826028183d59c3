"""`manifest.json` of a sweep folder: the experiment, what is swept, and how its points are to be sampled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from qtraj.experiment.axes import SweepAxis, Value
from qtraj.experiment.ensemble import EnsembleTable
from qtraj.experiment.schema import Table
from qtraj.storage.checked_json import SWEEP_FORMAT, read_table
from qtraj.storage.checksum import canonical

__all__ = ["SEED_BITS", "AxisTable", "SweepManifest", "point_seed", "read_sweep_manifest"]

SEED_BITS: Final = 53
"""Seeds of points are exact in every reader of numbers, whether of JSON, CSV or spreadsheets. That two of ten thousand
points have the same one, and thereby the same random numbers, happens once in 2e8 sweeps."""


class AxisTable(Table):
    """A key that is swept.

    Keys:
        key: The dotted key, in parts.
        values: Its values.
    """

    key: Annotated[list[str], Field(min_length=1)]
    values: Annotated[list[bool | int | float | str], Field(min_length=1)]

    def axis(self) -> SweepAxis:
        """The same as an axis."""
        return SweepAxis(parts=tuple(self.key), values=tuple(self.values))


class SweepManifest(Table):
    """What a sweep folder holds.

    Keys:
        format: Says what the file is.
        format_version: Version of the layout of the folder.
        name: What the experiment is called.
        experiment: The experiment at the first point, settings and defaults filled in; matrix files are in the folder.
        mode: `grid` or `zip`.
        axes: What is swept.
        sampling: What was asked for beside the file, which it wins over: paths, protocol, sampler; and always the seed.
        made_with: Versions and processor that the sweep was begun with; every point has its own note.
        columns: Meaning and unit of the columns of results.parquet and results.csv.
    """

    format: Literal["qtraj sweep folder"]
    format_version: Literal[1]
    name: str
    experiment: dict[str, Any]
    mode: Literal["grid", "zip"]
    axes: Annotated[list[AxisTable], Field(min_length=1)]
    sampling: EnsembleTable
    made_with: dict[str, Any]
    columns: dict[str, dict[str, str]]


def read_sweep_manifest(path: Path) -> SweepManifest:
    """Read and check a manifest.

    Raises:
        StorageError: If it cannot be read, was damaged, or was written by a newer version.
        InvalidInput: If something in it is wrong although its checksum is right.
    """
    return read_table(path, SWEEP_FORMAT, SweepManifest)


def point_seed(seed: int, values: Mapping[str, Value]) -> int:
    """The seed of a point: a function of the sweep's seed and of the swept values, and of nothing else.

    So a point keeps its paths when other points are added, removed or put in another order.

    Args:
        seed: Seed of the sweep.
        values: Value of every swept key.

    Example:
        >>> point_seed(7, {"beta": 1, "angle": 0.5}) == point_seed(7, {"angle": 0.5, "beta": 1.0})
        True
        >>> point_seed(7, {"beta": 1}) == point_seed(8, {"beta": 1})
        False
    """
    text = json.dumps([seed, canonical(dict(values))], sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> (64 - SEED_BITS)
