"""The Davies qutrit: worked numbers, rates, decay of coherence, and what may be given as its start."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from qtraj.errors import InvalidInput
from qtraj.models.registry import find_model
from qtraj.models.santos19_davies import davies_qutrit, default_start
from qtraj.paths.exact_law import exact_law
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

# The reference numbers have 15 digits.
TOLERANCE = 1e-11

ENERGIES = np.array([0.0, 1.0, 2.5])


def pauli_generator(energies: np.ndarray, beta: float, rates: list[list[float]]) -> np.ndarray:
    """Eq. (3) with W(m|n) from n to m."""
    d = energies.size
    W = np.zeros((d, d))
    for i, j, g in rates:
        i, j = int(i), int(j)
        W[i, j] = g * math.exp(-beta * (energies[i] - energies[j]) / 2)
        W[j, i] = g * math.exp(-beta * (energies[j] - energies[i]) / 2)
    return W - np.diag(W.sum(axis=0))


def test_the_worked_case() -> None:
    process = davies_qutrit()
    law = exact_law(process)
    own = find_model("davies-qutrit").own_averages(process)
    _, variance, third = law.cumulants("sigma")
    found = {
        "entropy_production": law.mean("sigma"),
        "population_entropy_production": law.mean("sigma_d"),
        "coherence_entropy_production": law.mean("xi"),
        "initial_coherence": own["initial_coherence"],
        "final_coherence": own["final_coherence"],
        "exp_minus_sigma": law.exponential_average("sigma"),
        "exp_minus_sigma_d": law.exponential_average("sigma_d"),
        "exp_minus_xi": law.exponential_average("xi"),
        "exp_minus_2sigma": law.exponential_average("sigma", 2.0),
        "variance_sigma": variance,
        "third_cumulant_sigma": third,
        "probability_no_jump": own["probability_no_jump"],
        "heat_into_environment": law.mean("heat"),
    }
    expected = {
        "entropy_production": 0.300246947777345,
        "population_entropy_production": 0.0344889481361579,
        "coherence_entropy_production": 0.265757999641187,
        "initial_coherence": 0.321101878571616,
        "final_coherence": 0.0553438789304292,
        "exp_minus_sigma": 1.0,
        "exp_minus_sigma_d": 1.3143816545311,
        "exp_minus_xi": 1.09962356421134,
        "exp_minus_2sigma": 1.95553548352615,
        "variance_sigma": 0.668518294051761,
        "third_cumulant_sigma": 0.402017369461728,
        "probability_no_jump": 0.481247436000725,
        "heat_into_environment": 0.146102140633944,
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, abs=TOLERANCE), key


cases = st.fixed_dictionaries(
    {
        "energies": st.tuples(st.floats(-2, 0), st.floats(0.2, 1), st.floats(2.3, 4)).map(list),
        "beta": st.floats(0, 2),
        "rates": st.tuples(*[st.floats(0.01, 2)] * 3).map(lambda g: [[0, 1, g[0]], [1, 2, g[1]], [0, 2, g[2]]]),
        "duration": st.floats(0.01, 5),
    }
)


@given(cases)
def test_populations_obey_the_pauli_equation_and_coherences_decay_as_equation_5_should_say(values: dict) -> None:
    r"""p_nm(t) = exp(-(i w_nm + (Gamma_n + Gamma_m)/2) t) p_nm(0); in print the second term has the other sign."""
    process = davies_qutrit(**values)
    energies = np.array(values["energies"])
    generator = pauli_generator(energies, values["beta"], values["rates"])
    start, final, time = default_start(), process.final_state, values["duration"]
    populations = expm(generator * time) @ np.diag(start)
    np.testing.assert_allclose(np.diag(final).real, populations, rtol=0, atol=1e-12)
    exits = -np.diag(generator)
    frequencies = energies[:, None] - energies[None, :]
    decay = (exits[:, None] + exits[None, :]) / 2
    expected, printed = (start * np.exp(-(1j * frequencies + sign * decay) * time) for sign in (1, -1))
    apart = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(final[apart], expected[apart], rtol=0, atol=1e-12)
    assert abs(final - printed)[apart].max() > 1e-5


def test_rates_lead_from_the_second_index_to_the_first() -> None:
    """The prose after Eq. (3) says the opposite: then the populations would end up inverted."""
    rates = [[0, 1, 0.3], [1, 2, 0.2], [0, 2, 0.1]]
    right = pauli_generator(ENERGIES, 0.8, rates)
    apart = right - np.diag(np.diag(right))
    wrong = apart.T - np.diag(apart.sum(axis=1))
    populations = np.diag(davies_qutrit(duration=2.0).final_state).real
    np.testing.assert_allclose(expm(2 * right) @ np.diag(default_start()), populations, rtol=0, atol=1e-12)
    assert abs(expm(2 * wrong) @ np.diag(default_start()) - populations).max() > 0.1


@given(cases)
def test_a_long_run_ends_in_equilibrium(values: dict) -> None:
    final = davies_qutrit(**{**values, "duration": 3000.0}).final_state
    weights = np.exp(-values["beta"] * np.array(values["energies"]))
    np.testing.assert_allclose(final, np.diag(weights / weights.sum()), rtol=0, atol=1e-9)


def test_starts_may_be_states_matrices_or_rules() -> None:
    matrix = np.diag([0.2, 0.3, 0.5])
    starts = [matrix, matrix.tolist(), State.from_matrix(matrix), lambda system: State.from_matrix(matrix)]
    finals = [davies_qutrit(state=start).final_state for start in starts]
    for final in finals:
        np.testing.assert_allclose(final, finals[0], rtol=0, atol=1e-15)

    def cold(bare: System) -> State:
        return State.gibbs(bare.spectrum.energies, 3.0)

    process = davies_qutrit(energies=[0.0, 1.0, 2.2, 5.0], rates=[[0, 1, 1.0], [1, 2, 1.0], [2, 3, 1.0]], state=cold)
    assert process.system.dimension == 4


def test_own_averages_of_a_diagonal_start() -> None:
    """No coherence, and the probability of no jump is that of the classical chain."""
    process = davies_qutrit(state=np.diag([0.0, 1.0, 0.0]), duration=1.5)
    own = find_model("davies-qutrit").own_averages(process)
    assert own["initial_coherence"] == 0.0
    assert own["final_coherence"] == pytest.approx(0.0, abs=1e-14)
    generator = pauli_generator(ENERGIES, 0.8, [[0, 1, 0.3], [1, 2, 0.2], [0, 2, 0.1]])
    assert own["probability_no_jump"] == pytest.approx(math.exp(1.5 * generator[1, 1]), rel=1e-13)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -0.1}, "`beta` must be finite and not negative"),
        ({"duration": 0.0}, "`duration` must be positive"),
        ({"energies": [0.0, 1.0]}, "`state` must be given unless there are 3 levels, but there are 2"),
        ({"rates": [[0, 3, 1.0]]}, "`rates` must name two different levels from 0 to 2"),
        ({"rates": [[0, 0, 1.0]]}, "`rates` must name two different levels"),
        ({"rates": [[0, 1]]}, r"`rates` must hold entries \(i, j, g\)"),
        ({"rates": [[0, 1, -0.3]]}, "`rates` must be finite and not negative"),
        ({"state": np.eye(2) / 2}, "`state` must have dimension 3"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        davies_qutrit(**options)
