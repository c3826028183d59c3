"""What records of averages look like where somebody reads them: one entry a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from qtraj.markup import facts

__all__ = ["Record"]


class Record:
    """A dataclass of averages whose text is a table of its numbers; of an array only the shape is said.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(repr=False)
        ... class Averages(Record):
        ...     heat: float
        ...     final_state: object
        >>> Averages(heat=0.1, final_state=np.eye(2))
        Averages
          heat         0.1
          final_state  array of shape (2, 2)
    """

    def _entries(self) -> dict[str, str]:
        """The entries in words, by name."""
        entries = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: _in_words(value) for name, value in entries.items()}

    def __repr__(self) -> str:
        """One entry a line."""
        entries = self._entries()
        width = max(map(len, entries))
        return "\n".join([type(self).__name__, *(f"  {name:{width}}  {text}" for name, text in entries.items())])

    def _repr_html_(self) -> str:
        """The same as a table, for notebooks."""
        return facts(self._entries(), caption=type(self).__name__)


def _in_words(value: Any) -> str:
    """An entry on one line."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"array of shape {value.shape}"
    if isinstance(value, float | np.floating):
        return f"{value:.10g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_in_words(entry)}" for key, entry in value.items()) or "none"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 and not isinstance(value, Record) else type(value).__name__
