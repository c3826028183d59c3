"""Accept what users call a number, and nothing else: no text, no truth values, no complex numbers.

Python would take `True` for a rate of 1 and fail somewhere inside on "1.0"; both are mistakes of whoever calls.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from qtraj.errors import InvalidInput

__all__ = ["instance_of", "random_generator", "real_number", "whole_number"]

_Kind = TypeVar("_Kind")


def real_number(value: Any, argument: str, kind: type[InvalidInput] = InvalidInput, *, finite: bool = True) -> float:
    """Return `value` as a finite float.

    Args:
        value: A Python or NumPy number, or an array without dimensions that holds one.
        argument: Name used in messages.
        kind: Exception to raise.
        finite: Refuse NaN and infinities; False leaves them to a caller who says more than that.

    Raises:
        InvalidInput: If it is no real number, or not finite.

    Example:
        >>> real_number(np.float32(0.5), "rate")
        0.5
        >>> real_number("0.5", "rate")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `rate` must be a real number, but is '0.5'
    """
    plain = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(plain, bool) or not isinstance(plain, Real):
        raise kind(f"`{argument}` must be a real number, but is {_shown(value)}")
    try:
        number = float(plain)
    except OverflowError as error:
        raise kind(f"`{argument}` must stay below 1e308, but does not") from error
    if finite and not math.isfinite(number):
        raise kind(f"`{argument}` must be finite, but is {number}", measured=number)
    return number


def whole_number(
    value: Any, argument: str, *, least: int | None = None, kind: type[InvalidInput] = InvalidInput
) -> int:
    """Return `value` as an int; floats such as 4.0 and 1e6 count as whole.

    Args:
        value: A Python or NumPy number.
        argument: Name used in messages.
        least: The smallest number that will do.
        kind: Exception to raise.

    Raises:
        InvalidInput: If it is no whole number, or below `least`.

    Example:
        >>> whole_number(2.5, "dimension", least=1)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `dimension` must be a whole number from 1 on, but is 2.5
    """
    plain = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    from_on = "" if least is None else f" from {least} on"
    number: int | None = None
    if isinstance(plain, int | np.integer) and not isinstance(plain, bool):
        number = int(plain)
    elif isinstance(plain, float | np.floating) and math.isfinite(plain) and plain == math.floor(plain):
        number = math.floor(plain)
    if number is None:
        raise kind(f"`{argument}` must be a whole number{from_on}, but is {_shown(value)}")
    if least is not None and number < least:
        raise kind(f"`{argument}` must be a whole number{from_on}, but is {number}", measured=float(number))
    return number


def instance_of(value: Any, wanted: type[_Kind], argument: str, kind: type[InvalidInput] = InvalidInput) -> _Kind:
    """Return `value` if it is of the class that is wanted.

    Raises:
        InvalidInput: If it is not.

    Example:
        >>> instance_of([[1.0]], str, "bath")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `bath` must be of class str, but is of class list: [[1.0]]
    """
    if not isinstance(value, wanted):
        raise kind(
            f"`{argument}` must be of class {wanted.__name__}, but is of class {type(value).__name__}: {_shown(value)}"
        )
    return value


def random_generator(seed: Any) -> np.random.Generator:
    """A NumPy generator from a seed, or the generator that was given.

    Raises:
        InvalidInput: If it is neither a whole number from 0 on nor a generator.

    Example:
        >>> bool(random_generator(7).random() == random_generator(7).random())
        True
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(whole_number(seed, "seed", least=0))


def _shown(value: Any) -> str:
    """A value on one short line."""
    return f"{' '.join(repr(value).split()):.80}"
