"""HTML in which nothing is ever left unescaped by mistake: text is escaped unless its type says that it is HTML.

For the tables that objects show in notebooks and for the report as a file. Names of subsystems, reservoirs and files
come from outside and may be any text, so escaping is what happens by default, and `Markup` is what has to be asked for.
This takes a few lines; a template engine would be one more dependency for one kind of document.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

__all__ = ["Markup", "escaped", "facts", "joined", "prose", "table", "tag", "visible"]

VOID: Final = frozenset({"br", "img", "link", "meta", "wbr"})
"""Elements that have no content and no end tag."""

# What no screen shows, but reorders or cuts the text around it, or may not stand in HTML: control characters but tab
# and line feed, marks and overrides of the writing direction, zero-width spaces, surrogates, noncharacters.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufdd0-\ufdef"
    "\ufff9-\uffff\ud800-\udfff]"
)


_SIGNS: Final = {
    "sigma_d": "\N{GREEK SMALL LETTER SIGMA}<sub>d</sub>",
    "sigma": "\N{GREEK SMALL LETTER SIGMA}",
    "xi": "\N{GREEK SMALL LETTER XI}",
    "lambda": "\N{GREEK SMALL LETTER LAMDA}",
    "dag": "\N{DAGGER}",
    "-": "\N{MINUS SIGN}",
}
"""What stands for a sign in plain text, as HTML."""

_EXPONENT: Final = r"\^(?:\((?P<{0}>[-\w ]+)\)|(?P<{0}_word>-?\w+))"

# What sentences for terminals write in ASCII, and pages can set: code, averages and powers, numbers with a power of
# ten, symbols and minus signs. A symbol in quotes is a name that somebody gave.
_FORMULA: Final = re.compile(
    "|".join(
        (
            r"`(?P<code>[^`]+)`",
            "<e" + _EXPONENT.format("average") + ">",
            r"\b(?P<base>[eU])" + _EXPONENT.format("power"),
            r"\b(?P<letter>[Pk])_(?P<index>[FB])\b",
            r"(?<![\w.])(?P<mantissa>-?\d+(?:\.\d+)?)e(?P<ten>[+-]?\d+)\b",
            r"(?<![\w'])(?P<symbol>sigma_d|sigma|xi|lambda)(?![\w'])",
            r"(?<=[(\s])(?P<minus>-)(?=\s|\w[\s,)])",
        )
    )
)
_SIGN: Final = re.compile(r"sigma_d|sigma|xi|lambda|dag|-")


class Markup(str):
    """Text that is HTML already. Joining it with other text gives plain text, which is escaped when it is used."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Write out the characters that cannot be seen, as Python does.

    Example:
        >>> visible("safe\u202etxt")
        'safe\\u202etxt'
    """
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def escaped(text: str) -> Markup:
    """The HTML that shows `text` as it is; what is HTML already stays.

    Example:
        >>> escaped("hot & <cold>"), escaped(Markup("<b>hot</b>"))
        ('hot &amp; &lt;cold&gt;', '<b>hot</b>')
    """
    return text if isinstance(text, Markup) else Markup(html.escape(visible(text)))


def joined(children: Iterable[str], separator: str = "") -> Markup:
    """Several pieces one after the other, each escaped unless it is HTML already."""
    return Markup(escaped(separator).join(escaped(child) for child in children))


def tag(name: str, /, *children: str, **attributes: str | int | None) -> Markup:
    """An element.

    Args:
        name: Its name.
        children: Content, escaped unless it is HTML already.
        attributes: A final underscore is left out and the others become hyphens, as in `class_` and `aria_label`.
            None leaves the attribute out.

    Example:
        >>> tag("th", "<sigma>", scope="row", class_="name")
        '<th scope="row" class="name">&lt;sigma&gt;</th>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    start = f"<{name}{given}>"
    return Markup(start if name in VOID else f"{start}{joined(children)}</{name}>")


def prose(sentence: str, *, names: Iterable[str] = ()) -> Markup:
    """A sentence with the formulas and the code in it set as in print.

    Args:
        sentence: The sentence.
        names: Names in it that somebody gave, such as those of reservoirs, and that stay as they are.

    Example:
        >>> prose("the weight of <e^-sigma> & more: give `rank`, or U^dag")
        'the weight of ⟨e<sup>−σ</sup>⟩ &amp; more: give <code>rank</code>, or U<sup>†</sup>'
        >>> prose("8.2e+03 paths would do")
        '8.2\u202f×\u202f10<sup>3</sup> paths would do'
        >>> prose("heat into U^dag is U^dag", names=["U^dag"])
        'heat into U^dag is U^dag'
    """
    if isinstance(sentence, Markup):
        return sentence
    if given := "|".join(re.escape(name) for name in sorted(filter(None, names), key=len, reverse=True)):
        parts = re.split(rf"(?<!\w)({given})(?!\w)", sentence)
        return joined(part if place % 2 else prose(part) for place, part in enumerate(parts))
    pieces, start = list[str](), 0
    for found in _FORMULA.finditer(sentence):
        pieces += [sentence[start : found.start()], _set(found)]
        start = found.end()
    return joined([*pieces, sentence[start:]])


def _set(found: re.Match[str]) -> Markup:
    """A formula as HTML."""
    part = found.groupdict()
    if part["code"]:
        return tag("code", part["code"])
    if average := part["average"] or part["average_word"]:
        return Markup(f"\u27e8e<sup>{_signs(average)}</sup>\u27e9")
    if power := part["power"] or part["power_word"]:
        return Markup(f"{part['base']}<sup>{_signs(power)}</sup>")
    if part["letter"]:
        return Markup(f"{part['letter']}<sub>{part['index']}</sub>")
    if part["mantissa"]:
        # Not by way of int(), which refuses thousands of digits.
        digits = part["ten"].lstrip("+-").lstrip("0")
        ten = f"10<sup>{_signs('-' + digits if digits and part['ten'][0] == '-' else digits or '0')}</sup>"
        return Markup(f"{_signs(part['mantissa'])}\u202f\N{MULTIPLICATION SIGN}\u202f{ten}")
    return _signs(found[0])


def _signs(text: str) -> Markup:
    return Markup(_SIGN.sub(lambda match: _SIGNS[match[0]], text))


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str | None = None,
    class_: str | None = None,
    id_: str | None = None,
) -> Markup:
    """A table whose first column names the rows.

    Args:
        columns: Headings of the columns.
        rows: Cells, as many as there are columns.
        caption: What the table shows.
        class_: For style sheets.
        id_: Identifier of the caption, for regions that are named by it.

    Example:
        >>> table(["bath", "beta"], [["hot", "0.5"]])
        '<table><thead><tr><th scope="col">bath</th>...<th scope="row">hot</th><td>0.5</td></tr></tbody></table>'
    """
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
    lines = (tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest)) for first, *rest in rows)
    titles = [] if caption is None else [tag("caption", caption, id=id_)]
    return tag("table", *titles, head, tag("tbody", *lines), class_=class_)


def facts(entries: Mapping[str, str], *, caption: str | None = None) -> Markup:
    """A table of two columns: what, and what of it.

    Example:
        >>> facts({"levels": "3"})
        '<table class="facts"><tbody><tr><th scope="row">levels</th><td>3</td></tr></tbody></table>'
    """
    lines = (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in entries.items())
    titles = [] if caption is None else [tag("caption", caption)]
    return tag("table", *titles, tag("tbody", *lines), class_="facts")
