"""What a report says about how to run it again is enough to do so, to the last digit."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.cli.program import main
from qtraj.experiment.load import load_experiment
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.report.document import html_document
from qtraj.report.provenance import experiment_section, self_contained, versions
from qtraj.report.subject import Subject
from qtraj.report.toml_text import toml_text
from qtraj.storage.load import load_run
from qtraj.storage.run_folder import RunFolder
from qtraj.theorems.verify import verify
from tests.report.reports import EXAMPLES, NASTY
from tests.report.structure import Page, faults

# Surrogates have no place in TOML, nor in any file in UTF-8.
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.just(NASTY)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1) | st.booleans()
VALUES = st.recursive(
    NUMBERS | TEXT, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(TEXT | st.sampled_from(["reservoirs", "steps"]), VALUES, max_size=4))
def test_what_is_written_is_what_is_read(document: dict[str, Any]) -> None:
    read = tomllib.loads(toml_text(document))
    assert read == document
    assert repr(read).count("True") == repr(document).count("True")  # which equals 1, and is another value


def test_what_is_none_is_left_out() -> None:
    assert tomllib.loads(toml_text({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_example_survives(file: Path) -> None:
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    assert tomllib.loads(toml_text(document)) == document


def test_experiments_are_written_as_people_write_them() -> None:
    text = toml_text(load_experiment(EXAMPLES / "three_reservoirs.toml").document)
    assert text.startswith('kind = "collision-model"\n')
    assert "\n[reservoirs.hot]\nenergies = [0.0, 1.0]\n" in text
    assert text.count("\n[[steps]]\n") == 4


@pytest.fixture(params=["complex", "real"])
def with_matrix(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    state = np.array([[0.6, 0.1 + 0.2j], [0.1 - 0.2j, 0.4]])
    np.save(tmp_path / "state.npy", state if request.param == "complex" else state.real)
    file = tmp_path / "mine.toml"
    file.write_text(
        'kind = "thermal-operation"\n[system]\nenergies = [0.0, 1.0]\nstate = { kind = "matrix", file = "state.npy" }\n'
        '[environment]\nenergies = [0.0, 1.0]\nbeta = 0.7\n[unitary]\nkind = "haar"\n'
    )
    return file


def test_small_matrices_are_in_the_report(with_matrix: Path, tmp_path: Path) -> None:
    experiment = load_experiment(with_matrix)
    whole = self_contained(experiment)
    assert "file" in experiment.document["system"]["state"]
    assert "file" not in whole["system"]["state"]
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    (alone / "again.toml").write_text(toml_text(whole), encoding="utf-8")
    again = load_experiment(alone / "again.toml")
    assert exact_law(again.process).mean("sigma") == exact_law(experiment.process).mean("sigma")


def test_large_matrices_are_named(with_matrix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.report.provenance.MOST_ENTRIES", 3)
    experiment = load_experiment(with_matrix)
    report = verify(experiment.process, paths=100, followed_paths=0)
    text = html_document(Subject(report=report, experiment=experiment, title="mine"))
    assert "It needs the matrix file <code>state.npy</code>, which is too large for a report." in text


def shown_code(text: str, start: str) -> list[str]:
    return [code for code in Page(text).texts["code"] if code.startswith(start)]


def test_the_python_program_gives_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = load_experiment("two-qubit-exchange", ["angle=0.3"])
    ensemble = sample(experiment.process, paths=1000, seed=7)
    report = verify(experiment.process, ensemble=ensemble, followed_paths=1000)
    text = html_document(Subject(report=report, experiment=experiment, title="exchange"))  # figures take time
    (toml,), (program,) = shown_code(text, "model = "), shown_code(text, "import qtraj")
    monkeypatch.chdir(tmp_path)
    Path("two-qubit-exchange.toml").write_text(toml, encoding="utf-8")
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["ensemble"].class_counts.tolist() == ensemble.class_counts.tolist()
    assert names["report"].verdict is report.verdict


def test_paths_that_qtraj_did_not_draw_have_no_seed() -> None:
    experiment = load_experiment("two-qubit-exchange")
    drawn = sample(experiment.process, paths=100, seed=7, sampler="explicit")
    foreign = replace(drawn, seeds=(), sampler="elsewhere")
    for ensemble, shown in ((foreign, "none: not drawn by qtraj"), (drawn, "<td>7</td>")):
        report = verify(experiment.process, ensemble=ensemble, followed_paths=0)
        section = experiment_section(Subject(report=report, ensemble=ensemble, title="elsewhere"))
        assert shown in str(section.content)


@pytest.mark.slow
def test_a_pooled_run_is_drawn_and_merged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in ("7", "8"):
        words = ["sample", "two-qubit-exchange", "--paths", "1e3", "--seed", seed, "--out", f"seed{seed}", "--quiet"]
        assert main(words) == 0
    assert main(["merge", "seed7", "seed8", "--out", "both", "--quiet"]) == 0
    folder = RunFolder.open("both")
    ensemble = load_run(folder)
    report = verify(ensemble.process, ensemble=ensemble, followed_paths=1000)
    text = html_document(
        Subject(
            report=report,
            ensemble=ensemble,
            experiment=folder.experiment,
            manifest=folder.manifest,
            title="both",
        )
    )
    assert faults(text) == []
    assert "<td>7, 8</td>" in text
    (commands,) = shown_code(text, "qtraj sample")
    Path("two-qubit-exchange.toml").write_text(shown_code(text, "model = ")[0], encoding="utf-8")
    *drawing, verifying = [line.split()[1:] for line in commands.splitlines()]
    for words in drawing:
        assert main([*words, "--quiet"]) == 0
    assert verifying == ["verify", "pooled-1"]
    assert load_run("pooled-1").class_counts.tolist() == ensemble.class_counts.tolist()


def test_where_it_was_drawn_is_said_if_that_was_elsewhere(tmp_path: Path) -> None:
    assert main(["sample", "two-qubit-exchange", "--paths", "1e3", "--out", str(tmp_path / "run"), "--quiet"]) == 0
    folder = RunFolder.open(tmp_path / "run")
    ensemble = load_run(folder)
    report = verify(ensemble.process, ensemble=ensemble, followed_paths=0)

    def page() -> Page:
        return Page(html_document(Subject(report=report, title="run", manifest=folder.manifest)))

    assert "Drawn with" not in page().texts["caption"]
    folder.manifest.parts[0].drawn_with.append({**folder.manifest.parts[0].drawn_with[0], "numpy": "1.0 <elsewhere>"})
    assert page().texts["caption"].count("Drawn with") == 1
    assert "1.0 <elsewhere>" in page().texts["td"]


def test_versions_come_in_a_fixed_order_and_in_words() -> None:
    machine = {"numpy": "2.0", "qtraj": "1.0", "processor": ["AVX2", "FMA3"], "unknown": 1}
    assert versions(machine) == {"qtraj": "1.0", "NumPy": "2.0", "processor features": "AVX2 FMA3"}
