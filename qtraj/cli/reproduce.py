"""`qtraj reproduce`: figures and tables of the papers, printed values beside ours."""

from __future__ import annotations

import math
import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from qtraj import __version__
from qtraj.atomic import check_writable, in_words
from qtraj.cli.exits import Exit
from qtraj.cli.output import emit, emit_json
from qtraj.errors import InvalidInput, StorageError
from qtraj.reproduce.entry import COLUMNS, MEANINGS
from qtraj.reproduce.registry import REPRODUCTIONS, Reproduction, Row, find_reproduction

__all__ = ["reproduce"]

DIGITS: Final = 9
"""Significant digits in the table; --json has all of them."""

ROUND_OFF: Final = 1e-14
"""What is smaller than this is rounding, where a number beside it is exactly zero."""

NARROWEST_NOTE, WIDEST_NOTE = 60, 110


def reproduce(name: str = "", *, figure: str | None = None, as_json: bool = False, quiet: bool = False) -> Exit:
    """List the reproductions, or show one, and draw them.

    Args:
        name: Which one; empty for the list of all.
        figure: Where to draw: a file for one reproduction, a folder for all of them.
        as_json: One JSON object instead of tables.
        quiet: No table.

    Raises:
        InvalidInput: If there is no such reproduction, or a figure is wanted of one that has none.
        StorageError: If a figure cannot be written.
    """
    if not name:
        return _all(figure, as_json=as_json, quiet=quiet)
    entry = find_reproduction(name)
    if figure is not None:
        # What can be refused before anything is computed is refused first.
        if entry.draw is None:
            raise InvalidInput(f"`{name}` is a table and has no figure")
        check_writable(figure)
        _check_ending(figure)
    if as_json:
        emit_json({**_document(entry), "qtraj_version": __version__})
    elif not quiet:
        emit(_table(entry))
    if figure is not None:
        _save(entry, figure)
        if not as_json and not quiet:
            emit(f"figure: {figure}")
    return Exit.HOLDS


def _all(folder: str | None, *, as_json: bool, quiet: bool) -> Exit:
    entries = list(REPRODUCTIONS.values())
    drawn: dict[str, str] = {}
    if folder is not None:
        _make_folder(folder)
        for entry in entries:
            if entry.draw is not None:
                drawn[entry.name] = os.path.join(folder, f"{entry.name}.png")
                _save(entry, drawn[entry.name])
    if as_json:
        emit_json({"reproductions": [_heading(entry) | _drawn(entry, drawn) for entry in entries]})
    elif not quiet:
        emit(_list(entries))
        for path in drawn.values():
            emit(f"figure: {path}")
    return Exit.HOLDS


def _heading(entry: Reproduction) -> dict[str, Any]:
    return {"name": entry.name, "source": entry.source, "what": entry.what, "has_figure": entry.draw is not None}


def _drawn(entry: Reproduction, drawn: dict[str, str]) -> dict[str, Any]:
    return {"figure": drawn[entry.name]} if entry.name in drawn else {}


def _document(entry: Reproduction) -> dict[str, Any]:
    reasons: dict[str, str] = {}
    rows = []
    for position, row in enumerate(entry.rows()):
        values: dict[str, Any] = {"quantity": row.quantity}
        for column in COLUMNS:
            value = getattr(row, column)
            if isinstance(value, float) and not math.isfinite(value):
                reasons[f"rows.{position}.{column}"] = "infinite" if math.isinf(value) else "not defined"
                value = None
            values[column] = value
        rows.append({**values, "note": row.note})
    return {
        **_heading(entry),
        "at": [setting.to_json() for setting in entry.at()],
        "printed": entry.printed,
        "rows": rows,
        "remark": entry.remark,
        "reasons": reasons,
    }


def _list(entries: Iterable[Reproduction]) -> str:
    lines = []
    for entry in entries:
        lines.append(f"{entry.name}  [{entry.source}]")
        lines += textwrap.wrap(entry.what, 100, initial_indent="  ", subsequent_indent="  ")
    lines += ["", "Show one with `qtraj reproduce NAME`, draw it with `--figure FILE`; without NAME, `--figure FOLDER`"]
    return "\n".join([*lines, "draws them all."])


def _table(entry: Reproduction) -> str:
    rows = entry.rows()
    cells = [[row.quantity, *_values(row)] for row in rows]
    titles = ["quantity", *COLUMNS]
    widths = [max(len(line[column]) for line in [titles, *cells]) for column in range(len(titles))]
    lines = [
        f"{entry.name}: {entry.what} [{entry.source}]",
        *(line for setting in entry.at() for line in _wrapped(str(setting))),
        "",
        _line(titles, widths),
        _line(["-" * w for w in widths], widths),
    ]
    for row, line in zip(rows, cells, strict=True):
        lines += [_line(line, widths), *_wrapped(row.note, "    ")]
    return "\n".join([*lines, "", *_legend(entry, rows)])


def _legend(entry: Reproduction, rows: Iterable[Row]) -> Iterator[str]:
    """What the columns are, and the words in them that are no numbers of anybody."""
    for column, meaning in COLUMNS.items():
        yield from _wrapped(f"{column}: {entry.printed if column == 'printed' else meaning}")
    used = {value for row in rows for value in (row.printed, row.corrected)}
    for word, meaning in MEANINGS.items():
        if word in used:
            yield from _wrapped(f"{word}: {meaning}")
    yield from _wrapped(entry.remark)


def _line(cells: list[str], widths: list[int]) -> str:
    first, *others = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join([first, *others]).rstrip()


def _wrapped(text: str, indent: str = "") -> list[str]:
    width = max(NARROWEST_NOTE, min(WIDEST_NOTE, shutil.get_terminal_size((100, 24)).columns))
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)


def _values(row: Row) -> list[str]:
    """The three values as text; beside a number that is exactly zero, rounding is zero as well."""
    values = [row.printed, row.corrected, row.ours]
    none = any(isinstance(value, float) and value == 0 for value in values)
    return [
        value if isinstance(value, str) else "0" if none and abs(value) < ROUND_OFF else f"{value:.{DIGITS}g}"
        for value in values
    ]


def _check_ending(path: str) -> None:
    from qtraj.plots.saving import check_figure_path

    check_figure_path(path)


def _save(entry: Reproduction, path: str) -> None:
    from qtraj.plots.saving import save_figure

    save_figure(entry.figure(), path)


def _make_folder(folder: str) -> None:
    try:
        Path(folder).mkdir(exist_ok=True)
    except OSError as error:
        raise StorageError(f"folder `{folder}` could not be made: {in_words(error)}") from error
    check_writable(os.path.join(folder, "figure"))
