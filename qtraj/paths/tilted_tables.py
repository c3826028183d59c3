"""What the compiled kernels of tilted paths read: plain arrays, one named tuple for jumps and one for stages."""

from __future__ import annotations

from typing import NamedTuple

from qtraj.arrays import ComplexArray, FloatArray, IntArray

__all__ = ["TiltedJumpTables", "TiltedStageTables"]


class TiltedJumpTables(NamedTuple):
    """A tilted jump process; time is cut into equal cells.

    Attributes:
        cell: Length of a cell.
        generator: A, shape (d, d).
        steps: :math:`e^{Ah2^k}` for a cell of length h, k ascending, shape (K, d, d).
        order: Order to which :math:`e^{At}` is expanded within a cell.
        boundaries: l at the cells' ends, shape (M + 1, d, d).
        coefficients: l within cell j is the sum over p of these times (time to its end / h)^p, shape (M, P, d, d).
        jumps: :math:`L_k`, shape (J, d, d).
        weights: :math:`w_k`, shape (J,).
        starts: Initial vectors as rows, shape (R, d).
        ends: Final vectors as rows, shape (F, d).
        end_weights: Their weights in :math:`l_T`, shape (F,).
    """

    cell: float
    generator: ComplexArray
    steps: ComplexArray
    order: int
    boundaries: ComplexArray
    coefficients: ComplexArray
    jumps: ComplexArray
    weights: FloatArray
    starts: ComplexArray
    ends: ComplexArray
    end_weights: FloatArray


class TiltedStageTables(NamedTuple):
    """A tilted process made of stages.

    Attributes:
        stage_of: Which of the distinct stages each step is, shape (K,).
        reservoir_of: Reservoir of every distinct stage, -1 for none, shape (S,).
        first: Where the branches of each distinct stage begin, shape (S + 1,).
        offsets: Where the elements of each branch begin, shape (B + 1,).
        row: Row of every element, shape (E,).
        column: Column of every element.
        value: The elements, square roots of probability and tilt included.
        entropies: Entropy into the reservoir per branch, shape (B,).
        heats: Heat likewise.
        futures: l after every step, each in units of its own, shape (K, d, d).
        starts: Initial vectors as rows, shape (R, d).
        ends: Final vectors as rows, shape (F, d).
        end_weights: Their weights, shape (F,).
    """

    stage_of: IntArray
    reservoir_of: IntArray
    first: IntArray
    offsets: IntArray
    row: IntArray
    column: IntArray
    value: ComplexArray
    entropies: FloatArray
    heats: FloatArray
    futures: ComplexArray
    starts: ComplexArray
    ends: ComplexArray
    end_weights: FloatArray
