r"""Systems made of named parts, and reservoirs that send fresh units.

Mapping: subsystems A, B, ... in the order given, joint Hamiltonian :math:`H = \sum_X H_X`, joint index row by row (the
last subsystem runs fastest); units arrive in the state :math:`\eta` with eigenvalues :math:`q_\mu`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, InvalidState, UnknownName
from qtraj.quantum.in_words import levels_in_words
from qtraj.quantum.matrices import as_array
from qtraj.quantum.outcomes import Outcomes, energy_outcomes
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State, check_inverse_temperature

__all__ = ["CompositeSystem", "Reservoir"]

MEASUREMENTS = ("eigenbasis", "energy")

# sigma carries a relative rounding error of 4e-16, which e^-sigma turns into an absolute one of 4e-4 here.
LARGEST_ENTROPY = 1e12


@dataclass(frozen=True, kw_only=True, eq=False)
class CompositeSystem:
    """Named subsystems in a joint state, without any interaction between them.

    Args:
        subsystems: Energies of every subsystem by name, or its Hamiltonian's matrix, in tensor order.
        state: Joint state: a `State`, a density matrix or a state vector, in the product of the bases the subsystems
            are given in.

    Raises:
        InvalidInput: If there is no subsystem, or energies or state are invalid.

    Example:
        >>> pair = CompositeSystem(subsystems={"A": [0, 1], "B": [0, 1]}, state=State.pure([0, 1, 0, 0]))
        >>> pair.system.spectrum.energies.tolist()
        [0.0, 1.0, 1.0, 2.0]
    """

    subsystems: Mapping[str, ArrayLike]
    state: Any

    def __post_init__(self) -> None:
        """Check subsystems and state, and keep copies that nobody else can change."""
        if not isinstance(self.subsystems, Mapping) or not self.subsystems:
            raise InvalidInput(
                "`subsystems` must be a table of energies by name with at least one subsystem, but is "
                f"{self.subsystems!r:.80}"
            )
        for name in self.subsystems:
            if not isinstance(name, str) or not name.strip():
                raise InvalidInput(f"`subsystems` must have names that are not empty, but one is {name!r:.80}")
        object.__setattr__(self, "subsystems", MappingProxyType(dict(self.subsystems)))
        own = {
            name: part.spectrum.energies if part.hamiltonian is None else frozen(np.array(part.hamiltonian))
            for name, part in self._parts.items()
        }
        object.__setattr__(self, "subsystems", MappingProxyType(own))
        object.__setattr__(self, "state", self.system.state)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the subsystems as a plain dictionary: a read-only one cannot be pickled."""
        return {"subsystems": dict(self.subsystems), "state": self.state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Check and freeze again."""
        self.__dict__.update(state)
        self.__post_init__()

    @cached_property
    def _parts(self) -> dict[str, System]:
        """Every subsystem alone, maximally mixed."""
        return {str(name): _bare(values) for name, values in self.subsystems.items()}

    @property
    def energies(self) -> Mapping[str, FloatArray]:
        """Energies of every subsystem."""
        return {name: part.spectrum.energies for name, part in self._parts.items()}

    @cached_property
    def system(self) -> System:
        """The whole as one system."""
        return self._whole(list(self._parts.values()), self.state)

    @staticmethod
    def _whole(parts: list[System], state: Any) -> System:
        """Some subsystems as one system."""
        energies = _sum_energies([part.spectrum.energies for part in parts])
        if all(part.hamiltonian is None for part in parts):
            return System(energies=energies, state=state)
        vectors: ComplexArray = np.ones((1, 1), dtype=np.complex128)
        for part in parts:
            vectors = np.kron(vectors, part.basis).astype(np.complex128)
        return System(energies=energies, eigenvectors=vectors, state=state)

    @property
    def dimension(self) -> int:
        """Joint dimension."""
        return self.system.dimension

    def __repr__(self) -> str:
        """One line: its subsystems and its state."""
        state: State = self.state
        return f"<CompositeSystem of {', '.join(self.subsystems)}: {self.dimension} states; state of rank {state.rank}>"

    def part(self, on: Sequence[str]) -> System:
        """The named subsystems alone, in the order named, for building unitaries: their state is maximally mixed.

        Raises:
            UnknownName: If a name is unknown.
            InvalidInput: If a name comes twice or none is given.
        """
        self._positions(on)
        parts = [self._parts[name] for name in on]
        return self._whole(parts, _mixed(int(np.prod([part.dimension for part in parts]))))

    def embed(self, on: Sequence[str], rows: IntArray, columns: IntArray) -> tuple[IntArray, IntArray]:
        """Where elements of an operator on the named subsystems stand in the joint matrix of operator (x) identity.

        Args:
            on: Names of the subsystems it acts on, in its own tensor order.
            rows: Row of every element, shape (P,).
            columns: Column of every element, shape (P,).

        Returns:
            Joint rows and columns, shape (P, rest), rest the dimension of the other subsystems.

        Example:
            >>> pair = CompositeSystem(subsystems={"A": [0, 1], "B": [0, 1]}, state=State.pure([1, 0, 0, 0]))
            >>> rows, columns = pair.embed(["A"], np.array([0]), np.array([1]))  # |0><1| on A
            >>> rows.tolist(), columns.tolist()
            ([[0, 1]], [[2, 3]])
        """
        dims = np.array([values.size for values in self.energies.values()])
        strides = np.append(np.cumprod(dims[::-1])[::-1][1:], 1).astype(np.int64)
        own = self._positions(on)
        others = [position for position in range(dims.size) if position not in own]
        base, rest = (_offsets(dims[which], strides[which]) for which in (own, others))
        return base[rows][:, None] + rest[None, :], base[columns][:, None] + rest[None, :]

    def _positions(self, on: Sequence[str]) -> list[int]:
        """Tensor positions of the named subsystems."""
        names = list(self.energies)
        if isinstance(on, str) or not isinstance(on, Sequence) or not on or not _are_different(on):
            raise InvalidInput(f"`on` must be a list of different subsystems, but is {on!r}")
        for name in on:
            if name not in names:
                raise UnknownName("subsystem", str(name), names)
        return [names.index(name) for name in on]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reservoir:
    """A stream of fresh, equal units, each measured before and after its collision.

    Args:
        energies: Energies of one unit, shape (d_E,).
        inverse_temperature: Units in the Gibbs state of this inverse temperature. With `state` it does not say what
            the units are, only at which effective temperature the Clausius form of the entropy flow is evaluated.
        state: Units in this state (a `State` or a matrix in the unit's energy basis), of full rank.
        measure: `eigenbasis` measures units in the eigenbasis of their own state. `energy` measures them in the energy
            basis, which removes their coherence: for coherent units this is another process, which obeys its own
            fluctuation theorem with another mean.

    Raises:
        InvalidInput: If neither temperature nor state is given, or one is invalid, or a unit could take up more than
            1e12 nats.
        UnknownName: If `measure` is unknown.
        InvalidState: If the state has a vanishing eigenvalue: the entropy exchanged with it would be infinite.

    Example:
        >>> Reservoir(energies=[0.0, 1.0], inverse_temperature=1.0).outcomes.probabilities.round(4).tolist()
        [0.7311, 0.2689]
    """

    energies: ArrayLike
    inverse_temperature: float | None = None
    state: Any = None
    measure: str = "eigenbasis"

    def __post_init__(self) -> None:
        """Check that the units are well defined."""
        if self.inverse_temperature is None and self.state is None:
            raise InvalidInput("a reservoir must have `inverse_temperature` or `state`, but has neither")
        if not isinstance(self.measure, str) or self.measure not in MEASUREMENTS:
            raise UnknownName("measurement of units", str(self.measure), MEASUREMENTS)
        if self.inverse_temperature is not None:
            object.__setattr__(self, "inverse_temperature", check_inverse_temperature(self.inverse_temperature))
        object.__setattr__(self, "energies", self.unit.spectrum.energies)
        if self.state is not None:
            object.__setattr__(self, "state", self.unit.state)
        spread = float(np.ptp(self.unit.energy_state.log_eigenvalues))
        if spread > LARGEST_ENTROPY:
            raise InvalidInput(
                f"the largest entropy that a unit takes up must stay below {LARGEST_ENTROPY:.0e} nats, but reaches "
                f"{spread:.3g}; e^-sigma would be lost in the rounding of sigma",
                measured=spread,
            )
        rank = self.unit.energy_state.rank
        if rank < self.unit.dimension:
            raise InvalidState(
                f"units must be in a state of full rank {self.unit.dimension}, but theirs has rank {rank}; the entropy "
                "production would be infinite",
                measured=float(rank),
            )

    @cached_property
    def unit(self) -> System:
        """One unit in its initial state."""
        state = self.state
        if state is None:
            assert self.inverse_temperature is not None
            state = State.gibbs(self.energies, self.inverse_temperature)
        return System(energies=self.energies, state=state)

    def __repr__(self) -> str:
        """One line: the levels and the state of a unit."""
        state = "in a state given"
        if self.is_thermal:
            state = f"inverse temperature {self.inverse_temperature:g}"
        return f"<Reservoir with units of {levels_in_words(self.unit.spectrum)}; {state}>"

    @property
    def is_thermal(self) -> bool:
        """Whether the units are in a Gibbs state by construction."""
        return self.state is None

    @cached_property
    def environment(self) -> Environment:
        """An environment with a unit's energies, for building unitaries; its state is the unit's only if thermal."""
        beta = 0.0 if self.inverse_temperature is None else self.inverse_temperature
        return Environment(energies=self.energies, inverse_temperature=beta)

    @cached_property
    def measured_state(self) -> State:
        """The state of a unit after the first measurement, averaged over its outcomes; its own unless dephased."""
        return self.outcomes.state

    @cached_property
    def outcomes(self) -> Outcomes:
        """What the measurement of a fresh unit finds, one vector an outcome (energy eigenbasis)."""
        if self.measure == "energy":
            return energy_outcomes(self.unit.energy_state, self.unit.spectrum).split()
        return self.unit.outcomes.split()

    @cached_property
    def outcome_energies(self) -> FloatArray | None:
        """Energy of every outcome, shape (d_E,); None if the outcomes are no energy eigenstates."""
        spectrum, weights = self.unit.spectrum, np.abs(self.outcomes.vectors) ** 2
        level = spectrum.level_of[np.argmax(weights, axis=0)]
        if (weights * (spectrum.level_of[:, None] != level[None, :])).any():
            return None
        energies: FloatArray = spectrum.energies[np.argmax(weights, axis=0)]
        return energies


def _bare(given: ArrayLike) -> System:
    """A subsystem given by energies or by its Hamiltonian."""
    array = as_array(given, "subsystems")
    if array.ndim < 2:
        return System(energies=given, state=_mixed(max(1, array.size)))
    return System(hamiltonian=given, state=_mixed(max(1, array.shape[0])))


def _are_different(names: Sequence[str]) -> bool:
    return all(name not in names[:position] for position, name in enumerate(names))


def _mixed(dimension: int) -> State:
    return State.gibbs(np.zeros(dimension), 0.0)


def _sum_energies(parts: list[FloatArray]) -> FloatArray:
    total = np.zeros(1)
    for part in parts:
        total = (total[:, None] + part[None, :]).ravel()
    return total


def _offsets(dims: IntArray, strides: IntArray) -> IntArray:
    """Joint index of every product basis state of some subsystems, the others being in state 0."""
    total = np.zeros(1, dtype=np.int64)
    for dim, stride in zip(dims, strides, strict=True):
        total = (total[:, None] + stride * np.arange(dim)[None, :]).ravel()
    return total
