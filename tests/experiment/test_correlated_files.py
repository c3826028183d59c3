"""Files of correlated operations: every way to write a start gives the start that the Python class gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qtraj.cli import main
from qtraj.density.averages import averages
from qtraj.errors import AmbiguousRank, InvalidExperiment, InvalidInput, InvalidState, TooLarge
from qtraj.experiment import Experiment, load_experiment
from qtraj.models import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.theorems.checks import Verdict
from qtraj.theorems.exact import exact_report
from qtraj.theorems.verify import verify
from tests.processes.correlated_cases import Case

EXAMPLE = Path(__file__).parents[2] / "examples" / "correlated_qubits.toml"

CHI = np.zeros((4, 4), dtype=complex)
CHI[1, 2], CHI[2, 1] = -0.15j, 0.15j

Load = Callable[..., Experiment]


@pytest.fixture
def load() -> Load:
    """Load the example with settings."""
    return lambda *settings: load_experiment(EXAMPLE, settings)


def built(experiment: Experiment) -> CorrelatedOperation:
    assert isinstance(experiment.process, CorrelatedOperation)
    return experiment.process


def written(matrix: np.ndarray) -> str:
    """A matrix as a value of `--set`."""
    return json.dumps({"real": matrix.real.tolist(), "imag": matrix.imag.tolist()})


def product(process: CorrelatedOperation) -> np.ndarray:
    """The start without correlations, in the basis of the Hamiltonian."""
    local = process.system.in_given_basis(process.system.energy_state.matrix)
    return np.kron(local, np.diag(np.exp(process.environment.log_populations)))


def start(process: CorrelatedOperation) -> np.ndarray:
    """The joint start, in the basis of the Hamiltonian."""
    lift = np.kron(process.system.basis, np.eye(process.environment.dimension))
    return lift @ process.joint_state.matrix @ lift.conj().T


class TestExample:
    """The example is the named model with the same numbers, from either door."""

    def test_process(self, load: Load) -> None:
        experiment = load()
        expected = build_model(
            "two-qubit-exchange", angle=0.5, beta_system=1.0, beta_environment=0.5, correlation=-0.15j
        )
        assert np.array_equal(built(experiment).correlations, CHI)
        ours, theirs = exact_law(experiment.process), exact_law(expected)
        assert np.abs(ours.probabilities - theirs.probabilities).max() < 1e-15
        assert experiment.ensemble == {"paths": 100_000_000, "seed": 7}

    def test_heat_flows_uphill_only_while_the_correlations_are_strong(self, load: Load) -> None:
        heats = [averages(load(f"correlations.strength={s}").process).heat_into_environment for s in (-1, 0, 0.1, 1)]
        assert [heat > 0 for heat in heats] == [False, False, False, True]
        # The heat is linear in the correlations.
        assert heats[0] + heats[3] == pytest.approx(2 * heats[1], abs=1e-15)

    def test_without_strength_nothing_is_correlated(self, load: Load) -> None:
        assert not built(load("correlations.strength=0")).correlations.any()


class TestStarts:
    """What the file says is the start that the class gets."""

    ELEMENTS = "correlations.elements=[[2, 1, 0.0, 0.15]]"

    @pytest.mark.parametrize(
        "settings",
        [
            [],
            [ELEMENTS],
            ["correlations.elements=[[1, 2, 0, -0.3]]", "correlations.strength=0.5"],
            [f"correlations={written(CHI)}"],
            ['correlations={"kind": "matrix", ' + written(CHI)[1:]],
            [f"correlations={written(-CHI)}", "correlations.strength=-1"],
        ],
    )
    def test_kinds_of_correlations(self, load: Load, settings: list[str]) -> None:
        assert np.abs(built(load(*settings)).correlations - CHI).max() < 1e-16

    def test_populations_may_be_all_that_is_correlated(self, load: Load) -> None:
        process = built(load("correlations.elements=[[0, 0, 0.05], [1, 1, -0.05], [2, 2, -0.05], [3, 3, 0.05]]"))
        assert np.array_equal(process.correlations, np.diag([0.05, -0.05, -0.05, 0.05]))

    @pytest.mark.parametrize("seed", range(3))
    def test_random_starts_from_files(self, tmp_path: Path, seed: int) -> None:
        case = Case.random(seed, system=(0.0, 1.0, 2.0), conserving=bool(seed % 2))
        for name, matrix in (("chi", case.chi), ("joint", case.start), ("local", case.local), ("u", case.unitary)):
            np.save(tmp_path / f"{name}.npy", matrix)
        head = 'kind = "correlated-operation"\nsystem.energies = [0.0, 1.0, 2.0]\n'
        head += f"[environment]\nenergies = [0.0, 1.0]\nbeta = {case.beta}\n"
        head += '[unitary]\nkind = "matrix"\nfile = "u.npy"\nallow_violation = true\n'
        local = '[correlations]\nfile = "chi.npy"\n[system.state]\nkind = "matrix"\nfile = "local.npy"\n'
        joint = '[joint_state]\nfile = "joint.npy"\n'
        expected = averages(case.operation)
        for rest in (local, joint):
            (tmp_path / "file.toml").write_text(head + rest, encoding="utf-8")
            process = built(load_experiment(tmp_path / "file.toml"))
            assert np.abs(process.correlations - case.chi).max() < 1e-15
            assert np.abs(start(process) - case.start).max() < 1e-14
            assert averages(process).entropy_production == pytest.approx(expected.entropy_production, abs=1e-12)

    def test_a_joint_state_is_in_the_basis_of_the_hamiltonian(self, load: Load) -> None:
        hamiltonian = "system.hamiltonian=[[0.5, 0.5], [0.5, 0.5]]"
        given = built(load("system.energies=null", hamiltonian, "correlations.elements=[[1, 2, 0.02, -0.01]]"))
        state = f"joint_state={written(product(given) + given.correlations)}"
        joint = built(load("system={}", hamiltonian, "correlations=null", state))
        assert np.abs(start(joint) - start(given)).max() < 1e-15
        assert np.abs(joint.correlations - given.correlations).max() < 1e-15

    @pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 2.0, 5.0])
    def test_a_pure_joint_state_whose_parts_are_thermal(self, load: Load, beta: float) -> None:
        """All that the product has in |01> and |10> is taken away again: what is left there is rounding."""
        vector = np.exp([0.0, -np.inf, -np.inf, -beta / 2]) / np.sqrt(1 + np.exp(-beta))
        joint = f"joint_state={np.outer(vector, vector).tolist()}"
        process = built(load(f"environment.beta={beta}", "system.state=null", "correlations=null", joint))
        assert process.joint_state.rank == 1
        assert process.system.energy_state.rank == 2
        populations = vector[[0, 3]] ** 2
        information = averages(process).initial_mutual_information
        assert information == pytest.approx(-2 * populations @ np.log(populations), abs=1e-12)
        # The backward process starts in the product, most of which the one state of the start does not reach.
        assert exact_report(process)["path_law"]["absolute_irreversibility"] > 0.01
        assert verify(process, paths=1e6, seed=1).verdict is Verdict.PASS


class TestBadInput:
    """Every mistake has a sentence that names the key, what it must be, and what it was."""

    @pytest.mark.parametrize(
        ("settings", "kind", "sentence"),
        [
            # which start
            (
                ["correlations=null"],
                InvalidExperiment,
                "the file must have either `correlations` or `joint_state`, but has neither",
            ),
            (
                ["joint_state=[[1]]"],
                InvalidExperiment,
                "the file must have either `correlations` or `joint_state`, but has both",
            ),
            (
                ["joint_state=[[1]]", "correlations=null"],
                InvalidExperiment,
                "the file must have either `joint_state`, or `system.state` and `correlations`, but has `joint_state` "
                "and `system.state`",
            ),
            (
                ["system.state=null"],
                InvalidExperiment,
                "`system.state` must be given beside `correlations`, but is missing",
            ),
            # correlations
            (
                ["correlations.strength=2"],
                InvalidState,
                "`correlations` must leave the joint state without negative eigenvalues, but one is -0.0831698; "
                "`correlations.strength` may be at most 1.43302",
            ),
            (["correlations.strength=-2"], InvalidState, "; `correlations.strength` may be at least -1.43302"),
            (["correlations.strength=x"], InvalidExperiment, "`correlations.strength` must be a real number, but is"),
            (["correlations.strength=1e308", "correlations.elements=[[1, 2, 1e308]]"], InvalidInput, "be finite"),
            (["correlations.strenght=2"], InvalidExperiment, "has no key 'strenght'; did you mean 'strength'?"),
            (["correlations.kind=element"], InvalidExperiment, "but is 'element'; did you mean 'elements'?"),
            (["correlations=3"], InvalidExperiment, "`correlations` must be a table with a `kind`, but is 3"),
            (
                ["correlations={elements=[[1, 2, 0.1]]}"],
                InvalidExperiment,
                "`correlations.kind` must be one of matrix, elements, but is missing",
            ),
            (
                ["correlations.elements=[]"],
                InvalidExperiment,
                "`correlations.elements` must have at least one entry, but is empty",
            ),
            (
                ["correlations.elements=[[1, 2]]"],
                InvalidExperiment,
                "`correlations.elements` must hold entries [row, column, real part] or [row, column, real part, "
                "imaginary part], but they have 2 numbers",
            ),
            (
                ["correlations.elements=[[1, 2, 0.1], [0, 3, 0.1, 0.2]]"],
                InvalidExperiment,
                "`correlations.elements` must have rows of equal length",
            ),
            (
                ["correlations.elements.0.1=4"],
                InvalidExperiment,
                "`correlations.elements.0` must name rows and columns from 0 to 3, but names 4",
            ),
            (["correlations.elements.0.0=-1"], InvalidExperiment, "rows and columns from 0 to 3, but names -1"),
            (["correlations.elements.0.0=0.5"], InvalidExperiment, "rows and columns from 0 to 3, but names 0.5"),
            (
                ["correlations.elements=[[1, 2, 0.1], [2, 1, 0.1]]"],
                InvalidExperiment,
                "`correlations.elements.1` must be new, but [2, 1] or its conjugate is given before",
            ),
            (
                ["correlations.elements=[[1, 1, 0.1, 0.2]]"],
                InvalidExperiment,
                "`correlations.elements.0` must be real on the diagonal, but has the imaginary part 0.2",
            ),
            (
                ["correlations.elements=[[0, 1, 0.1]]"],
                InvalidInput,
                "`correlations` must leave the local states as they are, but change that of the environment by 0.1",
            ),
            (["correlations={real=[[0, 1], [1, 0]]}"], InvalidInput, "`correlations` must have shape (4, 4), but has"),
            (["correlations={real=[[0, 1]]}"], InvalidInput, "`correlations` must have shape (4, 4), but has"),
            (
                [f"correlations={written(np.triu(CHI))}"],
                InvalidInput,
                "`correlations` must be Hermitian, but differ from their adjoint by 0.15",
            ),
            (['correlations={file="none.npy"}'], InvalidExperiment, "`none.npy` must be a .npy file beside the"),
            (['correlations={file="u.npy", real=[[1]]}'], InvalidExperiment, "either `file`, or `real` and `imag`"),
            # the rest
            (["environment={kind='ladder', levels=751, spacing=1, beta=1}"], TooLarge, "at most 1500, but has 1502"),
            (
                ["system.state={kind='pure', real=[1, 0]}"],
                InvalidState,
                "`correlations` must stay where the system's state has weight, but have elements outside its support",
            ),
            (["systm.energies=[0]"], InvalidExperiment, "of kind correlated-operation has no key 'systm'; did you"),
            (["correlation=1"], InvalidExperiment, "has no key 'correlation'; did you mean 'correlations'?"),
            (["environment.inverse_temperature=1"], InvalidExperiment, "did you mean 'beta', the inverse temperature?"),
            (["unitary.time=x"], InvalidExperiment, "`unitary.time` must be a real number, but is 'x'"),
            (["system.energies=[]"], InvalidInput, "`system.energies` must have at least one entry, but is empty"),
        ],
    )
    def test_every_mistake_is_one_sentence_that_names_its_key(
        self, load: Load, settings: list[str], kind: type[InvalidInput], sentence: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            load(*settings)
        assert isinstance(caught.value, kind)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            (np.eye(4) / 40, "`joint_state` must have trace 1, but has trace 1.1"),
            (np.diag([0.01, -0.01, 0, 0]), "`joint_state` must leave the environment in its Gibbs state at"),
            (np.diag([1e-5, -1e-5, 0, 0]), "but its part of it differs from that by up to 1e-05"),
            (np.triu(CHI), "in `joint_state`: `correlations` must be Hermitian, but differ from their adjoint by 0.15"),
            (2 * CHI, "in `joint_state`: `correlations` must leave the joint state without negative eigenvalues"),
        ],
    )
    def test_joint_states(self, load: Load, change: np.ndarray, sentence: str) -> None:
        state = product(built(load())) + change
        with pytest.raises(InvalidInput) as caught:
            load("system.state=null", "correlations=null", f"joint_state={written(state)}")
        assert sentence in str(caught.value)

    def test_joint_states_of_another_shape(self, load: Load) -> None:
        with pytest.raises(InvalidInput, match=r"^`joint_state` must have shape \(4, 4\), but has shape \(2, 2\)$"):
            load("system.state=null", "correlations=null", "joint_state=[[0.5, 0], [0, 0.5]]")

    def test_a_rank_that_only_the_user_knows(self, load: Load) -> None:
        """One eigenvalue in the block of one excitation is neither clearly zero nor clearly positive."""
        with pytest.raises(InvalidState, match="at most") as caught:
            load("correlations.strength=10")
        largest = 10 * caught.value.measured
        with pytest.raises(AmbiguousRank, match="`correlations` must leave eigenvalues"):
            load(f"correlations.strength={largest * (1 - 1e-13)}")


class TestCommands:
    """Whatever can be done with a file can be done with this one."""

    def test_all_of_them(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        def run(*words: object) -> str:
            code = main([*map(str, words), "--quiet"] if words[0] not in ("exact",) else [*map(str, words)])
            out = capsys.readouterr()
            assert code == 0, out.err
            return out.out

        folder, page, figure = tmp_path / "run", tmp_path / "report.html", tmp_path / "figure.png"
        document = json.loads(run("verify", EXAMPLE, "--paths", "1e6", "--json", "--report", page, "--figure", figure))
        assert document["verdict"] == "pass"
        assert "correlated-operation" in page.read_text(encoding="utf-8")
        assert figure.stat().st_size > 1000
        exact = json.loads(run("exact", EXAMPLE, "--json"))
        expected = json.loads(json.dumps(exact_report(load_experiment(EXAMPLE).process)))
        assert {key: exact[key] for key in expected} == expected
        run("sample", EXAMPLE, "--out", folder, "--paths", "1e5")
        run("resume", folder, "--paths", "2e5")
        stored = json.loads(run("verify", folder, "--json"))
        assert (stored["verdict"], stored["paths"]) == ("pass", 200_000)
        run("histogram", folder, "--json")
        over = ("--over", "correlations.strength=0.5,1", "--over", "correlations.elements.0.3=-0.1,0.1")
        run("sweep", EXAMPLE, *over, "--paths", "1e6", "--out", tmp_path / "sweep")
