"""The average state of jump trajectories, an estimate of the solution of the master equation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.paths.blocks import Block, row_blocks
from qtraj.paths.jump_trajectories import JumpTrajectories, checked_times
from qtraj.paths.parallel import fold_blocks
from qtraj.paths.progress import Progress
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol

__all__ = ["average_states"]


def average_states(
    process: JumpProcess,
    times: FloatArray,
    *,
    paths: int,
    seed: int,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> ComplexArray:
    r"""Average of :math:`|\psi(t)\rangle\langle\psi(t)|` over trajectories, an estimate of :math:`\rho(t)`.

    Args:
        process: The process.
        times: From 0 to the duration, ascending, shape (T,).
        paths: Number of trajectories.
        seed: Seed of the run.
        n_jobs: Workers, as in `sample`.
        backend: joblib backend, as in `sample`.
        progress: Told about finished blocks.

    Returns:
        Shape (T, d, d), in the basis the Hamiltonian was given in.

    Raises:
        InvalidInput: If the times do not ascend within the duration.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("davies-qutrit")
        >>> estimate = average_states(process, np.array([process.duration]), paths=20_000, seed=7)
        >>> bool(np.abs(estimate[0] - process.final_state).max() < 0.02)
        True
    """
    times = checked_times(times, process.duration)
    endpoints = process.endpoints(MeasurementProtocol.KRAUS)
    follow = JumpTrajectories(process=process, endpoints=endpoints, seed=seed)
    shape = (times.size, process.system.dimension, process.system.dimension)
    total: ComplexArray = fold_blocks(
        _SummedStates(follow, times),
        row_blocks(paths),
        _plus,
        np.zeros(shape, dtype=np.complex128),
        n_jobs=n_jobs,
        backend=backend,
        progress=progress,
    )
    average: ComplexArray = total / paths
    return average


@dataclass(frozen=True, eq=False)
class _SummedStates:
    """The sum over a block, as a function that travels to workers."""

    follow: JumpTrajectories
    times: FloatArray

    def __call__(self, block: Block) -> ComplexArray:
        return self.follow.summed_states(block, self.times)


def _plus(total: ComplexArray, own: ComplexArray) -> ComplexArray:
    total += own
    return total
