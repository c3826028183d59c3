"""Running the command line in tests: in this process, which is quick, or as one of its own, which shows more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qtraj.cli.exits import Exit

ROOT = Path(__file__).resolve().parents[2]
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
