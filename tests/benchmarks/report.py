"""Run the benchmarks and print one table of ratios; with --write, keep it in docs/benchmarks.md.

    python tests/benchmarks/report.py            # about two minutes
    python tests/benchmarks/report.py --write

Every line is a ratio or a time of this run on this machine. Times are the best of several runs: whatever else the
machine did can only add to them.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import qtraj
from qtraj.paths.counts import draw_counts
from qtraj.paths.law import PathLaw
from qtraj.theorems.backward import SigmaAtoms

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Line:
    what: str
    figure: str
    aim: str
    met: bool | None


def best(function: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def ladder_process(levels: int, dimension: int = 4, energies: list[float] | None = None) -> qtraj.ThermalOperation:
    energies = energies or [float(n) for n in range(dimension)]
    system = qtraj.System(energies=energies, state=qtraj.State.haar(len(energies), seed=1))
    bath = qtraj.Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.6)
    unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=2)
    return qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)


def large_law() -> PathLaw:
    """A law of just over 30 000 classes."""
    return qtraj.exact_law(ladder_process(64, energies=[0.0, 1.0, 3.0, 7.0, 12.0, 20.0]))


def counts(law: PathLaw) -> Iterator[Line]:
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
    yield Line(
        what="the same 10^6 paths against NumPy's choice(p=...)",
        figure=f"{choice / small:.1f}x faster",
        aim="",
        met=None,
    )


def explicit(process: qtraj.ThermalOperation, name: str) -> Iterator[Line]:
    paths = 10_000_000
    rng = np.random.default_rng(0)
    uniforms = best(lambda: rng.random(paths))
    law = qtraj.exact_law(process)
    ensemble = qtraj.sample(process, paths=paths, sampler="explicit", law=law)
    own = best(lambda: qtraj.sample(process, paths=paths, sampler="explicit", law=law), 3)
    columns = sum(column.nbytes for column in ensemble.rows.values())
    del ensemble
    tracemalloc.start()
    kept = qtraj.sample(process, paths=paths, sampler="explicit", law=law)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
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
import resource, sys, time
sys.path.insert(0, {root!r})
from tests.benchmarks.report import ladder_process
import qtraj
start = time.perf_counter()
process = ladder_process(100_000)
built = time.perf_counter()
law = qtraj.exact_law(process)
print(built - start, time.perf_counter() - built, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, law.classes,
      law.paths)
"""


def ladder() -> Iterator[Line]:
    out = subprocess.run(
        [sys.executable, "-c", LADDER.format(root=str(ROOT))], check=True, capture_output=True, text=True
    ).stdout.split()
    build, law, memory = (float(word) for word in out[:3])
    yield Line(
        what=f"4 levels beside a ladder of 100 000: exact law ({out[3]} classes, {float(out[4]):.2g} labelled paths)",
        figure=f"{law:.1f} s and {memory:.2f} GB (after {build:.1f} s to build the unitary)",
        aim="under 5 s and 2 GB",
        met=build + law < 5 and memory < 2,
    )


def workers(process: qtraj.ThermalOperation) -> Iterator[Line]:
    law = qtraj.exact_law(process)

    def run(paths: int, jobs: int) -> float:
        start = time.perf_counter()
        qtraj.sample(process, paths=paths, sampler="followed", keep_rows=False, n_jobs=jobs, law=law)
        return time.perf_counter() - start

    probe = 2_000_000
    run(probe // 4, 2)  # workers start once, not in the measurement
    paths = int(probe * 12 / run(probe, 1))
    one, two = run(paths, 1), run(paths, 2)
    yield Line(
        what=f"two workers against one, {paths:,} followed paths",
        figure=f"{one / two:.2f}x ({one:.1f} s against {two:.1f} s)",
        aim="at least 1.7x",
        met=one >= 1.7 * two,
    )


def collisions() -> Iterator[Line]:
    sys.path.insert(0, str(ROOT))  # run as a script, this file knows only its own folder
    from tests.benchmarks import bench_collisions

    laws = bench_collisions.law_times((50, 100))
    seconds, classes = laws[100]
    yield Line(
        what=f"coherent collisions, K = 100: exact law of all paths with their labels ({classes:,} classes)",
        figure=f"{seconds:.1f} s, {seconds / laws[50][0]:.1f} times K = 50",
        aim="under 10 s",
        met=seconds < 10,
    )
    loop = bench_collisions.loop_time()
    growth = bench_collisions.followed_growth()
    own = growth[1000, 4000]
    yield Line(
        what="followed paths, K = 1000: cost per path and collision against a plain NumPy loop over single paths",
        figure=f"{loop / own:.0f}x ({own:.0f} ns against {1e-3 * loop:.1f} us)",
        aim="at least 50x",
        met=loop >= 50 * own,
    )
    slowest, fastest = max(growth.values()), min(growth.values())
    yield Line(
        what="the same cost for K from 250 to 4000 and N from 1000 to 16 000: largest against smallest",
        figure=f"{slowest / fastest:.2f}x",
        aim="",
        met=None,
    )
    few, many = (bench_collisions.followed_peak(rounds, 60_000) for rounds in (10, 1000))
    yield Line(
        what="peak memory of 60 000 followed paths, K = 1000 against K = 10",
        figure=f"{many / few:.2f}x ({many:.0f} MB)",
        aim="",
        met=None,
    )


def startup() -> Iterator[Line]:
    def python(code: str) -> float:
        return best(lambda: subprocess.run([sys.executable, "-c", code], check=True), 7)

    numpy, own = python("import numpy"), python("import numpy, qtraj")
    face = python("import qtraj; [getattr(qtraj, name) for name in qtraj.__all__]")
    command = [sys.executable, "-m", "qtraj", "--help"]
    shown = best(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), 7)
    yield Line(
        what="import qtraj over import numpy",
        figure=f"{own - numpy:+.3f} s ({face - numpy:+.2f} s with every public name loaded)",
        aim="at most 0.25 s",
        met=own - numpy <= 0.25,
    )
    yield Line(what="qtraj --help", figure=f"{shown:.2f} s", aim="under 0.6 s", met=shown < 0.6)


def verdict(law: PathLaw, process: qtraj.ThermalOperation) -> Iterator[Line]:
    start = time.perf_counter()
    qtraj.verify(process, paths=10**12)
    yield Line(
        what=f"verify, 10^12 paths, {law.classes:,} classes",
        figure=f"{time.perf_counter() - start:.2f} s",
        aim="",
        met=None,
    )
    yield Line(
        what="of which the independent backward law",
        figure=f"{best(lambda: SigmaAtoms.of(process, law), 2):.2f} s",
        aim="",
        met=None,
    )


def lines() -> Iterator[Line]:
    law = large_law()
    yield from counts(law)
    small = ladder_process(40, energies=[0.0, 1.0, 3.0])
    yield from explicit(small, "a qutrit on a ladder of 40")
    yield from explicit(ladder_process(1000), "4 levels on a ladder of 1000")
    yield from ladder()
    yield from workers(small)
    yield from verdict(qtraj.exact_law(small), small)
    yield from collisions()
    yield from startup()


def machine() -> str:
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = (line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line)
        model = next(named, model)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, {versions}"


def table(results: list[Line]) -> str:
    marks = {True: "yes", False: "**no**", None: ""}
    rows = [f"| {line.what} | {line.figure} | {line.aim} | {marks[line.met]} |" for line in results]
    return "\n".join(["| what | figure | aim | met |", "|---|---|---|---|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md")
    results = []
    for line in lines():
        results.append(line)
        print(f"{line.what}: {line.figure}   [{line.aim}]", file=sys.stderr)
    text = table(results)
    print(text)
    if parser.parse_args().write:
        page = (
            "# Benchmarks\n\nWritten by `python tests/benchmarks/report.py --write`, in one run on one machine:\n"
            f"{machine()}.\n\n{text}\n\n"
            "Times are the best of several runs. Ratios travel between machines, seconds do not.\n"
        )
        (ROOT / "docs" / "benchmarks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
