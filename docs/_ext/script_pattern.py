"""Where plain text announces sub- and superscripts, with `_` and `^`. Nothing of Sphinx, so that tests can read it."""

from __future__ import annotations

import re

WORD = r"[A-Za-zα-ωΑ-Ω0-9]"
# A letter of any alphabet, perhaps with a prime, dot or tilde; what closes a bracket; a dagger.
BASE = r"(?<=[^\W_]|[′’'†)\]⟩\u0303\u0307])"
# Three in a row are no symbol but a name, such as `spin_bath.toml` in the text of a link.
NO_NAME = r"(?<![A-Za-z0-9_]{3})"
# What is lowered or raised: all in a pair of brackets, which may hold another pair, or a sign and a word.
BRACKETS = r"\((?:[^()]|\([^()]*\))*\)|\{[^{}]*\}"
LOW = rf"{NO_NAME}_(?P<low>{BRACKETS}|{WORD}+|[±+−])"
HIGH = rf"\^(?P<high>{BRACKETS}|[−+-]?{WORD}+(?:_{WORD}+)?)"
SCRIPT = re.compile(rf"{BASE}(?:{LOW}|{HIGH})")


def split(text: str) -> list[tuple[str, str]]:
    """The pieces of a text, each with `plain`, `low` or `high` before it. What is low or high may hold more of them."""
    pieces, end = [], 0
    for found in SCRIPT.finditer(text):
        pieces.append(("plain", text[end : found.start()]))
        kind = "high" if found["low"] is None else "low"
        inside = found[kind]
        if inside[0] in "({":
            inside = inside[1:-1]
        pieces.append((kind, "†" if inside == "dag" else inside))
        end = found.end()
    pieces.append(("plain", text[end:]))
    return [piece for piece in pieces if piece[1]]
