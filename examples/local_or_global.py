r"""Local or global: what a detector counts, and what the energy of the whole network says.

Two coupled two-level nodes, each at a bath of its own [LK14]. On every trajectory entropy production is booked twice:

- by *quanta*: each jump at a bath carries the quantum of the master equation's jump operators, which is what a detector
  at the bath would count;
- by *energy*: the change of <H>, the energy of the whole coupled network, that the bath causes. A bath changes <H> when
  a jump happens, and also while none does: silence of a detector is information, and the state drifts.

With the local master equation the two differ. The quanta obey the fluctuation theorem; the energy does not, and where
[LK14] find heat flowing from cold to hot its mean entropy production is negative. With the global master equation, from
energy eigenstates, the two are the same number on every single path.

Run it with `python examples/local_or_global.py`, or with `--paths 100000` for smaller errors.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qtraj.density.jump_process import jump_process_averages
from qtraj.models.lk14 import two_node_network
from qtraj.paths.blocks import row_blocks
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.plots.saving import save_figure
from qtraj.plots.style import EXACT, FAINT, PAGE_WIDTH, SAMPLED, PaperFigure, paper_style
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol

# Between two jumps <H> oscillates at the splitting of the modes and decays with the rates. This many Gauss-Legendre
# nodes give the drift to 3e-7 in the longest silence of 5000 trajectories below, and to 1e-10 in most.
NODES = 24

UPHILL = {"frequency_hot": 2.0, "frequency_cold": 1.0, "temperature_hot": 2.4, "temperature_cold": 2.0}
DOWNHILL = {"frequency_hot": 1.2, "frequency_cold": 3.0, "temperature_hot": 2.4, "temperature_cold": 2.0}
CASES = (
    ("local, heat flowing uphill", "local", "thermal", UPHILL),
    ("local, heat flowing downhill", "local", "thermal", DOWNHILL),
    ("global, from energy eigenstates", "global", "steady", UPHILL),
    ("global, from eigenstates of the nodes", "global", "thermal", UPHILL),
)
SHARED = {"coupling": 0.5, "bath_strength": 0.1, "duration": 20.0}


def energy_from_baths(
    process: JumpProcess, starts: NDArray[np.complex128], records: JumpRecords, *, nodes: int = NODES
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Energy of the whole system that each bath brings in along each trajectory: by jumps, and by drift between them.

    Jump k of bath b at psi: the change of <H> from psi to L_k psi. Between jumps, with Gamma_b = sum of the bath's
    L^dag L, the state that is conditioned on silence moves by d<H>/dt = sum_b (<Gamma_b><H> - Re <Gamma_b H>); the
    Hamiltonian itself changes nothing. Averaged over trajectories this is tr[H L_b(rho)], Eq. (5) of [LK14].

    Args:
        process: The process; everything is in its energy eigenbasis.
        starts: Initial state vectors, shape (N, d).
        records: The jumps of the N trajectories.
        nodes: Number of nodes of the quadrature between two jumps.

    Returns:
        Two arrays of shape (N, baths).
    """
    energies = process.system.spectrum.energies
    operators = [jump.operator for jump in process.jumps]
    bath_of = [process.baths.index(jump.bath) for jump in process.jumps]
    leaving = [
        sum(op.conj().T @ op for op, own in zip(operators, bath_of, strict=True) if own == bath)
        for bath in range(len(process.baths))
    ]
    values, right = np.linalg.eig(process.effective_hamiltonian)
    places, weights = np.polynomial.legendre.leggauss(nodes)
    places, weights = (places + 1) / 2, weights / 2
    by_jumps, by_drift = np.zeros((2, len(records), len(process.baths)))

    states, since = starts, np.zeros(len(records))
    alive = np.arange(len(records))
    for number in range(int(records.jumps.max(initial=0)) + 1):
        jumps_now = records.jumps[alive] > number
        entry = records.offsets[alive[jumps_now]] + number
        until = np.full(alive.size, process.duration)
        until[jumps_now] = records.col_times[entry]
        length = until - since
        amplitudes = np.linalg.solve(right, states.T).T
        times = np.concatenate([length[:, None] * places, length[:, None]], axis=1)
        silent = (amplitudes[:, None, :] * np.exp(-1j * values * times[:, :, None])) @ right.T
        silent /= np.linalg.norm(silent, axis=2, keepdims=True)
        mean_energy = (np.abs(silent) ** 2) @ energies
        for bath, gamma in enumerate(leaving):
            image = silent @ gamma.T
            rate = (image * silent.conj()).sum(axis=2).real
            product = (image * silent.conj() * energies).sum(axis=2).real
            drift = (rate * mean_energy - product)[:, :-1] @ weights
            by_drift[alive, bath] += length * drift
        # Now the jumps, all trajectories with the same kind at once.
        alive, since, before = alive[jumps_now], until[jumps_now], mean_energy[jumps_now, -1]
        states, which = silent[jumps_now, -1], records.col_which[entry]
        after = np.empty_like(states)
        for kind, operator in enumerate(operators):
            after[which == kind] = states[which == kind] @ operator.T
        states = after / np.linalg.norm(after, axis=1, keepdims=True)
        gained = (np.abs(states) ** 2) @ energies - before
        by_jumps[alive, np.array(bath_of)[which]] += gained
    return by_jumps, by_drift


def both_ways(process: JumpProcess, paths: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Entropy production of every trajectory, booked by quanta and booked by energy, each of shape (N,)."""
    endpoints = process.endpoints(MeasurementProtocol.EIGENBASIS)
    follow = JumpTrajectories(process=process, endpoints=endpoints, seed=seed, keep_records=True)
    by_quanta, by_energy = [], []
    for block in row_blocks(paths):
        rows, records = follow(block)
        starts = follow.states_at(block, np.zeros(1))[:, 0] @ process.system.basis.conj()
        jumps, drift = energy_from_baths(process, starts, records)
        sigma = rows["sigma"].copy()
        for position, bath in enumerate(process.baths):
            heat = -(jumps + drift)[:, position]
            sigma += process.bath_temperature(bath) * heat - rows[f"entropy_into_{bath}"]
        by_quanta.append(rows["sigma"])
        by_energy.append(sigma)
    return np.concatenate(by_quanta), np.concatenate(by_energy)


def exact_means(process: JumpProcess) -> tuple[float, float]:
    """Mean entropy production in both books, from density matrices."""
    values = jump_process_averages(process)
    by_energy = values.entropy_production
    for bath, energy in values.heat_from.items():
        by_energy -= process.bath_temperature(bath) * energy + values.entropy_into[bath]
    return values.entropy_production, by_energy


def describe(title: str, process: JumpProcess, quanta: NDArray[np.float64], energy: NDArray[np.float64]) -> None:
    """One block of the table."""
    means, paths = exact_means(process), quanta.size
    print(title)
    for name, sigma, mean in (("quanta", quanta, means[0]), ("energy", energy, means[1])):
        weights = np.exp(-sigma)
        print(
            f"  by {name}: <sigma> = {sigma.mean():+.4f} +- {sigma.std() / paths**0.5:.4f} (exact {mean:+.4f}), "
            f"<e^-sigma> = {weights.mean():.4f} +- {weights.std() / paths**0.5:.4f}"
        )
    print(f"  largest difference on one path: {np.abs(quanta - energy).max():.1g}")


def draw(path: str, books: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]) -> None:
    """One panel for each process: entropy production by energy against entropy production by quanta."""
    with paper_style():
        figure = PaperFigure.of_size(width=PAGE_WIDTH, height=3.2)
        panels = figure.subplots(1, len(books), sharex=True, sharey=True)
        for axes, (title, (quanta, energy)) in zip(panels, books.items(), strict=True):
            axes.axline((0, 0), slope=1, color=FAINT, linewidth=0.6)
            axes.plot(quanta[:4000], energy[:4000], ".", color=SAMPLED, markersize=1.5, rasterized=True)
            axes.axvline(quanta.mean(), color=EXACT, linestyle="--", linewidth=0.8)
            axes.axhline(energy.mean(), color=EXACT, linestyle="--", linewidth=0.8)
            axes.set_title(title)
            axes.set_xlabel(r"$\sigma$ by quanta")
            axes.set_aspect("equal")
        panels[0].set_ylabel(r"$\sigma$ by energy of the whole network")
    save_figure(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Local and global master equation, booked by quanta and by energy.")
    parser.add_argument("--paths", type=int, default=10_000, help="number of trajectories of each process")
    parser.add_argument("--seed", type=int, default=1, help="seed of the trajectories")
    parser.add_argument("--figure", help="file to draw the first and the third process to")
    options = parser.parse_args(arguments)
    books = {}
    for title, approach, initial, network in CASES:
        process = two_node_network(approach=approach, initial=initial, **network, **SHARED)
        books[title] = both_ways(process, options.paths, options.seed)
        describe(title, process, *books[title])
    if options.figure:
        draw(options.figure, {CASES[case][0]: books[CASES[case][0]] for case in (0, 2)})


if __name__ == "__main__":
    main()
