"""Tables of paths as pandas data frames and xarray data sets, with the units beside the numbers.

Neither package is needed for anything else in qtraj; they are imported here, when a table is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.optional import import_optional

__all__ = ["as_data_frame", "as_data_set", "units_of"]

# What a column's name begins with says what it is measured in; everything else is a label or a number of something.
UNITS = {
    "sigma": "nats",
    "xi": "nats",
    "entropy": "nats",
    "clausius": "nats",
    "log_": "nats",
    "heat": "energy",
    "work": "energy",
    "time": "1/energy",
}


def units_of(column: str) -> str:
    """Unit of a column, with hbar = k_B = 1: nats, `energy` (that of the Hamiltonian), `1/energy` for times, or 1.

    Example:
        >>> units_of("sigma_d"), units_of("heat_into_hot"), units_of("alpha")
        ('nats', 'energy', '1')
    """
    return next((unit for start, unit in UNITS.items() if column.startswith(start)), "1")


def as_data_frame(columns: Mapping[str, NDArray[Any]], *, entry: str, attributes: Mapping[str, Any]) -> Any:
    """A pandas DataFrame of columns of equal length.

    Args:
        columns: By name.
        entry: What one row is, such as `path`: the name of the index.
        attributes: Facts about the whole table, for `DataFrame.attrs`; the units join them.

    Raises:
        MissingPackage: If pandas is not installed.
    """
    pandas = import_optional("pandas", "a data frame")
    frame = pandas.DataFrame({name: np.asarray(column) for name, column in columns.items()})
    frame.index.name = entry
    frame.attrs.update(attributes)
    frame.attrs["entry"] = entry
    frame.attrs["units"] = {name: units_of(name) for name in columns}
    return frame


def as_data_set(columns: Mapping[str, NDArray[Any]], *, entry: str, attributes: Mapping[str, Any]) -> Any:
    """An xarray Dataset of columns of equal length, which share the dimension `entry`.

    Args:
        columns: By name.
        entry: What one entry is, such as `path`: the name of the dimension.
        attributes: Facts about the whole table, for `Dataset.attrs`; every variable has its own `units`.

    Raises:
        MissingPackage: If xarray is not installed.
    """
    xarray = import_optional("xarray", "a data set")
    variables = {name: (entry, np.asarray(column), {"units": units_of(name)}) for name, column in columns.items()}
    return xarray.Dataset(variables, attrs={**attributes, "entry": entry})
