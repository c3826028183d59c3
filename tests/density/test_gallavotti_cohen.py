"""The Gallavotti-Cohen symmetry: against the opposite Hamiltonian always, within one process only sometimes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.gallavotti_cohen import adjoint_defect, gallavotti_cohen
from qtraj.models.flux_ring import flux_ring
from qtraj.models.rfa13 import dephased_junction
from tests.processes.jump_cases import driven_qubit, random_process, seeds

EXACT = 1e-12


@given(seeds, st.floats(-1, 2))
def test_the_adjoint_runs_backwards(seed: int, u: float) -> None:
    assert adjoint_defect(random_process(seed), u) < EXACT


@given(seeds)
def test_the_generating_function_is_symmetric_against_the_opposite_hamiltonian(seed: int) -> None:
    found = gallavotti_cohen(random_process(seed))
    assert found.defect < 1e-11 * max(1.0, float(np.abs(found.forward).max()))


def test_the_same_hamiltonian_is_not_the_adjoint() -> None:
    """Negative control."""
    assert adjoint_defect(random_process(1), 0.3, reverse_hamiltonian=False) > 0.1


@pytest.mark.parametrize("process", [driven_qubit(), dephased_junction(), flux_ring(flux=0.0), flux_ring(flux=np.pi)])
def test_real_processes_have_the_naive_symmetry(process) -> None:
    assert gallavotti_cohen(process).naive_defect < EXACT


@pytest.mark.parametrize("flux", [0.5, 1.0, np.pi / 2])
def test_a_flux_breaks_the_naive_symmetry_only(flux: float) -> None:
    found = gallavotti_cohen(flux_ring(flux=flux))
    assert found.defect < EXACT
    assert found.naive_defect > 3e-4
    opposite = gallavotti_cohen(flux_ring(flux=-flux))
    assert opposite.forward == pytest.approx(found.same, abs=EXACT)
