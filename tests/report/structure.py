"""A strict reader of the HTML that reports are written in: it finds what browsers forgive and screen readers do not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

__all__ = ["Page", "faults"]

VOID = {"br", "img", "link", "meta", "wbr"}
HEADINGS = {f"h{level}": level for level in range(1, 7)}
ONCE = ("html", "head", "title", "body", "main", "h1", "header", "footer", "nav")

# Elements and attributes by which a page can load something or run something.
ACTIVE = {"iframe", "object", "embed", "link", "base", "form", "audio", "video", "source", "use"}
ADDRESSES = {"src", "href", "srcset", "action", "data", "poster", "background", "formaction", "ping", "xlink:href"}


@dataclass
class Page(HTMLParser):
    """What is in a page, and what is wrong with it."""

    text: str
    wrong: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.feed(self.text)
        self.close()
        if self.open:
            self.wrong.append(f"never closed: {self.open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.wrong.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing that is open")

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"there is a comment: {data[:40]}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of that name."""
        return [attributes for name, attributes in self.tags if name == tag]


def faults(text: str) -> list[str]:
    """Everything that is wrong with a page; an empty list for a good one."""
    page = Page(text)
    found = list(page.wrong)
    if not text.startswith("<!DOCTYPE html>\n"):
        found.append("there is no doctype")
    found += [f"<{tag}> is there {len(page.all(tag))} times" for tag in ONCE if len(page.all(tag)) != 1]
    if page.all("html") and not page.all("html")[0].get("lang"):
        found.append("the language is not said")
    levels = [HEADINGS[tag] for tag, _ in page.tags if tag in HEADINGS]
    found += [f"a heading h{low} after h{high}" for high, low in pairwise(levels) if low > high + 1]
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    found += [f"the id {one!r} is there twice" for one in set(identifiers) if identifiers.count(one) > 1]
    for tag, attributes in page.tags:
        found += _faults_of(tag, attributes, identifiers)
    if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text):
        found.append("there are control characters")
    return found


def _faults_of(tag: str, attributes: dict[str, str | None], identifiers: list[str | None]) -> list[str]:
    found = []
    if tag == "img" and not attributes.get("alt"):
        found.append("an image has no alt")
    if tag == "th" and attributes.get("scope") not in ("col", "row", "rowgroup"):
        found.append("a th has no scope")
    if tag in ACTIVE:
        found.append(f"<{tag}> can load something")
    if tag == "script" and attributes.get("type") != "application/json":
        found.append("there is a program")
    for name, value in attributes.items():
        if name.startswith("on"):
            found.append(f"<{tag}> has a program in {name}")
        if name in ADDRESSES and not str(value).startswith(("#", "data:image/svg+xml;base64,")):
            found.append(f"<{tag}> leads to {value}")
        if name == "href" and str(value).startswith("#") and str(value)[1:] not in identifiers:
            found.append(f"{value} leads nowhere")
        if name in ("aria-labelledby", "aria-describedby") and value not in identifiers:
            found.append(f"{name} {value} names nothing")
    return found
