r"""The compiled loop of followed collisions: single paths with their conditional pure states, one after the other.

Mapping: :math:`|\psi\rangle \to \langle\nu|U|\psi,\mu\rangle / \sqrt{P(\nu)}` with mu drawn from the unit's populations
and nu by the Born rule.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import kernel

__all__ = ["follow"]


@kernel
def follow(
    states: ComplexArray,
    uniforms: FloatArray,
    repeat: int,
    reservoir_of: IntArray,
    cumulative: FloatArray,
    starts: IntArray,
    outcome: IntArray,
    row: IntArray,
    column: IntArray,
    value: ComplexArray,
    entropies: FloatArray,
    heats: FloatArray,
    entropy: FloatArray,
    heat: FloatArray,
    mu_labels: NDArray[np.int32],
    nu_labels: NDArray[np.int32],
) -> None:
    """Follow every path through all rounds; everything that comes out is written into the last five and `states`.

    Args:
        states: Normalised states, shape (N, d); replaced by the final ones.
        uniforms: Two a collision, shape (N, 2 C).
        repeat: Number of rounds.
        reservoir_of: Reservoir of every step, -1 for an internal unitary, shape (S,).
        cumulative: Cumulative populations of every step's unit, shape (S, r), padded with 1.
        starts: Where the elements of a step with the unit in mu begin, shape (S r + 1,).
        outcome: nu of every element, shape (P,).
        row: Row of every element, shape (P,).
        column: Column of every element, shape (P,).
        value: The elements, shape (P,).
        entropies: Entropy into the reservoir, shape (S, r, r), indices mu, nu.
        heats: Heat into it, likewise.
        entropy: Sum of entropies into every reservoir, shape (N, R), added to.
        heat: Sum of heats, shape (N, R), added to.
        mu_labels: Labels, shape (N, C), or (0, 0) if they are not wanted.
        nu_labels: Likewise.
    """
    paths, dimension = states.shape
    steps, most = cumulative.shape
    keep_labels = mu_labels.shape[0] > 0
    images = np.empty((most, dimension), dtype=np.complex128)
    weights = np.empty(most)
    for path in range(paths):
        collision = 0
        for _ in range(repeat):
            for step in range(steps):
                reservoir = reservoir_of[step]
                mu = 0
                if reservoir >= 0:
                    draw = uniforms[path, 2 * collision]
                    while mu < most - 1 and draw >= cumulative[step, mu]:
                        mu += 1
                images[:, :] = 0.0
                for element in range(starts[step * most + mu], starts[step * most + mu + 1]):
                    images[outcome[element], row[element]] += value[element] * states[path, column[element]]
                total = 0.0
                for k in range(most):
                    weight = 0.0
                    for m in range(dimension):
                        weight += images[k, m].real ** 2 + images[k, m].imag ** 2
                    weights[k] = weight
                    total += weight
                nu = 0
                if reservoir >= 0:
                    rest = uniforms[path, 2 * collision + 1] * total
                    last = 0
                    while nu < most:
                        if weights[nu] > 0.0:
                            last = nu
                            rest -= weights[nu]
                            if rest < 0.0:
                                break
                        nu += 1
                    nu = last
                    entropy[path, reservoir] += entropies[step, mu, nu]
                    heat[path, reservoir] += heats[step, mu, nu]
                    if keep_labels:
                        mu_labels[path, collision] = mu
                        nu_labels[path, collision] = nu
                    collision += 1
                scale = 1.0 / np.sqrt(weights[nu])
                for m in range(dimension):
                    states[path, m] = images[nu, m] * scale
