"""What many collisions cost: the exact law swept over flows, and followed paths against a plain NumPy loop.

Times are those of this machine; what is promised: the exact law
of `coherent-collision` with 100 rounds under 10 s, and followed paths of 1000 rounds at least 50 times as fast as a
NumPy loop over single paths, their cost growing linearly with rounds and paths, their memory with paths alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qtraj.models.li18 import coherent_collision
from qtraj.paths.blocks import row_blocks
from qtraj.paths.exact_law import exact_law
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.measuring import draw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import InternalStep
from qtraj.processes.seam import MeasurementProtocol
from tests.benchmarks.report import Growth, Line
from tests.benchmarks.timing import best, peak_bytes


def law_times(rounds: tuple[int, ...] = (25, 50, 100), *, repeats: int = 3) -> dict[int, tuple[float, int]]:
    """Seconds and classes of the exact law (with energy labels) for so many rounds."""
    found = {}
    for number in rounds:
        model = coherent_collision(collisions=number)
        classes = exact_law(model).classes
        found[number] = (best(lambda model=model: exact_law(model), repeats=repeats), classes)  # type: ignore[misc]
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
    return 1e9 * best(lambda: follow(block), repeats=repeats) / paths / model.collisions


def followed_growth(*, paths: int = 4000) -> dict[tuple[int, int], float]:
    """Nanoseconds per path and collision for growing numbers of rounds K and of paths N, by (K, N)."""
    sizes = [(250, paths), (1000, paths), (4000, paths // 4), (1000, paths // 4), (1000, 4 * paths)]
    return {size: followed_time(*size) for size in sizes}


def followed_peak(rounds: int, paths: int) -> float:
    """Megabytes at the peak of following one block."""
    follow = follower_of(coherent_collision(collisions=rounds))
    block = row_blocks(paths)[0]
    return peak_bytes(lambda: follow(block)) / 1e6


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
    return 1e9 * best(lambda: loop_totals(model, paths)) / paths / model.collisions


def lines(*, quick: bool = False) -> Iterator[Line]:
    """Law, speed, growth and memory."""
    rounds = (25, 50) if quick else (50, 100)
    laws = law_times(rounds, repeats=2)
    seconds, classes = laws[rounds[1]]
    yield Line(
        what=f"coherent collisions, K = {rounds[1]}: exact law of all paths with their labels ({classes:,} classes)",
        figure=f"{seconds:.1f} s, {seconds / laws[rounds[0]][0]:.1f} times K = {rounds[0]}",
        aim="under 10 s",
        met=seconds < 10,
    )
    loop = loop_time()
    costs = followed_growth(paths=500 if quick else 4000)
    own = costs[1000, 500 if quick else 4000]
    yield Line(
        what="followed paths, K = 1000: cost per path and collision against a plain NumPy loop over single paths",
        figure=f"{loop / own:.0f}x ({own:.0f} ns against {1e-3 * loop:.1f} us)",
        aim="at least 50x",
        met=loop >= 50 * own,
    )
    yield Line(
        what="the same cost for K from 250 to 4000 and N sixteenfold: largest against smallest",
        figure=f"{max(costs.values()) / min(costs.values()):.2f}x",
    )
    if not quick:
        few, many = (followed_peak(rounds, 60_000) for rounds in (10, 1000))
        yield Line(
            what="peak memory of 60 000 followed paths, K = 1000 against K = 10",
            figure=f"{many / few:.2f}x ({many:.0f} MB)",
        )


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the number of collisions K, two a round; the loop follows a hundredth of the paths."""
    paths = 1000
    rounds = (5, 50, 500) if quick else (5, 15, 50, 150, 500, 1500)
    slow = [number for number in rounds if number <= 150]
    yield Growth(
        of="K, collisions",
        what=f"{paths:,} followed paths of coherent collisions",
        own=[(2 * number, 2e-9 * number * paths * followed_time(number, paths)) for number in rounds],
        peers={
            "NumPy loop": [(2 * number, 2e-9 * number * paths * loop_time(number, paths // 100)) for number in slow]
        },
    )
