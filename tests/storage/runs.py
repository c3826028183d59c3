"""What the tests of stored runs compare, and how they spoil them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.ensemble import Ensemble
from qtraj.storage.checksum import document_checksum

# Three full blocks of rows and an unfinished one.
ROWS = 3 * ROW_BLOCK_PATHS + 500

SMALL = 300

# A full block of counts and an unfinished one.
COUNTS = 2**20 + 12345

SEED = 7

# What the fixture `obey` is: an order to a process that may be killed, and its answer (see mortal.py).
Obey = Callable[..., dict[str, Any]]

# What the fixture `stored` is: from a model and arguments of `start_run`, a finished run.
Stored = Callable[..., Path]


def block_files(folder: Path) -> dict[str, bytes]:
    """Name and content of every finished block: equal for equal runs, to the last byte."""
    return {file.name: file.read_bytes() for file in sorted((folder / "paths").iterdir())}


def spoil(file: Path, position: int = -100) -> None:
    """Flip one bit."""
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(bytes(data))


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a manifest and give it a checksum that fits, as no accident could."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    document["checksum"] = None
    document["checksum"] = document_checksum(document)
    path.write_text(json.dumps(document))


def assert_same(one: Ensemble, other: Ensemble) -> None:
    """Equal in every number, to the last bit."""
    assert (one.paths, one.seeds, one.sampler, one.outside) == (other.paths, other.seeds, other.sampler, other.outside)
    np.testing.assert_array_equal(one.class_counts, other.class_counts)
    assert (one.rows is None) == (other.rows is None)
    if one.rows is not None and other.rows is not None:
        assert list(one.rows) == list(other.rows)
        for name, column in one.rows.items():
            assert column.dtype == other.rows[name].dtype
            np.testing.assert_array_equal(column, other.rows[name])
    assert (one.records is None) == (other.records is None)
    if one.records is not None and other.records is not None:
        for name in ("col_times", "col_which", "offsets"):
            np.testing.assert_array_equal(getattr(one.records, name), getattr(other.records, name))
