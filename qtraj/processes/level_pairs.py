r"""Kraus operators of a collision with a degenerate environment, gathered by pairs of its energy levels.

A level of g states is thermal in any basis of its own. So all pairs of a state mu in one level and a state nu in
another have the same probability :math:`q_\mu` and send the same heat, and any unitary mixture of their Kraus operators
describes the same collision: the paths' classes, the final state and every average see only
:math:`\sum_{\mu\nu} K_{\mu\nu} X K_{\mu\nu}^\dagger`. The QR factorisation of the elements of all pairs, one row a
pair, gives such a mixture with at most as many operators as there are kinds of elements (m, n) of that heat: at most d,
where the system's energies differ. For 14 spins and a qubit that is 56 operators in place of 115 million.

Unlike the sum over pairs of products of two elements, the mixture keeps amplitudes: what cancels in every pair cancels
in the mixture to 1e-16 and not to 1e-8.

As many blocks as the system has levels are in use at a time, so memory does not grow with the number of blocks; and
blocks are visited by ascending energy, so each is made about once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from qtraj.blas import one_blas_thread
from qtraj.processes.kraus import by_heat
from qtraj.processes.seam import Branches, PairSupports
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.parties import Environment
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["condensed_branches", "is_condensed"]

# Below, all pairs together take a few megabytes and their labels are worth having.
CONDENSED_ELEMENTS = 2**16

# States to a level on average from which gathering them pays.
CONDENSED_DEGENERACY = 8

# Pairs that are factorised together: 4 MB an element of the system.
CHUNK_PAIRS = 2**18


@dataclass(frozen=True, eq=False)
class _Cell:
    """The states of one block with the system in level n and the environment in one of its energy levels."""

    shelf: int
    row: int
    n: int
    places: IntArray  # in the block
    inside: IntArray  # in the level


def is_condensed(unitary: EnergyConservingUnitary) -> bool:
    """Whether the environment is degenerate and large enough for its states to be gathered by levels."""
    elements = sum(indices.size * indices.shape[1] for indices in unitary.blocks)
    environment = unitary.joint.environment
    levels = _exact_levels(environment).levels.size
    return elements >= CONDENSED_ELEMENTS and environment.dimension >= CONDENSED_DEGENERACY * levels


def condensed_branches(unitary: EnergyConservingUnitary, environment: Environment) -> tuple[Branches, ...]:
    r"""Batches of a collision with a thermal unit, one per amount of heat into it, ascending.

    They describe the same collision as `thermal_branches`, by fewer operators:
    :math:`\sum_{\mu\in K,\nu\in K'} M_{\mu\nu} X M_{\mu\nu}^\dagger = g_K q_K \sum_r R_r X R_r^\dagger` for any two
    levels K, K' of the environment, with :math:`M_{\mu\nu}` of [Santos19] Eq. (18).

    Args:
        unitary: The joint unitary; of its blocks as many as the system has levels are in memory at a time.
        environment: The thermal unit.

    Returns:
        The batches. Their mu and nu are the first states of the two levels, and their `pairs` say how many pairs of
        states are gathered.

    Example:
        >>> from qtraj.quantum.parties import System
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.5], [0.5, 0.5]])
        >>> bath = Environment.spins(count=6, splitting=1.0, inverse_temperature=1.0)
        >>> batches = condensed_branches(EnergyConservingUnitary.haar(qubit, bath), bath)
        >>> [(batch.heat, batch.elements.shape[0], int(batch.pairs.numbers.sum())) for batch in batches]
        [(-1.0, 6, 792), (0.0, 12, 924), (1.0, 6, 792)]
    """
    levels = _exact_levels(environment.spectrum)
    first = np.argsort(levels.level_of, kind="stable")[_starts(levels)]
    pairs = _cell_pairs(unitary, levels)
    keys = sorted(pairs)
    with one_blas_thread():
        condensed = [_condensed(unitary, pairs[key], levels.degeneracies[list(key)]) for key in keys]
    before, after = (first[[key[side] for key in keys]] for side in (0, 1))
    energies, beta = environment.spectrum.energies, environment.inverse_temperature
    heats, rounding, groups = by_heat(energies[before], energies[after])
    batches = []
    for own in groups:
        heat = float(heats[own[0]]) if abs(heats[own[0]]) > rounding else 0.0
        kept = [k for k in np.sort(own) if condensed[k].operators.size]
        if kept:
            weights = environment.log_populations[before] + np.log(levels.degeneracies[levels.level_of[before]])
            batches.append(
                _batch(
                    [condensed[k] for k in kept],
                    dimension=unitary.joint.system.dimension,
                    heat=heat,
                    entropy=beta * heat,
                    log_weights=weights[kept],
                    mu=before[kept],
                    nu=after[kept],
                )
            )
    return tuple(batches)


@dataclass(frozen=True, eq=False)
class _Mixture:
    """The operators that a pair of levels was condensed to, scaled by one over the root of the first's degeneracy."""

    kinds: tuple[tuple[int, int], ...]  # (m, n) of every column
    operators: ComplexArray
    supports: BoolArray  # which columns are not zero, one row a pattern
    numbers: IntArray  # in how many pairs of states


def _exact_levels(spectrum: Spectrum) -> Spectrum:
    """Levels of energies that are equal but for rounding, whatever the user calls one level."""
    return Spectrum(energies=spectrum.energies)


def _starts(levels: Spectrum) -> IntArray:
    """Where each level begins among the states in order of energy."""
    return np.asarray(np.cumsum(levels.degeneracies) - levels.degeneracies)


def _cell_pairs(unitary: EnergyConservingUnitary, levels: Spectrum) -> dict[tuple[int, int], list[tuple[_Cell, _Cell]]]:
    """For every pair of environment levels (before, after): the cells of one block that hold their elements."""
    rank = np.empty(levels.dimension, dtype=np.int64)
    order = np.argsort(levels.level_of, kind="stable")
    rank[order] = np.arange(levels.dimension) - np.repeat(_starts(levels), levels.degeneracies)
    pairs: dict[tuple[int, int], list[tuple[_Cell, _Cell]]] = defaultdict(list)
    for shelf, shelf_indices in enumerate(unitary.blocks):
        for row, indices in enumerate(shelf_indices):
            n, mu = np.divmod(indices, levels.dimension)
            key = n * levels.levels.size + levels.level_of[mu]
            cells = [
                (
                    int(value % levels.levels.size),
                    _Cell(shelf, row, int(value // levels.levels.size), own, rank[mu[own]]),
                )
                for value in np.unique(key)
                for own in [np.flatnonzero(key == value)]
            ]
            for before, source in cells:
                for after, target in cells:
                    pairs[before, after].append((source, target))
    return pairs


def _condensed(unitary: EnergyConservingUnitary, pairs: list[tuple[_Cell, _Cell]], degeneracies: IntArray) -> _Mixture:
    """Factorise the elements of all pairs of states of two levels."""
    before, after = (int(degeneracy) for degeneracy in degeneracies)
    kinds = sorted({(target.n, source.n) for source, target in pairs})
    blocks = {(cell.shelf, cell.row): unitary.matrices[cell.shelf][cell.row] for cell, _ in pairs}
    triangle = np.zeros((0, len(kinds)), dtype=np.complex128)
    patterns: Counter[bytes] = Counter()
    width = max(1, CHUNK_PAIRS // after)
    for start in range(0, before, width):
        stop = min(before, start + width)
        table = np.zeros((after, stop - start, len(kinds)), dtype=np.complex128)
        for source, target in pairs:
            chosen = (source.inside >= start) & (source.inside < stop)
            part = blocks[source.shelf, source.row][target.places[:, None], source.places[chosen]]
            kind = kinds.index((target.n, source.n))
            table[target.inside[:, None], source.inside[chosen] - start, kind] = part
        rows = table.reshape(-1, len(kinds))
        present = np.abs(rows) > AMPLITUDE_CUT
        _count(present, patterns)
        rows[~present] = 0.0
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, rows]), mode="r"))
    operators = triangle / np.sqrt(before)
    operators[np.abs(operators) <= AMPLITUDE_CUT] = 0.0
    packed = np.frombuffer(b"".join(patterns), dtype=np.uint8).reshape(len(patterns), -1)
    return _Mixture(
        kinds=tuple(kinds),
        operators=operators[operators.any(axis=1)],
        supports=np.unpackbits(packed, axis=1, count=len(kinds)).astype(np.bool_),
        numbers=np.array(list(patterns.values()), dtype=np.int64),
    )


def _count(present: BoolArray, patterns: Counter[bytes]) -> None:
    """Count the rows by which of their entries are not zero, those of zeros alone left out."""
    whole = present.all(axis=1)
    patterns[np.packbits(np.ones(present.shape[1], dtype=np.bool_)).tobytes()] += int(whole.sum())
    if not whole.all():
        partly = present[~whole & present.any(axis=1)]
        kinds, numbers = np.unique(np.packbits(partly, axis=1), axis=0, return_counts=True)
        for kind, number in zip(kinds, numbers, strict=True):
            patterns[kind.tobytes()] += int(number)


def _batch(
    parts: list[_Mixture],
    *,
    dimension: int,
    heat: float,
    entropy: float,
    log_weights: FloatArray,
    mu: IntArray,
    nu: IntArray,
) -> Branches:
    """All pairs of levels of one heat as one batch."""
    kinds = sorted({kind for part in parts for kind in part.kinds})
    elements, supports = [], []
    for part in parts:
        columns = [kinds.index(kind) for kind in part.kinds]
        own = np.zeros((part.operators.shape[0], len(kinds)), dtype=np.complex128)
        own[:, columns] = part.operators
        elements.append(own)
        spread = np.zeros((part.supports.shape[0], len(kinds)), dtype=np.bool_)
        spread[:, columns] = part.supports
        supports.append(spread)
    patterns, entry = np.unique(np.concatenate(supports), axis=0, return_inverse=True)
    numbers = np.zeros(patterns.shape[0], dtype=np.int64)
    np.add.at(numbers, entry.ravel(), np.concatenate([part.numbers for part in parts]))
    m, n = np.array(kinds).T
    counts = [part.operators.shape[0] for part in parts]
    return Branches(
        dimension=dimension,
        heat=heat,
        entropy=entropy,
        log_weights=np.repeat(log_weights, counts),
        rows=m,
        columns=n,
        elements=np.concatenate(elements),
        mu=np.repeat(mu, counts),
        nu=np.repeat(nu, counts),
        pairs=PairSupports(supports=patterns, numbers=numbers),
    )
