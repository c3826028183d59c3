"""Ensembles of processes that are no thermal operations, drawn once for all tests of figures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from qtraj.experiment import load_experiment
from qtraj.models import build_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def process_of(name: str) -> Process:
    match name:
        case "thermal":
            return build_model("coherent-collision", coherence=0.0, collisions=6)
        case "coherent":
            return build_model("coherent-collision", collisions=3)
        case "measured":
            return build_model("coherent-collision", collisions=3, measure="energy")
        case "pure":
            return build_model("coherent-collision", coherence=0.0, collisions=4, initial="ground")
        case "three":
            return load_experiment(str(EXAMPLES / "three_reservoirs.toml"), ["repeat=1"]).process
        case "relaxation":
            return load_experiment(str(EXAMPLES / "two_temperature_relaxation.toml"), ["repeat=12"]).process
        case "qutrit":
            return build_model("davies-qutrit", duration=4.0)
        case "network":
            return build_model("two-node-network", duration=20.0)
        case "junction":
            return load_experiment(str(EXAMPLES / "three_level_junction.toml"), ["duration=5"]).process
        case "driven":
            return load_experiment(str(EXAMPLES / "driven_qubit.toml"), []).process
        case "dephasing":
            return build_model("dephasing-qubit")
    raise AssertionError(name)


COLLISIONS = ("thermal", "coherent", "measured", "pure", "three", "relaxation")
WITHOUT_LAW = ("network", "junction", "driven", "dephasing")
JUMPS = ("qutrit", *WITHOUT_LAW)


@cache
def ensemble_of(name: str, protocol: str = "augmented", paths: int = 2000) -> Ensemble:
    return sample(process_of(name), paths=paths, seed=3, protocol=protocol)


@cache
def trajectories_of(name: str, paths: int = 200, protocol: str = "augmented") -> Ensemble:
    return sample(process_of(name), paths=paths, seed=3, protocol=protocol, keep_records=True)


def busiest(name: str) -> int:
    """The trajectory with the most jumps."""
    records = trajectories_of(name).records
    assert records is not None
    return int(np.argmax(records.jumps))


def jump_process(name: str) -> JumpProcess:
    process = process_of(name)
    assert isinstance(process, JumpProcess)
    return process


def collision_model(name: str) -> CollisionModel:
    process = process_of(name)
    assert isinstance(process, CollisionModel)
    return process
