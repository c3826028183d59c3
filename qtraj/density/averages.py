"""One entry point to the exact averages of any process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtraj.blas import one_blas_thread
from qtraj.density.thermal_operation import ThermalOperationAverages, thermal_operation_averages
from qtraj.errors import InvalidInput
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["averages"]

_AVERAGES: dict[type, Callable[[Any], ThermalOperationAverages]] = {ThermalOperation: thermal_operation_averages}


def averages(process: ThermalOperation) -> ThermalOperationAverages:
    """Exact averages of a process from its density matrices, without paths.

    Args:
        process: A thermal operation.

    Returns:
        A frozen record of named numbers; see `ThermalOperationAverages`.

    Raises:
        InvalidInput: If there are no averages for this type of process.

    Example:
        >>> from qtraj.models import build_model
        >>> values = averages(build_model("two-qubit-exchange"))
        >>> abs(values.entropy_production - values.population_entropy_production) < 1e-12  # no coherence to start with
        True
    """
    for kind, function in _AVERAGES.items():
        if isinstance(process, kind):
            with one_blas_thread():
                return function(process)
    raise InvalidInput(
        f"`process` must be one of {[kind.__name__ for kind in _AVERAGES]}, but is {type(process).__name__}"
    )
