"""Small stored runs that the tests of this room share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtraj.experiment import Experiment, load_experiment
from qtraj.storage.start import start_run
from tests.storage.runs import SEED


@pytest.fixture(scope="session")
def exchange() -> Experiment:
    return load_experiment("two-qubit-exchange")


@pytest.fixture(scope="session")
def qutrit() -> Experiment:
    return load_experiment("davies-qutrit")


@pytest.fixture(scope="session")
def lawless() -> Experiment:
    """Paths of this process have no finite law."""
    return load_experiment("dephasing-qubit")


@pytest.fixture(scope="session")
def _stored(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    made: dict[tuple[Any, ...], Path] = {}

    def store(model: str, **how: Any) -> Path:
        key = (model, *sorted(how.items()))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("stored") / "run"
            start_run(load_experiment(model), made[key], **({"seed": SEED} | how))
        return made[key]

    return store


@pytest.fixture
def stored(_stored: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of a finished run, of one's own to spoil: `stored(model, **arguments of start_run)`."""
    number = 0

    def copy(model: str = "two-qubit-exchange", **how: Any) -> Path:
        nonlocal number
        number += 1
        target = tmp_path / f"run-{number}"
        shutil.copytree(_stored(model, **how), target)
        return target

    return copy
