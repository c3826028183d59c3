"""The parts that all sections are made of: headed sections, tables that scroll in a box of their own, and code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from qtraj.markup import Markup, joined, tag

__all__ = ["MARKS", "PERCENT", "Section", "broken", "code_block", "in_box", "verdict_mark", "whole"]

_WORDS: Final = re.compile(r"(?<=_)(?=[^_]{3})")

MARKS: Final = {"pass": "\N{CHECK MARK}", "fail": "\N{BALLOT X}", "inconclusive": "?"}
"""Verdicts as signs, so that nothing depends on colours; the word always stands beside it."""

PERCENT: Final = "\N{NARROW NO-BREAK SPACE}%"
"""What follows a percentage; the two are never parted at the end of a line."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the document.

    Attributes:
        name: Its identifier.
        heading: What stands above it and in the table of contents.
        content: What is in it.
    """

    name: str
    heading: str
    content: Markup

    def element(self) -> Markup:
        """The section with its heading, which also names it for screen readers."""
        heading = tag("h2", self.heading, id=f"{self.name}-heading")
        return tag("section", heading, self.content, id=self.name, aria_labelledby=f"{self.name}-heading")


def in_box(content: Markup, label: str) -> Markup:
    """A box in which what is too wide scrolls; it can be reached, and then scrolled, by keyboard.

    Example:
        >>> in_box(Markup("<table></table>"), "All checks")
        '<div class="scroll" role="group" aria-label="All checks" tabindex="0"><table></table></div>'
    """
    return tag("div", content, class_="scroll", role="group", aria_label=label, tabindex=0)


def broken(name: str) -> Markup:
    """A name that may be broken before its longer words, so that a long one does not push a table off the page.

    Example:
        >>> broken("mean_sigma_d"), broken("mean_<hot>")
        ('mean_<wbr>sigma_d', 'mean_<wbr>&lt;hot&gt;')
    """
    return joined(_WORDS.split(name), Markup("<wbr>"))


def code_block(text: str, label: str) -> Markup:
    """Text to be copied as it stands."""
    return in_box(tag("pre", tag("code", text)), label)


def verdict_mark(verdict: str) -> Markup:
    """A verdict as a sign and a word."""
    return tag("span", tag("span", f"{MARKS[verdict]} ", aria_hidden="true"), verdict, class_=verdict)


def whole(sentence: str) -> str:
    """A text as a sentence: with a capital letter and a full stop.

    Example:
        >>> whole("the law is exact"), whole("<e^-sigma> is 1.")
        ('The law is exact.', '<e^-sigma> is 1.')
    """
    text = re.sub(r"^[a-z]", lambda match: match[0].upper(), sentence.strip())
    return text if text.endswith((".", "!", "?", ")")) else f"{text}."
