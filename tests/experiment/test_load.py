from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qtraj.errors import (
    EnergyNotConserved,
    InvalidExperiment,
    InvalidInput,
    InvalidSpectrum,
    InvalidState,
    InvalidUnitary,
    TooLarge,
)
from qtraj.experiment import Experiment, load_experiment
from qtraj.models import build_model
from qtraj.quantum.states import State

Load = Callable[..., Experiment]

SIGMA_X = "{real = [[0, 1], [1, 0]]}"
# Two qubits with equal gaps: |01> -> |10> conserves the energy, |00> -> |01> does not.
ROTATES_A_QUBIT = "[[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]"


def matrix_of(experiment: Experiment) -> np.ndarray:
    system = experiment.process.system
    return system.in_given_basis(system.energy_state.matrix)


class TestStates:
    """What the file says is the state that System gets, in the basis of the Hamiltonian."""

    BLOCH = np.array([[0.35, 0.25 - 0.1j], [0.25 + 0.1j, 0.65]])

    @pytest.mark.parametrize(
        ("state", "expected"),
        [
            ('{kind="bloch", x=0.5, y=0.2, z=-0.3}', BLOCH),
            ('{kind="bloch", z=-0.3}', np.diag([0.35, 0.65])),
            ('{kind="bloch", z=1, rank=1}', np.diag([1.0, 0.0])),
            ('{kind="matrix", real=[[0.35, 0.25], [0.25, 0.65]], imag=[[0, -0.1], [0.1, 0]]}', BLOCH),
            ('{kind="matrix", real=[[0.5, 0.5], [0.5, 0.5]], rank=1}', np.full((2, 2), 0.5)),
            ('{kind="pure", real=[0.6, 0], imag=[0, 0.8]}', np.array([[0.36, -0.48j], [0.48j, 0.64]])),
            ('{kind="gibbs", beta=2}', np.diag(np.exp([0, -2]) / (1 + np.exp(-2)))),
            ('{kind="gibbs", beta=0}', np.eye(2) / 2),
            ('{kind="spectral", log_populations=[-1.6094379124341003, -0.2231435513142097]}', np.diag([0.2, 0.8])),
            (
                '{kind="spectral", log_populations=[0], vectors={real=[[0.6], [0.0]], imag=[[0.0], [0.8]]}}',
                np.array([[0.36, -0.48j], [0.48j, 0.64]]),
            ),
        ],
    )
    def test_kinds(self, load: Load, state: str, expected: np.ndarray) -> None:
        assert np.abs(matrix_of(load(f"system.state={state}")) - expected).max() < 1e-15

    def test_eigenvectors_are_columns_as_eigh_returns_them(self, load: Load, tmp_path: Path) -> None:
        values, vectors = np.linalg.eigh(self.BLOCH)
        np.save(tmp_path / "vectors.npy", vectors)
        state = f'{{kind="spectral", log_populations={np.log(values).tolist()}, vectors={{file="vectors.npy"}}}}'
        assert np.abs(matrix_of(load(f"system.state={state}")) - self.BLOCH).max() < 1e-15

    def test_cold_spectral_states_keep_their_small_eigenvalue(self, load: Load) -> None:
        experiment = load('system.state={kind="spectral", log_populations=[0.0, -5000.0]}')
        assert experiment.process.system.outcomes.log_eigenvalues.tolist() == [0.0, -5000.0]

    @pytest.mark.parametrize("rank", [1, 2])
    def test_haar_is_that_of_python(self, load: Load, rank: int) -> None:
        own = matrix_of(load(f'system.state={{kind="haar", rank={rank}, seed=5}}'))
        assert np.abs(own - State.haar(2, rank=rank, seed=5).matrix).max() < 1e-15

    def test_gibbs_follows_the_hamiltonian_and_its_basis(self, load: Load) -> None:
        experiment = load(
            'system={hamiltonian = {real = [[0, 0.5], [0.5, 0]]}, state = {kind = "gibbs", beta = 1.4}}',
        )
        # exp(-beta sigma_x / 2) / Z = (1 - tanh(beta/2) sigma_x) / 2
        expected = (np.eye(2) - np.tanh(0.7) * np.array([[0, 1], [1, 0]])) / 2
        assert np.abs(matrix_of(experiment) - expected).max() < 1e-15

    @pytest.mark.parametrize("key", ["matrix", "pure"])
    def test_files_are_relative_to_the_experiment(
        self, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.chdir("/")
        (tmp_path / "data").mkdir()
        np.save(tmp_path / "data" / "rho.npy", self.BLOCH if key == "matrix" else np.array([0.6, 0.8j]))
        experiment = load(f'system.state={{kind="{key}", file="data/rho.npy"}}')
        assert abs(matrix_of(experiment)[0, 0] - (0.35 if key == "matrix" else 0.36)) < 1e-15


class TestEnvironmentsAndUnitaries:
    def test_environments(self, load: Load) -> None:
        swap = 'unitary={kind="haar", seed=1}'
        ladder = load(swap, 'environment={kind="ladder", levels=3, spacing=0.5, beta=2}').process.environment
        assert ladder.spectrum.energies.tolist() == [0.0, 0.5, 1.0]
        assert ladder.inverse_temperature == 2.0
        spins = load(swap, 'environment={kind="spins", count=2, splitting=1, beta=0}').process.environment
        assert sorted(spins.spectrum.energies.tolist()) == [0.0, 1.0, 1.0, 2.0]
        plain = load(swap, 'environment={kind="energies", energies=[2, 1], beta=1}').process.environment
        assert plain.spectrum.energies.tolist() == [2.0, 1.0]

    @pytest.mark.parametrize(
        ("unitary", "expected"),
        [
            ('{kind="partial-swap", angle=0.3}', np.cos(0.3) * np.eye(2) - 1j * np.sin(0.3) * np.eye(2)[::-1]),
            ('{kind="exchange", coupling=0.5, time=0.6}', np.cos(0.3) * np.eye(2) - 1j * np.sin(0.3) * np.eye(2)[::-1]),
            (
                '{kind="interaction", real=[[0,0,0,0],[0,0,0.5,0],[0,0.5,0,0],[0,0,0,0]], time=0.6}',
                np.cos(0.3) * np.eye(2) - 1j * np.sin(0.3) * np.eye(2)[::-1],
            ),
            ('{kind="matrix", real=[[1,0,0,0],[0,0,1,0],[0,1,0,0],[0,0,0,1]]}', np.eye(2)[::-1]),
        ],
    )
    def test_unitaries_in_the_block_of_one_excitation(self, load: Load, unitary: str, expected: np.ndarray) -> None:
        matrix = load(f"unitary={unitary}").process.unitary.matrix()
        assert np.abs(matrix[1:3, 1:3] - expected).max() < 1e-15

    def test_the_seed_of_a_haar_unitary_matters(self, load: Load) -> None:
        first, again, other = (load(f'unitary={{kind="haar", seed={k}}}').process.unitary.matrix() for k in (1, 1, 2))
        assert np.array_equal(first, again)
        assert np.abs(first - other).max() > 0.1

    def test_a_violation_can_be_allowed(self, load: Load) -> None:
        process = load(f'unitary={{kind="matrix", real={ROTATES_A_QUBIT}, allow_violation=true}}').process
        assert not process.unitary.conserving
        assert process.unitary.commutator_norm() > 1

    def test_a_unitary_from_a_file_with_imaginary_parts(self, load: Load, tmp_path: Path) -> None:
        np.save(tmp_path / "u.npy", np.diag([1, 1j, -1, -1j]))
        matrix = load('unitary={kind="matrix", file="u.npy"}').process.unitary.matrix()
        assert np.abs(matrix - np.diag([1, 1j, -1, -1j])).max() < 1e-15


class TestEnsemble:
    def test_nothing_is_said(self, load: Load) -> None:
        assert load().ensemble == {}

    def test_everything_is_said(self, load: Load) -> None:
        settings = ("paths=1e6", "seed=12", "protocol=tpm", "sampler=followed")
        assert load(*(f"ensemble.{setting}" for setting in settings)).ensemble == {
            "paths": 1_000_000,
            "seed": 12,
            "protocol": "energy-two-point",
            "sampler": "followed",
        }

    @pytest.mark.parametrize(
        ("setting", "complaint"),
        [
            ("paths=0", "`ensemble.paths` must be a whole number from 1 to 10^15, but it is 0"),
            ("paths=1.5", "`ensemble.paths` must be a whole number"),
            ("paths=1e16", "`ensemble.paths` must be a whole number from 1 to 10^15"),
            ("paths=true", "`ensemble.paths` must be a whole number from 1 to 10^15, but it is True"),
            ("paths=many", "`ensemble.paths` must be a whole number"),
            ("seed=-1", "`ensemble.seed` must be a whole number from 0 to 2^128 - 1, but it is -1"),
            (
                "protocol=augmentd",
                "in `ensemble.protocol`: protocol 'augmentd' is not known; did you mean 'augmented'?",
            ),
            ("protocol=3", "in `ensemble.protocol`: protocol '3' is not known"),
            ("sampler=exlpicit", "did you mean 'explicit'?"),
            ("path=3", "`ensemble` has no key 'path'; did you mean 'paths'?"),
        ],
    )
    def test_something_wrong_is_said(self, load: Load, setting: str, complaint: str) -> None:
        with pytest.raises(InvalidExperiment) as caught:
            load(f"ensemble.{setting}")
        assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "kind", "complaint"),
    [
        # the state
        (
            'system.state={kind="matrix", real=[[1,0],[0,1]]}',
            InvalidState,
            "`system.state` must have trace 1, but has tr",
        ),
        ('system.state={kind="matrix", real=[[0.5,1],[0,0.5]]}', InvalidState, "`system.state` must be Hermitian, but"),
        ('system.state={kind="matrix", real=[[1.5,0],[0,-0.5]]}', InvalidState, "no negative eigenvalue, but has -0.5"),
        ('system.state={kind="matrix", real=[[1]]}', InvalidState, "`system.state` must have dimension 2"),
        ('system.state={kind="matrix", real=[[1, 0]]}', InvalidInput, "`system.state` must be a square matrix"),
        (
            'system.state={kind="matrix", real=[[1,0],[0,0]], rank=2}',
            InvalidState,
            "`system.state.rank` must count positive",
        ),
        (
            'system.state={kind="haar", rank=3}',
            InvalidState,
            "`system.state.rank` must be between 1 and the dimension 2",
        ),
        ("system.state.x=2", InvalidState, "in `system.state`: the Bloch vector must have length at most 1"),
        (
            'system.state={kind="pure", real=[1, 1]}',
            InvalidState,
            "`system.state` must have norm 1, but has norm 1.41421",
        ),
        (
            'system.state={kind="spectral", log_populations=[0]}',
            InvalidInput,
            "`system.state.log_populations` must have 2",
        ),
        # energies
        ("system.energies=[]", InvalidInput, "`system.energies` must have at least one entry, but is empty"),
        (
            "system.energies=[0, 1, 2]",
            InvalidState,
            "`system.state` must have dimension 3 like the energies, but has 2",
        ),
        ("system.energies=[0, 1e200]", InvalidSpectrum, "`system.energies` must stay below 1e150"),
        ("system.energies=[0, nan]", InvalidExperiment, "`system.energies.1` must be finite"),
        ("system.energies=[0, true]", InvalidExperiment, "`system.energies.1` must be a real number, but is true"),
        ("environment.energies=[]", InvalidInput, "`environment.energies` must have at least one entry"),
        (
            f"system.hamiltonian={SIGMA_X}",
            InvalidExperiment,
            "must have either `energies` or `hamiltonian`, but has both",
        ),
        ("environment.beta=-0.1", InvalidExperiment, "`environment.beta` must be at least 0, but is -0.1"),
        (
            'environment={kind="spins", count=21, splitting=1, beta=1}',
            TooLarge,
            "`environment.count` must be at most 20",
        ),
        (
            'environment={kind="ladder", levels=0, spacing=1, beta=1}',
            InvalidExperiment,
            "`environment.levels` must be at",
        ),
        (
            'environment={kind="ladder", levels=1e9, spacing=1, beta=1}',
            InvalidExperiment,
            "must be a whole number, but is",
        ),
        # the unitary
        (
            f'unitary={{kind="matrix", real={ROTATES_A_QUBIT}}}',
            EnergyNotConserved,
            "commutator has norm 1.41; the worst",
        ),
        (
            'unitary={kind="matrix", real=[[1,0],[0,1]]}',
            InvalidInput,
            "`unitary` must have shape (4, 4), but has shape",
        ),
        (
            f'unitary={{kind="matrix", real={ROTATES_A_QUBIT.replace("1", "2")}}}',
            InvalidUnitary,
            "must be unitary, but",
        ),
        (
            f'unitary={{kind="interaction", real={ROTATES_A_QUBIT}, time=1}}',
            EnergyNotConserved,
            "the commutator has norm",
        ),
        (
            "environment.energies=[0, 1.5]",
            EnergyNotConserved,
            "needs equal level spacings, but they differ by up to 0.5",
        ),
        ("unitary.angle=x", InvalidExperiment, "`unitary.angle` must be a real number, but is 'x'"),
        ('unitary={kind="matrix", file="none.npy"}', InvalidExperiment, "`none.npy` must be a .npy file beside the"),
        ('unitary={kind="matrix", file=3}', InvalidExperiment, "`unitary.file` must be text in quotes, but is 3"),
        ('unitary={kind="matrix", file="u.npy", real=[[1]]}', InvalidExperiment, "either `file`, or `real` and `imag`"),
        ('unitary={kind="matrix", imag=[[1]]}', InvalidExperiment, "or `file`, but has neither"),
        (
            'unitary={kind="matrix", real=[[1]], imag=[[1,2]]}',
            InvalidExperiment,
            "of one shape, but they have (1, 1) and",
        ),
        (
            'unitary={kind="matrix", real=[[1],[1,2]]}',
            InvalidExperiment,
            "`unitary.real` must have rows of equal length",
        ),
        ('unitary={kind="haar", seed=-1}', InvalidExperiment, "`unitary.seed` must be at least 0, but is -1"),
        ('unitary={kind="haar", seed=true}', InvalidExperiment, "`unitary.seed` must be a whole number, but is true"),
        # keys and kinds
        (
            "systm.energies=[0]",
            InvalidExperiment,
            "the file of kind thermal-operation has no key 'systm'; did you mean 'system'?",
        ),
        ("environment.bta=1", InvalidExperiment, "`environment` has no key 'bta'; did you mean 'beta'?"),
        ("unitary.kind=haar", InvalidExperiment, "`unitary` of kind haar has no key 'angle'; known are kind, seed"),
        ("system.state.kind=blok", InvalidExperiment, "but is 'blok'; did you mean 'bloch'?"),
        (
            "system.state={}",
            InvalidExperiment,
            "`system.state.kind` must be one of matrix, spectral, bloch, pure, gibbs",
        ),
        ("system.state=[1, 0]", InvalidExperiment, "`system.state` must be a table with a `kind`, but is a list of 2"),
        (
            "environment={beta=1, levels=3}",
            InvalidExperiment,
            "`environment.kind` must be one of energies, ladder, spins",
        ),
        ("system=3", InvalidExperiment, "`system` must be a table, but is 3"),
        ("kind=collision", InvalidExperiment, "`kind` must be one of thermal-operation, collision-model"),
        ("model=two-qubit-exchange", InvalidExperiment, "the file must have either `kind` or `model`, but has both"),
        ("system.energies.7=1", InvalidExperiment, "`system.energies.7` must be a position"),
        (
            f"environment.beta={'9' * 400}",
            InvalidExperiment,
            "must stay below 1e308, but is a whole number of 400 digits",
        ),
        (
            "environment.beta=2020-01-01",
            InvalidExperiment,
            "`environment.beta` must be a real number, but is 2020-01-01",
        ),
        ("environment.beta=null", InvalidExperiment, "`environment.beta` must be a real number, but is nothing"),
    ],
)
def test_every_mistake_is_one_sentence_that_names_its_key(
    load: Load, setting: str, kind: type[InvalidInput], complaint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        load(setting)
    assert isinstance(caught.value, kind)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_missing_key_is_named(qubit: Path) -> None:
    qubit.write_text(qubit.read_text().replace("angle", "# angle"))
    with pytest.raises(InvalidExperiment, match=r"^`unitary.angle` must be given, but is missing$"):
        load_experiment(qubit)


def test_the_refusal_keeps_its_numbers(load: Load) -> None:
    with pytest.raises(EnergyNotConserved) as caught:
        load(f'unitary={{kind="matrix", real={ROTATES_A_QUBIT}}}')
    assert caught.value.measured == pytest.approx(np.sqrt(2))
    assert caught.value.worst_element == (0, 1)


def test_a_wrong_matrix_of_many_entries_is_one_mistake(load: Load) -> None:
    rows = [["x"] * 300] * 300
    with pytest.raises(InvalidExperiment, match=r"`unitary.real.0.0` must be a real number, but is 'x'"):
        load(f'unitary={{"kind": "matrix", "real": {rows}}}'.replace("'", '"'))


class TestModels:
    def test_a_bare_name_is_the_model(self) -> None:
        experiment = load_experiment("two-qubit-exchange", ["angle=0.3", "beta_environment=2"])
        expected = build_model("two-qubit-exchange", angle=0.3, beta_environment=2.0)
        assert experiment.name == "two-qubit-exchange"
        assert np.array_equal(experiment.process.final_state, expected.final_state)

    def test_a_file_can_name_a_model(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('model = "two-qubit-exchange"\n[parameters]\nangle = 0.3\n[ensemble]\nseed = 5\n')
        experiment = load_experiment(path, ["parameters.beta_environment=2"])
        expected = build_model("two-qubit-exchange", angle=0.3, beta_environment=2.0)
        assert experiment.name == "mine"
        assert experiment.ensemble == {"seed": 5}
        assert np.array_equal(experiment.process.final_state, expected.final_state)

    @pytest.mark.parametrize("value", ["0", "0.0", '{"real": 0}', "{real = 0.0, imag = 0.0}"])
    def test_complex_parameters(self, value: str) -> None:
        load_experiment("two-qubit-exchange", [f"correlation={value}"])

    @pytest.mark.parametrize(
        ("setting", "complaint"),
        [
            ("agle=1", "model two-qubit-exchange has no parameter 'agle'; did you mean 'angle'?"),
            ("angle=abc", "`angle` must be a real number, but is 'abc'"),
            ("angle=inf", "`angle` must be finite"),
            ("angle.x=1", "`angle.x` must be a key of the experiment, but `angle` is 0.785"),
            ("frequency=-1", "`frequency` must be positive and finite, but is -1"),
            ("correlation=x", "`correlation` must be a number, or { real = ..., imag = ... }, but is 'x'"),
            ("correlation={real = 1}", "`correlation` must have modulus at most 0.188608289662"),
            (
                "correlation={real = true}",
                "`correlation` must be a number, or { real = ..., imag = ... }, but is a table",
            ),
            ("correlation={re = 1}", "`correlation` must be a number, or { real = ..., imag = ... }, but is a table"),
            (f"correlation={'9' * 400}", "`correlation` must stay below 1e308"),
            (f"angle={'9' * 400}", "`angle` must stay below 1e308, but is a whole number of 400 digits"),
        ],
    )
    def test_wrong_parameters(self, setting: str, complaint: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            load_experiment("two-qubit-exchange", [setting])
        assert str(caught.value).startswith(complaint)

    def test_wrong_parameters_in_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        path.write_text('model = "two-qubit-exchange"\n[parameters]\nagle = 0.3\n')
        with pytest.raises(InvalidExperiment, match=r"^`parameters` has no key 'agle'; did you mean 'angle'\?$"):
            load_experiment(path)

    @pytest.mark.parametrize("target", ["two-qubit-exchnge", "none.toml", "x" * 5000, "a\0b"])
    def test_neither_file_nor_model(self, target: str) -> None:
        with pytest.raises(InvalidExperiment, match=r"^the target must be .*, but '.*' is neither; "):
            load_experiment(target)

    def test_the_nearest_model_is_suggested(self) -> None:
        with pytest.raises(InvalidExperiment, match=r"did you mean 'two-qubit-exchange'\?$"):
            load_experiment("two-qubit-exchnge")

    def test_an_unknown_model_in_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        for text, complaint in (('"none"', "model 'none' is not known"), ("3", "`model` must be the name of a model")):
            path.write_text(f"model = {text}\n")
            with pytest.raises(InvalidInput, match=complaint):
                load_experiment(path)

    def test_the_name_of_a_model_wins_over_a_file(self, qubit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(qubit.parent)
        qubit.rename("two-qubit-exchange")
        assert load_experiment("two-qubit-exchange").process.inverse_temperature == 1.25
        assert load_experiment("./two-qubit-exchange").process.inverse_temperature == 1.0


def test_an_empty_target_is_refused() -> None:
    with pytest.raises(InvalidExperiment, match="but is empty"):
        load_experiment("")
