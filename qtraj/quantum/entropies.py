r"""Entropies, all in nats, each in one place.

Mapping: von Neumann entropy :math:`S(\rho) = -tr\,\rho\ln\rho`, relative entropy
:math:`S(\rho\|\sigma) = tr\,\rho(\ln\rho - \ln\sigma)`, pinching :math:`\Delta` in the energy eigenspaces, coherence
:math:`C(\rho) = S(\Delta(\rho)) - S(\rho)` ([Santos19] Eq. (10)).

Where a matrix is known only through a factor A with :math:`\rho = AA^\dagger`, entropies come from the singular values
of A: a rounding error of 1e-16 in a singular value is 1e-32 in an eigenvalue, so empty directions contribute nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import pinch
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State, check_inverse_temperature, gibbs_log_populations

__all__ = [
    "coherence",
    "divergence_from_gibbs",
    "factor_entropy",
    "free_energy",
    "kullback_leibler",
    "mean_energy",
    "mutual_information",
    "relative_entropy",
    "von_neumann_entropy",
]


def von_neumann_entropy(state: State) -> float:
    r"""Von Neumann entropy :math:`S(\rho) = -\sum_i p_i \ln p_i` in nats, between 0 and ln d.

    Example:
        >>> round(von_neumann_entropy(State.bloch(0, 0, 0)), 12) == round(float(np.log(2)), 12)
        True
    """
    logs = state.log_eigenvalues
    return max(0.0, float(-(np.exp(logs) * logs).sum()))


def relative_entropy(state: State, reference: State) -> float:
    r"""Quantum relative entropy :math:`S(\rho\|\sigma) = tr\,\rho(\ln\rho - \ln\sigma)` in nats.

    Returns:
        At least 0; +inf when the support of `state` is not contained in that of `reference`.

    Raises:
        InvalidInput: If the dimensions differ.

    Example:
        >>> relative_entropy(State.bloch(0, 0, 0), State.pure([1, 0]))
        inf
    """
    if state.dimension != reference.dimension:
        raise InvalidInput(f"states must have equal dimension, but have {state.dimension} and {reference.dimension}")
    overlap = np.abs(dagger(reference.vectors) @ state.vectors)
    overlap[overlap <= AMPLITUDE_CUT] = 0.0
    outside = state.vectors - reference.vectors @ (dagger(reference.vectors) @ state.vectors)
    if reference.rank < reference.dimension and np.linalg.norm(outside, axis=0).max() > AMPLITUDE_CUT * state.dimension:
        return float("inf")
    weights = np.exp(state.log_eigenvalues)
    cross = float((weights[None, :] * overlap**2 * reference.log_eigenvalues[:, None]).sum())
    return max(0.0, -von_neumann_entropy(state) - cross)


def kullback_leibler(log_p: FloatArray, log_q: FloatArray) -> float:
    r"""Kullback-Leibler divergence :math:`\sum_n p_n (\ln p_n - \ln q_n)` in nats, +inf where q vanishes under p.

    Args:
        log_p: Logarithms, shape (d,); -inf for an empty entry.
        log_q: Logarithms, shape (d,).

    Example:
        >>> kullback_leibler(np.log([0.5, 0.5]), np.array([0.0, -np.inf]))
        inf
    """
    used = log_p > -np.inf
    return max(0.0, float((np.exp(log_p[used]) * (log_p[used] - log_q[used])).sum()))


def coherence(state: State, spectrum: Spectrum) -> float:
    r"""Relative entropy of coherence :math:`C(\rho) = S(\Delta(\rho)) - S(\rho)` in nats ([Santos19] Eq. (10)).

    For a degenerate spectrum this is the relative entropy of asymmetry: coherence within a level does not count.

    Args:
        state: In the energy eigenbasis.
        spectrum: The energies.

    Example:
        >>> bool(np.isclose(coherence(State.pure([2**-0.5, 2**-0.5]), Spectrum(energies=[0.0, 1.0])), np.log(2)))
        True
    """
    return max(0.0, von_neumann_entropy(pinch(state, spectrum)) - von_neumann_entropy(state))


def factor_entropy(factor: ComplexArray, groups: Iterable[IntArray] | None = None) -> float:
    r"""Entropy of :math:`\rho = AA^\dagger`, or of its pinching into groups of coordinates.

    Args:
        factor: A, shape (d, k), with tr AA^dag = 1.
        groups: Index sets of the pinching; None for no pinching.

    Example:
        >>> bool(np.isclose(factor_entropy(np.eye(2) / np.sqrt(2)), np.log(2)))
        True
    """
    parts = [factor] if groups is None else [factor[group] for group in groups]
    total = 0.0
    for part in parts:
        # Few rows and very many columns: the triangular factor has the same singular values and is small.
        narrow = np.linalg.qr(dagger(part), mode="r") if part.shape[1] > 2 * part.shape[0] else part
        weights = np.linalg.svd(narrow, compute_uv=False) ** 2
        weights = weights[weights > 0]
        total -= float((weights * np.log(weights)).sum())
    return max(0.0, total)


def mutual_information(factor: ComplexArray, first: int, second: int) -> float:
    r"""Mutual information :math:`I = S(\rho_1) + S(\rho_2) - S(\rho_{12})` in nats of :math:`\rho_{12} = AA^\dagger`.

    Args:
        factor: A, shape (first * second, k), flat row index i * second + j.
        first: Dimension of the first party.
        second: Dimension of the second party.

    Example:
        >>> bell = np.array([[1], [0], [0], [1]], dtype=complex) / np.sqrt(2)
        >>> bool(np.isclose(mutual_information(bell, 2, 2), 2 * np.log(2)))
        True
    """
    cube = factor.reshape(first, second, -1)
    own = factor_entropy(cube.reshape(first, -1))
    other = factor_entropy(cube.transpose(1, 0, 2).reshape(second, -1))
    return max(0.0, own + other - factor_entropy(factor))


def free_energy(state: State, spectrum: Spectrum, inverse_temperature: float) -> float:
    r"""Non-equilibrium free energy :math:`F(\rho) = tr(H\rho) - S(\rho)/\beta` ([Santos19] Eq. (6)).

    Args:
        state: In the energy eigenbasis.
        spectrum: The energies.
        inverse_temperature: beta > 0.

    Raises:
        InvalidInput: If beta is 0, where the free energy is infinite.

    Example:
        >>> spectrum = Spectrum(energies=[0.0, 1.0])
        >>> gibbs = State.gibbs([0.0, 1.0], 2.0)
        >>> bool(np.isclose(free_energy(gibbs, spectrum, 2.0), -np.log(1 + np.exp(-2.0)) / 2))
        True
    """
    beta = check_inverse_temperature(inverse_temperature)
    if beta == 0:
        raise InvalidInput("`inverse_temperature` must be positive for a free energy, but is 0", measured=0.0)
    return mean_energy(state, spectrum) - von_neumann_entropy(state) / beta


def mean_energy(state: State, spectrum: Spectrum) -> float:
    """Mean energy tr(H rho) of a state in the energy eigenbasis.

    Example:
        >>> round(mean_energy(State.pure([0.6, 0.8]), Spectrum(energies=[0.0, 2.0])), 12)
        1.28
    """
    populations = (np.abs(state.vectors) ** 2) @ np.exp(state.log_eigenvalues)
    return float((populations * spectrum.energies).sum())


def divergence_from_gibbs(state: State, spectrum: Spectrum, inverse_temperature: float) -> float:
    r"""Relative entropy :math:`S(\rho\|\rho^{eq})` to the Gibbs state, always finite.

    Example:
        >>> divergence_from_gibbs(State.gibbs([0.0, 1.0], 2.0), Spectrum(energies=[0.0, 1.0]), 2.0) < 1e-15
        True
    """
    populations = (np.abs(state.vectors) ** 2) @ np.exp(state.log_eigenvalues)
    cross = float((populations * gibbs_log_populations(spectrum.energies, inverse_temperature)).sum())
    return max(0.0, -von_neumann_entropy(state) - cross)
