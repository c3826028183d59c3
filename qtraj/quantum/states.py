r"""States as eigenvalues (in logarithms) and eigenvectors.

A `State` is :math:`\rho = \sum_i e^{\ell_i} |v_i\rangle\langle v_i|` with logarithms of the non-zero eigenvalues
:math:`\ell_i` and orthonormal columns :math:`v_i`. The matrix follows from these and never the other way round, so
that cold Gibbs states, pure states and states of given rank need no special treatment. Only `State.from_matrix`
has to decide which eigenvalues are zero, and it refuses to guess.

A state knows nothing of energies: its coordinates are those of the basis its Hamiltonian is written in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import AmbiguousRank, InvalidInput, InvalidState
from qtraj.quantum.in_words import listed
from qtraj.quantum.matrices import as_array, as_matrix, as_vector, dagger
from qtraj.quantum.scalars import random_generator, real_number, whole_number
from qtraj.quantum.spectrum import energies_of

__all__ = ["State", "gibbs_log_populations"]

# Matrices typed to a few digits are made Hermitian, positive and of trace 1; beyond this they are refused.
STATE_TOLERANCE = 1e-3

# Eigenvalues up to 4 d eps are rounding errors of a zero. From there to 1e-12 a zero with a few more rounding errors
# and a genuinely small eigenvalue look alike, and <e^-sigma> differs between the two.
AMBIGUOUS_EIGENVALUE = 1e-12


def gibbs_log_populations(energies: FloatArray, inverse_temperature: float) -> FloatArray:
    r"""Logarithms of the Gibbs populations, :math:`\ln q_\mu = -\beta E_\mu - \ln\sum_\nu e^{-\beta E_\nu}`.

    Args:
        energies: Shape (d,).
        inverse_temperature: :math:`\beta \ge 0`, finite.

    Returns:
        Shape (d,), natural logarithms; exact for populations far below 1e-308.

    Example:
        >>> import numpy as np
        >>> gibbs_log_populations(np.array([0.0, 1.0]), 1000.0).tolist()
        [0.0, -1000.0]
    """
    # Measured from the lowest level, so that adding a constant to all energies cannot cost digits or overflow.
    reduced = -inverse_temperature * (energies - energies.min())
    populations: FloatArray = reduced - logsumexp(reduced)
    return populations


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A density matrix in spectral form.

    Args:
        log_eigenvalues: Natural logarithms of the non-zero eigenvalues, shape (r,).
        vectors: Orthonormal eigenvectors as columns, shape (d, r).
        adjustment: How far (Frobenius norm) the state is from the matrix the user gave; 0 if none was given.

    Raises:
        InvalidState: If the vectors are not orthonormal or the eigenvalues do not sum to 1 (both within 1e-3; what
            remains is removed).

    Example:
        >>> state = State.bloch(0.5, 0.2, -0.3)
        >>> (state.matrix.round(3) + 0).tolist()  # + 0 turns -0 into 0
        [[(0.35+0j), (0.25-0.1j)], [(0.25+0.1j), (0.65+0j)]]
    """

    log_eigenvalues: FloatArray
    vectors: ComplexArray
    adjustment: float = 0.0

    def __post_init__(self) -> None:
        """Check and clean the spectral form."""
        try:
            logs = np.array(self.log_eigenvalues, dtype=np.float64)
            vectors = np.array(self.vectors, dtype=np.complex128)
        except (TypeError, ValueError) as error:
            raise InvalidState("`log_eigenvalues` and `vectors` must be arrays of numbers, but are not") from error
        if logs.ndim != 1 or vectors.ndim != 2 or vectors.shape[1] != logs.size:
            raise InvalidState(
                f"`vectors` must hold one column per eigenvalue, but has shape {vectors.shape} for {logs.size} of them"
            )
        if logs.size == 0 or logs.size > vectors.shape[0]:
            raise InvalidState(
                f"`log_eigenvalues` must have between 1 and {vectors.shape[0]} entries, but has {logs.size}"
            )
        if not np.isfinite(logs).all() or not np.isfinite(vectors).all():
            raise InvalidState(
                "`log_eigenvalues` and `vectors` must be finite, but are not; leave zero eigenvalues out"
            )
        total = float(logsumexp(logs))
        if abs(total) > STATE_TOLERANCE:
            raise InvalidState(
                f"eigenvalues must sum to 1, but sum to {np.exp(min(total, 700.0)):.6g}",
                measured=float(np.exp(min(total, 700.0))),
            )
        overlap = dagger(vectors) @ vectors - np.eye(logs.size)
        defect = float(np.abs(overlap).max())
        if defect > STATE_TOLERANCE:
            raise InvalidState(
                f"`vectors` must be orthonormal columns, but their overlaps are off by {defect:.3g}", measured=defect
            )
        if defect > 4 * np.finfo(float).eps * vectors.shape[0]:
            left, _, right = np.linalg.svd(vectors, full_matrices=False)
            vectors = left @ right
        order = np.argsort(-logs, kind="stable")
        object.__setattr__(self, "log_eigenvalues", frozen(logs[order] - total))
        object.__setattr__(self, "vectors", frozen(vectors[:, order]))

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d."""
        return int(self.vectors.shape[0])

    @property
    def rank(self) -> int:
        """Number of non-zero eigenvalues."""
        return int(self.log_eigenvalues.size)

    def __repr__(self) -> str:
        """One line: dimension, rank and eigenvalues."""
        eigenvalues = listed(np.exp(self.log_eigenvalues).tolist())
        return f"<State of dimension {self.dimension}, rank {self.rank}, eigenvalues {eigenvalues}>"

    @property
    def matrix(self) -> ComplexArray:
        """The density matrix, shape (d, d)."""
        scaled = self.vectors * np.exp(self.log_eigenvalues / 2)
        return scaled @ dagger(scaled)

    def in_basis(self, basis: ComplexArray) -> State:
        """The same state in the coordinates of the orthonormal columns of `basis`, shape (d, d)."""
        return State(
            log_eigenvalues=self.log_eigenvalues, vectors=dagger(basis) @ self.vectors, adjustment=self.adjustment
        )

    @classmethod
    def of(cls, given: Any) -> State:
        """The state that something describes: a `State`, a state vector, or a density matrix.

        Args:
            given: A `State`; a vector of shape (d,) or a column of shape (d, 1); a matrix of shape (d, d); a QuTiP ket,
                bra or density matrix.

        Raises:
            InvalidState: If it describes none; see `pure` and `from_matrix`.

        Example:
            >>> State.of([0.6, 0.8]).rank, State.of([[0.5, 0.0], [0.0, 0.5]]).rank
            (1, 2)
        """
        if isinstance(given, State):
            return given
        # QuTiP's bras know that they are; a row that is a plain array cannot be told from a matrix gone wrong.
        array = as_array(given.dag() if getattr(given, "isbra", False) else given, "state")
        is_vector = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1 < array.shape[0])
        return cls._pure(array, "state") if is_vector else cls.from_matrix(array)

    @classmethod
    def from_matrix(cls, matrix: Any, *, rank: int | None = None) -> State:
        """A state from its density matrix.

        The matrix is made Hermitian, positive and of trace 1; `adjustment` records how far that moved it.

        Args:
            matrix: Shape (d, d); nested lists, an array or a QuTiP Qobj.
            rank: Number of non-zero eigenvalues, if you know it. Without it an eigenvalue below 4 d eps is zero, and
                one between that and 1e-12 is refused.

        Raises:
            InvalidState: If the matrix is not Hermitian, has trace other than 1 or a negative eigenvalue, beyond 1e-3.
            AmbiguousRank: If an eigenvalue is neither clearly zero nor clearly positive.
        """
        given = as_matrix(matrix, "state")
        skew = float(np.abs(given - dagger(given)).max())
        if skew > STATE_TOLERANCE:
            raise InvalidState(f"`state` must be Hermitian, but differs from its adjoint by {skew:.3g}", measured=skew)
        trace = float(np.trace(given).real)
        if abs(trace - 1) > STATE_TOLERANCE:
            raise InvalidState(f"`state` must have trace 1, but has trace {trace:.6g}", measured=trace)
        # LAPACK's first reduction step can leave a diagonal matrix slightly rotated when it is badly scaled; a
        # diagonal state needs no diagonalisation at all.
        hermitian = (given + dagger(given)) / 2
        if np.count_nonzero(hermitian - np.diag(np.diag(hermitian))):
            values, vectors = np.linalg.eigh(hermitian)
        else:
            values, vectors = np.diag(hermitian).real, np.eye(given.shape[0], dtype=np.complex128)
        order = np.argsort(-values, kind="stable")
        values, vectors = values[order], vectors[:, order]
        if values[-1] < -STATE_TOLERANCE:
            raise InvalidState(
                f"`state` must have no negative eigenvalue, but has {values[-1]:.6g}", measured=float(values[-1])
            )
        kept = _positive_rank(values, rank)
        state = cls(log_eigenvalues=np.log(values[:kept] / values[:kept].sum()), vectors=vectors[:, :kept])
        object.__setattr__(state, "adjustment", float(np.linalg.norm(state.matrix - given)))
        return state

    @classmethod
    def pure(cls, vector: Any) -> State:
        """The pure state of `vector`, shape (d,), normalised here if it is within 1e-3 of norm 1.

        Raises:
            InvalidState: If its norm is not 1.
        """
        return cls._pure(vector, "vector")

    @classmethod
    def _pure(cls, vector: Any, argument: str) -> State:
        amplitudes = as_vector(vector, argument)
        norm = float(np.linalg.norm(amplitudes))
        if abs(norm - 1) > STATE_TOLERANCE:
            raise InvalidState(f"`{argument}` must have norm 1, but has norm {norm:.6g}", measured=norm)
        return cls(log_eigenvalues=np.zeros(1), vectors=(amplitudes / norm)[:, None], adjustment=abs(norm - 1))

    @classmethod
    def bloch(cls, x: float, y: float, z: float, *, rank: int | None = None) -> State:
        """The qubit state (1 + x sigma_x + y sigma_y + z sigma_z) / 2, level 0 first.

        Raises:
            InvalidState: If the Bloch vector is longer than 1 (by more than 1e-3).
        """
        x, y, z = (real_number(value, name, InvalidState) for name, value in (("x", x), ("y", y), ("z", z)))
        length = float(np.sqrt(x * x + y * y + z * z))
        if not length <= 1 + STATE_TOLERANCE:
            raise InvalidState(
                f"the Bloch vector must have length at most 1, but has length {length:.6g}", measured=length
            )
        return cls.from_matrix([[(1 + z) / 2, (x - 1j * y) / 2], [(x + 1j * y) / 2, (1 - z) / 2]], rank=rank)

    @classmethod
    def gibbs(cls, energies: ArrayLike, inverse_temperature: float) -> State:
        """The Gibbs state of a Hamiltonian diagonal in this basis, of full rank at any finite temperature."""
        levels = energies_of(energies)
        beta = check_inverse_temperature(inverse_temperature)
        return cls(
            log_eigenvalues=gibbs_log_populations(levels, beta), vectors=np.eye(levels.size, dtype=np.complex128)
        )

    @classmethod
    def haar(cls, dimension: int, *, rank: int | None = None, seed: int | np.random.Generator = 0) -> State:
        """A random state: the reduced state of a Haar-random pure state of dimension x rank (Ginibre ensemble).

        Args:
            dimension: d >= 1.
            rank: 1 <= rank <= d; full by default. Rank 1 gives Haar-random pure states.
            seed: Integer or NumPy generator.

        Raises:
            InvalidState: If the rank does not fit the dimension.
        """
        dimension = whole_number(dimension, "dimension", least=1, kind=InvalidState)
        columns = dimension if rank is None else whole_number(rank, "rank", kind=InvalidState)
        if not 1 <= columns <= dimension:
            raise InvalidState(
                f"`rank` must be between 1 and the dimension {dimension}, but is {columns}", measured=columns
            )
        rng = random_generator(seed)
        ginibre = rng.normal(size=(dimension, columns)) + 1j * rng.normal(size=(dimension, columns))
        left, singular, _ = np.linalg.svd(ginibre, full_matrices=False)
        logs = 2 * np.log(singular)
        return cls(log_eigenvalues=logs - logsumexp(logs), vectors=left)


def check_inverse_temperature(value: float) -> float:
    """Return `value` as a finite non-negative float, or raise InvalidInput with the number."""
    beta = real_number(value, "inverse_temperature")
    if beta < 0:
        raise InvalidInput(f"`inverse_temperature` must not be negative, but is {beta:.6g}", measured=beta)
    return beta


def _positive_rank(values: FloatArray, rank: int | None) -> int:
    """Decide how many of the descending eigenvalues are non-zero, or refuse to."""
    dimension = values.size
    zero = 4 * dimension * np.finfo(float).eps
    if rank is not None:
        rank = whole_number(rank, "rank", kind=InvalidState)
        if not 1 <= rank <= dimension:
            raise InvalidState(f"`rank` must be a whole number between 1 and {dimension}, but is {rank}")
        if values[rank - 1] <= 0:
            raise InvalidState(
                f"`rank` must count positive eigenvalues only, but eigenvalue {rank} is {values[rank - 1]:.3g}",
                measured=float(values[rank - 1]),
            )
        if rank < dimension and values[rank] > STATE_TOLERANCE:
            raise InvalidState(
                f"`rank` must count every eigenvalue, but eigenvalue {rank + 1} is {values[rank]:.3g}",
                measured=float(values[rank]),
            )
        return int(rank)
    doubtful = values[(values > zero) & (values < AMBIGUOUS_EIGENVALUE)]
    if doubtful.size:
        raise AmbiguousRank(
            f"`state` must have eigenvalues that are clearly zero (below {zero:.1e}) or clearly positive (above "
            f"{AMBIGUOUS_EIGENVALUE:.0e}), but one is {doubtful[0]:.3g}; give `rank`, or the spectral form with "
            "log-populations",
            measured=float(doubtful[0]),
        )
    return int((values >= AMBIGUOUS_EIGENVALUE).sum())
