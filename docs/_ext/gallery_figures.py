"""Finds the figures of an example for sphinx-gallery, whose own way asks pyplot, which qtraj never uses."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

from qtraj.plots import save_figure


def figures_of_a_block(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save every figure that the names of the example lead to and that was not saved before."""
    seen = block_vars["example_globals"].setdefault("__figures__", [])
    images = []
    for value in list(block_vars["example_globals"].values()):
        figure = value.figure if isinstance(value, Axes) else value
        if isinstance(figure, Figure) and not any(figure is old for old in seen):
            seen.append(figure)
            path = next(block_vars["image_path_iterator"])
            save_figure(figure, path)
            images.append(path)
    return figure_rst(images, gallery_conf["src_dir"]) if images else ""
