"""Which panels show an ensemble best: one choice for the page of figures and for the report.

The histograms of sigma, sigma_d and xi, as far as the protocol defines them; of what goes into several reservoirs, one
each, and the joint map of the first two; of a single reservoir the heat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from qtraj.errors import NoFiniteLaw, TooLarge
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES
from qtraj.plots.atoms import ExactAverages
from qtraj.plots.histograms import histogram
from qtraj.plots.joint import joint_map
from qtraj.plots.labels import reservoir_of
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.report import Report

__all__ = ["Panel", "backward_atoms", "choose_panels", "spare_panel"]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A picture of one quantity, or of two against each other.

    Attributes:
        ensemble: The sampled paths.
        quantities: The one of a histogram, or the two of a joint map.
        exact: Exact averages for a histogram without a law, if somebody knows them.
        log: Logarithmic axis of probabilities, in histograms.
    """

    ensemble: Ensemble
    quantities: tuple[str, ...]
    exact: ExactAverages | None = None
    log: bool = False

    def draw(self, ax: Axes | None = None) -> Axes:
        """Draw it, as `histogram` and `joint_map` do."""
        if len(self.quantities) == 2:
            return joint_map(self.ensemble, *self.quantities, ax=ax)
        return histogram(self.ensemble, *self.quantities, log=self.log, exact=self.exact, ax=ax)


def choose_panels(
    ensemble: Ensemble,
    *,
    report: Report | None = None,
    exact: Mapping[str, ExactAverages] | None = None,
    log: bool = False,
) -> list[Panel]:
    """The histograms that say what there is to be said.

    Args:
        ensemble: The sampled paths.
        report: What `verify` found: where paths have no law, it knows exact averages.
        exact: Exact averages by quantity for an ensemble without a law, before those of the report.
        log: Logarithmic axes of probabilities.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=10)
        >>> [panel.quantities for panel in choose_panels(ensemble)]
        [('sigma',), ('sigma_d',), ('xi',)]
    """
    productions = [name for name in QUANTITIES if name in ensemble.quantities]
    flows = _flows(ensemble)
    chosen = [*productions, *(flows if len(flows) > 1 else [])] or flows or list(ensemble.quantities[:1])
    return list(_histograms(ensemble, chosen, report, exact, log))


def spare_panel(
    ensemble: Ensemble,
    *,
    report: Report | None = None,
    exact: Mapping[str, ExactAverages] | None = None,
    log: bool = False,
) -> Panel | None:
    """What else is worth showing if there is room: the joint map of two flows, or the only one. None if all is shown.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> spare_panel(sample(build_model("two-qubit-exchange"), paths=10)).quantities
        ('heat',)
    """
    flows = _flows(ensemble)
    if len(flows) > 1:
        return Panel(ensemble=ensemble, quantities=(flows[0], flows[1]))
    shown = any(name in ensemble.quantities for name in QUANTITIES)
    return next(_histograms(ensemble, flows if shown else [], report, exact, log), None)


def backward_atoms(ensemble: Ensemble) -> SigmaAtoms | None:
    """Both laws of sigma for the detailed theorem, None where there is none to be had."""
    if ensemble.finite_law is None or "sigma" not in ensemble.quantities:
        return None
    try:
        return SigmaAtoms.of(ensemble.process, ensemble.finite_law)
    except (NoFiniteLaw, TooLarge):
        # The backward law may be larger than the forward one: it starts from every final outcome.
        return None


def _histograms(
    ensemble: Ensemble,
    names: list[str],
    report: Report | None,
    exact: Mapping[str, ExactAverages] | None,
    log: bool,
) -> Iterator[Panel]:
    for name in names:
        known = None if exact is None else exact.get(name)
        if known is None and ensemble.finite_law is None:
            known = None if report is None else ExactAverages.from_report(report, name)
            known = ExactAverages.at_hand(ensemble, name) if known is None else known
        yield Panel(ensemble=ensemble, quantities=(name,), exact=known, log=log)


def _flows(ensemble: Ensemble) -> list[str]:
    """What goes into each reservoir, heat where there is one; the total heat if there is only one."""
    flows = [name for name in ensemble.quantities if name.startswith("heat_into_")]
    with_heat = {reservoir_of(name) for name in flows}
    flows += [
        name for name in ensemble.quantities if name.startswith("entropy_into_") and reservoir_of(name) not in with_heat
    ]
    if len(flows) < 2 and "heat" in ensemble.quantities:
        flows = ["heat"]
    # Nothing ever goes into a reservoir that only dephases; a panel that says so would be an empty one.
    return [name for name in flows if np.ptp(ensemble.values(name)[0]) > 0]
