"""What a benchmark reports: lines of a table, and curves that show how the cost grows."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MARKS = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One measure.

    Attributes:
        what: What was measured.
        figure: What came out, a ratio if possible.
        aim: What should.
        met: Whether it did; None where there is no aim.
    """

    what: str
    figure: str
    aim: str = ""
    met: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How a cost grows, and how that of the peers does.

    Attributes:
        of: The variable, a letter and what it means.
        what: What takes the time.
        own: Pairs of the variable and seconds.
        peers: The same of every peer that is installed, by name.
    """

    of: str
    what: str
    own: Sequence[tuple[float, float]]
    peers: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


def table(lines: Iterable[Line]) -> str:
    """All lines as a table in Markdown."""
    rows = [f"| {line.what} | {line.figure} | {line.aim} | {MARKS[line.met]} |" for line in lines]
    return "\n".join(["| what | figure | aim | met |", "|---|---|---|---|", *rows])


def growth_table(growth: Growth) -> str:
    """One curve and its peers as a table in Markdown, in seconds."""
    columns = {"qtraj": dict(growth.own), **{name: dict(points) for name, points in growth.peers.items()}}
    places = sorted({x for column in columns.values() for x in column})
    header = [f"| {growth.of} | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    rows = [
        f"| {_place(place)} | {' | '.join(_seconds(column.get(place)) for column in columns.values())} |"
        for place in places
    ]
    return "\n".join([*header, *rows])


def _place(place: float) -> str:
    return f"{place:,.4g}" if place < 1e4 else f"{place:,.0f}" if place <= 1e6 else f"10^{np.log10(place):.0f}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3g}"


def machine() -> str:
    """What all this ran on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = (line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line)
        model = next(named, model)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, {versions}"
