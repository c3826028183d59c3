"""Packages that qtraj can work with but does not need: imported when asked for, with advice where they lack."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from qtraj.errors import MissingPackage

__all__ = ["import_optional"]


def import_optional(package: str, purpose: str, *, extra: str | None = None) -> Any:
    """Import a package that only `purpose` needs.

    Args:
        package: Name of the package.
        purpose: What it is needed for, as the subject of a sentence.
        extra: The extra of qtraj that installs it; the package's own name by default.

    Raises:
        MissingPackage: If it is not installed; the message has the line that installs it.

    Example:
        >>> import_optional("json", "reading").loads("[1]")
        [1]
        >>> import_optional("no_such_package", "`to_nothing`")
        Traceback (most recent call last):
            ...
        qtraj.errors.MissingPackage: `to_nothing` needs the package no_such_package, but it is not installed; ...
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        # A package that is there, but lacks one of its own requirements, has to say so itself.
        if error.name is None or error.name.partition(".")[0] != package.partition(".")[0]:
            raise
        raise MissingPackage(purpose, package, extra or package) from None
