"""Checks of tilted ensembles: right ones pass at 1e-9, wrong ones are rejected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.models.registry import build_model
from qtraj.paths.sample import sample
from qtraj.paths.tilt import Tilt
from qtraj.paths.tilted import sample_tilted
from qtraj.theorems.checks import Verdict
from qtraj.theorems.tilted_checks import tilted_checks
from tests.paths.cases import case
from tests.paths.jump_cases import CASES, driven_qubit

LEVEL = 1e-9


@pytest.mark.parametrize("strength", [-0.8, 0.6])
@pytest.mark.parametrize("name", [*CASES, "coherent qutrit", "pure start", "collisions"])
def test_right_ensembles_pass(name: str, strength: float, root_seed: int) -> None:
    process: Any
    if name == "collisions":
        process = build_model("coherent-collision", collisions=6, coherence=0.2)
    else:
        process = CASES[name]() if name in CASES else case(name)
    ensemble = sample_tilted(process, strength=strength, paths=4000, seed=root_seed)
    assert not [check for check in tilted_checks(ensemble, level=LEVEL) if check.verdict is Verdict.FAIL]


@pytest.mark.parametrize("quantity", ["heat_into_cold", "jumps"])
def test_other_quantities(quantity: str, root_seed: int) -> None:
    ensemble = sample_tilted(driven_qubit(), strength=-0.4, quantity=quantity, paths=4000, seed=root_seed)
    checks = tilted_checks(ensemble, level=LEVEL)
    assert [str(check.verdict) for check in checks] == ["pass", "pass"]


def test_wrong_ensembles_are_rejected(root_seed: int) -> None:
    """Plain paths taken for tilted ones; a wrong normalisation; entropies in other units."""
    process = driven_qubit()
    right = sample_tilted(process, strength=-0.8, paths=20_000, seed=root_seed)
    assert right.tilt is not None
    assert right.rows is not None
    plain = sample(process, paths=20_000, seed=root_seed)
    wrong = {
        "plain paths": replace(right, rows=plain.rows),
        "normalisation": replace(
            right, tilt=replace(right.tilt, log_normalisation=right.tilt.log_normalisation + 0.01)
        ),
        "units": replace(right, rows={**right.rows, "sigma": 1.05 * right.rows["sigma"]}),
        "another process": replace(right, process=driven_qubit(drive=2.0)),
    }
    for name, ensemble in wrong.items():
        assert Verdict.FAIL in [check.verdict for check in tilted_checks(ensemble, level=LEVEL)], name


def test_refusals() -> None:
    with pytest.raises(InvalidInput, match="must have a tilt"):
        tilted_checks(sample(case("coherent qutrit"), paths=10, seed=1))
    ensemble = sample_tilted(case("coherent qutrit"), strength=0.1, quantity="heat", paths=10, seed=1)
    with pytest.raises(NotRecorded, match="heat"):
        tilted_checks(ensemble)
    with pytest.raises(InvalidInput, match="finite"):
        Tilt(quantity="sigma", strength=np.inf, log_normalisation=0.0)
