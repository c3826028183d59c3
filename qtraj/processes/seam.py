"""The one seam between what happens and what is computed from it.

A process offers three things, and everything generic (exact law, samplers, exponential averages) lives on them:

- `endpoints(protocol)`: what is measured at the two ends, with eigenvalues and bases decided once;
- `stages()`: what a detector can see in between, one stage after the other, as Kraus operators with the heat and the
  entropy they send into a reservoir;
- `reversed()`: the backward process.

Supporting a new kind of process means writing these three methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol as StructuralType

import numpy as np

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, UnknownName
from qtraj.memory import require_memory
from qtraj.quantum.lazy_blocks import WORTH_ASKING
from qtraj.quantum.outcomes import Outcomes, energy_outcomes
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State

__all__ = [
    "Branches",
    "Endpoint",
    "Endpoints",
    "MeasurementProtocol",
    "PairSupports",
    "Process",
    "Stage",
    "check_process",
    "endpoints_of",
]


class MeasurementProtocol(StrEnum):
    """What is measured along a path.

    - `augmented`: (alpha, mu, n, beta, nu, m), the eigenbasis protocol with two classical energy labels n and m;
    - `eigenbasis-two-point`: (alpha, mu, beta, nu), the system measured in the eigenbases of its two states;
    - `energy-two-point` (alias `tpm`): (n, mu, m, nu), system energy measured at both ends, which removes coherence;
    - `kraus`: (alpha, mu, nu), no measurement of the system at the end (Kraus unravelling).
    """

    AUGMENTED = "augmented"
    EIGENBASIS = "eigenbasis-two-point"
    ENERGY = "energy-two-point"
    KRAUS = "kraus"

    @classmethod
    def parse(cls, name: str) -> MeasurementProtocol:
        """The protocol of that name.

        Raises:
            UnknownName: With the nearest known name.

        Example:
            >>> MeasurementProtocol.parse("tpm").value
            'energy-two-point'
        """
        if name == "tpm":
            return cls.ENERGY
        try:
            return cls(name)
        except ValueError:
            raise UnknownName("protocol", str(name), [*(p.value for p in cls), "tpm"]) from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoint:
    """What is measured at one end of a path.

    Args:
        outcomes: The measured outcomes: alpha (start) or beta (end). Without a measurement (the end of the Kraus
            protocol) a single outcome that spans the whole space.
        measured: Whether there is a measurement at all.
        energy_labels: The classical energy labels: n (start) or m (end); None if the protocol records none.
        label_energies: Energy of every such label, shape (labels,).
        log_conditional: ln p(n|alpha) or ln p(m|beta), shape (outcomes, labels); None without labels.
        amounts: Further quantities that only the ends count, by name, each of shape (outcomes, labels): a path has the
            sum of the amount at its start and the amount at its end.
    """

    outcomes: Outcomes
    measured: bool = True
    energy_labels: Outcomes | None = None
    label_energies: FloatArray | None = None
    log_conditional: FloatArray | None = None
    amounts: Mapping[str, FloatArray] = field(default_factory=dict)

    def undone(self) -> Endpoint:
        """The same end with the opposite amounts."""
        if not self.amounts:
            return self
        return replace(self, amounts={name: -amount for name, amount in self.amounts.items()})

    @classmethod
    def of(cls, state: State, spectrum: Spectrum, protocol: MeasurementProtocol, *, final: bool) -> Endpoint:
        """The endpoint that `protocol` has on a state (energy eigenbasis)."""
        if protocol is MeasurementProtocol.ENERGY:
            labels = energy_outcomes(state, spectrum)
            # n is alpha and m is beta: the label is what was measured.
            with np.errstate(divide="ignore"):
                certain: FloatArray = np.log(np.eye(labels.count))
            return cls(
                outcomes=labels,
                energy_labels=labels,
                label_energies=_energies(labels, spectrum),
                log_conditional=certain,
            )
        if protocol is MeasurementProtocol.KRAUS and final:
            return cls(
                outcomes=Outcomes.from_parts([0.0], [np.eye(spectrum.dimension, dtype=np.complex128)]), measured=False
            )
        outcomes = Outcomes.of(state, spectrum)
        if protocol is MeasurementProtocol.KRAUS:
            return cls(outcomes=outcomes.split())
        if protocol is MeasurementProtocol.EIGENBASIS:
            return cls(outcomes=outcomes)
        labels = energy_outcomes(state, spectrum)
        return cls(
            outcomes=outcomes,
            energy_labels=labels,
            label_energies=_energies(labels, spectrum),
            log_conditional=outcomes.log_conditional(labels),
        )


def _energies(labels: Outcomes, spectrum: Spectrum) -> FloatArray:
    """Energy of every energy label."""
    first = np.searchsorted(labels.outcome_of, np.arange(labels.count))
    energies: FloatArray = spectrum.energies[np.argmax(np.abs(labels.vectors[:, first]), axis=0)]
    return frozen(energies)


@dataclass(frozen=True, kw_only=True, eq=False)
class Endpoints:
    """Both ends of a path under one measurement protocol."""

    protocol: MeasurementProtocol
    initial: Endpoint
    final: Endpoint

    def swapped(self) -> Endpoints:
        """The ends of the backward process, which undoes what the ends of the forward one count."""
        return Endpoints(protocol=self.protocol, initial=self.final.undone(), final=self.initial.undone())


@dataclass(frozen=True, kw_only=True, eq=False)
class PairSupports:
    """Which elements are not zero in the pairs of detector states that were gathered in a batch.

    Attributes:
        supports: One pattern a row, one element of the batch a column, shape (T, P).
        numbers: How many pairs have each pattern, shape (T,).
    """

    supports: BoolArray
    numbers: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches:
    r"""All branches that send the same heat and entropy into the reservoir, as one stack of Kraus operators.

    Branch k is the Kraus operator :math:`\sqrt{q_{\mu_k}} \langle\nu_k|U|\mu_k\rangle`. The weight is kept apart, as a
    logarithm, so that cold environments lose nothing; and only the P matrix elements that energy conservation allows
    for this heat are kept, so that a batch is one (k, P) array and every use of it one matrix product.

    Args:
        dimension: Dimension d of the system.
        heat: Energy into the reservoir, :math:`E_\nu - E_\mu`, equal for the whole batch; None where the detector's
            outcomes have no energy of their own (units measured in the eigenbasis of a coherent state).
        entropy: Entropy into the reservoir, :math:`\ln q_\mu - \ln q_\nu`, in nats; beta times the heat where the
            reservoir is thermal.
        log_weights: :math:`\ln q_{\mu_k}`, shape (k,).
        rows: Row m of every kept element, shape (P,).
        columns: Column n of every kept element, shape (P,).
        elements: :math:`\langle m,\nu_k|U|n,\mu_k\rangle` in the system's energy eigenbasis, shape (k, P).
        mu: What the detector saw before, shape (k,).
        nu: What it saw after, shape (k,).
        pairs: Where a branch is a mixture of many pairs (mu, nu) of equal energies: the pairs there are. Then mu and nu
            name one pair of each mixture.
    """

    dimension: int
    heat: float | None
    entropy: float
    log_weights: FloatArray
    rows: IntArray
    columns: IntArray
    elements: ComplexArray
    mu: IntArray
    nu: IntArray
    pairs: PairSupports | None = None

    def __post_init__(self) -> None:
        """Make the arrays read-only: a process keeps its branches and hands them out to everyone."""
        for name in ("log_weights", "rows", "columns", "elements", "mu", "nu"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @classmethod
    def from_operators(
        cls,
        operators: ComplexArray,
        *,
        heat: float | None,
        entropy: float,
        log_weights: FloatArray,
        mu: IntArray,
        nu: IntArray,
    ) -> Branches:
        """A batch from dense operators, shape (k, d, d), without their weights."""
        rows, columns = np.nonzero((operators != 0).any(axis=0))
        return cls(
            dimension=operators.shape[1],
            heat=heat,
            entropy=entropy,
            log_weights=log_weights,
            rows=rows,
            columns=columns,
            elements=operators[:, rows, columns],
            mu=mu,
            nu=nu,
        )

    @property
    def operators(self) -> ComplexArray:
        """The operators without their weights as dense matrices, shape (k, d, d)."""
        dense = np.zeros((self.elements.shape[0], self.dimension, self.dimension), dtype=np.complex128)
        dense[:, self.rows, self.columns] = self.elements
        return dense

    def superoperator(self) -> tuple[ComplexArray, float]:
        r"""The map :math:`X \mapsto \sum_k q_k K_k X K_k^\dagger` on matrices flattened row by row.

        Returns:
            Matrix of shape (d^2, d^2) to be multiplied by exp(scale), and the scale: the largest ln q of the batch.

        Raises:
            TooLarge: If the matrix would not fit into memory.
        """
        d = self.dimension
        _require_room(float(d) ** 4, f"the map of a step on {d:,} dimensions")
        scale = float(self.log_weights.max())
        gram = (self.elements * np.exp(self.log_weights - scale)[:, None]).T @ np.conj(self.elements)
        full = np.zeros((d, d, d, d), dtype=np.complex128)
        # K_mn conj(K_m'n') is the element that takes (n, n') to (m, m').
        full[self.rows[:, None], self.rows[None, :], self.columns[:, None], self.columns[None, :]] = gram
        return full.reshape(d * d, d * d), scale

    def amplitudes(self, left: ComplexArray, right: ComplexArray) -> ComplexArray:
        """Matrix elements between the columns of `left` (d, L) and of `right` (d, R), shape (k, L, R).

        Raises:
            TooLarge: If they would not fit into memory.
        """
        vectors = float(left.shape[1]) * right.shape[1]
        _require_room(vectors * (sum(self.elements.shape)), f"what {vectors:,.0f} pairs of states give in one step")
        pairs = np.conj(left)[self.rows][:, :, None] * right[self.columns][:, None, :]
        return (self.elements @ pairs.reshape(self.rows.size, -1)).reshape(-1, left.shape[1], right.shape[1])


def _require_room(numbers: float, what: str) -> None:
    """Refuse an array of so many complex numbers if it would not fit."""
    if 16.0 * numbers > WORTH_ASKING:
        require_memory(16.0 * numbers, what=what, suggestion="use a smaller system, or a state of lower rank")


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """One interaction as a detector sees it.

    Args:
        reservoir: Name of the reservoir it exchanges heat and entropy with; None for an internal unitary.
        branches: Its Kraus operators, batches by ascending entropy.
    """

    reservoir: str | None
    branches: tuple[Branches, ...]


class Process(StructuralType):
    """What a user-defined process must offer to be sampled and checked."""

    @property
    def kind(self) -> str:
        """What the process is called in files and reports."""

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        """What is measured at the two ends."""

    def stages(self) -> tuple[Stage, ...]:
        """What a detector can see in between, in order of time.

        Raises:
            NoFiniteLaw: If it can see infinitely many things: such paths can only be followed.
        """

    def reversed(self) -> Process:
        """The backward process."""


def check_process(process: object) -> None:
    """Refuse what has not the methods of a process that sampling needs; `reversed` is asked for by those who use it.

    Raises:
        InvalidInput: If one is missing.

    Example:
        >>> check_process("two-qubit-exchange")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `process` must be a process, with the methods endpoints and stages, but is ...
    """
    methods = ("endpoints", "stages")
    if isinstance(process, type) or not all(callable(getattr(process, name, None)) for name in methods):
        raise InvalidInput(
            f"`process` must be a process, with the methods {' and '.join(methods)}, but is "
            f"{' '.join(repr(process).split()):.80}"
        )


def endpoints_of(
    protocol: MeasurementProtocol,
    spectrum: Spectrum,
    *,
    start: State,
    end: State,
    output_of: Callable[[Outcomes], State],
) -> Endpoints:
    """What a protocol measures at both ends of a process that takes `start` to `end` (energy eigenbasis).

    The energy two-point protocol removes the initial coherence by measuring, so its final state is the image of the
    dephased start; for a covariant map that is the dephased final state.

    Args:
        protocol: The measurement protocol.
        spectrum: The system's energies.
        start: The initial state.
        end: The final state.
        output_of: The map from initial outcomes to the final state.
    """
    if protocol is MeasurementProtocol.ENERGY:
        end = output_of(energy_outcomes(start, spectrum))
    return Endpoints(
        protocol=protocol,
        initial=Endpoint.of(start, spectrum, protocol, final=False),
        final=Endpoint.of(end, spectrum, protocol, final=True),
    )
