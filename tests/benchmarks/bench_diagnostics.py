"""What the checks of a report cost beside the ensemble that they judge.

Preparing the checks (critical values, cuts, pools) depends on the law, the number of paths and the level alone, and is
done once; judging is done for every ensemble. Both are held against drawing counts, the cheapest way to have an
ensemble, and against following paths, which any physical check of the law needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import qtraj
from qtraj.arrays import IntArray
from qtraj.paths.counts import draw_counts
from qtraj.processes.seam import MeasurementProtocol
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_statistics import law_statistics
from qtraj.theorems.levels import FAMILY_LEVEL, split_level
from qtraj.theorems.prepared import PreparedCheck
from tests.benchmarks.bench_operations import ladder_process
from tests.benchmarks.report import Line
from tests.benchmarks.timing import best, peak_bytes

__all__ = ["lines"]

MOST_SHARE = 0.2
"""What all diagnostics together may add to drawing the ensemble."""

FOLLOWED = 100_000


def lines(*, quick: bool = False) -> Iterator[Line]:
    """Judging, preparing and memory, for a law of some 30 000 classes."""
    process = ladder_process(50, energies=[0.0, 1.0, 3.0, 7.0, 12.0, 20.0])
    law = qtraj.exact_law(process)
    references = gather_references(process, MeasurementProtocol.AUGMENTED)
    atoms = SigmaAtoms.of(process, law)
    plans = law_statistics(law, references, atoms)

    def prepare(paths: int) -> list[PreparedCheck]:
        return [plan(paths, split_level(FAMILY_LEVEL, len(plans) + 2)) for plan in plans]

    def judge(checks: list[PreparedCheck], counts: IntArray) -> None:
        for check in checks:
            check.judge(counts)

    repeats = 5 if quick else 20
    start = time.perf_counter()
    qtraj.sample(process, paths=FOLLOWED, sampler="followed", keep_rows=False, law=law)
    following = time.perf_counter() - start
    peaks = []
    for paths in (10**6, 10**12):
        checks, counts = prepare(paths), draw_counts(law, paths, 7)
        judge(checks, counts)  # critical values are computed when they are first asked for
        judging = best(lambda own=checks, c=counts: judge(own, c), repeats)  # type: ignore[misc]
        drawing = best(lambda n=paths: draw_counts(law, n, 7), repeats)  # type: ignore[misc]
        yield Line(
            what=f"judging an ensemble, {len(checks)} checks, {law.classes:,} classes, 10^{len(str(paths)) - 1} paths",
            figure=f"{judging / drawing:.0%} of drawing its counts ({1e3 * judging:.1f} ms of {1e3 * drawing:.1f} ms)",
            aim="at most 20 % of sampling",
            met=judging <= MOST_SHARE * drawing,
        )
        peaks.append(peak_bytes(lambda n=paths, c=counts: judge(prepare(n), c)))  # type: ignore[misc]
        if paths == 10**6:
            yield Line(
                what="the same against following 10^5 paths",
                figure=f"{judging / following:.2%}",
                aim="at most 20 % of sampling",
                met=judging <= MOST_SHARE * following,
            )
            both = best(lambda n=paths, c=counts: judge(prepare(n), c), 3)  # type: ignore[misc]
            yield Line(
                what="preparing the checks and judging, once a report",
                figure=f"{1e3 * both:.0f} ms, {both / following:.1%} of following 10^5 paths",
                aim="",
                met=None,
            )
    yield Line(
        what="memory of preparing and judging, 10^12 paths against 10^6",
        figure=f"{peaks[1] / peaks[0]:.2f}x ({peaks[1] / 2**20:.0f} MB)",
        aim="independent of the number",
        met=peaks[1] <= 1.1 * peaks[0],
    )


if __name__ == "__main__":
    for line in lines():
        print(f"{line.what}: {line.figure}   [{line.aim}] {line.met}")
