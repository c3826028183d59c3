"""Jump trajectories with full records against QuTiP's `mcsolve` and qthermo's `unravel`, in one run on one machine.

Run as `python -m tests.benchmarks.bench_jumps` (about two minutes; `--quick` for a fifth of it). Both must be
installed to be compared with. Same process, same duration, one process each. Ours includes everything a user gets:
times and kinds of all jumps, entropies and heats by bath, labels at both ends. Theirs is called with its defaults,
states not stored. qthermo resolves jump times to a step (400 of them here) and follows all its paths together.

Preparing the tables and compiling the kernels are reported apart: the first happens once a process, the second once an
installation.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from qtraj.models import build_model
from qtraj.paths.blocks import row_blocks
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.paths.parallel import fold_blocks
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

ROOT = Path(__file__).resolve().parents[2]
LOWERING = np.array([[0.0, 1.0], [0.0, 0.0]])


@dataclass(frozen=True, kw_only=True)
class Case:
    """A process to be followed, and how much faster than QuTiP that should be."""

    name: str
    process: JumpProcess
    aim: float
    paths: int
    peer_paths: int


def ket(dimension: int, level: int) -> State:
    return State.pure(np.eye(dimension)[level])


def driven_qubit() -> JumpProcess:
    decay = Channel(operator=LOWERING, bath="bath", rate=1.0, energy=1.0, inverse_temperature=2.0)
    system = System(hamiltonian=[[0.0, 0.5], [0.5, 0.3]], state=ket(2, 0))
    return JumpProcess(system=system, channels=(decay,), duration=40.0)


def spin_chain(spins: int) -> JumpProcess:
    """Spins that hop quanta to their neighbours, a hot bath at one end and a cold one at the other."""

    def at(operator: np.ndarray, site: int) -> np.ndarray:
        before, after = np.eye(2**site), np.eye(2 ** (spins - site - 1))
        return np.kron(np.kron(before, operator), after)

    hops = [at(LOWERING.T, site) @ at(LOWERING, site + 1) for site in range(spins - 1)]
    hamiltonian = sum(at(LOWERING.T @ LOWERING, site) for site in range(spins)) + 0.5 * sum(h + h.T for h in hops)
    channels = (
        Channel(operator=at(LOWERING, 0), bath="hot", rate=0.6, energy=1.0, inverse_temperature=0.4),
        Channel(operator=at(LOWERING, spins - 1), bath="cold", rate=0.8, energy=1.0, inverse_temperature=1.4),
    )
    system = System(hamiltonian=hamiltonian, state=ket(2**spins, 5))
    return JumpProcess(system=system, channels=channels, duration=10.0)


def cases() -> Iterator[Case]:
    davies = build_model("davies-qutrit", duration=20.0, state=State.pure(np.sqrt([0.5, 0.3, 0.2])))
    yield Case(name="Davies qutrit", process=davies, aim=2000, paths=2**16, peer_paths=500)
    yield Case(name="driven qubit", process=driven_qubit(), aim=1000, paths=2**16, peer_paths=500)
    yield Case(
        name="three-level junction", process=build_model("dephased-junction"), aim=1000, paths=2**16, peer_paths=300
    )
    yield Case(name="chain of four qubits (d = 16)", process=spin_chain(4), aim=100, paths=2**14, peer_paths=300)
    yield Case(name="chain of six qubits (d = 64)", process=spin_chain(6), aim=30, paths=2**12, peer_paths=100)


def best(function: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of some calls: the one the rest of the machine disturbed least."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def peer(name: str) -> Any:
    """Another package, or None: no test needs it."""
    try:
        return import_module(name)
    except ImportError:
        return None


def trajectories(process: JumpProcess) -> JumpTrajectories:
    # At 64 levels the exact final state takes longer than all trajectories; Kraus trajectories do not need it.
    small = process.system.dimension < 64
    protocol = MeasurementProtocol.AUGMENTED if small else MeasurementProtocol.KRAUS
    return JumpTrajectories(process=process, endpoints=process.endpoints(protocol), seed=1, keep_records=True)


def own_seconds(case: Case, repeats: int) -> tuple[float, float, float, str]:
    """Seconds per trajectory, jumps per trajectory, seconds to prepare, engine."""
    case.process.endpoints(MeasurementProtocol.KRAUS)
    trajectories(case.process)(row_blocks(10)[0])  # compiled now
    prepared = best(lambda: trajectories(case.process), 2)
    follow, block = trajectories(case.process), row_blocks(case.paths)[0]
    rows, _ = follow(block)
    seconds = best(lambda: follow(block), repeats) / case.paths
    return seconds, float(rows["jumps"].mean()), prepared, follow.engine.kind.value


def qutip_seconds(case: Case, repeats: int) -> tuple[float, float] | None:
    """Seconds and jumps per trajectory of `mcsolve`, serial."""
    qutip = peer("qutip")
    if qutip is None:
        return None
    basis = case.process.system.basis
    hamiltonian = basis @ np.diag(case.process.system.spectrum.energies) @ basis.conj().T
    start = qutip.Qobj(basis @ case.process.system.outcomes.vectors[:, :1])
    operators = [basis @ jump.operator @ basis.conj().T for jump in case.process.jumps]
    # Sparse, as it should be for the chains, and without the rounding errors of turning the basis.
    sparse = [qutip.Qobj(np.where(abs(op) > 1e-12, op, 0)).to("csr") for op in [hamiltonian, *operators]]
    options = {"progress_bar": "", "store_states": False}

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            times = [0.0, case.process.duration]
            return qutip.mcsolve(sparse[0], start, times, sparse[1:], ntraj=case.peer_paths, options=options)

    jumps = float(np.mean([len(times) for times in run().col_times]))
    return best(run, repeats) / case.peer_paths, jumps


def qthermo_seconds(case: Case) -> float | None:
    """Seconds per trajectory of `unravel`, 400 steps."""
    qthermo = peer("qthermo")
    if qthermo is None:
        return None
    basis = case.process.system.basis
    hamiltonian = basis @ np.diag(case.process.system.spectrum.energies) @ basis.conj().T
    operators = [basis @ jump.operator @ basis.conj().T for jump in case.process.jumps]
    stroke = qthermo.Stroke(name="all", H=hamiltonian, duration=case.process.duration, c_ops=operators)
    cycle = qthermo.Cycle([stroke])
    start = case.process.system.state.matrix
    return best(lambda: qthermo.unravel(cycle, start, trajectories=500, steps=400, seed=1), 2) / 500


def random_numbers() -> tuple[float, float]:
    """Nanoseconds for a path's own stream and its first number, and for one number of NumPy's generator."""
    from qtraj.paths.jump_kernels import uniforms

    key, drawn = np.arange(4, dtype=np.uint64), np.zeros(2**20)
    uniforms(key, 0, drawn)
    own = best(lambda: uniforms(key, 0, drawn), 5)
    generator = np.random.default_rng(1)
    return 1e9 * own / drawn.size, 1e9 * best(lambda: generator.random(drawn.size), 5) / drawn.size


COMPILE = """
import time
from tests.benchmarks.bench_jumps import cases, trajectories
from qtraj.paths.blocks import row_blocks
import numba
for case in cases():
    if "six" not in case.name:
        start = time.perf_counter()
        trajectories(case.process)(row_blocks(10)[0])
        print(f"  {case.name}: {time.perf_counter() - start:.2f} s")
"""


def first_calls() -> Iterator[str]:
    """What the first call costs with an empty cache on disk, and with a full one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(ROOT)}
        for state in ("empty", "full"):
            yield f"first call in a new process, numba's cache {state} (the junction shares nothing with the chains):"
            yield subprocess.run(
                [sys.executable, "-c", COMPILE], env=environment, check=True, capture_output=True, text=True, cwd=ROOT
            ).stdout.rstrip()


@dataclass(frozen=True)
class _Jumps:
    """Number of jumps in a block: what a run that keeps nothing sends home."""

    follow: JumpTrajectories

    def __call__(self, block: Any) -> int:
        return int(self.follow(block)[0]["jumps"].sum())


def workers(seconds: float) -> float:
    """How many times as fast two workers are as one, on work of so many seconds for one."""
    function = _Jumps(trajectories(spin_chain(4)))

    def run(paths: int, jobs: int) -> float:
        start = time.perf_counter()
        fold_blocks(function, row_blocks(paths), lambda total, own: total + own, 0, n_jobs=jobs)
        return time.perf_counter() - start

    run(2**17, 2)  # workers start once, not in the measurement
    paths = max(4 * 2**16, int(seconds / run(2**16, 1) * 2**16))
    return run(paths, 1) / run(paths, 2)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, no workers, no compilation")
    quick = parser.parse_args().quick
    repeats = 2 if quick else 5
    for case in cases():
        own, jumps, prepared, engine = own_seconds(case, repeats)
        print(
            f"{case.name}, {engine} engine: {1e6 * own:.3f} us a trajectory of {jumps:.2f} jumps, "
            f"{1e9 * own / jumps:.0f} ns a jump; prepared in {1e3 * prepared:.0f} ms"
        )
        theirs = qutip_seconds(case, 1 if quick else 3)
        if theirs is not None:
            verdict = "met" if theirs[0] / own >= case.aim else "NOT met"
            print(
                f"  QuTiP: {1e3 * theirs[0]:.2f} ms of {theirs[1]:.2f} jumps: {theirs[0] / own:.0f}x a trajectory, "
                f"{theirs[0] / own * jumps / theirs[1]:.0f}x a jump (aim {case.aim:.0f}x: {verdict})"
            )
        other = qthermo_seconds(case)
        if other is not None:
            print(f"  qthermo, 400 steps: {1e3 * other:.2f} ms: {other / own:.0f}x a trajectory")
    stream, number = random_numbers()
    print(
        f"random numbers alone: {stream:.1f} ns for a path's stream and first number; NumPy's {number:.1f} ns a number"
    )
    if not quick:
        print(f"two workers against one, 12 s of four qubits: {workers(12.0):.2f}x")
        for line in first_calls():
            print(line)


if __name__ == "__main__":
    main()
