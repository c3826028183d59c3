"""Tails: how likely a quantity exceeds a value, from plain ensembles and from tilted ones that see further."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import reservoirs_of
from qtraj.plots.labels import axis_label
from qtraj.plots.numerals import whole_number
from qtraj.plots.style import EXACT, SERIES, LegendAbove, axes_to_draw_on
from qtraj.quantum.matrices import as_vector
from qtraj.theorems.estimate_probability import estimate_probability

__all__ = ["tail"]

POINTS = 60

# A probability from fewer effective paths has an error bar as long as itself.
LEAST_PATHS = 10.0


def tail(
    ensembles: Sequence[Ensemble],
    quantity: str = "sigma",
    *,
    thresholds: FloatArray | None = None,
    exact: tuple[FloatArray, FloatArray] | None = None,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the probability that a quantity exceeds a value, with one standard error, on a logarithmic axis.

    Every ensemble is drawn as far as at least 10 effective paths tell, tilted ones also only where their tilt brings
    paths to; their weights are undone.

    Args:
        ensembles: Plain and tilted ensembles of one process.
        quantity: As in `histogram`.
        thresholds: Values to exceed; by default 60 over the range of all paths.
        exact: Values and exact probabilities of exceeding them, drawn dashed.
        ax: Axes to draw on; by default those of a new figure.

    Returns:
        The axes; `.figure` is the figure.

    Raises:
        InvalidInput: If there is no ensemble, a list of anything else, or thresholds that are no numbers.
        NotRecorded: If an ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> tail([sample(build_model("two-qubit-exchange"), paths=1000)]).get_yscale()
        'log'
    """
    if not isinstance(ensembles, Sequence) or not all(isinstance(one, Ensemble) for one in ensembles):
        raise InvalidInput(f"`ensembles` must be a list of ensembles, but is {' '.join(repr(ensembles).split()):.80}")
    if not ensembles:
        raise InvalidInput("`ensembles` must hold at least one ensemble, but is empty")
    if thresholds is None:
        ranges = [ensemble.weighted_values(quantity)[0] for ensemble in ensembles]
        thresholds = np.linspace(min(float(v.min()) for v in ranges), max(float(v.max()) for v in ranges), POINTS)
    thresholds = as_vector(thresholds, "thresholds").real
    if exact is not None and (not isinstance(exact, Sequence) or len(exact) != 2):
        raise InvalidInput(f"`exact` must be two arrays, values and probabilities, but is {exact!r:.80}")
    with axes_to_draw_on(ax) as axes:
        axes.set_yscale("log")
        for number, ensemble in enumerate(ensembles):
            found = [estimate_probability(ensemble, quantity, above=float(y)) for y in thresholds]
            kept = [k for k, one in enumerate(found) if one.kish >= LEAST_PATHS and not one.uncovered]
            axes.errorbar(
                thresholds[kept],
                [found[k].value for k in kept],
                # A bar down to zero has no end on a logarithmic axis.
                yerr=[min(found[k].standard_error, 0.9 * found[k].value) for k in kept],
                fmt=".",
                markersize=3,
                linewidth=0.8,
                color=SERIES[(number + 1) % len(SERIES)][0],
                label=_label(ensemble),
            )
        if exact is not None:
            low, high = axes.get_ylim()
            values, probabilities = (as_vector(one, "exact").real for one in exact)
            axes.plot(values, probabilities, "--", color=EXACT, linewidth=0.9, label="exact")
            axes.set_ylim(low, high)
        axes.set_xlabel(axis_label(quantity, reservoirs_of(ensembles[0])))
        axes.set_ylabel("probability to exceed it")
        handles, labels = axes.get_legend_handles_labels()
        LegendAbove(axes, handles, labels, columns=2)
    return axes


def _label(ensemble: Ensemble) -> str:
    paths = f"${whole_number(ensemble.paths)}$"
    if ensemble.tilt is None or math.isclose(ensemble.tilt.strength, 0.0):
        return f"{paths} paths"
    return f"{paths} paths, tilt {ensemble.tilt.strength:.2g}"
