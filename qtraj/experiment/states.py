"""The kinds of `[system] state`: each is a table with the keys of one way to say what a state is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np

from qtraj.errors import InvalidExperiment
from qtraj.experiment.schema import Kinds, Matrix, NonNegative, Numbers, Operator, Positive, Seed, Table, Vector
from qtraj.quantum.parties import System
from qtraj.quantum.states import State, gibbs_log_populations

__all__ = ["StateKind", "StateTable"]


class StateKind(Table):
    """What every kind of state can do."""

    kind: str

    def build(self, bare: System, folder: Path) -> State:
        """The state, in the basis the Hamiltonian was given in.

        Args:
            bare: The system with any state; its spectrum, basis and dimension are what counts.
            folder: The folder of the experiment file.
        """
        raise NotImplementedError


class MatrixState(StateKind, Matrix):
    """A density matrix: `real`, `imag` or `file`, and `rank` if you know it."""

    kind: Literal["matrix"]
    rank: Positive | None = None

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        return State.from_matrix(self.array(folder), rank=self.rank)


class SpectralState(StateKind):
    """Eigenvalues as natural logarithms, and eigenvectors as columns of a matrix, like those of `numpy.linalg.eigh`.

    Zero eigenvalues are left out. Without `vectors` the state is diagonal, in the order of the basis.
    """

    kind: Literal["spectral"]
    log_populations: Numbers
    vectors: Operator | None = None

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        if self.vectors is not None:
            return State(log_eigenvalues=np.array(self.log_populations), vectors=self.vectors.array(folder))
        if len(self.log_populations) != bare.dimension:
            raise InvalidExperiment(
                f"`log_populations` must have {bare.dimension} entries like the energies, or come with `vectors`, "
                f"but has {len(self.log_populations)}",
                measured=len(self.log_populations),
            )
        return State(log_eigenvalues=np.array(self.log_populations), vectors=np.eye(bare.dimension, dtype=complex))


class BlochState(StateKind):
    """A qubit state by its Bloch vector; coordinates left out are 0."""

    kind: Literal["bloch"]
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    rank: Positive | None = None

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        return State.bloch(self.x, self.y, self.z, rank=self.rank)


class PureState(StateKind, Vector):
    """A state vector: `real`, `imag` or `file`."""

    kind: Literal["pure"]

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        return State.pure(self.array(folder))


class GibbsState(StateKind):
    """The Gibbs state of the system's own Hamiltonian at inverse temperature `beta`."""

    kind: Literal["gibbs"]
    beta: NonNegative

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        return State(log_eigenvalues=gibbs_log_populations(bare.spectrum.energies, self.beta), vectors=bare.basis)


class HaarState(StateKind):
    """A random state of the given rank (full if left out); rank 1 is a Haar-random pure state."""

    kind: Literal["haar"]
    rank: Positive | None = None
    seed: Seed = 0

    def build(self, bare: System, folder: Path) -> State:
        """See `StateKind.build`."""
        return State.haar(bare.dimension, rank=self.rank, seed=self.seed)


StateTable: TypeAlias = Annotated[
    StateKind, Kinds(MatrixState, SpectralState, BlochState, PureState, GibbsState, HaarState)
]
