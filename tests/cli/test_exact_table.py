"""The table of `qtraj exact`: grouped, without the dust of rounding, and nothing in it twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qtraj.cli import main
from qtraj.cli.exact_table import exact_table
from qtraj.cli.rounding import Units
from tests.cli.running import EXAMPLES


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
    averages = document(entropy_production=1.0, heat_into_environment=2e-21, switching_work=3e-38)
    rows = sections(exact_table("x", averages, units=Units(energy=1e-21)))
    averages = rows["averages, from density matrices"]
    assert averages["heat_into_environment"] == "2e-21"
    assert averages["switching_work"] == "0"


def test_so_many_paths_are_no_measure_of_their_entropy(capsys: pytest.CaptureFixture[str]) -> None:
    """1e25 paths beside a mean of 0.44: the number of paths must not make rounding of the mean."""
    table = sections(shown(capsys, "coherent-collision"))
    (law,) = [rows for title, rows in table.items() if title.startswith("path law")]
    assert float(law["paths"]) > 1e25
    averages = table["averages, from density matrices"]
    assert law["mean_sigma"] == averages["entropy_production"] == "0.442269085414"
    assert law["mean_xi"] == averages["coherence_entropy_production"]


def test_in_equilibrium_everything_is_rounding(capsys: pytest.CaptureFixture[str]) -> None:
    """Then no number beside it is large, and the process says what would be."""
    words = ("initial=thermal", "initial_temperature=1", "temperature_hot=1", "coherence=0", "collisions=4")
    settings = tuple(word for setting in words for word in ("--set", setting))
    averages = sections(shown(capsys, "coherent-collision", *settings))["averages, from density matrices"]
    names = [name for name in averages if "heat" in name or "entropy" in name]
    assert len(names) > 8
    assert {averages[name].split()[0] for name in names} == {"0"}
    document = json.loads(shown(capsys, "coherent-collision", *settings, "--json"))
    assert any(value != 0 for value in document["averages"]["heat_into"]["hot"]), "JSON has what there is"


VIOLATION = """
kind = "thermal-operation"
[system]
energies = [0.0, 1.0]
state = { kind = "bloch", x = 0.5, z = -0.3 }
[environment]
energies = [0.0, 1.0]
beta = 0.6
[unitary]
kind = "matrix"
allow_violation = true
"""
FLIP = "real = [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]"
PHASES = "real = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]"


def test_a_unitary_that_does_not_conserve_energy_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for matrix, told in ((FLIP, True), (PHASES, False)):  # the second one is allowed to, and does not
        path = tmp_path / "flip.toml"
        path.write_text(VIOLATION + matrix, encoding="utf-8")
        document = json.loads(shown(capsys, str(path), "--json"))
        text = shown(capsys, str(path))
        assert bool(document["notes"]) is told
        assert ("The identities that rest on the conservation of energy need not hold" in text) is told
        if told:
            (note,) = document["notes"]
            assert text.endswith(f"\n\n{note}\n")
            beta, averages = 0.6, document["averages"]
            assert "mean_sigma is entropy_production plus beta times that work" in note
            moved = averages["entropy_production"] + beta * averages["switching_work"]
            assert document["path_law"]["mean_sigma"] == pytest.approx(moved, abs=1e-12)
            assert document["path_law"]["exp_minus_sigma"] == pytest.approx(1, abs=1e-12)


DRIVEN = str(EXAMPLES / "driven_qubit.toml")


def test_what_the_jumps_book_in_the_steady_state_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    table = sections(shown(capsys, DRIVEN))
    steady, end = table["in the steady state"], table["at the end of the duration"]
    assert steady["jump_heat_current_into_cold"] == "0.106028611067"
    document = json.loads(shown(capsys, DRIVEN, "--json"))
    averages = document["averages"]
    assert averages["jump_heat_current_into_cold"] == pytest.approx(averages["entropy_production_rate"], abs=1e-12)
    booked = averages["at_duration"]["jump_heat_current_into_cold"]
    assert end["jump_heat_current_into_cold"] == f"{booked:.12g}"
    # One unit of energy and of inverse temperature: what the jumps book is also the entropy that they carry.
    assert booked == pytest.approx(-averages["at_duration"]["entropy_flux_cold"], abs=1e-15)


def test_heats_that_are_not_opposite_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    words = "counts the quanta that the jumps book"
    assert words in shown(capsys, DRIVEN)
    (note,) = json.loads(shown(capsys, DRIVEN, "--json"))["notes"]
    assert words in note
    assert "heat_into_cold" in note
    assert "heat_from_cold" in note
    # Negative control: where every jump changes H by its quantum, there is nothing to explain.
    assert words not in shown(capsys, "davies-qutrit")


def test_bases_and_directions_are_said_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    jumps, meeting = shown(capsys, DRIVEN), shown(capsys, "two-qubit-exchange", "--set", "beta_system=0")
    for text in (jumps, meeting):
        assert "populations are those of the eigenstates of H; states are in the basis that H was given in" in text
    assert "transition_matrix is" not in jumps
    assert "a column of transition_matrix is a level before, a row one after" in meeting
    averages = json.loads(shown(capsys, "two-qubit-exchange", "--set", "beta_system=0", "--json"))["averages"]
    (stay, from_above), (up, _) = averages["transition_matrix"]
    assert stay + up == pytest.approx(1, abs=1e-12)
    before, after = averages["initial_populations"], averages["final_populations"]
    assert stay * before[0] + from_above * before[1] == pytest.approx(after[0], abs=1e-12)


def test_arrays_begin_where_numbers_do() -> None:
    state = {"real": [[0.5, -0.1], [-0.1, 0.5]], "imag": [[0.0, 0.0], [0.0, 0.0]]}
    text = exact_table("x", document(heat=0.25, populations=[0.5, 0.5], final_state=state))
    places = {line.split()[0]: line.index(line.split()[1]) for line in text.splitlines() if line.startswith("  ")}
    assert places["heat"] == places["populations"]
    # With a minus sign in front of a row, its sign stands there.
    assert places["final_state"] == places["heat"] + 1
    assert "\n" + " " * places["heat"] + "-0.100000" in text
