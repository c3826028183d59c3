"""The exact numbers of a process as one JSON object: averages from density matrices, moments from the path law."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qtraj.blas import one_blas_thread
from qtraj.density.averages import averages
from qtraj.paths.exact_law import law_if_finite
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.path_moments import path_moments

__all__ = ["exact_report"]


def exact_report(
    process: Process,
    *,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    n_jobs: int = 1,
    own_averages: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that is known exactly about a process, as plain JSON values.

    Args:
        process: A thermal or correlated operation, a collision model or a jump process.
        protocol: The measurement protocol of the path law.
        n_jobs: Workers for the path law.
        own_averages: Further averages under names of their own, such as a model's; they win over those of all
            processes.

    Returns:
        {"process", "averages", "path_law", "reasons"}; what does not exist or exceeds a double is None, with a sentence
        under `reasons`. Where paths have no finite law, the numbers of `path_law` come from the tilted evolution.

    Example:
        >>> from qtraj.models import build_model
        >>> round(exact_report(build_model("two-qubit-exchange"))["path_law"]["exp_minus_sigma"], 12)
        1.0
    """
    chosen = MeasurementProtocol.parse(protocol)
    law = law_if_finite(process, protocol=chosen, n_jobs=n_jobs)
    values = averages(process)
    own = dict(own_averages or {})
    reasons = {f"averages.{name}": text for name, text in values.reasons.items() if name not in own}
    with one_blas_thread():
        moments = path_moments(process, law, chosen, reasons)
    table = {**values.to_json(), **own}
    return {
        "process": process.kind,
        "averages": {name: _finite(f"averages.{name}", value, reasons) for name, value in table.items()},
        "path_law": moments,
        "reasons": reasons,
    }


def _finite(place: str, value: Any, reasons: dict[str, str]) -> Any:
    """The value, with None and a reason for every number in it that is not finite."""
    if isinstance(value, dict):
        return {name: _finite(f"{place}.{name}", entry, reasons) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(f"{place}.{position}", entry, reasons) for position, entry in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        reasons.setdefault(place, "is infinite" if math.isinf(value) else "is not defined")
        return None
    return value
