"""Channels: both directions in one entry, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.quantum.channels import Channel, dephasing_channels

LOWERING = [[0, 1], [0, 0]]
SIGMA_X = [[0, 1], [1, 0]]


@given(st.floats(1e-6, 1e3), st.floats(-5, 5), st.floats(0, 20))
def test_reverse_rate_follows_from_local_detailed_balance(rate: float, energy: float, beta: float) -> None:
    channel = Channel(operator=LOWERING, bath="b", rate=rate, energy=energy, inverse_temperature=beta)
    assert channel.entropy == beta * energy
    assert np.log(channel.rate / channel.reverse_rate) == pytest.approx(beta * energy, abs=1e-12)


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
def test_two_rates_give_the_entropy(rate: float, reverse: float) -> None:
    channel = Channel(operator=LOWERING, bath="b", rate=rate, reverse_rate=reverse)
    assert channel.entropy == pytest.approx(np.log(rate / reverse), abs=1e-12)
    assert channel.energy is None


def test_the_energy_follows_from_rates_and_temperature() -> None:
    channel = Channel(operator=LOWERING, bath="b", rate=1.0, reverse_rate=np.exp(-3.0), inverse_temperature=2.0)
    assert channel.energy == pytest.approx(1.5, abs=1e-12)
    free = Channel(operator=LOWERING, bath="b", rate=1.0, reverse_rate=1.0, inverse_temperature=0.0)
    assert free.energy is None


def test_all_three_are_made_consistent() -> None:
    """Rates rounded to six digits are taken to mean detailed balance, and then obey it exactly."""
    channel = Channel(
        operator=LOWERING, bath="b", rate=1.0, reverse_rate=round(np.exp(-2.0), 7), energy=1.0, inverse_temperature=2.0
    )
    assert channel.reverse_rate == pytest.approx(np.exp(-2.0), rel=1e-15)


@pytest.mark.parametrize(
    "operator", [SIGMA_X, [[1, 0], [0, -1]], [[0, -1j], [1j, 0]], [[0, 1], [-1, 0]], [[1j, 0], [0, 0]]]
)
def test_an_operator_that_is_its_own_adjoint_up_to_a_phase_carries_no_entropy(operator: object) -> None:
    channel = Channel(operator=operator, bath="b", rate=0.3)
    assert channel.is_hermitian
    assert channel.entropy == 0.0
    assert channel.reverse_rate is None


def test_what_counts_as_a_matrix() -> None:
    dense = np.array(LOWERING, dtype=complex)

    class Quantum:
        def full(self) -> np.ndarray:
            return dense

    for operator in (LOWERING, dense, scipy.sparse.csr_array(dense), Quantum()):
        channel = Channel(operator=operator, bath="b", rate=1.0, reverse_rate=0.5)
        assert np.array_equal(channel.operator, dense)
        assert not channel.operator.flags.writeable


def test_a_channel_that_is_off_needs_no_reverse() -> None:
    channel = Channel(operator=LOWERING, bath="b", rate=0.0)
    assert channel.entropy == 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1.0}, "must have a reverse.*'b'.*undefined"),
        ({"rate": 1.0, "energy": 1.0}, "must have a reverse"),
        ({"rate": 1.0, "reverse_rate": 0.0}, "both be positive or both 0"),
        ({"rate": 0.0, "reverse_rate": 1.0}, "both be positive or both 0"),
        ({"rate": -1.0, "reverse_rate": 1.0}, "`rate` must be finite and not negative, but is -1"),
        ({"rate": 1.0, "reverse_rate": -1.0}, "`reverse_rate` must be finite and not negative"),
        ({"rate": float("nan"), "reverse_rate": 1.0}, "`rate` must be finite"),
        ({"rate": "fast", "reverse_rate": 1.0}, "`rate` must be a real number"),
        ({"rate": 1.0, "energy": 1.0, "inverse_temperature": -1.0}, "`inverse_temperature` must not be negative"),
        ({"rate": 1.0, "energy": float("inf"), "inverse_temperature": 1.0}, "`energy` must be finite"),
        (
            {"rate": 1.0, "reverse_rate": 0.5, "energy": 1.0, "inverse_temperature": 2.0},
            r"local detailed balance.*0\.693147181 and 2",
        ),
        ({"rate": 1.0, "energy": 1.0, "inverse_temperature": 701.0}, "factor e\\^700"),
        ({"rate": 1.0, "reverse_rate": 0.5, "operator": SIGMA_X}, "Hermitian `operator`.*no `reverse_rate`"),
        ({"rate": 1.0, "energy": 0.5, "operator": SIGMA_X}, "Hermitian `operator`.*`energy` 0"),
        ({"rate": 1.0, "reverse_rate": 0.5, "operator": [[0, 1, 0], [0, 0, 1]]}, "`operator` must be a square matrix"),
        ({"rate": 1.0, "reverse_rate": 0.5, "operator": np.zeros((2, 2))}, "`operator` must not be zero"),
        ({"rate": 1.0, "reverse_rate": 0.5, "bath": ""}, "`bath` must be a name"),
    ],
)
def test_bad_channels_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Channel(**{"operator": LOWERING, "bath": "b"} | arguments)


def test_the_measured_number_is_an_attribute() -> None:
    with pytest.raises(InvalidInput) as caught:
        Channel(operator=LOWERING, bath="b", rate=1.0, reverse_rate=0.5, energy=1.0, inverse_temperature=2.0)
    assert caught.value.measured == pytest.approx(2 - np.log(2))


def test_dephasing_watches_the_levels_asked_for() -> None:
    channels = dephasing_channels(3, 0.2, levels=(1, 2))
    assert [channel.rate for channel in channels] == [0.4, 0.4]
    assert [int(np.argmax(np.diag(channel.operator))) for channel in channels] == [1, 2]
    with pytest.raises(InvalidInput, match="`levels` must be from 0 to 2, but one is 3"):
        dephasing_channels(3, 0.2, levels=(3,))
    with pytest.raises(InvalidInput, match="`rate`"):
        dephasing_channels(3, -0.2)
