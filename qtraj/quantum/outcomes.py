r"""The outcomes of measuring a state in its own eigenbasis, decided once and canonically.

An eigenbasis is not unique when eigenvalues coincide, and the laws of sigma_d and xi depend on the choice. The rule
here: within each eigenspace :math:`P_k` of the state, diagonalise :math:`P_k H P_k`; where that is degenerate too, the
outcome is the remaining projector as a whole (*leftover degeneracy*), with :math:`p(n|k) = tr(P_k \Pi_n)/d_k` and
transitions summed over the eigenspace. Every outcome is therefore a projector of rank one or more, and the rank-one
case is not special.

All vectors here have the energy eigenbasis as coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.quantum.graded import AMPLITUDE_CUT, graded_eigensystem
from qtraj.quantum.matrices import dagger
from qtraj.quantum.spectrum import Spectrum, group_values
from qtraj.quantum.states import State

__all__ = ["Outcomes", "energy_outcomes", "pinch"]

# Eigenvalues come out of QR and Jacobi rotations with a relative error of some 1e-15; merging values that differ by
# less than 1e-12 moves the state by less than 1e-12 and entropies, which are stationary in it, by far less.
DEGENERATE_LOG_GAP = 1e-12

# Eigenvalues of P_k H P_k carry rounding errors of about 1e-15 of the largest energy.
DEGENERATE_ENERGY_GAP = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """Outcomes of a projective measurement in the eigenbasis of a state.

    Args:
        log_eigenvalues: ln of the eigenvalue p_a of every outcome, shape (r,). An outcome of rank d_a occurs with
            probability d_a p_a.
        vectors: Orthonormal columns spanning all outcomes, shape (d, R), R the sum of the ranks.
        outcome_of: Outcome index of every column, non-decreasing, shape (R,).

    Example:
        >>> spectrum = Spectrum(energies=[0.0, 1.0])
        >>> outcomes = Outcomes.of(State.gibbs([0.0, 1.0], 1.0), spectrum)
        >>> outcomes.probabilities.round(6).tolist()
        [0.731059, 0.268941]
    """

    log_eigenvalues: FloatArray
    vectors: ComplexArray
    outcome_of: IntArray

    @property
    def count(self) -> int:
        """Number of outcomes r."""
        return int(self.log_eigenvalues.size)

    @cached_property
    def ranks(self) -> IntArray:
        """Rank of every outcome's projector, shape (r,)."""
        return frozen(np.bincount(self.outcome_of, minlength=self.count).astype(np.int64))

    @cached_property
    def log_probabilities(self) -> FloatArray:
        """Ln of the probability of every outcome, shape (r,)."""
        return frozen(self.log_eigenvalues + np.log(self.ranks))

    @property
    def probabilities(self) -> FloatArray:
        """Probability of every outcome, shape (r,)."""
        probabilities: FloatArray = np.exp(self.log_probabilities)
        return probabilities

    @property
    def state(self) -> State:
        """The state whose measurement this is."""
        return State(log_eigenvalues=self.log_eigenvalues[self.outcome_of], vectors=self.vectors)

    def sum_over(self, log_values: FloatArray, axis: int) -> FloatArray:
        """Add values given per column (in logarithms) up to one value per outcome, along `axis`."""
        starts = np.searchsorted(self.outcome_of, np.arange(self.count))
        summed: FloatArray = np.logaddexp.reduceat(log_values, starts, axis=axis)
        return summed

    def log_conditional(self, other: Outcomes) -> FloatArray:
        r"""Ln of the probability of `other`'s outcome n in this outcome a, :math:`tr(P_a \Pi_n)/d_a`.

        Returns:
            Shape (r, N); -inf where the overlap is a structural zero.
        """
        overlap = np.abs(dagger(self.vectors) @ other.vectors)
        with np.errstate(divide="ignore"):
            logs = 2 * np.log(np.where(overlap > AMPLITUDE_CUT, overlap, 0.0))
        joined: FloatArray = self.sum_over(other.sum_over(logs, axis=1), axis=0) - np.log(self.ranks)[:, None]
        # A rank-1 outcome that lies within one of `other`'s has probability 1, not 1 minus a rounding error.
        return frozen(np.minimum(joined, 0.0))

    @classmethod
    def of(cls, state: State, spectrum: Spectrum) -> Outcomes:
        """Canonical outcomes of a state, by descending eigenvalue and ascending energy within an eigenspace.

        Args:
            state: In the energy eigenbasis.
            spectrum: The system's energies, which settle degenerate eigenspaces.
        """
        labels, count = group_values(-state.log_eigenvalues, DEGENERATE_LOG_GAP)
        gap = DEGENERATE_ENERGY_GAP * float(np.abs(spectrum.energies).max())
        logs: list[float] = []
        columns: list[ComplexArray] = []
        for k in range(count):
            members = np.flatnonzero(labels == k)
            mean = float(logsumexp(state.log_eigenvalues[members]) - np.log(members.size))
            space = _clean(state.vectors[:, members])
            if members.size > 1:
                compressed = dagger(space) @ (spectrum.energies[:, None] * space)
                energies, rotation = np.linalg.eigh(compressed)
                space = _clean(space @ rotation)
                parts, number = group_values(energies, gap)
            else:
                parts, number = np.zeros(1, dtype=np.int64), 1
            for part in range(number):
                logs.append(mean)
                columns.append(space[:, parts == part])
        return cls.from_parts(logs, columns)

    @classmethod
    def from_parts(cls, log_eigenvalues: list[float], columns: list[ComplexArray]) -> Outcomes:
        """Outcomes from one eigenvalue and one set of columns each."""
        owners = np.repeat(np.arange(len(columns)), [part.shape[1] for part in columns])
        return cls(
            log_eigenvalues=frozen(np.array(log_eigenvalues)),
            vectors=frozen(np.concatenate(columns, axis=1)),
            outcome_of=frozen(owners.astype(np.int64)),
        )

    def split(self) -> Outcomes:
        """The same measurement with every outcome split into rank-one ones."""
        return Outcomes(
            log_eigenvalues=frozen(self.log_eigenvalues[self.outcome_of]),
            vectors=self.vectors,
            outcome_of=frozen(np.arange(self.outcome_of.size, dtype=np.int64)),
        )


def pinch(state: State, spectrum: Spectrum) -> State:
    r"""Block-dephase a state in the energy eigenspaces, :math:`\Delta(\rho) = \sum_l \Pi_l \rho \Pi_l`.

    Example:
        >>> spectrum = Spectrum(energies=[0.0, 1.0])
        >>> pinch(State.pure([0.6, 0.8]), spectrum).matrix.real.round(3).tolist()
        [[0.36, 0.0], [0.0, 0.64]]
    """
    levels = spectrum.degeneracies.size
    in_level = spectrum.level_of[None, :] == np.arange(levels)[:, None]
    rows = state.vectors.T[:, None, :] * in_level[None, :, :]
    logs, vectors = graded_eigensystem(np.repeat(state.log_eigenvalues, levels), rows.reshape(-1, state.dimension))
    return State(log_eigenvalues=logs, vectors=vectors)


def energy_outcomes(state: State, spectrum: Spectrum) -> Outcomes:
    """Canonical outcomes of the pinched state: energy levels, refined by its eigenvalues within each level.

    They are listed in the order the energies were given, and by descending probability within a level.

    Example:
        >>> energy_outcomes(State.pure([0.6, 0.8]), Spectrum(energies=[0.0, 1.0])).probabilities.round(3).tolist()
        [0.36, 0.64]
    """
    outcomes = Outcomes.of(pinch(state, spectrum), spectrum)
    starts = np.searchsorted(outcomes.outcome_of, np.arange(outcomes.count))
    first_position = np.array(
        [int(np.flatnonzero(spectrum.level_of == level)[0]) for level in range(spectrum.levels.size)]
    )
    level = spectrum.level_of[np.argmax(np.abs(outcomes.vectors[:, starts]), axis=0)]
    order = np.argsort(first_position[level], kind="stable")
    return Outcomes.from_parts(
        [float(outcomes.log_eigenvalues[k]) for k in order],
        [outcomes.vectors[:, outcomes.outcome_of == k] for k in order],
    )


def _clean(columns: ComplexArray) -> ComplexArray:
    """Set structural zeros to zero, so that they stay zero in every product with other vectors."""
    kept = np.where(np.abs(columns) > AMPLITUDE_CUT, columns, 0)
    unit: ComplexArray = kept / np.linalg.norm(kept, axis=0)
    return unit
