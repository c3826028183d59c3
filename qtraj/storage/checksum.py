"""Checksums: SHA-256, written out in full or as the 16 digits that fit into a file name."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

__all__ = ["SHORT", "canonical", "checksum", "document_checksum"]

SHORT: Final = 16
"""Hexadecimal digits in file names: 64 bits, of which accidents leave one in 2e19 unnoticed."""


def checksum(data: bytes) -> str:
    """SHA-256 of some bytes, as `sha256sum` prints it."""
    return hashlib.sha256(data).hexdigest()


def document_checksum(document: Any) -> str:
    """Checksum of plain tables, lists and values, whatever the order of the keys.

    Example:
        >>> document_checksum({"a": 1, "b": 0.5}) == document_checksum({"b": 0.5, "a": 1})
        True
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return checksum(text.encode())


def canonical(value: Any) -> Any:
    """One spelling for equal numbers: in a file 1 means 1.0."""
    match value:
        case dict():
            return {key: canonical(entry) for key, entry in value.items()}
        case list():
            return [canonical(entry) for entry in value]
        case bool():
            return value
        case int() | float():
            # Adding zero turns -0.0 into 0.0. Whole numbers that no double can be stay as they are.
            return value + 0.0 if abs(value) <= 2**53 else value
        case _:
            return value
