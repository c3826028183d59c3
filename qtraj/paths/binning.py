"""Counts in bins: the histogram of values that each stand for many paths, with whole numbers kept whole."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput

__all__ = ["binned"]


def binned(values: FloatArray, counts: NDArray[Any], bins: int | FloatArray) -> tuple[NDArray[Any], FloatArray]:
    """How many paths have a value in each bin. The last bin includes its upper edge.

    Args:
        values: Shape (C,).
        counts: How many paths have each of them, shape (C,), whole numbers or weights.
        bins: Number of equal bins, or edges.

    Returns:
        Counts, shape (B,), of the same type as `counts`, and edges, shape (B + 1,).

    Raises:
        InvalidInput: If `bins` is neither a positive number nor at least two ascending edges.

    Example:
        >>> totals, edges = binned(np.array([0.0, 1.0, 2.0]), np.array([10**17, 1, 5]), 2)
        >>> totals.tolist(), edges.tolist()
        ([100000000000000000, 6], [0.0, 1.0, 2.0])
    """
    try:
        edges = np.histogram_bin_edges(values, bins=bins)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"`bins` must be a positive number or ascending edges, but: {error}") from error
    if edges.size < 2:
        raise InvalidInput(f"`bins` must have at least 2 edges, but has {edges.size}", measured=edges.size)
    # NumPy would add the weights as doubles; bin numbers keep the counts whole.
    inside = (values >= edges[0]) & (values <= edges[-1])
    position = np.clip(np.searchsorted(edges, values[inside], side="right") - 1, 0, edges.size - 2)
    totals = np.zeros(edges.size - 1, dtype=counts.dtype)
    np.add.at(totals, position, counts[inside])
    return totals, edges
