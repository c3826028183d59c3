"""Small stored runs that the tests of this room share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.experiment import Experiment, load_experiment
from qtraj.storage.start import start_run
from tests.storage import mortal
from tests.storage.runs import SEED, Obey


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


@pytest.fixture(scope="session")
def obey() -> Iterator[Obey]:
    """A process whose children can be killed; it starts once for all tests."""
    process = subprocess.Popen(
        [sys.executable, mortal.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent), "OMP_NUM_THREADS": "1"},
    )

    def give(folder: Path, **order: Any) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        order = {"model": "two-qubit-exchange", "sampler": "explicit"} | order
        print(json.dumps({"folder": str(folder), **order}), file=process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    try:
        yield give
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        process.wait(timeout=30)
        process.stdout.close()  # type: ignore[union-attr]
