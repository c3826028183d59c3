"""Two workers against one, on work of ten seconds and more; whatever backend a user gets who names none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import qtraj
from qtraj.models import build_model
from qtraj.models.li18 import coherent_collision
from qtraj.paths.blocks import Block, row_blocks
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.follow_blocks import draw_followed
from qtraj.paths.followers import follower, heats_of
from qtraj.paths.parallel import iterate_blocks
from qtraj.processes.seam import Process
from tests.benchmarks.bench_jumps import mcsolve, trajectories
from tests.benchmarks.bench_operations import qutrit
from tests.benchmarks.report import Growth, Line
from tests.benchmarks.timing import best, peer

LONG_ENOUGH_SECONDS = 12.0
AIM = 1.7


@dataclass(frozen=True)
class _Counted:
    """How many jumps the trajectories of a block have: no rows come home."""

    follow: Callable[[Block], Any]

    def __call__(self, block: Block) -> int:
        return int(self.follow(block)[0]["jumps"].sum())


def counted(process: Process) -> Callable[[int, int], object]:
    """Follow so many paths with so many workers, and count their classes."""
    law = qtraj.exact_law(process)
    follow = follower(process, law.endpoints, 7)
    finder = ClassFinder(law=law, heats_of=heats_of(process))
    return lambda paths, jobs: draw_followed(follow, finder, paths, keep_rows=False, n_jobs=jobs)


def taken(function: Callable[[Block], Any]) -> Callable[[int, int], object]:
    """Take the results of all blocks as they come, and drop them: as a run does that is stored."""

    def run(paths: int, jobs: int) -> None:
        with closing(iterate_blocks(function, row_blocks(paths), n_jobs=jobs)) as results:
            for _ in results:
                pass

    return run


def cases() -> dict[str, Callable[[int, int], object]]:
    """What is run."""
    jumps = build_model("dephased-junction")
    return {
        "followed thermal paths, counted": counted(qutrit()),
        "followed collisions (K = 20), counted": counted(coherent_collision(collisions=20)),
        "jump trajectories, counted": taken(_Counted(trajectories(jumps, keep_records=False))),
        "jump trajectories with all their records": taken(trajectories(jumps)),
    }


def seconds(run: Callable[[int, int], object], paths: int, jobs: int) -> float:
    start = time.perf_counter()
    run(paths, jobs)
    return time.perf_counter() - start


def paths_for(run: Callable[[int, int], object], wanted: float) -> int:
    """How many paths take one worker so many seconds."""
    probe = 2**17
    run(probe, 2)  # whatever is done once, not in the measurement
    return max(probe, int(probe * wanted / min(seconds(run, probe, 1) for _ in range(3))))


def lines(*, quick: bool = False) -> Iterator[Line]:
    """One and two workers in turn, so that a machine that changes its speed favours neither."""
    for name, run in cases().items():
        paths = paths_for(run, 1.0 if quick else LONG_ENOUGH_SECONDS)
        pairs = [(seconds(run, paths, 1), seconds(run, paths, 2)) for _ in range(2)]
        one, two = (min(times) for times in zip(*pairs, strict=True))
        yield Line(
            what=f"two workers against one: {name}, {paths:,} paths",
            figure=f"{one / two:.2f}x ({one:.1f} s against {two:.1f} s)",
            aim=f"at least {AIM}x",
            met=one >= AIM * two,
        )


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the number of workers, also beyond that of the cores; QuTiP with its own parallel map."""
    run, whole = cases()["jump trajectories, counted"], 10**6
    paths = paths_for(run, 0.5 if quick else 4.0)
    process, few = build_model("dephased-junction"), 50 if quick else 2000
    theirs = [] if peer("qutip") is None else [1, 2]
    yield Growth(
        of="workers",
        what="10^6 jump trajectories of the three-level junction",
        own=[(jobs, whole / paths * best(lambda jobs=jobs: run(paths, jobs), 2)) for jobs in (1, 2, 4)],
        peers={
            "QuTiP mcsolve": [(jobs, whole / few * best(mcsolve(process, few, workers=jobs), 2)) for jobs in theirs]
        },
    )
