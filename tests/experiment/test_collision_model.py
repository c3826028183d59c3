"""Experiment files of collision models: both forms build what they say, and every mistake is named by its key."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.density.collision_model import CollisionModelAverages
from qtraj.errors import InvalidExperiment, InvalidInput, InvalidState, InvalidUnitary, TooLarge, UnknownName
from qtraj.experiment import Experiment, load_experiment
from qtraj.models import build_model
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import InternalStep

EXAMPLES = Path(__file__).parents[2] / "examples"

PAIR = """
kind = "collision-model"
repeat = 2

[[subsystems]]
name = "A"
energies = [0.0, 1.0]

[[subsystems]]
name = "B"
energies = [0.0, 1.0]

[system]
state = { kind = "haar", seed = 3 }

[reservoirs.hot]
energies = [0.0, 1.0]
beta = 0.5

[reservoirs.cold]
energies = [0.0, 1.0]
beta = 1.0
state = { kind = "bloch", x = 0.3, z = 0.2 }

[[steps]]
on = ["A", "B"]
unitary = { kind = "partial-swap", angle = 0.4 }

[[steps]]
reservoir = "hot"
on = ["A"]
unitary = { kind = "partial-swap", angle = 0.3 }

[[steps]]
reservoir = "cold"
on = ["B"]
unitary = { kind = "haar", seed = 2 }
"""

Load = Callable[..., Experiment]


@pytest.fixture
def pair(tmp_path: Path) -> Load:
    """Load a file of two qubits between two reservoirs, with settings."""
    path = tmp_path / "pair.toml"
    path.write_text(PAIR, encoding="utf-8")
    return lambda *settings: load_experiment(path, settings)


@pytest.fixture
def relaxation() -> Load:
    """Load the example with the short form, with settings."""
    return lambda *settings: load_experiment(EXAMPLES / "two_temperature_relaxation.toml", settings)


def _loaded(text: str, *settings: str) -> CollisionModel:
    """Load a file with this text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.toml"
        path.write_text(text, encoding="utf-8")
        process = load_experiment(path, settings).process
    assert isinstance(process, CollisionModel)
    return process


def values_of(experiment: Experiment) -> CollisionModelAverages:
    assert isinstance(experiment.process, CollisionModel)
    return averages(experiment.process)


def steady(experiment: Experiment) -> dict[str, float]:
    heat = values_of(experiment).steady_heat_into
    assert heat is not None
    return dict(heat)


# What the examples say


def test_two_temperature_relaxation(relaxation: Load) -> None:
    values = values_of(relaxation())
    assert values.steady_heat_into == pytest.approx({"hot": -0.0270753779, "cold": 0.0270753779}, abs=1e-10)
    assert values.steady_entropy_production == pytest.approx(0.0270753779, abs=1e-10)
    later = values_of(relaxation("repeat=40"))
    assert later.population_entropy_production - values.population_entropy_production > 0.9
    assert later.final_coherence < 1e-6


def test_three_reservoirs() -> None:
    heat = steady(load_experiment(EXAMPLES / "three_reservoirs.toml"))
    assert heat["hot"] < 0 < min(heat["cold"], heat["warm"])
    assert sum(heat.values()) == pytest.approx(0, abs=1e-12)


def test_coherent_collision_is_the_model() -> None:
    path = EXAMPLES / "coherent_collision.toml"
    own = values_of(load_experiment(path))
    model = averages(build_model("coherent-collision", phase_difference=1.5 * np.pi, collisions=5))
    assert own.entropy_production == pytest.approx(model.entropy_production, abs=1e-13)
    assert own.clausius_entropy_flow == pytest.approx(model.clausius_entropy_flow, abs=1e-13)
    for name in ("hot", "cold"):
        np.testing.assert_allclose(own.heat_into[name], model.heat_into[name], atol=1e-14)
    assert own.steady_heat_into is not None
    assert own.steady_heat_into["hot"] > 0
    energy = load_experiment(path, [f"reservoirs.{name}.measure=energy" for name in ("hot", "cold")])
    measured = values_of(energy).measured
    assert measured is not None
    assert measured.steady_heat_into is not None
    assert measured.steady_heat_into["hot"] < 0
    assert abs(measured.entropy_production - own.entropy_production) > 0.005


# What files can say


def test_the_short_form_is_the_long_one(relaxation: Load, tmp_path: Path) -> None:
    long = """
kind = "collision-model"
repeat = 4
[[subsystems]]
name = "qubit"
energies = [0.0, 1.0]
[system]
state = { kind = "bloch", x = 0.5, y = 0.2, z = -0.3 }
[reservoirs.hot]
energies = [0.0, 1.0]
beta = 0.5
[reservoirs.cold]
energies = [0.0, 1.0]
beta = 1.5
[[steps]]
reservoir = "hot"
on = ["qubit"]
unitary = { kind = "partial-swap", angle = 0.6283185307179586 }
[[steps]]
reservoir = "cold"
on = ["qubit"]
unitary = { kind = "partial-swap", angle = 0.4487989505128276 }
"""
    (tmp_path / "long.toml").write_text(long, encoding="utf-8")
    one, other = values_of(relaxation()), values_of(load_experiment(tmp_path / "long.toml"))
    assert one.to_json() == other.to_json()


def test_names_of_collisions(relaxation: Load) -> None:
    entry = '{environment={energies=[0,1], beta=1}, unitary={kind="haar", seed=1}}'
    assert list(steady(relaxation(f"collisions=[{entry}]"))) == ["environment"]
    assert list(steady(relaxation(f"collisions=[{entry}, {entry}]"))) == ["environment-1", "environment-2"]


def test_the_short_form_knows_ladders_spins_and_diagonal_hamiltonians(relaxation: Load) -> None:
    spins = '{environment={kind="spins", count=2, splitting=1, beta=1}, unitary={kind="exchange", coupling=1, time=1}}'
    ladder = '{environment={kind="ladder", levels=3, spacing=1, beta=2}, unitary={kind="haar", seed=1}}'
    system = 'system={hamiltonian={real=[[0, 0], [0, 1]]}, state={kind="gibbs", beta=0.2}}'
    assert sum(steady(relaxation(f"collisions=[{spins}, {ladder}]", system)).values()) == pytest.approx(0, abs=1e-12)


def test_a_product_start_is_the_joint_state() -> None:
    states = ['{kind="bloch", x=0.3, z=0.1}', '{kind="gibbs", beta=2.0}']
    text = PAIR.replace('[system]\nstate = { kind = "haar", seed = 3 }\n', "")
    product = _loaded(text, *(f"subsystems.{k}.state={state}" for k, state in enumerate(states)))
    first = np.array([[0.55, 0.15], [0.15, 0.45]])
    second = np.diag(np.exp([0, -2.0]) / (1 + np.exp(-2.0)))
    np.testing.assert_allclose(product.system.energy_state.matrix, np.kron(first, second), atol=1e-15)


@pytest.mark.parametrize(
    ("unitary", "expected"),
    [
        ('{kind="matrix", real=[[0, 1], [1, 0]]}', np.array([[0, 1], [1, 0]])),
        (
            '{kind="interaction", real=[[0, 1], [1, 0]], time=0.3}',
            np.array([[np.cos(0.3), -1j * np.sin(0.3)], [-1j * np.sin(0.3), np.cos(0.3)]]),
        ),
    ],
)
def test_internal_unitaries_of_one_subsystem(pair: Load, unitary: str, expected: np.ndarray) -> None:
    experiment = pair('steps.0.on=["B"]', f"steps.0.unitary={unitary}")
    assert isinstance(experiment.process, CollisionModel)
    step = experiment.process.steps[0]
    assert isinstance(step, InternalStep)
    np.testing.assert_allclose(step.matrix, expected, atol=1e-15)
    assert abs(values_of(experiment).switching_work) > 1e-3


def test_an_internal_swap_of_unequal_qubits_does_work() -> None:
    """Two qubits of gaps 1 and 3, swapped: the work is 2 (p_A - p_B)."""
    text = PAIR.replace("energies = [0.0, 1.0]", "energies = [0.0, 3.0]").replace("repeat = 2", "repeat = 1")
    text = text.replace('name = "A"\nenergies = [0.0, 3.0]', 'name = "A"\nenergies = [0.0, 1.0]')
    state = "system.state={kind='spectral', log_populations=[-0.9162907318741551, -2.302585092994046, "
    state += "-0.916290731874155, -2.302585092994046]}"  # .4 .1 .4 .1: A excited with 1/2, B with 1/5
    settings = ["reservoirs.hot.energies=[0,1]", "steps.0.unitary.angle=1.5707963267948966", state]
    values = averages(_loaded(text, *settings))
    assert values.switching_work == pytest.approx(2 * (0.5 - 0.2), abs=1e-12)


def test_measuring_in_the_energy_basis(pair: Load) -> None:
    assert values_of(pair()).measured is None
    assert values_of(pair("reservoirs.cold.measure=energy")).measured is not None


# What files must not say


BAD: list[tuple[list[str], type[InvalidInput], str]] = [
    (
        ["steps.1.reservoir=warm"],
        UnknownName,
        "in `steps.1.reservoir`: reservoir 'warm' is not known; known: hot, cold",
    ),
    (["steps.1.reservoir=hott"], UnknownName, "did you mean 'hot'"),
    (['steps.1.on=["C"]'], UnknownName, "in `steps.1.on`: subsystem 'C' is not known; known: A, B"),
    (['steps.0.on=["A", "A"]'], InvalidInput, "`steps.0.on` must be a list of different subsystems"),
    (["steps.1.on=[]"], InvalidInput, "`steps.1.on` must be a list of different subsystems"),
    (["steps.1.on=A"], InvalidExperiment, "`steps.1.on` must be a list, but is 'A'"),
    (['steps.0.on=["A"]'], InvalidUnitary, "in `steps.0.unitary`: a partial swap needs two subsystems of equal"),
    (["reservoirs.hot.energies=[0, 1, 2]"], InvalidUnitary, "in `steps.1.unitary`: a partial swap needs parties"),
    (
        ['steps.2.unitary={kind="matrix", real=[[1, 0], [0, 1]]}'],
        InvalidInput,
        r"`steps.2.unitary` must have shape \(4, 4\), but has shape \(2, 2\)",
    ),
    (
        ['steps.0.unitary={kind="matrix", real=[[1, 0], [0, 1]]}'],
        InvalidInput,
        r"`steps.0.unitary` must have shape \(4, 4\)",
    ),
    (
        ['steps.0={on=["A"], unitary={kind="matrix", real=[[1, 1], [0, 1]]}}'],
        InvalidUnitary,
        "`steps.0.unitary` must be unitary",
    ),
    (
        ['steps.0={on=["A"], unitary={kind="interaction", real=[[0, 1], [0, 0]], time=1}}'],
        InvalidUnitary,
        "in `steps.0.unitary`: an interaction must be Hermitian",
    ),
    (["steps.0.unitary.kind=haar"], InvalidExperiment, "`steps.0.unitary.kind` must be one of matrix, partial-swap"),
    (["steps.0.angle=1"], InvalidExperiment, "`steps.0` has no key 'angle'"),
    (["steps=[]"], InvalidExperiment, "`steps` must have at least one entry"),
    (["steps=[3]"], InvalidExperiment, "`steps.0` must be a table, but is 3"),
    (["repeat=0"], InvalidExperiment, "`repeat` must be at least 1, but is 0"),
    (["repeat=1000000000"], TooLarge, "`repeat` must be at most 1,000,000, but is 1,000,000,000"),
    (["reservoirs.hot.beta=-1"], InvalidExperiment, "`reservoirs.hot.beta` must be at least 0"),
    (["reservoirs.hot.beta=1e300"], InvalidInput, "in `reservoirs.hot`: .* below 1e.12 nats, but reaches 1e.300"),
    (['reservoirs.cold.state={kind="pure", real=[1, 0]}'], InvalidState, "in `reservoirs.cold`: .* full rank 2"),
    (['reservoirs.cold.state={kind="haar", rank=3}'], InvalidState, "`reservoirs.cold.state.rank` must be"),
    (["reservoirs.cold.measure=energi"], UnknownName, "did you mean 'energy'"),
    (["reservoirs.warm={energies=[0, 1]}"], InvalidExperiment, "`reservoirs.warm` must have `beta` or `state`"),
    (["subsystems.1.name=A"], InvalidExperiment, "`subsystems` must have different names, but 'A' comes twice"),
    (["subsystems.1.energies=[]"], InvalidExperiment, "`subsystems.1.energies` must have at least one entry"),
    (['system.state={kind="bloch"}'], InvalidState, "`system.state` must have dimension 4 like the energies"),
    (["system.energies=[0, 1]"], InvalidExperiment, "`system` must have only `state` beside `subsystems`"),
    (['subsystems.0.state={kind="bloch"}'], InvalidExperiment, "either a joint `system.state` or a `state` in every"),
    (["collisions=[]"], InvalidExperiment, "`collisions` must have at least one entry"),
    (["subsystems.1.energies=" + str(list(range(800)))], TooLarge, "at most 1500 dimensions together, but have 1600"),
]


@pytest.mark.parametrize(("settings", "kind", "complaint"), BAD)
def test_bad_long_files(pair: Load, settings: list[str], kind: type[InvalidInput], complaint: str) -> None:
    with pytest.raises(kind, match=complaint):
        pair(*settings)


def test_a_temperature_of_infinity_is_fine(pair: Load) -> None:
    """1e-400 is 0 as a double."""
    assert np.isfinite(values_of(pair("reservoirs.cold.beta=1e-400")).entropy_production)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (["collisions.0.environment.beta=-1"], "`collisions.0.environment.beta` must be at least 0"),
        (["collisions.0.environment.beta=1e200"], "in `collisions.0.environment`: .* reaches 1e.200"),
        (["collisions.1.name=hot"], "`collisions.1.name` must be new, but 'hot'"),
        (["collisions.1.unitary.kind=swap"], "`collisions.1.unitary.kind` must be one of"),
        (["collisions.0.environment.energies=[0, 2]"], "in `collisions.0.unitary`: a partial swap needs equal"),
        (["reservoirs.hot={energies=[0, 1], beta=1}"], "either `collisions` or `reservoirs`, but has both"),
        (["system.hamiltonian={real=[[0, 1], [1, 0]]}"], "`system` must have either `energies` or `hamiltonian`"),
        (['system={state={kind="bloch"}}'], "`system` must have either `energies` or `hamiltonian`, but has neither"),
    ],
)
def test_bad_short_files(relaxation: Load, settings: list[str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        relaxation(*settings)


@pytest.mark.parametrize(
    ("drop", "complaint"),
    [
        ("[reservoirs", "`reservoirs` must be given"),
        ("[[steps]]", "`steps` must be given"),
        ("[[subsystems]]", "`subsystems` must be given"),
        ("[system]", "either a joint `system.state` or a `state` in every subsystem, but has neither"),
    ],
)
def test_missing_tables(drop: str, complaint: str) -> None:
    tables: list[Any] = PAIR.split("\n\n")
    with pytest.raises(InvalidExperiment, match=complaint):
        _loaded("\n\n".join(table for table in tables if not table.startswith(drop)))


def test_a_state_in_one_subsystem_only() -> None:
    text = PAIR.replace('[system]\nstate = { kind = "haar", seed = 3 }\n', "")
    with pytest.raises(InvalidExperiment, match=r"`subsystems.1.state` must be given like that of the others"):
        _loaded(text, 'subsystems.0.state={kind="bloch"}')


def test_the_short_form_needs_a_system() -> None:
    text = 'kind="collision-model"\n[[collisions]]\nenvironment={energies=[0,1],beta=1}\nunitary={kind="haar"}\n'
    with pytest.raises(InvalidExperiment, match="`system` must be given"):
        _loaded(text)


# Models


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (["coherence=1"], "`coherence` must be at least 0 and below 1, but is 1.0; the entropy production of pure"),
        (["coherence=1.5"], "`coherence`"),
        (["collisions=0"], "`collisions` must be a whole number from 1 on, but is 0"),
        (["collisions=1000000000"], "`collisions` must be at most 1,000,000"),
        (["temperature_hot=1e-320"], "`temperature_hot` must be above"),
        (["initial=excited"], "`initial` must be 'ground', 'thermal' or a density matrix"),
        (["measure=energie"], "energy"),
        (["gamma=1"], "no parameter"),
    ],
)
def test_bad_parameters_of_the_model(settings: list[str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        load_experiment("coherent-collision", settings)


def test_the_start_of_the_model_from_the_command_line() -> None:
    text = "{real=[[0.25,0,0,0],[0,0.25,0,0],[0,0,0.25,0],[0,0,0,0.25]]}"
    process = load_experiment("coherent-collision", [f"initial={text}"]).process
    assert isinstance(process, CollisionModel)
    np.testing.assert_allclose(process.system.energy_state.matrix, np.eye(4) / 4, atol=1e-15)


ROTATED = """
[system]
hamiltonian = { real = [[0.3, 0.5], [0.5, -0.2]], imag = [[0.0, 0.1], [-0.1, 0.0]] }
state = { kind = "matrix", real = [[0.6, 0.1], [0.1, 0.4]], imag = [[0.0, 0.2], [-0.2, 0.0]] }
"""

SINGLE = """
[environment]
kind = "ladder"
levels = 4
spacing = 1.1357816691600546
beta = 0.7
[unitary]
kind = "haar"
seed = 5
"""


def test_a_hamiltonian_that_is_not_diagonal_is_that_of_a_thermal_operation(tmp_path: Path) -> None:
    """One collision is a thermal operation, also where state and final state are in another basis than the energies."""
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text(f'kind = "thermal-operation"\n{ROTATED}{SINGLE}')
    nested = SINGLE.replace("[environment]", "[collisions.environment]").replace("[unitary]", "[collisions.unitary]")
    other.write_text(f'kind = "collision-model"\n{ROTATED}\n[[collisions]]\n{nested}')
    first, second = (averages(load_experiment(path).process).to_json() for path in (one, other))
    assert abs(first["final_state"]["real"][0][1]) > 0.01
    for key in ("entropy_production", "population_entropy_production", "coherence_entropy_production"):
        assert second[key] == pytest.approx(first[key], abs=1e-12)
    for part in ("real", "imag"):
        np.testing.assert_allclose(second["final_state"][part], first["final_state"][part], atol=1e-12)
