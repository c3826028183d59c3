r"""What quantities and reservoirs are called in figures: symbols, names of axes, and names that may be any text.

Symbols are in matplotlib's mathematical notation, without dollar signs.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from qtraj.errors import UnknownName
from qtraj.quantum.scalars import instance_of

__all__ = [
    "FLOW_PREFIXES",
    "SYMBOLS",
    "axis_label",
    "check_quantity",
    "exponential_average",
    "heat_in_words",
    "in_lines",
    "in_mathematics",
    "in_text",
    "is_entropy",
    "reservoir_of",
    "symbol",
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
        "heat": ("heat", "energy"),
        "work": ("energy change plus heat", "energy"),
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

# A formula within a label; a letter that `_shortened` leaves in no name, to stand for those of the formula while lines
# are broken; and what of the formula is no letter.
_FORMULA = re.compile(r"(?<!\\)\$(?:\\.|[^$\\])+\$")
_STAND_IN = "\N{REPLACEMENT CHARACTER}"
_UNSEEN = re.compile(r"\\[a-z]+|[\\{}_$ ]")

# Letters that fit along the vertical axis of a figure or panel as low as those here, up to 2.9 inches.
LONGEST_UP = 36

# Longer names of reservoirs would not fit beside an axis.
LONGEST_NAME = 14


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


def exponential_average(quantity: str) -> str:
    r"""The average of e to the power of minus a quantity, without dollar signs; a symbol that is a sum is bracketed.

    Example:
        >>> exponential_average("sigma"), exponential_average("sigma_beyond_information")
        ('\\langle e^{-\\sigma}\\rangle', '\\langle e^{-(c-\\Delta i)}\\rangle')
    """
    sign = symbol(quantity)
    # Names of reservoirs may hold any sign, but stand in an index.
    if quantity in SYMBOLS and not {"+", "-"}.isdisjoint(sign):
        sign = f"({sign})"
    return rf"\langle e^{{-{sign}}}\rangle"


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
    if quantity == "heat":
        return f"{heat_in_words([in_text(name) for name in reservoirs])} ${symbol(quantity)}$ (energy)"
    prefix, reservoir = _flow(quantity) if quantity not in SYMBOLS else (quantity, "")
    words, units = _WORDS[prefix]
    name = f" {in_text(reservoir)}" if reservoir else ""
    return f"{words}{name} ${symbol(quantity)}$" + (f" ({units})" if units else "")


def heat_in_words(reservoirs: Sequence[str]) -> str:
    """Where the total heat goes: into the environment, into the only reservoir by its name, or into all of them.

    Example:
        >>> heat_in_words([]), heat_in_words(["cold"]), heat_in_words(["hot", "cold"])
        ('heat into the environment', 'heat into cold', 'heat into all reservoirs')
    """
    if list(reservoirs) in ([], ["environment"]):
        return "heat into the environment"
    return f"heat into {reservoirs[0] if len(reservoirs) == 1 else 'all reservoirs'}"


def in_lines(label: str, longest: int = LONGEST_UP) -> str:
    r"""A label broken into lines of up to `longest` letters, for axes that are shorter than it; formulas stay whole.

    Example:
        >>> in_lines(r"mean entropy production without information $\langle c\rangle$ (nats)")
        'mean entropy production without\ninformation $\\langle c\\rangle$ (nats)'
    """
    formulas = iter(_FORMULA.findall(label))
    plain = _FORMULA.sub(lambda formula: _STAND_IN * max(1, len(_UNSEEN.sub("", formula[0]))), label)
    lines = textwrap.wrap(plain, longest, break_long_words=False, break_on_hyphens=False)
    return re.sub(f"{_STAND_IN}+", lambda _: next(formulas), "\n".join(lines))


def check_quantity(quantity: str, known: Iterable[str]) -> None:
    """Raise `UnknownName` unless there can be a quantity of this name; `known` ones are suggested."""
    instance_of(quantity, str, "quantity")
    if quantity not in SYMBOLS and reservoir_of(quantity) is None:
        raise UnknownName("quantity", quantity, known)


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
