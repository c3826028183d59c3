"""The exact numbers of a process as one JSON object: averages from density matrices, moments from the path law."""

from __future__ import annotations

import math
from typing import Any

from qtraj.density.averages import averages
from qtraj.paths.law import PathLaw, exact_law
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["exact_report"]


def exact_report(
    process: ThermalOperation, *, protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED, n_jobs: int = 1
) -> dict[str, Any]:
    """Everything that is known exactly about a process, as plain JSON values.

    Args:
        process: A thermal operation.
        protocol: The measurement protocol of the path law.
        n_jobs: Workers for the path law.

    Returns:
        {"process", "averages", "path_law", "reasons"}; what does not exist or exceeds a double is None, with a sentence
        under `reasons`.

    Example:
        >>> from qtraj.models import build_model
        >>> round(exact_report(build_model("two-qubit-exchange"))["path_law"]["exp_minus_sigma"], 12)
        1.0
    """
    law = exact_law(process, protocol=protocol, n_jobs=n_jobs)
    values = averages(process)
    reasons = {f"averages.{name}": text for name, text in values.reasons.items()}
    return {
        "process": process.kind,
        "averages": values.to_json(),
        "path_law": _path_law(law, reasons),
        "reasons": reasons,
    }


def _path_law(law: PathLaw, reasons: dict[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "protocol": law.protocol.value,
        "paths": law.paths,
        "classes": law.classes,
        "normalisation": law.normalisation,
        "mean_heat": law.mean("heat"),
    }
    for name in ("sigma", "sigma_d", "xi"):
        defined = law.records(name)
        cumulants = law.cumulants(name) if defined else (None, None, None)
        entry[f"mean_{name}"], entry[f"variance_{name}"], entry[f"third_cumulant_{name}"] = cumulants
        entry[f"exp_minus_{name}"] = law.exponential_average(name) if defined else None
        if not defined:
            text = f"`{name}` is not defined in the {law.protocol.value} protocol"
            keys = (f"mean_{name}", f"variance_{name}", f"third_cumulant_{name}", f"exp_minus_{name}")
            reasons.update({f"path_law.{key}": text for key in keys})
    sigma = law.records("sigma")
    entry["exp_minus_2sigma"] = law.exponential_average("sigma", 2.0) if sigma else None
    entry["absolute_irreversibility"] = law.absolute_irreversibility if sigma else None
    entry["probability_negative_sigma"] = law.probability_negative_sigma if sigma else None
    if not sigma:
        text = f"`sigma` is not defined in the {law.protocol.value} protocol"
        only_sigma = ("exp_minus_2sigma", "absolute_irreversibility", "probability_negative_sigma")
        reasons.update({f"path_law.{key}": text for key in only_sigma})
    for key, value in entry.items():
        if isinstance(value, float) and not math.isfinite(value):
            entry[key] = None
            reasons[f"path_law.{key}"] = "exceeds the largest double-precision number" + _logarithm(law, key)
    return entry


def _logarithm(law: PathLaw, key: str) -> str:
    name, u = ("sigma", 2.0) if key == "exp_minus_2sigma" else (key.removeprefix("exp_minus_"), 1.0)
    return f"; its natural logarithm is {law.log_exponential_average(name, u):.12g}" if key.startswith("exp_") else ""
