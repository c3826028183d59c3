"""Junction and qubit as jump processes, against the appendix's master equations written out in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.bath_relations import bath_relation
from qtraj.density.jump_process import jump_process_averages
from qtraj.errors import InvalidInput
from qtraj.models.registry import find_model
from qtraj.models.rfa13 import dephased_junction, dephasing_qubit
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import liouvillian
from tests.models.master_equations import Junction, applied, commutator, dissipator, trace_of

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


def in_given_basis(process: JumpProcess, bath: str | None = None) -> np.ndarray:
    """The generator of the whole process, or of one bath alone, in the basis of the Hamiltonian."""
    turn = process.system.basis
    operators = [turn @ jump.operator @ turn.conj().T for jump in process.jumps if bath in (None, jump.bath)]
    hamiltonian = turn @ process.hamiltonian @ turn.conj().T
    return liouvillian(hamiltonian if bath is None else np.zeros_like(hamiltonian), operators)


@given(parameters)
def test_the_junctions_generator_is_that_of_the_appendix_bath_by_bath(values: dict[str, float]) -> None:
    process, junction = dephased_junction(**values), Junction(**values)
    for bath, expected in junction.baths.items():
        found = in_given_basis(process, bath)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * (1 + abs(expected).max()))
    whole = commutator(junction.hamiltonian.astype(complex)) + sum(junction.baths.values())
    np.testing.assert_allclose(in_given_basis(process), whole, rtol=0, atol=1e-11 * (1 + abs(whole).max()))


def test_a_left_bath_as_printed_is_told_apart() -> None:
    """Negative control: with (1 + n_L) and n_L interchanged, as in print, the generators differ."""
    options = {"energy_left": 1.5, "energy_right": 1.0, "tunnelling": 0.2, "beta_left": 0.5, "beta_right": 2.0}
    printed = Junction(**options, dephasing=0.2, swapped=True).left
    assert abs(in_given_basis(dephased_junction(**options, dephasing=0.2), "left") - printed).max() > 0.5


@given(parameters)
def test_jumps_carry_local_quanta_and_dephasing_no_entropy(values: dict[str, float]) -> None:
    process = dephased_junction(**values)
    quantum = {"left": values["energy_left"], "right": values["energy_right"]}
    for position, jump in enumerate(process.jumps):
        if jump.bath == "dephasing":
            assert jump.entropy == 0.0
            assert jump.partner == position
            continue
        sign = 1 if jump.partner > position else -1
        assert jump.heat == pytest.approx(sign * quantum[jump.bath], rel=1e-12)
        assert jump.entropy == pytest.approx(sign * values[f"beta_{jump.bath}"] * quantum[jump.bath], rel=1e-12)


def test_the_junction_starts_where_it_would_stay_without_tunnelling() -> None:
    process = dephased_junction(tunnelling=0.0, duration=50.0)
    np.testing.assert_allclose(process.final_state, process.system.state.matrix, rtol=0, atol=1e-12)


def test_a_long_run_ends_in_the_steady_state() -> None:
    process = dephased_junction(duration=200.0)
    junction = Junction(energy_left=1.5, energy_right=1.0, tunnelling=0.2, beta_left=0.5, beta_right=2.0, dephasing=0.2)
    np.testing.assert_allclose(process.final_state, junction.state, rtol=0, atol=1e-11)


def test_the_junctions_own_averages_keep_the_contract() -> None:
    model = find_model("dephased-junction")
    found = model.own_averages(model.build())
    assert set(found) == {"entropy_production", "particle_current"} | {
        f"{name}_{bath}"
        for name in ("heat_current_from", "entropy_flux", "entropy_production")
        for bath in ("left", "right", "dephasing")
    }
    assert found["heat_current_from_left"] == pytest.approx(0.0014518994, abs=1e-9)
    assert found["entropy_production"] == pytest.approx(0.0014809662, abs=1e-9)
    far = {"energy_left": 6.0, "beta_left": 0.2}
    assert model.own_averages(model.build(**far), **far)["best_dephasing"] == pytest.approx(1.2062347982785007)


@given(parameters)
def test_the_junctions_own_averages_agree_with_the_density_matrix(values: dict[str, float]) -> None:
    model = find_model("dephased-junction")
    process = model.build(**values)
    own, steady = model.own_averages(process, **values), jump_process_averages(process).steady
    for bath in ("left", "right", "dephasing"):
        assert own[f"heat_current_from_{bath}"] == pytest.approx(steady.heat_current_from[bath], abs=1e-10)
        # Two definitions of the flux: -tr[L_b(nu) log B_b(nu)] in closed form, what the jumps book here.
        assert own[f"entropy_flux_{bath}"] == pytest.approx(steady.entropy_flux[bath], abs=1e-10)
    assert own["entropy_production"] == pytest.approx(steady.entropy_production, abs=1e-10)


@given(st.floats(-3, 3), st.floats(-0.7, 0.7), st.floats(-0.7, 0.7), st.floats(0, 3), st.floats(0.01, 5))
def test_the_qubit_loses_coherence_and_heat_as_it_should(
    e: float, x: float, z: float, rate: float, duration: float
) -> None:
    """Whatever the Hamiltonian does to z, x falls as exp(-2 gamma t), and heat E x (1 - exp) / 2 leaves with it."""
    process = dephasing_qubit(energy=e, x=x, z=z, rate=rate, duration=duration)
    final = process.final_state
    assert 2 * final[0, 1].real == pytest.approx(x * math.exp(-2 * rate * duration), abs=1e-11)
    hamiltonian = np.full((2, 2), e / 2)
    lost = trace_of(hamiltonian, process.system.state.matrix) - trace_of(hamiltonian, final)
    assert lost == pytest.approx(e * x / 2 * -math.expm1(-2 * rate * duration), abs=1e-10)


def test_the_qubits_generator_is_that_of_equation_9() -> None:
    process = dephasing_qubit(energy=1.3, x=0.6, z=0.3, rate=0.2)
    expected = dissipator(*(math.sqrt(0.4) * np.outer(k, k) for k in np.eye(2)))
    np.testing.assert_allclose(in_given_basis(process, "dephasing"), expected, rtol=0, atol=1e-14)
    # The printed rate is a sum of gamma (2 |j><j| rho |j><j| - ...): coherence goes at 2 gamma, not at gamma.
    flip = np.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(applied(expected, flip), -0.4 * flip, rtol=0, atol=1e-15)


def test_the_qubits_own_averages_keep_the_contract() -> None:
    model = find_model("dephasing-qubit")
    found = model.own_averages(model.build())
    assert set(found) == {"heat_current_from_dephasing", "relative_entropy", "entropy_production_rate"}
    assert found["heat_current_from_dephasing"] == pytest.approx(-0.12, abs=1e-15)
    pure = {"x": 0.6, "z": 0.8}
    assert model.own_averages(model.build(**pure), **pure)["entropy_production_rate"] == math.inf


@given(st.floats(-3, 3), st.floats(-0.7, 0.7), st.floats(-0.6, 0.6), st.floats(0.01, 3))
def test_the_qubits_own_averages_agree_with_the_density_matrix(e: float, x: float, z: float, rate: float) -> None:
    model, values = find_model("dephasing-qubit"), {"energy": e, "x": x, "z": z, "rate": rate}
    process = model.build(**values)
    own = model.own_averages(process, **values)
    found = bath_relation(process, "dephasing", process.system.energy_state.matrix)
    assert own["heat_current_from_dephasing"] == pytest.approx(found.heat_current, abs=1e-10)
    assert own["relative_entropy"] == pytest.approx(found.relative_entropy, abs=1e-10)
    assert own["entropy_production_rate"] == pytest.approx(found.entropy_production, abs=1e-10)
    assert found.entropy_flux == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize(("x", "z"), [(1.0, 0.0), (0.6, 0.8), (-math.sqrt(0.5), math.sqrt(0.5)), (0.0, -1.0)])
def test_pure_starts_are_allowed(x: float, z: float) -> None:
    assert dephasing_qubit(x=x, z=z).system.outcomes.count == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"energy_left": 0.0}, "`energy_left` must be positive"),
        ({"energy_right": -1.0}, "`energy_right` must be positive"),
        ({"tunnelling": math.nan}, "`tunnelling` must be finite"),
        ({"beta_left": 0.0}, "`beta_left` must be positive"),
        ({"beta_right": math.inf}, "`beta_right` must be positive and finite"),
        ({"dephasing": -0.1}, "`dephasing` must be finite and not negative"),
        ({"duration": 0.0}, "`duration` must be positive"),
        ({"beta_left": 1000.0}, "rates of a channel must not differ by more than"),
    ],
)
def test_junction_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        dephased_junction(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"energy": math.inf}, "`energy` must be finite"),
        ({"x": 0.9, "z": 0.9}, r"`x` and `z` must have x\^2 \+ z\^2 <= 1, but have 1.62"),
        ({"x": math.nan}, "`x` must be finite"),
        ({"rate": -1.0}, "`rate` must be finite and not negative"),
        ({"duration": -1.0}, "`duration` must be positive"),
    ],
)
def test_qubit_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        dephasing_qubit(**options)
