"""Estimates of memory from block sizes alone, against measured peaks; refusals before anything large is made."""

from __future__ import annotations

import subprocess
import sys
from math import comb

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.errors import TooLarge
from qtraj.memory import LIMIT_VARIABLE
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.processes.memory_needed import MemoryNeeded
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.cases import haar_operation


def spin_bath(count: int, *, beta: float = 0.6) -> ThermalOperation:
    bath = Environment.spins(count=count, splitting=1.0, inverse_temperature=beta)
    return haar_operation([0.0, 1.0], State.bloch(0.5, 0.2, -0.3), bath)


def beside_ladder(levels: int, dimension: int, rank: int) -> ThermalOperation:
    bath = Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.6)
    return haar_operation([float(n) for n in range(dimension)], State.haar(dimension, rank=rank, seed=1), bath)


@pytest.fixture
def no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing dense is formed, and no block is made."""

    def refuse(*_: object) -> None:
        raise AssertionError("no matrix may be formed here")

    monkeypatch.setattr(EnergyConservingUnitary, "matrix", refuse)
    monkeypatch.setattr("qtraj.quantum.lazy_blocks.LazyStacks._made", refuse)


@pytest.mark.usefixtures("no_matrix")
def test_block_sizes_of_spins_are_binomial() -> None:
    """A qubit and 16 spins are 17 spins: blocks C(17, k), of which there are C(34, 17) elements in all."""
    needed = spin_bath(16).memory_needed
    assert needed.blocks == 18
    assert needed.largest_block == comb(17, 8)
    assert needed.unitary == 16.0 * comb(34, 17)
    assert needed.law > 16.0 * 2 * comb(17, 8) ** 2
    assert "largest" not in str(needed)
    assert str(needed).startswith("18 blocks of up to 24,310 levels; unitary 37.3 GB, exact law ")


MEASURE = """
import sys, tracemalloc
import numpy as np
from tests.processes.test_memory_needed import *
name, size, dimension, rank = sys.argv[1], *map(int, sys.argv[2:])
exact_law(spin_bath(3))  # what is imported and kept for good is no part of it
tracemalloc.start()
process = spin_bath(size) if name == "spins" else beside_ladder(size, dimension, rank)
needed = process.memory_needed
law = exact_law(process)
peak = tracemalloc.get_traced_memory()[1]
tracemalloc.reset_peak()
sample(process, paths=30_000, sampler="followed", keep_rows=False, law=law)
print(peak / needed.law, tracemalloc.get_traced_memory()[1] / needed.following)
"""


def measured(*arguments: object) -> list[float]:
    """Peak over estimate, of the law and of following paths, in a process of its own."""
    words = [sys.executable, "-c", MEASURE, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=True)
    return [float(word) for word in done.stdout.split()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("spins", 9, 2, 2),
        ("ladder", 20_000, 4, 4),
        pytest.param(("spins", 11, 2, 2), marks=pytest.mark.slow),
        pytest.param(("ladder", 30_000, 3, 1), marks=pytest.mark.slow),
        pytest.param(("spins", 12, 2, 2), marks=pytest.mark.slow),
        pytest.param(("spins", 13, 2, 2), marks=pytest.mark.slow),
        pytest.param(("ladder", 200_000, 4, 4), marks=pytest.mark.slow),
    ],
)
def test_the_estimate_is_within_a_factor_of_two_of_the_measured_peak(arguments: tuple[object, ...]) -> None:
    law, following = measured(*arguments)
    assert 0.5 < law < 2
    # An upper bound: paths touch what they meet, not all there is.
    assert following < 2


@pytest.mark.usefixtures("no_matrix")
def test_a_law_that_does_not_fit_is_refused_with_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "1 GB")
    process = spin_bath(16)
    for ask in (exact_law, averages, lambda p: p.final_state, lambda p: sample(p, paths=10, protocol="augmented")):
        with pytest.raises(TooLarge) as caught:
            ask(process)
        assert caught.value.measured == process.memory_needed.law
        assert "blocks of up to 24,310 levels, needs about " in str(caught.value)
        assert "but QTRAJ_MEMORY_LIMIT allows 1.0 GB; use fewer spins or levels" in str(caught.value)


@pytest.mark.usefixtures("no_matrix")
def test_labels_that_do_not_fit_are_refused_on_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "1 GB")
    process = spin_bath(12)
    assert process.memory_needed.law < 1e9 < process.memory_needed.labels
    with pytest.raises(TooLarge, match=r"all Kraus operators with their labels needs about 1.2 GB .* counts sampler"):
        process.branches()


def test_paths_of_a_bath_too_large_for_its_law_touch_only_their_own_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """16 spins, cold: nearly all paths begin with at most one excitation, and the largest blocks stay unmade."""
    monkeypatch.setenv(LIMIT_VARIABLE, "1 GB")
    process = spin_bath(16, beta=8.0)
    made: list[int] = []
    stacks = process.unitary.matrices
    plain = stacks._made
    monkeypatch.setattr(stacks, "_made", lambda position: made.append(position) or plain(position))
    ensemble = sample(process, paths=2000, protocol="kraus", seed=3)
    assert ensemble.sampler == "followed"
    assert 0 < max(process.unitary.blocks[position].shape[1] for position in made) < 1000
    # The bath holds 16 e^-8 quanta, and only the qubit can add one.
    assert 0 <= ensemble["heat"].max() <= 1
    assert set(np.unique(ensemble["heat"])) <= {-1.0, 0.0, 1.0}


def test_a_unitary_that_does_not_conserve_energy_is_one_block() -> None:
    system, bath = System(energies=[0.0, 1.0], state=np.eye(2) / 2), Environment(energies=[0, 1], inverse_temperature=1)
    unitary = EnergyConservingUnitary.from_matrix(system, bath, np.eye(4)[::-1], allow_violation=True)
    needed = MemoryNeeded.of(unitary, rank=2)
    assert (needed.blocks, needed.largest_block, needed.unitary) == (1, 4, 256.0)
