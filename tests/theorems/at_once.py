"""Checks prepared and judged in one go, for tests that have counts of the atoms of a law."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.theorems.checks import Check
from qtraj.theorems.detailed import DetailedCheck
from qtraj.theorems.weight_check import WeightCheck


def weight_check(name: str, *, counts: np.ndarray, **law: Any) -> Check:
    return WeightCheck.prepare(name, paths=int(counts.sum()), **law).judge(counts)


def detailed_check(*, counts: np.ndarray, **law: Any) -> Check:
    return DetailedCheck.prepare(paths=int(counts.sum()), **law).judge(counts)
