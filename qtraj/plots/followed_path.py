"""One trajectory followed again, this time with its states: what a record of jumps leaves out and a figure needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, frozen
from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.paths.blocks import ROW_BLOCK_PATHS, row_blocks
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.matrices import dagger
from qtraj.quantum.scalars import instance_of

__all__ = ["Followed", "Lanes", "followed_path"]

Lanes: TypeAlias = Literal["energy", "given"]

# Times at which the state is drawn, besides those of the jumps: a column has some 1000 pixels, and a beat between
# distant levels needs this many times a period to look like one.
TIMES, MOST_TIMES = 600, 20_000
TIMES_PER_PERIOD = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """One trajectory, as far as it is drawn.

    Attributes:
        process: The process.
        times: From the beginning to the end of the window, just before and at every jump among them, shape (T,).
        populations: Of the lanes, shape (T, d).
        mean_energy: Expectation of the Hamiltonian, shape (T,).
        jump_times: Times of the jumps in the window, shape (J,).
        jump_which: Index of each into `process.jumps`, shape (J,).
        entropy_before: Entropy sent into each bath before the window begins, nats, shape (baths,).
        row: The columns of the ensemble at this path.
    """

    process: JumpProcess
    times: FloatArray
    populations: FloatArray
    mean_energy: FloatArray
    jump_times: FloatArray
    jump_which: NDArray[np.int64]
    entropy_before: FloatArray
    row: dict[str, float]

    @property
    def entropy(self) -> FloatArray:
        """Entropy sent into each bath up to each jump, the jump included, nats, shape (J + 1, baths)."""
        steps = np.zeros((self.jump_times.size, len(self.process.baths)))
        place = np.arange(self.jump_times.size)
        steps[place, self.process.bath_of[self.jump_which]] = self.process.entropies[self.jump_which]
        return np.vstack([self.entropy_before, self.entropy_before + np.cumsum(steps, axis=0)])


def followed_path(
    ensemble: Ensemble, path: int = 0, *, lanes: Lanes = "energy", window: tuple[float, float] | None = None
) -> Followed:
    """Follow one trajectory of an ensemble again, this time with its states.

    Args:
        ensemble: Trajectories with the records of their jumps: `sample(process, keep_records=True)`.
        path: Which row.
        lanes: Populations of the energy eigenstates (`energy`), or of the basis the Hamiltonian was `given` in, such
            as the product basis of a network.
        window: First and last time; by default the whole duration.

    Raises:
        InvalidInput: If the process is no jump process, there is no such row, or the window is none.
        NotRecorded: If the ensemble has no records or was pooled from several runs.
        UnknownName: If there are no such lanes.
    """
    process = instance_of(ensemble, Ensemble, "ensemble").process
    if not isinstance(process, JumpProcess):
        kind = type(process).__name__
        raise InvalidInput(f"`ensemble` must have trajectories of a jump process, but has paths of {kind}")
    if lanes not in ("energy", "given"):
        raise UnknownName("lanes", lanes, ("energy", "given"))
    if ensemble.records is None or ensemble.rows is None or len(ensemble.seeds) != 1:
        raise NotRecorded("a trajectory needs the times of its jumps; draw them with `sample(..., keep_records=True)`")
    if isinstance(path, bool) or not isinstance(path, int | np.integer) or not 0 <= path < ensemble.paths:
        raise InvalidInput(f"`path` must be a whole number from 0 to {ensemble.paths - 1}, but is {path!r}")
    first, last = _checked_window(window, process.duration)
    jump_times, which = ensemble.records[int(path)]
    inside = (jump_times >= first) & (jump_times <= last)
    clicks = jump_times[inside]
    before = np.maximum(np.nextafter(clicks, -np.inf), first)
    periods = (last - first) * float(np.ptp(process.system.spectrum.energies)) / (2 * np.pi)
    number = int(np.clip(TIMES_PER_PERIOD * periods, TIMES, MOST_TIMES))
    times = np.sort(np.concatenate([np.linspace(first, last, number), before, clicks]))
    block, place = row_blocks(ensemble.paths)[int(path) // ROW_BLOCK_PATHS], int(path) % ROW_BLOCK_PATHS
    follow = JumpTrajectories(process=process, endpoints=ensemble.endpoints, seed=ensemble.seed)
    given = follow.states_at(block, times, slice(place, place + 1))[0]
    levels = given @ dagger(process.system.basis).T
    earlier = which[jump_times < first]
    return Followed(
        process=process,
        times=frozen(times),
        populations=frozen(np.abs(levels if lanes == "energy" else given) ** 2),
        mean_energy=frozen(np.abs(levels) ** 2 @ process.system.spectrum.energies),
        jump_times=frozen(clicks),
        jump_which=frozen(which[inside].astype(np.int64)),
        entropy_before=np.bincount(
            process.bath_of[earlier], weights=process.entropies[earlier], minlength=len(process.baths)
        ).astype(np.float64),
        row={name: column[path].item() for name, column in ensemble.rows.items()},
    )


def _checked_window(window: tuple[float, float] | None, duration: float) -> tuple[float, float]:
    first, last = (0.0, duration) if window is None else (float(window[0]), float(window[1]))
    if not 0 <= first < last <= duration:
        raise InvalidInput(
            f"`window` must be two ascending times from 0 to the duration {duration:.6g}, but is {window}"
        )
    return first, last
