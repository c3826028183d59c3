r"""The joint law of sigma_d and xi as a map: where a path's entropy production comes from.

Every path has :math:`\sigma = \sigma_d + \xi`, so that lines of constant entropy production fall from left to right.
Discs are the exact law: colour and area grow with the logarithm of the probability, because rare paths carry the
theorem. A ring round a disc is what was sampled, on the same scale: it hugs its disc where sample and law agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.cells import axis_floor
from qtraj.plots.labels import AXIS_LABELS
from qtraj.plots.style import FAINT, INK, LegendAbove, axes_to_draw_on, figure_of

__all__ = ["JointCells", "joint_cells", "joint_map"]

# Cividis runs from dark blue to yellow with steadily rising lightness, and looks the same to colour-blind readers.
# Reversed, likely paths are dark and rare ones pale.
COLOURS = "cividis_r"

# Areas of marks in square points, for the likeliest and for the rarest probability shown.
LARGEST_AREA, SMALLEST_AREA = 90.0, 3.0

# More atoms than this cover each other; they are joined in the cells of a grid, whose marks just touch.
MOST_MARKS = 150
GRID = 30

# Points between axes and legend, room for the values of sigma.
LEGEND_GAP = 14.0
GRID_AREA = 22.0


@dataclass(frozen=True, kw_only=True, eq=False)
class JointCells:
    """Atoms of the joint law, or cells of a grid, the likeliest first.

    Attributes:
        positions: sigma_d and xi, shape (K, 2).
        counts: Paths in each, shape (K,).
        probabilities: Exact probability of each, shape (K,).
        paths: Number of paths N.
        are_atoms: Whether each is one atom of the law.
    """

    positions: FloatArray
    counts: IntArray
    probabilities: FloatArray
    paths: int
    are_atoms: bool

    @property
    def frequencies(self) -> FloatArray:
        """Sampled frequency of each, shape (K,)."""
        frequencies: FloatArray = self.counts / self.paths
        return frequencies


def joint_cells(ensemble: Ensemble) -> JointCells:
    """The atoms that were seen or are no rarer than `axis_floor`; joined on a grid of 30 by 30 if more than 150.

    Raises:
        NotRecorded: If the protocol does not define sigma_d and xi.
    """
    law = ensemble.law.distribution("sigma_d", "xi")
    positions, counts, probabilities = law.values, law.counts(ensemble.class_counts), law.probabilities
    visible = (probabilities >= axis_floor(ensemble.paths)) | (counts > 0)
    are_atoms = int(np.count_nonzero(visible)) <= MOST_MARKS
    if not are_atoms:
        low, high = positions[visible].min(axis=0), positions[visible].max(axis=0)
        # Cells hold all atoms there are: many that are too rare to be shown may add up to one that is not.
        inside = ((positions >= low) & (positions <= high)).all(axis=1)
        step = np.where(high > low, high - low, 1.0) / GRID
        corner = np.minimum(((positions[inside] - low) / step).astype(np.int64), GRID - 1)
        flat, cell_of = np.unique(corner[:, 0] * GRID + corner[:, 1], return_inverse=True)
        totals = np.zeros(flat.size, dtype=np.int64)
        np.add.at(totals, cell_of, counts[inside])
        counts = totals
        probabilities = np.bincount(cell_of, weights=probabilities[inside]).astype(np.float64)
        positions = low + step * (np.stack(np.divmod(flat, GRID), axis=1) + 0.5)
        visible = (probabilities >= axis_floor(ensemble.paths)) | (counts > 0)
    positions, counts, probabilities = positions[visible], counts[visible], probabilities[visible]
    # Likely ones first, so that rare ones, which are smaller, are drawn on top of them.
    order = np.argsort(-probabilities, kind="stable")
    return JointCells(
        positions=positions[order],
        counts=counts[order],
        probabilities=probabilities[order],
        paths=ensemble.paths,
        are_atoms=are_atoms,
    )


def joint_map(ensemble: Ensemble, *, ax: Axes | None = None) -> Axes:
    r"""Draw the joint probabilities of :math:`\sigma_d` and :math:`\xi`, exact as discs and sampled as rings.

    Args:
        ensemble: The sampled paths.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.

    Returns:
        The axes; `.figure` is the figure. Atoms that were not seen and are rarer than a decade and a half below one
        path are left out; more than 150 atoms are joined in the cells of a grid.

    Raises:
        NotRecorded: If the protocol does not define sigma_d and xi.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> axes = joint_map(sample(build_model("two-qubit-exchange"), paths=1000))
        >>> axes.get_xlabel()
        'population part $\\sigma_{\\mathrm{d}}$ (nats)'
    """
    cells = joint_cells(ensemble)
    likeliest, rarest = float(cells.probabilities[0]), float(cells.probabilities[-1])
    scale = LogNorm(vmin=max(axis_floor(ensemble.paths), min(rarest / 2, likeliest / 100)), vmax=likeliest)
    largest = LARGEST_AREA if cells.are_atoms else GRID_AREA
    seen = cells.counts > 0
    with axes_to_draw_on(ax, height=2.9) as axes:
        discs = axes.scatter(
            cells.positions[:, 0],
            cells.positions[:, 1],
            s=_areas(cells.probabilities, scale, largest),
            c=cells.probabilities,
            cmap=COLOURS,
            norm=scale,
            linewidths=0,
            zorder=3,
            label="exact",
        )
        axes.scatter(
            cells.positions[seen, 0],
            cells.positions[seen, 1],
            s=_areas(cells.frequencies[seen], scale, largest),
            facecolors="none",
            edgecolors=INK,
            linewidths=0.5,
            zorder=4,
            label="sampled",
        )
        axes.margins(0.08)
        _draw_constant_sigma(axes)
        axes.set_xlabel(AXIS_LABELS["sigma_d"])
        axes.set_ylabel(AXIS_LABELS["xi"])
        label = "probability" if cells.are_atoms else "probability per cell of the grid"
        bar = figure_of(axes).colorbar(discs, ax=axes, label=label, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        handles = [
            Line2D([], [], linestyle="none", marker="o", markersize=5, mew=0, color=discs.get_cmap()(0.6)),
            Line2D([], [], linestyle="none", marker="o", markersize=5.5, mfc="none", mec=INK, mew=0.5),
            Line2D([], [], color=FAINT, linewidth=0.5),
        ]
        LegendAbove(axes, handles, ["exact", "sampled", r"constant $\sigma$"], columns=3, gap=LEGEND_GAP)
    return axes


def _areas(probabilities: FloatArray, scale: LogNorm, largest: float) -> FloatArray:
    """Mark areas that grow linearly with the logarithm of the probability."""
    height = np.clip(np.asarray(scale(probabilities), dtype=np.float64), 0.0, None)
    areas: FloatArray = SMALLEST_AREA + (largest - SMALLEST_AREA) * height
    return areas


def _draw_constant_sigma(axes: Axes) -> None:
    """Lines sigma_d + xi = constant at round values, with the value where a line leaves through the top."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for value in MaxNLocator(9, steps=[1, 2, 5, 10]).tick_values(left + bottom, right + top):
        if not left + bottom < value < right + top:
            continue
        axes.axline((value - bottom, bottom), slope=-1, color=FAINT, linewidth=0.4, zorder=1)
        if left <= value - top <= right:
            axes.annotate(
                rf"$\sigma = {value:.4g}$",
                xy=(value - top, top),
                xytext=(0, 1.5),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize="small",
                color=FAINT,
                annotation_clip=False,
            )
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
