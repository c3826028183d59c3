"""From an ensemble to the marks of a joint map: atoms where they can be told apart, else the cells of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import atoms_of, lattice_step
from qtraj.plots.cells import axis_floor
from qtraj.quantum.scalars import instance_of

__all__ = ["JointCells", "joint_cells", "quantum_of"]

LARGEST_AREA, SMALLEST_AREA = 90.0, 3.0
"""Areas of marks in square points, for the likeliest and for the rarest probability shown."""

# More atoms than this cover each other; they are joined in the cells of a grid, whose marks just touch.
MOST_MARKS = 150
GRID = 30
GRID_AREA = 22.0

MOST_PLACES = 60
"""Unless they lie on a lattice, where they never cover each other: up to so many places in a row."""

# The length of that row.
AXIS_POINTS = 120.0

ROUNDED = 1e-9
"""Values are sums of quanta, good to 1e-15 of the largest a term."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JointCells:
    """Atoms of the joint law, or cells of a grid, the likeliest first.

    Attributes:
        positions: Both quantities, shape (K, 2).
        counts: Paths in each, shape (K,).
        probabilities: Exact probability of each, shape (K,); None without a law.
        paths: Number of paths N.
        are_atoms: Whether each is one pair of values.
        largest_area: Area of the largest mark that still covers no neighbour, in square points.
    """

    positions: FloatArray
    counts: IntArray
    probabilities: FloatArray | None
    paths: int
    are_atoms: bool
    largest_area: float

    @property
    def frequencies(self) -> FloatArray:
        """Sampled frequency of each, shape (K,)."""
        frequencies: FloatArray = self.counts / self.paths
        return frequencies

    @property
    def weights(self) -> FloatArray:
        """What discs show: the exact probabilities, or the frequencies if there are none."""
        return self.frequencies if self.probabilities is None else self.probabilities


def joint_cells(ensemble: Ensemble, x: str = "sigma_d", y: str = "xi") -> JointCells:
    """The atoms that were seen or are no rarer than `axis_floor`.

    They are joined on a grid of 30 by 30 if there are more than 150, unless they lie on a lattice of 60 by 60.

    Raises:
        InvalidInput: If both quantities are the same.
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define one of them.
    """
    for argument, name in (("x", x), ("y", y)):
        instance_of(name, str, argument)
    if x == y:
        raise InvalidInput(f"`x` and `y` must be two different quantities, but both are {x!r}")
    found = atoms_of(ensemble, x, y)
    positions, counts = found.values, found.counts
    exact = None if found.log_probabilities is None else np.exp(found.log_probabilities)
    visible = _visible(counts, exact, ensemble.paths)
    places = _places(positions[visible])
    are_atoms = int(np.count_nonzero(visible)) <= MOST_MARKS or places is not None
    area = LARGEST_AREA if places is None else float(np.clip((AXIS_POINTS / places) ** 2, SMALLEST_AREA, LARGEST_AREA))
    if not are_atoms:
        area = GRID_AREA
        positions, counts, exact = _on_a_grid(positions, counts, exact, visible)
        visible = _visible(counts, exact, ensemble.paths)
    positions, counts = positions[visible], counts[visible]
    exact = None if exact is None else exact[visible]
    # Likely ones first, so that rare ones, which are smaller, are drawn on top of them.
    order = np.argsort(-(counts if exact is None else exact), kind="stable")
    return JointCells(
        positions=positions[order],
        counts=counts[order],
        probabilities=None if exact is None else exact[order],
        paths=ensemble.paths,
        are_atoms=are_atoms,
        largest_area=area,
    )


def _on_a_grid(
    positions: FloatArray, counts: IntArray, exact: FloatArray | None, visible: BoolArray
) -> tuple[FloatArray, IntArray, FloatArray | None]:
    """Add everything up over the cells of a grid that holds all `visible` atoms: centres, counts and probabilities."""
    low, high = positions[visible].min(axis=0), positions[visible].max(axis=0)
    # Cells hold all atoms there are: many that are too rare to be shown may add up to one that is not.
    inside = ((positions >= low) & (positions <= high)).all(axis=1)
    quanta = np.array([quantum_of(column) for column in positions[visible].T])
    low = low - quanta / 2
    step = np.where(high > low, high + quanta / 2 - low, 1.0) / GRID
    # Cells hold equally many whole quanta, or a pattern would appear that is in no law.
    step = np.where(quanta > 0, quanta * np.ceil(step / np.where(quanta > 0, quanta, 1.0) - ROUNDED), step)
    corner = np.minimum(((positions[inside] - low) / step).astype(np.int64), GRID - 1)
    flat, cell_of = np.unique(corner[:, 0] * GRID + corner[:, 1], return_inverse=True)
    totals = np.zeros(flat.size, dtype=np.int64)
    np.add.at(totals, cell_of, counts[inside])
    added = None if exact is None else np.bincount(cell_of, weights=exact[inside]).astype(np.float64)
    return low + step * (np.stack(np.divmod(flat, GRID), axis=1) + 0.5), totals, added


def _visible(counts: IntArray, exact: FloatArray | None, paths: int) -> BoolArray:
    seen: BoolArray = counts > 0
    return seen if exact is None else seen | (exact >= axis_floor(paths))


def _places(positions: FloatArray) -> int | None:
    """Places along the longer side of the lattice that all positions lie on; None without one, or if it is too fine."""
    most = 1
    for column in positions.T:
        span, quantum = float(np.ptp(column)), quantum_of(column)
        if span > 0 and quantum == 0:
            return None
        most = max(most, round(span / quantum) + 1 if span > 0 else 1)
    return most if most <= MOST_PLACES else None


def quantum_of(column: FloatArray) -> float:
    """What all values are whole multiples of, seen from the first; 0 if there is no such thing."""
    values = np.unique(column)
    # Merged values of one quantity differ by rounding where the other one differs.
    values = values[np.diff(values, prepend=-np.inf) > ROUNDED * max(1e-300, float(np.ptp(values)))]
    return lattice_step(values) or 0.0
