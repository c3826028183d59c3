"""Cumulants from the tilted generator against enumeration, numerical derivatives and each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.jump_cumulants import jump_covariance, jump_cumulants, jump_mean
from qtraj.density.jump_process import jump_process_averages
from qtraj.density.tilted_generator import jump_log_exponential_average
from qtraj.paths.exact_law import exact_law
from qtraj.quantum.channels import Channel
from tests.processes.jump_cases import driven_qubit, random_davies, random_process, seeds

EXACT = 1e-11


@settings(max_examples=25)
@given(seeds, st.sampled_from(["augmented", "eigenbasis-two-point", "energy-two-point", "kraus"]), st.booleans())
def test_finite_laws_have_the_same_cumulants(seed: int, protocol: str, dephasing: bool) -> None:
    process = random_davies(seed, dephasing=dephasing)
    law = exact_law(process, protocol=protocol)
    for name in ("sigma", "sigma_d", "xi", "heat"):
        if law.records(name):
            found = jump_cumulants(process, name, protocol=protocol)
            assert found == pytest.approx(law.cumulants(name), abs=EXACT)
            assert jump_mean(process, name, protocol=protocol) == pytest.approx(found[0], abs=EXACT)


@settings(max_examples=25)
@given(seeds, st.sampled_from(["sigma", "sigma_d", "xi", "heat_into_bath0", "jumps"]))
def test_general_processes_have_the_cumulants_of_their_generating_function(seed: int, name: str) -> None:
    process = random_process(seed, duration=0.3)

    def cumulant_generating(u: complex) -> float:
        return jump_log_exponential_average(process, name, u)

    step = 2e-3
    values = [cumulant_generating(k * step) for k in range(-3, 4)]
    first = -np.dot(values, [-1, 9, -45, 0, 45, -9, 1]) / 60 / step
    second = np.dot(values, [2, -27, 270, -490, 270, -27, 2]) / 180 / step**2
    mean, variance, _ = jump_cumulants(process, name)
    scale = 1 + variance**2
    assert mean == pytest.approx(first, abs=1e-8 * scale)
    assert variance == pytest.approx(second, abs=1e-6 * scale)


@settings(max_examples=25)
@given(seeds)
def test_means_are_those_of_the_density_matrix(seed: int) -> None:
    process = random_process(seed)
    averages = jump_process_averages(process)
    assert jump_mean(process, "sigma") == pytest.approx(averages.entropy_production, abs=EXACT * 100)
    assert jump_mean(process, "sigma_d") == pytest.approx(averages.population_entropy_production, abs=EXACT * 100)
    assert jump_mean(process, "xi") == pytest.approx(averages.coherence_entropy_production, abs=EXACT * 100)
    assert jump_mean(process, "jumps") == pytest.approx(averages.mean_jumps, abs=EXACT * 100)
    for bath in ("bath0", "bath1"):
        assert jump_mean(process, f"heat_into_{bath}") == pytest.approx(averages.heat_into[bath], abs=EXACT * 100)


def test_counts_of_a_poisson_process() -> None:
    """Jumps at one rate whatever the state are Poissonian: all cumulants are equal."""
    process = random_davies(1)
    unitary = Channel(operator=np.diag([1.0, -1.0, 1.0]), bath="clock", rate=40.0)
    clock = replace(process, channels=(unitary,), duration=25.0)
    assert jump_cumulants(clock, "jumps") == pytest.approx((1000.0, 1000.0, 1000.0), rel=1e-10)


def test_covariances_of_heats() -> None:
    process = random_process(8)
    names = ("heat_into_bath0", "heat_into_bath1", "jumps")
    matrix = np.array([[jump_covariance(process, one, two) for two in names] for one in names])
    assert np.abs(matrix - matrix.T).max() < EXACT * 100
    assert np.linalg.eigvalsh(matrix).min() > 0
    for name, value in zip(names, np.diag(matrix), strict=True):
        assert value == pytest.approx(jump_cumulants(process, name)[1], rel=1e-10)
    assert abs(matrix[0, 1]) > 1e-3


def test_a_forgotten_boundary_term_is_seen() -> None:
    """Negative control: the entropy of the jumps alone has another mean than sigma."""
    process = driven_qubit()
    assert abs(jump_mean(process, "entropy_into_cold") - jump_mean(process, "sigma")) > 0.005
