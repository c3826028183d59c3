r"""The action of the exponential of a generator on a vector, by whichever way is cheaper, and without overflow."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from qtraj.arrays import ComplexArray, IntArray, SparseMatrix

__all__ = ["SMALL", "connected_parts", "exponential_action"]

# A dense exponential of this size takes some milliseconds whatever the time; sparse products need as many as events.
SMALL = 100

# Beyond this many events sparse products cost more than a dense exponential, which squares its way through time and is
# affordable up to the size below (half a minute, one gigabyte).
MANY_EVENTS = 2e4
LARGEST_DENSE = 2500

# e^600 is a double; without its growth taken out, a dense exponential may reach that.
LARGEST_GROWTH = 600.0

# Up to a norm of 63 SciPy plans its sparse products from the norm alone; above, it estimates norms of powers first,
# which for generators costs twice as much as the products themselves.
LARGEST_STEP = 60.0


def exponential_action(
    generator: SparseMatrix | ComplexArray, vector: ComplexArray, time: float
) -> tuple[ComplexArray, float]:
    r"""Apply :math:`e^{Gt}` to a vector.

    Args:
        generator: G, shape (D, D), dense or sparse (CSR).
        vector: Shape (D,).
        time: t.

    Returns:
        The image, shape (D,), to be multiplied by exp(scale), and the scale (0 unless the image would overflow).

    Example:
        >>> from scipy.sparse import csr_array
        >>> image, scale = exponential_action(csr_array(np.diag([2000.0, 1.0])), np.ones(2, dtype=complex), 1.0)
        >>> round(float(np.log(image[0].real)) + scale, 9)
        2000.0
    """
    size = int(generator.shape[0])
    if not vector.any():
        return np.zeros_like(vector), 0.0
    if size > 1:
        sparse = csr_array(generator)
        parts = connected_parts(sparse, vector)
        if len(parts) > 1 or parts[0].size < size:
            # Conserved quantities leave most of the space empty for ever, and what turns fast must not blur the rest.
            images = [(own, *exponential_action(sparse[own][:, own], vector[own], time)) for own in parts]
            scale = max(own_scale for _, _, own_scale in images)
            image = np.zeros_like(vector)
            for own, part, own_scale in images:
                image[own] = part * np.exp(own_scale - scale)
            return image, scale
    events = float(abs(generator).sum(axis=0).max()) * time
    if size <= SMALL or (size <= LARGEST_DENSE and events > MANY_EVENTS):
        dense = generator if isinstance(generator, np.ndarray) else generator.toarray()
        return _dense(dense, vector, time, events)
    generator = csr_array(generator)
    steps = max(1, int(np.ceil(events / LARGEST_STEP)))
    scale = 0.0
    step = generator * (time / steps)
    trace = step.trace()
    for _ in range(steps):
        vector = scipy.sparse.linalg.expm_multiply(step, vector, traceA=trace)
        size_now = float(np.abs(vector).max())
        if not 1e-100 < size_now < 1e100:
            if size_now == 0:
                break
            vector, scale = vector / size_now, scale + float(np.log(size_now))
    return vector, scale


def connected_parts(generator: SparseMatrix, vector: ComplexArray) -> list[IntArray]:
    """Sets of indices that a sparse generator (CSR) connects with each other, of those where the vector is not zero.

    Example:
        >>> flip = csr_array(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]))
        >>> [part.tolist() for part in connected_parts(flip, np.array([1, 0, 0]))]
        [[0, 1]]
    """
    pattern = csr_array((np.ones(generator.nnz), generator.indices, generator.indptr), shape=generator.shape)
    _, labels = connected_components(pattern, directed=False)
    return [np.flatnonzero(labels == label) for label in np.unique(labels[vector != 0])]


def _dense(generator: ComplexArray, vector: ComplexArray, time: float, events: float) -> tuple[ComplexArray, float]:
    growth = 0.0
    if events > LARGEST_GROWTH:
        # Without its largest growth rate the exponential neither overflows nor vanishes. A generator that preserves the
        # trace has none: what is found is rounding, and must not be multiplied by a long time.
        found = float(np.linalg.eigvals(generator).real.max())
        growth = found if abs(found) * time > 1.0 else 0.0
    shifted = generator - growth * np.eye(generator.shape[0]) if growth else generator
    image: ComplexArray = scipy.linalg.expm(shifted * time) @ vector
    return image, growth * time
