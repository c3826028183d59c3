"""Sets the sub- and superscripts of formulas in prose: p′_β, e^(−βω), 10^15.

The pages write formulas in plain Unicode, so that they can be read in a terminal and in a diff as well as here. What
plain text cannot have is lowered and raised letters; the site puts them where `_` and `^` announce them. Code is left
alone, and so are docstrings, whose formulas are typeset.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from script_pattern import SCRIPT, split
from sphinx.application import Sphinx

# Where text is meant letter by letter.
VERBATIM = (nodes.literal, nodes.FixedTextElement, nodes.math, nodes.raw, nodes.comment)
SCRIPTS = {"low": nodes.subscript, "high": nodes.superscript}


def set_scripts(app: Sphinx, doctree: nodes.document) -> None:
    """Rewrite the prose of a Markdown page or a notebook."""
    if app.env.doc2path(app.env.docname).suffix not in {".md", ".ipynb"}:
        return
    for text in list(doctree.findall(nodes.Text)):
        if SCRIPT.search(text) and not _is_verbatim(text):
            text.parent.replace(text, _nodes(text.astext()))


def _nodes(text: str) -> list[nodes.Node]:
    return [
        SCRIPTS[kind]("", "", *_nodes(piece)) if kind in SCRIPTS else nodes.Text(piece) for kind, piece in split(text)
    ]


def _is_verbatim(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, VERBATIM):
            return True
    return False


def setup(app: Sphinx) -> dict[str, Any]:
    """Rewrite what has been read."""
    app.connect("doctree-read", set_scripts)
    return {"parallel_read_safe": True}
