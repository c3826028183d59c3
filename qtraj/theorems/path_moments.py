"""Moments of path quantities as JSON: from the exact law, or from the tilted evolution where there is no finite law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.density.partners import exact_cumulants, exact_log_exponential_average, exact_support_loss
from qtraj.errors import NoFiniteLaw, NotRecorded, TooLarge
from qtraj.paths.law import QUANTITIES, PathLaw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["path_moments"]

# Above this a count is no longer exact as a double, which is what most readers of JSON make of it.
EXACT_COUNT = 2**53

# Two routes to one exponential average agree to rounding, some 1e-13 for hundreds of collisions, or not at all.
RESOLVED_LOGARITHM = 1e-9


def path_moments(
    process: Process, law: PathLaw | NoFiniteLaw, protocol: MeasurementProtocol, reasons: dict[str, str]
) -> dict[str, Any]:
    """The entry `path_law` of the exact report.

    Args:
        process: The process.
        law: Its law, or the exception that says why there is none.
        protocol: The measurement protocol.
        reasons: Told why an entry is None.
    """
    entry = _of_law(law, reasons) if isinstance(law, PathLaw) else _without_law(process, law, protocol, reasons)
    if isinstance(law, PathLaw) and entry["exp_minus_2sigma"] is not None:
        _doubt_second_moment(process, law, protocol, entry, reasons)
    for key, value in entry.items():
        if isinstance(value, float) and not math.isfinite(value):
            entry[key] = None
            reasons[f"path_law.{key}"] = "exceeds the largest double-precision number" + _logarithm(
                process, protocol, key
            )
    return entry


def _doubt_second_moment(
    process: Process,
    law: PathLaw,
    protocol: MeasurementProtocol,
    entry: dict[str, Any],
    reasons: dict[str, str],
) -> None:
    """Withdraw <e^-2sigma> where it rests on paths that double precision cannot resolve.

    The first power is safe, because the map tilted by the entropy is unital; the second is not, and of many cold
    collisions it may rest on outcomes less likely than 1e-15 of those beside them, which a swept law leaves out.
    """
    if not isinstance(process, CollisionModel) or len(process.stages()) == 1:
        return
    ours = law.log_exponential_average("sigma", 2.0)
    other = exact_log_exponential_average(process, "sigma", 2.0, protocol=protocol)
    if not abs(ours - other) <= RESOLVED_LOGARITHM:
        entry["exp_minus_2sigma"] = None
        reasons["path_law.exp_minus_2sigma"] = (
            "rests on paths too rare for double precision: its natural logarithm is "
            f"{ours:.6g} by the law of the paths and {other:.6g} by tilted maps"
        )


def _of_law(law: PathLaw, reasons: dict[str, str]) -> dict[str, Any]:
    number = law.paths
    count: float | None = number
    if number is None:
        reasons["path_law.paths"] = "there are too many to count"
    elif number > EXACT_COUNT:
        count = float(number) if number.bit_length() < 1024 else math.inf
    entry: dict[str, Any] = {
        "protocol": law.protocol.value,
        "paths": count,
        "classes": law.classes,
        "normalisation": law.normalisation,
    }
    for name in law.quantities:
        if name not in QUANTITIES:
            entry[f"mean_{name}"], entry[f"variance_{name}"], _ = law.cumulants(name)
    for name in QUANTITIES:
        defined = law.records(name)
        cumulants = law.cumulants(name) if defined else (None, None, None)
        entry[f"mean_{name}"], entry[f"variance_{name}"], entry[f"third_cumulant_{name}"] = cumulants
        entry[f"exp_minus_{name}"] = law.exponential_average(name) if defined else None
        if not defined:
            _undefined(name, law.why_undefined(name), reasons)
    sigma = law.records("sigma")
    entry["exp_minus_2sigma"] = law.exponential_average("sigma", 2.0) if sigma else None
    entry["absolute_irreversibility"] = law.absolute_irreversibility if sigma else None
    entry["probability_negative_sigma"] = law.probability_negative_sigma if sigma else None
    return entry


def _without_law(
    process: Process, law: NoFiniteLaw, protocol: MeasurementProtocol, reasons: dict[str, str]
) -> dict[str, Any]:
    entry: dict[str, Any] = {"protocol": protocol.value}
    for key in ("paths", "classes", "normalisation", "probability_negative_sigma"):
        entry[key] = None
        reasons[f"path_law.{key}"] = str(law)
    for name in QUANTITIES:
        keys = (f"mean_{name}", f"variance_{name}", f"third_cumulant_{name}")
        try:
            entry[f"exp_minus_{name}"] = _average(process, name, 1.0, protocol)
        except NotRecorded as error:
            entry.update(dict.fromkeys((*keys, f"exp_minus_{name}")))
            _undefined(name, str(error), reasons)
            continue
        try:
            entry.update(zip(keys, exact_cumulants(process, name, protocol=protocol), strict=True))
        except TooLarge as error:
            entry.update(dict.fromkeys(keys))
            reasons.update({f"path_law.{key}": str(error) for key in keys})
    defined = entry["exp_minus_sigma"] is not None
    entry["exp_minus_2sigma"] = _average(process, "sigma", 2.0, protocol) if defined else None
    entry["absolute_irreversibility"] = exact_support_loss(process, protocol) if defined else None
    return entry


def _average(process: Process, name: str, u: float, protocol: MeasurementProtocol) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(exact_log_exponential_average(process, name, u, protocol=protocol)))


def _undefined(name: str, text: str, reasons: dict[str, str]) -> None:
    keys = [f"mean_{name}", f"variance_{name}", f"third_cumulant_{name}", f"exp_minus_{name}"]
    if name == "sigma":
        keys += ["exp_minus_2sigma", "absolute_irreversibility", "probability_negative_sigma"]
    for key in keys:
        reasons.setdefault(f"path_law.{key}", text)


def _logarithm(process: Process, protocol: MeasurementProtocol, key: str) -> str:
    if not key.startswith("exp_"):
        return ""
    name, u = ("sigma", 2.0) if key == "exp_minus_2sigma" else (key.removeprefix("exp_minus_"), 1.0)
    logarithm = exact_log_exponential_average(process, name, u, protocol=protocol)
    return f"; its natural logarithm is {logarithm:.12g}"
