"""Checks that the builders of models share: each names the parameter and what it was."""

from __future__ import annotations

import math

from qtraj.errors import InvalidInput
from qtraj.quantum.scalars import real_number

__all__ = ["check_finite", "check_not_negative", "check_positive"]


def check_finite(**values: float) -> None:
    """Refuse what is no finite number.

    Raises:
        InvalidInput: With the name and the value.

    Example:
        >>> check_finite(angle=float("nan"))
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `angle` must be finite, but is nan
    """
    for name, value in values.items():
        real_number(value, name)


def check_positive(**values: float) -> None:
    """Refuse what is not finite and above zero.

    Raises:
        InvalidInput: With the name and the value.

    Example:
        >>> check_positive(duration=0.0)
        Traceback (most recent call last):
        ...
        qtraj.errors.InvalidInput: `duration` must be positive and finite, but is 0.0
    """
    for name, value in values.items():
        number = real_number(value, name, finite=False)
        if not (math.isfinite(number) and number > 0):
            raise InvalidInput(f"`{name}` must be positive and finite, but is {value}", measured=float(value))


def check_not_negative(**values: float) -> None:
    """Refuse what is not finite or below zero.

    Raises:
        InvalidInput: With the name and the value.

    Example:
        >>> check_not_negative(rate=-0.5)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `rate` must be finite and not negative, but is -0.5
    """
    for name, value in values.items():
        number = real_number(value, name, finite=False)
        if not (math.isfinite(number) and number >= 0):
            raise InvalidInput(f"`{name}` must be finite and not negative, but is {value}", measured=float(value))
