"""How a family of checks, or the looks at a running sample, share one false-alarm rate."""

from __future__ import annotations

from qtraj.errors import InvalidInput
from qtraj.quantum.scalars import real_number

__all__ = ["FAMILY_LEVEL", "look_level", "require_level", "split_level"]

FAMILY_LEVEL = 1e-3
"""How often a whole report may fail although everything is right."""


def split_level(level: float, number: int) -> float:
    """Return the level each of `number` checks may use so that the family errs at most at `level`: level / number.

    This is Bonferroni's split. Sidak's, 1 - (1 - level)^(1/number), would be larger by at most level/2 of itself,
    and it needs independent (or positively dependent) checks, which checks of one and the same sample are not.

    Args:
        level: Family-wise false-alarm rate, in (0, 1).
        number: How many checks share it, at least 1.

    Raises:
        InvalidInput: If `level` is not between 0 and 1 or `number` is below 1.

    Example:
        >>> split_level(1e-3, 10)
        0.0001
    """
    require_level(level)
    if number < 1:
        raise InvalidInput(f"`number` must be at least 1, but it is {number}", measured=number)
    return level / number


def look_level(level: float, look: int) -> float:
    """Return the level of look number `look` (from 0) in a run that may stop early: level / ((look+1)(look+2)).

    The levels of all looks, however many, add up to `level`, so that peeking does not raise the false-alarm rate.

    Example:
        >>> round(sum(look_level(1e-3, j) for j in range(10_000)), 6)
        0.001
    """
    require_level(level)
    if look < 0:
        raise InvalidInput(f"`look` must be at least 0, but it is {look}", measured=look)
    return level / ((look + 1) * (look + 2))


def require_level(level: float) -> None:
    """Raise `InvalidInput` unless 0 < level < 1."""
    if not (0.0 < real_number(level, "level") < 1.0):
        raise InvalidInput(f"`level` must lie between 0 and 1, but it is {level:g}", measured=level)
