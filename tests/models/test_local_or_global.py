"""The example `examples/local_or_global.py`: its bookkeeping on trajectories drawn here, and what it prints."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from qtraj.density.jump_process import jump_process_averages
from qtraj.models.lk14 import two_node_network
from qtraj.models.lk14_network import TwoNodeNetwork
from qtraj.paths.jump_records import JumpRecords
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from tests.models.renewal import exponential_average_by_energy
from tests.models.thinning import States, thinned

PATHS = 8_000

# |z| > 6.2 has a probability of 6e-10.
LARGEST_Z = 6.2

# What the grid of the renewal equations leaves.
RENEWAL_ERROR = 1e-5


def loaded(name: str) -> ModuleType:
    path = Path(__file__).parents[2] / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


EXAMPLE = loaded("local_or_global")


def network(name: str) -> dict[str, float]:
    values: dict[str, float] = {"UPHILL": EXAMPLE.UPHILL, "DOWNHILL": EXAMPLE.DOWNHILL}[name]
    return values


class Booked:
    """Trajectories of a process, and their entropy production in both books."""

    def __init__(self, process: JumpProcess, seed: int) -> None:
        self.process = process
        rng = np.random.default_rng(seed)
        ends = process.endpoints(MeasurementProtocol.EIGENBASIS)
        start, end = ends.initial.outcomes, ends.final.outcomes
        alpha = rng.choice(4, size=PATHS, p=np.exp(start.log_eigenvalues))
        self.starts: States = start.vectors.T[alpha]
        self.records, self.finals = thinned(process, self.starts, rng)
        chances = np.cumsum(np.abs(self.finals @ end.vectors.conj()) ** 2, axis=1)
        beta = (rng.random(PATHS)[:, None] > chances[:, :-1]).sum(axis=1)
        boundary = start.log_eigenvalues[alpha] - end.log_eigenvalues[beta]
        self.by_jumps, by_drift = EXAMPLE.energy_from_baths(process, self.starts, self.records)
        self.brought = self.by_jumps + by_drift
        temperatures = [process.bath_temperature(bath) for bath in process.baths]
        self.quanta = boundary + self.records.counts(len(process.jumps)) @ process.entropies
        self.energy = boundary - self.brought @ temperatures


def z_score(values: np.ndarray, exact: float, error: float = 0.0) -> float:
    spread = values.std() / np.sqrt(values.size)
    return float((values.mean() - exact) / np.hypot(spread, error))


@pytest.fixture(scope="module", params=["UPHILL", "DOWNHILL"])
def local(request: pytest.FixtureRequest, root_seed: int) -> Booked:
    return Booked(two_node_network(approach="local", **network(request.param), **EXAMPLE.SHARED), root_seed)


def test_what_the_baths_bring_in_is_what_the_energy_gains(local: Booked) -> None:
    """Path by path: the Hamiltonian evolution changes nothing, so that baths, drift and jumps account for all of it."""
    energies = local.process.system.spectrum.energies
    gained = (np.abs(local.finals) ** 2 - np.abs(local.starts) ** 2) @ energies
    np.testing.assert_allclose(local.brought.sum(axis=1), gained, atol=1e-5)


def test_means_of_both_books_are_those_of_the_density_matrix(local: Booked) -> None:
    """False failures: 2e-9 each. Negative control: leaving the drift out is seen at more than ten standard errors."""
    exact = jump_process_averages(local.process)
    for position, bath in enumerate(local.process.baths):
        assert abs(z_score(local.brought[:, position], exact.heat_from[bath])) < LARGEST_Z
    by_quanta, by_energy = EXAMPLE.exact_means(local.process)
    assert abs(z_score(local.quanta, by_quanta)) < LARGEST_Z
    assert abs(z_score(local.energy, by_energy)) < LARGEST_Z
    scores = [
        abs(z_score(local.by_jumps[:, position], exact.heat_from[bath]))
        for position, bath in enumerate(local.process.baths)
    ]
    assert max(scores) > 10


def test_quanta_obey_the_theorem_and_energy_does_not(local: Booked) -> None:
    """<e^-sigma> is 1 by quanta; by energy it is what the renewal equations say, 1.030 uphill and 0.960 downhill."""
    process = local.process
    case = "UPHILL" if process.system.spectrum.energies[-1] < 3.5 else "DOWNHILL"
    parameters = TwoNodeNetwork(
        medium="two-level",
        coupling=EXAMPLE.SHARED["coupling"],
        bath_strength=EXAMPLE.SHARED["bath_strength"],
        **network(case),
    )
    assert abs(z_score(np.exp(-local.quanta), 1.0)) < LARGEST_Z
    exact = exponential_average_by_energy(parameters, process.duration)
    assert exact == pytest.approx({"UPHILL": 1.03022, "DOWNHILL": 0.95955}[case], abs=RENEWAL_ERROR)
    assert abs(z_score(np.exp(-local.energy), exact, RENEWAL_ERROR)) < LARGEST_Z
    assert abs(z_score(np.exp(-local.energy), 1.0)) > 2 * LARGEST_Z
    mean = EXAMPLE.exact_means(process)[1]
    assert (mean < 0) == (case == "UPHILL")
    # Jensen: a negative mean needs <e^-sigma> above 1.
    assert exact > np.exp(-mean) - RENEWAL_ERROR


def test_global_books_agree_path_by_path_from_energy_eigenstates(root_seed: int) -> None:
    """And from superpositions of them only on average."""
    shared = {"approach": "global", **EXAMPLE.UPHILL, **EXAMPLE.SHARED}
    eigenstates = Booked(two_node_network(initial="steady", **shared), root_seed)
    np.testing.assert_allclose(eigenstates.energy, eigenstates.quanta, atol=1e-12)
    assert np.ptp(eigenstates.quanta) > 1
    nodes = Booked(two_node_network(initial="thermal", **shared), root_seed)
    assert np.abs(nodes.energy - nodes.quanta).max() > 0.1
    by_quanta, by_energy = EXAMPLE.exact_means(nodes.process)
    assert by_quanta == pytest.approx(by_energy, abs=1e-12)
    assert abs(z_score(nodes.energy - nodes.quanta, 0.0)) < LARGEST_Z


def test_a_trajectory_without_jumps_is_all_drift() -> None:
    process = two_node_network(**EXAMPLE.UPHILL, **EXAMPLE.SHARED)
    start = process.system.basis.conj().T[:, 2:3].T  # one quantum in the hot node
    empty = JumpRecords(col_times=np.zeros(0), col_which=np.zeros(0, dtype=np.int32), offsets=np.zeros(2, dtype=int))
    by_jumps, by_drift = EXAMPLE.energy_from_baths(process, start, empty, nodes=200)
    assert not by_jumps.any()
    energies = process.system.spectrum.energies
    values, right = np.linalg.eig(process.effective_hamiltonian)
    state = right @ (np.exp(-1j * values * process.duration) * np.linalg.solve(right, start[0]))
    final = (np.abs(state) ** 2) @ energies / np.linalg.norm(state) ** 2
    assert by_drift.sum() == pytest.approx(final - (np.abs(start[0]) ** 2) @ energies, abs=1e-9)


def test_the_example_prints_its_table(capsys: pytest.CaptureFixture[str]) -> None:
    EXAMPLE.main(["--paths", "2000"])
    printed = capsys.readouterr().out
    numbers = re.findall(r"<sigma> = (\S+) \+- (\S+) \(exact (\S+)\), <e\^-sigma> = (\S+) \+- (\S+)", printed)
    assert len(numbers) == 8
    for sampled, error, exact, _, _ in numbers:
        assert abs(float(sampled) - float(exact)) < LARGEST_Z * float(error) + 1e-4
    for _, _, _, average, error in numbers[::2]:
        assert abs(float(average) - 1) < LARGEST_Z * float(error)
