"""The resonant pair as a jump process, against the slides' master equation written out in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.jump_process import jump_process_averages
from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.diosi14 import resonant_pair
from qtraj.models.registry import find_model
from qtraj.quantum.generators import liouvillian
from tests.models.master_equations import Pair, commutator, stationary_state

size = st.floats(0.05, 3.0)
parameters = st.fixed_dictionaries(
    {
        "frequency_a": size,
        "frequency_b": size,
        "beta_a": st.floats(0.0, 3.0),
        "beta_b": st.floats(0.0, 3.0),
        "rate_a": size,
        "rate_b": size,
        "noise_strength": st.floats(0.0, 3.0),
    }
)


@given(parameters, st.sampled_from(["spin", "fermion"]))
def test_the_generator_is_that_of_the_slides_bath_by_bath(values: dict[str, float], statistics: str) -> None:
    process = resonant_pair(**values, statistics=statistics)
    pair = Pair(**values, fermions=statistics == "fermion")
    # The Hamiltonian is diagonal: energy eigenbasis and given basis are one.
    empty = np.zeros((4, 4))
    for bath in process.baths:
        operators = [jump.operator for jump in process.jumps if jump.bath == bath]
        expected = getattr(pair, bath)
        np.testing.assert_allclose(
            liouvillian(empty, operators), expected, rtol=0, atol=1e-13 * (1 + abs(expected).max())
        )
    whole = commutator(pair.hamiltonian.astype(complex)) + pair.a + pair.b + pair.noise
    np.testing.assert_allclose(liouvillian(process.hamiltonian, process.jump_operators), whole, rtol=0, atol=1e-12)


def test_the_generator_differs_from_that_of_a_coherent_coupling() -> None:
    """Negative control: bosons' rate of hops, with + 2 n_A n_B, and a noise of half the strength are both seen."""
    process = resonant_pair()
    operators = [jump.operator for jump in process.jumps if jump.bath == "noise"]
    found = liouvillian(np.zeros((4, 4)), operators)
    pair = Pair(frequency_a=1, frequency_b=1, beta_a=0.5, beta_b=1.5, rate_a=1, rate_b=1, noise_strength=0.1)
    np.testing.assert_allclose(found, pair.noise, rtol=0, atol=1e-14)
    both = 2 * pair.n_a @ pair.n_b
    bosons = pair.noise - 0.1 * (np.kron(both, np.eye(4)) + np.kron(np.eye(4), both))
    assert abs(found - bosons).max() > 0.1
    assert abs(found - pair.noise / 2).max() > 0.01


@given(parameters)
def test_jumps_carry_the_quanta_of_their_baths_and_the_noise_no_entropy(values: dict[str, float]) -> None:
    process = resonant_pair(**values)
    quanta = {
        "a": values["frequency_a"],
        "b": values["frequency_b"],
        "noise": values["frequency_b"] - values["frequency_a"],
    }
    betas = {"a": values["beta_a"], "b": values["beta_b"], "noise": 0.0}
    for position, jump in enumerate(process.jumps):
        forward = jump.partner > position
        sign = 1 if forward else -1
        assert jump.heat == pytest.approx(sign * quanta[jump.bath], abs=1e-14)
        assert jump.entropy == pytest.approx(sign * betas[jump.bath] * quanta[jump.bath], abs=1e-12)


@given(parameters)
def test_a_long_run_ends_in_the_steady_state(values: dict[str, float]) -> None:
    slowest = min(values["rate_a"], values["rate_b"])
    final = resonant_pair(**values, duration=60 / slowest).final_state
    np.testing.assert_allclose(final, Pair(**values).state, rtol=0, atol=1e-10)


def test_without_noise_nothing_changes() -> None:
    """The start is the product of thermal states, the joint stationary state of section 2."""
    process = resonant_pair(noise_strength=0.0, duration=5.0)
    np.testing.assert_allclose(process.final_state, process.system.state.matrix, rtol=0, atol=1e-13)
    populations = np.kron([1, math.exp(-0.5)], [1, math.exp(-1.5)])
    np.testing.assert_allclose(np.diag(process.final_state).real, populations / populations.sum(), rtol=0, atol=1e-13)


def test_spins_and_fermions_have_the_same_populations_and_currents_but_not_the_same_operators() -> None:
    spins, fermions = resonant_pair(statistics="spin"), resonant_pair(statistics="fermion")
    np.testing.assert_allclose(spins.final_state, fermions.final_state, rtol=0, atol=1e-14)
    assert any(
        not np.allclose(one.operator, other.operator) for one, other in zip(spins.jumps, fermions.jumps, strict=True)
    )
    # Anticommutation, {a, b} = {a, b^dag} = 0, and commutation of spins.
    for process, sign in ((spins, -1), (fermions, 1)):
        a, b = process.channels[0].operator, process.channels[1].operator
        for other in (b, b.conj().T):
            np.testing.assert_array_equal(a @ other + sign * other @ a, np.zeros((4, 4)))


def test_own_averages_keep_the_contract() -> None:
    model = find_model("resonant-pair")
    found = model.own_averages(model.build())
    assert set(found) == {"heat_current_from_a", "heat_current_from_b", "noise_power", "entropy_production_rate"}
    assert found["heat_current_from_a"] == pytest.approx(0.01705546926492957, abs=1e-15)
    assert found["noise_power"] == 0.0
    detuned = {"frequency_b": 0.7}
    steady = stationary_state(liouvillian((process := model.build(**detuned)).hamiltonian, process.jump_operators))
    power = 0.1 * (0.7 - 1.0) * (steady[2, 2] - steady[1, 1]).real
    assert model.own_averages(process, **detuned)["noise_power"] == pytest.approx(power, abs=1e-13)
    assert abs(power) > 1e-3


@given(parameters)
def test_own_averages_agree_with_the_density_matrix(values: dict[str, float]) -> None:
    model = find_model("resonant-pair")
    process = model.build(**values)
    own, steady = model.own_averages(process, **values), jump_process_averages(process).steady
    assert own["heat_current_from_a"] == pytest.approx(steady.heat_current_from["a"], abs=1e-10)
    assert own["heat_current_from_b"] == pytest.approx(steady.heat_current_from["b"], abs=1e-10)
    assert own["noise_power"] == pytest.approx(steady.heat_current_from["noise"], abs=1e-10)
    assert own["entropy_production_rate"] == pytest.approx(steady.entropy_production, abs=1e-10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frequency_a": 0.0}, "`frequency_a` must be positive"),
        ({"frequency_b": math.inf}, "`frequency_b` must be positive and finite"),
        ({"beta_a": -1.0}, "`beta_a` must be finite and not negative"),
        ({"beta_b": math.nan}, "`beta_b` must be finite"),
        ({"rate_a": 0.0}, "`rate_a` must be positive"),
        ({"rate_b": -1.0}, "`rate_b` must be positive"),
        ({"noise_strength": -0.1}, "`noise_strength` must be finite and not negative"),
        ({"duration": 0.0}, "`duration` must be positive"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        resonant_pair(**options)


def test_unknown_statistics_are_refused_with_the_nearest_known_ones() -> None:
    with pytest.raises(UnknownName, match="statistics 'fermions' is not known; did you mean 'fermion'"):
        resonant_pair(statistics="fermions")
