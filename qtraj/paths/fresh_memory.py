"""Large arrays whose memory does not have to be fetched page by page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["fresh"]

# NumPy asks the system for huge pages for arrays from this size on, and gets them where one fits in whole. Other memory
# comes in pages of 4 KB as it is first written to, each a call into the system: a column of trajectories then takes
# longer to write down than to draw.
HUGE_BYTES = 2**22
HUGE_PAGE = 2**21

# What is smaller is most likely memory that was used before.
WORTHWHILE_BYTES = 2**17


def fresh(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array without values, as `np.empty`, at the beginning of a huge page.

    Only what is written to takes memory, in pages of 2 MB. Where there are no huge pages nothing is gained or lost.

    Example:
        >>> fresh((3, 100_000), np.float64).shape
        (3, 100000)
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    wanted = size * kind.itemsize
    if wanted < WORTHWHILE_BYTES:
        return np.empty(shape, dtype=kind)
    memory = np.empty(max(HUGE_BYTES, wanted + HUGE_PAGE), dtype=np.uint8)
    begin = -memory.ctypes.data % HUGE_PAGE
    return memory[begin : begin + wanted].view(kind).reshape(shape)
