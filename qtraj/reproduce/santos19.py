"""What [Santos19] says of Davies maps and thermal operations, with numbers: the paper itself has no figures."""

from __future__ import annotations

from qtraj.reproduce import santos19_davies, santos19_operation
from qtraj.reproduce.entry import Reproduction

__all__ = ["REPRODUCTIONS"]

REPRODUCTIONS: tuple[Reproduction, ...] = (santos19_davies.ENTRY, santos19_operation.ENTRY)
