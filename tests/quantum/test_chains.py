"""Markov chains against the plain exponential, and against exact arithmetic where that fails."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import TooLarge
from qtraj.quantum.chains import log_arrivals


def random_chain(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0, 1, size=(size, size)) * (rng.uniform(size=(size, size)) < 0.7)
    return rates, rates.sum(axis=0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.floats(1e-3, 30))
def test_arrivals_are_the_exponential_minus_survival(seed: int, size: int, time: float) -> None:
    rates, exits = random_chain(seed, size)
    plain = scipy.linalg.expm((rates - np.diag(exits)) * time) - np.diag(np.exp(-exits * time))
    arrivals = np.exp(log_arrivals(rates, exits, time))
    assert np.abs(arrivals - plain).max() < 1e-13
    assert np.abs(arrivals.sum(axis=0) + np.expm1(-exits * time)).max() < 1e-13


def exact_arrivals(rates: np.ndarray, exits: np.ndarray, time: float) -> list[list[mpmath.mpf]]:
    """The same in 1200 digits, enough for any cancellation here."""
    with mpmath.workdps(1200):
        size = exits.size
        generator = mpmath.matrix(size, size)
        for m in range(size):
            for n in range(size):
                generator[m, n] = (mpmath.mpf(rates[m, n]) - (mpmath.mpf(exits[n]) if m == n else 0)) * mpmath.mpf(time)
        exponential = mpmath.expm(generator)
        return [
            [
                exponential[m, n] - (mpmath.exp(-mpmath.mpf(exits[n]) * mpmath.mpf(time)) if m == n else 0)
                for n in range(size)
            ]
            for m in range(size)
        ]


@pytest.mark.parametrize("time", [1e-9, 1e-3, 1.0, 1e4])
def test_rare_arrivals_are_relatively_accurate(time: float) -> None:
    """A ladder where only neighbours talk, seen for a very short and a very long time."""
    rates = np.array([[0, 0.3, 0, 0], [1e-4, 0, 2.0, 0], [0, 1e-6, 0.1, 0.7], [0, 0, 1e-9, 0]])
    exits = rates.sum(axis=0)
    logs = log_arrivals(rates, exits, time)
    for m, row in enumerate(exact_arrivals(rates, exits, time)):
        for n, value in enumerate(row):
            assert logs[m, n] == pytest.approx(float(mpmath.log(value)), abs=1e-11)


@pytest.mark.parametrize("beta", [1.0, 300.0, 600.0])
def test_detailed_balance_holds_however_cold(beta: float) -> None:
    """P(k|n)/P(n|k) = e^{phi_n - phi_k}, also where the smaller one is e^-1200 and no double."""
    energies = np.array([0.0, 1.0, 2.0])
    phi = beta * energies
    symmetric = np.array([[0, 0.4, 0], [0.4, 0, 0.7], [0, 0.7, 0]])
    scale = np.exp((phi[None, :] - phi[:, None] - beta) / 2)  # rates of at most order one
    exits = (symmetric * scale).sum(axis=0)
    logs = log_arrivals(symmetric * np.exp(-beta / 2), exits, 1.5, phi)
    difference = logs - logs.T
    assert np.abs(difference - (phi[None, :] - phi[:, None])).max() < 1e-9
    assert np.isfinite(logs).all()


def test_very_fast_and_very_slow_rates_together() -> None:
    rates = np.array([[0, 1e6, 0], [1e6, 0, 1e-6], [0, 1e-6, 0]])
    exits = rates.sum(axis=0)
    arrivals = np.exp(log_arrivals(rates, exits, 1e6))
    slow = 1 - np.exp(-1.5)  # the fast pair shares its population: leaves at 0.5e-6, returns at 1e-6
    assert arrivals[:, 0].sum() == pytest.approx(1, abs=1e-14)
    assert arrivals[2, 0] == pytest.approx(slow / 3, rel=1e-9)


def test_states_that_nothing_reaches_stay_empty() -> None:
    rates = np.diag([0.0, 0.0, 0.5])
    rates[1, 0] = rates[0, 1] = 1.0
    logs = log_arrivals(rates, rates.sum(axis=0), 2.0)
    assert logs[2, 0] == logs[0, 2] == -np.inf
    assert np.exp(logs[2, 2]) == pytest.approx(-np.expm1(-1.0))
    assert np.isneginf(log_arrivals(np.zeros((2, 2)), np.zeros(2), 1.0)).all()


def test_more_than_doubles_can_hold_is_refused() -> None:
    with pytest.raises(TooLarge, match="1400 nats, but span 1500"):
        log_arrivals(np.ones((2, 2)), np.ones(2), 1.0, np.array([0.0, 1500.0]))


def test_the_difference_would_have_failed() -> None:
    """Negative control: the textbook formula loses the return after two jumps."""
    flip = np.array([[0.0, 1.0], [1.0, 0.0]])
    time = 1e-8
    naive = (scipy.linalg.expm((flip - np.eye(2)) * time) - np.eye(2) * np.exp(-time))[0, 0]
    right = time**2 / 2
    assert abs(naive / right - 1) > 0.1
    assert np.exp(log_arrivals(flip, np.ones(2), time)[0, 0]) / right == pytest.approx(1, abs=1e-7)
