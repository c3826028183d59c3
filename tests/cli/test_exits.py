"""Bugs, warnings and the exit code of every exception."""

from __future__ import annotations

from typing import Any

import pytest

from qtraj.cli.exits import Exit, explain
from qtraj.errors import InvalidInput, StorageError
from tests.cli.running import MODEL, SWAP, Run, refused


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.cli.commands.verify", lambda *_, **__: 1 / 0)


@pytest.mark.usefixtures("broken")
def test_a_bug_asks_for_a_report_in_one_sentence(run: Run) -> None:
    refused(run("verify", SWAP), "this is a bug of qtraj (ZeroDivisionError at ", Exit.BUG)
    assert "please report it" in run("verify", SWAP).err


@pytest.mark.usefixtures("broken")
def test_the_traceback_is_there_for_those_who_ask(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" in run("verify", SWAP, "--debug").err
    monkeypatch.setenv("QTRAJ_DEBUG", "1")
    outcome = run("verify", SWAP)
    assert "Traceback" in outcome.err
    assert outcome.code == Exit.BUG


def test_every_exception_has_an_exit_code() -> None:
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


def test_a_warning_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
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
