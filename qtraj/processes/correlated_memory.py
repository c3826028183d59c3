r"""How much memory a correlated operation will need, from its dimensions alone; no matrix is formed.

Mapping: joint dimension :math:`D = d_Sd_E`, :math:`P = \sum s^2` elements of the unitary's blocks of s levels each. The
joint state and the outcomes at both ends are dense matrices of :math:`D\times D` numbers; the exact law asks for the
amplitude of every pair of an initial and a final outcome, element by element.

The numbers are peaks, good to a factor of two, beyond the 0.1 GB of the interpreter and its libraries.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtraj.memory import in_words, require_memory
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["CorrelatedMemory"]

# A complex number.
ELEMENT = 16

# Correlations, local and joint states, eigenvectors and the unitary, each checked, turned and taken apart.
JOINT_COPIES = 14

# What of it is kept: correlations, joint vectors, the unitary, and the vectors of the outcomes.
KEPT_COPIES = 4

# Every vector of the joint state has a part in every pair of local levels; a few copies on the way to a QR.
PINCHED_COPIES = 4

# Pairs of labels n, m that are possible for a transition: one byte; and what a class of the law takes.
LABEL_PAIR, CLASS = 1, 24

# Followed paths come in blocks, each path with a probability for every outcome; and its labels and uniform numbers.
BLOCK_PATHS, FOLLOWED_BLOCK = 2**16, 4_000_000

SUGGESTION = "use fewer levels: a correlated start is a dense matrix on system and environment together"


@dataclass(frozen=True, kw_only=True)
class CorrelatedMemory:
    """Estimated peaks in bytes.

    Attributes:
        dimension: Joint dimension D.
        joint: The joint state, and what the protocols measure at both ends.
        pinched: The same for the energy two-point protocol, which measures the local energies first.
        law: The exact law without the labels n and m.
        labelled_law: The exact law of the augmented protocol. Laws of more than 5 million classes are refused anyway,
            so that this matters up to D = 170.
        following: Followed paths.
    """

    dimension: int
    joint: float
    pinched: float
    law: float
    labelled_law: float
    following: float

    @classmethod
    def of(cls, unitary: EnergyConservingUnitary) -> CorrelatedMemory:
        """Estimate for a joint unitary, none of whose blocks is looked at.

        Example:
            >>> from qtraj.quantum.parties import Environment, System
            >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.0], [0.0, 0.5]])
            >>> bath = Environment.ladder(levels=500, spacing=1.0, inverse_temperature=1.0)
            >>> needed = CorrelatedMemory.of(EnergyConservingUnitary.haar(qubit, bath))
            >>> f"{needed.joint:.1e} {needed.law:.1e}"
            '2.2e+08 3.2e+10'
        """
        size = float(unitary.dimension)
        elements = float(sum(indices.size * indices.shape[1] for indices in unitary.blocks))
        square = ELEMENT * size**2
        kept = KEPT_COPIES * square
        table = square * elements
        pairs = float(unitary.joint.system.levels.size * unitary.joint.environment.levels.size)
        return cls(
            dimension=unitary.dimension,
            joint=JOINT_COPIES * square,
            pinched=kept + PINCHED_COPIES * square * pairs,
            law=max(JOINT_COPIES * square, kept + table),
            labelled_law=max(JOINT_COPIES * square, kept + max(table, LABEL_PAIR * size**4 + CLASS * size**3)),
            following=JOINT_COPIES * square + 8.0 * BLOCK_PATHS * size + FOLLOWED_BLOCK,
        )

    def require_joint(self) -> None:
        """Refuse a joint state that does not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        what = f"a correlated start of {self.dimension:,} joint levels"
        require_memory(self.joint, what=what, suggestion=SUGGESTION)

    def require_law(self) -> None:
        """Refuse a law that does not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        what = f"the exact law, between {self.dimension:,} joint levels,"
        require_memory(self.law, what=what, suggestion=f"{SUGGESTION}; or follow the paths, which needs no law")

    def require_pinched(self) -> None:
        """Refuse a measurement of the local energies that does not fit.

        Raises:
            TooLarge: With the estimate, the limit and a suggestion.
        """
        what = f"the energy two-point protocol of {self.dimension:,} correlated joint levels"
        require_memory(self.pinched, what=what, suggestion=f"{SUGGESTION}; or use another protocol")

    def __str__(self) -> str:
        """In words."""
        return (
            f"{self.dimension:,} joint levels; joint state {in_words(self.joint)}, exact law {in_words(self.law)}, "
            f"with labels {in_words(self.labelled_law)}, following {in_words(self.following)}"
        )
