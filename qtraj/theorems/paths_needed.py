"""How many paths would settle what is inconclusive, in words."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["LARGEST_RUN", "all_at_once", "in_words", "rounded_up"]

LARGEST_RUN = 10**15
"""The most paths one run may have."""


def in_words(paths_needed: int | None) -> str:
    """Return the end of a sentence that says how many paths would settle an inconclusive check.

    Example:
        >>> in_words(2_000_000)
        '2e+06 paths would do'
    """
    if paths_needed is None:
        return "no number of paths would do"
    beyond = f", more than the {LARGEST_RUN:.0e} of one run" if paths_needed > LARGEST_RUN else ""
    return f"{rounded_up(paths_needed)} paths would do{beyond}"


def all_at_once(needed: Collection[int | None]) -> str:
    """Return a sentence on how many paths would settle several checks, where that is more than each says by itself.

    Args:
        needed: How many paths each of them needs, None where no number would do.

    Example:
        >>> all_at_once([2000, 2_000_000])
        'A run of 2e+06 paths would settle all of them.'
        >>> all_at_once([2000, 2000]), all_at_once([2000, None])
        ('', '')
    """
    numbers = {number for number in needed if number is not None}
    if None in needed or len(numbers) < 2 or max(numbers) > LARGEST_RUN:
        return ""
    return f"A run of {rounded_up(max(numbers))} paths would settle all of them."


def rounded_up(paths: int) -> str:
    """Write a number of paths with three digits, rounded up: a number rounded down would not do.

    Example:
        >>> rounded_up(2_094_321), rounded_up(150)
        ('2.1e+06', '150')
    """
    if paths < 1000:
        return str(paths)
    unit = 10 ** (len(str(paths)) - 3)
    return f"{-(-paths // unit) * unit:.3g}"
