"""Tables as the bytes of Parquet files: the only place that knows pyarrow.

A table is written into memory and not into a file: its checksum is taken from the very bytes that go to the disk, and
a worker can send it home from another machine. Reading starts from bytes whose checksum has been compared, so that
the Parquet reader never sees a damaged file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.errors import StorageError
from qtraj.paths.jump_records import JumpRecords
from qtraj.storage.columns import Column, column

__all__ = ["StoredTable", "decode", "encode"]

# Fast, and about half the size of the default for labels and values that repeat; every reader knows it.
COMPRESSION = "zstd"

_NOTE = b"qtraj"


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTable:
    """A table and what its writer noted about it.

    Attributes:
        columns: Arrays of one length, by name.
        records: The jumps of every row, from the list columns `col_times` and `col_which`, if there are any.
        note: A line of text about the table; ours is JSON.
    """

    columns: Mapping[str, NDArray[Any]]
    records: JumpRecords | None = None
    note: str = field(default="{}")

    @property
    def rows(self) -> int:
        """Number of rows."""
        sizes = [array.size for array in self.columns.values()]
        return sizes[0] if sizes else 0 if self.records is None else len(self.records)


def encode(table: StoredTable, notes: Mapping[str, Column] | None = None) -> bytes:
    """The bytes of a Parquet file with this table; equal tables give equal bytes.

    Args:
        table: Its columns; texts are written too, but `decode` reads numbers only.
        notes: Meaning and unit of columns that are not those of paths.

    Example:
        >>> table = StoredTable(columns={"sigma": np.array([0.5, -0.5])}, note="two paths")
        >>> decode(encode(table)).columns["sigma"].tolist()
        [0.5, -0.5]
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays: dict[str, Any] = {name: pa.array(values) for name, values in table.columns.items()}
    if table.records is not None:
        offsets = pa.array(table.records.offsets, type=pa.int32())
        for name in ("col_times", "col_which"):
            arrays[name] = pa.ListArray.from_arrays(offsets, pa.array(getattr(table.records, name)))
    about = {name: (notes or {}).get(name) or column(name) for name in arrays}
    fields = [
        pa.field(name, array.type, nullable=False, metadata={"unit": about[name].unit, "meaning": about[name].meaning})
        for name, array in arrays.items()
    ]
    schema = pa.schema(fields, metadata={_NOTE: table.note.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(list(arrays.values()), schema=schema),
        sink,
        compression=COMPRESSION,
        row_group_size=max(1, table.rows),
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def decode(data: bytes, *, names: Sequence[str] | None = None) -> StoredTable:
    """Read a Parquet file from its bytes.

    Args:
        data: The whole file.
        names: Columns that are wanted; all by default. Those that are not there are left out.

    Raises:
        StorageError: If it is no Parquet file, or not one of plain numbers (and lists of them) without gaps.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        there = file.schema_arrow.names
        wanted = there if names is None else [name for name in there if name in names]
        table = file.read(columns=wanted, use_threads=False)
        note = (file.schema_arrow.metadata or {}).get(_NOTE, b"{}").decode()
        columns, lists = {}, {}
        for name in wanted:
            chunk = table.column(name).combine_chunks()
            if pa.types.is_list(chunk.type):
                lists[name] = (_numbers(chunk.offsets), _numbers(chunk.values))
            else:
                columns[name] = _numbers(chunk)
        return StoredTable(columns=columns, records=_records(lists), note=note)
    # A file that was made to deceive can raise any of these; the checksum keeps out all that were not.
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError) as error:
        raise StorageError(f"the file is no table of qtraj: {' '.join(str(error).split())[:200]}") from error


def _numbers(array: Any) -> NDArray[Any]:
    if array.null_count:
        raise ValueError(f"{array.null_count} values are missing")
    numbers: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    if numbers.dtype.kind not in "iuf":
        raise ValueError(f"a column holds {array.type} instead of numbers")
    return numbers


def _records(lists: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]) -> JumpRecords | None:
    if not lists:
        return None
    (offsets, times), (others, which) = lists["col_times"], lists["col_which"]
    if not np.array_equal(offsets, others):
        raise ValueError("times and kinds of jumps are of different trajectories")
    return JumpRecords(col_times=times, col_which=which, offsets=offsets)
