"""`name` is a link where such an object is documented, and code where it is not, in docstrings and in pages.

Both are written for readers of the source too, so they name things in backticks and not with roles. And docstrings are
written by physicists: a vertical bar is a modulus or a ket, never the substitution of reStructuredText.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

ROLE = "backticks"


def backticks(
    _name: str, rawtext: str, text: str, _line: int, _inliner: Inliner, _options: Any = None, _content: Any = ()
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """The role of everything in single backticks: code, perhaps to become a link."""
    shown, _, target = text.partition(" <")
    node = pending_xref(
        rawtext, nodes.literal(rawtext, shown), refdomain="", reftype=ROLE, reftarget=target.rstrip(">") or shown
    )
    return [node], []


def note_page(app: Sphinx, doctree: nodes.document) -> None:
    """Tell every link where it stands."""
    for node in doctree.findall(pending_xref):
        if node.get("reftype") == ROLE:
            node["refdoc"] = app.env.current_document.docname


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> nodes.Node | None:
    """A link, plain code, or None for a reference that leads nowhere and should."""
    target = node["reftarget"]
    if node["reftype"] != ROLE:
        return content if exists(target) else None
    name = described_name(target, env)
    return content if name is None else link_to(app, name, node["refdoc"], content)


def described_name(text: str, env: BuildEnvironment) -> str | None:
    """The full name of the described object that is meant by `text`: `State`, `qtraj.plots.walk`, `State.pure()`."""
    described = env.domains.python_domain.objects
    bare = text.removesuffix("()")
    return next((name for name in (bare, f"qtraj.{bare}") if name in described), None)


def link_to(app: Sphinx, name: str, page: str, content: nodes.Element) -> nodes.reference:
    """A link from a page to a described object."""
    place = app.env.domains.python_domain.objects[name]
    address = f"{app.builder.get_relative_uri(page, place.docname)}#{place.node_id}"
    return nodes.reference("", "", content, internal=True, refuri=address, reftitle=name)


def link_pages(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the names in a page of prose: those of the public face, and others that only one object has.

    Words of one small-letter piece, such as `energies`, are keys of files and columns more often than functions.
    """
    if app.env.doc2path(page).suffix not in {".md", ".ipynb"}:
        return
    last_parts: dict[str, set[str]] = {}
    for name, place in app.env.domains.python_domain.objects.items():
        # A class of the public face is known by the module that defines it as well: an alias.
        if place.objtype in ("class", "function", "exception") and not place.aliased:
            last_parts.setdefault(name.rpartition(".")[2], set()).add(name)
    for literal in list(doctree.findall(nodes.literal)):
        text = literal.astext()
        found = described_name(text, app.env)
        word = text.partition(".")[0].removesuffix("()")  # of `PathLaw.sigma` the class, whose fields have no page
        others = last_parts.get(word, set())
        if found is None and len(others) == 1 and ("_" in word or not word.islower()):
            (found,) = others
        if found is not None and not isinstance(literal.parent, nodes.reference | nodes.title):
            literal.replace_self(link_to(app, found, page, literal.deepcopy()))


def exists(target: str) -> bool:
    """Whether a module of ours has this object: signatures may name what is not public and so described nowhere."""
    home, _, name = target.rpartition(".")
    try:
        return home.startswith("qtraj.") and hasattr(import_module(home), name)
    except ImportError:
        return False


def escape_bars(_app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Escape vertical bars in the prose of a docstring; code and formulas are left alone."""
    paragraphs = re.split(r"(\n\s*\n)", "\n".join(lines))
    for number, paragraph in enumerate(paragraphs):
        if not paragraph.lstrip().startswith(">>>"):
            pieces = re.split(r"(`+[^`]*`+)", paragraph)  # odd pieces are inside backticks
            pieces[::2] = [piece.replace("|", r"\|") for piece in pieces[::2]]
            paragraphs[number] = "".join(pieces)
    lines[:] = "".join(paragraphs).split("\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Use the role for everything in single backticks."""
    app.add_role(ROLE, backticks)
    app.config.default_role = ROLE
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
    app.connect("doctree-read", note_page)
    app.connect("missing-reference", resolve)
    app.connect("doctree-resolved", link_pages)
    return {"parallel_read_safe": True}
