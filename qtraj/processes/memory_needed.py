r"""How much memory a thermal operation will need, from the sizes of its blocks alone; no matrix is formed.

Mapping: blocks of s joint levels each, :math:`\sum s^2` elements of the unitary; a pair (mu, nu) for every Kraus
operator; d the system's dimension, r the rank of its initial state.

The numbers are peaks, good to a factor of two, beyond the 0.1 GB of the interpreter and its libraries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.memory import in_words, require_memory
from qtraj.processes.level_pairs import CHUNK_PAIRS, is_condensed
from qtraj.quantum.lazy_blocks import STORE, AdjointStacks, LazyStacks
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["MOST_EVOLVED_BYTES", "MemoryNeeded"]

MOST_EVOLVED_BYTES = 2**27
"""What followed paths may keep of evolved states: a kilobyte each beside a ladder, 300 beside 14 spins."""

# A complex number.
ELEMENT = 16

# Index arrays of a joint level: its energy, block, place in it and position among the blocks, sorted and unsorted.
JOINT_LEVEL = 80

# An element of the unitary that becomes one of a labelled Kraus operator: four labels, two indices, its heat and group.
LABELLED_ELEMENT = 100

# A labelled Kraus operator apart from its elements: mu, nu and a weight.
LABELLED_PAIR = 24

# The final state's vectors, one row a pair and initial eigenvector, are copied this often on the way to a QR.
ROW_COPIES = 3

# The table of elements of a level pair is masked, joined and copied for LAPACK.
TABLE_COPIES = 5

# Labels, uniform numbers and order of a block of 2^16 followed paths.
FOLLOWED_BLOCK = 12_000_000

# Nanoseconds of a core of this decade: for s^3 of a drawn block (others say how they compare), for an element gathered
# by levels, and for one kept with its labels.
DRAWING, GATHERING, LABELLING = 0.25, 60.0, 1000.0

SUGGESTION = (
    "use fewer spins or levels, a system whose levels share fewer total energies with the environment, or only follow "
    "paths of the kraus protocol, which touch no block but their own"
)


@dataclass(frozen=True, kw_only=True)
class MemoryNeeded:
    """Estimated peaks in bytes, and a rough time.

    Attributes:
        blocks: Number of total-energy blocks.
        largest_block: Joint levels in the largest.
        unitary: All blocks of the unitary.
        law: The exact law, the final state and the averages that stand on it.
        labels: The Kraus operators of single pairs (mu, nu), which the explicit sampler lists.
        following: Followed paths, if their endpoints are known.
        seconds: Making every block once and computing the law, on one core.
    """

    blocks: int
    largest_block: int
    unitary: float
    law: float
    labels: float
    following: float
    seconds: float

    @classmethod
    def of(cls, unitary: EnergyConservingUnitary, rank: int) -> MemoryNeeded:
        """Estimate for a unitary, none of whose blocks is looked at, and an initial state of that rank.

        Example:
            >>> from qtraj.quantum.parties import Environment, System
            >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.0], [0.0, 0.5]])
            >>> bath = Environment.spins(count=16, splitting=1.0, inverse_temperature=1.0)
            >>> needed = MemoryNeeded.of(EnergyConservingUnitary.haar(qubit, bath), rank=2)
            >>> needed.largest_block, f"{needed.unitary:.3g} bytes"
            (24310, '3.73e+10 bytes')
        """
        joint = unitary.joint
        sizes = np.concatenate([np.full(indices.shape[0], float(indices.shape[1])) for indices in unitary.blocks])
        d, largest = joint.system.dimension, float(sizes.max())
        elements = float(sizes @ sizes)
        whole, block = ELEMENT * elements, ELEMENT * largest**2
        pairs, widest = _pair_counts(unitary)
        gathered = is_condensed(unitary)
        base = float(JOINT_LEVEL * joint.dimension)
        # Blocks that are kept or in use, of which there are as many as the system has levels; and one being made.
        copies, cost = (
            (lazy.copies, lazy.cost) if isinstance(lazy := unitary.matrices, LazyStacks | AdjointStacks) else (0.0, 0.0)
        )
        resident = min(whole, max(STORE.capacity, d * block)) + copies * block
        if gathered:
            kinds = d**2 if joint.system.is_degenerate else d
            law = base + resident + TABLE_COPIES * ELEMENT * kinds * min(CHUNK_PAIRS, widest)
        else:
            rows = ROW_COPIES * (ELEMENT * d + 8) * rank * pairs
            listed = LABELLED_PAIR * pairs + ELEMENT * elements
            law = base + whole + max(LABELLED_ELEMENT * elements, listed + rows)
        evolved = 2 * ELEMENT * rank * pairs
        work = DRAWING * cost * float((sizes**3).sum()) + (GATHERING if gathered else LABELLING) * elements
        return cls(
            blocks=int(sizes.size),
            largest_block=int(largest),
            unitary=whole,
            law=law,
            labels=base + whole + LABELLED_ELEMENT * elements,
            following=base + resident + min(MOST_EVOLVED_BYTES, evolved) + FOLLOWED_BLOCK,
            seconds=1e-9 * work,
        )

    def require_law(self) -> None:
        """Refuse a law that does not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        what = f"the exact law, with blocks of up to {self.largest_block:,} levels,"
        require_memory(self.law, what=what, suggestion=SUGGESTION)

    def require_labels(self) -> None:
        """Refuse to list the Kraus operators of single pairs where they do not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        suggestion = "use the counts sampler, whose classes need no labels mu and nu, or the followed one"
        require_memory(self.labels, what="a list of all Kraus operators with their labels", suggestion=suggestion)

    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.blocks:,} blocks of up to {self.largest_block:,} levels; unitary {in_words(self.unitary)}, exact "
            f"law {in_words(self.law)}, labels {in_words(self.labels)}, following {in_words(self.following)}"
        )


def _pair_counts(unitary: EnergyConservingUnitary) -> tuple[float, float]:
    """How many pairs (mu, nu) of environment states have a Kraus operator, and how many between two levels at most."""
    joint = unitary.joint
    levels = Spectrum(energies=joint.environment.energies)
    sizes = levels.degeneracies.astype(float)
    if not unitary.conserving:
        return float(sizes.sum()) ** 2, float(sizes.max()) ** 2
    total = widest = 0.0
    for gap in joint.system.bohr_frequencies()[0]:
        partner = np.minimum(np.searchsorted(levels.levels, levels.levels + gap - joint.tolerance), sizes.size - 1)
        meets = np.abs(levels.levels[partner] - levels.levels - gap) <= 2 * joint.tolerance
        products = sizes * sizes[partner] * meets
        total, widest = total + float(products.sum()), max(widest, float(products.max()))
    return total, widest
