"""Jump trajectories with full records against QuTiP's `mcsolve` and qthermo's `unravel`, in one run on one machine.

Both must be installed to be compared with. Same process, same duration, one process each. Ours includes everything a
user gets: times and kinds of all jumps, entropies and heats by bath, labels at both ends. Theirs is called with its
defaults, states not stored. qthermo resolves jump times to a step (400 of them here) and follows all its paths
together.

Preparing the tables and compiling the kernels are reported apart: the first happens once a process, the second once an
installation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qtraj.models import build_model
from qtraj.paths.blocks import row_blocks
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.benchmarks.report import ROOT, Growth, Line
from tests.benchmarks.timing import best, peer

STEPS = 400
"""Of qthermo in the table."""

STEP = 0.1
"""Of qthermo in the growth curve: the driven qubit jumps every 2.4."""

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


def driven_qubit(*, duration: float = 40.0) -> JumpProcess:
    decay = Channel(operator=LOWERING, bath="bath", rate=1.0, energy=1.0, inverse_temperature=2.0)
    system = System(hamiltonian=[[0.0, 0.5], [0.5, 0.3]], state=ket(2, 0))
    return JumpProcess(system=system, channels=(decay,), duration=duration)


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


def trajectories(process: JumpProcess, *, keep_records: bool = True) -> JumpTrajectories:
    # At 64 levels the exact final state takes longer than all trajectories; Kraus trajectories do not need it.
    small = process.system.dimension < 64
    protocol = MeasurementProtocol.AUGMENTED if small else MeasurementProtocol.KRAUS
    endpoints = process.endpoints(protocol)
    return JumpTrajectories(process=process, endpoints=endpoints, seed=1, keep_records=keep_records)


def own_seconds(case: Case, repeats: int) -> tuple[float, float, float, str]:
    """Seconds per trajectory, jumps per trajectory, seconds to prepare, engine."""
    case.process.endpoints(MeasurementProtocol.KRAUS)
    trajectories(case.process)(row_blocks(10)[0])  # compiled now
    prepared = best(lambda: trajectories(case.process), 2)
    follow, block = trajectories(case.process), row_blocks(case.paths)[0]
    rows, _ = follow(block)
    seconds = best(lambda: follow(block), repeats) / case.paths
    return seconds, float(rows["jumps"].mean()), prepared, follow.engine.kind.value


def mcsolve(process: JumpProcess, paths: int, *, workers: int = 1) -> Callable[[], Any]:
    """QuTiP's trajectories of the same process, with its defaults, states not stored."""
    qutip = peer("qutip")
    basis = process.system.basis
    hamiltonian = basis @ np.diag(process.system.spectrum.energies) @ basis.conj().T
    start = qutip.Qobj(basis @ process.system.outcomes.vectors[:, :1])
    operators = [basis @ jump.operator @ basis.conj().T for jump in process.jumps]
    # Sparse, as it should be for the chains, and without the rounding errors of turning the basis.
    sparse = [qutip.Qobj(np.where(abs(op) > 1e-12, op, 0)).to("csr") for op in [hamiltonian, *operators]]
    options = {"progress_bar": "", "store_states": False}
    if workers > 1:
        options |= {"map": "parallel", "num_cpus": workers}

    def run() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            times = [0.0, process.duration]
            return qutip.mcsolve(sparse[0], start, times, sparse[1:], ntraj=paths, options=options)

    return run


def unravel(process: JumpProcess, paths: int, *, steps: int = STEPS) -> Callable[[], Any]:
    """qthermo's trajectories of the same process."""
    qthermo = peer("qthermo")
    basis = process.system.basis
    hamiltonian = basis @ np.diag(process.system.spectrum.energies) @ basis.conj().T
    operators = [basis @ jump.operator @ basis.conj().T for jump in process.jumps]
    stroke = qthermo.Stroke(name="all", H=hamiltonian, duration=process.duration, c_ops=operators)
    cycle, start = qthermo.Cycle([stroke]), process.system.state.matrix
    return lambda: qthermo.unravel(cycle, start, trajectories=paths, steps=steps, seed=1)


def lines(*, quick: bool = False) -> Iterator[Line]:
    """All cases against both peers, and what the first call costs."""
    for case in cases():
        paths = case.peer_paths // 5 if quick else case.peer_paths
        own, jumps, prepared, engine = own_seconds(case, 2 if quick else 5)
        if peer("qutip") is not None:
            run = mcsolve(case.process, paths)
            theirs = float(np.mean([len(times) for times in run().col_times]))
            ratio = best(run, 1 if quick else 3) / paths / own
            yield Line(
                what=f"{case.name}, {jumps:.1f} jumps a trajectory, all recorded: QuTiP `mcsolve`, serial",
                figure=f"{ratio:.0f}x a trajectory, {ratio * jumps / theirs:.0f}x a jump ({1e6 * own:.2f} us; {engine} "
                f"engine, prepared in {1e3 * prepared:.0f} ms)",
                aim=f"at least {case.aim:.0f}x",
                met=ratio >= case.aim,
            )
        if peer("qthermo") is not None and not (quick and case.process.system.dimension > 16):
            ratio = best(unravel(case.process, paths), 1 if quick else 2) / paths / own
            yield Line(what=f"{case.name}: qthermo `unravel`, {STEPS} steps", figure=f"{ratio:.0f}x a trajectory")
    if not quick:
        yield from first_calls()


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the duration. qthermo's step is kept at a tenth of the time between two jumps."""
    durations = (1.0, 10.0, 100.0) if quick else (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
    own, theirs, others = [], [], []
    for duration in durations:
        case = Case(
            name="", process=driven_qubit(duration=duration), aim=0, paths=2**13 if quick else 2**15, peer_paths=0
        )
        own.append((duration, 1000 * own_seconds(case, 3)[0]))
        few = 20 if quick else 100
        if peer("qutip") is not None:
            theirs.append((duration, 1000 / few * best(mcsolve(case.process, few), 1)))
        if peer("qthermo") is not None:
            steps = max(10, int(duration / STEP))
            others.append((duration, best(unravel(case.process, 1000, steps=steps), 1)))
    peers = {"QuTiP mcsolve": theirs, "qthermo unravel": others}
    yield Growth(of="duration", what="1000 jump trajectories of a driven qubit", own=own, peers=peers)


COMPILE = """
import time
from tests.benchmarks.bench_jumps import cases, trajectories
from qtraj.paths.blocks import row_blocks
import numba
seen = set()
for case in cases():
    start = time.perf_counter()
    follow = trajectories(case.process)
    follow(row_blocks(10)[0])
    if follow.engine.kind not in seen:
        print(time.perf_counter() - start)
    seen.add(follow.engine.kind)
"""


def first_calls() -> Iterator[Line]:
    """What the first call of each engine costs with an empty cache on disk, and with a full one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", COMPILE]
        for state in ("empty", "full"):
            out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT).stdout
            yield Line(
                what=f"first jumps in a new process, numba's cache {state}: chain, transitions and states",
                figure=", ".join(f"{float(word):.1f} s" for word in out.split()),
            )
