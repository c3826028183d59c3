"""What a report is about: everything that its sections may look at, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qtraj.errors import InvalidInput, NotRecorded, TooLarge
from qtraj.experiment.load import Experiment
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.atoms import ExactAverages
from qtraj.plots.panels import Panel, backward_atoms, choose_panels, spare_panel
from qtraj.storage.environment import environment
from qtraj.storage.manifest import Manifest
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.estimate import estimate
from qtraj.theorems.estimated import Estimate
from qtraj.theorems.report import Report

__all__ = ["Subject"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What a report is about.

    Attributes:
        report: What `verify` found.
        ensemble: The paths it looked at; without them there are no figures.
        experiment: The file or model that the process was built from, if it was.
        manifest: What the run folder says, if the paths are stored in one.
        title: What the report is called.
        date: When it was made, in any words; None leaves it out, so that equal runs give equal files.
    """

    report: Report
    ensemble: Ensemble | None = None
    experiment: Experiment | None = None
    manifest: Manifest | None = None
    title: str
    date: str | None = None

    def __post_init__(self) -> None:
        """Check that the report is one of this ensemble."""
        if self.ensemble is not None and self.ensemble.paths != self.report.paths:
            raise InvalidInput(
                f"`ensemble` must be the one that `report` is about, with {self.report.paths:,} paths, but has "
                f"{self.ensemble.paths:,}",
                measured=float(self.ensemble.paths),
            )

    @cached_property
    def machine(self) -> dict[str, Any]:
        """Versions and processor, as stored runs record them."""
        return environment(self.report.sampler)

    @cached_property
    def panels(self) -> list[Panel]:
        """Histograms and joint maps worth showing."""
        if self.ensemble is None:
            return []
        spare = spare_panel(self.ensemble, report=self.report)
        return [*choose_panels(self.ensemble, report=self.report), *([] if spare is None else [spare])]

    @cached_property
    def atoms(self) -> SigmaAtoms | None:
        """Forward and backward law of sigma, where there are both."""
        return None if self.ensemble is None else backward_atoms(self.ensemble)

    def exact(self, quantity: str) -> ExactAverages | None:
        """Exact averages of a quantity: of the law or, without one, from density matrices."""
        known = None
        if self.ensemble is None or self.ensemble.finite_law is None:
            known = ExactAverages.from_report(self.report, quantity)
        return known if known is not None or self.ensemble is None else ExactAverages.at_hand(self.ensemble, quantity)

    @cached_property
    def weights(self) -> dict[str, Estimate]:
        """Estimates of the exponential averages that were checked, by the name of their check."""
        names = [check.name for check in self.report.checks if check.name.startswith("exp_minus_")]
        found = {}
        for name in names if self.ensemble is not None else []:
            assert self.ensemble is not None
            try:
                found[name] = estimate(self.ensemble, name)
            except (NotRecorded, TooLarge):
                continue  # a process may have weights of its own, which are no quantities of a path
        return found
