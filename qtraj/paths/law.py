r"""The exact law of a process's paths, class by class.

sigma, sigma_d and xi see the labels mu and nu only through the entropy they send into the reservoirs, so paths with
equal (alpha, flows, beta, n, m) form one *class*. A 4-level system on a ladder of 10^5 levels has under 2000 classes
instead of 10^7 labelled paths. All probabilities are natural logarithms; rare classes keep their relative accuracy.

Mapping ([Santos19] Eqs. (35)-(44), written for outcomes of any rank): forward probability
:math:`P_F = p_\alpha q_\mu |\langle\psi'_\beta,\nu|U|\psi_\alpha,\mu\rangle|^2 p(n|\alpha) p(m|\beta)`,
:math:`\sigma = \ln p_\alpha q_\mu - \ln p'_\beta q_\nu`, :math:`\sigma_d = \ln p_n q_\mu - \ln p'_m q_\nu`,
:math:`\xi = \sigma - \sigma_d`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import NotRecorded, UnknownName
from qtraj.markup import table
from qtraj.paths.distribution import VALUE_TOLERANCE, Distribution
from qtraj.paths.flows import Flows
from qtraj.paths.frames import as_data_frame
from qtraj.processes.seam import Endpoints, MeasurementProtocol

__all__ = ["QUANTITIES", "PathLaw"]

QUANTITIES = ("sigma", "sigma_d", "xi")


@dataclass(frozen=True, kw_only=True, eq=False)
class PathLaw:
    """Probabilities and entropy productions of all classes of paths.

    All arrays have one entry a class, shape (C,). Labels that the protocol does not record are -1, quantities that
    it does not define are None.

    Attributes:
        protocol: The measurement protocol.
        endpoints: What is measured at both ends.
        alpha: Index of the initial outcome.
        branch: Index into the combinations of flows (`flows`, `heats`, `entropies`).
        beta: Index of the final outcome.
        n: Index of the initial energy label.
        m: Index of the final energy label.
        log_forward: ln P_F of the class.
        sigma: Entropy production in nats, or None (Kraus protocol).
        sigma_d: Its population part, or None (Kraus and eigenbasis protocols).
        xi: Its coherence part, or None (same).
        flows: Heat and entropy into every reservoir, for every combination that can occur.
        paths: Number of labelled paths that are structurally possible; None where there are too many to count. A path
            whose amplitude cancels (below 1e-13) is not counted if there is one stage and its pairs (mu, nu) are
            listed. Where they are gathered by energy levels (large degenerate environments) or there are many stages,
            only elements are looked at, one by one: cancelled paths count, although their probability is zero.
        further: Quantities that this process books beyond the usual ones, by name (`Endpoint.amounts`).

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.exact_law import exact_law
        >>> law = exact_law(build_model("davies-qutrit"))
        >>> round(law.mean("sigma"), 9), round(law.exponential_average("sigma"), 12)
        (0.300246948, 1.0)
    """

    protocol: MeasurementProtocol
    endpoints: Endpoints
    alpha: IntArray
    branch: IntArray
    beta: IntArray
    n: IntArray
    m: IntArray
    log_forward: FloatArray
    sigma: FloatArray | None
    sigma_d: FloatArray | None
    xi: FloatArray | None
    flows: Flows
    paths: int | None
    further: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("alpha", "branch", "beta", "n", "m", "log_forward", *QUANTITIES):
            if (array := getattr(self, name)) is not None:
                object.__setattr__(self, name, frozen(array))
        object.__setattr__(self, "further", {name: frozen(values) for name, values in self.further.items()})

    @property
    def _paths_in_words(self) -> str:
        return "too many paths to count" if self.paths is None else f"{self.paths:,} paths"

    def __repr__(self) -> str:
        """One line: how many classes of how many paths, and what each has a value of."""
        return (
            f"<PathLaw of {self.classes:,} classes, {self._paths_in_words}, {self.protocol.value} protocol: "
            f"{', '.join(self.quantities)}>"
        )

    def _repr_html_(self) -> str:
        """Cumulants and exponential averages of the quantities as a table, for notebooks."""
        rows = []
        for name in self.quantities:
            mean, variance, third = (f"{value:.6g}" for value in self.cumulants(name))
            average = f"{self.exponential_average(name):.6g}" if name in QUANTITIES else ""
            rows.append([name, mean, variance, third, average])
        caption = f"exact law, {self.protocol.value} protocol: {self.classes:,} classes, {self._paths_in_words}"
        return table(["quantity", "mean", "variance", "third cumulant", "<exp(-s)>"], rows, caption=caption)

    @property
    def classes(self) -> int:
        """Number of classes C."""
        return int(self.log_forward.size)

    @cached_property
    def probabilities(self) -> FloatArray:
        """P_F of every class as plain numbers (below 1e-308 they become zero; `log_forward` does not)."""
        return frozen(np.exp(self.log_forward))

    @property
    def heats(self) -> FloatArray:
        """Heat into all reservoirs of every combination of flows, shape (F,); NaN where paths have no heat."""
        return self.flows.total_heat

    @property
    def entropies(self) -> FloatArray:
        """Entropy into all reservoirs of every combination of flows, shape (F,)."""
        return self.flows.total_entropy

    @property
    def heat(self) -> FloatArray:
        """Heat into all reservoirs of every class, shape (C,)."""
        return self.quantity("heat")

    @cached_property
    def log_backward(self) -> FloatArray:
        r"""Ln of the backward weight, :math:`P_B = e^{-\sigma} P_F`, shape (C,)."""
        return frozen(self.log_forward - self.quantity("sigma"))

    @property
    def normalisation(self) -> float:
        """Sum of all probabilities; 1 up to rounding."""
        return float(np.exp(logsumexp(self.log_forward)))

    @cached_property
    def absolute_irreversibility(self) -> float:
        r"""Absolutely irreversible weight :math:`\lambda = 1 - \langle e^{-\sigma}\rangle`, 0 for a full-rank start."""
        start = self.endpoints.initial.outcomes.vectors
        if start.shape[0] == start.shape[1]:
            return 0.0
        return max(0.0, -float(np.expm1(min(0.0, logsumexp(self.log_backward)))))

    @property
    def probability_negative_sigma(self) -> float:
        """Probability of an entropy production below zero (by more than rounding)."""
        distribution = self.distribution("sigma")
        return distribution.cumulative(-VALUE_TOLERANCE * max(1.0, float(np.abs(distribution.atoms).max())))

    @cached_property
    def quantities(self) -> tuple[str, ...]:
        """Names of all quantities that every class has a value of.

        sigma, sigma_d and xi; `heat` (into all reservoirs) and, of several reservoirs, `heat_into_NAME`; for reservoirs
        whose units have no energy of their own, `entropy_into_NAME`.
        """
        return (*(name for name in QUANTITIES if getattr(self, name) is not None), *self.flows.names, *self.further)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Labels and quantities of every class by name, as far as the protocol has them, each of shape (C,)."""
        labels = {name: getattr(self, name) for name in ("alpha", "beta", "n", "m")}
        recorded = {name: values for name, values in labels.items() if values.size == 0 or values[0] >= 0}
        return recorded | {name: self.quantity(name) for name in self.quantities}

    def quantity(self, name: str) -> FloatArray:
        """Values of a quantity per class, shape (C,).

        Besides the names in `quantities`, `entropy_into_NAME` and `heat_into_NAME` of any reservoir can be asked for,
        and `work`: heat into all reservoirs plus the energy gained by the system from label n to label m, which is what
        neither of them paid. In the energy-two-point protocol of a Davies map it is zero on every path.

        Raises:
            NotRecorded: If the protocol does not define it.
            UnknownName: If there is no such quantity.
        """
        if not isinstance(name, str):
            raise UnknownName("quantity", name, (*QUANTITIES, *self.flows.names, *self.further))
        values: FloatArray | None = None
        if name in QUANTITIES:
            values = getattr(self, name)
        elif name in self.further:
            values = self.further[name]
        elif name == "work":
            values = self._work
        elif (column := self.flows.column(name)) is not None:
            values = column[self.branch]
        elif name != "heat" and not name.startswith(("heat_into_", "entropy_into_")):
            raise UnknownName("quantity", name, (*QUANTITIES, *self.flows.names, *self.further))
        if values is None:
            raise NotRecorded(self.why_undefined(name))
        return values

    def why_undefined(self, name: str) -> str:
        """A sentence that says why there is no such quantity here."""
        return f"`{name}` is not defined {self._reason(name)}"

    @property
    def _work(self) -> FloatArray | None:
        start, end = self.endpoints.initial.label_energies, self.endpoints.final.label_energies
        heat = self.flows.column("heat")
        if start is None or end is None or heat is None:
            return None
        return heat[self.branch] + end[self.m] - start[self.n]

    def _reason(self, name: str) -> str:
        if name in ("sigma_d", "xi") and not self.flows.reservoirs:
            return "where system and environment are followed together"
        unlabelled = name == "work" and self.endpoints.initial.label_energies is None
        if name in QUANTITIES or unlabelled or not self.flows.reservoirs:
            return f"in the {self.protocol.value} protocol"
        reservoir = name.removeprefix("heat_into_").removeprefix("entropy_into_")
        if reservoir not in (*self.flows.reservoirs, "heat", "work"):
            return f"for a reservoir {reservoir!r}; there are {', '.join(self.flows.reservoirs)}"
        return "on single paths: units measured in the eigenbasis of a coherent state have no energy before and after"

    def records(self, name: str) -> bool:
        """Whether `name` has a value in every class."""
        return name in self.quantities

    def mean(self, name: str) -> float:
        """Exact mean of a quantity."""
        return self.cumulants(name)[0]

    def cumulants(self, name: str) -> tuple[float, float, float]:
        """Exact mean, variance and third cumulant of a quantity."""
        values, weights = self.quantity(name), self.probabilities
        mean = float((weights * values).sum() / weights.sum())
        centred = values - mean
        squared = weights * centred**2  # a third power would take longer than all the rest
        return mean, float(squared.sum()), float((squared * centred).sum())

    def log_exponential_average(self, name: str, u: float = 1.0) -> float:
        r"""Logarithm of the exact :math:`\langle e^{-u s}\rangle`, finite where the average itself would overflow."""
        return float(logsumexp(self.log_forward - u * self.quantity(name)))

    def exponential_average(self, name: str, u: float = 1.0) -> float:
        r"""Exact :math:`\langle e^{-u s}\rangle` for s one of sigma, sigma_d, xi; inf if it exceeds 1e308."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.log_exponential_average(name, u)))

    def distribution(self, *names: str) -> Distribution:
        """The exact discrete distribution of one quantity, or the joint one of several.

        Example:
            >>> from qtraj.models import build_model
            >>> from qtraj.paths.exact_law import exact_law
            >>> law = exact_law(build_model("two-qubit-exchange"))
            >>> float(law.distribution("sigma").probabilities.sum().round(12))
            1.0
        """
        return Distribution.merge(names, np.stack([self.quantity(name) for name in names], axis=1), self.log_forward)

    def equals(self, other: PathLaw) -> bool:
        """Whether another law has the same classes with the same values and probabilities, to the last bit.

        Probabilities alone do not tell: twice the energies at half the inverse temperature have the same, and other
        heat.
        """
        names = ("alpha", "branch", "beta", "n", "m", "log_forward", *QUANTITIES)
        columns = [(getattr(self, name), getattr(other, name)) for name in names]
        columns += [(self.flows.heats, other.flows.heats), (self.flows.entropies, other.flows.entropies)]
        columns += [(values, other.further.get(name)) for name, values in self.further.items()]
        return self.protocol is other.protocol and all(
            np.array_equal(a, b, equal_nan=True) for a, b in columns if a is not None and b is not None
        )

    def to_pandas(self) -> Any:
        """One row a class: its labels, its quantities, `probability` and `log_probability`; units in `attrs`.

        Raises:
            MissingPackage: If pandas is not installed.

        Example:
            >>> from qtraj.models import build_model
            >>> from qtraj.paths.exact_law import exact_law
            >>> law = exact_law(build_model("two-qubit-exchange"))
            >>> frame = law.to_pandas()
            >>> bool(abs((frame["sigma"] * frame["probability"]).sum() - law.mean("sigma")) < 1e-12)
            True
        """
        columns = self.columns | {"probability": self.probabilities, "log_probability": self.log_forward}
        return as_data_frame(columns, entry="class", attributes={"protocol": self.protocol.value})
