"""Sizes of files in words."""

from __future__ import annotations

__all__ = ["in_units"]


def in_units(size: float) -> str:
    """A number of bytes with three digits and a unit.

    Example:
        >>> in_units(877_000), in_units(12)
        ('877 kB', '12 bytes')
    """
    unit = "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{size:.3g} {unit}"
