"""`DIR/paths` is one table to every tool that reads Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.dataset
import pytest

from qtraj.storage import load_run, merge_runs
from tests.storage.runs import COUNTS, ROWS, SMALL

EXPLICIT = {"paths": ROWS, "sampler": "explicit"}


def as_numpy(table: pyarrow.Table) -> dict[str, Any]:
    return {name: table.column(name).to_numpy() for name in table.column_names}


def test_rows_with_pyarrow(stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    table = as_numpy(pyarrow.dataset.dataset(folder / "paths").to_table())
    loaded = load_run(folder, rows=True)
    assert loaded.rows is not None
    for name, column in loaded.rows.items():
        np.testing.assert_array_equal(table.pop(name), column)
    np.testing.assert_array_equal(np.bincount(table.pop("class")), loaded.class_counts)
    assert table == {}


def test_counts_with_pyarrow(stored: Callable[..., Path]) -> None:
    """Whatever is computed from the table is weighed with `counts`."""
    folder = stored(paths=COUNTS)
    table = as_numpy(pyarrow.dataset.dataset(folder / "paths").to_table())
    loaded = load_run(folder)
    assert table["counts"].sum() == COUNTS
    assert (table["counts"] > 0).all()
    for name in loaded.quantities:
        mean = (table[name] * table["counts"]).sum() / COUNTS
        assert mean == pytest.approx(loaded.mean(name), rel=1e-12, abs=1e-15)
        np.testing.assert_array_equal(table[name], loaded.law.quantity(name)[table["class"]])
    for name in ("alpha", "beta", "n", "m"):
        np.testing.assert_array_equal(table[name], getattr(loaded.law, name)[table["class"]])


def test_the_law_is_a_table_too(stored: Callable[..., Path]) -> None:
    folder = stored(paths=SMALL)
    (file,) = (folder / "tables").glob("law-*.parquet")
    table = as_numpy(pyarrow.dataset.dataset(file).to_table())
    law = load_run(folder).law
    np.testing.assert_array_equal(table["probability"], law.probabilities)
    np.testing.assert_array_equal(table["sigma"], law.sigma)


def test_jump_records_with_pyarrow(stored: Callable[..., Path]) -> None:
    folder = stored("dephasing-qubit", paths=SMALL, keep_records=True)
    table = pyarrow.dataset.dataset(folder / "paths").to_table()
    loaded = load_run(folder)
    assert loaded.records is not None
    assert loaded.rows is not None
    times, which = table.column("col_times").to_pylist(), table.column("col_which").to_pylist()
    for path in range(SMALL):
        assert times[path] == loaded.records[path][0].tolist()
        assert which[path] == loaded.records[path][1].tolist()
        assert len(times[path]) == table.column("jumps")[path].as_py()


def test_pooled_runs_are_one_table(stored: Callable[..., Path], tmp_path: Path) -> None:
    merge_runs(stored(**EXPLICIT), stored(**EXPLICIT, seed=8), tmp_path / "out")
    assert pyarrow.dataset.dataset(tmp_path / "out" / "paths").count_rows() == 2 * ROWS


def test_rows_with_pandas(stored: Callable[..., Path]) -> None:
    pandas = pytest.importorskip("pandas")
    folder = stored(**EXPLICIT)
    frame, loaded = pandas.read_parquet(folder / "paths"), load_run(folder, rows=True)
    assert len(frame) == ROWS
    assert frame["sigma"].mean() == pytest.approx(loaded.mean("sigma"), rel=1e-12)
    np.testing.assert_array_equal(frame["mu"].to_numpy(), loaded["mu"])
    records = pandas.read_parquet(stored("dephasing-qubit", paths=SMALL, keep_records=True) / "paths")
    assert records["col_times"].map(len).tolist() == records["jumps"].tolist()


def test_rows_with_polars(stored: Callable[..., Path]) -> None:
    polars = pytest.importorskip("polars")
    folder = stored(**EXPLICIT)
    frame, loaded = polars.read_parquet(folder / "paths"), load_run(folder, rows=True)
    np.testing.assert_array_equal(frame["sigma"].to_numpy(), loaded["sigma"])
    records = polars.scan_parquet(stored("dephasing-qubit", paths=SMALL, keep_records=True) / "paths" / "*.parquet")
    assert records.select((polars.col("col_times").list.len() == polars.col("jumps")).all()).collect().item()


def test_rows_with_duckdb(stored: Callable[..., Path]) -> None:
    duckdb = pytest.importorskip("duckdb")
    folder = stored(paths=COUNTS)
    loaded = load_run(folder)
    (row,) = duckdb.sql(
        f"SELECT sum(counts), sum(sigma * counts) / sum(counts) FROM '{folder / 'paths'}/*.parquet'"
    ).fetchall()
    assert row == (COUNTS, pytest.approx(loaded.mean("sigma"), rel=1e-12))
