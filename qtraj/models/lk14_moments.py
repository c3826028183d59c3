r"""Closed moment equations of quadratic networks, for oscillators and for free fermions ([LK14] Eq. (8)).

Mapping: moments :math:`C_{ij} = \langle c_i^\dagger c_j\rangle` of the nodes :math:`c = (a, b)`, the real
Hamiltonian matrix :math:`h`, and for every bath :math:`x` its damping matrix :math:`G_x` and source matrix :math:`S_x`,
both real and symmetric. Quadratic Hamiltonians with linear jumps close exactly, whatever the state:

.. math:: \frac{dC}{dt} = i[h, C] + \sum_x\big(S_x - \tfrac12\{G_x, C\}\big).

A loss at the rate :math:`\gamma` through :math:`u\cdot c` and a gain at :math:`\gamma'` through its adjoint contribute
:math:`G = (\gamma + \delta\gamma')\,u u^T` and :math:`S = \gamma'\,u u^T`. Spins obey the same equations as fermions,
as long as no coherence between different total excitation numbers is present.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import expm

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import InvalidInput
from qtraj.models.lk14_network import Approach, Bath, TwoNodeNetwork

__all__ = ["MomentEquations", "correlation_functions", "covariance_matrix", "thermal_moments"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MomentEquations:
    """The moment equations of a network.

    Args:
        hamiltonian: h, shape (k, k), real and symmetric.
        damping: G_x by the name of the bath, each of shape (k, k).
        source: S_x by the name of the bath, each of shape (k, k).

    Example:
        >>> equations = MomentEquations.of(TwoNodeNetwork(coupling=0.1), "local")
        >>> moments = equations.steady_state()
        >>> round(float(moments[0, 0].real), 12), equations.heat_current_from("hot", moments)  # Fig. 3
        (0.769000083829, -0.00019240648...)
    """

    hamiltonian: FloatArray
    damping: dict[str, FloatArray]
    source: dict[str, FloatArray]

    @classmethod
    def of(cls, network: TwoNodeNetwork, approach: Approach | str) -> MomentEquations:
        """The equations of a two-node network: Eq. (8) in the local approach, Eqs. (11), (12) in the global one.

        Raises:
            InvalidInput: In the global approach, if the coupling is too strong or the modes are degenerate.
        """
        w_h, w_c, coupling = network.frequency_hot, network.frequency_cold, network.coupling
        hamiltonian = np.array([[w_h, coupling], [coupling, w_c]])
        if Approach.parse(approach) is Approach.LOCAL:
            vectors, frequencies = np.eye(2), {bath: (network.frequency(bath),) * 2 for bath in Bath}
            weights = {Bath.HOT: (1.0, 0.0), Bath.COLD: (0.0, 1.0)}
        else:
            modes = network.modes
            vectors = np.array([[modes.cosine, modes.sine], [-modes.sine, modes.cosine]])
            frequencies = dict.fromkeys(Bath, (modes.upper, modes.lower))
            weights = {bath: (modes.weight(bath, upper=True), modes.weight(bath, upper=False)) for bath in Bath}
        damping, source = {}, {}
        for bath in Bath:
            rates = [w * network.damping(bath, f) for w, f in zip(weights[bath], frequencies[bath], strict=True)]
            gains = [w * network.upward_rate(bath, f) for w, f in zip(weights[bath], frequencies[bath], strict=True)]
            damping[bath.value] = vectors.T @ np.diag(rates) @ vectors
            source[bath.value] = vectors.T @ np.diag(gains) @ vectors
        return cls(hamiltonian=hamiltonian, damping=damping, source=source)

    @property
    def _drift(self) -> ComplexArray:
        total: FloatArray = sum(self.damping.values(), np.zeros_like(self.hamiltonian))
        drift: ComplexArray = 1j * self.hamiltonian.astype(np.complex128) - total / 2
        return drift

    def steady_state(self) -> ComplexArray:
        """Moments of the steady state, shape (k, k)."""
        total: FloatArray = sum(self.source.values(), np.zeros_like(self.hamiltonian))
        # In real coordinates, by elimination: the entries of the solution differ by many orders of magnitude where the
        # coupling is weak, and a Schur decomposition (SciPy's Lyapunov solver) is accurate only as a whole.
        units = _hermitian_units(self.hamiltonian.shape[0])
        matrix = [_coordinates(self._drift @ unit + unit @ self._drift.conj().T) for unit in units]
        values = np.linalg.solve(np.array(matrix).T, -_coordinates(total.astype(np.complex128)))
        moments: ComplexArray = np.tensordot(values, units, axes=1)
        return frozen(moments)

    def at(self, time: float, start: ArrayLike) -> ComplexArray:
        """Moments after a time, shape (k, k), from those at the start.

        Raises:
            InvalidInput: If the time is negative or not finite, or the start has another shape.
        """
        if not (np.isfinite(time) and time >= 0):
            raise InvalidInput(f"`time` must be finite and not negative, but is {time}", measured=float(time))
        moments = np.asarray(start, dtype=np.complex128)
        if moments.shape != self.hamiltonian.shape:
            raise InvalidInput(f"`start` must have shape {self.hamiltonian.shape}, but has shape {moments.shape}")
        steady, propagator = self.steady_state(), expm(self._drift * time)
        evolved: ComplexArray = steady + propagator @ (moments - steady) @ propagator.conj().T
        return frozen(evolved)

    def heat_current_from(self, bath: str, moments: ComplexArray) -> float:
        """Energy of the whole Hamiltonian that a bath brings in per time, Eq. (5)."""
        damping = self.damping[bath]
        change = self.source[bath] - (damping @ moments + moments @ damping) / 2
        return float(np.sum(self.hamiltonian * change.real))


def _hermitian_units(size: int) -> ComplexArray:
    """A basis of the Hermitian matrices, in the order of `_coordinates`, shape (k^2, k, k)."""
    units = np.zeros((size, size, size, size), dtype=np.complex128)
    for i in range(size):
        for j in range(size):
            units[i, j, i, j] = 1 if i <= j else -1j
            units[i, j, j, i] = 1 if i <= j else 1j
    return units.reshape(size**2, size, size)


def _coordinates(matrix: ComplexArray) -> FloatArray:
    """A Hermitian matrix as real numbers: real parts on and above the diagonal, imaginary parts of the upper ones."""
    upper = np.tri(matrix.shape[0], dtype=bool).T
    coordinates: FloatArray = np.where(upper, matrix.real, matrix.T.imag).ravel()
    return coordinates


def thermal_moments(network: TwoNodeNetwork) -> FloatArray:
    """Moments of two uncoupled nodes, each in equilibrium with its own bath, shape (2, 2)."""
    occupations = [network.occupation(bath, network.frequency(bath)) for bath in Bath]
    return frozen(np.diag(occupations))


def covariance_matrix(moments: ComplexArray) -> FloatArray:
    r"""Covariances :math:`\tfrac12\langle\xi_i\xi_j + \xi_j\xi_i\rangle` of oscillators ([LK14], appendix C).

    Order :math:`\xi = (x_A, p_A, x_B, p_B)` with :math:`x = (a + a^\dagger)/\sqrt2`,
    :math:`p = i(a^\dagger - a)/\sqrt2`; means are zero. Heisenberg demands :math:`V \pm i\Omega/2 \ge 0`.

    Args:
        moments: C, Hermitian, shape (2, 2).

    Returns:
        V, real and symmetric, shape (4, 4).

    Example:
        >>> covariance_matrix(np.eye(2)).diagonal().tolist()
        [1.5, 1.5, 1.5, 1.5]
    """
    real, imaginary = moments.real, moments.imag
    blocks = np.zeros((2, 2, 2, 2))
    for i in range(2):
        for j in range(2):
            # Y = i(C_ab - C_ba) = -2 Im C_ab, and cor(x_A, p_B) = -Y/2.
            blocks[i, :, j, :] = [[real[i, j], imaginary[i, j]], [-imaginary[i, j], real[i, j]]]
    return frozen(blocks.reshape(4, 4) + np.eye(4) / 2)


def correlation_functions(moments: ComplexArray) -> dict[str, float]:
    """Correlations between the nodes, Eq. (17): `xx`, `xp`, `px` and `pp`, the first letter being the hot node's."""
    covariance = covariance_matrix(moments)
    spread = np.sqrt(covariance.diagonal())
    normalised = covariance / np.outer(spread, spread)
    return {f"{a}{b}": float(normalised[i, 2 + j]) for i, a in enumerate("xp") for j, b in enumerate("xp")}
