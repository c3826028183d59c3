r"""How much memory a collision model will need, from the sizes of its parts; nothing large is formed.

Mapping: d dimensions of the whole system; a collision of m joint levels (the subsystems that meet the unit, and the
unit) has :math:`\sum s^2` elements in its total-energy blocks, and up to :math:`m^2` between the outcomes of a coherent
unit; its Kraus operators come in batches of one heat and entropy each. A *cell* of the exact law is one combination of
what went into each reservoir; it carries :math:`d^2` numbers, and maps of :math:`d^2\times d^2` numbers move it.

How many cells there are shows only on the way: which sums of flows coincide, and which are forbidden, is what the law
is about. So the law is refused at once where its maps do not fit, and for its cells after the first tenth of the
collisions, when it is plain where they lead.

The numbers are peaks, good to a factor of two, beyond the 0.1 GB of the interpreter and its libraries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qtraj.memory import in_words, require_memory
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.kraus import ENTROPY_TOLERANCE
from qtraj.processes.seam import Stage
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.lazy_blocks import WORTH_ASKING
from qtraj.quantum.spectrum import group_values

__all__ = ["CollisionMemory", "SweepMemory"]

# A real and a complex number.
NUMBER, ELEMENT = 8, 16

# An element of a joint unitary that becomes one of a Kraus operator: its value, four labels, heat, entropy and group.
LABELLED_ELEMENT = 100

# The dense unitary of a collision with a coherent unit, its copies on the way to the basis of the outcomes, and which
# of its elements are not zero.
DENSE_ELEMENT = 75

# An element on the whole system, with its row and its column.
LIFTED_ELEMENT = 32

# A batch of operators, whatever its size, as an object with six arrays: on the subsystems and on the whole system.
BATCH = 3100

# Basis, unitaries before and after, the map of a batch, and the products on the way to real coordinates.
COMPLEX_MAPS = 7

# What is kept in a step of the sweep beside the image of every batch: the sum, its modulus, and a term of it.
SUM_COPIES = 3

# A transition of the law from one outcome to another: its entry in the table, three labels and a logarithm, twice.
TRANSITION = 90

# Beyond its d^2 numbers: which entries of the table of all combinations are alive, and where they are kept.
TABLE_ENTRY = 5

SWEEP_SUGGESTION = (
    "use fewer collisions, a smaller system, or units whose energies are multiples of one gap, so that more flows "
    "coincide; or follow the paths, which needs no law"
)


@dataclass(frozen=True, kw_only=True)
class SweepMemory:
    """Estimated peaks of the sweep that finds the exact law of many collisions, in bytes.

    Attributes:
        maps: Making the maps that move cells.
        kept: What of them is kept while cells move.
        cell: One cell.
    """

    maps: float
    kept: float
    cell: float

    @classmethod
    def of(cls, stages: Sequence[Stage], transitions: int, *, workers: int = 1) -> SweepMemory:
        """Estimate for stages of which one at least is a collision.

        Args:
            stages: The stages of all rounds, equal ones as one object.
            transitions: Pairs of an initial and a final outcome.
            workers: How many initial outcomes are swept at once.

        Example:
            >>> from qtraj.models.li18 import coherent_collision
            >>> needed = SweepMemory.of(coherent_collision(collisions=100).stages(), transitions=16)
            >>> f"{needed.law(cells=40_401):.2g}"
            '5.9e+07'
        """
        different = {id(stage): stage for stage in stages if stage.reservoir is not None}.values()
        size = stages[0].branches[0].dimension ** 2
        batches = [len(stage.branches) for stage in different]
        kept = float(size**2) * (ELEMENT + NUMBER * sum(batches))
        moving = workers * NUMBER * size * (max(batches) + SUM_COPIES)
        return cls(
            maps=kept + (COMPLEX_MAPS - 1) * ELEMENT * float(size**2),
            kept=kept,
            cell=float(max(moving, TRANSITION * transitions)),
        )

    def law(self, cells: float, combinations: float = 0.0) -> float:
        """The whole law, of as many cells alive among all combinations of entries of the axes."""
        return max(self.maps, self.kept + cells * self.cell + TABLE_ENTRY * combinations)

    def require_law(self, cells: float = 1.0, combinations: float = 0.0) -> None:
        """Refuse a law that does not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        needed = self.law(cells, combinations)
        if needed > WORTH_ASKING:
            what = f"the exact law, with {cells:,.0f} combinations of flows," if cells > 1 else "the exact law"
            require_memory(needed, what=what, suggestion=SWEEP_SUGGESTION)


@dataclass(frozen=True, kw_only=True)
class CollisionMemory:
    """Estimated peaks of making the Kraus operators of one round, in bytes.

    Attributes:
        largest: Joint levels of the largest collision.
        kept: The operators of all steps, kept with the process.
        making: Kept and in use while the operators of the largest step are made.
    """

    largest: int
    kept: float
    making: float

    @classmethod
    def of(
        cls,
        composite: CompositeSystem,
        reservoirs: Mapping[str, Reservoir],
        steps: Sequence[InternalStep | CollisionStep],
    ) -> CollisionMemory:
        """Estimate for the parts of a collision model, none of whose operators is made.

        Example:
            A thermal unit takes next to nothing; the same unit with coherence has a batch for every pair of outcomes.

            >>> from qtraj.quantum.states import State
            >>> from qtraj.quantum.unitaries import EnergyConservingUnitary
            >>> qubit = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.gibbs([0.0, 1.0], 1.0))
            >>> thermal = Reservoir(energies=np.arange(200.0), inverse_temperature=0.01)
            >>> coherent = Reservoir(energies=np.arange(200.0), state=State.haar(200, seed=1))
            >>> meeting = EnergyConservingUnitary.haar(qubit.part(["S"]), thermal.environment)
            >>> steps = [CollisionStep(reservoir="bath", on=["S"], unitary=meeting)]
            >>> [f"{CollisionMemory.of(qubit, {'bath': bath}, steps).making:.1g}" for bath in (thermal, coherent)]
            ['9e+04', '2e+08']
        """
        largest, kept, passing = 0, 0.0, 0.0
        for step in steps:
            part = composite.part(step.on).dimension
            rest = composite.dimension // part
            if isinstance(step, InternalStep):
                own, made = LIFTED_ELEMENT * float(part**2) * rest, 0.0
            else:
                largest = max(largest, step.unitary.dimension)
                own, made = _of_collision(step, reservoirs[step.reservoir], rest)
            kept, passing = kept + own, max(passing, made)
        return cls(largest=largest, kept=kept, making=kept + passing)

    def require(self) -> None:
        """Refuse operators that do not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        if self.making > WORTH_ASKING:
            require_memory(
                self.making,
                what=f"the list of Kraus operators of a round, with collisions of up to {self.largest:,} joint levels,",
                suggestion="use units of fewer levels, or thermal ones, whose operators come in few batches",
            )

    def __str__(self) -> str:
        """In words."""
        return (
            f"collisions of up to {self.largest:,} joint levels; Kraus operators of a round {in_words(self.kept)}, "
            f"making them {in_words(self.making)}"
        )


def _of_collision(step: CollisionStep, reservoir: Reservoir, rest: int) -> tuple[float, float]:
    """What the operators of a collision keep, and what making them takes beside that."""
    in_blocks = float(sum(indices.size * indices.shape[1] for indices in step.unitary.blocks))
    if reservoir.is_thermal:
        return ELEMENT * in_blocks * rest, LABELLED_ELEMENT * in_blocks
    dense = float(step.unitary.dimension) ** 2
    # Outcomes that are energy eigenstates leave the blocks as they are; others mix all of them.
    elements = in_blocks if reservoir.outcome_energies is not None else dense
    logs = reservoir.outcomes.log_eigenvalues
    flows = (logs[:, None] - logs[None, :]).ravel()
    batches = group_values(flows, ENTROPY_TOLERANCE * max(1.0, float(np.abs(flows).max())))[1]
    making = DENSE_ELEMENT * dense + LABELLED_ELEMENT * elements + BATCH / 2 * batches
    return LIFTED_ELEMENT * elements * rest + BATCH / 2 * batches, making
