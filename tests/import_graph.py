"""Who imports whom, room by room, read from the source and drawn: `python -m tests.import_graph` writes the picture.

`docs/design.md` shows it. `tests/test_import_graph.py` draws it again and fails if the picture in the repository is
another one, so that it cannot drift away from the code.

An arrow that a longer way of arrows replaces is left out: with it, nearly every room would point to nearly every room
below. What remains is the shape of the house.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.test_house import DOOR, FACE, FLOORS, PACKAGE, imported_names, sources

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "import_graph.svg"

Graph = dict[str, set[str]]

# The picture, in units of a pixel.
BOX_WIDTH, BOX_HEIGHT, FLOOR_HEIGHT, COLUMN_WIDTH, MARGIN = 104, 28, 66, 132, 24
INK, FAINT, FILL, DENSITY_FILL, PATHS_FILL = "#1a1a1a", "#8a8a8a", "#f2f2f2", "#fbe3d3", "#d9ecf8"
FILLS = {"density": DENSITY_FILL, "paths": PATHS_FILL}


def room_of(path: Path) -> str:
    """The room of a source file."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def module_graph() -> Graph:
    """Modules of the package and the modules of the package that each of them imports anywhere."""
    names = {path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in sources()}
    names = {path: name.removesuffix(".__init__") for path, name in names.items()}
    known = set(names.values())
    graph: Graph = {}
    for path, name in names.items():
        if path in (FACE, DOOR):
            continue
        found = set()
        for _, target in imported_names(path.read_text(encoding="utf-8")):
            # `from a.b import c` is c of the module a.b, or the module a.b.c.
            found |= {place for place in (target, target.rpartition(".")[0]) if place in known and place != "qtraj"}
        graph[name] = found - {name}
    return graph


def room_graph() -> Graph:
    """Rooms and the rooms that each of them imports."""
    graph: Graph = {}
    for name, found in module_graph().items():
        room = name.split(".")[1]
        graph.setdefault(room, set()).update({target.split(".")[1] for target in found} - {room})
    # A room without a floor has no place in the picture; `tests/test_house.py` complains about it.
    housed = {room for floor in FLOORS for room in floor}
    return {room: found & housed for room, found in graph.items() if room in housed}


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything that `start` leads to, by one arrow or several."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in graph.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def reduced(graph: Graph) -> Graph:
    """The graph without arrows that a longer way replaces (for graphs without cycles)."""
    return {
        room: {target for target in found if not any(target in reachable(graph, other) for other in found - {target})}
        for room, found in graph.items()
    }


def picture(graph: Graph) -> str:
    """The graph as SVG: one row a floor, the ground floor at the bottom."""
    rows = [sorted(floor) for floor in reversed(FLOORS)]
    width = max(len(row) for row in rows) * COLUMN_WIDTH + 2 * MARGIN
    height = len(rows) * FLOOR_HEIGHT - (FLOOR_HEIGHT - BOX_HEIGHT) + 2 * MARGIN
    place = {}
    for level, row in enumerate(rows):
        left = (width - (len(row) - 1) * COLUMN_WIDTH) / 2
        for column, room in enumerate(row):
            place[room] = (left + column * COLUMN_WIDTH, MARGIN + level * FLOOR_HEIGHT + BOX_HEIGHT / 2)
    arrows, boxes = [], []
    for room in place:
        x, y = place[room]
        for target in sorted(reduced(graph)[room]):
            u, v = place[target]
            start, end = y + BOX_HEIGHT / 2, v - BOX_HEIGHT / 2 - 4
            middle = (end - start) / 2
            arrows.append(
                f'<path d="M {x:g} {start:g} C {x:g} {start + middle:g}, {u:g} {end - middle:g}, {u:g} {end:g}" '
                f'fill="none" stroke="{FAINT}" stroke-width="1.2" marker-end="url(#head)"/>'
            )
        boxes.append(
            f'<rect x="{x - BOX_WIDTH / 2:g}" y="{y - BOX_HEIGHT / 2:g}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" '
            f'rx="5" fill="{FILLS.get(room, FILL)}" stroke="{INK}"/>'
            f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="middle">{room}</text>'
        )
    head = (
        '<marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M 0 0 L 8 4 L 0 8 z" fill="{FAINT}"/></marker>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'font-family="sans-serif" font-size="13" fill="{INK}">',
            f"<title>The rooms of qtraj and who imports whom</title><defs>{head}</defs>",
            f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
            *arrows,
            *boxes,
            "</svg>\n",
        ]
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(room_graph()), encoding="utf-8")


if __name__ == "__main__":
    main()
