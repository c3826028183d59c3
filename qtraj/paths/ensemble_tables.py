"""An ensemble as a table: for pandas, for xarray, and its means for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from qtraj.markup import table
from qtraj.paths.frames import as_data_frame, as_data_set

if TYPE_CHECKING:
    from qtraj.paths.ensemble import Ensemble  # whose methods call what is here

__all__ = ["data_frame", "data_set", "means_table"]


def data_frame(ensemble: Ensemble) -> Any:
    """Paths, or classes with their counts, as a pandas DataFrame (`Ensemble.to_pandas`)."""
    entry, columns = _columns(ensemble)
    return as_data_frame(columns, entry=entry, attributes=_attributes(ensemble))


def data_set(ensemble: Ensemble) -> Any:
    """The same as an xarray Dataset (`Ensemble.to_xarray`)."""
    entry, columns = _columns(ensemble)
    return as_data_set(columns, entry=entry, attributes=_attributes(ensemble))


def means_table(ensemble: Ensemble) -> str:
    """Sampled means, beside the exact ones if there is a law, as an HTML table."""
    columns, law = ["quantity", "sampled mean", "std. error"], ensemble.finite_law
    rows = [
        [name, f"{ensemble.mean(name):.6g}", f"{ensemble.standard_error(name):.2g}"] for name in ensemble.quantities
    ]
    if law is not None:
        columns.append("exact mean")
        rows = [[*row, f"{law.mean(row[0]):.6g}"] for row in rows]
    return table(columns, rows, caption=repr(ensemble).strip("<>"))


def _columns(ensemble: Ensemble) -> tuple[str, dict[str, NDArray[Any]]]:
    """What one entry of the table is, and its columns."""
    if ensemble.rows is None:
        return "class", {**ensemble.class_table, "probability": ensemble.law.probabilities}
    weights = {} if ensemble.log_weights is None else {"log_weights": ensemble.log_weights}
    return "path", {**ensemble.rows, **weights}


def _attributes(ensemble: Ensemble) -> dict[str, Any]:
    """What the whole table is of."""
    return {
        "process": ensemble.process.kind,
        "protocol": ensemble.protocol,
        "sampler": ensemble.sampler,
        "seeds": list(ensemble.seeds),
        "paths": ensemble.paths,
    }
