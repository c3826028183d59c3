"""What the columns of stored tables mean, and in which units: one place for files, manifest and documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["COLUMNS", "Column", "column"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a column holds.

    Attributes:
        meaning: In a sentence.
        unit: `nat`, `energy` (the unit of the experiment's Hamiltonian; hbar = k_B = 1), `time` (its inverse), `1`.
    """

    meaning: str
    unit: str = "1"


COLUMNS: Final = {
    "class": Column(meaning="row of tables/law-*.parquet, counted from 0, that the path belongs to; -1 for none"),
    "alpha": Column(meaning="index of the initial outcome"),
    "mu": Column(meaning="level of the environment before"),
    "beta": Column(meaning="index of the final outcome"),
    "nu": Column(meaning="level of the environment after"),
    "n": Column(meaning="index of the initial energy"),
    "m": Column(meaning="index of the final energy"),
    "jumps": Column(meaning="number of jumps"),
    "sigma": Column(meaning="entropy production", unit="nat"),
    "sigma_d": Column(meaning="entropy production of the populations", unit="nat"),
    "xi": Column(meaning="entropy production of the coherence, sigma - sigma_d", unit="nat"),
    "heat": Column(meaning="heat into all reservoirs", unit="energy"),
    "clausius_sigma": Column(meaning="entropy production that leaves the correlations out", unit="nat"),
    "initial_information": Column(meaning="information that the joint start has beyond its parts", unit="nat"),
    "information_change": Column(meaning="change of the information that the whole has beyond its parts", unit="nat"),
    "sigma_beyond_information": Column(meaning="clausius_sigma less information_change", unit="nat"),
    "work": Column(meaning="energy change of the system plus heat into all reservoirs", unit="energy"),
    "counts": Column(meaning="number of paths that this row stands for", unit="paths"),
    "col_times": Column(meaning="times of the jumps, ascending", unit="time"),
    "col_which": Column(meaning="which jump each was, an index into the jumps of the process"),
    "branch": Column(meaning="row of tables/flows-*.parquet, counted from 0"),
    "log_forward": Column(meaning="natural logarithm of the probability of the class"),
    "probability": Column(meaning="probability of the class, or of the labelled path"),
}
"""Columns by name; `heat_into_NAME` and `entropy_into_NAME` of single reservoirs are described by `column`."""


def column(name: str) -> Column:
    """What a column of that name holds.

    Example:
        >>> column("heat_into_hot")
        Column(meaning='heat into the reservoir hot', unit='energy')
    """
    if name in COLUMNS:
        return COLUMNS[name]
    for prefix, unit in (("heat_into_", "energy"), ("entropy_into_", "nat")):
        if name.startswith(prefix):
            what = prefix.partition("_")[0]
            return Column(meaning=f"{what} into the reservoir {name.removeprefix(prefix)}", unit=unit)
    return Column(meaning="a quantity of this process; see its documentation")
