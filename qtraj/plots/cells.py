r"""From an ensemble to the bars of a histogram: the same cells for what was sampled and for the exact law.

A law of paths is discrete. Its atoms are shown one by one where the eye can tell them apart, a few very close ones in
one bar; otherwise both the counts and the exact law are added up over the same bins. The law is never smoothed, nor
evaluated at the centre of a bin. Where paths can only be followed there is no law, and cells hold counts alone.

Symbols: N paths, k of them in a cell, P the exact probability of the cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import betaincinv, logsumexp

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import atoms_of, lattice_step
from qtraj.plots.window import choose_window

__all__ = ["Bins", "Cells", "axis_floor", "frequency_interval", "make_cells"]

Bins: TypeAlias = Literal["auto", "atoms"] | int

DEFAULT_BINS = 90
FEWEST_BINS = 10
MOST_BINS = 2000

# More bars than this in a column 3.4 inches wide are narrower than the marks on them.
MOST_ATOMS = 80

# Where most atoms had to be joined, more bars than this are what a dense law would give, which is better shown in bins.
MOST_JOINED = 40

# Bars are no narrower than one of so many parts of the axis; atoms that are closer would stand behind each other.
MOST_BARS = 90

# On a linear axis, bars lower than this part of the highest are no higher than a line is thick.
LINE = 2e-3

# Without a law: on average an atom must have been seen so often to be shown for itself.
FEWEST_REPEATS = 4

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
        log_probabilities: ln of the exact probability of each; -inf for an empty bin, shape (B,). None without a law.
        paths: Number of paths N of the whole ensemble, also those outside the cells shown.
        are_atoms: Whether each cell is a single value, or a few that cannot be told apart.
        spread: How far apart the values in a bar of several are, at most; 0 if every bar has one, or in bins.
        below: Paths to the left of all cells.
        above: Paths to the right of all cells.
    """

    centres: FloatArray
    widths: FloatArray
    counts: IntArray
    log_probabilities: FloatArray | None
    paths: int
    are_atoms: bool
    spread: float
    below: int
    above: int

    @property
    def frequencies(self) -> FloatArray:
        """Sampled frequency k/N of each cell, shape (B,)."""
        frequencies: FloatArray = self.counts / self.paths
        return frequencies

    @property
    def probabilities(self) -> FloatArray | None:
        """Exact probability of each cell, shape (B,); None without a law."""
        return None if self.log_probabilities is None else np.exp(self.log_probabilities)

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
    """Counts and, where there is a law, exact probabilities of the cells to draw.

    Args:
        ensemble: The sampled paths.
        quantity: Any that the ensemble has values of.
        log: Whether the axis will be logarithmic. The tails that it cannot show are left out: the outermost
            `axis_floor` of the probability on either side, or else 0.05 %, if the sample does not differ from the law.
            What was seen not far beyond is kept (see `choose_window`).
        bins: `atoms`, a number of bins over what is kept, or `auto`: atoms, those closer than a 90th of the axis
            joined, if at most 80 can be seen (40 if most of them are joined), and if they were seen a few times each
            where there is no law.

    Raises:
        InvalidInput: If `bins` is none of these.
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define the quantity.
    """
    if not (bins in ("auto", "atoms") or _is_count(bins)):
        raise InvalidInput(f"`bins` must be 'auto', 'atoms' or a whole number from 1 to {MOST_BINS}, but is {bins!r}")
    found = atoms_of(ensemble, quantity)
    paths, floor = ensemble.paths, axis_floor(ensemble.paths)
    window = choose_window(
        found.values[:, 0], found.counts, found.log_probabilities, paths=paths, tail=floor if log else INVISIBLE_TAIL
    )
    atoms, counts = found.values[window.atoms, 0], found.counts[window.atoms]
    logs = None if found.log_probabilities is None else found.log_probabilities[window.atoms]
    span = float(atoms[-1] - atoms[0])
    bars = _Columns(atoms, counts, logs, np.zeros(atoms.size))
    if bins == "auto":
        bars = bars.joined(span / MOST_BARS)
    shown = bars.weights(paths) >= (floor if log else LINE * float(bars.weights(paths).max()))
    most = MOST_ATOMS if 2 * bars.centres.size >= atoms.size else MOST_JOINED
    are_atoms = bins == "atoms" or (bins == "auto" and int(np.count_nonzero(shown)) <= most)
    if logs is None and bins == "auto":
        # Values that hardly ever repeat are those of a quantity with far more than were seen.
        are_atoms = are_atoms and FEWEST_REPEATS * (atoms.size - 1) <= paths
    if are_atoms:
        kept = shown | (bars.counts > 0) if log else np.ones(shown.size, dtype=bool)
        # Bars too low to be seen take no room.
        width = _bar_width(bars.centres[kept if log else shown], span)
        atoms, counts = bars.centres[kept], bars.counts[kept]
        logs = None if bars.logs is None else bars.logs[kept]
        spread = float(bars.spreads[kept].max())
        widths: FloatArray = np.full(atoms.size, width)
    else:
        # Bins hold all atoms there are: many that are too rare to be shown may add up to one that is not.
        spread = 0.0
        edges = _edges(atoms, int(bins) if _is_count(bins) else None, paths if logs is None else None)
        atoms, widths, counts, logs = _binned(atoms, counts, logs, edges)
    return Cells(
        centres=frozen(atoms),
        widths=frozen(widths),
        counts=frozen(counts),
        log_probabilities=None if logs is None else frozen(logs),
        paths=paths,
        are_atoms=are_atoms,
        spread=spread,
        below=window.below,
        above=window.above,
    )


@dataclass(frozen=True, eq=False)
class _Columns:
    """Bars before it is decided which to draw."""

    centres: FloatArray
    counts: IntArray
    logs: FloatArray | None
    spreads: FloatArray

    def weights(self, paths: int) -> FloatArray:
        """What makes a bar visible: its exact probability or, without a law, its frequency."""
        return self.counts / paths if self.logs is None else np.exp(self.logs)

    def joined(self, reach: float) -> _Columns:
        """One bar for all atoms within `reach`: side by side they would hide each other."""
        starts = [0]
        while (after := int(np.searchsorted(self.centres, self.centres[starts[-1]] + reach, side="right"))) < len(
            self.centres
        ):
            starts.append(after)
        sizes = np.diff(starts, append=self.centres.size)
        counts = np.add.reduceat(self.counts, starts)
        logs = None if self.logs is None else np.logaddexp.reduceat(self.logs, starts)
        shares = self.counts / np.repeat(counts, sizes) if logs is None else np.exp(self.logs - np.repeat(logs, sizes))
        first = self.centres[starts]
        centres = first + np.add.reduceat(shares * (self.centres - np.repeat(first, sizes)), starts)
        return _Columns(centres, counts, logs, self.centres[np.cumsum(sizes) - 1] - first)


def _is_count(bins: object) -> bool:
    return isinstance(bins, (int, np.integer)) and not isinstance(bins, bool) and bool(1 <= bins <= MOST_BINS)


def _bar_width(standing: FloatArray, span: float) -> float:
    """Four fifths of the smallest gap, within limits that keep bars visible, and slender where there are few."""
    if span == 0:
        return 0.1
    return float(np.clip(0.8 * np.diff(standing).min(initial=span), span / MOST_BARS, span / 25))


def _edges(atoms: FloatArray, number: int | None, sampled: int | None) -> FloatArray:
    """Edges of equal bins over the atoms.

    Args:
        atoms: Ascending.
        number: How many bins, or None for a number that suits the figure.
        sampled: Number of paths, where counts have no law beside them that would show what is only scatter.
    """
    low, high = float(atoms[0]), float(atoms[-1])
    wanted = number or (DEFAULT_BINS if sampled is None else min(DEFAULT_BINS, max(FEWEST_BINS, math.isqrt(sampled))))
    if high == low:
        return np.array([low - 0.5, low + 0.5]) if number is None else low + np.arange(number + 1, dtype=np.float64)
    if number is None and (step := lattice_step(atoms)) is not None:
        # Every bin holds equally many multiples of the step, or a comb would appear that is in no distribution.
        places = round((high - low) / step) + 1
        width = step * -(-places // wanted)
        return low - step / 2 + width * np.arange(math.ceil(places * step / width) + 1, dtype=np.float64)
    return low + (high - low) / wanted * np.arange(wanted + 1, dtype=np.float64)


def _binned(
    atoms: FloatArray, counts: IntArray, logs: FloatArray | None, edges: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray, FloatArray | None]:
    """Centres, widths, counts and log-probabilities of equal bins."""
    number, width = edges.size - 1, float(edges[1] - edges[0])
    # The bin is decided once for an atom, so that counts and law cannot fall on different sides of an edge.
    bin_of = np.clip(((atoms - edges[0]) / width).astype(np.int64), 0, number - 1)
    totals = np.zeros(number, dtype=np.int64)
    np.add.at(totals, bin_of, counts)
    log_totals: FloatArray | None = None
    if logs is not None:
        log_totals = np.full(number, -np.inf)
        for k in np.unique(bin_of):
            log_totals[k] = logsumexp(logs[bin_of == k])
    centres: FloatArray = edges[0] + width * (np.arange(number, dtype=np.float64) + 0.5)
    return centres, np.full(number, width), totals, log_totals
