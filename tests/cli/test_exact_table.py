"""The table of `qtraj exact`: grouped, without the dust of rounding, and nothing in it twice."""

from __future__ import annotations

import json
import re

import pytest

from qtraj.cli import main
from qtraj.cli.exact_table import exact_table


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["exact", *words]) == 0
    return capsys.readouterr().out


def sections(text: str) -> dict[str, dict[str, str]]:
    """The rows under each title, by the first word of a row."""
    found: dict[str, dict[str, str]] = {}
    for block in text.split("\n\n")[1:]:
        title, *rows = block.splitlines()
        pairs = [row.split(maxsplit=1) for row in rows if re.match(r"  \S", row)]
        found[title.partition(" (nats")[0]] = dict(pair for pair in pairs if len(pair) == 2)
    return found


def test_steady_numbers_are_labelled(capsys: pytest.CaptureFixture[str]) -> None:
    table = sections(shown(capsys, "davies-qutrit"))
    assert {"populations", "heat_current_from_environment", "steady_states"} <= set(table["in the steady state"])
    assert "heat_current_from_environment" in table["at the end of the duration"]
    over = table["averages over the duration, from density matrices"]
    assert "heat_into_environment" in over
    assert "populations" not in over
    document = json.loads(shown(capsys, "davies-qutrit", "--json"))
    assert {"populations", "heat_current_from_environment", "at_duration"} <= set(document["averages"])


def test_what_only_the_model_has_stands_under_its_own_title(capsys: pytest.CaptureFixture[str]) -> None:
    """`heat_current_from_dephasing` of this model is that at the start, whatever it is elsewhere."""
    table = sections(shown(capsys, "dephasing-qubit"))
    (title,) = [title for title in table if title.startswith("of dephasing-qubit: ")]
    assert title.endswith("all at the start")
    assert table[title]["heat_current_from_dephasing"] == "-0.12"
    assert "heat_current_from_dephasing" not in table["in the steady state"]


def test_heats_of_collisions_are_added_up_and_stand_there_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "coherent-collision", "--set", "collisions=3")
    averages = sections(text)["averages, from density matrices"]
    assert not any(title.startswith("of coherent-collision") for title in sections(text))
    heats = json.loads(shown(capsys, "coherent-collision", "--set", "collisions=3", "--json"))["averages"]
    for name in ("hot", "cold"):
        assert text.count(f"  heat_into.{name} ") == 1
        total, _, rest = averages[f"heat_into.{name}"].partition(" ")
        assert float(total) == pytest.approx(sum(heats["heat_into"][name]), rel=1e-11)
        assert rest == "in 3 collisions; one by one with --json"
        assert heats[f"heat_into_{name}"] == heats["heat_into"][name]


def document(**averages: object) -> dict[str, object]:
    return {
        "process": "thermal-operation",
        "averages": averages,
        "path_law": {"normalisation": 1.0, "probability_negative_sigma": 1e-30, "mean_xi": 2e-17, "variance_xi": 1e-33},
        "reasons": {},
    }


def test_rounding_is_shown_as_nothing() -> None:
    table = sections(exact_table("x", document(entropy_production=0.3, mutual_information=-2e-16, switching_work=1e-3)))
    rows = table["averages, from density matrices"]
    assert rows["mutual_information"] == "0"
    assert rows["switching_work"] == "0.001"
    law = next(rows for title, rows in table.items() if title.startswith("path law"))
    assert (law["mean_xi"], law["variance_xi"]) == ("0", "0")
    assert law["probability_negative_sigma"] == "1e-30", "probabilities are accurate relative to themselves"


def test_energies_are_measured_by_energies() -> None:
    """In joule a heat is 1e-21 beside entropies of 1, and is no rounding."""
    rows = sections(
        exact_table("x", document(entropy_production=1.0, heat_into_environment=2e-21, switching_work=3e-38))
    )
    averages = rows["averages, from density matrices"]
    assert averages["heat_into_environment"] == "2e-21"
    assert averages["switching_work"] == "0"
