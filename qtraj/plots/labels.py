r"""What is written in figures: symbols, names of axes, and numbers with their uncertainty.

Everything is in matplotlib's mathematical notation, so that powers of ten and minus signs are set as in print.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from qtraj.errors import UnknownName

__all__ = [
    "FLOW_PREFIXES",
    "SYMBOLS",
    "axis_label",
    "check_quantity",
    "digits_beside",
    "exact_number",
    "in_mathematics",
    "in_text",
    "is_entropy",
    "number_from_log",
    "number_with_error",
    "reservoir_of",
    "symbol",
    "whole_number",
]

SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        "sigma": r"\sigma",
        "sigma_d": r"\sigma_{\mathrm{d}}",
        "xi": r"\xi",
        "heat": "Q",
        "work": "W",
        "jumps": "J",
        "clausius_sigma": "c",
        "initial_information": "i",
        "information_change": r"\Delta i",
        "sigma_beyond_information": r"c-\Delta i",
    }
)
"""Symbols of the quantities that belong to no single reservoir."""

FLOW_PREFIXES: Mapping[str, str] = MappingProxyType({"heat_into_": "Q", "entropy_into_": "s"})
"""Symbols of what goes into one reservoir, whose name follows and becomes the index."""

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "sigma": ("entropy production", "nats"),
        "sigma_d": ("population part", "nats"),
        "xi": ("coherence part", "nats"),
        "heat": ("heat into the environment", "energy"),
        "work": ("work done on the system", "energy"),
        "jumps": ("number of jumps", ""),
        "clausius_sigma": ("entropy production without information", "nats"),
        "initial_information": ("information at the start", "nats"),
        "information_change": ("change of mutual information", "nats"),
        "sigma_beyond_information": ("entropy production beyond information", "nats"),
        "heat_into_": ("heat into", "energy"),
        "entropy_into_": ("entropy into", "nats"),
    }
)

# What matplotlib's mathematics takes as it is, and how to write what means something else there: names may be any text.
_PLAIN = frozenset("+*/<>=:,.;!?&'@()[]|\N{HORIZONTAL ELLIPSIS}")
_ESCAPED = {
    **{character: "\\" + character for character in "_$%{} "},
    "\\": r"\backslash ",
    "^": r"\wedge ",
    "~": r"\sim ",
    "#": r"\sharp ",
    "-": "\N{HYPHEN}",
}

# The fonts that come with matplotlib have Latin, Greek and Cyrillic letters.
BEYOND_FONTS = 0x0460
UNKNOWN = "?"

# Longer names of reservoirs would not fit beside an axis.
LONGEST_NAME = 14

SMALLEST_PLAIN = 1e-3
LARGEST_PLAIN = 1e5
MOST_DECIMALS = 5

# Below one part in 10^13 an error is rounding and not scatter.
ROUNDING = 1e-13

# Close to where doubles lose digits.
SMALLEST = 1e-300


def symbol(quantity: str) -> str:
    r"""The symbol of a quantity, without dollar signs.

    Example:
        >>> symbol("xi"), symbol("heat_into_hot"), symbol("entropy_into_lead_1")
        ('\\xi', 'Q_{\\mathrm{hot}}', 's_{\\mathrm{lead\\_1}}')
    """
    if quantity in SYMBOLS:
        return SYMBOLS[quantity]
    prefix, reservoir = _flow(quantity)
    return rf"{FLOW_PREFIXES[prefix]}_{{\mathrm{{{in_mathematics(reservoir)}}}}}"


def axis_label(quantity: str, reservoirs: Sequence[str] = ()) -> str:
    r"""What an axis with a quantity says: words that carry the sign, symbol, and units.

    Args:
        quantity: Its name.
        reservoirs: Names of all reservoirs; the total heat goes into the only one, or into all of them.

    Example:
        >>> axis_label("sigma"), axis_label("heat_into_cold")
        ('entropy production $\\sigma$ (nats)', 'heat into cold $Q_{\\mathrm{cold}}$ (energy)')
        >>> axis_label("heat", ["cold"]), axis_label("heat", ["hot", "cold"])
        ('heat into cold $Q$ (energy)', 'heat into all reservoirs $Q$ (energy)')
    """
    if quantity == "heat" and list(reservoirs) not in ([], ["environment"]):
        place = in_text(reservoirs[0]) if len(reservoirs) == 1 else "all reservoirs"
        return f"heat into {place} $Q$ (energy)"
    prefix, reservoir = _flow(quantity) if quantity not in SYMBOLS else (quantity, "")
    words, units = _WORDS[prefix]
    name = f" {in_text(reservoir)}" if reservoir else ""
    return f"{words}{name} ${symbol(quantity)}$" + (f" ({units})" if units else "")


def check_quantity(quantity: str, known: Iterable[str]) -> None:
    """Raise `UnknownName` unless there can be a quantity of this name; `known` ones are suggested."""
    if quantity not in SYMBOLS and reservoir_of(quantity) is None:
        raise UnknownName("quantity", quantity, dict.fromkeys((*known, *SYMBOLS)))


def is_entropy(quantity: str) -> bool:
    """Whether a quantity is measured in nats.

    Example:
        >>> is_entropy("entropy_into_hot"), is_entropy("heat_into_hot")
        (True, False)
    """
    prefix, _ = _flow(quantity) if quantity not in SYMBOLS else (quantity, "")
    return _WORDS[prefix][1] == "nats"


def reservoir_of(quantity: str) -> str | None:
    """The reservoir that `heat_into_NAME` or `entropy_into_NAME` is about, None for other quantities.

    Example:
        >>> reservoir_of("heat_into_hot"), reservoir_of("sigma")
        ('hot', None)
    """
    for prefix in FLOW_PREFIXES:
        if quantity.startswith(prefix) and len(quantity) > len(prefix):
            return quantity.removeprefix(prefix)
    return None


def in_mathematics(name: str) -> str:
    r"""A name as it must be written between dollar signs to look like itself.

    Example:
        >>> in_mathematics("lead_1")
        'lead\\_1'
    """
    return "".join(
        character if character.isalnum() or character in _PLAIN else _ESCAPED.get(character, UNKNOWN)
        for character in _shortened(name)
    )


def in_text(name: str) -> str:
    r"""A name as it must be written outside of dollar signs to look like itself."""
    return _shortened(name).replace("$", r"\$")


def _shortened(name: str) -> str:
    """A name that fits, in letters that the fonts have."""
    legible = "".join(letter if letter.isprintable() and ord(letter) < BEYOND_FONTS else UNKNOWN for letter in name)
    return legible if len(name) <= LONGEST_NAME else legible[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _flow(quantity: str) -> tuple[str, str]:
    """Prefix and reservoir of a flow."""
    reservoir = reservoir_of(quantity)
    if reservoir is None:
        raise UnknownName("quantity", quantity, SYMBOLS)
    return quantity.removesuffix(reservoir), reservoir


def number_with_error(value: float, error: float) -> str:
    r"""`value` and its standard error, rounded to two digits of the error.

    Where that takes more than five decimals, the error is written in parentheses, in units of the last digit.

    Example:
        >>> number_with_error(0.253041, 0.00102), number_with_error(0.2530412345, 1.02e-8)
        ('0.2530 \\pm 0.0010', '0.253041235(10)')
        >>> number_with_error(2.53041e-7, 1.02e-9)
        '(2.530 \\pm 0.010)\\times 10^{-7}'
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
    if decimals > MOST_DECIMALS:
        body = f"{_fixed(value, decimals)}({round(error * 10.0**decimals)})"
        return rf"{body}\times 10^{{{power}}}" if power else body
    body = rf"{_fixed(value, decimals)} \pm {_fixed(error, decimals)}"
    return rf"({body})\times 10^{{{power}}}" if power else body


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
