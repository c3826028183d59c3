"""What the compiled kernels of jump trajectories read: plain arrays, one named tuple for each concern.

Real and imaginary parts are apart (first axis 0 and 1), all arrays are C-contiguous and read-only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, IntArray, frozen

__all__ = [
    "COEFFICIENTS",
    "FIRST_PROPAGATOR",
    "GENERATOR",
    "MODES",
    "MODE_LOSSES",
    "Booking",
    "Chain",
    "Evolution",
    "Nodes",
    "Operators",
    "Output",
    "Transitions",
    "Workspace",
    "floats",
    "integers",
    "parts_apart",
    "workspace",
]


# Places in `Evolution.matrices`, by modes and by digits.
MODES, COEFFICIENTS, MODE_LOSSES = 0, 1, 2
GENERATOR, FIRST_PROPAGATOR = 0, 1


class Booking(NamedTuple):
    """What a jump sends into the baths, as a whole number of quanta of some kind.

    Attributes:
        kind: Kind of quantum per jump, -1 if it sends nothing, shape (J,).
        sign: +1 or -1 quanta per jump, shape (J,).
        values: What a quantum of each kind adds to each booked quantity, shape (kinds, Q).
    """

    kind: IntArray
    sign: IntArray
    values: FloatArray


class Chain(NamedTuple):
    """Jumps that all lead from one energy level to another.

    Attributes:
        duration: Of the process.
        energies: Shape (d,).
        mean_waits: Mean time until each level is left, infinite if it never is, shape (d,).
        offsets: Where each level's jumps begin among the following, shape (d + 1,).
        which: Jump numbers by level, shape (J,).
        target: The level each leads to, shape (J,).
        cumulative: Rates added up within each level, shape (1, J).
        start_vectors: Initial vectors as rows, shape (R, d).
        start_weights: Their populations, shape (R, d).
        start_levels: Those added up, shape (R, d).
        silent_ends: Cumulative probabilities of the final vectors without any jump, per initial vector, shape (R, F).
        level_ends: The same for a path that ends in an energy level, shape (d, F).
    """

    duration: float
    energies: FloatArray
    mean_waits: FloatArray
    offsets: IntArray
    which: IntArray
    target: IntArray
    cumulative: FloatArray
    start_vectors: ComplexArray
    start_weights: FloatArray
    start_levels: FloatArray
    silent_ends: FloatArray
    level_ends: FloatArray


class Operators(NamedTuple):
    """Jump operators as sparse matrices.

    A jump of rank one always leads to the same state. Then only its row vector is kept (row 0), and `node` names the
    prepared state it leads to.

    Attributes:
        node: Prepared state per jump, -1 if it leads to many, shape (J,).
        offsets: Where each jump's elements begin, shape (J + 1,).
        places: Row and column of every element, rows ascending within a jump, shape (E, 2).
        values: Real and imaginary parts of the elements, shape (E, 2).
    """

    node: IntArray
    offsets: IntArray
    places: IntArray
    values: FloatArray


class Evolution(NamedTuple):
    """The evolution between jumps, block by invariant block, in one of two forms.

    Attributes:
        duration: Of the process.
        by_modes: Whether by eigenvectors of the effective Hamiltonian; else by the binary digits of the time.
        blocks: Where each invariant block begins, shape (B + 1,).
        exponents: Eigenvalues of -i H_eff, shape (2, d).
        matrices: By modes: eigenvectors, their inverse, Gamma between eigenvectors. By digits: -i H_eff (for what is
            left after the last digit), the evolution over each step, what is lost over each. Shape (K, 2, d, d).
        steps: Duration / 2^k, one for each propagator; empty by modes.
        taylor_order: Order to which the evolution after the last digit is expanded.
        loss_offsets: Where each block's elements of Gamma begin, shape (B + 1,).
        loss_places: Row and column of its elements on and above the diagonal, shape (G, 2).
        loss_values: Real and imaginary parts, those above the diagonal doubled, shape (G, 2).
        ends: Final vectors as rows, shape (2, F, d).
    """

    duration: float
    by_modes: bool
    blocks: IntArray
    exponents: FloatArray
    matrices: FloatArray
    steps: FloatArray
    taylor_order: int
    loss_offsets: IntArray
    loss_places: IntArray
    loss_values: FloatArray
    ends: FloatArray


class Nodes(NamedTuple):
    """States that many paths pass through (initial vectors, and where jumps of rank one lead), prepared once.

    Attributes:
        coefficients: Mode amplitudes, or the state itself without modes, shape (N, 2, d).
        rates: Rate of jumps at the beginning, shape (N,).
        block_offsets: Where each state's blocks begin in the next array, shape (N + 1,).
        blocks: Blocks that each state occupies, shape (A,).
        total_loss: Probability of a jump within the whole duration, shape (N,).
        quantiles: Waiting time and rate of jumps after which 0, 1/M, ..., 1 of that probability is lost,
            shape (N, M + 1, 2); M = 0 where none are prepared.
    """

    coefficients: FloatArray
    rates: FloatArray
    block_offsets: IntArray
    blocks: IntArray
    total_loss: FloatArray
    quantiles: FloatArray


class Output(NamedTuple):
    """What a kernel writes, one entry a path.

    Attributes:
        end: Final vector found, shape (n,).
        jumps: Number of jumps, shape (n,).
        booked: Booked quantities, shape (n, Q).
        states: States at the times asked for, shape (n, times, d).
        keep: Whether jumps are recorded.
        col_times: Times of jumps, path after path.
        col_which: Which jumps.
        offsets: Where each path's jumps begin, shape (n + 1,).
    """

    end: IntArray
    jumps: IntArray
    booked: FloatArray
    states: ComplexArray
    keep: bool
    col_times: FloatArray
    col_which: NDArray[np.int32]
    offsets: IntArray


class Workspace(NamedTuple):
    """Where a kernel keeps the state it follows. Vectors have shape (2, d).

    Attributes:
        psi: The state at the time looked at.
        c: What it evolves from: mode amplitudes after the last jump, or the state itself without modes.
        y: Scratch.
        z: Scratch.
        phi: Scratch.
        active: The invariant blocks it occupies: their number first, then which. Vectors mean nothing elsewhere,
            except `psi`, which is zero there.
        weights: Scratch for the final measurement, shape (1, F).
    """

    psi: FloatArray
    c: FloatArray
    y: FloatArray
    z: FloatArray
    phi: FloatArray
    active: IntArray
    weights: FloatArray


def workspace(evolution: Evolution) -> Workspace:
    """A workspace for one call of a kernel."""
    dimension, blocks = evolution.exponents.shape[1], evolution.blocks.size
    psi, c, y, z, phi = (np.zeros((2, dimension)) for _ in range(5))
    active, weights = np.zeros(blocks, dtype=np.int64), np.zeros((1, evolution.ends.shape[1]))
    return Workspace(psi=psi, c=c, y=y, z=z, phi=phi, active=active, weights=weights)


class Transitions(NamedTuple):
    """Laws of the next jump from each prepared state, where every jump leads to one state.

    A *pair* is a prepared state and a jump that is possible from it.

    Attributes:
        duration: Of the process.
        exponents: Eigenvalues of -i H_eff, shape (2, d).
        offsets: Where each state's pairs begin, shape (N + 1,).
        which: The jump of every pair, shape (P,).
        target: The state it leads to, shape (P,).
        cumulative: Probability of each pair's jump being the next one, within the duration, added up within each
            state, shape (1, P).
        totals: The same, not added up, shape (P,).
        amplitudes: The jump's amplitude from each mode of the state, shape (P, 2, d).
        quantiles: Coefficients of polynomials for the quantiles of the jump's time, shape (P, 2, cells, degree + 1).
        exact: Whether a polynomial needs no correction, shape (P, 2, cells).
    """

    duration: float
    exponents: FloatArray
    offsets: IntArray
    which: IntArray
    target: IntArray
    cumulative: FloatArray
    totals: FloatArray
    amplitudes: FloatArray
    quantiles: FloatArray
    exact: BoolArray


def floats(values: ArrayLike) -> FloatArray:
    """A contiguous, read-only array of its own."""
    return frozen(np.array(values, dtype=np.float64, order="C"))


def integers(values: ArrayLike) -> IntArray:
    """A contiguous, read-only array of its own."""
    return frozen(np.array(values, dtype=np.int64, order="C"))


def parts_apart(values: ComplexArray, axis: int = 0) -> FloatArray:
    """Real and imaginary parts along a new axis."""
    apart: FloatArray = frozen(np.ascontiguousarray(np.stack([values.real, values.imag], axis=axis)))
    return apart
