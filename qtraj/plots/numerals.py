r"""Numbers as figures write them: with their uncertainty, and with the digits that mean something.

Everything is in matplotlib's mathematical notation, without dollar signs, so that powers of ten and minus signs are set
as in print.
"""

from __future__ import annotations

import math

__all__ = ["digits_beside", "exact_number", "number_from_log", "number_with_error", "whole_number"]

SMALLEST_PLAIN = 1e-3
LARGEST_PLAIN = 1e5

# Below one part in 10^13 an error is rounding and not scatter.
ROUNDING = 1e-13

# Close to where doubles lose digits.
SMALLEST = 1e-300


def number_with_error(value: float, error: float) -> str:
    r"""`value` and its standard error, rounded to two digits of the error.

    The error stands in parentheses, in units of the last digit; one with digits on both sides of the decimal point has
    the point too. Only an error far larger than the value follows as a number of its own.

    Example:
        >>> number_with_error(0.253041, 0.00102), number_with_error(25.3041, 1.02)
        ('0.2530(10)', '25.3(1.0)')
        >>> number_with_error(2.53041e-7, 1.02e-9)
        '2.530(10)\\times 10^{-7}'
    """
    if not (math.isfinite(value) and math.isfinite(error)):
        return rf"{exact_number(value)} \pm {exact_number(error)}"
    if error <= ROUNDING * abs(value) or error < SMALLEST:
        return exact_number(value)
    # A sampled <e^-s> can look converged when it is not: 0.86 with an error of 4400 must not be rounded to 0.
    if error >= 10 * max(1.0, abs(value)):
        return rf"{exact_number(value, 2)} \pm {exact_number(error, 2)}"
    power = _power(max(abs(value), error))
    value, error = value * 10.0**-power, float(f"{error * 10.0**-power:.1e}")
    decimals = max(0, 1 - math.floor(math.log10(error)))
    uncertain = f"{error:.{decimals}f}" if error >= 1 else str(round(error * 10.0**decimals))
    body = f"{_fixed(value, decimals)}({uncertain})"
    return rf"{body}\times 10^{{{power}}}" if power else body


def digits_beside(value: float, error: float) -> int:
    """How many digits of an exact `value` to write beside a sampled one with this `error`: at least 5, at most 13.

    Example:
        >>> digits_beside(0.25, 1e-3), digits_beside(0.25, 1e-8)
        (5, 10)
    """
    if not (math.isfinite(value) and 0 < error < abs(value)):
        return 5
    return min(13, max(5, math.floor(math.log10(abs(value) / error)) + 3))


def exact_number(value: float, digits: int = 5) -> str:
    r"""`value` to `digits` significant digits, without trailing zeros.

    Example:
        >>> exact_number(1.0), exact_number(0.25304123), exact_number(-3.2e-30)
        ('1', '0.25304', '-3.2\\times 10^{-30}')
    """
    if math.isnan(value):
        return r"\mathrm{undefined}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if abs(value) < SMALLEST:
        return "0"
    power = _power(abs(value))
    # Rounding comes before formatting: "g" alone would write 4400 as 4.4e+03.
    mantissa = f"{float(f'{value * 10.0**-power:.{digits}g}'):.12g}"
    return rf"{mantissa}\times 10^{{{power}}}" if power else mantissa


def number_from_log(logarithm: float, digits: int = 3) -> str:
    r"""The number with this natural logarithm, also where it is too small for a double.

    Example:
        >>> number_from_log(math.log(0.25)), number_from_log(-1000.0)
        ('0.25', '10^{-434}')
    """
    if logarithm < math.log(SMALLEST):
        return f"10^{{{round(logarithm / math.log(10))}}}" if math.isfinite(logarithm) else "0"
    return exact_number(math.exp(logarithm), digits)


def whole_number(value: int) -> str:
    r"""A whole number: a power of ten where it is one, with thin spaces between thousands otherwise.

    Example:
        >>> whole_number(1_000_000), whole_number(1234567), whole_number(900)
        ('10^{6}', '1\\,234\\,567', '900')
    """
    digits = str(value)
    if len(digits) > 4 and digits.strip("0") == "1":
        return f"10^{{{len(digits) - 1}}}"
    return f"{value:,}".replace(",", r"\,") if abs(value) >= 10_000 else digits


def _power(size: float) -> int:
    """The power of ten to pull out: 0 for numbers that read well as they are."""
    return 0 if SMALLEST_PLAIN <= size < LARGEST_PLAIN or size == 0 else math.floor(math.log10(size))


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text
