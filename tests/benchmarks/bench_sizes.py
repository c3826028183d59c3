"""How the exact law grows with environment and system, beside what one writes by hand: dense matrices in NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import qtraj
from qtraj.arrays import FloatArray
from qtraj.blas import one_blas_thread
from tests.benchmarks.bench_operations import ladder_process
from tests.benchmarks.report import Growth, Line
from tests.benchmarks.timing import best

LARGEST_DENSE = 1500
"""Dimension of system and environment together, up to which the dense route fits into a few gigabytes."""

SAME = 1e-9
"""Entropy productions that differ by less are one atom."""


def dense_law(process: qtraj.ThermalOperation, unitary: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Atoms of the entropy production and their probabilities, from all labelled paths at once."""
    weights = np.exp(process.environment.log_populations)
    levels, size = weights.size, process.system.dimension
    start = process.system.outcomes
    logs, vectors = start.log_eigenvalues[start.outcome_of], start.vectors
    joint = np.kron(vectors @ np.diag(np.exp(logs)) @ vectors.conj().T, np.diag(weights))
    after = (unitary @ joint @ unitary.conj().T).reshape(size, levels, size, levels)
    populations, ends = np.linalg.eigh(np.einsum("imjm->ij", after))
    parts = unitary.reshape(size, levels, size, levels)
    amplitudes = np.einsum("ib,iujm,ja->aumb", ends.conj(), parts, vectors, optimize=True)
    chances = abs(amplitudes) ** 2 * np.exp(logs)[:, None, None, None] * weights[None, None, :, None]
    energies = process.environment.spectrum.energies * process.environment.inverse_temperature
    flows = energies[None, :, None, None] - energies[None, None, :, None]
    sigma = logs[:, None, None, None] - np.log(populations)[None, None, None, :] + flows
    possible = chances > 0
    keys, entry = np.unique(np.round(sigma[possible] / SAME), return_inverse=True)
    return keys * SAME, np.bincount(entry, weights=chances[possible])


def lines(*, quick: bool = False) -> Iterator[Line]:
    """That both routes give the same law, and which is faster."""
    process = ladder_process(60)
    unitary = process.unitary.matrix()
    law = qtraj.exact_law(process)
    atoms, chances = dense_law(process, unitary)
    assert abs(law.mean("sigma") - atoms @ chances) < 1e-6
    own, dense = best(lambda: qtraj.exact_law(process), 3), best(lambda: dense_law(process, unitary), 2)
    yield Line(
        what="exact law of 4 levels beside 60: all labelled paths in dense NumPy arrays", figure=f"{dense / own:.0f}x"
    )


def growth(*, quick: bool = False) -> Iterator[Growth]:
    """In the dimensions of environment and system."""
    environments = (10, 30, 100, 300) if quick else (10, 30, 100, 300, 1000, 10_000, 100_000)
    yield _growth("d_E, environment", "exact law of 4 levels on a ladder", [(4, levels) for levels in environments], 1)
    systems = (2, 4, 8) if quick else (2, 3, 4, 6, 8, 12, 16)
    yield _growth("d_S, system", "exact law of a system on a ladder of 40", [(size, 40) for size in systems], 0)


def _growth(of: str, what: str, sizes: list[tuple[int, int]], varied: int) -> Growth:
    own, dense = [], []
    for size in sizes:
        process = ladder_process(size[1], size[0])
        own.append((float(size[varied]), best(lambda process=process: qtraj.exact_law(process), 2)))
        if size[0] * size[1] <= LARGEST_DENSE // (1 if len(sizes) > 4 else 4):
            unitary = process.unitary.matrix()
            with one_blas_thread():  # as ours: the matrices are small
                run = best(lambda process=process, unitary=unitary: dense_law(process, unitary), 2)
            dense.append((float(size[varied]), run))
    return Growth(of=of, what=what, own=own, peers={"dense NumPy": dense})
