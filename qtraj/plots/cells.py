r"""From an ensemble to the bars of a histogram: the same cells for what was sampled and for the exact law.

A law of paths is discrete. Its atoms are shown one by one where the eye can tell them apart; otherwise both the counts
and the exact law are added up over the same bins. The law is never smoothed, nor evaluated at the centre of a bin.

Symbols: N paths, k of them in a cell, P the exact probability of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import betaincinv, logsumexp

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble

__all__ = ["Bins", "Cells", "axis_floor", "frequency_interval", "make_cells"]

Bins: TypeAlias = Literal["auto", "atoms"] | int

DEFAULT_BINS = 90
MOST_BINS = 2000

# More bars than this in a column 3.4 inches wide are narrower than the marks on them.
MOST_ATOMS = 80

# On a linear axis a thousandth of the probability is thinner than a line, on whichever side it lies.
INVISIBLE_TAIL = 5e-4

# One standard deviation of a normal law, each side.
LOWER_TAIL = 0.15865525393145707


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Bars of a histogram.

    Attributes:
        centres: Where the bars stand, ascending, shape (B,).
        widths: How wide they are, shape (B,).
        counts: Paths in each, shape (B,).
        log_probabilities: ln of the exact probability of each; -inf for an empty bin, shape (B,).
        paths: Number of paths N of the whole ensemble, also those outside the cells shown.
        are_atoms: Whether each cell is one atom of the law.
    """

    centres: FloatArray
    widths: FloatArray
    counts: IntArray
    log_probabilities: FloatArray
    paths: int
    are_atoms: bool

    @property
    def frequencies(self) -> FloatArray:
        """Sampled frequency k/N of each cell, shape (B,)."""
        frequencies: FloatArray = self.counts / self.paths
        return frequencies

    @property
    def probabilities(self) -> FloatArray:
        """Exact probability of each cell, shape (B,)."""
        probabilities: FloatArray = np.exp(self.log_probabilities)
        return probabilities

    @property
    def edges(self) -> FloatArray:
        """Edges of neighbouring bins, shape (B + 1,)."""
        return np.append(self.centres - self.widths / 2, self.centres[-1] + self.widths[-1] / 2)


def frequency_interval(counts: IntArray, paths: int) -> tuple[FloatArray, FloatArray]:
    """Central 68 % interval for the probability behind a count k of N (Jeffreys: beta law with k + 1/2, N - k + 1/2).

    Unlike sqrt(k)/N it does not shrink to nothing at k = 0, and it stays between 0 and 1. At k = 0 it begins at 0, and
    at k = N it ends at 1.

    Returns:
        Lower and upper ends, of the shape of `counts`.

    Example:
        >>> low, high = frequency_interval(np.array([0, 50]), 100)
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.0, 0.45], [0.01, 0.55])
    """
    a, b = counts + 0.5, paths - counts + 0.5
    low = np.where(counts == 0, 0.0, betaincinv(a, b, LOWER_TAIL))
    high = np.where(counts == paths, 1.0, betaincinv(a, b, 1 - LOWER_TAIL))
    return low, high


def axis_floor(paths: int) -> float:
    """The smallest probability that a logarithmic axis shows: a decade and a half below one path."""
    return min(1e-4, 0.03 / paths)


def make_cells(ensemble: Ensemble, quantity: str, *, log: bool = False, bins: Bins = "auto") -> Cells:
    """Counts and exact probabilities of the cells to draw.

    Args:
        ensemble: The sampled paths.
        quantity: sigma, sigma_d, xi or heat.
        log: Whether the axis will be logarithmic. The tails that it cannot show are left out: the outermost
            `axis_floor` of the probability on either side, or else 0.05 %, if the sample does not differ from the law.
        bins: `atoms`, a number of bins over what is kept, or `auto`: atoms if there are at most 80.

    Raises:
        InvalidInput: If `bins` is none of these.
        NotRecorded: If the protocol does not define the quantity.
    """
    if not (bins in ("auto", "atoms") or _is_count(bins)):
        raise InvalidInput(f"`bins` must be 'auto', 'atoms' or a whole number from 1 to {MOST_BINS}, but is {bins!r}")
    law = ensemble.law.distribution(quantity)
    counts = law.counts(ensemble.class_counts)
    floor = axis_floor(ensemble.paths)
    window = _window(law.log_probabilities, counts, ensemble.paths, floor if log else INVISIBLE_TAIL)
    atoms, logs, counts = law.atoms[window], law.log_probabilities[window], counts[window]
    visible = (logs >= np.log(floor)) | (counts > 0) if log else np.ones(atoms.size, dtype=bool)
    are_atoms = bins == "atoms" or (bins == "auto" and int(np.count_nonzero(visible)) <= MOST_ATOMS)
    if are_atoms:
        atoms, logs, counts = atoms[visible], logs[visible], counts[visible]
        widths: FloatArray = np.full(atoms.size, _bar_width(atoms))
    else:
        # Bins hold all atoms there are: many that are too rare to be shown may add up to one that is not.
        atoms, widths, counts, logs = _binned(atoms, counts, logs, int(bins) if _is_count(bins) else DEFAULT_BINS)
    return Cells(
        centres=frozen(atoms),
        widths=frozen(widths),
        counts=frozen(counts),
        log_probabilities=frozen(logs),
        paths=ensemble.paths,
        are_atoms=are_atoms,
    )


def _is_count(bins: object) -> bool:
    return isinstance(bins, (int, np.integer)) and not isinstance(bins, bool) and bool(1 <= bins <= MOST_BINS)


def _window(log_probabilities: FloatArray, counts: IntArray, paths: int, tail: float) -> slice:
    """The atoms between the tails, a tail being all that the law and the sample agree to be rarer than `tail`."""
    visible = np.zeros(counts.size, dtype=bool)
    for weights in (np.exp(log_probabilities), counts / paths):
        visible |= (np.cumsum(weights) > tail) & (np.cumsum(weights[::-1])[::-1] > tail)
    shown = np.flatnonzero(visible)
    return slice(int(shown[0]), int(shown[-1]) + 1)


def _bar_width(atoms: FloatArray) -> float:
    """Four fifths of the smallest gap, within limits that keep bars visible, and slender where there are few."""
    if atoms.size == 1:
        return 0.1
    span = float(atoms[-1] - atoms[0])
    return float(np.clip(0.8 * np.diff(atoms).min(), span / 90, span / 25))


def _binned(
    atoms: FloatArray, counts: IntArray, logs: FloatArray, number: int
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    """Centres, widths, counts and log-probabilities of equal bins over the atoms."""
    low, high = float(atoms[0]), float(atoms[-1])
    width = (high - low) / number if high > low else 1.0
    # The bin is decided once for an atom, so that counts and law cannot fall on different sides of an edge.
    bin_of = np.minimum(((atoms - low) / width).astype(np.int64), number - 1)
    totals = np.zeros(number, dtype=np.int64)
    log_totals: FloatArray = np.full(number, -np.inf)
    np.add.at(totals, bin_of, counts)
    for k in np.unique(bin_of):
        log_totals[k] = logsumexp(logs[bin_of == k])
    centres: FloatArray = low + width * (np.arange(number, dtype=np.float64) + 0.5)
    return centres, np.full(number, width), totals, log_totals
