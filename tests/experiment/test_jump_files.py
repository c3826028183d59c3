"""Experiment files of jump processes: what the file says is what one gets, and every mistake has its sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.errors import InvalidExperiment, InvalidInput
from qtraj.experiment import Experiment, load_experiment
from qtraj.models import build_model
from qtraj.processes.jump_process import JumpProcess

EXAMPLES = Path(__file__).parents[2] / "examples"

CHANNELS = """
kind = "jump-process"
duration = 2.0

[system]
energies = [0.0, 1.0]
state = { kind = "bloch", x = 0.5, z = 0.2 }

[[channels]]
operator = [[0, 1], [0, 0]]
bath = "cold"
rate = 1.0
energy = 1.0
beta = 2.0

[[channels]]
operator = { real = [[1, 0], [0, -1]] }
bath = "dephasing"
rate = 0.3
"""

DAVIES = """
kind = "davies"
duration = 2.0
beta = 0.8
rates = [[0, 1, 0.3], [1, 2, 0.2]]

[system]
energies = [0.0, 1.0, 2.5]
state = { kind = "gibbs", beta = 0.1 }
"""

Load = Callable[..., Experiment]


def loader(path: Path, text: str) -> Load:
    path.write_text(text, encoding="utf-8")
    return lambda *settings: load_experiment(path, settings)


@pytest.fixture
def channels(tmp_path: Path) -> Load:
    return loader(tmp_path / "channels.toml", CHANNELS)


@pytest.fixture
def davies(tmp_path: Path) -> Load:
    return loader(tmp_path / "davies.toml", DAVIES)


def built(experiment: Experiment) -> JumpProcess:
    assert isinstance(experiment.process, JumpProcess)
    return experiment.process


def refusal(load: Load, *settings: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        load(*settings)
    return str(caught.value)


class TestChannels:
    def test_one_entry_is_both_directions(self, channels: Load) -> None:
        process = built(channels())
        down, up, dephasing = process.jumps
        assert (down.bath, down.entropy, down.heat, up.entropy, up.heat) == ("cold", 2.0, 1.0, -2.0, -1.0)
        assert np.abs(down.operator - [[0, 1], [0, 0]]).max() == 0
        assert np.abs(up.operator - [[0, 0], [math.exp(-1.0), 0]]).max() < 1e-15
        assert (dephasing.bath, dephasing.entropy, dephasing.partner) == ("dephasing", 0.0, 2)
        assert np.abs(dephasing.operator - math.sqrt(0.3) * np.diag([1, -1])).max() < 1e-15
        assert (process.duration, process.baths) == (2.0, ("cold", "dephasing"))

    @pytest.mark.parametrize(
        "change",
        [
            ['channels.0={operator=[[0,1],[0,0]], bath="cold", rate=1, reverse_rate=0.1353352832366127, beta=2}'],
            ['channels.0={operator=[[0,1],[0,0]], bath="cold", rate=1, reverse_rate=0.1353352832366127, energy=1}'],
            ["channels.0.reverse_rate=0.1353352832366127"],
            ["channels.0.operator={real=[[0,0],[0,0]], imag=[[0,1],[0,0]]}"],  # a phase of L means nothing
            ["system.hamiltonian=[[0,0],[0,1]]", "system.energies=null"],
            ["system.hamiltonian={real=[[0,0],[0,1]]}", "system.energies=null"],
        ],
    )
    def test_ways_to_say_the_same(self, channels: Load, change: list[str]) -> None:
        one, other = averages(built(channels())), averages(built(channels(*change)))
        assert other.entropy_production == pytest.approx(one.entropy_production, abs=1e-12)
        assert np.abs(other.final_state - one.final_state).max() < 1e-12

    def test_another_rate_is_another_process(self, channels: Load) -> None:
        """Negative control of the test above."""
        one, other = averages(built(channels())), averages(built(channels("channels.0.rate=1.001")))
        assert abs(other.entropy_production - one.entropy_production) > 1e-6

    def test_without_a_temperature_the_operator_tells_the_heat(self, channels: Load) -> None:
        entry = 'channels.0={operator=[[0,1],[0,0]], bath="cold", rate=1, reverse_rate=0.5}'
        down, up, _ = built(channels(entry)).jumps
        assert (down.heat, up.heat) == (1.0, -1.0)
        assert down.entropy == pytest.approx(math.log(2), abs=1e-15)

    @pytest.mark.parametrize("kind", [np.complex128, np.float64, np.int64])
    def test_operators_from_files_beside_the_experiment(
        self, channels: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
    ) -> None:
        monkeypatch.chdir("/")
        np.save(tmp_path / "lower.npy", np.array([[0, 1], [0, 0]], dtype=kind))
        process = built(channels('channels.0.operator={file="lower.npy"}'))
        assert np.abs(process.jumps[0].operator - [[0, 1], [0, 0]]).max() == 0

    def test_operators_are_in_the_basis_of_the_hamiltonian(self, channels: Load) -> None:
        # H = sigma_x / 2 has the eigenvectors |+-> = (1, +-1)/sqrt 2; |-><+| lowers the energy by 1.
        lower = "channels.0.operator=[[0.5, 0.5], [-0.5, -0.5]]"
        process = built(channels("system.energies=null", "system.hamiltonian=[[0, 0.5], [0.5, 0]]", lower))
        assert np.abs(np.abs(process.jumps[0].operator) - [[0, 1], [0, 0]]).max() < 1e-15

    def test_a_rate_of_zero_switches_off(self, channels: Load) -> None:
        assert [jump.bath for jump in built(channels("channels.0.rate=0")).jumps] == ["dephasing"]


class TestDavies:
    def test_it_is_the_model(self, davies: Load) -> None:
        rates = [[0, 1, 0.3], [1, 2, 0.2]]
        model = build_model("davies-qutrit", rates=rates, state=lambda bare: davies().process.system.state)
        one, other = averages(built(davies())), averages(model)
        assert one.to_json() == other.to_json()
        assert built(davies()).baths == ("environment",)

    def test_rates_obey_detailed_balance(self, davies: Load) -> None:
        down, up, *_ = built(davies()).jumps
        # W(1 -> 0) = g exp(-beta (E_0 - E_1) / 2)
        assert abs(down.operator[0, 1]) ** 2 == pytest.approx(0.3 * math.exp(0.4), abs=1e-15)
        assert abs(up.operator[1, 0]) ** 2 == pytest.approx(0.3 * math.exp(-0.4), abs=1e-15)
        assert (down.entropy, down.heat) == (0.8, 1.0)

    def test_several_baths(self, tmp_path: Path) -> None:
        head, tail = DAVIES.split("[system]")
        head = "\n".join(line for line in head.splitlines() if not line.startswith(("beta", "rates")))
        baths = (
            '[[baths]]\nname = "hot"\nbeta = 0.5\nrates = [[0, 1, 0.3]]\n'
            '[[baths]]\nname = "cold"\nbeta = 2\nrates = [[1, 2, 0.2], [0, 2, 0.1]]\n'
        )
        process = built(loader(tmp_path / "baths.toml", f"{head}\n{baths}\n[system]{tail}")())
        assert process.baths == ("hot", "cold")
        assert [jump.entropy for jump in process.jumps[::2]] == [0.5, 3.0, 5.0]

    @pytest.mark.parametrize("diagonal", [True, False])
    def test_rates_are_between_energy_eigenstates_whatever_the_basis(self, davies: Load, diagonal: bool) -> None:
        levels, angle = np.array([0.0, 1.0, 2.5]), 0.7
        turn = np.eye(3)
        turn[:2, :2] = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        matrix = np.diag(levels) if diagonal else turn @ np.diag(levels) @ turn.T
        process = built(davies("system.energies=null", f"system.hamiltonian={matrix.tolist()}"))
        assert averages(process).entropy_production == pytest.approx(
            averages(built(davies())).entropy_production, abs=1e-13
        )
        assert (
            np.abs(process.jumps[0].operator).round(12).tolist()
            == np.abs(built(davies()).jumps[0].operator).round(12).tolist()
        )
        assert process.stages()[0].branches

    def test_levels_keep_their_order(self, davies: Load) -> None:
        process = built(davies("system.energies=[1.0, 0.0, 2.5]", "rates=[[1, 0, 0.3]]"))
        assert process.jumps[0].heat == 1.0


class TestBadInput:
    """Every mistake has a sentence that names the key, what it must be, and what it was."""

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            (["duration=0"], "`duration` must be positive and finite, but is 0"),
            (["duration=-1"], "`duration` must be positive and finite, but is -1"),
            (["duration=null"], "`duration` must be a real number, but is nothing"),
            (["channels=[]"], "`channels` must have at least one entry, but is empty"),
            (["channels.0.rate=-1"], "`channels.0.rate` must be finite and not negative, but is -1"),
            (
                ["channels.0.reverse_rate=-0.1"],
                "`channels.0.reverse_rate` must be finite and not negative, but is -0.1",
            ),
            (["channels.0.beta=-2"], "`channels.0.beta` must be at least 0, but is -2"),
            (["channels.0.bath="], "`channels.0.bath` must be a name, but is ''"),
            (["channels.0.bath=null"], "`channels.0.bath` must be text in quotes, but is nothing"),
            (["channels.0.operator=[[0, 1]]"], "`channels.0.operator` must be a square matrix, but has shape (1, 2)"),
            (["channels.0.operator=[[0, 1], [0]]"], "`channels.0.operator` must have rows of equal length"),
            (["channels.0.operator=[[0, 1], ['a', 0]]"], "`channels.0.operator.1.0` must be a real number, but is 'a'"),
            (["channels.0.operator=[[0, 0], [0, 0]]"], "`channels.0.operator` must not be zero"),
            (["channels.0.operator=lower"], "`channels.0.operator` must be a table, but is 'lower'"),
            (["channels.0.operator.real.0.0=1"], "must be a position in a list"),
            (
                ["channels.0.operator=[[0,1,0],[0,0,0],[0,0,0]]"],
                "`channels.0.operator` must act on 2 levels like the system, but acts on 3",
            ),
            (
                ["channels.0.reverse_rate=0.2"],
                "`channels.0.rate` and `reverse_rate` must obey local detailed balance ln(rate/reverse_rate) = beta * "
                "energy, but bath 'cold' has 1.60943791 and 2, off by 0.391",
            ),
            (
                ['channels.0={operator=[[0,1],[0,0]], bath="cold", rate=1}'],
                "in `channels.0`: a channel with a non-Hermitian `operator` must have a reverse: give `reverse_rate`, "
                "or `energy` and `beta`; but bath 'cold' (rate 1) has none, and without it the fluctuation theorem is "
                "undefined",
            ),
            (
                ['channels.0={operator=[[0,1],[0,0]], bath="cold", rate=1, reverse_rate=0}'],
                "`channels.0.rate` and `reverse_rate` must both be positive or both 0, but bath 'cold' has 1 and 0",
            ),
            (
                ["channels.1.reverse_rate=0.3"],
                "in `channels.1`: a Hermitian `operator` is its own reverse and must have no `reverse_rate`, but bath "
                "'dephasing' has 0.3",
            ),
            (["channels.1.energy=1"], "in `channels.1`: a Hermitian `operator` is its own reverse and must have "),
            (["channels.0.beta=1000"], "in `channels.0`: the two rates of a channel must not differ by more than"),
            (["channels.1.bath=cold", "channels.1.beta=3"], "a bath must have one temperature, but 'cold' has"),
            (["channels.0.rte=1"], "`channels.0` has no key 'rte'; did you mean 'rate'?"),
            (
                ["channels.0.inverse_temperature=1"],
                "`channels.0` has no key 'inverse_temperature'; did you mean 'beta', the inverse temperature?",
            ),
            (["beta=1"], "the file of kind jump-process has no key 'beta'"),
            (["kind=jump-proces"], "`kind` must be one of thermal-operation"),
            (['system.state={kind="pure", real=[1, 0, 0]}'], "must have dimension 2"),
        ],
    )
    def test_channels(self, channels: Load, settings: list[str], sentence: str) -> None:
        assert sentence in refusal(channels, *settings)

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            (["beta=null"], "`beta` must be given (or `baths`, for several of them), but is missing"),
            (["rates=null"], "`rates` must be given (or `baths`, for several of them), but is missing"),
            (["beta=-1"], "`beta` must be at least 0, but is -1"),
            (["beta=1e4"], "`beta` times an energy gap must stay below 700 nats, but levels 0 and 1 give 10000"),
            (["rates=[[0, 1]]"], "`rates` must hold entries (i, j, g), but one is [0, 1]"),
            (["rates=[]"], "`rates` must have at least one entry, but is empty"),
            (["rates.0.2=-0.3"], "`rates` must be finite and not negative, but is -0.3"),
            (["rates.0.1=3"], "`rates` must name two different levels from 0 to 2, but one entry names 0 and 3"),
            (["rates.0.1=0"], "`rates` must name two different levels from 0 to 2"),
            (["rates.0.1=0.5"], "`rates` must name two different levels from 0 to 2"),
            (["duration=0"], "`duration` must be positive and finite, but is 0"),
            (["baths=[]"], "`baths` must have at least one entry, but is empty"),
            (
                ['baths=[{name="a", beta=1, rates=[[0, 1, 1]]}]'],
                "the file must have either `baths`, or `beta` and `rates`, but has `baths` and `beta`",
            ),
        ],
    )
    def test_davies(self, davies: Load, settings: list[str], sentence: str) -> None:
        message = refusal(davies, *settings)
        assert message.startswith(sentence)
        assert "inverse_temperature" not in message

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            (["baths.1.name=a"], "`baths` must have different names, but 'a' comes twice"),
            (["baths.1.beta=-1"], "`baths.1.beta` must be at least 0, but is -1"),
            (["baths.0.rates.0.0=7"], "`baths.0.rates` must name two different levels from 0 to 2"),
            (["baths.0.name="], "`baths.0.name` must be a name, but is ''"),
            (["baths.0.rate=1"], "`baths.0` has no key 'rate'; did you mean 'rates'?"),
        ],
    )
    def test_baths(self, davies: Load, settings: list[str], sentence: str) -> None:
        baths = 'baths=[{name="a", beta=1, rates=[[0, 1, 1]]}, {name="b", beta=2, rates=[[1, 2, 1]]}]'
        assert refusal(davies, "beta=null", "rates=null", baths, *settings).startswith(sentence)

    def test_numbers_are_attributes_too(self, channels: Load) -> None:
        with pytest.raises(InvalidInput) as caught:
            channels("channels.0.reverse_rate=0.2")
        assert caught.value.measured == pytest.approx(2 - math.log(5), abs=1e-12)
        with pytest.raises(InvalidExperiment) as other:
            channels("channels.0.operator=[[0,1,0],[0,0,0],[0,0,0]]")
        assert other.value.measured == 3


class TestExamples:
    """The numbers in the comments of the example files."""

    def test_davies_qutrit(self) -> None:
        experiment = load_experiment(EXAMPLES / "davies_qutrit.toml")
        values = averages(built(experiment))
        assert values.entropy_production == pytest.approx(0.300246948, abs=1e-9)
        assert values.coherence_entropy_production == pytest.approx(0.265758000, abs=1e-9)
        assert averages(build_model("davies-qutrit")).to_json()["final_populations"] == pytest.approx(
            values.to_json()["final_populations"], abs=1e-14
        )

    def test_driven_qubit(self) -> None:
        values = averages(built(load_experiment(EXAMPLES / "driven_qubit.toml", ["duration=100"])))
        assert values.steady is not None
        assert values.steady.heat_into["cold"] == pytest.approx(0.106028611067, abs=1e-12)
        assert values.steady.entropy_into["cold"] == pytest.approx(0.106028611067, abs=1e-12)

    def test_the_junction_is_the_model(self) -> None:
        experiment, model = (
            load_experiment(EXAMPLES / "three_level_junction.toml"),
            load_experiment("dephased-junction"),
        )
        steady = averages(built(experiment)).to_json()
        assert steady["heat_current_from_left"] == pytest.approx(0.00145189943957, abs=1e-14)
        assert -steady["heat_current_from_right"] == pytest.approx(0.00138325222473, abs=1e-14)
        for name, value in model.own_averages.items():
            if name.startswith(("heat_current_from", "entropy_flux")):
                assert steady[name] == pytest.approx(value, abs=1e-13)


class TestModels:
    def test_own_averages_follow_the_settings(self) -> None:
        still = load_experiment("resonant-pair", ["noise_strength=0"])
        assert (still.model, still.parameters) == ("resonant-pair", {"noise_strength": 0})
        assert still.own_averages["heat_current_from_a"] == 0.0
        assert load_experiment("resonant-pair").own_averages["heat_current_from_a"] > 0.01
        assert load_experiment(EXAMPLES / "davies_qutrit.toml").own_averages == {}

    def test_one_entry_of_a_nested_default(self) -> None:
        experiment = load_experiment("davies-qutrit", ["rates.2.2=0.4", "energies.1=1.2"])
        assert experiment.parameters == {"rates": [[0, 1, 0.3], [1, 2, 0.2], [0, 2, 0.4]], "energies": [0.0, 1.2, 2.5]}
        assert load_experiment("davies-qutrit").process.jumps[0].heat == 1.0  # the default itself is not touched

    @pytest.mark.parametrize(
        ("settings", "populations"),
        [
            (["state.kind=gibbs", "state.beta=0"], [1 / 3] * 3),
            (["state=null", "state.kind=gibbs", "state.beta=0"], [1 / 3] * 3),
            (['state={kind="pure", real=[0, 1, 0]}'], [0.0, 1.0, 0.0]),
            (["state=null"], [0.55, 0.28, 0.17]),
        ],
    )
    def test_a_state_that_is_left_open(self, settings: list[str], populations: list[float]) -> None:
        experiment = load_experiment("davies-qutrit", settings)
        assert averages(built(experiment)).initial_populations == pytest.approx(populations, abs=1e-15)

    def test_a_state_in_a_file(self, tmp_path: Path) -> None:
        np.save(tmp_path / "rho.npy", np.diag([0.2, 0.3, 0.5]))
        state = 'state = { kind = "matrix", file = "rho.npy" }'
        experiment = loader(tmp_path / "mine.toml", f'model = "davies-qutrit"\n[parameters]\n{state}\n')()
        assert averages(built(experiment)).initial_populations == pytest.approx([0.2, 0.3, 0.5], abs=1e-15)

    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            (
                ["state.kind=gibs"],
                "`state.kind` must be one of matrix, spectral, bloch, pure, gibbs, haar, but is 'gibs'",
            ),
            (["state.kind=gibbs"], "`state.beta` must be given, but is missing"),
            (["state.knd=gibbs"], "`state.kind` must be one of"),
            (["energies=[]"], "`energies` must have at least one entry"),
            (["rates.0=[0, 1]"], "`rates` must have rows of equal length"),
            (["duration=0"], "`duration` must be positive"),
            (["energies=[0, 1]", "rates=[[0, 1, 1]]"], "`state` must be given unless there are 3 levels"),
        ],
    )
    def test_mistakes(self, settings: list[str], sentence: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            load_experiment("davies-qutrit", settings)
        assert str(caught.value).startswith(sentence)
