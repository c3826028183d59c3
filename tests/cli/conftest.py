"""The command line as a function: words in; text, JSON and an exit code out."""

from __future__ import annotations

import pytest

from qtraj.cli import main
from tests.cli.running import Outcome, Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> Outcome:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
