"""What a large degenerate environment costs: a qubit and a bath of spins under a random unitary."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

import qtraj
from tests.benchmarks.report import ROOT, Growth, Line
from tests.benchmarks.timing import best


def spin_bath(count: int) -> qtraj.ThermalOperation:
    """A qubit in superposition and so many spins; blocks of up to binomial(count + 1, count / 2) levels."""
    system = qtraj.System(energies=[0.0, 1.0], state=qtraj.State.bloch(0.5, 0.2, -0.3))
    bath = qtraj.Environment.spins(count=count, splitting=1.0, inverse_temperature=0.6)
    unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
    return qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)


def lines(*, quick: bool = False) -> Iterator[Line]:
    """The law of a bath whose list of labelled Kraus operators would take gigabytes, and its verdict."""
    yield _law(10 if quick else 13)
    yield _verdict(9 if quick else 12)
    large = spin_bath(16)
    seconds = best(lambda: qtraj.ThermalOperation(**_parts(large)).memory_needed, 3)
    yield Line(
        what="memory of a law estimated beforehand, 16 spins and a qubit",
        figure=f"{1e3 * seconds:.0f} ms, for a law of {large.memory_needed.law / 1e9:.0f} GB",
        aim="under 1 s",
        met=seconds < 1,
    )


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the number of spins, against the plain route: dense matrices, every pair of environment states one by one."""
    counts, plain = ((4, 6, 8), (4, 6)) if quick else ((4, 6, 8, 9, 10, 11, 12), (4, 5, 6, 7, 8))
    yield Growth(
        of="spins, of the environment",
        what="drawing a random unitary and the exact law of a qubit beside spins",
        own=[(float(count), _seconds(count)) for count in counts],
        peers={"NumPy, dense": [(float(count), best(lambda count=count: dense_route(count), 1)) for count in plain]},
    )


def dense_route(count: int) -> float:
    """What one would write first: the dense unitary, the final state, and the probability of every labelled path."""
    size = 2**count
    excitations = np.array([bin(state).count("1") for state in range(size)])
    energies = np.add.outer([0, 1], excitations).ravel()
    populations = np.exp(-0.6 * excitations) / np.exp(-0.6 * excitations).sum()
    rng = np.random.default_rng(3)
    unitary = np.zeros((2 * size, 2 * size), dtype=complex)
    for energy in np.unique(energies):
        own = np.flatnonzero(energies == energy)
        random = rng.normal(size=(own.size, own.size)) + 1j * rng.normal(size=(own.size, own.size))
        orthogonal, triangle = np.linalg.qr(random)
        unitary[np.ix_(own, own)] = orthogonal * (np.diag(triangle) / abs(np.diag(triangle)))
    rho = np.array([[0.35, 0.25 - 0.1j], [0.25 + 0.1j, 0.65]])
    end = unitary @ np.kron(rho, np.diag(populations)) @ unitary.conj().T
    final = end.reshape(2, size, 2, size).trace(axis1=1, axis2=3)
    start_vectors, end_vectors = np.linalg.eigh(rho)[1], np.linalg.eigh(final)[1]
    cube = unitary.reshape(2, size, 2, size)
    amplitudes = np.einsum("mb,mvnu,na->bvau", end_vectors.conj(), cube, start_vectors, optimize=True)
    weights = np.linalg.eigvalsh(rho)[None, None, :, None] * populations * abs(amplitudes) ** 2
    heats = excitations[:, None] - excitations[None, :]
    law = [weights.sum(where=(heats == heat)[None, :, None, :], axis=(1, 3)) for heat in (-1, 0, 1)]
    return float(np.sum(law))


def _parts(operation: qtraj.ThermalOperation) -> dict[str, object]:
    return {"system": operation.system, "environment": operation.environment, "unitary": operation.unitary}


def _seconds(count: int) -> float:
    """Best of a few, each of a unitary of its own: a second law of the same one would find its blocks made."""
    return best(lambda: qtraj.exact_law(spin_bath(count)), 3 if count < 11 else 1)


LAW = """
import sys, time
sys.path.insert(0, {root!r})
from tests.benchmarks.bench_environments import spin_bath
from tests.benchmarks.timing import peak_memory
import qtraj
base = peak_memory()
process = spin_bath({count})
start = time.perf_counter()
law = qtraj.exact_law(process)
print(time.perf_counter() - start, peak_memory() - base, law.paths,
      process.memory_needed.law / 1e9, process.memory_needed.labels / 1e9, process.memory_needed.largest_block)
"""


def _law(count: int) -> Line:
    """In a process of its own, whose memory is nobody else's."""
    code = LAW.format(root=str(ROOT), count=count)
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    seconds, memory, paths, estimate, labels, largest = (float(word) for word in out)
    return Line(
        what=f"{count} spins and a qubit, blocks of up to {largest:,.0f} levels: random unitary and exact law "
        f"({paths:.2g} labelled paths)",
        figure=f"{seconds:.1f} s and {memory:.2f} GB (estimated {estimate:.2f} GB; all pairs listed {labels:.1f} GB)",
        aim="estimate within a factor 2",
        met=0.5 < memory / estimate < 2,
    )


def _verdict(count: int) -> Line:
    process = spin_bath(count)
    start = time.perf_counter()
    report = qtraj.verify(process, paths=10**9)
    seconds = time.perf_counter() - start
    return Line(
        what=f"verify, {count} spins and a qubit, 10^9 counted and 10^5 followed paths",
        figure=f"{seconds:.1f} s, verdict {report.verdict}",
        aim="under 60 s, pass",
        met=seconds < 60 and str(report.verdict) == "pass",
    )
