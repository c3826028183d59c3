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
from scipy.special import logsumexp

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw, NotRecorded, TooLarge, UnknownName
from qtraj.markup import table
from qtraj.paths.distribution import VALUE_TOLERANCE, Distribution
from qtraj.paths.flows import Flows
from qtraj.paths.frames import as_data_frame
from qtraj.paths.parallel import map_blocks
from qtraj.paths.path_count import count_label_sequences
from qtraj.paths.sweep import swept_transitions
from qtraj.processes.seam import Branches, Endpoint, Endpoints, MeasurementProtocol, Process, Stage, check_process
from qtraj.quantum.graded import AMPLITUDE_CUT

__all__ = ["QUANTITIES", "PathLaw", "branch_log_probabilities", "exact_law", "law_if_finite"]

QUANTITIES = ("sigma", "sigma_d", "xi")

# A class costs about 100 bytes here and some more in every sampler.
LARGEST_LAW = 5_000_000


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
        paths: Number of labelled paths that are structurally possible; None where there are too many to count.
        further: Quantities that this process books beyond the usual ones, by name (`Endpoint.amounts`).

    Example:
        >>> from qtraj.models import build_model
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
        return mean, float((weights * centred**2).sum()), float((weights * centred**3).sum())

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
            >>> law = exact_law(build_model("two-qubit-exchange"))
            >>> float(law.distribution("sigma").probabilities.sum().round(12))
            1.0
        """
        return Distribution.merge(names, np.stack([self.quantity(name) for name in names], axis=1), self.log_forward)

    def to_pandas(self) -> Any:
        """One row a class: its labels, its quantities, `probability` and `log_probability`; units in `attrs`.

        Raises:
            MissingPackage: If pandas is not installed.

        Example:
            >>> from qtraj.models import build_model
            >>> law = exact_law(build_model("two-qubit-exchange"))
            >>> frame = law.to_pandas()
            >>> bool(abs((frame["sigma"] * frame["probability"]).sum() - law.mean("sigma")) < 1e-12)
            True
        """
        labels = {name: getattr(self, name) for name in ("alpha", "beta", "n", "m")}
        columns = {name: values for name, values in labels.items() if values.size == 0 or values[0] >= 0}
        columns |= {name: self.quantity(name) for name in self.quantities}
        columns |= {"probability": self.probabilities, "log_probability": self.log_forward}
        return as_data_frame(columns, entry="class", attributes={"protocol": self.protocol.value})


def exact_law(
    process: Process, *, protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED, n_jobs: int = 1
) -> PathLaw:
    """The exact law of a process's paths under a measurement protocol.

    Args:
        process: A thermal operation, or anything with the same three methods.
        protocol: `augmented`, `eigenbasis-two-point`, `energy-two-point` (alias `tpm`) or `kraus`.
        n_jobs: Workers (joblib) over the branches; the result does not depend on it.

    Returns:
        The law over classes.

    Raises:
        TooLarge: If there are more than 5 million classes.
        NoFiniteLaw: If the paths do not fall into finitely many classes, or of many stages into more than that.
        UnknownName: If the protocol is unknown.

    Example:
        >>> from qtraj.models import build_model
        >>> exact_law(build_model("two-qubit-exchange"), protocol="energy-two-point").quantities
        ('sigma', 'sigma_d', 'xi', 'heat')
    """
    check_process(process)
    chosen = MeasurementProtocol.parse(protocol)
    with one_blas_thread():
        return law_between(process.stages(), process.endpoints(chosen), n_jobs=n_jobs)


def law_if_finite(process: Process, *, protocol: MeasurementProtocol, n_jobs: int = 1) -> PathLaw | NoFiniteLaw:
    """The exact law, or the exception that says why there is none: such paths can still be followed."""
    try:
        return exact_law(process, protocol=protocol, n_jobs=n_jobs)
    except NoFiniteLaw as error:
        return error
    except TooLarge as error:
        return NoFiniteLaw(str(error), measured=error.measured)


def law_between(stages: tuple[Stage, ...], endpoints: Endpoints, *, n_jobs: int = 1) -> PathLaw:
    """The law of the paths that go through `stages` between `endpoints`.

    Raises:
        NoFiniteLaw: If there are too many classes; of a single stage, `TooLarge`.
    """
    start, end = endpoints.initial, endpoints.final
    number: int | None
    if len(stages) == 1:
        alpha, branch, beta, log_forward, number, flows = _single_stage(stages[0], start, end, n_jobs)
    else:
        alpha, branch, beta, log_forward, flows = swept_transitions(stages, start, end, n_jobs=n_jobs)
        number = count_label_sequences(stages, start, end)
    log_forward = log_forward + start.outcomes.log_eigenvalues[alpha]
    entropies = flows.total_entropy

    size = int((_label_counts(start)[alpha] * _label_counts(end)[beta]).sum())
    if size > LARGEST_LAW:
        refusal = TooLarge if len(stages) == 1 else NoFiniteLaw
        raise refusal(
            f"the law must have at most {LARGEST_LAW:.0e} classes, but has {size:.3g}; "
            "use the eigenbasis-two-point protocol, whose classes have no energy labels",
            measured=float(size),
        )
    n, m = np.full(alpha.size, -1), np.full(alpha.size, -1)
    if start.log_conditional is not None and end.log_conditional is not None:
        row, n, m = _augment(alpha, beta, start.log_conditional, end.log_conditional)
        alpha, beta, branch = alpha[row], beta[row], branch[row]
        log_forward = log_forward[row] + start.log_conditional[alpha, n] + end.log_conditional[beta, m]
    sigma = sigma_d = xi = None
    if start.measured and end.measured:
        sigma = start.outcomes.log_eigenvalues[alpha] - end.outcomes.log_eigenvalues[beta] + entropies[branch]
    if start.energy_labels is not None and end.energy_labels is not None and sigma is not None:
        log_n, log_m = start.energy_labels.log_eigenvalues[n], end.energy_labels.log_eigenvalues[m]
        sigma_d = log_n - log_m + entropies[branch]
        # Not sigma - sigma_d: xi is free of heat, and of the rounding of a heat many orders larger.
        xi = (start.outcomes.log_eigenvalues[alpha] - log_n) - (end.outcomes.log_eigenvalues[beta] - log_m)
    return PathLaw(
        protocol=endpoints.protocol,
        endpoints=endpoints,
        alpha=alpha,
        branch=branch,
        beta=beta if end.measured else np.full(beta.size, -1),
        n=n,
        m=m,
        log_forward=log_forward,
        sigma=sigma,
        sigma_d=sigma_d,
        xi=xi,
        flows=flows,
        paths=number,
        further={
            name: amount[alpha, n] + end.amounts[name][beta, m]
            for name, amount in start.amounts.items()
            if start.log_conditional is not None and end.log_conditional is not None
        },
    )


def _single_stage(
    stage: Stage, start: Endpoint, end: Endpoint, n_jobs: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray, int, Flows]:
    """Transitions through one stage, from amplitudes: rare ones keep their relative accuracy."""
    branches = stage.branches
    tables = map_blocks(_transition_table, [(batch, start, end) for batch in branches], n_jobs=n_jobs)
    log_table = np.stack([table[0] for table in tables])
    labelled = np.stack([table[1] for table in tables])
    branch, beta, alpha = np.nonzero(np.isfinite(log_table))
    order = np.lexsort((beta, branch, alpha))
    branch, beta, alpha = branch[order], beta[order], alpha[order]
    number = int((labelled[branch, beta, alpha] * _label_counts(start)[alpha] * _label_counts(end)[beta]).sum())
    names = () if stage.reservoir is None else (stage.reservoir,)
    flows = Flows(
        reservoirs=names,
        entropies=np.array([[batch.entropy] for batch in branches])[:, : len(names)],
        heats=np.array([[np.nan if batch.heat is None else batch.heat] for batch in branches])[:, : len(names)],
    )
    return alpha, branch, beta, log_table[branch, beta, alpha], number, flows


def branch_log_probabilities(batch: Branches, start: Endpoint, end: Endpoint) -> FloatArray:
    r"""Ln of :math:`\sum q_\mu |\langle\psi'_j,\nu|U|\psi_i,\mu\rangle|^2` over the vectors i, j of each outcome pair.

    Returns:
        Shape (k, final outcomes, initial outcomes); -inf where the amplitude is a structural zero.
    """
    amplitudes = np.abs(batch.amplitudes(end.outcomes.vectors, start.outcomes.vectors))
    amplitudes[amplitudes <= AMPLITUDE_CUT] = 0.0
    with np.errstate(divide="ignore"):
        logs = 2 * np.log(amplitudes) + batch.log_weights[:, None, None]
    return start.outcomes.sum_over(end.outcomes.sum_over(logs, axis=1), axis=2)


def _transition_table(job: tuple[Branches, Endpoint, Endpoint]) -> tuple[FloatArray, IntArray]:
    """Summed over the branches of one batch: ln probabilities and number of possible branches, per outcome pair."""
    batch, start, end = job
    logs = branch_log_probabilities(batch, start, end)
    top = logs.max(axis=0)
    scale = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        table = np.log(np.exp(logs - scale).sum(axis=0)) + scale
    if batch.pairs is None:
        return table, np.isfinite(logs).sum(axis=0)
    return table, np.isfinite(table) * _gathered_pairs(batch, start, end)


def _gathered_pairs(batch: Branches, start: Endpoint, end: Endpoint) -> IntArray:
    """How many gathered pairs (mu, nu) lead from each initial to each final outcome, by their patterns of zeros."""
    assert batch.pairs is not None  # asked only of batches that gather pairs
    ends = []
    for outcomes in (end.outcomes, start.outcomes):
        support = np.zeros((outcomes.vectors.shape[0], outcomes.count), dtype=np.int64)
        np.maximum.at(support.T, outcomes.outcome_of, (outcomes.vectors != 0).T)
        ends.append(support)
    routes = ends[0][batch.rows][:, :, None] * ends[1][batch.columns][:, None, :]
    open_routes = np.tensordot(batch.pairs.supports.astype(np.int64), routes, axes=1) > 0
    counts: IntArray = np.tensordot(batch.pairs.numbers, open_routes, axes=1)
    return counts


def _label_counts(end: Endpoint) -> IntArray:
    if end.log_conditional is None:
        return np.ones(end.outcomes.count, dtype=np.int64)
    counts: IntArray = np.isfinite(end.log_conditional).sum(axis=1)
    return counts


def _augment(
    alpha: IntArray, beta: IntArray, log_n: FloatArray, log_m: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """For every (alpha, beta): all energy labels n possible for alpha with all m possible for beta."""
    possible = np.isfinite(log_n)[alpha][:, :, None] & np.isfinite(log_m)[beta][:, None, :]
    row, n, m = np.nonzero(possible)
    return row, n, m
