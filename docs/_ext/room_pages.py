"""One page for every room of the house, written from the source: each module with all its public names.

What a package offers under a shorter name (`qtraj.System`, `qtraj.plots.histogram`) is described there and only linked
from the module that defines it, so that everything is described once.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.inspect import TypeAliasForwardRef

import qtraj

# Packages whose own names are meant to be imported from them.
FACES = ("qtraj", "qtraj.experiment", "qtraj.models", "qtraj.plots", "qtraj.storage", "qtraj.strategies")


def modules() -> list[ModuleType]:
    """Every module of the package that says what is public in it, except the doors."""
    names = [found.name for found in pkgutil.walk_packages(qtraj.__path__, "qtraj.") if found.name not in FACES]
    names.remove("qtraj.__main__")  # importing it runs the command line
    return [module for module in map(import_module, sorted(names)) if getattr(module, "__all__", None)]


def public_homes() -> dict[int, str]:
    """Where each object that a face offers is described, by its identity."""
    homes: dict[int, str] = {}
    for face in FACES:
        module = import_module(face)
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                homes.setdefault(id(value), f"{face}.{name}")
    return homes


# Of the rooms whose names the public face offers, in its order of reading; others follow under their own names.
HEADINGS = {
    "quantum": "Systems, states, environments, unitaries, channels",
    "processes": "What happens",
    "models": "The literature",
    "density": "What the density matrix says",
    "paths": "What paths show",
    "theorems": "Whether the two agree",
}


def face_page() -> str:
    """The reST of the public face: every name, by the room it comes from."""
    rooms: dict[str, list[str]] = {room: [] for room in HEADINGS}
    for name, home in qtraj._HOME.items():
        rooms.setdefault(home.split(".")[1], []).append(name)
    lines = ["qtraj: the public face", "======================", "", ".. module:: qtraj", ""]
    for room, names in rooms.items():
        title = HEADINGS.get(room, f"``qtraj.{room}``")
        lines += [title, "-" * len(title), ""]
        for name in names:
            kind = "class" if inspect.isclass(getattr(qtraj, name)) else "function"
            lines += [f".. auto{kind}:: {name}", *(["   :members:"] if kind == "class" else []), ""]
    return "\n".join(lines)


def write_if_changed(path: Path, text: str) -> None:
    """Leave a page alone that says the same already, or every build would read all of them."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def module_section(module: ModuleType, homes: dict[int, str]) -> str:
    """The reST of one module."""
    title = f"``{module.__name__}``"
    elsewhere = {}
    for name in module.__all__:
        value = getattr(module, name)
        home = homes.get(id(value), f"{getattr(value, '__module__', module.__name__)}.{name}")
        if home != f"{module.__name__}.{name}" and (inspect.isclass(value) or inspect.isfunction(value)):
            elsewhere[name] = home
    lines = [title, "-" * len(title), "", f".. automodule:: {module.__name__}", "   :members:"]
    if module.__name__ in homes.values():
        lines.append("   :no-index:")  # a function of a face has the name of its module
    if elsewhere:
        lines += [f"   :exclude-members: {', '.join(sorted(elsewhere))}", ""]
        lines += [", ".join(f"`{name} <{home}>`" for name, home in elsewhere.items()) + ": see there.", ""]
    return "\n".join([*lines, "", ""])


def write_pages(app: Sphinx) -> None:
    """Write the pages."""
    folder = Path(app.srcdir) / "api" / "rooms"
    folder.mkdir(parents=True, exist_ok=True)
    homes = public_homes()
    rooms: dict[str, list[ModuleType]] = {}
    for module in modules():
        rooms.setdefault(module.__name__.split(".")[1], []).append(module)
    for room, members in rooms.items():
        title = f"qtraj.{room}"
        page = "\n".join([title, "=" * len(title), "", *(module_section(module, homes) for module in members)])
        write_if_changed(folder / f"{room}.rst", page)
    write_if_changed(folder.parent / "qtraj.rst", face_page())
    for path in folder.glob("*.rst"):
        if path.stem not in rooms:
            path.unlink()


def is_borrowed(_app: Sphinx, _what: str, _name: str, member: Any, _skip: bool, _options: Any) -> bool | None:
    """Whether to leave out a member that comes from elsewhere, such as the methods of matplotlib's figures."""
    home = getattr(member, "__module__", None)
    return True if isinstance(home, str) and home.startswith("matplotlib") else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before anything is read."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-skip-member", is_borrowed)
    # Inside other types a type is shown by its representation, which would be `TypeAliasForwardRef('FloatArray')`.
    TypeAliasForwardRef.__repr__ = lambda self: self.name  # type: ignore[method-assign]
    return {"parallel_read_safe": True}
