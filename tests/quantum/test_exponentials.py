"""The action of an exponential: small and large, short and long, growing and decaying."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from scipy.sparse import block_diag, csr_array

from qtraj.quantum.exponentials import SMALL, exponential_action


@pytest.mark.parametrize("size", [4, SMALL + 20])
@pytest.mark.parametrize("time", [0.01, 3.0])
def test_the_action_is_that_of_the_dense_exponential(size: int, time: float) -> None:
    rng = np.random.default_rng(size)
    matrix = (rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))) / np.sqrt(size)
    vector = rng.normal(size=size) + 0j
    image, scale = exponential_action(csr_array(matrix), vector, time)
    expected = scipy.linalg.expm(matrix * time) @ vector
    assert scale == 0
    assert np.abs(image - expected).max() < 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("copies", [1, SMALL])
@pytest.mark.parametrize("growth", [-5.0, 0.0, 5.0])
def test_growth_over_long_times_is_kept_as_a_logarithm(copies: int, growth: float) -> None:
    """A two-state chain with a growth rate: 1500 nats, whether dense or step by step."""
    block = np.array([[-1.0, 2.0], [1.0, -2.0]]) + growth * np.eye(2)
    generator = csr_array(block_diag([block] * copies))
    image, scale = exponential_action(generator, np.ones(2 * copies, dtype=complex), 300.0)
    assert np.log(image.real) + scale == pytest.approx(np.tile(growth * 300 + np.log([4 / 3, 2 / 3]), copies), abs=1e-9)


def test_very_long_times_relax() -> None:
    """A million events: squaring instead of stepping."""
    size = SMALL + 20
    generator = csr_array(np.full((size, size), 1.0) - size * np.eye(size))
    image, scale = exponential_action(generator, np.eye(size, dtype=complex)[0], 1e4)
    assert image * np.exp(scale) == pytest.approx(np.full(size, 1 / size), abs=1e-9)


def test_a_vector_that_vanishes_stays_zero() -> None:
    generator = csr_array(np.zeros((SMALL + 2, SMALL + 2)))
    image, scale = exponential_action(generator, np.zeros(SMALL + 2, dtype=complex), 1.0)
    assert not image.any()
    assert scale == 0
