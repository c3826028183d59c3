"""Records of averages as plain numbers, as JSON knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """An entry of a record: complex arrays as {"real", "imag"}, real ones as lists, records by their own `to_json`.

    Example:
        >>> plain({"heat": np.array([1.0, 2.0]), "state": np.array([[1j]])})
        {'heat': [1.0, 2.0], 'state': {'real': [[0.0]], 'imag': [[1.0]]}}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        pair = {"real": value.real.tolist(), "imag": value.imag.tolist()}
        return pair if np.iscomplexobj(value) else value.tolist()
    return value.to_json() if hasattr(value, "to_json") else value
