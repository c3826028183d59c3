"""One entry point to the exact averages of any process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, overload

from qtraj.blas import one_blas_thread
from qtraj.density.collision_model import CollisionModelAverages, collision_model_averages
from qtraj.density.correlated_operation import CorrelatedOperationAverages, correlated_operation_averages
from qtraj.density.jump_process import JumpProcessAverages, jump_process_averages
from qtraj.density.thermal_operation import ThermalOperationAverages, thermal_operation_averages
from qtraj.errors import InvalidInput
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["Averages", "averages"]


class Averages(Protocol):
    """What every record of averages offers, whatever the process."""

    @property
    def reasons(self) -> dict[str, str]:
        """Why an entry is None, by name."""

    def to_json(self) -> dict[str, Any]:
        """Plain numbers for JSON."""


_AVERAGES: dict[type, Callable[[Any], Averages]] = {
    ThermalOperation: thermal_operation_averages,
    CollisionModel: collision_model_averages,
    CorrelatedOperation: correlated_operation_averages,
    JumpProcess: jump_process_averages,
}


@overload
def averages(process: ThermalOperation) -> ThermalOperationAverages: ...


@overload
def averages(process: CollisionModel) -> CollisionModelAverages: ...


@overload
def averages(process: CorrelatedOperation) -> CorrelatedOperationAverages: ...


@overload
def averages(process: JumpProcess) -> JumpProcessAverages: ...


@overload
def averages(process: Process) -> Averages: ...


def averages(process: Any) -> Averages:
    """Exact averages of a process from its density matrices, without paths.

    Args:
        process: A thermal operation, a correlated operation, a collision model or a jump process.

    Returns:
        A frozen record of named numbers; see `ThermalOperationAverages`, `CorrelatedOperationAverages`,
            `CollisionModelAverages` and `JumpProcessAverages`.

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
