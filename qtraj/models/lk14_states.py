r"""Operators and Gaussian states of two nodes as matrices: two-level nodes, or oscillators in a cut space [LK14].

Mapping: a state with the moments :math:`C_{ij} = \langle c_i^\dagger c_j\rangle = \sum_k \nu_k \bar u_{ik} u_{jk}` and
no other correlations is :math:`\rho \propto e^{-\sum_{ij} K_{ij} c_i^\dagger c_j}` with
:math:`K_{ij} = -\sum_k \ln q_k\, \bar u_{ik} u_{jk}` and :math:`q_k = \nu_k/(1 - \delta\nu_k)`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.lk14_network import Bath, TwoNodeNetwork
from qtraj.models.lk14_oscillators import cut_operators
from qtraj.quantum.states import State

__all__ = ["STATISTICS", "Nodes", "gaussian_state", "thermal_state"]

STATISTICS = ("spin", "fermion")


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """The lowering operators of the two nodes.

    Args:
        hot: a, shape (d, d).
        cold: b, shape (d, d).
        statistics: "boson", "fermion" or "spin".
    """

    hot: FloatArray
    cold: FloatArray
    statistics: str

    @classmethod
    def oscillators(cls, quanta: int) -> Nodes:
        """Two oscillators with at most so many quanta together, in the order of `cut_quanta`."""
        hot, cold = cut_operators(quanta)
        return cls(hot=hot, cold=cold, statistics="boson")

    @classmethod
    def two_level(cls, statistics: str = "spin") -> Nodes:
        r"""Two two-level nodes, levels in the order 00, 01, 10, 11 (hot node first).

        Spins commute, fermions anticommute (:math:`b = \sigma_z\otimes\sigma_-`). The Hamiltonian with
        :math:`b^\dagger a` is one and the same matrix, and so is the evolution of every state without coherence
        between different numbers of excitations.

        Raises:
            UnknownName: If the statistics are neither.

        Example:
            >>> nodes = Nodes.two_level("fermion")
            >>> bool(np.array_equal(nodes.hot @ nodes.cold, -nodes.cold @ nodes.hot))
            True
        """
        if statistics not in STATISTICS:
            raise UnknownName("statistics", statistics, STATISTICS)
        lower = np.array([[0.0, 1.0], [0.0, 0.0]])
        string = np.diag([1.0, -1.0]) if statistics == "fermion" else np.eye(2)
        return cls(hot=frozen(np.kron(lower, np.eye(2))), cold=frozen(np.kron(string, lower)), statistics=statistics)

    def quadratic(self, kernel: FloatArray | ComplexArray) -> ComplexArray:
        r""":math:`\sum_{ij} K_{ij} c_i^\dagger c_j`, lowering first: exact in a cut space too. Shape (d, d)."""
        nodes = (self.hot, self.cold)
        total = np.zeros(self.hot.shape, dtype=np.complex128)
        for i in range(2):
            for j in range(2):
                total += kernel[i, j] * (nodes[i].T @ nodes[j])
        return total

    def hamiltonian(self, network: TwoNodeNetwork) -> ComplexArray:
        """The Hamiltonian of the coupled nodes, Eq. (2), shape (d, d)."""
        coupling = network.coupling
        return self.quadratic(np.array([[network.frequency_hot, coupling], [coupling, network.frequency_cold]]))

    def mode_operator(self, network: TwoNodeNetwork, bath: Bath, *, upper: bool) -> FloatArray:
        r"""The jump operator by which a bath takes a quantum out of a mode, without the mode's weight, shape (d, d).

        For oscillators and fermions this is :math:`d_\pm`, the same for both baths, Eq. (10). For spins it is the part
        of the bath's own node operator that lowers the energy by :math:`\omega_\pm`, which is
        :math:`|0\rangle\langle\pm|` plus or minus :math:`|\mp\rangle\langle 11|`: the sum :math:`a\cos\theta +
        b\sin\theta` would lead from the doubly excited state to no mode at all.
        """
        modes = network.modes
        if self.statistics != "spin":
            if upper:
                return frozen(modes.cosine * self.hot + modes.sine * self.cold)
            return frozen(modes.cosine * self.cold - modes.sine * self.hot)
        vacuum, only_cold, only_hot, both = np.eye(4)
        plus = modes.cosine * only_hot + modes.sine * only_cold
        minus = modes.cosine * only_cold - modes.sine * only_hot
        sign = 1.0 if (bath is Bath.HOT) == upper else -1.0
        emptied, left = (plus, minus) if upper else (minus, plus)
        return frozen(np.outer(vacuum, emptied) + sign * np.outer(left, both))


def thermal_state(network: TwoNodeNetwork, nodes: Nodes) -> State:
    """Each node in equilibrium with its own bath, uncoupled; diagonal in the quanta of the nodes.

    Example:
        >>> nodes = Nodes.two_level()
        >>> thermal_state(TwoNodeNetwork(medium="two-level"), nodes).matrix.real.diagonal().round(4).tolist()
        [0.4339, 0.2632, 0.1886, 0.1144]
    """
    return _exponential(np.diag([network.frequency(bath) / network.temperature(bath) for bath in Bath]), nodes)


def gaussian_state(network: TwoNodeNetwork, moments: ComplexArray, nodes: Nodes) -> State:
    """The state that has these moments and no other correlations, such as the steady state.

    In a cut space it is the uncut state without what lies beyond the cut, normalised.

    Raises:
        InvalidInput: If an occupation is zero in double precision: the state has no full rank.
    """
    occupations, vectors = np.linalg.eigh(moments.conj())
    ratios = occupations / (1 - network.delta * occupations)
    if not (ratios > 0).all():
        raise InvalidInput(
            f"`moments` must have positive occupations, but one is {occupations.min():.3g}",
            measured=float(occupations.min()),
        )
    kernel = (vectors * -np.log(ratios)) @ vectors.conj().T
    return _exponential(kernel, nodes)


def _exponential(kernel: FloatArray | ComplexArray, nodes: Nodes) -> State:
    """exp(-sum K_ij c_i^dagger c_j), normalised."""
    exponent = nodes.quadratic(kernel)
    diagonal = np.diag(exponent).real
    if np.count_nonzero(exponent - np.diag(diagonal)):
        values, vectors = np.linalg.eigh(exponent)
    else:
        values, vectors = diagonal, np.eye(diagonal.size, dtype=np.complex128)
    return State(log_eigenvalues=-values - np.logaddexp.reduce(-values), vectors=vectors)
