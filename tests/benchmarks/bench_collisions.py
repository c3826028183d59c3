"""What many collisions cost: the exact law swept over flows, and followed paths against a plain NumPy loop.

Run as `python tests/benchmarks/bench_collisions.py`. Times are those of this machine; what is promised: the exact law
of `coherent-collision` with 100 rounds under 10 s, and followed paths of 1000 rounds at least 50 times as fast as a
NumPy loop over single paths, their cost growing linearly with rounds and paths, their memory with paths alone.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from qtraj.models.li18 import coherent_collision
from qtraj.paths.blocks import row_blocks
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.law import exact_law
from qtraj.paths.measuring import draw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import InternalStep
from qtraj.processes.seam import MeasurementProtocol

__all__ = ["followed_growth", "followed_peak", "law_times", "loop_time", "loop_totals"]


def best_time(function: Callable[[], Any], *, repeats: int = 3) -> float:
    """Seconds of the fastest of some calls: the one the rest of the machine disturbed least."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def law_times(rounds: tuple[int, ...] = (25, 50, 100), *, repeats: int = 3) -> dict[int, tuple[float, int]]:
    """Seconds and classes of the exact law (with energy labels) for so many rounds."""
    found = {}
    for number in rounds:
        model = coherent_collision(collisions=number)
        classes = exact_law(model).classes
        found[number] = (best_time(lambda model=model: exact_law(model), repeats=repeats), classes)  # type: ignore[misc]
    return found


def follower_of(model: CollisionModel, *, seed: int = 1) -> FollowedCollisions:
    """Ready to be called: compiled, with its tables made."""
    follow = FollowedCollisions(model=model, endpoints=model.endpoints(MeasurementProtocol.AUGMENTED), seed=seed)
    follow(row_blocks(2)[0])
    return follow


def followed_time(rounds: int, paths: int, *, repeats: int = 3) -> float:
    """Nanoseconds per path and collision."""
    model = coherent_collision(collisions=rounds)
    follow = follower_of(model)
    block = row_blocks(paths)[0]
    return 1e9 * best_time(lambda: follow(block), repeats=repeats) / paths / model.collisions


def followed_growth(*, paths: int = 4000) -> dict[tuple[int, int], float]:
    """Nanoseconds per path and collision for growing numbers of rounds K and of paths N, by (K, N)."""
    sizes = [(250, paths), (1000, paths), (4000, paths // 4), (1000, paths // 4), (1000, 4 * paths)]
    return {size: followed_time(*size) for size in sizes}


def followed_peak(rounds: int, paths: int) -> float:
    """Megabytes at the peak of following one block."""
    follow = follower_of(coherent_collision(collisions=rounds))
    block = row_blocks(paths)[0]
    tracemalloc.start()
    follow(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def loop_totals(model: CollisionModel, paths: int, *, seed: int = 1) -> np.ndarray:
    """Entropy into all reservoirs of single paths, one after the other, in plain NumPy: what one writes by hand."""
    rng = np.random.default_rng(seed)
    start = model.endpoints(MeasurementProtocol.EIGENBASIS).initial.outcomes
    steps: list[tuple[Any, ...]] = []
    for step in model.steps:
        if isinstance(step, InternalStep):
            steps.append((None, model.round[len(steps)].branches[0].operators[0]))
            continue
        outcomes = model.reservoirs[step.reservoir].outcomes
        kraus = np.zeros(
            (outcomes.count, outcomes.count, model.composite.dimension, model.composite.dimension), complex
        )
        for batch in model.round[len(steps)].branches:
            kraus[batch.mu, batch.nu] = batch.operators
        logs = outcomes.log_eigenvalues
        steps.append((np.cumsum(np.exp(logs)), kraus, logs[:, None] - logs[None, :]))
    first = np.cumsum(np.exp(start.log_eigenvalues))
    totals = np.zeros(paths)
    for path in range(paths):
        psi = start.vectors[:, draw(first, rng.random(1))[0]]
        total = 0.0
        for _ in range(model.repeat):
            for cumulative, operators, *flows in steps:
                if cumulative is None:
                    psi = operators @ psi
                    continue
                mu = np.searchsorted(cumulative, rng.random() * cumulative[-1])
                images = operators[mu] @ psi
                weights = (images.real**2 + images.imag**2).sum(axis=1)
                table = np.cumsum(weights)
                nu = np.searchsorted(table, rng.random() * table[-1])
                psi = images[nu] / np.sqrt(weights[nu])
                total += flows[0][mu, nu]
        totals[path] = total
    return totals


def loop_time(rounds: int = 100, paths: int = 20) -> float:
    """Nanoseconds per path and collision of the plain loop."""
    model = coherent_collision(collisions=rounds)
    return 1e9 * best_time(lambda: loop_totals(model, paths)) / paths / model.collisions


def main() -> None:
    """Print the ratios."""
    laws = law_times((25, 50, 100, 200), repeats=2)
    print("exact law of coherent-collision, with energy labels:")
    previous: tuple[int, float] | None = None
    for rounds, (seconds, classes) in laws.items():
        growth = "" if previous is None else f", {seconds / previous[1]:.1f} x those of K = {previous[0]}"
        print(f"  K = {rounds:4d}: {seconds:6.2f} s, {classes:,} classes{growth}")
        previous = rounds, seconds
    loop = loop_time()
    print(f"plain NumPy loop over single paths: {loop:.0f} ns per path and collision")
    for (rounds, paths), own in followed_growth().items():
        print(f"  followed, K = {rounds:4d}, N = {paths:6d}: {own:5.1f} ns, {loop / own:5.0f} x as fast")
    for rounds, paths in ((10, 60_000), (1000, 15_000), (1000, 60_000)):
        print(f"  peak memory, K = {rounds:4d}, N = {paths:6d}: {followed_peak(rounds, paths):6.1f} MB")


if __name__ == "__main__":
    main()
