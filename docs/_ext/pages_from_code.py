"""What the code writes at every build: the page of named models, and the figures and tables of the papers.

Nothing on them is typed: defaults are read off the builders, numbers are computed, figures are drawn.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from room_pages import write_if_changed
from sphinx.application import Sphinx

from qtraj.models import MODELS, Model
from qtraj.plots import save_figure
from qtraj.reproduce.entry import COLUMNS, MEANINGS
from qtraj.reproduce.registry import REPRODUCTIONS, Reproduction

# What a terminal gets in ASCII has signs of its own here.
SIGNS = {
    "Sigma": "Σ",
    "sigma": "σ",
    "Xi": "Ξ",
    "xi": "ξ",
    "Pi": "Π",
    "Upsilon": "Υ",
    "rho": "ρ",
    "beta": "β",
    "gamma": "γ",
    "epsilon": "ε",
    "omega": "ω",
    "dag": "†",
    "pi": "π",
    "phi": "φ",
    "Delta T": "ΔT",
    ">=": "≥",
    "<=": "≤",
    "||": "‖",
}
SIGN = re.compile(r"(?<![A-Za-z])(?:" + "|".join(map(re.escape, SIGNS)) + r")(?![A-Za-z|=])")
AVERAGE = re.compile(r"<([^<>=]+)>")


def cell(value: object) -> str:
    """A value as the text of a table cell."""
    text = f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)
    return text.replace("|", r"\|")


def formula(text: object) -> object:
    """Words about a quantity, in the signs that the other pages use."""
    if not isinstance(text, str):
        return text
    return SIGN.sub(lambda found: SIGNS[found[0]], AVERAGE.sub(r"⟨\1⟩", text)).replace("^-", "^−").replace("'_", "′_")


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
    parts = [f"### {entry.name}\n", f"{entry.what} [{key}]" + (f", {place}" if place else "") + "\n"]
    if entry.draw is not None:
        save_figure(entry.figure(), folder / f"{entry.name}.png")
        parts.append(f"![{entry.what}](generated/reproductions/{entry.name}.png)\n")
    # Names of parameters stay as one types them.
    parts += [f"{setting}\n" for setting in entry.at()]
    rows = [(row.quantity, row.printed, row.corrected, row.ours, row.note) for row in entry.rows()]
    parts.append(table(("quantity", *COLUMNS, "note"), [tuple(map(formula, row)) for row in rows]))
    parts.append(f"*printed*: {formula(entry.printed)}\n")
    return "\n".join([*parts, *([f"{formula(entry.remark)}\n"] if entry.remark else [])])


def write_models(app: Sphinx) -> None:
    """Write `generated/models.md`."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    parts = [
        "# Named models\n",
        "A bare name runs: the defaults are the papers' own. `qtraj models NAME` prints the same tables,",
        "`qtraj verify NAME --set parameter=value` changes a parameter, and the process itself is",
        "`qtraj.build_model(name, parameter=value)`.\n",
        *(model_section(model) for model in MODELS.values()),
    ]
    write_if_changed(folder / "models.md", "\n".join(parts))


def add_reproductions(app: Sphinx, docname: str, content: list[str]) -> None:
    """Add every entry to the page about them, which without this site shows two."""
    if docname == "reproductions":
        pictures = Path(app.srcdir) / "generated" / "reproductions"
        pictures.mkdir(parents=True, exist_ok=True)
        sections = [reproduction_section(entry, pictures) for entry in REPRODUCTIONS.values()]
        words = ";\n".join(f"- *{word}*: {meaning}" for word, meaning in (COLUMNS | MEANINGS).items()) + ".\n"
        content[0] = "\n".join([content[0], "## Every entry\n", words, *sections])


def list_other_pages(app: Sphinx, docname: str, content: list[str]) -> None:
    """List pages that the first page does not name at its end, so that a new page is in the site from its first day."""
    if docname == "index":
        named = set(content[0].split())
        others = sorted({path.stem for path in Path(app.srcdir).glob("*.md")} - named - {"index"})
        if others:
            content[0] += "\n".join(["", "```{toctree}", ":caption: More", ":hidden:", "", *others, "```", ""])


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the page of the models before anything is read, and add to others what is known only then."""
    app.connect("builder-inited", write_models)
    app.connect("source-read", add_reproductions, priority=400)  # before its citations are looked for
    app.connect("source-read", list_other_pages)
    return {"parallel_read_safe": True}
