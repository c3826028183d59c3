"""What other readers see as plain text or as a file becomes a link of the site: [Santos19], and ../README.md.

Pages and docstrings cite a source by its key in brackets, and the label of an entry in the bibliography is its key, so
that a reader of the site sees what a reader of the source sees. Links to Markdown files outside this folder lead to the
page that shows the same.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx

# A key in brackets that is not the text of a link, nor the beginning of an inline link target.
CITED = re.compile(r"\[((?:[A-Z][A-Za-z]+\d\d[a-z]?)(?:, ?[A-Z][A-Za-z]+\d\d[a-z]?)*)\](?![(\[])")
# Files outside the documentation, and the pages that show them.
OUTSIDE = {
    "README.md": "/index.md",
    "CHANGELOG.md": "/changelog.md",
    "CONTRIBUTING.md": "/contributing.md",
    "examples/README.rst": "/gallery/index.rst",
}
# A section of the README is on the page that includes it, while the whole of it is what the first page is for.
README_SECTIONS = "/files_and_commands.md"
OUTSIDE_LINK = re.compile(r"\]\((?:\.{1,2}/)*(" + "|".join(map(re.escape, OUTSIDE)) + r")(#[^)]*)?\)")

FENCE = re.compile(r"^(```+|~~~+)")


class KeyLabels(BaseLabelStyle):  # type: ignore[misc]
    """Labels that are the keys."""

    def format_labels(self, sorted_entries: list[Any]) -> Any:
        """The label of every entry, in order."""
        for entry in sorted_entries:
            yield entry.key


class ByKey(Style):  # type: ignore[misc]
    """Plain entries, with their keys as labels and in the order of the file."""

    default_label_style = "keys"


def linked_in_markdown(text: str, known: frozenset[str]) -> str:
    """The text of a Markdown page with roles for its citations; code is left alone."""
    lines, fence = [], None
    for line in text.splitlines():
        mark = FENCE.match(line)
        if mark and (fence is None or line.strip() == fence):
            fence = mark[1] if fence is None else None
        elif fence is None:
            # Odd pieces are inside backticks.
            pieces = re.split(r"(`+[^`]*`+)", line)
            pieces[::2] = [CITED.sub(lambda found: _role(found, known, "{cite}"), piece) for piece in pieces[::2]]
            line = OUTSIDE_LINK.sub(_page, "".join(pieces))
        lines.append(line)
    return "\n".join(lines) + "\n"


def linked_in_docstring(lines: list[str], known: frozenset[str]) -> None:
    """The same for the lines of a docstring, in place."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[number] = CITED.sub(lambda found: _role(found, known, ":cite:"), line)


def _page(found: re.Match[str]) -> str:
    page, section = OUTSIDE[found[1]], found[2] or ""
    return f"]({README_SECTIONS if section and found[1] == 'README.md' else page}{section})"


def _role(found: re.Match[str], known: frozenset[str], role: str) -> str:
    keys = [key.strip() for key in found[1].split(",")]
    if not set(keys) <= known:
        return found[0]
    return f"{role}`{','.join(keys)}`" if role.startswith("{") else rf"\ {role}`{','.join(keys)}`"


def setup(app: Sphinx) -> dict[str, Any]:
    """Rewrite what is read."""
    register_plugin("pybtex.style.labels", "keys", KeyLabels)
    register_plugin("pybtex.style.formatting", "by_key", ByKey)
    source = (Path(app.srcdir) / "references.bib").read_text(encoding="utf-8")
    known = frozenset(re.findall(r"^@\w+\{(\w+),", source, re.MULTILINE))

    def read_page(_: Sphinx, docname: str, content: list[str]) -> None:
        if app.env.doc2path(docname).suffix == ".md":
            content[0] = linked_in_markdown(content[0], known)
        elif docname.startswith("gallery/"):
            lines = content[0].split("\n")
            prose = [number for number, line in enumerate(lines) if line[:1].isalnum() or line[:1] == "["]
            for number in prose:  # code is indented
                lines[number] = CITED.sub(lambda found: _role(found, known, ":cite:"), lines[number])
            content[0] = "\n".join(lines)

    def read_docstring(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
        linked_in_docstring(lines, known)

    def read_included(_: Sphinx, path: Path, _parent: str, content: list[str]) -> None:
        if path.suffix == ".md":
            content[0] = linked_in_markdown(content[0], known)

    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    app.connect("autodoc-process-docstring", read_docstring)
    return {"parallel_read_safe": True}
