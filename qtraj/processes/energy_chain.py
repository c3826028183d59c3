r"""Jump processes whose jumps lead from one energy eigenstate to another: their exact law.

Mapping ([Santos19], "Davies maps"): jumps :math:`\sqrt{W(m|n)}|m\rangle\langle n|`, exit rates
:math:`\Gamma_n = \sum_m W(m|n)` including jumps |n><n|. Up to the first jump a state evolves with
:math:`G = \sum_n e^{-iE_nt-\Gamma_nt/2}|n\rangle\langle n|`; from it on the state is an energy eigenstate, and what
follows is a classical Markov chain. Where the entropies of jumps are differences of a potential,
:math:`s_{n\to m} = \varphi_n - \varphi_m` (one temperature: :math:`\varphi = \beta E`), those of a whole path
telescope, and all trajectories fall into the branches G and :math:`|k\rangle\langle n|` with the weight
:math:`P_t(k|n) - \delta_{kn}e^{-\Gamma_nt}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.errors import NoFiniteLaw
from qtraj.processes.seam import Branches, Stage
from qtraj.quantum.chains import LARGEST_POTENTIAL_RANGE, log_arrivals
from qtraj.quantum.channels import Jump
from qtraj.quantum.graded import graded_eigensystem
from qtraj.quantum.spectrum import group_values
from qtraj.quantum.states import State

__all__ = ["EnergyChain"]

# Entropies of jumps are products and logarithms of a few given numbers; sums around a loop that should vanish do so to
# a few units in the last place of the largest.
TELESCOPING_TOLERANCE = 1e-10
GROUPING_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class EnergyChain:
    """The jumps of a process, each from one energy eigenstate to one.

    Attributes:
        energies: Shape (d,).
        jumps: The process's jumps, J of them.
        sources: State n that every jump starts from, shape (J,).
        targets: State m that it leads to, shape (J,).
        rates: W(m|n) of every jump, shape (J,).
    """

    energies: FloatArray
    jumps: tuple[Jump, ...]
    sources: IntArray
    targets: IntArray
    rates: FloatArray

    @classmethod
    def of(cls, energies: FloatArray, jumps: Sequence[Jump]) -> EnergyChain:
        """The chain of a process's jumps.

        Raises:
            NoFiniteLaw: If a jump operator has more than one element between energy eigenstates.
        """
        sources, targets = np.zeros(len(jumps), dtype=np.int64), np.zeros(len(jumps), dtype=np.int64)
        rates = np.zeros(len(jumps))
        for k, jump in enumerate(jumps):
            rows, columns = np.nonzero(jump.operator)
            if rows.size != 1:
                raise NoFiniteLaw(
                    f"the trajectories have no finite law because a jump of bath {jump.bath!r} acts on several energy "
                    f"eigenstates at once ({rows.size} elements): superpositions survive it, and entropy does not "
                    "telescope from the first jump to the last; they can only be followed"
                )
            targets[k], sources[k] = rows[0], columns[0]
            rates[k] = float(np.abs(jump.operator[rows[0], columns[0]])) ** 2
        return cls(energies=energies, jumps=tuple(jumps), sources=sources, targets=targets, rates=rates)

    @property
    def dimension(self) -> int:
        """Number of energy eigenstates d."""
        return int(self.energies.size)

    @cached_property
    def rate_matrix(self) -> FloatArray:
        """W(m|n), row m, column n, jumps from a state to itself on the diagonal, shape (d, d)."""
        matrix = np.zeros((self.dimension, self.dimension))
        np.add.at(matrix, (self.targets, self.sources), self.rates)
        return matrix

    @cached_property
    def exits(self) -> FloatArray:
        r"""Exit rates :math:`\Gamma_n`, shape (d,)."""
        exits: FloatArray = self.rate_matrix.sum(axis=0)
        return exits

    @cached_property
    def potentials(self) -> FloatArray:
        r"""Potentials :math:`\varphi` of the entropies into the bath, shape (d,).

        Raises:
            NoFiniteLaw: If several baths exchange entropy or heat, or the entropies around a loop do not cancel.
        """
        active = sorted({jump.bath for jump in self.jumps if jump.entropy or jump.heat})
        if len(active) > 1:
            raise NoFiniteLaw(
                f"the trajectories have no finite law because several baths ({', '.join(active)}) exchange energy: "
                "what goes into each of them does not telescope; they can only be followed"
            )
        entropies = np.array([jump.entropy for jump in self.jumps])
        phi = self._potentials_of(entropies)
        if phi is None:
            raise NoFiniteLaw(
                "the trajectories have no finite law because the entropies of jumps around a loop of states do not "
                "cancel; they can only be followed"
            )
        if float(np.ptp(phi)) > LARGEST_POTENTIAL_RANGE:
            raise NoFiniteLaw(
                f"the finite law needs entropies that span at most {LARGEST_POTENTIAL_RANGE:g} nats, but they span "
                f"{float(np.ptp(phi)):.6g}",
                measured=float(np.ptp(phi)),
            )
        return phi

    @cached_property
    def heat_potentials(self) -> FloatArray | None:
        """Potentials of the heats into the bath, shape (d,); None where heats are unknown or do not telescope."""
        if any(jump.heat is None for jump in self.jumps):
            return None
        return self._potentials_of(np.array([jump.heat for jump in self.jumps], dtype=np.float64))

    def _potentials_of(self, flows: FloatArray) -> FloatArray | None:
        """Potentials whose differences (source - target) are the flows of all jumps, or None if there are none."""
        phi = np.full(self.dimension, np.nan)
        for root in range(self.dimension):
            if not np.isnan(phi[root]):
                continue
            phi[root] = 0.0
            stack = [root]
            while stack:
                here = stack.pop()
                for k in np.flatnonzero(self.sources == here):
                    there = int(self.targets[k])
                    if np.isnan(phi[there]):
                        phi[there] = phi[here] - flows[k]
                        stack.append(there)
        misfit = np.abs(phi[self.sources] - phi[self.targets] - flows)
        tolerance = TELESCOPING_TOLERANCE * max(1e-300, float(np.abs(flows).max(initial=0.0)))
        return phi if float(misfit.max(initial=0.0)) <= tolerance else None

    def log_arrivals(self, time: float) -> FloatArray:
        r"""Ln of :math:`P_t(k|n) - \delta_{kn}e^{-\Gamma_nt}`, row k, column n, shape (d, d)."""
        try:
            phi = self.potentials
        except NoFiniteLaw:  # several baths: no common potential, and no very cold one either
            return log_arrivals(self.rate_matrix, self.exits, time)
        symmetric = np.zeros((self.dimension, self.dimension))
        weights = np.exp(-(phi[self.sources] - phi[self.targets]) / 2)
        np.add.at(symmetric, (self.targets, self.sources), self.rates * weights)
        return log_arrivals(symmetric, self.exits, time, phi)

    def no_jump(self, time: float) -> tuple[float, ComplexArray]:
        """Logarithm of a weight, and the diagonal of the no-jump operator without its root, shape (d,)."""
        slowest = float(self.exits.min())
        # Only differences of energies matter; measured from their mean, phases lose least.
        centred = self.energies - self.energies.mean()
        return -slowest * time, np.exp(-1j * centred * time - (self.exits - slowest) * time / 2)

    def image_of(self, state: State, time: float) -> State:
        """The state after a time (energy eigenbasis), every eigenvalue relatively accurate."""
        weight, survival = self.no_jump(time)
        with np.errstate(divide="ignore"):
            log_populations = logsumexp(2 * np.log(np.abs(state.vectors)) + state.log_eigenvalues[None, :], axis=1)
        arrived = logsumexp(self.log_arrivals(time) + log_populations[None, :], axis=1)
        logs = np.concatenate([weight + state.log_eigenvalues, arrived])
        rows = np.concatenate([(survival[:, None] * state.vectors).T, np.eye(self.dimension)])
        values, vectors = graded_eigensystem(logs, rows)
        return State(log_eigenvalues=values, vectors=vectors)

    def stage(self, time: float) -> Stage:
        """All trajectories as branches that a detector can tell apart by first and last level, entropy and heat.

        Labels: mu is the first level, nu the last; both are -1 for the branch without a jump.

        Raises:
            NoFiniteLaw: If entropies do not telescope.
        """
        phi, chi = self.potentials, self.heat_potentials
        log_weights = self.log_arrivals(time)
        last, first = np.nonzero(np.isfinite(log_weights))
        entropies = np.append(phi[first] - phi[last], 0.0)
        heats = np.zeros(entropies.size) if chi is None else np.append(chi[first] - chi[last], 0.0)
        labels = np.zeros(entropies.size, dtype=np.int64)
        for flow in (entropies, heats):
            groups, count = group_values(flow, GROUPING_TOLERANCE * float(np.abs(flow).max(initial=0.0)))
            labels = labels * count + groups
        log_idle, idle = self.no_jump(time)
        batches = []
        for label in np.unique(labels):
            own = np.flatnonzero(labels == label)
            # The branch that sends exactly nothing stands for its group.
            nearest = own[np.argmin(np.abs(entropies[own]) + np.abs(heats[own]))]
            jumped = own[own < first.size]
            batches.append(
                self._batch(
                    first[jumped],
                    last[jumped],
                    log_weights[last[jumped], first[jumped]],
                    (log_idle, idle) if own[-1] == first.size else None,
                    heat=None if chi is None else float(heats[nearest]),
                    entropy=float(entropies[nearest]),
                )
            )
        return Stage(reservoir=self._reservoir, branches=tuple(batches))

    @property
    def _reservoir(self) -> str | None:
        """The bath that exchanges entropy or heat; otherwise the first one, which then only dephases."""
        names = [jump.bath for jump in self.jumps if jump.entropy or jump.heat] + [jump.bath for jump in self.jumps]
        return names[0] if names else None

    def _batch(
        self,
        first: IntArray,
        last: IntArray,
        log_weights: FloatArray,
        idle: tuple[float, ComplexArray] | None,
        *,
        heat: float | None,
        entropy: float,
    ) -> Branches:
        """Branches |last><first| of one batch, and the no-jump branch if it belongs to it."""
        d = self.dimension
        cells = last * d + first
        levels = np.arange(d) * (d + 1)
        kinds = np.unique(cells if idle is None else np.concatenate([cells, levels]))
        elements = np.zeros((first.size + (idle is not None), kinds.size), dtype=np.complex128)
        elements[np.arange(first.size), np.searchsorted(kinds, cells)] = 1.0
        mu, nu, logs = first, last, log_weights
        if idle is not None:
            elements[-1, np.searchsorted(kinds, levels)] = idle[1]
            mu, nu, logs = np.append(mu, -1), np.append(nu, -1), np.append(logs, idle[0])
        return Branches(
            dimension=d,
            heat=heat,
            entropy=entropy,
            log_weights=logs,
            rows=kinds // d,
            columns=kinds % d,
            elements=elements,
            mu=mu,
            nu=nu,
        )
