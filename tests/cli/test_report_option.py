"""`qtraj verify --report`: the file, its exit codes, and what else the command says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qtraj.cli.arguments import REPORT_FORMATS
from qtraj.cli.program import main
from qtraj.report.write import ENDINGS
from tests.report.structure import faults

# The protocol with the fewest figures that is not without sigma.
MODEL = ("two-qubit-exchange", "--set", "angle=0.3", "--seed", "7", "--protocol", "eigenbasis-two-point")


def test_the_command_line_knows_the_same_endings() -> None:
    assert REPORT_FORMATS == ENDINGS


def test_a_report_of_a_run_and_of_the_same_run_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They differ in what the folder records about itself, and in nothing that was found."""
    files = [tmp_path / "run.html", tmp_path / "stored.html"]
    assert main(["sample", *MODEL, "--out", str(tmp_path / "run"), "--paths", "1e5", "--quiet"]) == 0
    assert main(["verify", str(tmp_path / "run"), "--report", str(files[1]), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["verify", *MODEL, "--paths", "1e5", "--report", str(files[0])]) == 0
    assert capsys.readouterr().out.endswith(f"\nreport: {files[0]}\n")
    pages = [file.read_text(encoding="utf-8") for file in files]
    assert [faults(page) for page in pages] == [[], []]
    found = [
        re.findall("<section id=.(?:verdict|checks|figures|averages|diagnostics).*?</section>", page) for page in pages
    ]
    assert len(found[0]) == 5
    assert found[0] == found[1]


def test_json_stays_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.html"
    assert main(["verify", *MODEL, "--paths", "1e4", "--protocol", "kraus", "--json", "--report", str(file)]) in (0, 3)
    document = json.loads(capsys.readouterr().out)
    assert document["protocol"] == "kraus"
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "code", "sentence"),
    [
        ("none/report.html", 4, "the folder .*none does not exist"),
        ("folder.html", 4, "must be a file, but is a folder"),
        ("report.pdf", 2, r"`--report` must end in \.html or \.htm, but is"),
        ("report", 2, r"`--report` must end in \.html or \.htm, but is"),
    ],
)
def test_where_it_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str, code: int, sentence: str
) -> None:
    """Said before anything is computed."""
    (tmp_path / "folder.html").mkdir()
    assert (
        main(["verify", *MODEL, "--paths", "1e15", "--sampler", "followed", "--report", str(tmp_path / path)]) == code
    )
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"qtraj: .*{sentence}.*\n", said.err)


def test_only_verify_writes_reports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact", "two-qubit-exchange", "--report", "x.html"]) == 2
    assert "option '--report' is not known" in capsys.readouterr().err
