"""The command line as its users meet it: words in; text, JSON and an exit code out.

Most tests call `main` in this process, which is quick. What only a process can show (start-up, pipes, signals) is run
as one.
"""

from __future__ import annotations

import json
import os
import pickle
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qtraj
from qtraj.cli import arguments, main
from qtraj.cli.exits import Exit, explain
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import KINDS
from qtraj.models import MODELS
from qtraj.paths import blocks
from qtraj.paths.sample import DEFAULT_FOLLOWED_PATHS, DEFAULT_PATHS, DEFAULT_SEED
from qtraj.reproduce.registry import REPRODUCTIONS

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SWAP = str(EXAMPLES / "qubit_partial_swap.toml")
MODEL = "two-qubit-exchange"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        assert self.out.count("\n") == 1, "not one line of JSON and nothing else"
        return dict(json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")))


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> Outcome:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "qtraj", *(str(word) for word in words)]


def process(*words: object, **how: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=60, check=False, **({"env": environment} | how)
    )


def refused(outcome: Outcome, complaint: str, code: Exit = Exit.BAD_INPUT) -> None:
    """Nothing on standard output, and one plain sentence on standard error."""
    assert outcome.code == code, outcome
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("qtraj: ")
    assert complaint in outcome.err
    for word in ("Traceback", "usage:", "validation error", "pydantic"):
        assert word not in outcome.err


class TestVerify:
    def test_a_pass(self, run: Run) -> None:
        outcome = run("verify", SWAP)
        assert outcome.code == 0
        assert outcome.err == ""
        assert "\nPASS: " in outcome.out
        assert f"{DEFAULT_PATHS:,} paths" in outcome.out
        assert f"seed {DEFAULT_SEED}" in outcome.out
        assert "\x1b" not in outcome.out

    def test_json_has_the_keys_of_the_contract(self, run: Run) -> None:
        outcome = run("verify", SWAP, "--json", "--paths", "1e12", "--seed", 5)
        assert outcome.code == 0
        assert outcome.err == ""
        report = outcome.json
        assert {"verdict", "paths", "seed", "protocol", "sampler", "checks", "covered_weight", "timings"} <= set(report)
        assert (report["verdict"], report["paths"], report["seed"]) == ("pass", 10**12, 5)
        assert (report["protocol"], report["sampler"]) == ("augmented", "counts")
        keys = {"name", "kind", "sampled", "standard_error", "exact", "z", "tolerance", "verdict", "detectable"}
        for check in report["checks"]:
            assert keys <= set(check)
            assert check["kind"] in ("identity", "statistical", "support")
            assert check["z"] is None or check["kind"] != "identity"

    def test_too_few_paths_are_inconclusive(self, run: Run) -> None:
        outcome = run("verify", SWAP, "--paths", 5)
        assert outcome.code == Exit.INCONCLUSIVE
        assert "\nINCONCLUSIVE: " in outcome.out

    def test_a_wrong_number_fails(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Negative control: a law with swapped sign of sigma_d is found out, and the exit code says so."""
        from qtraj.paths.law import PathLaw

        right = PathLaw.mean
        monkeypatch.setattr(PathLaw, "mean", lambda law, name: right(law, name) * (-1 if name == "sigma_d" else 1))
        outcome = run("verify", SWAP)
        assert outcome.code == Exit.FAILS
        assert "\nFAIL: " in outcome.out

    @pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
    @pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point", "tpm", "kraus"])
    def test_samplers_and_protocols(self, run: Run, sampler: str, protocol: str) -> None:
        words = ("--sampler", sampler, "--protocol", protocol, "--paths", 20_000, "--json")
        outcome = run("verify", MODEL, *words)
        assert outcome.code in (Exit.HOLDS, Exit.INCONCLUSIVE)
        assert outcome.json["sampler"] == sampler
        assert outcome.json["protocol"] == {"tpm": "energy-two-point"}.get(protocol, protocol)

    def test_quiet_leaves_the_exit_code(self, run: Run) -> None:
        assert run("verify", SWAP, "--quiet") == Outcome(0, "", "")
        assert run("verify", SWAP, "--quiet", "--paths", 5) == Outcome(3, "", "")
        assert run("verify", SWAP, "--quiet", "--json").json["verdict"] == "pass"

    def test_workers_change_nothing(self, run: Run) -> None:
        words = ("histogram", MODEL, "--sampler", "explicit", "--paths", 140_000, "--json", "--backend", "threading")
        assert run(*words, "--n-jobs", 1).json == run(*words, "--n-jobs", 2).json

    def test_flags_win_over_the_file_and_the_file_over_the_defaults(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "mine.toml"
        table = '[ensemble]\npaths = 2e4\nseed = 9\nprotocol = "tpm"\nsampler = "explicit"\n'
        path.write_text(f'model = "{MODEL}"\n{table}', encoding="utf-8")
        keys = ("paths", "seed", "protocol", "sampler")
        report = run("verify", path, "--json").json
        assert [report[key] for key in keys] == [20_000, 9, "energy-two-point", "explicit"]
        flags = ("--paths", "30_000", "--seed", 0, "--protocol", "augmented", "--sampler", "counts")
        report = run("verify", path, "--json", *flags).json
        assert [report[key] for key in keys] == [30_000, 0, "augmented", "counts"]
        report = run("verify", path, "--json", "--set", "ensemble.seed=4").json
        assert report["seed"] == 4


class TestExact:
    def test_json_is_exact_to_the_last_digit(self, run: Run) -> None:
        document = run("exact", SWAP, "--json").json
        assert {"process", "averages", "path_law", "reasons"} <= set(document)
        reference = {
            "entropy_production": 0.437468192444333,
            "coherence_entropy_production": 0.143321010279016,
            "mutual_information": 0.166110975293225,
            "heat_into_environment": 0.285793933972504,
        }
        for name, value in reference.items():
            assert document["averages"][name] == pytest.approx(value, abs=1e-11)
        assert document["path_law"]["exp_minus_2sigma"] == pytest.approx(2.36958744037352, abs=1e-11)
        assert document["averages"]["final_state"]["real"][0][0] == pytest.approx(0.635793933972504, abs=1e-11)

    def test_what_is_missing_is_null_with_a_reason(self, run: Run) -> None:
        document = run("exact", SWAP, "--set", "environment.beta=0", "--json").json
        assert document["averages"]["initial_free_energy"] is None
        assert "infinite" in document["reasons"]["averages.initial_free_energy"]
        assert run("exact", SWAP, "--protocol", "kraus", "--json").json["path_law"]["mean_sigma"] is None

    def test_the_table_shows_twelve_digits_and_the_reasons(self, run: Run) -> None:
        outcome = run("exact", SWAP, "--set", "environment.beta=0")
        assert re.search(r"initial_coherence +0\.15865393263", outcome.out)
        assert re.search(r"initial_free_energy +- \(the free energy is infinite", outcome.out)

    def test_large_matrices_do_not_flood_the_table(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "large.toml").write_text(
            f'kind = "thermal-operation"\n[system]\nenergies = {list(range(12))}\n'
            'state = { kind = "gibbs", beta = 1 }\n[environment]\nenergies = [0, 1]\nbeta = 1\n'
            '[unitary]\nkind = "haar"\n'
        )
        outcome = run("exact", tmp_path / "large.toml", "--protocol", "tpm")
        assert "12 x 12 numbers, see --json" in outcome.out

    def test_options_of_verify_are_accepted(self, run: Run) -> None:
        assert run("exact", MODEL, "--paths", "1e3", "--seed", 1, "--sampler", "counts", "--quiet").code == 0


class TestHistogram:
    def test_json_has_atoms_and_counts_of_every_quantity(self, run: Run) -> None:
        document = run("histogram", SWAP, "--json", "--paths", 10_000).json
        assert set(document["quantities"]) == {"sigma", "sigma_d", "xi", "heat"}
        for table in document["quantities"].values():
            assert sum(table["counts"]) == 10_000
            assert sum(table["probabilities"]) == pytest.approx(1, abs=1e-12)
            assert table["atoms"] == sorted(table["atoms"])
            assert np.exp(table["log_probabilities"]) == pytest.approx(table["probabilities"], rel=1e-12)
        assert document["quantities"]["sigma"]["exact_mean"] == pytest.approx(0.437468192444333, abs=1e-11)

    def test_a_protocol_without_sigma_shows_the_heat(self, run: Run) -> None:
        document = run("histogram", SWAP, "--protocol", "kraus", "--json").json
        assert document["quantities"]["sigma"] is None
        assert "kraus" in document["reasons"]["quantities.sigma"]
        assert document["quantities"]["heat"]["atoms"] == [-1.0, 0.0, 1.0]
        assert re.search(r"^ +heat +exact +sampled +paths$", run("histogram", SWAP, "--protocol", "kraus").out, re.M)

    def test_the_table(self, run: Run) -> None:
        outcome = run("histogram", SWAP)
        assert len(re.findall(r"^ +-?\d\.\d{8} +[\d.e-]+ +[\d.e-]+ +\d+( +#+)?$", outcome.out, re.M)) == 12
        assert re.search(r"^ +sigma +0\.437468 ", outcome.out, re.M)

    def test_long_tables_keep_the_most_probable_atoms(self, run: Run) -> None:
        outcome = run("histogram", EXAMPLES / "qutrit_ladder.toml", "--log")
        assert len(re.findall(r" #+$", outcome.out, re.M)) == 40
        assert re.search(r"^\d+ less probable atoms, .* are not shown; see --json$", outcome.out, re.M)


class TestFigures:
    def test_a_figure_beside_the_text(self, run: Run, tmp_path: Path) -> None:
        outcome = run("verify", SWAP, "--figure", tmp_path / "a.png")
        assert outcome.code == 0
        assert outcome.out.endswith(f"figure: {tmp_path / 'a.png'}\n")
        assert os.listdir(tmp_path) == ["a.png"]
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")

    def test_a_figure_beside_json(self, run: Run, tmp_path: Path) -> None:
        outcome = run("histogram", SWAP, "--log", "--json", "--figure", tmp_path / "a.PDF")
        assert "quantities" in outcome.json
        assert (tmp_path / "a.PDF").read_bytes().startswith(b"%PDF")

    @pytest.mark.parametrize("name", ["verify", "histogram"])
    def test_what_is_drawn(self, run: Run, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn: list[tuple[Any, dict[str, Any]]] = []
        monkeypatch.setattr("qtraj.plots.overview", lambda ensemble, **how: drawn.append((ensemble, how)))
        monkeypatch.setattr("qtraj.plots.save_figure", lambda figure, path: None)
        words = ("--figure", tmp_path / "a.svg", "--paths", 1000, "--quiet")
        assert run(name, SWAP, *words).out == ""
        [(ensemble, how)] = drawn
        assert ensemble.paths == 1000
        assert (how["title"], how["log"]) == ("qubit_partial_swap", False)
        assert (how["report"] is None) is (name == "histogram")

    def test_the_place_is_looked_at_before_the_work(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qtraj.cli.commands.load_experiment", lambda *_: pytest.fail("work was done"))
        (tmp_path / "folder.png").mkdir()
        figure = ("verify", SWAP, "--figure")
        refused(run(*figure, tmp_path / "a.bmp"), "`--figure` must end in .png, .svg, .pdf, but is ")
        refused(run(*figure, tmp_path / ".png"), "`--figure` must end in .png")
        refused(run(*figure, tmp_path / "none" / "a.png"), "none does not exist", Exit.STORAGE)
        refused(run(*figure, tmp_path / "folder.png"), "must be a file, but is a folder", Exit.STORAGE)

    def test_a_full_disk_does_not_cost_the_verdict(
        self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("qtraj.plots.overview", lambda *_, **__: None)

        def full(*_: object) -> None:
            raise StorageError("`a.png` could not be written: no space left on device")

        monkeypatch.setattr("qtraj.plots.save_figure", full)
        outcome = run("verify", SWAP, "--figure", tmp_path / "a.png")
        assert outcome.code == Exit.STORAGE
        assert "\nPASS: " in outcome.out
        assert outcome.err == "qtraj: `a.png` could not be written: no space left on device\n"


class TestModels:
    def test_text_names_every_parameter_with_its_default(self, run: Run) -> None:
        outcome = run("models")
        for model in MODELS.values():
            assert f"{model.name}  [{model.source}]" in outcome.out
            for name, value in model.parameters.items():
                assert re.search(rf"^ +{name} +{re.escape(json.dumps(value))}$", outcome.out, re.M)

    def test_json(self, run: Run) -> None:
        listed = {entry["name"]: entry for entry in run("models", "--json").json["models"]}
        assert set(listed) == set(MODELS)
        assert listed[MODEL]["source"] == "Santos19"
        assert listed[MODEL]["parameters"]["frequency"] == 1.0
        assert listed[MODEL]["summary"]
        assert listed[MODEL]["meanings"]["angle"] == "Exchange angle theta in radians."

    @pytest.mark.parametrize("name", MODELS)
    def test_defaults_can_be_set_as_listed(self, run: Run, name: str) -> None:
        (entry,) = run("models", name, "--json").json["models"]
        defaults = {key: json.dumps(value) for key, value in entry["parameters"].items()}
        settings = [word for key, value in defaults.items() for word in ("--set", f"{key}={value}")]
        assert run("exact", name, "--json", *settings).json["averages"] == run("exact", name, "--json").json["averages"]

    @pytest.mark.parametrize("name", MODELS)
    def test_one_model_says_what_its_parameters_mean(self, run: Run, name: str) -> None:
        outcome = run("models", name)
        assert outcome.out.startswith(f"{name}  [")
        assert max(map(len, outcome.out.splitlines())) <= 100
        for key, value in MODELS[name].parameters.items():
            assert re.search(rf"^  {key} = {re.escape(json.dumps(value))}\n      \S", outcome.out, re.M)

    def test_entries_of_lists_and_states_left_open_can_be_set(self, run: Run) -> None:
        def final(*settings: str) -> Any:
            words = [word for setting in settings for word in ("--set", setting)]
            return run("exact", "davies-qutrit", "--json", *words).json["averages"]["initial_populations"]

        assert final("rates.0.2=0.5") == final()
        assert final("state.kind=gibbs", "state.beta=0") == pytest.approx([1 / 3] * 3)
        assert final("state.kind=pure", "state.real=[0, 1, 0]") == [0.0, 1.0, 0.0]


class TestJumpProcesses:
    """Where the paths have a finite law they are counted, elsewhere they are followed."""

    DRIVEN = str(EXAMPLES / "driven_qubit.toml")
    DAVIES = str(EXAMPLES / "davies_qutrit.toml")

    def test_the_sampler_is_chosen_by_the_process(self, run: Run) -> None:
        report = run("verify", self.DAVIES, "--json").json
        assert (report["verdict"], report["sampler"], report["paths"]) == ("pass", "counts", DEFAULT_PATHS)
        report = run("verify", self.DRIVEN, "--json").json
        assert (report["verdict"], report["sampler"], report["paths"]) == ("pass", "followed", DEFAULT_FOLLOWED_PATHS)
        assert report["seed"] == DEFAULT_SEED
        assert f" {DEFAULT_FOLLOWED_PATHS:,} paths, sampler followed" in run("verify", self.DRIVEN).out
        report = run("verify", self.DAVIES, "--sampler", "followed", "--json").json
        assert (report["sampler"], report["paths"]) == ("followed", DEFAULT_FOLLOWED_PATHS)

    @pytest.mark.parametrize("sampler", ["counts", "explicit"])
    @pytest.mark.parametrize("name", ["verify", "histogram"])
    def test_samplers_that_need_a_law_say_why_there_is_none(self, run: Run, name: str, sampler: str) -> None:
        refused(run(name, self.DRIVEN, "--sampler", sampler), "needs a finite law")

    def test_a_model_has_its_own_averages(self, run: Run) -> None:
        ours = run("exact", "resonant-pair", "--json").json
        assert {"heat_current_from_a", "heat_current_from_b", "noise_power"} <= set(ours["averages"])
        other = run("exact", "resonant-pair", "--set", "noise_strength=0", "--json").json
        assert other["averages"]["heat_current_from_a"] == 0.0

    def test_a_file_of_a_model_has_them_too(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "pair.toml"
        path.write_text('model = "resonant-pair"\n[parameters]\nnoise_strength = 0.3\n', encoding="utf-8")
        named = run("exact", "resonant-pair", "--set", "noise_strength=0.3", "--json").json
        assert run("exact", path, "--json").json["averages"] == named["averages"]
        assert named["averages"]["noise_power"] is not None

    def test_nested_averages_and_repeated_reasons_are_readable(self, run: Run) -> None:
        outcome = run("exact", self.DRIVEN)
        assert re.search(
            r"^at the end of the duration .*\n(  .*\n)*  entropy_flux_cold +-0\.118659174", outcome.out, re.M
        )
        assert len(re.findall(r"have no finite law because", outcome.out)) == 1
        assert re.search(r"^  classes +- \(for the same reason\)$", outcome.out, re.M)

    def test_values_without_a_law_are_counted_in_bins(self, run: Run) -> None:
        outcome = run("histogram", self.DRIVEN, "--paths", 2000)
        assert re.search(r"^ +sigma from +to +sampled +paths$", outcome.out, re.M)
        rows = re.findall(r"^ +-?\d+\.\d{8} +-?\d+\.\d{6} +[\d.e-]+ +(\d+)(?: +(#+))?$", outcome.out, re.M)
        assert len(rows) == 30
        assert sum(int(count) for count, _ in rows) == 2000
        assert max(rows, key=lambda row: int(row[0]))[1] == max((bar for _, bar in rows), key=len)
        assert "exact mean" not in outcome.out
        logarithmic = run("histogram", self.DRIVEN, "--paths", 2000, "--log").out
        assert re.search(r" 1  #$", logarithmic, re.M)
        assert re.search(r"  0$", logarithmic, re.M)

    def test_bins_in_json(self, run: Run) -> None:
        document = run("histogram", self.DRIVEN, "--paths", 2000, "--json").json
        assert document["sampler"] == "followed"
        assert {"sigma", "sigma_d", "xi", "heat", "heat_into_cold", "jumps"} <= set(document["quantities"])
        for table in document["quantities"].values():
            assert sum(table["counts"]) == 2000
            assert len(table["edges"]) == len(table["counts"]) + 1
            assert table["edges"][0] <= table["sampled_mean"] <= table["edges"][-1]
        kraus = run("histogram", self.DRIVEN, "--paths", 2000, "--json", "--protocol", "kraus").json
        assert kraus["quantities"]["sigma"] is None
        assert "kraus" in kraus["reasons"]["quantities.sigma"]

    def test_several_heats_of_a_law_in_json(self, run: Run) -> None:
        document = run("histogram", EXAMPLES / "two_temperature_relaxation.toml", "--json").json
        into = [name for name in document["quantities"] if name.startswith("heat_into_")]
        assert len(into) >= 2
        for name in into:
            assert sum(document["quantities"][name]["probabilities"]) == pytest.approx(1, abs=1e-12)

    def test_workers_change_nothing(self, run: Run) -> None:
        words = ("histogram", self.DRIVEN, "--paths", 70_000, "--json", "--backend", "threading")
        assert run(*words, "--n-jobs", 1).json == run(*words, "--n-jobs", 2).json


class TestReproduce:
    def test_the_list(self, run: Run) -> None:
        outcome = run("reproduce")
        assert outcome.code == 0
        for entry in REPRODUCTIONS.values():
            assert f"{entry.name}  [{entry.source}]" in outcome.out

    def test_one_as_a_table_and_as_json(self, run: Run) -> None:
        outcome = run("reproduce", "rfa13-qubit")
        assert re.search(r"^quantity +printed +corrected +ours$", outcome.out, re.M)
        document = run("reproduce", "rfa13-qubit", "--json").json
        assert document["rows"][0]["printed"] == -document["rows"][0]["corrected"]
        assert run("reproduce", "rfa13-qubit", "--quiet") == Outcome(0, "", "")

    def test_a_figure(self, run: Run, tmp_path: Path) -> None:
        outcome = run("reproduce", "rfa13-qubit", "--figure", tmp_path / "a.svg")
        assert outcome.out.endswith(f"figure: {tmp_path / 'a.svg'}\n")
        assert (tmp_path / "a.svg").stat().st_size > 1000

    def test_all_figures_into_a_folder(self, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn: list[str] = []
        monkeypatch.setattr("qtraj.cli.reproduce._save", lambda entry, path: drawn.append(path))
        assert run("reproduce", "--figure", tmp_path / "figures", "--quiet") == Outcome(0, "", "")
        assert str(tmp_path / "figures" / "rfa13-qubit.png") in drawn


class TestModelNames:
    @pytest.mark.parametrize("name", MODELS)
    def test_every_default_runs_to_a_verdict(self, run: Run, name: str) -> None:
        outcome = run("verify", name, "--paths", 2000, "--json")
        assert outcome.code in (Exit.HOLDS, Exit.INCONCLUSIVE), outcome
        assert outcome.json["verdict"] in ("pass", "inconclusive")


class TestBadInput:
    """Exit code 2, and one plain sentence."""

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (["verfy"], "command 'verfy' is not known; did you mean 'verify'?"),
            (["frobnicate"], "command 'frobnicate' is not known; known: verify, exact, histogram, models"),
            (["--frob"], "option '--frob' is not known"),
            (["--quiet", "verify"], "the command must come first"),
            (["verify"], "needs an experiment file or the name of a model"),
            (["verify", "--pahts", "5", SWAP], "option '--pahts' is not known; did you mean '--paths'?"),
            (["verify", "--pahts=5", SWAP], "option '--pahts' is not known; did you mean '--paths'?"),
            (["verify", SWAP, "-x"], "option '-x' is not known"),
            (["verify", SWAP, "--path", "5"], "option '--path' is not known; did you mean '--paths'?"),
            (["exact", SWAP, "--report", "r.html"], "option '--report' is not known"),
            (["exact", SWAP, "--figure", "a.png"], "option '--figure' is not known"),
            (["models", "davies", "--json"], "model 'davies' is not known; did you mean 'davies-qutrit'?"),
            (["models", "--quiet"], "option '--quiet' is not known"),
            (["models", MODEL, "extra"], "takes one target, but got 'extra' as well"),
            (["reproduce", "rfa13-qbit"], "reproduction 'rfa13-qbit' is not known; did you mean 'rfa13-qubit'?"),
            (["reproduce", "rfa13-qubit", "--figure", "a.bmp"], "`--figure` must end in .png, .svg, .pdf"),
            (["reproduce", "rfa13-qubit", "--paths", "5"], "option '--paths' is not known"),
            (["reproduce", "rfa13-reciprocity", "--figure", "a.png"], "is a table and has no figure"),
            (["verify", SWAP, SWAP], "takes one target, but got"),
            (
                ["verify", SWAP, "--paths"],
                "`--paths` must be followed by a value, but is not; see `qtraj verify --help`",
            ),
            (["verify", SWAP, "--json=yes"], "--json: ignored explicit argument 'yes'"),
            (["verify", SWAP, "--paths", "0"], "`--paths` must be a whole number from 1 to 10^15, but is '0'"),
            (["verify", SWAP, "--paths", "-5"], "but is '-5'"),
            (["verify", SWAP, "--paths", "1e400"], "but is '1e400'"),
            (["verify", SWAP, "--paths", "1e999999999999"], "but is '1e999999999999'"),
            (["verify", SWAP, "--paths", "1e15001"], "but is '1e15001'"),
            (["verify", SWAP, "--paths", "1000000000000001"], "but is '1000000000000001'"),
            (["verify", SWAP, "--paths", "1.5"], "but is '1.5'"),
            (["verify", SWAP, "--paths", "nan"], "but is 'nan'"),
            (["verify", SWAP, "--paths=-inf"], "but is '-inf'"),
            (["verify", SWAP, "--paths", "many"], "but is 'many'"),
            (["verify", SWAP, "--paths", ""], "but is ''"),
            (["verify", SWAP, "--seed", "-1"], "`--seed` must be a whole number from 0 to 2^128 - 1, but is '-1'"),
            (["verify", SWAP, "--seed", "9" * 5000], "`--seed` must be a whole number"),
            (["verify", SWAP, "--n-jobs", "0"], "`--n-jobs` must be a whole number other than 0"),
            (["verify", SWAP, "--n-jobs", "two"], "`--n-jobs` must be a whole number up to 4096, other than 0"),
            (["verify", SWAP, "--protocol", "augmnted"], "protocol 'augmnted' is not known; did you mean 'augmented'?"),
            (["verify", SWAP, "--sampler", "count"], "sampler 'count' is not known; did you mean 'counts'?"),
            (
                ["verify", MODEL, "--sampler", "explicit", "--n-jobs", "2", "--backend", "none", "--paths", "1e6"],
                "`backend` must be one",
            ),
            (["verify", "none.toml"], "but 'none.toml' is neither"),
            (["verify", "two-qubit-exhange"], "did you mean 'two-qubit-exchange'?"),
            (["verify", ""], "but is empty"),
            (["verify", "."], "must be a regular file, but is a folder"),
            (["verify", "/dev/null"], "must be a regular file, but is a pipe or device"),
            (["verify", SWAP, "--set"], "`--set` must be followed by a value"),
            (["verify", SWAP, "--set", "beta"], "must be followed by key=value"),
            (["verify", SWAP, "--set", "environment.bta=1"], "did you mean 'beta'?"),
            (["verify", SWAP, "--set", "environment.beta=-1"], "`environment.beta` must be at least 0, but is -1"),
            (["verify", SWAP, "--set", "system.energies=[0,-1,nan]"], "`system.energies.2` must be finite"),
            (["verify", SWAP, "--set", "system.energies=[]"], "`system.energies` must have at least one entry"),
            (["verify", MODEL, "--set", "agle=1"], "has no parameter 'agle'; did you mean 'angle'?"),
        ],
    )
    def test_words(self, run: Run, words: list[str], complaint: str) -> None:
        refused(run(*words), complaint)

    def test_the_sentence_says_which_file_it_is_about(self, run: Run) -> None:
        refused(run("exact", SWAP, "--set", "environment.beta=-1"), f"qtraj: {SWAP}: `environment.beta` must be")

    def test_files(self, run: Run, tmp_path: Path) -> None:
        path = tmp_path / "bad.toml"
        for content, complaint in (
            (b"kind = ", "must be TOML, but is not: invalid value (at"),
            (b"\xff\xfe", "must be a text file in UTF-8, but byte 0 is not"),
            (b"", f"`kind` must be one of {', '.join(KINDS)} (or `model` the name of a model), but is missing"),
            (b"x = " + b"[" * 3000 + b"]" * 3000, "nests tables or lists too deeply"),
        ):
            path.write_bytes(content)
            refused(run("verify", path), complaint)
        with path.open("wb") as file:
            file.truncate(20 * 2**20)
        refused(run("verify", path), "must have at most 16 MiB, but has 20.0 MiB")

    def test_a_pickle_is_no_matrix(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "u.npy").write_bytes(pickle.dumps(np.eye(4)))
        text = (EXAMPLES / "qubit_partial_swap.toml").read_text(encoding="utf-8")
        path = tmp_path / "mine.toml"
        path.write_text(
            text[: text.index("[unitary]")] + '[unitary]\nkind = "matrix"\nfile = "u.npy"\n', encoding="utf-8"
        )
        refused(run("verify", path), "`u.npy` must be a .npy file of numbers, but holds pickled Python objects")

    def test_sampling_more_rows_than_memory_is_no_bug(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise MemoryError

        monkeypatch.setattr("qtraj.cli.commands.verify", full)
        refused(run("verify", SWAP), "there is not enough memory for this; use fewer levels")


class TestBugs:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qtraj.cli.commands.verify", lambda *_, **__: 1 / 0)

    @pytest.mark.usefixtures("broken")
    def test_a_bug_asks_for_a_report_in_one_sentence(self, run: Run) -> None:
        refused(run("verify", SWAP), "this is a bug of qtraj (ZeroDivisionError at ", Exit.BUG)
        assert "please report it" in run("verify", SWAP).err

    @pytest.mark.usefixtures("broken")
    def test_the_traceback_is_there_for_those_who_ask(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "Traceback" in run("verify", SWAP, "--debug").err
        monkeypatch.setenv("QTRAJ_DEBUG", "1")
        outcome = run("verify", SWAP)
        assert "Traceback" in outcome.err
        assert outcome.code == Exit.BUG

    def test_every_exception_has_an_exit_code(self) -> None:
        cases = [
            (InvalidInput("x"), 2),
            (StorageError("x"), 4),
            (MemoryError(), 2),
            (RecursionError("x"), 70),
            (ValueError("x\ny"), 70),
        ]
        for error, code in cases:
            assert explain(error)[0] == code
            assert "\n" not in explain(error)[1]

    def test_a_warning_is_one_line(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        import warnings

        from qtraj.cli import commands

        def warned(*arguments: Any, **how: Any) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.warn("mind the\ngap", RuntimeWarning, stacklevel=1)
            return right(*arguments, **how)

        right = commands.exact_report
        monkeypatch.setattr(commands, "exact_report", warned)
        outcome = run("exact", MODEL, "--json")
        assert outcome.err == "qtraj: warning: mind the gap\n"
        assert outcome.json


class TestHelp:
    @pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
    def test_main(self, run: Run, words: list[str]) -> None:
        outcome = run(*words)
        assert (outcome.code, outcome.err) == (0, "")
        for name in arguments.COMMANDS:
            assert re.search(rf"^  {name} ", outcome.out, re.M)

    @pytest.mark.parametrize("name", arguments.COMMANDS)
    def test_commands_have_examples_that_run(self, run: Run, name: str, tmp_path: Path, monkeypatch: Any) -> None:
        outcome = run(name, "--help")
        assert (outcome.code, outcome.err) == (0, "")
        assert max(map(len, outcome.out.splitlines())) <= 110
        examples = re.findall(r"^  qtraj (.*)$", outcome.out.partition("examples:")[2], re.M)
        assert len(examples) >= 2
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("qtraj.cli.commands._draw", lambda *_: None)  # slow, and tested above
        monkeypatch.setattr("qtraj.cli.reproduce._save", lambda *_: None)
        Path("experiment.toml").write_text((EXAMPLES / "qubit_partial_swap.toml").read_text(encoding="utf-8"))
        for example in examples:
            assert run(*example.split()).code == 0

    def test_version(self, run: Run) -> None:
        assert run("--version") == Outcome(0, f"qtraj {qtraj.__version__}\n", "")

    def test_limits_are_those_of_the_samplers(self) -> None:
        assert arguments.MOST_PATHS == blocks.MOST_PATHS
        assert blocks.check_seed(arguments.MOST_SEED) == arguments.MOST_SEED
        with pytest.raises(InvalidInput):
            blocks.check_seed(arguments.MOST_SEED + 1)

    def test_formats_are_those_of_the_plots(self) -> None:
        from qtraj.plots.saving import FORMATS

        assert {f".{name}" for name in FORMATS} == set(arguments.FIGURE_FORMATS)


class TestProcess:
    """What only a process of its own shows."""

    def test_help_is_light_and_the_door_leads_to_the_command_line(self) -> None:
        code = "import sys\nfrom qtraj.cli import main\nmain(['verify', '--help'])\nprint(*sys.modules)"
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        loaded = {name.partition(".")[0] for name in result.stdout.splitlines()[-1].split()}
        assert not loaded & {"numpy", "scipy", "matplotlib", "pydantic", "rich", "joblib"}

    def test_help_is_quick(self) -> None:
        seconds = []
        for _ in range(3):  # the best of three: another program may be busy during one
            start = time.perf_counter()
            assert process("--help").returncode == 0
            seconds.append(time.perf_counter() - start)
        assert min(seconds) < 0.6

    def test_exit_codes_reach_the_shell(self) -> None:
        assert process("--version").stdout == f"qtraj {qtraj.__version__}\n"
        result = process("verfy")
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "qtraj: command 'verfy' is not known; did you mean 'verify'?\n"

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
    def test_a_reader_that_has_seen_enough_is_no_error(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        try:
            result = subprocess.run(
                command("exact", SWAP, "--json"),
                stdout=writing,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                timeout=60,
                check=False,
            )
        finally:
            os.close(writing)
        assert (result.returncode, result.stderr) == (0, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
    def test_a_full_disk_is_a_storage_error(self) -> None:
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                command("models"),
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                timeout=60,
                check=False,
            )
        assert result.returncode == Exit.STORAGE
        assert result.stderr == "qtraj: standard output could not be written: no space left on device\n"

    def test_a_terminal_without_unicode_gets_replacements(self, tmp_path: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
        result = process("exact", "schrödinger.toml", env=environment)
        assert result.returncode == 2
        assert "schr\\xf6dinger.toml" in result.stderr

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
    def test_ctrl_c_ends_quietly(self) -> None:
        words = ["verify", SWAP, "--sampler", "followed", "--paths", "1e12"]
        # Whoever runs the tests in the background has Ctrl-C switched off, and its children inherit that.
        code = (
            "import signal, sys, qtraj.cli.commands\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            f"print('ready', flush=True)\nsys.exit(qtraj.cli.main({words}))"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        ) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            try:
                out, err = running.communicate(timeout=60)
            finally:
                running.kill()
        assert (running.returncode, out, err) == (Exit.INTERRUPTED, b"", b"")

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
    @pytest.mark.parametrize("no_colour", [False, True])
    def test_colours_only_on_terminals_that_want_them(self, no_colour: bool) -> None:
        environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
        environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | ({"NO_COLOR": "1"} if no_colour else {})
        ours, theirs = pty.openpty()
        with subprocess.Popen(command("verify", MODEL), stdout=theirs, stderr=theirs, env=environment) as running:
            os.close(theirs)
            shown = b""
            while select.select([ours], [], [], 60)[0]:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # Linux says so when the other end is closed
                    break
                if not part:
                    break
                shown += part
        os.close(ours)
        assert running.returncode == 0
        assert (b"\x1b[1;32mPASS\x1b[0m:" in shown) is not no_colour
        assert (b"\r\nPASS:" in shown) is no_colour
