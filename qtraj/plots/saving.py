"""Figures as files: whole or not at all, and the same bytes every time.

A figure is written to a temporary file beside its target, brought to disk, and renamed: whoever reads the target sees
the old picture or the new one. Nothing that changes from run to run (dates, random identifiers) goes into a file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from matplotlib.figure import Figure

from qtraj.atomic import atomic_file, check_writable, file_name
from qtraj.errors import InvalidInput, UnknownName
from qtraj.plots.style import PIXELS_PER_INCH, paper_style
from qtraj.quantum.scalars import instance_of

__all__ = ["FORMATS", "check_figure_path", "figure_bytes", "save_figure"]

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
        InvalidInput: If it is no file name, or has no ending.
        StorageError: If the folder does not exist or cannot be written to, or the path is a folder itself.

    Example:
        >>> check_figure_path("figure.pgn")
        Traceback (most recent call last):
        ...
        qtraj.errors.UnknownName: figure format 'pgn' is not known; did you mean 'png'?
    """
    target = file_name(path)
    ending = target.suffix[1:]
    if not ending:
        raise InvalidInput(f"`path` must end in .png, .svg or .pdf, but is {str(target)!r}")
    if ending.lower() not in FORMATS:
        raise UnknownName("figure format", ending, FORMATS)
    check_writable(target)
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
        InvalidInput: If there is no ending, or no figure.
        StorageError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.plots.style import PaperFigure
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_figure(PaperFigure.of_size(width=1, height=1), Path(folder) / "empty.png").name
        'empty.png'
    """
    target = check_figure_path(path)
    instance_of(figure, Figure, "figure")
    kind = target.suffix[1:].lower()
    with atomic_file(target) as file:
        file.write(figure_bytes(figure, kind))
    return target


def figure_bytes(figure: Figure, kind: str = "svg") -> bytes:
    """A figure as the content of a file.

    Args:
        figure: Any matplotlib figure.
        kind: `png`, `svg` or `pdf`.

    Raises:
        UnknownName: If there is no such format.

    Example:
        >>> from qtraj.plots.style import PaperFigure
        >>> figure_bytes(PaperFigure.of_size(width=1, height=1), "pdf")[:4]
        b'%PDF'
    """
    if kind not in FORMATS:
        raise UnknownName("figure format", kind, FORMATS)
    buffer = io.BytesIO()
    with paper_style():
        figure.savefig(buffer, format=kind, dpi=PIXELS_PER_INCH, metadata=dict(FORMATS[kind]))
    return buffer.getvalue()
