"""Junk in any argument of any public function is refused with one of qtraj's own exceptions.

Every argument of every call below is replaced, one at a time, by things that no argument should be. A call may accept
such a thing (None is often a default, and a list of zero steps may mean something); what it may not do is to raise a
bare TypeError from somewhere inside.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import qtraj
from qtraj.errors import QtrajError
from qtraj.models import MODELS

JUNK: tuple[Any, ...] = (
    None,
    "a",
    object(),
    float("nan"),
    1j,
    [],
    {},
    np.array([[np.nan]]),
    True,
    -1,
    2.5,
    b"bytes",
    [[1, 2], [3]],
)

SYSTEM = qtraj.System(energies=[0.0, 1.0], state=qtraj.State.bloch(0.5, 0.2, -0.3))
BATH = qtraj.Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
SWAP = qtraj.EnergyConservingUnitary.partial_swap(SYSTEM, BATH, angle=0.4)
OPERATION = qtraj.ThermalOperation(system=SYSTEM, environment=BATH, unitary=SWAP)
PAIR = qtraj.CompositeSystem(subsystems={"A": [0.0, 1.0]}, state=qtraj.State.bloch(0.1, 0.2, 0.3))
RESERVOIR = qtraj.Reservoir(energies=[0.0, 1.0], inverse_temperature=1.0)
STEP = qtraj.CollisionStep(reservoir="hot", on=["A"], unitary=SWAP)
DECAY = qtraj.Channel(operator=[[0, 1], [0, 0]], bath="cold", rate=1.0, energy=1.0, inverse_temperature=1.0)
JUMPS = qtraj.JumpProcess(system=SYSTEM, channels=(DECAY,), duration=1.0)
EYE = np.eye(4)
FEW = {"paths": 100, "seed": 1}
COUNTED = qtraj.sample(OPERATION, **FEW)
COLD = qtraj.System(energies=[0.0, 1.0], state=qtraj.State.gibbs([0.0, 1.0], 2.0))
EQUILIBRIUM = qtraj.ThermalOperation(system=COLD, environment=BATH, unitary=SWAP)

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Channel": (
        qtraj.Channel,
        {
            "operator": [[0, 1], [0, 0]],
            "bath": "cold",
            "rate": 1.0,
            "reverse_rate": np.exp(-1),
            "energy": 1.0,
            "inverse_temperature": 1.0,
        },
    ),
    "System": (
        qtraj.System,
        {"energies": [0.0, 1.0], "state": np.eye(2) / 2, "level_tolerance": 0.1, "eigenvectors": np.eye(2)},
    ),
    "System by Hamiltonian": (qtraj.System, {"hamiltonian": [[0, 1], [1, 0]], "state": np.eye(2) / 2}),
    "Environment": (qtraj.Environment, {"energies": [0.0], "inverse_temperature": 1.0, "level_tolerance": 0.1}),
    "ladder": (qtraj.Environment.ladder, {"levels": 3, "spacing": 1.0, "inverse_temperature": 1.0}),
    "spins": (qtraj.Environment.spins, {"count": 2, "splitting": 1.0, "inverse_temperature": 1.0}),
    "Spectrum": (qtraj.Spectrum, {"energies": [0.0, 1.0], "level_tolerance": 0.1}),
    "State": (qtraj.State, {"log_eigenvalues": [0.0], "vectors": [[1.0], [0.0]]}),
    "State.of": (qtraj.State.of, {"given": [1.0, 0.0]}),
    "from_matrix of a state": (qtraj.State.from_matrix, {"matrix": np.eye(2) / 2, "rank": 2}),
    "pure": (qtraj.State.pure, {"vector": [1.0, 0.0]}),
    "bloch": (qtraj.State.bloch, {"x": 0.1, "y": 0.1, "z": 0.1, "rank": 2}),
    "gibbs": (qtraj.State.gibbs, {"energies": [0.0, 1.0], "inverse_temperature": 1.0}),
    "haar state": (qtraj.State.haar, {"dimension": 2, "rank": 1, "seed": 1}),
    "haar unitary": (qtraj.EnergyConservingUnitary.haar, {"system": SYSTEM, "environment": BATH, "seed": 1}),
    "from_matrix of a unitary": (
        qtraj.EnergyConservingUnitary.from_matrix,
        {"system": SYSTEM, "environment": BATH, "matrix": EYE},
    ),
    "partial_swap": (
        qtraj.EnergyConservingUnitary.partial_swap,
        {"system": SYSTEM, "environment": BATH, "angle": 0.3},
    ),
    "from_interaction": (
        qtraj.EnergyConservingUnitary.from_interaction,
        {"system": SYSTEM, "environment": BATH, "interaction": EYE, "time": 0.3},
    ),
    "exchange": (
        qtraj.EnergyConservingUnitary.exchange,
        {"system": SYSTEM, "environment": BATH, "coupling": 0.3, "time": 1.0},
    ),
    "ThermalOperation": (qtraj.ThermalOperation, {"system": SYSTEM, "environment": BATH, "unitary": SWAP}),
    "CorrelatedOperation": (
        qtraj.CorrelatedOperation,
        {"system": SYSTEM, "environment": BATH, "unitary": SWAP, "correlations": np.zeros((4, 4))},
    ),
    "CompositeSystem": (
        qtraj.CompositeSystem,
        {"subsystems": {"A": [0.0, 1.0]}, "state": [[0.5, 0.0], [0.0, 0.5]]},
    ),
    "part": (PAIR.part, {"on": ["A"]}),
    "Reservoir": (
        qtraj.Reservoir,
        {
            "energies": [0.0, 1.0],
            "inverse_temperature": 1.0,
            "state": np.eye(2) / 2,
            "measure": "energy",
        },
    ),
    "InternalStep": (qtraj.InternalStep, {"on": ["A"], "unitary": np.eye(2)}),
    "CollisionStep": (qtraj.CollisionStep, {"reservoir": "hot", "on": ["A"], "unitary": SWAP}),
    "CollisionModel": (
        qtraj.CollisionModel,
        {"composite": PAIR, "reservoirs": {"hot": RESERVOIR}, "steps": [STEP], "repeat": 2},
    ),
    "JumpProcess": (qtraj.JumpProcess, {"system": SYSTEM, "channels": (DECAY,), "duration": 1.0}),
    "davies_channels": (
        qtraj.davies_channels,
        {"energies": [0.0, 1.0], "inverse_temperature": 1.0, "rates": [[0, 1, 0.5]], "bath": "b"},
    ),
    "dephasing_channels": (qtraj.dephasing_channels, {"dimension": 2, "rate": 0.5, "levels": [0], "bath": "b"}),
    "coupled_channels": (
        qtraj.coupled_channels,
        {
            "coupling": [[0, 1], [1, 0]],
            "energies": [0.0, 1.0],
            "inverse_temperature": 1.0,
            "rate": lambda _: 1.0,
            "dephasing_rate": 0.1,
            "bath": "b",
            "level_tolerance": 0.1,
        },
    ),
    "averages": (qtraj.averages, {"process": OPERATION}),
    "exact_law": (qtraj.exact_law, {"process": OPERATION, "protocol": "kraus"}),
    "sample": (qtraj.sample, {"process": OPERATION, **FEW, "protocol": "kraus", "sampler": "explicit"}),
    "sample jumps": (qtraj.sample, {"process": JUMPS, **FEW, "sampler": "followed"}),
    "verify": (qtraj.verify, {"process": OPERATION, **FEW, "protocol": "kraus", "sampler": "counts", "level": 0.01}),
    "estimate": (qtraj.estimate, {"ensemble": COUNTED, "name": "mean_sigma"}),
    "extended": (qtraj.extended, {"ensemble": COUNTED, "paths": 200}),
    "exact_probability": (
        qtraj.exact_probability,
        {"process": OPERATION, "name": "heat", "above": -1.0, "below": 1.0, "protocol": "kraus"},
    ),
    "exchange_theorem": (qtraj.exchange_theorem, {"process": EQUILIBRIUM}),
    "forward_backward": (qtraj.forward_backward, {"process": OPERATION, **FEW, "backward_paths": 100, "level": 0.01}),
    "sample_until": (
        qtraj.sample_until,
        {"process": OPERATION, "target_tol": 1.0, "estimates": ("mean_sigma",), **FEW, "timeout": 5.0, "level": 0.01},
    ),
    "sample_tilted": (qtraj.sample_tilted, {"process": OPERATION, "strength": 0.5, "quantity": "sigma", **FEW}),
    "find_tilt": (qtraj.find_tilt, {"process": OPERATION, "quantity": "sigma", "mean": 0.5}),
    "heat_quasiprobability": (qtraj.heat_quasiprobability, {"process": OPERATION, "collision": 1, "of": "both"}),
    "uncertainty_relations": (qtraj.uncertainty_relations, {"process": OPERATION, "quantity": "heat"}),
    "build_model": (qtraj.build_model, {"name": "two-qubit-exchange"}),
    **{
        f"build_model {name}": (qtraj.build_model, {"name": name, **model.parameters}) for name, model in MODELS.items()
    },
}


def cases() -> Iterator[Any]:
    for name, (function, arguments) in CALLS.items():
        for argument in arguments:
            yield pytest.param(function, arguments, argument, id=f"{name}-{argument}")


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_are_right_before_they_are_spoilt(name: str) -> None:
    """Without this, a call that always fails would make the test below pass."""
    function, arguments = CALLS[name]
    function(**arguments)


@pytest.mark.parametrize(("function", "arguments", "argument"), list(cases()))
def test_junk_is_refused_in_words(function: Callable[..., Any], arguments: dict[str, Any], argument: str) -> None:
    for junk in JUNK:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, about numbers that the refusal is about
            try:
                function(**{**arguments, argument: junk})
            except QtrajError as error:
                if len(str(error)) > 600 or "\n" in str(error):
                    pytest.fail(f"{argument}={junk!r:.40} is refused in more than a sentence: {error}")
            except Exception as error:
                pytest.fail(f"{argument}={junk!r:.40} raises {type(error).__name__}: {error}")


NUMBERS = [("Channel", "rate"), ("JumpProcess", "duration"), ("partial_swap", "angle")]


@pytest.mark.parametrize("junk", [True, "1.0", 1j, None, [1.0]])
@pytest.mark.parametrize(("name", "argument"), NUMBERS)
def test_what_python_would_take_for_a_number_is_none(name: str, argument: str, junk: Any) -> None:
    function, arguments = CALLS[name]
    with pytest.raises(QtrajError, match=f"`{argument}` must be a real number"):
        function(**{**arguments, argument: junk})
