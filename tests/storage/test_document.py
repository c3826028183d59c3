"""Where two experiments differ, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qtraj.errors import InvalidInput
from qtraj.experiment.load import Experiment
from qtraj.models import build_model
from qtraj.storage.document import complete_document, difference


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"a": 1}, {"a": 1.0}, None),
        ({"a": 1}, {"a": True}, "`a` is 1 in A, but is true in B"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "`a.b.1` is 2 in A, but is 3 in B"),
        ({"a": [1, 2]}, {"a": [1]}, "`a` is a list of 2 entries in A, but is a list of 1 entries in B"),
        ({}, {"a": None}, "`a` is missing in A, but is nothing in B"),
        ({"a": "x"}, {"a": {"b": 1}}, "`a` is 'x' in A, but is a table in B"),
        ({"b": 1, "a": 1}, {"b": 2, "a": 2}, "`b` is 1 in A, but is 2 in B"),
    ],
)
def test_the_first_difference_is_named(one: Any, other: Any, found: str | None) -> None:
    assert difference(one, other, ("A", "B")) == found


def test_a_process_without_a_document_cannot_be_stored() -> None:
    experiment = Experiment(name="mine", process=build_model("two-qubit-exchange"))
    with pytest.raises(InvalidInput, match="must come from a file or a model's name to be stored"):
        complete_document(experiment, lambda name, data: None)


def test_the_original_document_is_not_changed(tmp_path: Path) -> None:
    from qtraj.experiment import load_experiment

    experiment = load_experiment("two-qubit-exchange")
    before = repr(experiment.document)
    document = complete_document(experiment, lambda name, data: None)
    assert document["parameters"]["angle"] > 0
    assert repr(experiment.document) == before
