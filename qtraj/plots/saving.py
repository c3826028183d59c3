"""Figures as files: whole or not at all, and the same bytes every time.

A figure is written to a temporary file beside its target, brought to disk, and renamed: whoever reads the target sees
the old picture or the new one. Nothing that changes from run to run (dates, random identifiers) goes into a file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from qtraj.errors import InvalidInput, StorageError, UnknownName
from qtraj.plots.style import PIXELS_PER_INCH, paper_style

__all__ = ["FORMATS", "check_figure_path", "save_figure"]

# Keys that matplotlib would fill with dates or versions, by format; None leaves them out.
FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "png": MappingProxyType({"Software": None}),
        "svg": MappingProxyType({"Date": None, "Creator": "qtraj"}),
        "pdf": MappingProxyType({"CreationDate": None, "Creator": "qtraj", "Producer": "qtraj"}),
    }
)


def check_figure_path(path: str | os.PathLike[str]) -> Path:
    """Check where a figure is to go, before the long computation it shows.

    Args:
        path: A file name ending in .png, .svg or .pdf, in an existing folder.

    Returns:
        The path.

    Raises:
        UnknownName: If the ending is no known format; the message suggests the nearest.
        InvalidInput: If there is no ending.
        StorageError: If the folder does not exist or cannot be written to, or the path is a folder itself.

    Example:
        >>> check_figure_path("figure.pgn")
        Traceback (most recent call last):
        ...
        qtraj.errors.UnknownName: figure format 'pgn' is not known; did you mean 'png'?
    """
    target = Path(path)
    ending = target.suffix[1:]
    if not ending:
        raise InvalidInput(f"`path` must end in .png, .svg or .pdf, but is {str(target)!r}")
    if ending.lower() not in FORMATS:
        raise UnknownName("figure format", ending, FORMATS)
    folder = target.parent
    if not folder.is_dir():
        raise StorageError(f"the folder of a figure must exist, but {str(folder)!r} does not")
    if target.is_dir():
        raise StorageError(f"a figure must go into a file, but {str(target)!r} is a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"the folder of a figure must be writable, but {str(folder)!r} is not")
    return target


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure as PNG (200 dots per inch), SVG or PDF, as its ending says.

    An existing file is replaced at once when the new one is complete, and left alone when anything goes wrong. The
    same figure gives the same bytes with the same version of matplotlib.

    Args:
        figure: Any matplotlib figure.
        path: See `check_figure_path`.

    Returns:
        The path.

    Raises:
        UnknownName: If the ending is no known format.
        InvalidInput: If there is no ending.
        StorageError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.plots.style import PaperFigure
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_figure(PaperFigure.of_size(width=1, height=1), Path(folder) / "empty.png").name
        'empty.png'
    """
    target = check_figure_path(path)
    kind = target.suffix[1:].lower()
    # `open` and not `tempfile`, which would make the figure unreadable for everyone else.
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            with paper_style():
                figure.savefig(stream, format=kind, dpi=PIXELS_PER_INCH, metadata=dict(FORMATS[kind]))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise StorageError(f"the figure {str(target)!r} could not be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return target
