"""What the table of a report says about a check: texts that can be compared digit by digit."""

from __future__ import annotations

import math

from qtraj.theorems.checks import Check

__all__ = ["COLUMNS", "aligned", "check_cells"]

COLUMNS = ("check", "value", "std. error", "exact", "z", "detectable", "verdict")
"""What the table of checks says about each."""

PLAIN_DIGITS = 10
"""Digits shown of a number that has no standard error."""

NOISE = 1e-3
"""What is below this part of a tolerance for rounding is rounding, and shown as 0."""

LEAST_SHOWN = 1e-12
"""A value below this, and without a digit beside its standard error, is rounding."""

LEAST_DETECTABLE = 1e-13
"""An error smaller than this part of a number is smaller than its rounding."""


def check_cells(check: Check) -> tuple[str, ...]:
    """What the table says about a check, one text for each of `COLUMNS`.

    Example:
        >>> from qtraj.theorems.checks import identity
        >>> check_cells(identity("normalisation", 1.0, 1.0, 1e-12))
        ('normalisation', '1', '', '1', '', '1e-12', 'pass')
    """
    z = "" if check.z is None else f"{check.z:+.2f}" if abs(check.z) < 1e4 else f"{check.z:+.1e}"
    known = check.detectable > LEAST_DETECTABLE * max(abs(check.sampled), abs(check.exact))
    detectable = "" if math.isnan(check.detectable) else f"{check.detectable:.2g}" if known else "0"
    return (check.name, *aligned(check), z, detectable, str(check.verdict))


def aligned(check: Check) -> tuple[str, str, str]:
    """Format sampled value, standard error and exact value so that they can be compared digit by digit.

    The standard error gets two digits and both values as many decimals; numbers too large or small to be read that
    way share a power of ten. A value that would have no digit left beside a large error has two of its own.
    """
    error = check.standard_error
    values = (check.sampled, error, check.exact)
    if not all(math.isfinite(value) for value in values):
        return f"{check.sampled:.4g}", f"{error:.2g}", f"{check.exact:.4g}"
    if error <= 0.0:
        noise = NOISE * check.tolerance
        sampled, exact = ("0" if abs(value) < noise else f"{value:.{PLAIN_DIGITS}g}" for value in values[::2])
        return sampled, "", exact
    largest = max(abs(value) for value in values)
    power = math.floor(math.log10(largest))
    decimals = 1 - math.floor(math.log10(error))
    if -4 <= power < 6 and decimals <= 15:
        decimals = max(0, decimals)
        sampled, spread, exact = (_with_decimals(value, decimals, f"{value:.{decimals}f}") for value in values)
        return sampled, spread, exact
    decimals = min(15, max(1, decimals + power))
    sampled, spread, exact = (
        _with_decimals(value, decimals - power, f"{value / 10.0**power:.{decimals}f}e{power:+03d}") for value in values
    )
    return sampled, spread, exact


def _with_decimals(value: float, decimals: int, text: str) -> str:
    """A value as `text`, which has so many decimals, or by itself if they are all zeros and it is none."""
    hidden = LEAST_SHOWN < abs(value) < 0.5 * 10.0**-decimals
    return f"{value:.2g}" if hidden else text
