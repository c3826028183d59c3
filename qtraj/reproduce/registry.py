"""All reproductions by name. A paper is one module of this room with a tuple `REPRODUCTIONS`, listed here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qtraj.errors import UnknownName
from qtraj.reproduce import diosi14, li18, lk14, rfa13, santos19
from qtraj.reproduce.entry import Reproduction, Row

__all__ = ["REPRODUCTIONS", "Reproduction", "Row", "find_reproduction"]

_PAPERS = (santos19, lk14, li18, diosi14, rfa13)

REPRODUCTIONS: Mapping[str, Reproduction] = MappingProxyType(
    {entry.name: entry for paper in _PAPERS for entry in paper.REPRODUCTIONS}
)


def find_reproduction(name: str) -> Reproduction:
    """The reproduction of that name.

    Raises:
        UnknownName: With the nearest known name.
    """
    if name not in REPRODUCTIONS:
        raise UnknownName("reproduction", name, REPRODUCTIONS)
    return REPRODUCTIONS[name]
