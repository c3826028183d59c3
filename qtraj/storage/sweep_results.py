"""The numbers of a sweep as one tidy table: a row for every point and quantity, as pandas and its kin like it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from qtraj.experiment.axes import SweepAxis, Value
from qtraj.storage.columns import Column
from qtraj.storage.parquet import StoredTable, encode
from qtraj.storage.sweep_report import PointReport

if TYPE_CHECKING:
    from qtraj.storage.sweep_folder import SweepPoint

__all__ = ["result_columns", "result_files", "result_notes"]

_UNIT_OF_QUANTITY: Final = "that of the quantity: nat for entropies, energy for heat and work, 1 for exp_minus_..."

_BEFORE: Final = {"point": Column(meaning="number of the point, from 0; its run is in points/ under that number")}

_AFTER: Final = {
    "quantity": Column(meaning="what the row is about: the mean of sigma, ..., or exp_minus_sigma, ... for <e^-sigma>"),
    "mean": Column(meaning="sampled mean", unit=_UNIT_OF_QUANTITY),
    "standard_error": Column(meaning="standard error of the sampled mean", unit=_UNIT_OF_QUANTITY),
    "exact": Column(meaning="exact value, from density matrices", unit=_UNIT_OF_QUANTITY),
    "verdict": Column(meaning="whether the two agree: pass, fail or inconclusive"),
    "point_verdict": Column(meaning="verdict of all checks of the point"),
    "covered_weight": Column(meaning="part of the weight of <e^-sigma> that the paths of the point can have seen"),
    "paths": Column(meaning="number of paths of the point", unit="paths"),
    "seed": Column(meaning="seed of the point's run"),
    "protocol": Column(meaning="what was measured"),
    "sampler": Column(meaning="how the paths were drawn"),
}


def result_notes(axes: Sequence[SweepAxis]) -> dict[str, Column]:
    """Meaning and unit of every column, in their order."""
    swept = {
        axis.name: Column(meaning=f"the key {axis.key} of the experiment", unit="that of the key") for axis in axes
    }
    return {**_BEFORE, **swept, **_AFTER}


def result_columns(
    axes: Sequence[SweepAxis], points: Sequence[SweepPoint], reports: Sequence[PointReport]
) -> dict[str, NDArray[Any]]:
    """The table as columns of equal length."""
    rows = [
        {
            "point": point.index,
            **point.values,
            "quantity": number.quantity,
            "mean": number.mean,
            "standard_error": number.standard_error,
            "exact": number.exact,
            "verdict": str(number.verdict),
            "point_verdict": str(report.verdict),
            "covered_weight": report.covered_weight,
            "paths": report.paths,
            "seed": report.seed,
            "protocol": report.protocol,
            "sampler": report.sampler,
        }
        for point, report in zip(points, reports, strict=True)
        for number in report.numbers
    ]
    sorts = {axis.name: _sort_of(axis.values) for axis in axes}
    sorts |= dict.fromkeys(("point", "paths", "seed"), np.int64)
    sorts |= dict.fromkeys(("mean", "standard_error", "exact", "covered_weight"), np.float64)
    return {
        name: np.array([row[name] for row in rows], dtype=sorts.get(name, np.object_)) for name in result_notes(axes)
    }


def result_files(axes: Sequence[SweepAxis], columns: Mapping[str, NDArray[Any]]) -> dict[str, bytes]:
    """The table as Parquet and as CSV (floats at full precision), by file name; equal tables give equal bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    # An entry that is not defined is left empty, as spreadsheets and pandas expect it.
    writer.writerows(
        ["" if value != value else value for value in row]
        for row in zip(*(column.tolist() for column in columns.values()), strict=True)
    )
    return {
        "results.parquet": encode(StoredTable(columns=columns), result_notes(axes)),
        "results.csv": text.getvalue().encode(),
    }


def _sort_of(values: Sequence[Value]) -> Any:
    if isinstance(values[0], str):
        return np.object_
    if isinstance(values[0], bool):
        return np.bool_
    whole = all(isinstance(value, int) and abs(value) < 2**63 for value in values)
    return np.int64 if whole else np.float64
