"""Collision models as processes: one collision is a thermal operation, steps in order, the backward process."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.maps import apply_stages, kraus_map
from qtraj.errors import InvalidInput, InvalidUnitary, TooLarge, UnknownName
from qtraj.models.li18 import coherent_collision
from qtraj.paths.exact_law import exact_law
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.density.collision_cases import random_model
from tests.paths.collision_cases import CASES, case, collide, qubit_model, three_parts, turning
from tests.paths.collision_enumeration import collisions

# Products of a dozen matrices.
EXACT = 1e-13

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)
PROTOCOLS = [protocol.value for protocol in MeasurementProtocol]


def both_ways(seed: int, *, dimension: int, levels: int, rank: int) -> tuple[ThermalOperation, CollisionModel]:
    """One and the same collision as a thermal operation and as a collision model."""
    energies = np.arange(float(dimension))
    system = System(energies=energies, state=State.haar(dimension, rank=rank, seed=seed))
    bath = Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.3 + seed % 7)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=seed)
    composite = CompositeSystem(subsystems={"S": energies}, state=system.state)
    reservoir = Reservoir(energies=bath.energies, inverse_temperature=bath.inverse_temperature)
    step = CollisionStep(reservoir="environment", on=["S"], unitary=unitary)
    model = CollisionModel(composite=composite, reservoirs={"environment": reservoir}, steps=[step])
    return ThermalOperation(system=system, environment=bath, unitary=unitary), model


@settings(max_examples=15)
@given(seed=SEEDS, dimension=st.integers(2, 4), levels=st.integers(1, 5), data=st.data())
def test_one_collision_is_a_thermal_operation_to_the_last_digit(
    seed: int, dimension: int, levels: int, data: st.DataObject
) -> None:
    """The law is the same bit by bit; averages, which take another route, to rounding."""
    operation, model = both_ways(
        seed, dimension=dimension, levels=levels, rank=data.draw(st.integers(1, dimension), label="rank")
    )
    for protocol in PROTOCOLS:
        ours, theirs = exact_law(operation, protocol=protocol), exact_law(model, protocol=protocol)
        for name in ("alpha", "branch", "beta", "n", "m", "log_forward", "sigma", "sigma_d", "xi", "heats", "heat"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=f"{protocol} {name}")
        assert ours.paths == theirs.paths
    one, other = averages(operation), averages(model)
    for name in (
        "entropy_production",
        "population_entropy_production",
        "coherence_entropy_production",
        "initial_coherence",
        "final_coherence",
        "switching_work",
    ):
        # Of a rank-deficient start: entropies of eigenvalues that are zero but for rounding.
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=EXACT), name
    np.testing.assert_array_equal(operation.final_state, model.final_state)


def dense_final_state(model: CollisionModel) -> np.ndarray:
    """From Kraus operators that know nothing of branches."""
    state = model.system.energy_state.matrix
    for step in collisions(model) * model.repeat:
        state = np.einsum("vumn,u,nk,vulk->ml", step.kraus, step.probabilities, state, step.kraus.conj())
    return state


@pytest.mark.parametrize("name", CASES)
def test_final_state_is_that_of_dense_kraus_operators(name: str) -> None:
    model = case(name)
    np.testing.assert_allclose(model.final_energy_state.matrix, dense_final_state(model), atol=EXACT)


def test_steps_on_subsystems_that_are_not_neighbours() -> None:
    """Any tensor order: naming the subsystems the other way round with the unitary turned round changes nothing."""
    model = three_parts()
    step = model.steps[2]
    assert isinstance(step, InternalStep)
    swapped = step.matrix.reshape(2, 3, 2, 3).transpose(1, 0, 3, 2).reshape(6, 6)
    other = replace(model, steps=[*model.steps[:2], InternalStep(on=["B", "C"], unitary=swapped), *model.steps[3:]])
    np.testing.assert_allclose(other.final_state, model.final_state, atol=EXACT)
    wrong = replace(model, steps=[*model.steps[:2], InternalStep(on=["B", "C"], unitary=step.matrix), *model.steps[3:]])
    assert np.abs(wrong.final_state - model.final_state).max() > 1e-2


@pytest.mark.parametrize("name", CASES)
def test_stages_follow_the_steps(name: str) -> None:
    model = case(name)
    stages = model.stages()
    assert len(stages) == len(model.steps) * model.repeat
    own = [step.reservoir if isinstance(step, CollisionStep) else None for step in model.steps]
    assert [stage.reservoir for stage in stages] == own * model.repeat
    assert model.collisions == sum(stage.reservoir is not None for stage in stages)
    assert set(model.met_reservoirs) == {name for name in own if name}
    image, scale = apply_stages(stages, model.system.energy_state.matrix)
    np.testing.assert_allclose(image * np.exp(scale), model.final_energy_state.matrix, atol=EXACT)


# The backward process


@pytest.mark.parametrize("name", CASES)
def test_backward_map_is_the_adjoint_of_the_map_tilted_by_the_entropy(name: str) -> None:
    """tr[B L~(A)] = tr[A L_1(B)] with Lambda_1 the map tilted by e^-s: what makes <e^-sigma> = 1."""
    model = case(name)
    rng = np.random.default_rng(1)
    d = model.system.dimension
    a, b = (x @ x.conj().T for x in rng.normal(size=(2, d, d)) + 1j * rng.normal(size=(2, d, d)))
    tilted, scale = apply_stages(model.stages(), b, 1.0)
    back = (kraus_map(model.reversed()) @ a.ravel()).reshape(d, d)
    assert np.trace(b @ back).real == pytest.approx(np.trace(a @ tilted).real * np.exp(scale), rel=1e-12)


def test_steps_in_the_same_order_are_not_the_backward_process() -> None:
    """Negative control of the test above, for which the order of the inverse steps must be reversed."""
    model = case("coherent units")
    rng = np.random.default_rng(1)
    a, b = (x @ x.conj().T for x in rng.normal(size=(2, 4, 4)))
    tilted, scale = apply_stages(model.stages(), b, 1.0)
    wrong = replace(model.reversed(), steps=[step.adjoint() for step in model.steps])
    back = (kraus_map(wrong) @ a.ravel()).reshape(4, 4)
    assert np.trace(b @ back).real != pytest.approx(np.trace(a @ tilted).real * np.exp(scale), rel=1e-3)


@settings(max_examples=10)
@given(seed=SEEDS)
def test_reversing_twice_is_nothing_but_another_start(seed: int) -> None:
    model = random_model(seed)
    twice = model.reversed().reversed()
    np.testing.assert_allclose(kraus_map(twice), kraus_map(model), atol=EXACT)
    np.testing.assert_allclose(model.reversed().system.energy_state.matrix, model.final_state, atol=1e-15)


# Ill-conditioned states


@pytest.mark.parametrize(
    "parameters",
    [
        # Eigenvalues between rounding and 1e-12, which no matrix tells from zero.
        {
            "interaction_angle": np.pi / 2 - 1e-5,
            "coherence": 0.999999,
            "temperature_hot": 0.03,
            "temperature_cold": 0.5,
        },
        {"interaction_angle": np.pi / 2, "coherence": 0.999999, "temperature_hot": 1 / 800, "temperature_cold": 0.05},
        {"interaction_angle": np.pi / 2 - 1e-3, "coherence": 0.3, "temperature_hot": 0.05, "temperature_cold": 0.04},
    ],
)
@pytest.mark.parametrize("collisions", [3, 5])
def test_a_good_start_may_become_badly_conditioned(parameters: dict[str, float], collisions: int) -> None:
    """Matrices lose what is below 1e-16; states that come there are carried on in spectral form."""
    process = coherent_collision(exchange_angle=0.3, collisions=collisions, initial=State.haar(4, seed=1), **parameters)
    state = process.final_energy_state
    assert state.rank == 4
    assert state.log_eigenvalues.min() < np.log(1e-12)
    np.testing.assert_allclose(state.matrix, dense_final_state(process), atol=EXACT)
    assert exact_law(process, protocol="eigenbasis-two-point").exponential_average("sigma") == pytest.approx(
        1, abs=1e-11
    )


def test_populations_of_cold_units_are_relatively_exact() -> None:
    """A full swap hands over populations of e^-600, after a few collisions at moderate temperature."""
    warm, cold = qubit_model([1.0], repeat=3, angle=0.4), qubit_model([600.0], angle=np.pi / 2)
    model = replace(
        warm, reservoirs={**warm.reservoirs, "cold": cold.reservoirs["bath0"]}, steps=[*warm.steps], repeat=1
    )
    step = replace(cold.steps[0], reservoir="cold")
    final = replace(model, steps=[*warm.steps, step]).final_energy_state
    np.testing.assert_allclose(final.log_eigenvalues, [0.0, -600.0], atol=1e-10)


# Subsystems in other bases


def test_a_hamiltonian_in_another_basis_is_the_same_process() -> None:
    """A subsystem may be given by its Hamiltonian's matrix; states and unitaries are then in that basis."""
    turn = turning(0.7)
    plain = qubit_model([0.5, 1.5], work=0.3)
    hamiltonian = turn @ np.diag([0.0, 1.0]) @ turn.T
    state = turn @ plain.system.state.matrix @ turn.T
    composite = CompositeSystem(subsystems={"S": hamiltonian}, state=state)
    steps: list[InternalStep | CollisionStep] = []
    for step in plain.steps:
        if isinstance(step, InternalStep):
            steps.append(InternalStep(on=["S"], unitary=turn @ step.matrix @ turn.T))
        else:
            lift = np.kron(turn, np.eye(2))
            unitary = EnergyConservingUnitary.from_matrix(
                composite.part(["S"]),
                plain.reservoirs[step.reservoir].environment,
                lift @ step.unitary.matrix() @ lift.T,
            )
            steps.append(CollisionStep(reservoir=step.reservoir, on=["S"], unitary=unitary))
    model = replace(plain, composite=composite, steps=steps)
    np.testing.assert_allclose(model.final_state, turn @ plain.final_state @ turn.T, atol=EXACT)
    ours, theirs = exact_law(plain), exact_law(model)
    for name in ("sigma", "sigma_d", "xi", "heat", "work"):
        assert theirs.cumulants(name) == pytest.approx(ours.cumulants(name), abs=1e-12), name
    assert averages(model).switching_work == pytest.approx(averages(plain).switching_work, abs=EXACT)


# Refusals


def test_repeat_must_be_a_sensible_number() -> None:
    model = qubit_model([0.5])
    for wrong in (0, -1, 1.5, True, "3"):
        with pytest.raises(InvalidInput, match="`repeat` must be a whole number from 1 on"):
            replace(model, repeat=wrong)  # type: ignore[arg-type]
    with pytest.raises(TooLarge, match="1,000,000,000"):
        replace(model, repeat=10**9)


def test_steps_must_fit() -> None:
    model = qubit_model([0.5], units=(0.0, 1.0, 2.0))
    collision = model.steps[0]
    with pytest.raises(InvalidInput, match="at least one collision"):
        replace(model, steps=[InternalStep(on=["S"], unitary=np.eye(2))])
    with pytest.raises(UnknownName, match="reservoir 'bathO' is not known; did you mean 'bath0'"):
        replace(model, steps=[replace(collision, reservoir="bathO")])
    with pytest.raises(UnknownName, match="subsystem 'T' is not known"):
        replace(model, steps=[replace(collision, on=["T"])])
    other = Reservoir(energies=[0.0, 1.0], inverse_temperature=1.0)
    with pytest.raises(InvalidUnitary, match=r"units of bath0 \(2 levels\), but was built for others \(3 levels\)"):
        replace(model, reservoirs={"bath0": other})
    shifted = Reservoir(energies=[0.0, 1.0, 2.5], inverse_temperature=1.0)
    with pytest.raises(InvalidUnitary, match="units of bath0"):
        replace(model, reservoirs={"bath0": shifted})
    with pytest.raises(InvalidUnitary, match=r"shape \(2, 2\) for subsystems S"):
        replace(model, steps=[collision, InternalStep(on=["S"], unitary=np.eye(3))])
    with pytest.raises(InvalidUnitary, match="U\\^dag U differs from 1"):
        InternalStep(on=["S"], unitary=np.diag([1.0, 0.5]))


def test_unitaries_typed_to_a_few_digits_are_projected_and_it_is_told() -> None:
    typed = np.round(turning(0.3), 4)
    step = InternalStep(on=["S"], unitary=typed)
    np.testing.assert_allclose(step.matrix.conj().T @ step.matrix, np.eye(2), atol=1e-15)
    assert 1e-6 < step.adjustment < 1e-4


def test_a_reservoir_that_nobody_meets_plays_no_part() -> None:
    model = qubit_model([0.5, 1.5])
    spare = replace(
        model, reservoirs={"spare": Reservoir(energies=[0.0, 2.0], inverse_temperature=1.0), **model.reservoirs}
    )
    assert spare.met_reservoirs == ("bath0", "bath1")
    assert exact_law(spare).flows.reservoirs == ("bath0", "bath1")
    assert averages(spare).entropy_production == averages(model).entropy_production


# Nobody can change a model


def test_a_model_keeps_copies() -> None:
    model = qubit_model([0.5, 1.5], work=0.2)
    on, matrix, reservoirs = ["S"], turning(0.2), dict(model.reservoirs)
    steps = [*model.steps, InternalStep(on=on, unitary=matrix)]
    mine = replace(model, steps=steps, reservoirs=reservoirs)
    before = mine.final_state
    on[0], matrix[0, 0] = "T", 7.0
    steps.clear()
    reservoirs.clear()
    assert len(mine.steps) == 4
    assert list(mine.steps[-1].on) == ["S"]
    np.testing.assert_array_equal(replace(mine, repeat=mine.repeat).final_state, before)
    with pytest.raises(TypeError):
        mine.reservoirs["bath0"] = None  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        mine.steps[-1].matrix[0, 0] = 1.0  # type: ignore[union-attr]


def test_a_model_travels_between_processes() -> None:
    model = random_model(4)
    _ = model.final_energy_state
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.final_state, model.final_state)
    assert list(copy.reservoirs) == list(model.reservoirs)
    with pytest.raises(TypeError):
        copy.reservoirs["new"] = None
    assert copy.kind == "collision-model"


def test_collisions_of_two_subsystems_with_one_unit() -> None:
    composite = CompositeSystem(subsystems={"A": [0.0, 1.0], "B": [0.0, 1.0]}, state=State.haar(4, seed=1))
    baths = {"bath": Reservoir(energies=[0.0, 1.0, 2.0], inverse_temperature=0.7)}
    model = CollisionModel(
        composite=composite, reservoirs=baths, steps=[collide(composite, baths, "bath", ["B", "A"], seed=3)]
    )
    np.testing.assert_allclose(model.final_state, dense_final_state(model), atol=EXACT)
