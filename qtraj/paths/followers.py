"""Which sampler follows which kind of process: one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from numpy.typing import NDArray

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import Block
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.followed_correlated import FollowedCorrelatedPaths
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoints, Process
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["Follow", "Followed", "follower", "heats_of"]

Followed: TypeAlias = dict[str, NDArray[Any]] | tuple[dict[str, NDArray[Any]], JumpRecords | None]

Follow: TypeAlias = Callable[[Block], Followed]

_FOLLOWERS: Mapping[type, Callable[[Any, Endpoints, int, bool], Follow]] = {
    ThermalOperation: lambda p, ends, seed, _: FollowedPaths(operation=p, endpoints=ends, seed=seed),
    CollisionModel: lambda p, ends, seed, _: FollowedCollisions(model=p, endpoints=ends, seed=seed),
    CorrelatedOperation: lambda p, ends, seed, _: FollowedCorrelatedPaths(operation=p, endpoints=ends, seed=seed),
    JumpProcess: lambda p, ends, seed, records: JumpTrajectories(
        process=p, endpoints=ends, seed=seed, keep_records=records
    ),
}


def follower(process: Process, endpoints: Endpoints, seed: int, *, keep_records: bool = False) -> Follow:
    """A function from a block to its followed paths.

    Args:
        process: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
        keep_records: Whether the times and channels of jumps are wanted.

    Raises:
        InvalidInput: If nobody knows how to follow such a process.
    """
    for kind, build in _FOLLOWERS.items():
        if isinstance(process, kind):
            return build(process, endpoints, seed, keep_records)
    raise InvalidInput(
        f"`process` must be one of {[kind.__name__ for kind in _FOLLOWERS]} to be followed, but is "
        f"{type(process).__name__}"
    )


def heats_of(process: Process) -> FloatArray | None:
    """Energies of the environment where rows carry its labels mu and nu, None where they carry flows."""
    return process.environment.spectrum.energies if isinstance(process, ThermalOperation) else None
