"""Of which system the numbers of a reproduction are, in the words that build it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qtraj.errors import UnknownName
from qtraj.models.registry import find_model

__all__ = ["Setting"]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A system and its parameters, but those that rows name.

    Attributes:
        system: The name of a model, or in words what it is.
        parameters: Plain values by name, those of a model under the names it has for them.
        is_model: Whether the system is a named model.
        rows: Of which rows, where an entry has several systems; empty for all that name nothing else.
    """

    system: str
    parameters: Mapping[str, Any]
    is_model: bool = False
    rows: str = ""

    @classmethod
    def of_model(cls, name: str, *, without: Iterable[str] = (), rows: str = "", **chosen: Any) -> Setting:
        """A named model: its defaults, which count wherever a row gives nothing else, and what the rows do give.

        Args:
            name: Of the model.
            without: Parameters that rows name, or that their numbers do not depend on.
            rows: As above.
            chosen: Values that differ from the defaults.

        Raises:
            UnknownName: If there is no such model or parameter.

        Example:
            >>> print(Setting.of_model("dephasing-qubit", without=["duration"], x=0.5))
            at (unless a row says otherwise): dephasing-qubit with energy = 1, x = 0.5, z = 0.3, rate = 0.2
        """
        known, left_out = find_model(name).parameters, tuple(without)
        for key in (*chosen, *left_out):
            if key not in known:
                raise UnknownName(f"parameter of {name}", key, known)
        values = {key: value for key, value in {**known, **chosen}.items() if key not in left_out}
        return cls(system=name, parameters=values, is_model=True, rows=rows)

    def __str__(self) -> str:
        """On one line, six digits of every number."""
        values = ", ".join(f"{key} = {_in_words(value)}" for key, value in self.parameters.items())
        return f"at ({self.rows or 'unless a row says otherwise'}): {self.system} with {values}"

    def to_json(self) -> dict[str, Any]:
        """As plain values, under `model` if it is a named one."""
        name = "model" if self.is_model else "system"
        return {name: self.system, "parameters": dict(self.parameters)} | ({"rows": self.rows} if self.rows else {})


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_in_words, value))}]"
    return str(value)
