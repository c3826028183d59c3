"""What the strategies ask of their arguments, checked when a strategy is built."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from qtraj.errors import InvalidInput

__all__ = [
    "LARGEST_DIMENSION",
    "RealRange",
    "WholeRange",
    "flag",
    "kinds_of",
    "rank_range",
    "real_range",
    "whole_range",
]

WholeRange: TypeAlias = int | tuple[int, int]
RealRange: TypeAlias = float | tuple[float, float]

# Hypothesis is made for small examples; a matrix of this dimension already prints as pages.
LARGEST_DIMENSION = 64


def whole_range(value: WholeRange, argument: str, *, largest: int = LARGEST_DIMENSION) -> tuple[int, int]:
    """Return one whole number or a pair of them as (smallest, largest).

    Raises:
        InvalidInput: If it is neither, below 1, above `largest`, or the pair is in the wrong order.

    Example:
        >>> whole_range(3, "dimensions"), whole_range((1, 4), "dimensions")
        ((3, 3), (1, 4))
    """
    must = f"`{argument}` must be a whole number from 1 to {largest}, or a pair (smallest, largest) of them"
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2 or any(isinstance(part, (bool, np.bool_)) for part in pair):
        raise InvalidInput(f"{must}, but is {value!r}")
    try:
        low, high = (operator.index(part) for part in pair)
    except TypeError:
        raise InvalidInput(f"{must}, but is {value!r}") from None
    for bound in (low, high):
        if not 1 <= bound <= largest:
            raise InvalidInput(f"{must}, but is {value!r}", measured=float(bound))
    if low > high:
        raise InvalidInput(f"{must}, but {low} is more than {high}", measured=float(low))
    return low, high


def rank_range(
    ranks: WholeRange | str | None, dimensions: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Return dimensions that leave room for the ranks, and the ranks; None means full rank.

    Raises:
        InvalidInput: If `ranks` is invalid, or the smallest rank exceeds the largest dimension.

    Example:
        >>> rank_range((2, 3), (1, 4))  # a state of rank 2 needs two levels
        ((2, 4), (2, 3))
    """
    if isinstance(ranks, str):
        if ranks != "full":
            raise InvalidInput(f'`ranks` must be a whole number, a pair, "full" or None, but is {ranks!r}')
        return dimensions, None
    if ranks is None:
        return dimensions, (1, dimensions[1])
    low, high = whole_range(ranks, "ranks")
    if low > dimensions[1]:
        raise InvalidInput(
            f"`ranks` must fit into `dimensions`, but rank {low} exceeds dimension {dimensions[1]}", measured=float(low)
        )
    return (max(low, dimensions[0]), dimensions[1]), (low, high)


def real_range(value: RealRange, argument: str, *, least: float, most: float) -> tuple[float, float]:
    """Return one number or a pair of numbers as (smallest, largest), both between `least` and `most`.

    Raises:
        InvalidInput: If it is neither, out of bounds, not finite, or the pair is in the wrong order.

    Example:
        >>> real_range((0.0, 10.0), "inverse_temperatures", least=0.0, most=1e6)
        (0.0, 10.0)
    """
    must = f"`{argument}` must be a number from {least:g} to {most:g}, or a pair (smallest, largest) of them"
    pair = value if isinstance(value, tuple) else (value, value)
    try:
        low, high = (float(part) for part in pair)
    except (TypeError, ValueError):
        raise InvalidInput(f"{must}, but is {value!r}") from None
    for bound in (low, high):
        if not least <= bound <= most:  # false for NaN, too
            raise InvalidInput(f"{must}, but is {value!r}", measured=bound)
    if low > high:
        raise InvalidInput(f"{must}, but {low:g} is more than {high:g}", measured=low)
    return low, high


def flag(value: bool | None, argument: str) -> bool | None:
    """Return a choice of yes, no or either (None).

    Raises:
        InvalidInput: If it is none of the three.

    Example:
        >>> flag("yes", "degenerate")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `degenerate` must be True, False or None (either), but is 'yes'
    """
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(f"`{argument}` must be True, False or None (either), but is {value!r}")
    return value


def kinds_of(value: Sequence[str] | None, known: Sequence[str], argument: str) -> tuple[str, ...]:
    """Return the chosen kinds in the order of `known`, from simple to random; all of them for None.

    Raises:
        InvalidInput: If nothing, or something unknown, is chosen.

    Example:
        >>> kinds_of("haar", ("identity", "haar"), "kinds")
        ('haar',)
    """
    if value is None:
        return tuple(known)
    chosen = (value,) if isinstance(value, str) else tuple(value)
    unknown = [kind for kind in chosen if kind not in known]
    if unknown or not chosen:
        raise InvalidInput(f"`{argument}` must be some of {', '.join(known)}, but is {value!r}")
    return tuple(kind for kind in known if kind in chosen)
