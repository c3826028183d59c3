"""The page docs/benchmarks.md and its figure, from one run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from tests.benchmarks.report import ROOT, Growth, Line, growth_table, machine, table

IMAGE = "images/growth.png"
OWN_COLOUR, PEER_COLOURS = "#b2182b", ("#2166ac", "#5aae61", "#762a83")
MARKERS = ("s", "^", "D")
FEW_DECADES = 20

INTRODUCTION = """# Benchmarks

Written by `python -m tests.benchmarks --write`, in one run of {minutes:.0f} minutes on one machine:
{machine}. Times are the best of several runs. Ratios travel between machines, seconds do not.

{table}

A jump trajectory includes all that a user gets: times and kinds of all jumps, entropies and heats by bath, labels at
both ends. Compiling happens once a machine, preparing once a process; both are left out of the cost of a trajectory.
The longest chain follows the Kraus protocol, without a final measurement. QuTiP runs with its defaults in the same
process, qthermo with so many steps, to which it resolves the times of jumps.

## How the cost grows

![Small multiples on logarithmic axes: seconds against paths, environment, system, collisions, duration and workers,
each beside the tool one would use instead.]({image})

All in seconds. A peer's curve ends where it takes too long or too much memory.
"""


def write_page(
    lines: Sequence[Line], growths: Sequence[Growth], *, minutes: float, folder: Path = ROOT / "docs"
) -> None:
    """Write page and figure into a folder."""
    parts = [
        INTRODUCTION.format(minutes=minutes, machine=machine(), table=table(lines), image=IMAGE),
        *(f"{growth.what[0].upper()}{growth.what[1:]}:\n\n{growth_table(growth)}\n" for growth in growths),
    ]
    (folder / "images").mkdir(exist_ok=True)
    growth_figure(growths).savefig(folder / IMAGE, dpi=110)
    (folder / "benchmarks.md").write_text("\n".join(parts), encoding="utf-8")


def growth_figure(growths: Sequence[Growth]) -> Figure:
    """One panel a curve, four in a row."""
    columns = min(4, len(growths))
    rows = -(-len(growths) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, growth in zip(panels, growths, strict=False):
        peers = zip(growth.peers.items(), PEER_COLOURS, MARKERS, strict=False)
        for (name, points), colour, marker in peers:
            if points:
                panel.loglog(*zip(*points, strict=True), marker=marker, ms=4, color=colour, label=name)
        panel.loglog(*zip(*growth.own, strict=True), marker="o", ms=4, color=OWN_COLOUR, label="qtraj")
        panel.set(xlabel=growth.of, ylabel="seconds")
        panel.set_title(textwrap.fill(growth.what, 34), fontsize="medium")
        panel.grid(alpha=0.3)
        panel.margins(y=0.3)
        panel.legend(fontsize="small", loc="upper left")
        places = [x for x, _ in growth.own]
        if max(places) < FEW_DECADES * min(places):  # too few powers of ten to be the ticks
            panel.set_xticks(places, [f"{x:g}" for x in places])
            panel.set_xticks([], minor=True)
    for panel in panels[len(growths) :]:
        panel.remove()
    return figure
