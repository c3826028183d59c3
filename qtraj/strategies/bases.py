"""Strategies for orthonormal bases: permuted levels, a few rotations by simple angles, or Haar-random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from qtraj.arrays import ComplexArray

__all__ = ["angles", "bases"]

# Angles whose sines and cosines people recognise, then any.
SIMPLE_ANGLES = (np.pi / 4, np.pi / 2, np.pi / 3, np.pi / 6, -np.pi / 4, np.pi)

SEEDS = st.integers(0, 2**32 - 1)


def angles() -> st.SearchStrategy[float]:
    """Angles in radians: simple fractions of pi, then any from -pi to pi.

    Example:
        >>> from hypothesis import find
        >>> find(angles(), lambda angle: True) == np.pi / 4  # the simplest
        True
    """
    return st.sampled_from(SIMPLE_ANGLES) | st.floats(-np.pi, np.pi)


def bases(dimension: int, *, rotated: bool = True) -> st.SearchStrategy[ComplexArray]:
    """Orthonormal bases as the columns of a unitary matrix, shape (d, d).

    Args:
        dimension: d >= 1.
        rotated: False for permuted levels only, without superpositions.
    """
    return _bases(dimension, rotated)


@st.composite
def _bases(draw: st.DrawFn, dimension: int, rotated: bool) -> ComplexArray:
    levels = np.eye(dimension, dtype=np.complex128)
    if draw(st.booleans()):
        levels = levels[:, np.array(draw(st.permutations(range(dimension))))]
    if dimension == 1 or not rotated:
        return levels
    if draw(st.sampled_from(["rotations", "haar"])) == "haar":
        return haar_basis(dimension, draw(SEEDS))
    pairs = st.permutations(range(dimension)).map(lambda order: (order[0], order[1]))
    turns = st.tuples(pairs, angles(), st.just(0.0) | angles())
    basis = levels
    for pair, angle, phase in draw(st.lists(turns, max_size=2 * dimension)):
        basis = _turn(dimension, pair, angle, phase) @ basis
    return basis


def haar_basis(dimension: int, seed: int) -> ComplexArray:
    """A Haar-random unitary matrix [Mezzadri07]."""
    rng = np.random.default_rng(seed)
    unitary, triangle = np.linalg.qr(rng.normal(size=2 * (dimension,)) + 1j * rng.normal(size=2 * (dimension,)))
    phases = np.diagonal(triangle)
    return np.asarray(unitary * (phases / np.abs(phases)))


def _turn(dimension: int, pair: tuple[int, int], angle: float, phase: float) -> ComplexArray:
    """Rotation of two levels by `angle`, the second with a phase."""
    turn = np.eye(dimension, dtype=np.complex128)
    first, second = pair
    turn[first, first] = turn[second, second] = np.cos(angle)
    turn[first, second] = -np.sin(angle) * np.exp(1j * phase)
    turn[second, first] = np.sin(angle) * np.exp(-1j * phase)
    return turn
