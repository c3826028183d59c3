"""Every labelled path of a small thermal operation, by brute force with dense matrices.

This is what the samplers are tested against. It shares no formula with the package: outcomes are projectors and not
vectors, the unitary is one dense matrix and not blocks, states are plain matrices and not logarithms, and sums run over
all labels in Python. From the process under test it takes what the user gave: energies, state, beta and U.

    P(alpha, mu, beta, nu, n, m) = p_alpha q_mu tr[P_beta M P_alpha M^dag] p(n|alpha) p(m|beta),   M = <nu|U|mu>,

where p_alpha is the eigenvalue of the outcome, and p(n|alpha) = tr(P_alpha P_n) / tr(P_alpha).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qtraj.processes.thermal_operation import ThermalOperation

# Eigenvalues below are zeros, those closer together are one eigenvalue: the cases here are far from both.
ZERO = 1e-12
EQUAL = 1e-9

# Traces of products carry errors of some 1e-17; a path less likely than this is one that cannot occur.
SMALLEST_PROBABILITY = 1e-15

# Cells expected to hold fewer rows are pooled: chi-square's tail at 1e-9 is then right to within a factor of ten.
SMALLEST_EXPECTATION = 100.0

# False-failure rate of every statistical assertion in these tests.
RATE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Projector:
    """One outcome: its eigenvalue and its projector."""

    eigenvalue: float
    matrix: np.ndarray

    @property
    def rank(self) -> int:
        return round(np.trace(self.matrix).real)


def eigenprojectors(matrix: np.ndarray) -> list[Projector]:
    """Eigenspaces of a Hermitian matrix, ascending; equal eigenvalues share a projector."""
    values, vectors = np.linalg.eigh(matrix)
    groups = np.split(np.arange(values.size), np.flatnonzero(np.diff(values) > EQUAL) + 1)
    return [
        Projector(eigenvalue=float(values[g].mean()), matrix=vectors[:, g] @ vectors[:, g].conj().T) for g in groups
    ]


def canonical_outcomes(state: np.ndarray, energies: np.ndarray) -> list[Projector]:
    """Non-zero eigenspaces of a state, descending, each split by P H P, ascending."""
    outcomes = []
    for space in reversed(eigenprojectors(state)):
        if space.eigenvalue < ZERO:
            continue
        # A shift takes the complement of the eigenspace out of the way of energies that are zero; a large one rounds.
        compressed = space.matrix @ np.diag(energies) @ space.matrix + 1e2 * (np.eye(energies.size) - space.matrix)
        outcomes += [
            Projector(eigenvalue=space.eigenvalue, matrix=part.matrix)
            for part in eigenprojectors(compressed)
            if part.eigenvalue < 50
        ]
    return outcomes


def energy_labels(state: np.ndarray, energies: np.ndarray) -> list[Projector]:
    """Non-zero eigenspaces of the pinched state, level by level in the order the energies were given."""
    labels: list[Projector] = []
    for energy in dict.fromkeys(energies.tolist()):
        level = np.diag((energies == energy).astype(float))
        labels += [part for part in reversed(eigenprojectors(level @ state @ level)) if part.eigenvalue > ZERO]
    return labels


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    """All labelled paths with their probabilities and entropy productions; -1 stands for a label not recorded."""

    labels: np.ndarray
    """Columns alpha, mu, beta, nu, n, m, shape (K, 6)."""
    probabilities: np.ndarray
    sigma: np.ndarray
    sigma_d: np.ndarray
    heat: np.ndarray
    initial_state: np.ndarray
    final_state: np.ndarray

    def counts(self, rows: dict[str, np.ndarray]) -> tuple[np.ndarray, int]:
        """How many rows have each label tuple, shape (K,), and how many have none of them."""
        size = len(next(iter(rows.values())))
        given = np.stack([rows.get(name, np.full(size, -1)) for name in COLUMNS], axis=1).astype(np.int64)
        base = self.labels.max(axis=0) + 2
        out_of_range = ((given < -1) | (given >= base - 1)).any(axis=1)
        keys = np.ravel_multi_index((self.labels + 1).T, base)
        order = np.argsort(keys)
        key = np.ravel_multi_index((np.where(out_of_range[:, None], -1, given) + 1).T, base)
        position = np.minimum(np.searchsorted(keys, key, sorter=order), keys.size - 1)
        known = (keys[order[position]] == key) & ~out_of_range
        return np.bincount(order[position][known], minlength=keys.size), int((~known).sum())


COLUMNS = ("alpha", "mu", "beta", "nu", "n", "m")


def enumerate_paths(operation: ThermalOperation, protocol: str) -> Enumeration:
    """Enumerate; energies must be exactly equal where they are meant to be (no tolerance here)."""
    energies = np.asarray(operation.system.spectrum.energies)
    own = np.asarray(operation.environment.spectrum.energies)
    d, e = energies.size, own.size
    beta = operation.environment.inverse_temperature
    q = np.exp(-beta * (own - own.min()))
    q /= q.sum()
    u = operation.unitary.matrix()
    rho = operation.system.energy_state.matrix
    if protocol == "energy-two-point":
        rho = sum(level.matrix * level.eigenvalue for level in energy_labels(rho, energies))
    after = (u @ np.kron(rho, np.diag(q)) @ u.conj().T).reshape(d, e, d, e).trace(axis1=1, axis2=3)
    kraus = u.reshape(d, e, d, e).transpose(1, 3, 0, 2)  # <nu|U|mu>, axes nu, mu, m, n

    labels_n, labels_m = energy_labels(rho, energies), energy_labels(after, energies)
    if protocol == "energy-two-point":
        starts, ends = labels_n, labels_m
    elif protocol == "kraus":
        starts = []
        for outcome in canonical_outcomes(rho, energies):
            _, vectors = np.linalg.eigh(outcome.matrix)
            starts += [
                Projector(eigenvalue=outcome.eigenvalue, matrix=np.outer(v, v.conj()))
                for v in vectors.T[-outcome.rank :]
            ]
        ends = [Projector(eigenvalue=1.0, matrix=np.eye(d))]
    else:
        starts, ends = canonical_outcomes(rho, energies), canonical_outcomes(after, energies)

    rows, p, sigma, sigma_d, heat = [], [], [], [], []
    for (a, start), mu, (b, end), nu in itertools.product(enumerate(starts), range(e), enumerate(ends), range(e)):
        k = kraus[nu, mu]
        weight = start.eigenvalue * q[mu] * np.trace(end.matrix @ k @ start.matrix @ k.conj().T).real
        if weight < SMALLEST_PROBABILITY:
            continue
        flow = beta * (own[nu] - own[mu])
        total = np.log(start.eigenvalue) - np.log(end.eigenvalue) + flow
        for (n, first), (m, last) in _label_pairs(protocol, a, b, labels_n, labels_m):
            share = 1.0
            if protocol == "augmented":
                share = np.trace(start.matrix @ first.matrix).real / start.rank
                share *= np.trace(end.matrix @ last.matrix).real / end.rank
            if share < SMALLEST_PROBABILITY:
                continue
            rows.append((a, mu, -1 if protocol == "kraus" else b, nu, n, m))
            p.append(weight * share)
            heat.append(own[nu] - own[mu])
            sigma.append(total)
            sigma_d.append(np.nan if first is None else np.log(first.eigenvalue / last.eigenvalue) + flow)
    return Enumeration(
        labels=np.array(rows),
        probabilities=np.array(p),
        sigma=np.array(sigma),
        sigma_d=np.array(sigma_d),
        heat=np.array(heat),
        initial_state=rho,
        final_state=after,
    )


def _label_pairs(protocol, a, b, labels_n, labels_m):
    if protocol == "augmented":
        return itertools.product(enumerate(labels_n), enumerate(labels_m))
    if protocol == "energy-two-point":
        return [((a, labels_n[a]), (b, labels_m[b]))]
    return [((-1, None), (-1, None))]


def chi_square_p_value(counts: np.ndarray, probabilities: np.ndarray) -> float:
    """P-value of multinomial counts; cells that expect fewer than 100 are one cell."""
    expected = counts.sum() * probabilities / probabilities.sum()
    if (counts[expected == 0] > 0).any():
        return 0.0
    large = expected >= SMALLEST_EXPECTATION
    observed = np.append(counts[large], counts[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    pool = expected[-1] >= SMALLEST_EXPECTATION
    if not pool and observed[-1] > 0:
        # A pool too small for chi-square: by itself, exactly.
        own = stats.poisson.sf(observed[-1] - 1, expected[-1])
    else:
        own = 1.0
    observed, expected = (observed, expected) if pool else (observed[:-1], expected[:-1])
    if observed.size < 2:
        return float(own)
    expected = expected * (observed.sum() / expected.sum())
    statistic = ((observed - expected) ** 2 / expected).sum()
    return float(min(1.0, 2 * min(own, stats.chi2.sf(statistic, observed.size - 1))))


def independence_p_value(first: np.ndarray, second: np.ndarray, strata: np.ndarray | None = None) -> float:
    """P-value of the independence of two labels, given a third one: chi-squares of all strata added up.

    Rows and columns of a table are left out while they expect fewer than 25 in some cell.
    """
    statistic, degrees = 0.0, 0
    strata = np.zeros(first.size, dtype=np.int64) if strata is None else strata
    for stratum in np.unique(strata):
        own = strata == stratum
        _, x = np.unique(first[own], return_inverse=True)
        _, y = np.unique(second[own], return_inverse=True)
        table = np.zeros((x.max() + 1, y.max() + 1))
        np.add.at(table, (x, y), 1)
        while min(table.shape) > 1:
            expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
            if expected.min() >= 25:
                statistic += float(((table - expected) ** 2 / expected).sum())
                degrees += (table.shape[0] - 1) * (table.shape[1] - 1)
                break
            row, column = table.sum(axis=1), table.sum(axis=0)
            # The smaller share goes, be it a row or a column.
            if row.min() * table.shape[0] <= column.min() * table.shape[1]:
                table = np.delete(table, row.argmin(), axis=0)
            else:
                table = np.delete(table, column.argmin(), axis=1)
    assert degrees > 0, "there is nothing to test"
    return float(stats.chi2.sf(statistic, degrees))
