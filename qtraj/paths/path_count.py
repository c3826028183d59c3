"""How many labelled paths are structurally possible, without listing them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from qtraj.arrays import BoolArray
from qtraj.processes.seam import Branches, Endpoint, Stage

__all__ = ["count_label_sequences"]

# Sets of levels that a path can occupy; real processes have a handful.
MOST_SETS = 10_000

# Python refuses to print whole numbers of more than 4300 digits.
MOST_BITS = 14_000

_Levels = bytes


def count_label_sequences(stages: tuple[Stage, ...], start: Endpoint, end: Endpoint) -> int | None:
    r"""Number of paths (alpha, mu_1, nu_1, ..., mu_K, nu_K, beta, n, m) that the energy mask allows.

    A path is followed through the set of energy levels it can occupy: a branch with elements
    :math:`\langle m|K|n\rangle` above the amplitude cut takes a set to all m it reaches. Paths whose amplitudes cancel
    are therefore counted; for a single stage `PathLaw` counts amplitudes themselves.

    Returns:
        The number, of up to 4000 digits; None beyond, or if there are too many sets to keep account of.
    """
    sets: Counter[_Levels] = Counter()
    for alpha in range(start.outcomes.count):
        vectors = start.outcomes.vectors[:, start.outcomes.outcome_of == alpha]
        sets[_pack((vectors != 0).any(axis=1))] += _label_count(start, alpha)
    dimension = start.outcomes.vectors.shape[0]
    known: dict[tuple[int, _Levels], Counter[_Levels]] = {}
    for stage in stages:
        following: Counter[_Levels] = Counter()
        for levels, number in sets.items():
            key = (id(stage), levels)
            if key not in known:
                known[key] = _images(stage.branches, _unpack(levels, dimension))
            for image, ways in known[key].items():
                following[image] += number * ways
        sets = following
        if len(sets) > MOST_SETS:
            return None
    ends = [
        ((end.outcomes.vectors[:, end.outcomes.outcome_of == beta] != 0).any(axis=1), _label_count(end, beta))
        for beta in range(end.outcomes.count)
    ]
    total = sum(
        number * labels
        for levels, number in sets.items()
        for support, labels in ends
        if (support & _unpack(levels, dimension)).any()
    )
    return total if total.bit_length() <= MOST_BITS else None


def _images(branches: tuple[Branches, ...], levels: BoolArray) -> Counter[_Levels]:
    """Where each branch takes a set of levels, and how many branches take it there."""
    images: Counter[_Levels] = Counter()
    for batch in branches:
        live = levels[batch.columns]
        reached = np.zeros((batch.elements.shape[0], levels.size), dtype=np.bool_)
        for position in np.flatnonzero(live):
            reached[:, batch.rows[position]] |= batch.elements[:, position] != 0
        kinds, numbers = np.unique(reached[reached.any(axis=1)], axis=0, return_counts=True)
        for kind, number in zip(kinds, numbers, strict=True):
            images[_pack(kind)] += int(number)
    return images


def _label_count(end: Endpoint, outcome: int) -> int:
    return 1 if end.log_conditional is None else int(np.isfinite(end.log_conditional[outcome]).sum())


def _pack(levels: BoolArray) -> _Levels:
    return np.packbits(levels).tobytes()


def _unpack(levels: _Levels, dimension: int) -> BoolArray:
    return np.unpackbits(np.frombuffer(levels, dtype=np.uint8), count=dimension).astype(np.bool_)
