"""What a thermal operation costs: counts, explicit paths, the law beside a large environment, the verdict."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache

import numpy as np

import qtraj
from qtraj.paths.counts import draw_counts
from qtraj.paths.law import PathLaw
from qtraj.theorems.backward import SigmaAtoms
from tests.benchmarks.report import ROOT, Growth, Line
from tests.benchmarks.timing import best, peak_bytes


def ladder_process(levels: int, dimension: int = 4, energies: list[float] | None = None) -> qtraj.ThermalOperation:
    """A random system beside an equidistant ladder."""
    energies = energies or [float(n) for n in range(dimension)]
    system = qtraj.System(energies=energies, state=qtraj.State.haar(len(energies), seed=1))
    bath = qtraj.Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.6)
    unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=2)
    return qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)


@cache
def qutrit() -> qtraj.ThermalOperation:
    """A small one."""
    return ladder_process(40, energies=[0.0, 1.0, 3.0])


@cache
def large_law() -> PathLaw:
    """A law of just over 30 000 classes."""
    return qtraj.exact_law(ladder_process(64, energies=[0.0, 1.0, 3.0, 7.0, 12.0, 20.0]))


def lines(*, quick: bool = False) -> Iterator[Line]:
    """Everything about thermal operations."""
    yield from _counts(large_law())
    yield from _explicit(qutrit(), "a qutrit on a ladder of 40", quick=quick)
    if not quick:
        yield from _explicit(ladder_process(1000), "4 levels on a ladder of 1000", quick=quick)
    yield _ladder(levels=10_000 if quick else 100_000)
    yield from _verdict()


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the number of paths N, against NumPy's `choice`, which has to know the same law."""
    law = large_law()
    probabilities, rng = law.probabilities / law.probabilities.sum(), np.random.default_rng(0)
    yield Growth(
        of="N, paths",
        what=f"an ensemble of N paths over {law.classes:,} classes",
        own=[(10.0**k, best(lambda k=k: draw_counts(law, 10**k, 7), 3)) for k in range(3, 16, 3 if quick else 1)],
        peers={
            "NumPy choice": [
                (10.0**k, best(lambda k=k: rng.choice(law.classes, size=10**k, p=probabilities), 2))
                for k in range(3, 7 if quick else 8)
            ]
        },
    )


def _counts(law: PathLaw) -> Iterator[Line]:
    small = best(lambda: draw_counts(law, 10**6, 7))
    large = best(lambda: draw_counts(law, 10**12, 7))
    probabilities = law.probabilities / law.probabilities.sum()
    rng = np.random.default_rng(0)
    choice = best(lambda: rng.choice(law.classes, size=10**6, p=probabilities), 3)
    yield Line(
        what=f"counts ensemble, {law.classes:,} classes: 10^12 paths against 10^6",
        figure=f"{large / small:.2f}x ({1e3 * large:.1f} ms against {1e3 * small:.1f} ms)",
        aim="at most 3x and 100 ms",
        met=large <= 3 * small and large < 0.1,
    )
    yield Line(what="the same 10^6 paths against NumPy's choice(p=...)", figure=f"{choice / small:.1f}x faster")


def _explicit(process: qtraj.ThermalOperation, name: str, *, quick: bool) -> Iterator[Line]:
    paths = 1_000_000 if quick else 10_000_000
    rng = np.random.default_rng(0)
    uniforms = best(lambda: rng.random(paths))
    law = qtraj.exact_law(process)
    ensemble = qtraj.sample(process, paths=paths, sampler="explicit", law=law)
    assert ensemble.rows is not None
    columns = sum(column.nbytes for column in ensemble.rows.values())
    del ensemble
    own = best(lambda: qtraj.sample(process, paths=paths, sampler="explicit", law=law), 3)
    peak = peak_bytes(lambda: qtraj.sample(process, paths=paths, sampler="explicit", law=law))
    yield Line(
        what=f"explicit paths, ten columns, {name} ({law.classes:,} classes): time per path against one uniform double",
        figure=f"{own / uniforms:.1f}x ({1e9 * own / paths:.0f} ns against {1e9 * uniforms / paths:.1f} ns)",
        aim="at most 15x",
        met=own <= 15 * uniforms,
    )
    yield Line(
        what=f"explicit paths, {name}: peak memory against the columns",
        figure=f"{peak / columns:.2f}x",
        aim="at most 2x",
        met=peak <= 2 * columns,
    )


LADDER = """
import sys, time
sys.path.insert(0, {root!r})
from tests.benchmarks.bench_operations import ladder_process
from tests.benchmarks.timing import peak_memory
import qtraj
start = time.perf_counter()
process = ladder_process({levels})
built = time.perf_counter()
law = qtraj.exact_law(process)
print(built - start, time.perf_counter() - built, peak_memory(), law.classes, law.paths)
"""


def _ladder(*, levels: int) -> Line:
    """In a process of its own, whose memory is nobody else's."""
    code = LADDER.format(root=str(ROOT), levels=levels)
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    build, law, memory, classes, paths = (float(word) for word in out)
    return Line(
        what=f"4 levels beside a ladder of {levels:,}: exact law ({classes:,.0f} classes, {paths:.2g} labelled paths)",
        figure=f"{law:.1f} s and {memory:.2f} GB (after {build:.1f} s to build the unitary)",
        aim="under 5 s and 2 GB",
        met=build + law < 5 and memory < 2,
    )


def _verdict() -> Iterator[Line]:
    process, law = qutrit(), qtraj.exact_law(qutrit())
    seconds = best(lambda: qtraj.verify(process, paths=10**12), 2)
    yield Line(what=f"verify, 10^12 paths, {law.classes:,} classes", figure=f"{seconds:.2f} s")
    backward = best(lambda: SigmaAtoms.of(process, law), 2)
    yield Line(what="of which the independent backward law", figure=f"{backward:.3f} s")
