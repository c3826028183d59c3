"""Warns, and so fails a build with `-W`, when a public name is missing from what the site describes.

The inventory (objects.inv) is written from the same table of objects that is looked at here.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from room_pages import FACES
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

logger = logging.getLogger(__name__)


def public_names() -> set[str]:
    """Every name that a face offers, with the public methods and properties of its classes."""
    names = set()
    for face in FACES:
        module = import_module(face)
        for name in module.__all__:
            value = getattr(module, name)
            names.add(f"{face}.{name}" if not inspect.ismodule(value) else value.__name__)
            if inspect.isclass(value):
                own = {key for key, member in vars(value).items() if _is_described(key, member)}
                names |= {f"{face}.{name}.{key}" for key in own}
    return names - {"qtraj.__version__"}


def _is_described(name: str, member: object) -> bool:
    kinds = (property, classmethod, staticmethod)
    return not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds))


def missing(wanted: Iterable[str], described: Iterable[str]) -> list[str]:
    """What is wanted and not described."""
    return sorted(set(wanted) - set(described))


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Complain about every missing name."""
    for name in missing(public_names(), env.domains.python_domain.objects):
        logger.warning("the public name %s is described nowhere", name, type="qtraj", subtype="inventory")


def setup(app: Sphinx) -> dict[str, Any]:
    """Look once everything has been read."""
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True}
