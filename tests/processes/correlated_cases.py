"""Correlated operations by brute force: dense matrices, projectors, and a sum over all labels in Python.

Shares no formula with the package: states are plain matrices, eigenbases come from `eigh`, entropies from eigenvalues.
Valid where no two eigenvalues of the joint start coincide, as in the random cases here.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary

# Eigenvalues below are zeros of the rank-deficient cases; all others are far above.
ZERO = 1e-12

RATE = 1e-9
SMALLEST_EXPECTATION = 100.0


def random_density(rng: np.random.Generator, size: int) -> np.ndarray:
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    state = matrix @ matrix.conj().T + 0.05 * np.eye(size)
    return state / np.trace(state).real


def random_unitary(rng: np.random.Generator, energies: np.ndarray, *, conserving: bool) -> np.ndarray:
    """Haar, in every block of equal energies if it is to conserve energy."""
    size = energies.size
    blocks = [np.flatnonzero(energies == e) for e in np.unique(energies)] if conserving else [np.arange(size)]
    unitary = np.zeros((size, size), dtype=complex)
    for block in blocks:
        ginibre = rng.normal(size=(block.size, block.size)) + 1j * rng.normal(size=(block.size, block.size))
        unitary[np.ix_(block, block)] = np.linalg.qr(ginibre)[0]
    return unitary


def without_traces(matrix: np.ndarray, first: int, second: int) -> np.ndarray:
    """The part of a joint operator that both partial traces kill."""
    cube = matrix.reshape(first, second, first, second)
    one, two = np.einsum("ikjk->ij", cube), np.einsum("kikj->ij", cube)
    local = np.kron(one, np.eye(second)) / second + np.kron(np.eye(first), two) / first
    return matrix - local + np.trace(matrix) * np.eye(first * second) / (first * second)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A start with correlations, and what happens to it."""

    system_energies: np.ndarray
    environment_energies: np.ndarray
    beta: float
    local: np.ndarray
    chi: np.ndarray
    unitary: np.ndarray
    conserving: bool

    @classmethod
    def random(
        cls,
        seed: int,
        *,
        system: tuple[float, ...] = (0.0, 1.0),
        environment: tuple[float, ...] = (0.0, 1.0),
        beta: float = 0.7,
        strength: float = 0.8,
        conserving: bool = True,
    ) -> Case:
        """`strength` 1 is as much correlation of this kind as there can be: one eigenvalue is then zero."""
        rng = np.random.default_rng(seed)
        own, other = np.array(system), np.array(environment)
        local = random_density(rng, own.size)
        noise = rng.normal(size=2 * (own.size * other.size,)) + 1j * rng.normal(size=2 * (own.size * other.size,))
        chi = without_traces(noise + noise.conj().T, own.size, other.size)
        values, vectors = np.linalg.eigh(np.kron(local, thermal(other, beta)))
        root = vectors / np.sqrt(values) @ vectors.conj().T
        chi = -strength * chi / np.linalg.eigvalsh(root @ chi @ root)[0]
        total = (own[:, None] + other[None, :]).ravel()
        return cls(
            system_energies=own,
            environment_energies=other,
            beta=beta,
            local=local,
            chi=chi,
            unitary=random_unitary(rng, total, conserving=conserving),
            conserving=conserving,
        )

    @property
    def operation(self) -> CorrelatedOperation:
        system = System(energies=self.system_energies, state=self.local)
        environment = Environment(energies=self.environment_energies, inverse_temperature=self.beta)
        unitary = EnergyConservingUnitary.from_matrix(
            system, environment, self.unitary, allow_violation=not self.conserving
        )
        return CorrelatedOperation(system=system, environment=environment, unitary=unitary, correlations=self.chi)

    @property
    def start(self) -> np.ndarray:
        return np.kron(self.local, thermal(self.environment_energies, self.beta)) + self.chi

    @property
    def end(self) -> np.ndarray:
        return self.unitary @ self.start @ self.unitary.conj().T

    def locals_of(self, joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cube = joint.reshape(2 * (self.system_energies.size, self.environment_energies.size))
        return np.einsum("ikjk->ij", cube), np.einsum("kikj->ij", cube)

    def information(self, joint: np.ndarray) -> float:
        own, other = self.locals_of(joint)
        return entropy(own) + entropy(other) - entropy(joint)


@dataclass(frozen=True, kw_only=True)
class Paths:
    """All labelled paths (kappa; alpha, mu; beta, nu)."""

    probabilities: np.ndarray
    values: dict[str, np.ndarray]

    def mean(self, name: str) -> float:
        return float(self.probabilities @ self.values[name])

    def exponential(self, name: str) -> float:
        return float(self.probabilities @ np.exp(-self.values[name]))


def enumerate_paths(case: Case) -> Paths:
    """Every path of the augmented protocol with what it carries."""
    size = case.environment_energies.size
    joint = [(p, v) for p, v in zip(*eigen(case.start), strict=True) if p > ZERO]
    before, after = eigen(case.local), eigen(case.locals_of(case.end)[0])
    q = np.diag(thermal(case.environment_energies, case.beta)).real
    r = np.diag(case.locals_of(case.end)[1]).real
    table: list[tuple[float, ...]] = []
    for (weight, psi), (a, mu), (b, nu) in itertools.product(
        joint,
        itertools.product(range(case.system_energies.size), range(size)),
        itertools.product(range(case.system_energies.size), range(size)),
    ):
        label = np.kron(before[1][a], np.eye(size)[mu])
        found = np.kron(after[1][b], np.eye(size)[nu])
        probability = weight * abs(np.vdot(label, psi)) ** 2 * abs(np.vdot(found, case.unitary @ psi)) ** 2
        p, p_end = before[0][a], after[0][b]
        sigma = np.log(weight / (p_end * q[nu]))
        clausius = np.log(p * q[mu] / (p_end * q[nu]))
        change = np.log(weight / (p_end * r[nu])) - np.log(weight / (p * q[mu]))
        heat = case.environment_energies[nu] - case.environment_energies[mu]
        table.append((probability, sigma, clausius, np.log(weight / (p * q[mu])), change, clausius - change, heat))
    columns = np.array(table).T
    return Paths(probabilities=columns[0], values=dict(zip(NAMES, columns[1:], strict=True)))


NAMES = (
    "sigma",
    "clausius_sigma",
    "initial_information",
    "information_change",
    "sigma_beyond_information",
    "heat",
)


def backward_weight(case: Case) -> float:
    """What the backward process leaves on the support of the joint start, by its density matrix."""
    values, vectors = np.linalg.eigh(case.start)
    support = vectors[:, values > ZERO]
    product = np.kron(case.locals_of(case.end)[0], thermal(case.environment_energies, case.beta))
    back = case.unitary.conj().T @ product @ case.unitary
    return float(np.trace(support.conj().T @ back @ support).real)


def eigen(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors, one vector a row."""
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors.T


def entropy(state: np.ndarray) -> float:
    values = np.linalg.eigvalsh(state)
    values = values[values > 1e-15]
    return float(-(values * np.log(values)).sum())


def thermal(energies: np.ndarray, beta: float) -> np.ndarray:
    weights = np.exp(-beta * np.asarray(energies))
    return np.diag(weights / weights.sum())


def p_value(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """Chi-square of counts against probabilities, rare cells pooled."""
    expected = probabilities * counts.sum()
    rare = expected < SMALLEST_EXPECTATION
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < SMALLEST_EXPECTATION:
        observed, expected = observed[:-1], expected[:-1]
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return float(stats.chi2.sf(statistic, expected.size - 1))
