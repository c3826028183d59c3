"""How many paths would settle what is inconclusive, in words."""

from __future__ import annotations

__all__ = ["LARGEST_RUN", "in_words", "rounded_up"]

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
