"""What records of averages become in JSON."""

from __future__ import annotations

import json
from types import MappingProxyType

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.density.plain import plain
from qtraj.models.registry import MODELS


def test_arrays_tables_and_nothing() -> None:
    table = MappingProxyType({"heat": np.array([1.0, 2.0]), "state": np.array([[1j]]), "missing": None})
    assert plain(table) == {"heat": [1.0, 2.0], "state": {"real": [[0.0]], "imag": [[1.0]]}, "missing": None}


@pytest.mark.parametrize("name", MODELS)
def test_averages_of_every_model_are_json(name: str) -> None:
    values = averages(MODELS[name].build())
    again = json.loads(json.dumps(values.to_json()))
    assert again == values.to_json()
    real, imag = (np.array(again["final_state"][part]) for part in ("real", "imag"))
    assert np.array_equal(real + 1j * imag, values.final_state)
