r"""Collision models (also known as repeated interactions): a composite system meets fresh units, one after the other.

Mapping [Li18]: one round is a list of steps, each an internal unitary of some subsystems or a collision of some
subsystems with a fresh unit of a reservoir; rounds are repeated K times. A collision sends the entropy
:math:`s = \ln q_\mu - \ln q_\nu` into its reservoir, with :math:`q_\mu` the eigenvalues of the unit's state
(Eq. (20)); for thermal units that is beta times the heat :math:`E_\nu - E_\mu`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidInput, TooLarge, UnknownName
from qtraj.processes.between_states import BetweenStates
from qtraj.processes.collision_memory import CollisionMemory
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.kraus import image_of
from qtraj.processes.seam import Stage
from qtraj.processes.summary import system_summary
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.in_words import levels_in_words, listed
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import System
from qtraj.quantum.scalars import instance_of
from qtraj.quantum.states import State

__all__ = ["CollisionModel"]

# Enough for every steady state, and a few seconds of work per path.
LARGEST_REPEAT = 1_000_000

# From here on density matrices are good enough: rounding of 1e-16 moves an eigenvalue by a relative 1e-10, and neither
# entropies nor exponential averages feel more than its absolute error.
WELL_CONDITIONED = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class CollisionModel(BetweenStates):
    """A composite system, reservoirs, and the steps of a round that is repeated.

    Args:
        composite: The subsystems and their joint initial state.
        reservoirs: The reservoirs by name.
        steps: What happens in one round, in order of time.
        repeat: Number of rounds K, 1 to 10^6.

    Raises:
        InvalidInput: If no step is a collision, or `repeat` is no whole number from 1 on.
        TooLarge: If `repeat` exceeds 10^6, or the Kraus operators of a round would not fit into memory.
        UnknownName: If a step names a reservoir or subsystem that is not there.
        InvalidUnitary: If a step's unitary does not fit its parties.

    Example:
        A qubit that relaxes between two temperatures.

        >>> from qtraj.quantum.unitaries import EnergyConservingUnitary
        >>> qubit = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.pure([1.0, 0.0]))
        >>> baths = {
        ...     "hot": Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5),
        ...     "cold": Reservoir(energies=[0.0, 1.0], inverse_temperature=1.5),
        ... }
        >>> swap = EnergyConservingUnitary.partial_swap(qubit.part(["S"]), baths["hot"].environment, angle=0.4)
        >>> steps = [CollisionStep(reservoir=name, on=["S"], unitary=swap) for name in baths]
        >>> model = CollisionModel(composite=qubit, reservoirs=baths, steps=steps, repeat=50)
        >>> model.final_state.real.diagonal().round(4).tolist()
        [0.728, 0.272]
    """

    composite: CompositeSystem
    reservoirs: Mapping[str, Reservoir]
    steps: Sequence[InternalStep | CollisionStep]
    repeat: int = 1

    def __post_init__(self) -> None:
        """Check that everything fits together, and keep copies that nobody else can change."""
        instance_of(self.composite, CompositeSystem, "composite")
        if not isinstance(self.reservoirs, Mapping):
            raise InvalidInput(f"`reservoirs` must be a table of reservoirs by name, but is {self.reservoirs!r:.80}")
        for name, reservoir in self.reservoirs.items():
            instance_of(reservoir, Reservoir, f"reservoirs[{name!r}]")
        if not isinstance(self.steps, Iterable):
            raise InvalidInput(f"`steps` must be a list of steps, but is {self.steps!r:.80}")
        object.__setattr__(self, "steps", tuple(self.steps))
        for position, step in enumerate(self.steps):
            if not isinstance(step, InternalStep | CollisionStep):
                raise InvalidInput(
                    f"`steps` must hold InternalStep and CollisionStep objects, but entry {position} is {step!r:.80}"
                )
        if isinstance(self.repeat, bool) or not isinstance(self.repeat, int | np.integer) or self.repeat < 1:
            raise InvalidInput(f"`repeat` must be a whole number from 1 on, but is {self.repeat!r}")
        if self.repeat > LARGEST_REPEAT:
            raise TooLarge(
                f"`repeat` must be at most {LARGEST_REPEAT:,}, but is {self.repeat:,}", measured=float(self.repeat)
            )
        if not any(isinstance(step, CollisionStep) for step in self.steps):
            raise InvalidInput(f"`steps` must hold at least one collision, but holds none in {len(self.steps)} steps")
        object.__setattr__(self, "reservoirs", MappingProxyType(dict(self.reservoirs)))
        _ = self.round

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the reservoirs as a plain dictionary: a read-only one cannot be pickled."""
        return {**self.__dict__, "reservoirs": dict(self.reservoirs)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Freeze again."""
        self.__dict__.update(state)
        object.__setattr__(self, "reservoirs", MappingProxyType(self.reservoirs))

    @property
    def kind(self) -> str:
        """What this process is called in files and reports."""
        return "collision-model"

    @property
    def summary(self) -> dict[str, str]:
        """What it consists of, in words."""
        parts = {
            f"subsystem {name}": f"energies {listed(own.tolist())}" for name, own in self.composite.energies.items()
        }
        units = {f"reservoir {name}": _units_in_words(reservoir) for name, reservoir in self.reservoirs.items()}
        steps = "; ".join(str(step) for step in self.steps)
        return {**parts, **system_summary(self.system), **units, "one round": steps, "rounds": f"{self.repeat:,}"}

    def __repr__(self) -> str:
        """One line: who meets whom, how often."""
        names = ", ".join(self.reservoirs)
        return (
            f"<CollisionModel of {', '.join(self.composite.subsystems)} with {names}: {self.collisions:,} collisions>"
        )

    @property
    def system(self) -> System:
        """The composite system as one system."""
        return self.composite.system

    @property
    def collisions(self) -> int:
        """Number of collisions with units in all rounds together."""
        return int(self.repeat) * sum(isinstance(step, CollisionStep) for step in self.steps)

    @property
    def met_reservoirs(self) -> tuple[str, ...]:
        """Names of the reservoirs that a step collides with, in order of time; others play no part."""
        return tuple(dict.fromkeys(step.reservoir for step in self.steps if isinstance(step, CollisionStep)))

    @cached_property
    def memory_needed(self) -> CollisionMemory:
        """What the Kraus operators of a round will take, estimated before any is made."""
        return CollisionMemory.of(self.composite, self.reservoirs, self.steps)

    @cached_property
    def round(self) -> tuple[Stage, ...]:
        """The stages of one round.

        Raises:
            TooLarge: If their Kraus operators would not fit into memory.
        """
        for step in self.steps:
            if isinstance(step, CollisionStep) and step.reservoir not in self.reservoirs:
                raise UnknownName("reservoir", str(step.reservoir), self.reservoirs)
        self.memory_needed.require()
        return tuple(
            step.stage(self.composite)
            if isinstance(step, InternalStep)
            else step.stage(self.composite, self.reservoirs[step.reservoir])
            for step in self.steps
        )

    def stages(self) -> tuple[Stage, ...]:
        """The stages of all rounds, in order of time."""
        return self.round * int(self.repeat)

    def output_of(self, start: Outcomes) -> State:
        """The final state for a start given by its outcomes (energy eigenbasis)."""
        state = start.state
        # The first stage is never taken by the short cut: a single collision is to the last digit a thermal operation.
        matrix: ComplexArray | None = None
        kraus: dict[int, ComplexArray] = {}
        for position, stage in enumerate(self.stages()):
            if matrix is None and position > 0 and _is_well_conditioned(state):
                matrix = state.matrix
            if matrix is not None:
                image = _image(matrix, stage, kraus)
                if np.linalg.eigvalsh(image)[0] > WELL_CONDITIONED:
                    matrix = image
                    continue
                state, matrix = _spectral(matrix), None
            state = image_of(stage.branches, state) if stage.reservoir is not None else _rotated(state, stage)
        return state if matrix is None else _spectral(matrix)

    def reversed(self) -> CollisionModel:
        """The backward process: it starts in the final state, and the inverse steps follow in opposite order."""
        return replace(
            self,
            composite=CompositeSystem(
                subsystems=self.composite.subsystems,
                state=self.final_energy_state.in_basis(dagger(self.system.basis)),
            ),
            steps=tuple(step.adjoint() for step in reversed(self.steps)),
        )


def _units_in_words(reservoir: Reservoir) -> str:
    levels = levels_in_words(reservoir.unit.spectrum)
    if reservoir.is_thermal:
        return f"thermal units of {levels}, inverse temperature {reservoir.inverse_temperature:g}"
    return f"units of {levels} in a state of their own, measured in its {reservoir.measure}"


def _rotated(state: State, stage: Stage) -> State:
    """The state after an internal unitary: its eigenvalues stay what they are."""
    matrix = stage.branches[0].operators[0]
    return State(log_eigenvalues=state.log_eigenvalues, vectors=matrix @ state.vectors)


def _is_well_conditioned(state: State) -> bool:
    return state.rank == state.dimension and float(state.log_eigenvalues.min()) > np.log(WELL_CONDITIONED)


def _image(matrix: ComplexArray, stage: Stage, kraus: dict[int, ComplexArray]) -> ComplexArray:
    """What a stage makes of a density matrix; `kraus` keeps the operators of stages met before."""
    if id(stage) not in kraus:
        kraus[id(stage)] = np.concatenate(
            [np.exp(batch.log_weights / 2)[:, None, None] * batch.operators for batch in stage.branches]
        )
    operators = kraus[id(stage)]
    image = (operators @ matrix @ dagger(operators)).sum(axis=0)
    image = (image + dagger(image)) / 2
    normalised: ComplexArray = image / np.trace(image).real
    return normalised


def _spectral(matrix: ComplexArray) -> State:
    """A well-conditioned density matrix in spectral form."""
    values, vectors = np.linalg.eigh(matrix)
    return State(log_eigenvalues=np.log(values[::-1]), vectors=vectors[:, ::-1])
