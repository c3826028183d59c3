"""Parameters, rates and modes of the two-node network, and what is said about them when they are out of range."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.lk14_network import Approach, Bath, TwoNodeNetwork
from tests.models.two_node_cases import changed, networks


@given(networks())
def test_modes_diagonalise_the_hamiltonian(network: TwoNodeNetwork) -> None:
    """Frequencies and angle against a numerical diagonalisation, and cos^2 against the paper's own expression."""
    matrix = np.array([[network.frequency_hot, network.coupling], [network.coupling, network.frequency_cold]])
    modes = network.modes
    plus, minus = np.array([modes.cosine, modes.sine]), np.array([-modes.sine, modes.cosine])
    np.testing.assert_allclose(matrix @ plus, modes.upper * plus, atol=1e-12)
    np.testing.assert_allclose(matrix @ minus, modes.lower * minus, atol=1e-12)
    printed = (network.frequency_hot - modes.lower) / (modes.upper - modes.lower)
    assert modes.cosine**2 == pytest.approx(printed, abs=1e-10)
    for bath in Bath:
        assert sum(modes.weight(bath, upper=upper) for upper in (True, False)) == pytest.approx(1)


@given(networks())
def test_rates_obey_detailed_balance(network: TwoNodeNetwork) -> None:
    for bath in Bath:
        frequency, temperature = network.frequency(bath), network.temperature(bath)
        down, up = network.downward_rate(bath, frequency), network.upward_rate(bath, frequency)
        assert math.log(down / up) == pytest.approx(frequency / temperature, rel=1e-12)
        # The thermal occupation is where gains and losses balance.
        occupation = network.occupation(bath, frequency)
        assert up * (1 - network.delta * occupation) == pytest.approx(down * occupation, rel=1e-12)
        assert network.damping(bath, frequency) == pytest.approx(down + network.delta * up, rel=1e-12)


@given(networks())
def test_occupation_differences(network: TwoNodeNetwork) -> None:
    w_h, w_c = network.frequency_hot, network.frequency_cold
    plain = network.occupation(Bath.HOT, w_h) - network.occupation(Bath.COLD, w_c)
    assert network.occupation_difference(w_h, w_c) == pytest.approx(plain, abs=1e-13)
    cold, hot = w_c / network.temperature_cold, w_h / network.temperature_hot
    assume(cold != hot)
    assert math.copysign(1, network.occupation_difference(w_h, w_c)) == math.copysign(1, cold - hot)


@pytest.mark.parametrize("detuning", [-1.0, 1.0])
def test_without_coupling_the_modes_are_the_nodes(detuning: float) -> None:
    network = TwoNodeNetwork(frequency_hot=5.0 + detuning, frequency_cold=5.0, coupling=0.0)
    modes = network.modes
    assert (modes.cosine, modes.sine) == ((1.0, 0.0) if detuning > 0 else (0.0, 1.0))
    assert modes.lower == pytest.approx(min(5.0, 5.0 + detuning), rel=1e-14)


def test_the_lower_frequency_keeps_its_accuracy_near_the_border() -> None:
    """omega_- = omega_h omega_c (1 - x) / omega_+ with epsilon^2 = omega_h omega_c (1 - x), here x = 2e-12."""
    largest = math.sqrt(50.0)
    network = TwoNodeNetwork(coupling=largest * (1 - 1e-12))
    assert network.modes.lower == pytest.approx(50 * 2e-12 / 15, rel=1e-3)
    for coupling in (largest, 8.0):
        with pytest.raises(InvalidInput, match=r"`coupling` must stay below .* = 7\.07107 .* but is") as caught:
            _ = TwoNodeNetwork(coupling=coupling).modes
        assert caught.value.measured == coupling


def test_degenerate_modes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="`coupling` must not be 0 on resonance in the global approach"):
        _ = TwoNodeNetwork(frequency_hot=5.0, coupling=0.0).modes


def test_secular_ratio_on_resonance() -> None:
    """kappa omega^3 / (2 epsilon): 1e-7 * 125 / 2e-6 in the inset of Fig. 4, at a coupling a thousand times weaker."""
    network = TwoNodeNetwork(frequency_hot=5.0, coupling=1e-6, bath_strength=1e-7)
    assert network.secular_ratio == pytest.approx(1e-7 * 125 / 2e-6, rel=1e-5)
    (caveat,) = network.caveats("global")
    assert "6.25 times their splitting 2e-06" in caveat
    assert changed(network, coupling=1e-3).caveats("global") == ()


def test_caveats_of_the_local_approach() -> None:
    (uphill,) = TwoNodeNetwork(coupling=1.0).caveats("local")
    assert "from cold to hot" in uphill
    assert "0.833333 at the hot bath and 0.5 at the cold one" in uphill
    assert TwoNodeNetwork(coupling=1.0, frequency_hot=5.5).caveats("local") == ()
    (strong,) = TwoNodeNetwork(coupling=7.5, frequency_hot=5.5).caveats(Approach.LOCAL)
    assert "negative frequency" in strong


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"frequency_hot": 0.0}, "`frequency_hot` must be positive and finite, but is 0.0"),
        ({"frequency_cold": -1.0}, "`frequency_cold` must be positive"),
        ({"temperature_hot": math.nan}, "`temperature_hot` must be positive and finite, but is nan"),
        ({"temperature_cold": math.inf}, "`temperature_cold` must be positive and finite"),
        ({"bath_strength": 0.0}, "`bath_strength` must be positive"),
        ({"coupling": -0.1}, "`coupling` must be finite and not negative, but is -0.1"),
    ],
)
def test_parameters_out_of_range_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        TwoNodeNetwork(**values)


def test_unknown_words_are_refused() -> None:
    with pytest.raises(UnknownName, match="medium 'oscillators' is not known; did you mean 'oscillator'"):
        TwoNodeNetwork(medium="oscillators")
    with pytest.raises(UnknownName, match="approach 'globl' is not known; did you mean 'global'"):
        TwoNodeNetwork().caveats("globl")
