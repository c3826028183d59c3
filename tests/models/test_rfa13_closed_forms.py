"""The dephased junction and the decohering qubit: closed forms against Liouvillians written out in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.models.rfa13_closed_forms import (
    decohering_qubit,
    junction_currents,
    printed_qubit_heat_rate,
    transport_maximum,
)
from tests.models.master_equations import KET_0, KET_L, Junction, applied, dissipator, logarithm, trace_of

# Nine stationary equations with rates up to 20; logarithms of populations down to 1e-5. 1e-13 is usual.
TOLERANCE = 1e-10

BATHS = ("left", "right", "dephasing")

energy, beta = st.floats(0.1, 4.0), st.floats(0.1, 2.5)
parameters = st.fixed_dictionaries(
    {
        "energy_left": energy,
        "energy_right": energy,
        "tunnelling": st.floats(-2.0, 2.0),
        "beta_left": beta,
        "beta_right": beta,
        "dephasing": st.floats(0.0, 5.0),
    }
)
PUBLISHED = {"energy_left": 1.5, "energy_right": 1.0, "tunnelling": 0.2, "beta_left": 0.5, "beta_right": 2.0}
FAR_APART = {"energy_left": 6.0, "energy_right": 1.0, "tunnelling": 0.2, "beta_left": 0.2, "beta_right": 2.0}


@given(parameters)
def test_state_currents_fluxes_and_production_are_those_of_the_liouvillian(values: dict[str, float]) -> None:
    found, junction = junction_currents(**values), Junction(**values)
    np.testing.assert_allclose(found.state, junction.state, rtol=0, atol=TOLERANCE)
    for bath in BATHS:
        current = getattr(found, f"heat_current_from_{bath}")
        assert current == pytest.approx(junction.heat_current(bath), abs=TOLERANCE)
        assert getattr(found, f"entropy_flux_{bath}") == pytest.approx(junction.entropy_flux(bath), abs=TOLERANCE)
        production = getattr(found, f"entropy_production_{bath}")
        assert production == pytest.approx(junction.entropy_production(bath), abs=TOLERANCE)
        assert production >= -TOLERANCE


@given(parameters)
def test_balances(values: dict[str, float]) -> None:
    """Energy; entropy, whose production is the sum over baths and minus the sum of the fluxes; both laws."""
    found = junction_currents(**values)
    assert sum(getattr(found, f"heat_current_from_{bath}") for bath in BATHS) == pytest.approx(0.0, abs=1e-13)
    assert found.entropy_production == pytest.approx(
        sum(getattr(found, f"entropy_production_{bath}") for bath in BATHS), abs=1e-12
    )
    assert found.entropy_production == pytest.approx(
        -sum(getattr(found, f"entropy_flux_{bath}") for bath in BATHS), abs=1e-14
    )
    assert found.entropy_production >= 0


@pytest.mark.parametrize(
    ("dephasing", "expected"),
    [
        (0.0, (0.0015840678, -0.0015840678, 0.0, 0.0016646601)),
        (0.2, (0.0014518994, -0.0013832522, -6.86472e-05, 0.0014809662)),
    ],
)
def test_the_worked_cases(dephasing: float, expected: tuple[float, ...]) -> None:
    found = junction_currents(**PUBLISHED, dephasing=dephasing)
    assert (
        found.heat_current_from_left,
        found.heat_current_from_right,
        found.heat_current_from_dephasing,
        found.entropy_production,
    ) == pytest.approx(expected, abs=1e-9)


@given(parameters)
def test_a_flux_is_not_beta_times_the_heat_current(values: dict[str, float]) -> None:
    """They differ by beta (1 + n) V Re nu_LR, the energy of the coherence that the bath destroys."""
    found = junction_currents(**values)
    n_left = 1 / np.expm1(values["beta_left"] * values["energy_left"])
    coherent = values["tunnelling"] * found.state[1, 2].real
    difference = found.entropy_flux_left - values["beta_left"] * found.heat_current_from_left
    assert difference == pytest.approx(values["beta_left"] * (1 + n_left) * coherent, abs=TOLERANCE)


@given(parameters)
def test_the_entropy_equation_holds_with_our_sign_and_not_with_the_printed_one(values: dict[str, float]) -> None:
    """dS/dt = -tr[rho' log B] + P for the left bath alone, away from its stationary set.

    In print (Eq. (2)) the first term is called -Phi although Phi_b = -tr[L_b log B_b], so that dS/dt = -Phi + P and
    P = +sum Phi in the steady state; the right signs are dS/dt = +Phi + P and P = -sum Phi.
    """
    junction = Junction(**values)
    nu, rate = junction.state, applied(junction.left, junction.state)
    entropy_rate = -trace_of(rate, logarithm(nu))
    flux, production = junction.entropy_flux("left"), junction.entropy_production("left")
    assert entropy_rate == pytest.approx(flux + production, abs=TOLERANCE)
    if abs(flux) > 1e-6:
        assert abs(entropy_rate - (-flux + production)) > 1e-6


def test_the_left_bath_as_printed_does_not_thermalise() -> None:
    """(1 + n_L) and n_L are interchanged in print: the stationary populations come out inverted."""
    options = {**PUBLISHED, "dephasing": 0.0}
    ratio = math.exp(-PUBLISHED["beta_left"] * PUBLISHED["energy_left"])
    start = np.diag([0.5, 0.5, 0.0])
    for swapped, expected in ((False, ratio), (True, 1 / ratio)):
        left = Junction(**options, swapped=swapped).left
        reached = np.linalg.matrix_power(np.eye(9) + 0.01 * left, 5000)
        populations = np.diag(applied(reached, start)).real
        assert populations[1] / populations[0] == pytest.approx(expected, rel=1e-9)


@given(parameters)
def test_the_reciprocal_superoperator_on_the_hamiltonian(values: dict[str, float]) -> None:
    """L_l(L_d^dag(H)) = gamma (1 + n_L) V (|R><L| + h.c.); in print gamma n_l without V."""
    junction = Junction(**values)
    hamiltonian = junction.hamiltonian.astype(complex)
    found = applied(junction.left @ junction.dephasing.conj().T, hamiltonian)
    flip = np.zeros((3, 3))
    flip[1, 2] = flip[2, 1] = 1.0
    right = values["dephasing"] * (1 + junction.n_l) * values["tunnelling"] * flip
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-12 * (1 + abs(right).max()))
    printed = values["dephasing"] * junction.n_l * flip
    if values["dephasing"] > 0.01 and abs(junction.n_l - (1 + junction.n_l) * values["tunnelling"]) > 0.01:
        assert abs(found - printed).max() > 1e-5


@given(parameters)
def test_the_current_peaks_at_the_closed_form_and_nowhere_else(values: dict[str, float]) -> None:
    options = {key: values[key] for key in ("energy_left", "energy_right", "beta_left", "beta_right")}
    peak = transport_maximum(**options)

    def current(dephasing: float) -> float:
        return abs(junction_currents(**{**values, "dephasing": dephasing}).particle_current)

    if peak is None:
        assert current(0.0) >= current(0.05) >= current(1.0)
    else:
        assert current(peak) >= max(current(0.9 * peak), current(1.1 * peak), current(0.0))


def test_a_far_detuned_junction_conducts_best_with_some_dephasing() -> None:
    options = {key: FAR_APART[key] for key in ("energy_left", "energy_right", "beta_left", "beta_right")}
    peak = transport_maximum(**options)
    assert peak == pytest.approx(1.2062347982785007, rel=1e-12)
    currents = [junction_currents(**FAR_APART, dephasing=g).particle_current for g in (0.0, peak, 10.0)]
    assert currents[1] > 1.2 * currents[0]
    assert currents[1] > 1.2 * currents[2]
    # Negative control: a peak half as far, or the one without the baths' own broadening, is none.
    scan = np.linspace(0.0, 5.0, 5001)
    values = [junction_currents(**FAR_APART, dephasing=g).particle_current for g in scan]
    found = scan[int(np.argmax(values))]
    assert abs(found - peak) < 0.001
    assert min(abs(found - wrong) for wrong in (peak / 2, 2.5, 5.0)) > 0.1


# The qubit.

bloch = st.tuples(st.floats(0.0, 0.99), st.floats(0.0, 2 * math.pi)).map(
    lambda polar: (polar[0] * math.cos(polar[1]), polar[0] * math.sin(polar[1]))
)


def qubit(energy: float, x: float, z: float, rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """H, rho and L_d of [RFA13] appendix C, in the order |0>, |1>."""
    hamiltonian = energy * np.full((2, 2), 0.5)
    state = np.array([[1 - z, x], [x, 1 + z]]) / 2
    return hamiltonian, state, dissipator(*(np.sqrt(2 * rate) * np.outer(k, k) for k in np.eye(2)))


@given(st.floats(-3, 3), bloch, st.floats(0, 3))
def test_heat_relative_entropy_and_production_are_those_of_the_liouvillian(
    energy: float, xz: tuple[float, float], rate: float
) -> None:
    x, z = xz
    hamiltonian, state, generator = qubit(energy, x, z, rate)
    found = decohering_qubit(energy=energy, x=x, z=z, rate=rate)
    moved = applied(generator, state)
    heat = trace_of(hamiltonian, moved)
    assert found.heat_current_from_dephasing == pytest.approx(heat, abs=1e-13)
    # The printed heat has the other sign.
    assert printed_qubit_heat_rate(energy=energy, x=x, rate=rate) == pytest.approx(-heat, abs=1e-13)
    reached = np.diag(np.diag(state))
    relative = trace_of(state, logarithm(state) - logarithm(reached))
    assert found.relative_entropy == pytest.approx(relative, abs=1e-12)
    production = trace_of(moved, logarithm(reached) - logarithm(state))
    assert found.entropy_production_rate == pytest.approx(production, abs=1e-11)
    assert production >= -1e-12


@given(bloch, st.floats(0.1, 2))
def test_the_production_rate_is_the_decay_of_the_relative_entropy(xz: tuple[float, float], rate: float) -> None:
    """P = -dR/dt along the dephasing alone, by a central difference."""
    x, z = xz
    step = 1e-5 / rate

    def relative(time: float) -> float:
        return decohering_qubit(energy=1.0, x=x * math.exp(-2 * rate * time), z=z, rate=rate).relative_entropy

    slope = (relative(-step / 2) - relative(step / 2)) / step if math.hypot(x, z) < 0.98 else None
    if slope is not None:
        found = decohering_qubit(energy=1.0, x=x, z=z, rate=rate).entropy_production_rate
        assert found == pytest.approx(slope, abs=1e-8 + 1e-6 * rate)


@pytest.mark.parametrize(
    ("x", "z", "expected"), [(0.6, 0.8, math.inf), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (1.0, 0.0, math.inf)]
)
def test_the_production_rate_at_the_edge(x: float, z: float, expected: float) -> None:
    """Infinite for a pure state with coherence, zero without coherence."""
    assert decohering_qubit(energy=1.0, x=x, z=z, rate=0.2).entropy_production_rate == expected


def test_the_printed_sigma_x_is_no_observable() -> None:
    printed = np.outer(KET_L, KET_0) - np.outer(KET_0, KET_L)
    assert np.abs(printed - printed.conj().T).max() > 1
