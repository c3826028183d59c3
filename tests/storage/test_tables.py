"""The law in a folder is the law it was written from, to the last bit, or it is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qtraj.errors import StorageError
from qtraj.experiment import load_experiment
from qtraj.paths.exact_law import exact_law
from qtraj.paths.explicit import Cells
from qtraj.paths.flows import Flows
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import MeasurementProtocol
from qtraj.storage.parquet import StoredTable, decode, encode
from qtraj.storage.tables import cells_of, encode_tables, law_of, same_law

MODELS = ["two-qubit-exchange", "davies-qutrit", "coherent-collision"]

CASES = [
    ("two-qubit-exchange", []),
    ("two-qubit-exchange", ["correlation={real=0.01, imag=0.02}"]),  # no reservoirs, further quantities
    ("davies-qutrit", []),
    ("coherent-collision", ["collisions=4"]),
]


@pytest.mark.parametrize(
    ("model", "settings", "protocol"),
    [
        (model, settings, protocol)
        for model, settings in CASES
        for protocol in MeasurementProtocol
        if not (protocol is MeasurementProtocol.KRAUS and "correlation" in str(settings))  # it has none
    ],
)
def test_a_law_comes_back_to_the_last_bit(model: str, settings: list[str], protocol: MeasurementProtocol) -> None:
    """Field by field, those included that somebody adds later."""
    process = load_experiment(model, settings).process
    law = exact_law(process, protocol=protocol)
    again = law_of(encode_tables(process, law, "counts"), process.endpoints(protocol))
    assert again is not None
    for field in dataclasses.fields(PathLaw):
        if field.name not in ("endpoints", "flows", "further"):
            mine, theirs = getattr(law, field.name), getattr(again, field.name)
            assert type(mine) is type(theirs)
            np.testing.assert_array_equal(mine, theirs)
    assert set(law.further) == set(again.further)
    for name, values in law.further.items():
        np.testing.assert_array_equal(values, again.further[name])
    for field in dataclasses.fields(Flows):
        np.testing.assert_array_equal(getattr(law.flows, field.name), getattr(again.flows, field.name))
    np.testing.assert_array_equal(law.probabilities, again.probabilities)
    assert not again.probabilities.flags.writeable
    assert law.quantities == again.quantities


def test_stored_probabilities_are_taken_and_not_computed() -> None:
    """On another processor exp may round differently; the run must not notice."""
    process = load_experiment(MODELS[0]).process
    law = exact_law(process)
    tables = encode_tables(process, law, "counts")
    table = decode(tables["law"])
    nudged = np.nextafter(table.columns["probability"], 1)
    tables["law"] = encode(StoredTable(columns={**table.columns, "probability": nudged}, note=table.note))
    again = law_of(tables, law.endpoints)
    assert again is not None
    np.testing.assert_array_equal(again.probabilities, nudged)


def test_labelled_paths_come_back_in_their_order() -> None:
    process = load_experiment(MODELS[0]).process
    law = exact_law(process)
    cells, probabilities = Cells.all_of(law, LabelTable.of(process, law))
    again, stored = cells_of(encode_tables(process, law, "explicit"), law)
    np.testing.assert_array_equal(probabilities, stored)
    np.testing.assert_array_equal(cells.class_of, again.class_of)
    assert list(cells.table) == list(again.table)
    for name, column in cells.table.items():
        np.testing.assert_array_equal(column, again.table[name])
        assert column.dtype == again.table[name].dtype


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda columns: columns.pop(name)


def replaced(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda columns: columns.update({name: np.full_like(columns[name], value)})


def cast(name: str, dtype: Any) -> Callable[[dict[str, Any]], object]:
    return lambda columns: columns.update({name: columns[name].astype(dtype)})


@pytest.mark.parametrize(
    ("which", "spoil"),
    [
        ("law", without("alpha")),
        ("law", without("probability")),
        ("law", cast("log_forward", np.float32)),
        ("law", replaced("alpha", 99)),
        ("law", replaced("branch", -1)),
        ("law", replaced("beta", -2)),
        ("flows", without("heat_into_environment")),
        ("flows", cast("entropy_into_environment", np.int32)),
    ],
)
def test_tables_that_make_no_law_are_refused(which: str, spoil: Callable[[dict[str, Any]], object]) -> None:
    process = load_experiment(MODELS[0]).process
    law = exact_law(process)
    tables = encode_tables(process, law, "counts")
    table = decode(tables[which])
    columns = dict(table.columns)
    spoil(columns)
    tables[which] = encode(StoredTable(columns=columns, note=table.note))
    with pytest.raises(StorageError, match="tables of the law"):
        law_of(tables, law.endpoints)


@pytest.mark.parametrize("settings", [["angle=0.3"], ["frequency=2", "beta_system=0.45", "beta_environment=0.625"]])
def test_laws_of_different_experiments_are_told_apart(settings: list[str]) -> None:
    """The second one has the same probabilities, and other heats."""
    one, other = (load_experiment(MODELS[0], own).process for own in ([], settings))
    first, second = (encode_tables(process, exact_law(process), "counts") for process in (one, other))
    assert same_law(first, first)
    assert not same_law(first, second)
    assert not same_law(first, {})
