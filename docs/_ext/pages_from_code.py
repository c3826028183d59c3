"""Pages that the code writes at every build: the named models, and the papers' figures, printed numbers beside ours.

Nothing on them is typed: defaults are read off the builders, numbers are computed, figures are drawn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from room_pages import write_if_changed
from sphinx.application import Sphinx

from qtraj.models import MODELS, Model
from qtraj.plots import save_figure
from qtraj.reproduce.registry import REPRODUCTIONS, Reproduction


def cell(value: object) -> str:
    """A value as the text of a table cell."""
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    return text.replace("|", r"\|")


def table(heading: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading)]
    return "\n".join([*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]) + "\n"


def model_section(model: Model) -> str:
    """What a model is, and its parameters."""
    meanings = model.meanings
    rows = [(f"`{name}`", f"`{default!r}`", meanings[name]) for name, default in model.parameters.items()]
    parameters = table(("parameter", "default", "meaning"), [tuple(row) for row in rows])
    return f"## {model.name}\n\n{model.summary} [{model.source}]\n\n{parameters}\n"


def reproduction_section(entry: Reproduction, folder: Path) -> str:
    """A figure, if there is one, and the table."""
    key, _, place = entry.source.partition(", ")
    parts = [f"## {entry.name}\n", f"{entry.what} [{key}]" + (f", {place}" if place else "") + "\n"]
    if entry.draw is not None:
        save_figure(entry.figure(), folder / f"{entry.name}.png")
        parts.append(f"![{entry.what}](reproductions/{entry.name}.png)\n")
    heading = ("quantity", "printed", "corrected", "ours", "note")
    rows = [(row.quantity, row.printed, row.corrected, row.ours, row.note) for row in entry.rows()]
    return "\n".join([*parts, table(heading, [tuple(row) for row in rows])])


def write_pages(app: Sphinx) -> None:
    """Write `generated/models.md` and `generated/reproductions.md`."""
    folder = Path(app.srcdir) / "generated"
    pictures = folder / "reproductions"
    pictures.mkdir(parents=True, exist_ok=True)
    models = [
        "# Named models\n",
        "A bare name runs: the defaults are the papers' own. `qtraj models NAME` prints the same tables,",
        "`qtraj verify NAME --set parameter=value` changes a parameter, and the process itself is",
        "`qtraj.build_model(name, parameter=value)`.\n",
        *(model_section(model) for model in MODELS.values()),
    ]
    reproductions = [
        "# The papers again\n",
        "Figures and tables of the source papers: the number that is printed, the right one where that is wrong, and",
        "ours, which never comes from the formula it is compared with. `qtraj reproduce NAME --figure FILE` makes each",
        "of them. This page was computed with the rest of this site.\n",
        *(reproduction_section(entry, pictures) for entry in REPRODUCTIONS.values()),
    ]
    for name, parts in (("models", models), ("reproductions", reproductions)):
        write_if_changed(folder / f"{name}.md", "\n".join(parts))


def list_other_pages(app: Sphinx, docname: str, content: list[str]) -> None:
    """List pages that the first page does not name at its end, so that a new page is in the site from its first day."""
    if docname == "index":
        named = set(content[0].split())
        others = sorted({path.stem for path in Path(app.srcdir).glob("*.md")} - named - {"index"})
        if others:
            content[0] += "\n".join(["", "```{toctree}", ":caption: More", ":hidden:", "", *others, "```", ""])


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before anything is read."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", list_other_pages)
    return {"parallel_read_safe": True}
