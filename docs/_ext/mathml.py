"""Formulas as MathML: drawn by the browser itself, with no script and no font from elsewhere.

Sphinx brings renderers that need LaTeX on the building machine (imgmath) or a script from a server (mathjax).
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def inline_formula(translator: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    translator.body.append(_markup(node.astext(), "inline"))
    raise nodes.SkipNode


def displayed_formula(translator: Any, node: nodes.math_block) -> None:
    """Write a formula in a paragraph of its own."""
    translator.body.append(f'<div class="math">{_markup(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def _markup(source: str, display: str) -> str:
    # Formulas of several lines come without the environment that `\\` and `&` need.
    needs_lines = "\\\\" in source and "\\begin{" not in source
    try:
        return convert(rf"\begin{{aligned}}{source}\end{{aligned}}" if needs_lines else source, display=display)
    except Exception as error:
        raise ExtensionError(f"the formula {source!r} is not understood: {error!r}") from error


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer under the name `mathml`."""
    app.add_html_math_renderer("mathml", (inline_formula, None), (displayed_formula, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
