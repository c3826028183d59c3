"""An experiment that is right, and a way to spoil it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtraj.experiment import Experiment, load_experiment

QUBIT = """
kind = "thermal-operation"

[system]
energies = [0.0, 1.0]
state = { kind = "bloch", x = 0.5, y = 0.2, z = -0.3 }

[environment]
energies = [0.0, 1.0]
beta = 1.0

[unitary]
kind = "partial-swap"
angle = 1.0471975511965976
"""


@pytest.fixture
def qubit(tmp_path: Path) -> Path:
    """The file of a qubit that is partially swapped with a thermal one."""
    path = tmp_path / "qubit.toml"
    path.write_text(QUBIT, encoding="utf-8")
    return path


@pytest.fixture
def load(qubit: Path) -> Callable[..., Experiment]:
    """Load the qubit's file with settings."""
    return lambda *settings: load_experiment(qubit, settings)
