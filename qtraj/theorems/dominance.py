r"""Who carries an exponential average: the share of <e^{-u x}> that single paths and single values have.

Mapping: weights :math:`w = e^{-ux}` of N paths; shares of the sample's sum, and of the exact average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.paths.distribution import Distribution
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.draws import Draws

__all__ = ["Dominance", "dominance"]


@dataclass(frozen=True, kw_only=True)
class Dominance:
    """Shares of an exponential average.

    Attributes:
        name: Quantity x.
        u: Counting parameter.
        heaviest_path: Share of the sampled average that the single heaviest path has.
        heaviest_value: Largest share of the sampled average that one value of x has.
        value: That value.
        paths_on_it: How many paths have it.
        exact_share: Share of the exact average that the same value has, None without a law.
        exact_heaviest: Largest share of the exact average that one value has, None without a law.
        exact_value: The value that has it.
        expected_paths: How many of the N paths should have that one.
    """

    name: str
    u: float
    heaviest_path: float
    heaviest_value: float
    value: float
    paths_on_it: int
    exact_share: float | None = None
    exact_heaviest: float | None = None
    exact_value: float | None = None
    expected_paths: float | None = None

    def __str__(self) -> str:
        """One sentence for people."""
        text = f"the heaviest path has {self.heaviest_path:.2%} of the sampled average, the value {self.value:.4g} "
        text += f"({self.paths_on_it:,} paths) {self.heaviest_value:.2%}"
        if self.exact_heaviest is not None and self.expected_paths is not None:
            text += f"; exactly, {self.exact_value:.4g} has {self.exact_heaviest:.2%} "
            text += f"({self.expected_paths:.3g} paths expected)"
        return text


def dominance(ensemble: Ensemble, name: str = "sigma", u: float = 1.0) -> Dominance:
    """Who carries the average of e^{-u x}.

    Args:
        ensemble: The paths.
        name: The quantity x.
        u: Counting parameter.

    Raises:
        NotRecorded: If the ensemble does not record the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> found = dominance(sample(build_model("two-qubit-exchange"), paths=1e6, seed=7))
        >>> found.heaviest_path < 1e-5 < found.heaviest_value
        True
    """
    draws = Draws.of(ensemble, name)
    logs = draws.log_weights - u * draws.values
    top = float(logs.max())
    shares = np.exp(logs - top)
    total = math.fsum(shares * draws.counts)
    with np.errstate(divide="ignore"):
        merged = Distribution.merge((name,), draws.values[:, None], logs + np.log(draws.counts) - top - math.log(total))
    heaviest = int(np.argmax(merged.log_probabilities))
    value = float(merged.atoms[heaviest])
    found = Dominance(
        name=name,
        u=u,
        heaviest_path=1.0 / total,
        heaviest_value=float(np.exp(merged.log_probabilities[heaviest])),
        value=value,
        paths_on_it=int(draws.counts[merged.atom_of == heaviest].sum()),
    )
    if ensemble.finite_law is None:
        return found
    law = ensemble.finite_law.distribution(name)
    exact = law.log_probabilities - u * law.atoms - ensemble.finite_law.log_exponential_average(name, u)
    largest = int(np.argmax(exact))
    return Dominance(
        **{key: getattr(found, key) for key in ("name", "u", "heaviest_path", "heaviest_value", "value")},
        paths_on_it=found.paths_on_it,
        exact_share=float(np.exp(exact[int(np.argmin(np.abs(law.atoms - value)))])),
        exact_heaviest=float(np.exp(exact[largest])),
        exact_value=float(law.atoms[largest]),
        expected_paths=ensemble.paths * float(np.exp(law.log_probabilities[largest])),
    )
