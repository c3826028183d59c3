r"""The steps of a collision model: internal unitaries, and collisions with fresh units.

Mapping: a collision's unitary U acts on the named subsystems (x) the unit, flat index :math:`n d_E + \mu`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.errors import InvalidInput, InvalidUnitary
from qtraj.processes.kraus import JointElements, measured_branches, thermal_branches
from qtraj.processes.seam import Branches, Stage
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.unitaries import UNITARY_TOLERANCE, EnergyConservingUnitary

__all__ = ["CollisionStep", "InternalStep"]


@dataclass(frozen=True, kw_only=True, eq=False)
class InternalStep:
    """A unitary of some subsystems among themselves.

    Args:
        on: Names of the subsystems, in the unitary's tensor order.
        unitary: Matrix in the product of the bases they are given in; the nearest unitary is taken if it is within
            1e-3.

    If it does not commute with the Hamiltonian it does work, which is booked as switching work.

    Raises:
        InvalidInput: If `on` is no list of names.
        InvalidUnitary: If the matrix is not unitary.

    Example:
        >>> swap = InternalStep(on=["A", "B"], unitary=-1j * np.eye(4)[[0, 2, 1, 3]])
        >>> swap.matrix.shape, swap.adjustment
        ((4, 4), 0.0)
    """

    on: Sequence[str]
    unitary: Any

    def __post_init__(self) -> None:
        """Keep copies that nobody else can change."""
        object.__setattr__(self, "on", _names(self.on))
        object.__setattr__(self, "unitary", frozen(as_matrix(self.unitary, "unitary")))
        _ = self.matrix

    def __str__(self) -> str:
        """What happens, in words."""
        return f"unitary of {' and '.join(self.on)}"

    def __repr__(self) -> str:
        """One line, without the matrix."""
        return f"<InternalStep: {self}>"

    @cached_property
    def matrix(self) -> ComplexArray:
        """The unitary."""
        defect = float(np.abs(dagger(self.unitary) @ self.unitary - np.eye(self.unitary.shape[0])).max())
        if defect > UNITARY_TOLERANCE:
            raise InvalidUnitary(
                f"`unitary` must be unitary, but U^dag U differs from 1 by {defect:.3g}", measured=defect
            )
        left, _, right = np.linalg.svd(self.unitary)
        return frozen(left @ right)

    @property
    def adjustment(self) -> float:
        """Frobenius distance between what was given and the unitary used."""
        return float(np.linalg.norm(self.matrix - self.unitary))

    def stage(self, composite: CompositeSystem) -> Stage:
        """The step on the whole system: one branch that sends nothing anywhere.

        Raises:
            InvalidUnitary: If the matrix does not fit the subsystems.
        """
        size = composite.part(self.on).dimension
        if self.matrix.shape[0] != size:
            raise InvalidUnitary(
                f"`unitary` must have shape {(size, size)} for subsystems {', '.join(self.on)}, but has shape "
                f"{self.matrix.shape}"
            )
        matrix = self.energy_matrix(composite)
        elements = np.where(np.abs(matrix) > AMPLITUDE_CUT, matrix, 0)
        nothing = np.zeros(1, dtype=np.int64)
        batch = Branches.from_operators(
            elements[None], heat=0.0, entropy=0.0, log_weights=np.zeros(1), mu=nothing, nu=nothing
        )
        return Stage(reservoir=None, branches=(_lifted(batch, composite, self.on),))

    def energy_matrix(self, composite: CompositeSystem) -> ComplexArray:
        """The unitary in the product of the subsystems' energy bases."""
        basis = composite.part(self.on).basis
        return dagger(basis) @ self.matrix @ basis

    def adjoint(self) -> InternalStep:
        """The inverse step."""
        return InternalStep(on=self.on, unitary=dagger(self.matrix))


@dataclass(frozen=True, kw_only=True, eq=False)
class CollisionStep:
    """A collision of some subsystems with a fresh unit.

    Args:
        reservoir: Name of the reservoir.
        on: Names of the subsystems, in the unitary's tensor order; the unit comes last.
        unitary: Built for the energies of these subsystems (`CompositeSystem.part`) and of the unit
            (`Reservoir.environment`).

    Raises:
        InvalidInput: If the names are none.
        InvalidUnitary: If the unitary is a bare matrix, which does not say what energies it was built for.

    Example:
        >>> from qtraj.quantum.states import State
        >>> qubit = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.gibbs([0.0, 1.0], 2.0))
        >>> bath = Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5)
        >>> meeting = EnergyConservingUnitary.partial_swap(qubit.part(["S"]), bath.environment, angle=0.4)
        >>> CollisionStep(reservoir="hot", on=["S"], unitary=meeting).reservoir
        'hot'
    """

    reservoir: str
    on: Sequence[str]
    unitary: EnergyConservingUnitary

    def __post_init__(self) -> None:
        """Keep a copy of the names that nobody else can change."""
        if not isinstance(self.reservoir, str) or not self.reservoir:
            raise InvalidInput(f"`reservoir` must be the name of a reservoir, but is {self.reservoir!r:.80}")
        object.__setattr__(self, "on", _names(self.on))
        if not isinstance(self.unitary, EnergyConservingUnitary):
            raise InvalidUnitary(
                "`unitary` of a collision must be an EnergyConservingUnitary, such as its `from_matrix` makes of a "
                f"matrix, but is of class {type(self.unitary).__name__}"
            )

    def __str__(self) -> str:
        """What happens, in words."""
        return f"{' and '.join(self.on)} {'meets' if len(self.on) == 1 else 'meet'} {self.reservoir}"

    def __repr__(self) -> str:
        """One line, without the matrix."""
        return f"<CollisionStep: {self}>"

    def stage(self, composite: CompositeSystem, reservoir: Reservoir) -> Stage:
        """The step on the whole system: one branch per pair of outcomes of the unit.

        Raises:
            InvalidUnitary: If the unitary was built for other energies.
        """
        self._check(composite, reservoir)
        if reservoir.is_thermal:
            batches = thermal_branches(self.unitary, reservoir.environment)
        else:
            batches = measured_branches(
                self.elements(reservoir),
                log_populations=reservoir.outcomes.log_eigenvalues,
                energies=reservoir.outcome_energies,
            )
        return Stage(reservoir=self.reservoir, branches=tuple(_lifted(batch, composite, self.on) for batch in batches))

    def elements(self, reservoir: Reservoir) -> JointElements:
        """The unitary between the outcomes of the unit's measurement."""
        joint, vectors = self.unitary.joint, reservoir.outcomes.vectors
        d, d_e = joint.system.dimension, joint.environment.dimension
        cube = self.unitary.matrix().reshape(d, d_e, d, d_e)
        rotated = np.einsum("ev,menf,fu->mvnu", np.conj(vectors), cube, vectors, optimize=True)
        m, nu, n, mu = np.nonzero(np.abs(rotated) > AMPLITUDE_CUT)
        return JointElements(dimension=d, size=d_e, m=m, nu=nu, n=n, mu=mu, values=rotated[m, nu, n, mu])

    def adjoint(self) -> CollisionStep:
        """The inverse step."""
        return CollisionStep(reservoir=self.reservoir, on=self.on, unitary=self.unitary.adjoint())

    def _check(self, composite: CompositeSystem, reservoir: Reservoir) -> None:
        joint = self.unitary.joint
        pairs: tuple[tuple[str, Spectrum, Spectrum], ...] = (
            (f"subsystems {', '.join(self.on)}", composite.part(self.on).spectrum, joint.system),
            (f"units of {self.reservoir}", reservoir.unit.spectrum, joint.environment),
        )
        for label, own, used in pairs:
            if not np.array_equal(own.energies, used.energies):
                raise InvalidUnitary(
                    f"`unitary` must be built for the energies of {label} ({own.dimension} levels), but was built for "
                    f"others ({used.dimension} levels)"
                )


def _names(on: Sequence[str]) -> Sequence[str]:
    """The names as a tuple.

    Raises:
        InvalidInput: If they are none, such as a single string.
    """
    names = None if isinstance(on, str) or not isinstance(on, Iterable) else tuple(on)
    if names is None or not all(isinstance(name, str) for name in names):
        raise InvalidInput(f"`on` must be a list of different subsystems, but is {on!r:.80}")
    return names


def _lifted(batch: Branches, composite: CompositeSystem, on: Sequence[str]) -> Branches:
    """A batch of operators on some subsystems as a batch on the whole system."""
    rows, columns = composite.embed(on, batch.rows, batch.columns)
    return replace(
        batch,
        dimension=composite.dimension,
        rows=rows.ravel(),
        columns=columns.ravel(),
        elements=np.repeat(batch.elements, rows.shape[1], axis=1),
    )
