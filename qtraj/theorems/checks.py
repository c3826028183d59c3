"""What a check is, and what it may say.

A check has three possible answers, not two. *Fail*: what was seen would be seen less often than the level if all
were well. *Pass*: it was not rejected, and it would have been if it were wrong by the `detectable` amount.
*Inconclusive*: it was not rejected, but it could hardly have been, so that a pass would mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from qtraj.errors import InvalidInput

__all__ = ["Check", "Kind", "Verdict", "identity", "overall"]

Kind: TypeAlias = Literal["identity", "statistical", "support"]

_NUMBERS = ("sampled", "standard_error", "exact", "z", "tolerance", "detectable", "paths_needed", "p_value")
_ABSENT: Mapping[str, str] = {
    "z": "this check is not a standard score",
    "paths_needed": "no other number of paths is called for",
    "p_value": "nothing is drawn at random in this check",
}


class Verdict(StrEnum):
    """The three answers a check can give; the values are those of the JSON output."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of a report: a number, what it should have been, and what the difference means.

    Attributes:
        name: What is compared, one word with underscores.
        kind: "identity" (two exact numbers, to rounding), "statistical" (a sample against an exact number) or
            "support" (whether the sample can know).
        sampled: The number from the sample, or the left-hand side of an identity.
        standard_error: Its standard deviation if all is well; 0 for identities.
        exact: The number it should be.
        verdict: Pass, fail or inconclusive.
        tolerance: The largest difference that passes, in the units of the quantity tested.
        z: Standard score of the difference, None where there is none.
        detectable: The smallest true error that would be rejected 99 times out of 100.
        paths_needed: For an inconclusive check, the smallest number of paths that would settle it.
        note: One plain sentence.
        p_value: An upper bound on the probability of a difference at least this large if all is well.
        details: Further numbers by name, for programs.

    Example:
        >>> check = identity("normalisation", 1.0 + 1e-15, 1.0, 1e-12)
        >>> check.kind, str(check.verdict)
        ('identity', 'pass')
    """

    name: str
    kind: Kind
    sampled: float
    standard_error: float
    exact: float
    verdict: Verdict
    tolerance: float
    z: float | None = None
    detectable: float = math.nan
    paths_needed: int | None = None
    note: str = ""
    p_value: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "details", MappingProxyType(dict(self.details)))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the read-only mapping as a plain dictionary; it cannot be pickled itself."""
        return {**self.__dict__, "details": dict(self.details)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def _why_absent(self, name: str) -> str:
        """Why a number of this check is None."""
        if name == "z" and self.kind == "statistical":
            return "what is shown has no standard error that a double can hold"
        return _ABSENT.get(name, "not defined for this check")

    def to_json(self) -> dict[str, Any]:
        """Return the check as plain JSON values; what is not finite is None, with a sentence under "reasons".

        Example:
            >>> identity("normalisation", 1.0, 1.0, 1e-12).to_json()["z"] is None
            True
        """
        reasons: dict[str, str] = {}

        def plain(name: str, value: float | int | None) -> float | int | None:
            if value is None:
                reasons[name] = self._why_absent(name)
            elif isinstance(value, int):
                return value
            elif math.isnan(value):
                reasons[name] = "not defined for this check"
            elif math.isinf(value):
                reasons[name] = "larger than a double-precision number can be"
            else:
                return float(value)
            return None

        numbers = {name: plain(name, getattr(self, name)) for name in _NUMBERS}
        details = {name: plain(f"details.{name}", value) for name, value in self.details.items()}
        return {
            "name": self.name,
            "kind": self.kind,
            **numbers,
            "verdict": str(self.verdict),
            "note": self.note,
            "details": details,
            "reasons": reasons,
        }


def identity(name: str, left: float, right: float, tolerance: float, *, note: str = "") -> Check:
    """Compare two exact numbers that must agree to rounding.

    Passes when |left - right| <= tolerance * max(1, |left|, |right|): absolute for numbers of order one and below,
    relative for large ones, as rounding is. Two equal infinities agree; NaN agrees with nothing.

    Args:
        name: What is compared.
        left: The number under test.
        right: The number from the independent route.
        tolerance: Largest accepted difference, relative to the larger of 1 and the numbers; not negative.
        note: One plain sentence for the report.

    Returns:
        A check of kind "identity", whose `tolerance` is the absolute difference accepted.

    Raises:
        InvalidInput: If `tolerance` is negative or not finite.

    Example:
        >>> str(identity("mean_sigma", 0.25, 0.25 + 1e-15, 1e-12).verdict)
        'pass'
        >>> str(identity("mean_sigma", 0.25, 0.26, 1e-12).verdict)
        'fail'
    """
    if not (0.0 <= tolerance < math.inf):
        raise InvalidInput(f"`tolerance` must be finite and not negative, but it is {tolerance:g}", measured=tolerance)
    left, right = float(left), float(right)
    if math.isfinite(left) and math.isfinite(right):
        accepted = tolerance * max(1.0, abs(left), abs(right))
        agree = abs(left - right) <= accepted
    else:
        accepted = tolerance
        agree = left == right
    return Check(
        name=name,
        kind="identity",
        sampled=left,
        standard_error=0.0,
        exact=right,
        verdict=Verdict.PASS if agree else Verdict.FAIL,
        tolerance=accepted,
        detectable=accepted,
        note=note or "Two exact numbers, compared to rounding.",
    )


def overall(checks: Iterable[Check]) -> Verdict:
    """Return the verdict of all checks together: fail beats inconclusive, and inconclusive beats pass.

    Example:
        >>> str(overall([identity("a", 1.0, 1.0, 0.0), identity("b", 1.0, 2.0, 0.0)]))
        'fail'
    """
    verdicts = {check.verdict for check in checks}
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS
