"""What the exact numbers of collision models and of jump processes have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol as StructuralType

import numpy as np

from qtraj.density.partners import exact_log_exponential_average, exact_support_loss
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["exact_weights", "mean_productions", "with_total_heat"]


class Produced(StructuralType):
    """Averages that say how much entropy a process produces."""

    @property
    def entropy_production(self) -> float:
        """In total."""

    @property
    def population_entropy_production(self) -> float:
        """By populations."""

    @property
    def coherence_entropy_production(self) -> float:
        """By coherence."""


def with_total_heat(flows: Mapping[str, float]) -> dict[str, float]:
    """Flows into reservoirs together with `heat`, their sum, if all are heats; a single heat only repeats the sum."""
    heats = [value for name, value in flows.items() if name.startswith("heat_into_")]
    if not heats or len(heats) < len(flows):
        return dict(flows)
    total = {"heat": float(np.sum(heats))}
    return total if len(heats) == 1 else {**flows, **total}


def mean_productions(protocol: MeasurementProtocol, followed: Produced) -> dict[str, float]:
    """Means of sigma, sigma_d and xi, as far as the protocol defines them.

    Args:
        protocol: The measurement protocol.
        followed: Averages of the process that the paths follow; under the energy two-point protocol that begins with
            the dephased state, so that populations are all there is.
    """
    if protocol is MeasurementProtocol.ENERGY:
        production = followed.population_entropy_production
        return {"sigma": production, "sigma_d": production, "xi": 0.0}
    if protocol is MeasurementProtocol.KRAUS:
        return {}
    means = {"sigma": followed.entropy_production}
    if protocol is MeasurementProtocol.AUGMENTED:
        means["sigma_d"] = followed.population_entropy_production
        means["xi"] = followed.coherence_entropy_production
    return means


def exact_weights(process: Process, protocol: MeasurementProtocol, means: Mapping[str, float]) -> dict[str, float]:
    """Exact <e^-s> of the productions among the means; for sigma it is 1 - lambda from the backward process."""
    weights = {"sigma": 1.0 - exact_support_loss(process, protocol)} if "sigma" in means else {}
    for name in ("sigma_d", "xi"):
        if name in means:
            with np.errstate(over="ignore"):
                weights[name] = float(np.exp(exact_log_exponential_average(process, name, 1.0, protocol=protocol)))
    return weights
