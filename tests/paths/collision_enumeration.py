"""Every labelled path of a small collision model, by brute force with dense matrices.

Shares no formula with the package: steps are placed into the whole by looping over product basis states, outcomes are
projectors, states are plain matrices, and every label sequence (mu_1, nu_1, ..., mu_K, nu_K) has its own operator. From
the model under test it takes what the user gave: energies, joint state, units, unitaries and their order.

    P = p_alpha prod_k q_mu_k tr[P_beta M P_alpha M^dag] p(n|alpha) p(m|beta),   M = M_K ... M_1,  M_k = <nu_k|U|mu_k>
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from qtraj.paths.law import PathLaw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import InternalStep
from qtraj.quantum.composite import Reservoir
from tests.paths.enumeration import canonical_outcomes, energy_labels

# Path probabilities are products of some ten numbers, each good to 1e-16.
EXACT = 1e-13

# Traces of products of matrices carry errors of some 1e-17; what is less likely than this cannot occur.
SMALLEST = 1e-15


def placed(matrix: np.ndarray, positions: list[int], dims: list[int]) -> np.ndarray:
    """An operator on some parties, in the order of `positions`, as one on all parties."""
    size = int(np.prod(dims))
    own = [dims[position] for position in positions]
    whole = np.zeros((size, size), dtype=complex)
    for before in itertools.product(*map(range, dims)):
        column = np.ravel_multi_index([before[position] for position in positions], own)
        for after in itertools.product(*map(range, own)):
            target = list(before)
            for position, value in zip(positions, after, strict=True):
                target[position] = value
            row = np.ravel_multi_index(after, own)
            whole[np.ravel_multi_index(target, dims), np.ravel_multi_index(before, dims)] += matrix[row, column]
    return whole


@dataclass(frozen=True, kw_only=True)
class Collision:
    """One step: operators for every pair of outcomes of the unit, without the unit's probability."""

    reservoir: str | None
    kraus: np.ndarray
    """Shape (nu, mu, d, d)."""
    probabilities: np.ndarray
    energies: np.ndarray
    """Energy of every outcome, NaN where it has none."""


def unit_basis(reservoir: Reservoir) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, vectors and energies of the outcomes of a unit's measurement."""
    energies = np.asarray(reservoir.energies, dtype=float)
    if reservoir.state is None:
        weights = np.exp(-reservoir.inverse_temperature * (energies - energies.min()))
        return weights / weights.sum(), np.eye(energies.size), energies
    state = reservoir.state.matrix
    if reservoir.measure == "energy":
        return np.diag(state).real, np.eye(energies.size), energies
    values, vectors = np.linalg.eigh(state)
    spread = (np.abs(vectors) ** 2 * (energies[:, None] - (np.abs(vectors) ** 2).T @ energies) ** 2).sum(axis=0)
    return values, vectors, np.where(spread < 1e-20, (np.abs(vectors) ** 2).T @ energies, np.nan)


def collisions(model: CollisionModel) -> list[Collision]:
    """The steps of one round."""
    names = list(model.composite.energies)
    dims = [model.composite.energies[name].size for name in names]
    size, found = int(np.prod(dims)), []
    for step in model.steps:
        positions = [names.index(name) for name in step.on]
        if isinstance(step, InternalStep):
            operator = placed(step.matrix, positions, dims)
            found.append(
                Collision(reservoir=None, kraus=operator[None, None], probabilities=np.ones(1), energies=np.zeros(1))
            )
            continue
        probabilities, vectors, energies = unit_basis(model.reservoirs[step.reservoir])
        e = energies.size
        whole = placed(step.unitary.matrix(), [*positions, len(dims)], [*dims, e]).reshape(size, e, size, e)
        kraus = np.einsum("av,manb,bu->vumn", vectors.conj(), whole, vectors)
        found.append(Collision(reservoir=step.reservoir, kraus=kraus, probabilities=probabilities, energies=energies))
    return found


@dataclass(frozen=True, kw_only=True)
class CollisionPaths:
    """All paths with their probabilities; labels that a protocol has not are -1."""

    labels: np.ndarray
    """Columns alpha, beta, n, m, shape (T, 4)."""
    entropies: np.ndarray
    """Into every reservoir, shape (T, R)."""
    heats: np.ndarray
    probabilities: np.ndarray
    sigma: np.ndarray
    sigma_d: np.ndarray
    work: np.ndarray
    reservoirs: list[str]
    initial_state: np.ndarray
    final_state: np.ndarray
    support_loss: float

    def merged(self) -> dict[tuple[float, ...], float]:
        """Probability by labels and flows."""
        return _merged(self.labels, self.entropies, self.heats, self.probabilities)


def law_table(law: PathLaw) -> dict[tuple[float, ...], float]:
    """The same of an exact law."""
    labels = np.stack([law.alpha, law.beta, law.n, law.m], axis=1)
    return _merged(labels, law.flows.entropies[law.branch], law.flows.heats[law.branch], law.probabilities)


def largest_difference(law: PathLaw, paths: CollisionPaths) -> float:
    """Largest difference of probabilities, over all classes of either."""
    ours, theirs = law_table(law), paths.merged()
    return max(abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) for key in {*ours, *theirs})


def enumerate_collisions(model: CollisionModel, protocol: str = "augmented") -> CollisionPaths:
    """Enumerate all paths of all rounds, in any protocol but the Kraus one."""
    energies = np.asarray(model.system.spectrum.energies)
    steps = collisions(model) * model.repeat
    reservoirs = list(dict.fromkeys(step.reservoir for step in steps if step.reservoir is not None))
    rho = model.system.energy_state.matrix
    if protocol == "energy-two-point":
        rho = sum(label.matrix * label.eigenvalue for label in energy_labels(rho, energies))
    after = rho
    for step in steps:
        after = np.einsum("vumn,u,nk,vulk->ml", step.kraus, step.probabilities, after, step.kraus.conj())
    labels_n, labels_m = energy_labels(rho, energies), energy_labels(after, energies)
    if protocol == "energy-two-point":
        starts, ends = labels_n, labels_m
    else:
        starts, ends = canonical_outcomes(rho, energies), canonical_outcomes(after, energies)
    back = sum(end.eigenvalue * end.matrix for end in ends)
    for step in reversed(steps):
        # The fresh unit of the backward process is in outcome nu; U^dag takes it to mu.
        back = np.einsum("vunm,v,nk,vukl->ml", step.kraus.conj(), step.probabilities, back, step.kraus)
    support = sum(start.matrix for start in starts)
    loss = 1 - np.trace(support @ back).real

    sequences = list(_sequences(steps, reservoirs, energies.size))
    operators = np.stack([operator for operator, *_ in sequences])
    weights, entropies, heats = (np.array([one[k] for one in sequences]) for k in (1, 2, 3))
    first, last = (np.stack([outcome.matrix for outcome in outcomes]) for outcomes in (starts, ends))
    images = operators[:, None] @ first[None] @ np.conj(np.swapaxes(operators, 1, 2))[:, None]
    transitions = np.einsum("bij,saji->sab", last, images).real
    sequence, alpha, beta = np.nonzero(transitions > SMALLEST)
    p_start, p_end = (np.array([outcome.eigenvalue for outcome in outcomes]) for outcomes in (starts, ends))
    chance = p_start[alpha] * weights[sequence] * transitions[sequence, alpha, beta]
    row, n, m, share = _labels(protocol, alpha, beta, (starts, ends), (labels_n, labels_m))
    sequence, alpha, beta = sequence[row], alpha[row], beta[row]
    flow, heat = entropies[sequence], heats[sequence]
    sigma_d = work = np.full(row.size, np.nan)
    if n[0] >= 0:
        p_n, p_m = (np.array([label.eigenvalue for label in labels]) for labels in (labels_n, labels_m))
        e_n, e_m = (
            energies[[np.argmax(np.diag(label.matrix).real) for label in labels]] for labels in (labels_n, labels_m)
        )
        sigma_d = np.log(p_n[n] / p_m[m]) + flow.sum(axis=1)
        work = heat.sum(axis=1) + e_m[m] - e_n[n]
    return CollisionPaths(
        labels=np.stack([alpha, beta, n, m], axis=1),
        entropies=flow,
        heats=heat,
        probabilities=chance[row] * share,
        sigma=np.log(p_start[alpha] / p_end[beta]) + flow.sum(axis=1),
        sigma_d=sigma_d,
        work=work,
        reservoirs=reservoirs,
        initial_state=rho,
        final_state=after,
        support_loss=float(loss),
    )


def _sequences(steps: list[Collision], reservoirs: list[str], dimension: int):
    """Operator, probability of the mu, entropies and heats of every label sequence, depth first."""

    def extend(position, operator, weight, flow, heat):
        if np.abs(operator).max() < 1e-15:
            return
        if position == len(steps):
            yield operator, weight, flow, heat
            return
        step = steps[position]
        outcomes = range(step.probabilities.size)
        for nu, mu in itertools.product(outcomes, outcomes):
            own_flow, own_heat = flow, heat
            if step.reservoir is not None:
                unit = np.array([name == step.reservoir for name in reservoirs], dtype=float)
                own_flow = flow + unit * np.log(step.probabilities[mu] / step.probabilities[nu])
                gain = step.energies[nu] - step.energies[mu]
                own_heat = np.where(unit > 0, heat + gain, heat)
            image = step.kraus[nu, mu] @ operator
            yield from extend(position + 1, image, weight * step.probabilities[mu], own_flow, own_heat)

    nothing = np.zeros(len(reservoirs))
    yield from extend(0, np.eye(dimension, dtype=complex), 1.0, nothing, nothing)


def _labels(protocol, alpha, beta, outcomes, labels):
    """For every (alpha, beta), given as a list, all (n, m): position in the list, n, m and their probability."""
    everything = np.arange(alpha.size)
    if protocol == "energy-two-point":
        return everything, alpha, beta, np.ones(alpha.size)
    if protocol != "augmented":
        return everything, np.full(alpha.size, -1), np.full(alpha.size, -1), np.ones(alpha.size)
    at_start, at_end = (
        np.array([[np.trace(a.matrix @ n.matrix).real / a.rank for n in theirs] for a in ours])
        for ours, theirs in zip(outcomes, labels, strict=True)
    )
    share = at_start[alpha][:, :, None] * at_end[beta][:, None, :]
    row, n, m = np.nonzero(share > SMALLEST)
    return row, n, m, share[row, n, m]


def _merged(labels, entropies, heats, probabilities) -> dict[tuple[float, ...], float]:
    flows = np.concatenate([entropies, np.nan_to_num(heats, nan=-1e3)], axis=1)
    # Flows of the cases here are multiples of numbers of order one; +0.0 makes -0.0 the same as 0.0.
    rounded = np.concatenate([labels, np.round(flows, 7) + 0.0], axis=1)
    keys, index = np.unique(rounded, axis=0, return_inverse=True)
    sums = np.bincount(index.reshape(-1), weights=probabilities)
    return {tuple(key): float(value) for key, value in zip(keys.tolist(), sums, strict=True)}
