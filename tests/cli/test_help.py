"""Help pages: light, with examples that run, and with the limits that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.cli import arguments, manual
from qtraj.errors import InvalidInput
from qtraj.paths import blocks
from tests.cli.running import EXAMPLES, Outcome, Run


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_main(run: Run, words: list[str]) -> None:
    outcome = run(*words)
    assert (outcome.code, outcome.err) == (0, "")
    for name in manual.COMMANDS:
        assert re.search(rf"^  {name} ", outcome.out, re.M)


@pytest.mark.parametrize("name", manual.COMMANDS)
def test_commands_have_examples_that_run(run: Run, name: str, tmp_path: Path, monkeypatch: Any) -> None:
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


def test_version(run: Run) -> None:
    assert run("--version") == Outcome(0, f"qtraj {qtraj.__version__}\n", "")


def test_limits_are_those_of_the_samplers() -> None:
    assert arguments.MOST_PATHS == blocks.MOST_PATHS
    assert blocks.check_seed(arguments.MOST_SEED) == arguments.MOST_SEED
    with pytest.raises(InvalidInput):
        blocks.check_seed(arguments.MOST_SEED + 1)


def test_formats_are_those_of_the_plots() -> None:
    from qtraj.plots.saving import FORMATS

    assert {f".{name}" for name in FORMATS} == set(arguments.FIGURE_FORMATS)
