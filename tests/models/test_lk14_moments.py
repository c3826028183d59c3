"""Moment equations, covariances and the cut space of the two-node network."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.lk14_closed_forms import steady_state
from qtraj.models.lk14_moments import MomentEquations, correlation_functions, covariance_matrix, thermal_moments
from qtraj.models.lk14_network import Bath, TwoNodeNetwork
from qtraj.models.lk14_oscillators import cut_operators, cut_quanta, population_lost, smallest_cut
from qtraj.models.lk14_states import Nodes, gaussian_state, thermal_state
from tests.models.dense_lindblad import expectation, generator, stationary
from tests.models.two_node_cases import (
    changed,
    global_jumps,
    hamiltonian,
    local_jumps,
    networks,
    observables,
    two_level_nodes,
)

# Rates and splittings differ by up to 1e3, and the currents are differences of what they multiply.
TOLERANCE = 1e-10

APPROACHES = ["local", "global"]
JUMPS = {"local": local_jumps, "global": global_jumps}

# Cold enough for a small cut: mean quanta 0.1 and below.
COLD = TwoNodeNetwork(
    frequency_hot=3.0,
    frequency_cold=2.0,
    temperature_hot=1.2,
    temperature_cold=0.7,
    coupling=0.8,
    bath_strength=0.02,
)


def as_numbers(moments: np.ndarray) -> dict[str, float]:
    exchange = moments[0, 1]
    return {
        "population_hot": moments[0, 0].real,
        "population_cold": moments[1, 1].real,
        "correlation_x": 2 * exchange.real,
        "correlation_y": -2 * exchange.imag,
    }


@pytest.mark.parametrize("approach", APPROACHES)
@given(network=networks())
def test_steady_moments_are_the_closed_forms(approach: str, network: TwoNodeNetwork) -> None:
    equations, expected = MomentEquations.of(network, approach), steady_state(network, approach)
    moments = equations.steady_state()
    for name, value in as_numbers(moments).items():
        assert value == pytest.approx(getattr(expected, name), abs=TOLERANCE, rel=TOLERANCE), name
    currents = [equations.heat_current_from(bath, moments) for bath in Bath]
    assert currents[0] == pytest.approx(expected.heat_current_from_hot, abs=TOLERANCE)
    assert sum(currents) == pytest.approx(0, abs=TOLERANCE)


@given(network=networks(), time=st.floats(0.0, 50.0))
def test_moments_solve_equation_8(network: TwoNodeNetwork, time: float) -> None:
    """Eq. (8) as printed, as one linear system for (<a^dag a>, <b^dag b>, X, Y)."""
    g_h, g_c = network.damping(Bath.HOT, network.frequency_hot), network.damping(Bath.COLD, network.frequency_cold)
    up_h = network.upward_rate(Bath.HOT, network.frequency_hot)
    up_c = network.upward_rate(Bath.COLD, network.frequency_cold)
    detuning, coupling, half = network.frequency_hot - network.frequency_cold, network.coupling, (g_h + g_c) / 2
    matrix = np.array(
        [
            [-g_h, 0, 0, -coupling, up_h],
            [0, -g_c, 0, coupling, up_c],
            [0, 0, -half, detuning, 0],
            [2 * coupling, -2 * coupling, -detuning, -half, 0],
            [0, 0, 0, 0, 0],
        ]
    )
    start = np.array([[0.7, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
    vector = np.array([*as_numbers(start).values(), 1.0])
    found = as_numbers(MomentEquations.of(network, "local").at(time, start))
    np.testing.assert_allclose(list(found.values()), (expm(matrix * time) @ vector)[:4], atol=TOLERANCE)


@pytest.mark.parametrize("statistics", ["spin", "fermion"])
@pytest.mark.parametrize("approach", APPROACHES)
def test_two_level_moments_follow_the_dense_master_equation(approach: str, statistics: str) -> None:
    """From the thermal start, at a time at which nothing is stationary yet."""
    network = TwoNodeNetwork(medium="two-level", coupling=2.0)
    a, b = two_level_nodes(statistics)
    jumps = JUMPS[approach](network, a, b)
    start = thermal_state(network, Nodes.two_level(statistics)).matrix
    evolve = expm(7.0 * generator(hamiltonian(network, a, b), jumps["hot"] + jumps["cold"]))
    rho = (evolve @ start.ravel()).reshape(4, 4)
    moments = MomentEquations.of(network, approach).at(7.0, thermal_moments(network))
    for name, operator in observables(a, b).items():
        assert as_numbers(moments)[name] == pytest.approx(expectation(operator, rho).real, abs=TOLERANCE), name


@pytest.mark.parametrize("statistics", ["spin", "fermion"])
@pytest.mark.parametrize("approach", APPROACHES)
def test_mode_operators_are_those_of_the_general_equation(approach: str, statistics: str) -> None:
    """The package's spin and fermion operators give the steady state of the numerically projected ones."""
    network = TwoNodeNetwork(medium="two-level", coupling=2.0)
    nodes = Nodes.two_level(statistics)
    jumps: list[np.ndarray] = []
    for bath, node in ((Bath.HOT, nodes.hot), (Bath.COLD, nodes.cold)):
        if approach == "local":
            parts = [(node, network.frequency(bath), 1.0)]
        else:
            parts = [
                (
                    nodes.mode_operator(network, bath, upper=upper),
                    network.modes.upper if upper else network.modes.lower,
                    network.modes.weight(bath, upper=upper),
                )
                for upper in (True, False)
            ]
        for operator, frequency, weight in parts:
            down, up = (weight * rate(bath, frequency) for rate in (network.downward_rate, network.upward_rate))
            jumps += [math.sqrt(down) * operator, math.sqrt(up) * operator.T]
    rho = stationary(nodes.hamiltonian(network), jumps)
    expected = gaussian_state(network, MomentEquations.of(network, approach).steady_state(), nodes).matrix
    np.testing.assert_allclose(rho, expected, atol=1e-12)
    a, b = two_level_nodes(statistics)
    reference = JUMPS[approach](network, a, b)
    np.testing.assert_allclose(
        rho, stationary(hamiltonian(network, a, b), reference["hot"] + reference["cold"]), atol=1e-12
    )


def sector(quanta: int) -> np.ndarray:
    """The entries of rho between states of equal total: closed under both equations."""
    total = cut_quanta(quanta).sum(axis=1)
    return total[:, None] == total[None, :]


@pytest.mark.parametrize("approach", APPROACHES)
def test_cut_oscillators_converge_to_the_moment_equations(approach: str) -> None:
    """The errors of the populations fall with the population lost and are of its size."""
    expected = steady_state(COLD, approach)
    errors, lost = [], []
    for quanta in (2, 4, 6):
        nodes = Nodes.oscillators(quanta)
        a, b = nodes.hot.astype(complex), nodes.cold.astype(complex)
        jumps = JUMPS[approach](COLD, a, b)
        rho = stationary(hamiltonian(COLD, a, b), jumps["hot"] + jumps["cold"], sector(quanta))
        errors.append(
            max(
                abs(expectation(operator, rho).real - getattr(expected, name))
                for name, operator in observables(a, b).items()
            )
        )
        lost.append(population_lost(MomentEquations.of(COLD, approach).steady_state(), quanta))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 3e-5
    for error, loss in zip(errors, lost, strict=True):
        assert loss / 10 < error < 10 * loss


def test_raising_before_lowering_leaves_the_cut_space() -> None:
    """Negative control: a b^dag instead of b^dag a, and 1 + n for a a^dag, are wrong in the highest shell."""
    a, b = cut_operators(3)
    top = cut_quanta(3).sum(axis=1) == 3
    assert np.abs((a @ b.T - b.T @ a)[np.ix_(top, top)]).max() > 1
    assert np.abs((a @ b.T - b.T @ a)[np.ix_(~top, ~top)]).max() < 1e-14
    assert np.abs(a @ a.T - a.T @ a - np.eye(top.size))[np.ix_(top, top)].max() >= 1
    np.testing.assert_allclose((a @ b - b @ a), 0, atol=1e-15)


@settings(max_examples=10)
@given(networks("oscillator"), st.integers(1, 6))
def test_population_lost_counts_the_gaussian_state(network: TwoNodeNetwork, quanta: int) -> None:
    """Against the sum over the shells of a state cut so much later that nothing is lost."""
    cold = changed(network, temperature_hot=network.frequency_hot / 2, temperature_cold=network.frequency_cold / 2)
    moments = MomentEquations.of(cold, "local").steady_state()
    state = gaussian_state(cold, moments, Nodes.oscillators(22))
    beyond = cut_quanta(22).sum(axis=1) > quanta
    assert population_lost(moments, quanta) == pytest.approx(state.matrix.diagonal().real[beyond].sum(), abs=1e-9)


@given(networks("two-level"))
def test_gaussian_states_have_their_moments(network: TwoNodeNetwork) -> None:
    for approach in APPROACHES:
        moments = MomentEquations.of(network, approach).steady_state()
        for statistics in ("spin", "fermion"):
            nodes = Nodes.two_level(statistics)
            matrix = gaussian_state(network, moments, nodes).matrix
            for i, left in enumerate((nodes.hot, nodes.cold)):
                for j, right in enumerate((nodes.hot, nodes.cold)):
                    assert expectation(left.T @ right, matrix) == pytest.approx(moments[i, j], abs=1e-12)


@pytest.mark.parametrize("approach", APPROACHES)
@given(network=networks("oscillator"))
def test_covariances(approach: str, network: TwoNodeNetwork) -> None:
    """The appendix's matrices; a physical state; separable (its partial transpose is physical as well)."""
    steady = steady_state(network, approach)
    found = covariance_matrix(MomentEquations.of(network, approach).steady_state())
    hot, cold = steady.population_hot + 0.5, steady.population_cold + 0.5
    x, y = steady.correlation_x / 2, steady.correlation_y / 2
    expected = [[hot, 0, x, -y], [0, hot, y, x], [x, y, cold, 0], [-y, x, 0, cold]]
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    form = np.kron(np.eye(2), [[0, 1], [-1, 0]])
    transposed = found * np.outer([1, 1, 1, -1], [1, 1, 1, -1])
    for matrix in (found, transposed):
        assert np.linalg.eigvalsh(matrix + 0.5j * form).min() > -1e-12
    correlations = correlation_functions(MomentEquations.of(network, approach).steady_state())
    assert correlations["xx"] == pytest.approx(correlations["pp"], abs=1e-14)
    assert correlations["xp"] == pytest.approx(-correlations["px"], abs=1e-14)
    assert approach == "local" or abs(correlations["xp"]) < 1e-12


def test_cuts_are_chosen_and_refused() -> None:
    moments = [thermal_moments(COLD)]
    assert smallest_cut(moments, None) == 2
    assert smallest_cut(moments, 5) == 5
    with pytest.raises(
        InvalidInput, match=r"must keep at least 99% .* with a cut at 1 quanta 0\.0\d+ of it is lost"
    ) as e:
        smallest_cut(moments, 1)
    assert e.value.measured == population_lost(moments[0], 1)
    hot = [thermal_moments(TwoNodeNetwork(temperature_hot=300.0))]
    with pytest.raises(InvalidInput, match=r"even the largest cut, 32 quanta, loses 0\.\d+ of it"):
        smallest_cut(hot, None)
    for wrong in (0, 33, 2.5, True):
        with pytest.raises(InvalidInput, match="must be a whole number between 1 and 32"):
            smallest_cut(moments, wrong)  # type: ignore[arg-type]


def test_bad_input_is_refused() -> None:
    equations = MomentEquations.of(COLD, "local")
    with pytest.raises(InvalidInput, match="`time` must be finite and not negative, but is -1"):
        equations.at(-1.0, np.eye(2))
    with pytest.raises(InvalidInput, match=r"`start` must have shape \(2, 2\), but has shape \(3, 3\)"):
        equations.at(1.0, np.eye(3))
    with pytest.raises(UnknownName, match="statistics 'fermions' is not known; did you mean 'fermion'"):
        Nodes.two_level("fermions")
    with pytest.raises(InvalidInput, match="`moments` must have positive occupations, but one is 0"):
        gaussian_state(COLD, np.diag([0.3, 0.0]).astype(complex), Nodes.oscillators(2))
