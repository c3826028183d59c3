"""Spin baths with blocks of hundreds of levels and ladders of 10^5: verified whole, and wrong ones rejected."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any
from unittest import mock

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.paths import followers
from qtraj.paths.exact_law import exact_law
from qtraj.paths.followed import FollowedPaths
from qtraj.processes import level_pairs
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.paths.cases import haar_operation


@cache
def spin_bath(count: int, beta: float = 0.6) -> ThermalOperation:
    bath = Environment.spins(count=count, splitting=1.0, inverse_temperature=beta)
    return haar_operation([0.0, 1.0], State.bloch(0.9, 0.2, -0.3), bath)


@pytest.fixture(autouse=True)
def nothing_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dense unitary is never formed."""

    def refuse(_: EnergyConservingUnitary) -> None:
        raise AssertionError("the dense unitary must not be formed here")

    monkeypatch.setattr(EnergyConservingUnitary, "matrix", refuse)


@pytest.mark.parametrize("protocol", ["augmented", "energy-two-point"])
def test_ten_spins_are_verified_without_a_dense_matrix(protocol: str, root_seed: int) -> None:
    """Joint dimension 2048, blocks of up to 462. False-failure rate 1e-9."""
    report = verify(spin_bath(10), paths=1_000_000, seed=root_seed, protocol=protocol, level=1e-9)
    assert report.verdict is Verdict.PASS
    assert {"followed_paths", "law_final_marginal", "exp_minus_sigma"} <= {check.name for check in report.checks}


@dataclass(frozen=True, kw_only=True, eq=False)
class WrongBlock(FollowedPaths):
    """Evolves with one block of the unitary changed."""

    change: Callable[[np.ndarray], np.ndarray]
    excitations: int

    @cached_property
    def _misled(self) -> FollowedPaths:
        unitary = self.operation.unitary
        energies = unitary.joint.energies
        stacks = [stack.copy() for stack in unitary.matrices]
        for indices, stack in zip(unitary.blocks, stacks, strict=True):
            for row in np.flatnonzero(energies[indices[:, 0]].round() == self.excitations):
                stack[row] = self.change(stack[row])
        wrong = replace(self.operation, unitary=replace(unitary, matrices=tuple(stacks)))
        return FollowedPaths(operation=wrong, endpoints=self.endpoints, seed=self.seed)

    def collapse(self, psi: np.ndarray, mu: int, columns: object = None) -> tuple[np.ndarray, np.ndarray]:
        return self._misled.collapse(psi, mu)


def inverse(block: np.ndarray) -> np.ndarray:
    return np.conj(block.T)


def nothing(block: np.ndarray) -> np.ndarray:
    return np.eye(block.shape[0], dtype=complex)


def two_qubits_and_cold_spins() -> ThermalOperation:
    """Two equal qubits, in superposition, beside ten spins of which hardly one is excited."""
    bath = Environment.spins(count=10, splitting=1.0, inverse_temperature=5.0)
    return haar_operation([0.0, 1.0, 1.0, 2.0], State.haar(4, rank=1, seed=1), bath)


@pytest.mark.parametrize(
    ("process", "change", "excitations"),
    [
        # A block of 66 levels; it moves 9 % of the probability. The larger a random block, the less the sums of squares
        # that a law is made of differ between U and U^dag.
        (two_qubits_and_cold_spins, inverse, 2),
        # One of the largest, of 462 levels.
        (lambda: spin_bath(10), nothing, 5),
    ],
)
def test_negative_control_one_wrong_block_is_rejected(
    process: Callable[[], ThermalOperation],
    change: Callable[[np.ndarray], np.ndarray],
    excitations: int,
    root_seed: int,
) -> None:
    operation = process()

    def mistaken(**arguments: Any) -> FollowedPaths:
        return WrongBlock(change=change, excitations=excitations, **arguments)

    with mock.patch.object(followers, "FollowedPaths", mistaken):
        report = verify(operation, paths=100_000, seed=root_seed, level=1e-9)
    assert report.verdict is Verdict.FAIL
    failing = {check.name for check in report.checks if check.verdict is Verdict.FAIL}
    assert "followed_paths" in failing
    # Nothing but the followed paths is wrong.
    assert all(name.startswith("followed") for name in failing)


def test_the_averages_of_a_bath_are_those_of_the_dense_joint_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight spins, where the joint state can still be formed: two routes, of which one is dense."""
    monkeypatch.undo()
    operation = spin_bath(8)
    monkeypatch.setattr(level_pairs, "CONDENSED_ELEMENTS", 0)
    values, law = averages(operation), exact_law(operation)
    assert values.joint_system_state is not None
    np.testing.assert_allclose(values.joint_system_state, operation.final_energy_state.matrix, atol=1e-12)
    assert values.mutual_information is not None
    assert values.environment_relative_entropy is not None
    total = values.mutual_information + values.environment_relative_entropy
    assert law.mean("sigma") == pytest.approx(total, abs=1e-10)


LADDER = """
import resource
import numpy as np
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.verify import verify
from tests.paths.cases import haar_operation

EnergyConservingUnitary.matrix = None
bath = Environment.ladder(levels=200_000, spacing=1.0, inverse_temperature=0.6)
operation = haar_operation([0.0, 1.0, 2.0, 3.0], State.haar(4, seed=1), bath)
report = verify(operation, paths=10**8, seed=1)
print(report.verdict, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


@pytest.mark.slow
def test_a_ladder_of_two_hundred_thousand_levels_is_verified_in_two_gigabytes() -> None:
    done = subprocess.run([sys.executable, "-c", LADDER], capture_output=True, text=True, timeout=600, check=True)
    verdict, memory = done.stdout.split()
    assert verdict == "pass"
    assert float(memory) < 2.0


@pytest.mark.slow
@pytest.mark.parametrize("count", [12, 13])
def test_twelve_and_thirteen_spins_are_verified(count: int) -> None:
    """Blocks of up to 1716 and 3432 levels."""
    assert verify(spin_bath(count), paths=10**8, seed=1, level=1e-9).verdict is Verdict.PASS
