"""Currents, noise and the scaled cumulant generating function against long but finite runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from qtraj.density.jump_cumulants import jump_covariance, jump_cumulants
from qtraj.density.long_time import long_time_statistics, scaled_cumulant_generating_function
from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import dephasing_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import driven_qubit, random_process, seeds

NAMES = ("heat_into_bath0", "entropy_into_bath1", "jumps")


@given(seeds)
def test_derivatives_of_the_generating_function(seed: int) -> None:
    process = random_process(seed % 40)
    found = long_time_statistics(process, *NAMES)
    step = 1e-3
    for k, name in enumerate(NAMES):
        low, middle, high = (scaled_cumulant_generating_function(process, name, u) for u in (-step, 0.0, step))
        assert middle == pytest.approx(0, abs=1e-11)
        assert found.currents[k] == pytest.approx((low - high) / (2 * step), rel=1e-4, abs=1e-4)
        assert found.noise[k, k] == pytest.approx((low + high - 2 * middle) / step**2, rel=1e-3, abs=1e-3)


def test_noise_is_the_growth_of_variances_and_covariances() -> None:
    process = random_process(3)
    found = long_time_statistics(process, *NAMES)
    one, two = process.lasting(40.0), process.lasting(60.0)
    for i, first in enumerate(NAMES):
        slope = (jump_cumulants(two, first)[0] - jump_cumulants(one, first)[0]) / 20
        assert found.currents[i] == pytest.approx(slope, rel=1e-8)
        for j, second in enumerate(NAMES):
            grown = (jump_covariance(two, first, second) - jump_covariance(one, first, second)) / 20
            assert found.noise[i, j] == pytest.approx(grown, rel=1e-6, abs=1e-8)
    assert np.abs(found.noise - found.noise.T).max() < 1e-12


def test_shot_noise_without_memory() -> None:
    """Jumps at one rate whatever the state: noise equals current."""
    system = System(energies=[0.0, 1.0], state=State.haar(2))
    process = JumpProcess(system=system, channels=dephasing_channels(2, 0.35), duration=1.0)
    with pytest.raises(InvalidInput, match="unique for zero-frequency noise, but there are 2"):
        long_time_statistics(process, "jumps")
    driven = driven_qubit()
    mixed = JumpProcess(system=driven.system, channels=dephasing_channels(2, 0.35), duration=1.0)
    found = long_time_statistics(mixed, "jumps")
    assert found.currents[0] == pytest.approx(0.7, abs=1e-12)
    assert found.noise[0, 0] == pytest.approx(0.7, abs=1e-11)
