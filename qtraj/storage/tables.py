"""The exact law as tables in the run folder, and back.

A law is computed by linear algebra, whose last bits depend on the machine, and by a different algorithm for degenerate
eigenvalues perhaps on more than that. So it is computed once, when a run starts, and a resumed run draws from the very
same numbers wherever it is resumed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, frozen
from qtraj.errors import InvalidInput, StorageError
from qtraj.paths.explicit import Cells
from qtraj.paths.flows import Flows
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import QUANTITIES, PathLaw
from qtraj.processes.seam import Endpoints, Process
from qtraj.storage.parquet import StoredTable, decode, encode

__all__ = ["cells_of", "class_columns", "encode_tables", "law_of", "same_law"]

_LABELS: Final = ("alpha", "branch", "beta", "n", "m")

_ABOUT_FLOWS: Final = ("reservoirs", "entropy_error", "heat_error")

VALUE_TOLERANCE: Final = 1e-9
"""Two laws of one experiment, computed on different machines, agree to some 1e-13 times the size of the problem; laws
of different experiments that agree to 1e-9 in every number no sample could tell apart."""


def encode_tables(process: Process, law: PathLaw, sampler: str) -> dict[str, bytes]:
    """The tables that the paths of a sampler are drawn from, as Parquet files by name.

    Raises:
        TooLarge: If there are too many labelled paths for the explicit sampler.
    """
    columns: dict[str, NDArray[Any]] = {name: getattr(law, name) for name in _LABELS}
    columns |= {"log_forward": law.log_forward, "probability": law.probabilities}
    columns |= {name: getattr(law, name) for name in QUANTITIES if getattr(law, name) is not None}
    columns |= law.further
    flows: dict[str, NDArray[Any]] = {}
    for position, reservoir in enumerate(law.flows.reservoirs):
        flows[f"entropy_into_{reservoir}"] = law.flows.entropies[:, position]
        flows[f"heat_into_{reservoir}"] = law.flows.heats[:, position]
    about_law = {"paths": law.paths, "further": list(law.further)}
    about_flows = {name: getattr(law.flows, name) for name in _ABOUT_FLOWS} | {"count": law.flows.count}
    tables = {
        "law": encode(StoredTable(columns=columns, note=json.dumps(about_law))),
        "flows": encode(StoredTable(columns=flows, note=json.dumps(about_flows))),
    }
    if sampler == "explicit":
        cells, probabilities = Cells.all_of(law, LabelTable.of(process, law))
        columns = {"class": cells.class_of, "probability": probabilities, **cells.table}
        tables["cells"] = encode(StoredTable(columns=columns))
    return tables


def law_of(tables: Mapping[str, bytes], endpoints: Endpoints) -> PathLaw | None:
    """The law that is kept in a folder; None for runs whose paths have none.

    Raises:
        StorageError: If the tables do not fit together, or not to the endpoints.
    """
    if "law" not in tables or "flows" not in tables:
        return None
    stored, flows = decode(tables["law"]), decode(tables["flows"])
    try:
        about_law, about_flows, columns = json.loads(stored.note), json.loads(flows.note), stored.columns
        reservoirs = tuple(about_flows.pop("reservoirs"))
        # A process without reservoirs has one combination of no flows, which no column can show.
        shape = (int(about_flows.pop("count")), len(reservoirs))
        labels: dict[str, Any] = {name: columns[name].astype(np.int64) for name in _LABELS}
        values: dict[str, Any] = {name: _floats(columns[name]) if name in columns else None for name in QUANTITIES}
        law = PathLaw(
            protocol=endpoints.protocol,
            endpoints=endpoints,
            log_forward=_floats(columns["log_forward"]),
            flows=Flows(
                reservoirs=reservoirs,
                entropies=_side_by_side([flows.columns[f"entropy_into_{name}"] for name in reservoirs], shape),
                heats=_side_by_side([flows.columns[f"heat_into_{name}"] for name in reservoirs], shape),
                **about_flows,
            ),
            paths=about_law["paths"],
            further={name: _floats(columns[name]) for name in about_law["further"]},
            **labels,
            **values,
        )
        probabilities = _floats(columns["probability"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise StorageError(f"the tables of the law are damaged: {error}") from error
    start, end = endpoints.initial.outcomes.count, endpoints.final.outcomes.count
    for name, least, bound in (("alpha", 0, start), ("branch", 0, law.flows.count), ("beta", -1, end)):
        _check_labels(name, getattr(law, name), least, bound)
    # Not computed again from the logarithms: exp may round differently on another processor.
    vars(law)["probabilities"] = frozen(probabilities)
    return law


def cells_of(tables: Mapping[str, bytes], law: PathLaw) -> tuple[Cells, FloatArray]:
    """The labelled paths that the explicit sampler draws from, with their probabilities.

    Raises:
        StorageError: If the table does not fit to the law.
    """
    columns = dict(decode(tables["cells"]).columns) if "cells" in tables else {}
    if "class" not in columns or "probability" not in columns:
        raise StorageError("the table of labelled paths is damaged: it has no classes or no probabilities")
    class_of, probabilities = columns.pop("class").astype(np.int64), columns.pop("probability")
    _check_labels("class", class_of, 0, law.classes)
    return Cells(table=columns, class_of=class_of), probabilities


def class_columns(law: PathLaw) -> dict[str, NDArray[Any]]:
    """`PathLaw.columns` with labels of 32 bits, as files keep them."""
    return {
        name: column if column.dtype.kind == "f" else column.astype(np.int32) for name, column in law.columns.items()
    }


def same_law(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> bool:
    """Whether the tables of two runs have the same classes, and the same numbers up to rounding."""
    if set(one) != set(other):
        return False
    for name in set(one) & {"law", "flows"}:
        first, second = decode(one[name]).columns, decode(other[name]).columns
        if set(first) != set(second):
            return False
        for key, mine in first.items():
            theirs = second[key]
            if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
                return False
            # Heats have units, so that their own size is all they can be compared with; labels must be equal.
            slack = VALUE_TOLERANCE * np.nanmax(np.abs(mine), initial=0.0) if mine.dtype.kind == "f" else 0.0
            if not np.allclose(mine, theirs, rtol=0.0, atol=slack, equal_nan=True):
                return False
    return True


def _side_by_side(columns: list[NDArray[Any]], shape: tuple[int, int]) -> FloatArray:
    table = np.stack(columns, axis=1) if columns else np.zeros(shape)
    if table.shape != shape:
        raise InvalidInput(f"flows must have shape {shape}, but have {table.shape}")
    return _floats(table)


def _floats(array: NDArray[Any]) -> FloatArray:
    if array.dtype != np.float64:
        raise InvalidInput(f"a column must hold double-precision numbers, but holds {array.dtype}")
    floats: FloatArray = array
    return floats


def _check_labels(name: str, labels: NDArray[Any], least: int, bound: int) -> None:
    if labels.size == 0 or int(labels.min()) < least or int(labels.max()) >= bound:
        raise StorageError(
            f"the tables of the law do not fit the experiment: `{name}` must lie from {least} to {bound - 1}"
        )
