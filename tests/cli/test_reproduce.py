"""`qtraj reproduce` as a function: lists, tables, JSON and figures, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qtraj.cli.exits import Exit
from qtraj.cli.reproduce import reproduce
from qtraj.errors import InvalidInput, StorageError, UnknownName
from qtraj.reproduce import registry
from qtraj.reproduce.entry import NOT_GIVEN, ONLY_OURS, Reproduction, Row
from qtraj.reproduce.setting import Setting


def rows() -> tuple[Row, ...]:
    return (
        Row(quantity="a current", printed=1.0, corrected=-1.0, ours=-0.99999999999, note="the sign is wrong"),
        Row(quantity="a rate", printed=NOT_GIVEN, corrected=ONLY_OURS, ours=float("inf")),
        Row(quantity="a word", printed="some", corrected="none", ours="none"),
        Row(quantity="nothing", printed=0.0, ours=-3e-17),
    )


def at() -> tuple[Setting, ...]:
    return (
        Setting.of_model("dephasing-qubit", without=["duration"], rate=0.25),
        Setting(system="a word", parameters={"energies": (0.0, 1 / 3)}, rows="the last two"),
    )


SMALL = {
    "first": Reproduction(
        name="first",
        source="RFA13, Fig. 1",
        what="A small one.",
        at=at,
        printed="what it says",
        rows=rows,
        remark="Small as it is.",
    ),
    "second": Reproduction(
        name="second",
        source="LK14",
        what="Another.",
        at=at,
        printed="what it says",
        rows=rows,
        draw=lambda figure: figure.add_subplot().plot([0, 1], [0, 1]),
    ),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries of no cost; the real ones have their own tests."""
    monkeypatch.setattr("qtraj.cli.reproduce.REPRODUCTIONS", SMALL)
    monkeypatch.setattr(registry, "REPRODUCTIONS", SMALL)


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce() is Exit.HOLDS
    text = capsys.readouterr().out
    assert "first  [RFA13, Fig. 1]\n  A small one.\n" in text
    assert "second  [LK14]\n" in text


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce(as_json=True) is Exit.HOLDS
    assert json.loads(capsys.readouterr().out) == {
        "reproductions": [
            {"name": "first", "source": "RFA13, Fig. 1", "what": "A small one.", "has_figure": False},
            {"name": "second", "source": "LK14", "what": "Another.", "has_figure": True},
        ]
    }


def test_a_table_has_the_three_values_and_the_note(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert reproduce("first") is Exit.HOLDS
    assert capsys.readouterr().out == (
        "first: A small one. [RFA13, Fig. 1]\n"
        "at (unless a row says otherwise): dephasing-qubit with energy = 1, x = 0.6, z = 0.3, rate = 0.25\n"
        "at (the last two): a word with energies = [0, 0.333333]\n"
        "\n"
        "quantity   printed    corrected   ours\n"
        "---------  ---------  ----------  ----\n"
        "a current  1          -1          -1\n"
        "    the sign is wrong\n"
        "a rate     not given  only ours   inf\n"
        "a word     some       none        none\n"
        "nothing    0          as printed  0\n"
        "\n"
        "printed: what it says\n"
        "corrected: the right value, where the paper is wrong or has none\n"
        "ours: computed without that formula\n"
        "not given: the paper has neither a formula nor a number\n"
        "as printed: the paper is right, to the digits that it gives\n"
        "only ours: the paper is wrong or silent, there is no formula to put in its place, and ours is the\n"
        "right value\n"
        "Small as it is.\n"
    )


def test_json_has_all_digits_and_a_reason_for_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce("first", as_json=True, quiet=True) is Exit.HOLDS
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "first"
    assert document["qtraj_version"]
    current, rate, word, nothing = document["rows"]
    assert current == {
        "quantity": "a current",
        "printed": 1.0,
        "corrected": -1.0,
        "ours": -0.99999999999,
        "note": "the sign is wrong",
    }
    assert (rate["printed"], rate["ours"], word["ours"]) == ("not given", None, "none")
    assert (nothing["corrected"], nothing["ours"]) == ("as printed", -3e-17)
    assert document["at"] == [
        {"model": "dephasing-qubit", "parameters": {"energy": 1.0, "x": 0.6, "z": 0.3, "rate": 0.25}},
        {"system": "a word", "parameters": {"energies": [0.0, 1 / 3]}, "rows": "the last two"},
    ]
    assert document["printed"] == "what it says"
    assert document["remark"] == "Small as it is."
    assert document["reasons"] == {"rows.1.ours": "infinite"}


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    reproduce(quiet=True)
    reproduce("second", figure=str(tmp_path / "a.png"), quiet=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_one_figure_goes_into_a_file(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / f"figure.{ending}"
    assert reproduce("second", figure=str(target)) is Exit.HOLDS
    assert target.stat().st_size > 1000
    assert capsys.readouterr().out.endswith(f"figure: {target}\n")


def test_all_figures_go_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "figures"
    assert reproduce(figure=str(folder), as_json=True) is Exit.HOLDS
    listed = json.loads(capsys.readouterr().out)["reproductions"]
    assert [path.name for path in folder.iterdir()] == ["second.png"]
    assert "figure" not in listed[0]
    assert listed[1]["figure"] == str(folder / "second.png")
    # Again, into a folder that is there.
    assert reproduce(figure=str(folder)) is Exit.HOLDS
    assert f"figure: {folder / 'second.png'}" in capsys.readouterr().out


def test_what_cannot_be_done_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    def never() -> tuple[Row, ...]:
        raise AssertionError("computed")

    SMALL["third"] = replace(SMALL["second"], name="third", rows=never)
    try:
        with pytest.raises(UnknownName, match="reproduction 'frist' is not known; did you mean 'first'"):
            reproduce("frist")
        with pytest.raises(InvalidInput, match="`first` is a table and has no figure"):
            reproduce("first", figure=str(tmp_path / "a.png"))
        with pytest.raises(StorageError, match="does not exist"):
            reproduce("third", figure=str(tmp_path / "no" / "a.png"))
        with pytest.raises(UnknownName, match="figure format 'pgn' is not known; did you mean 'png'"):
            reproduce("third", figure=str(tmp_path / "a.pgn"))
        with pytest.raises(InvalidInput, match="must end in"):
            reproduce("third", figure=str(tmp_path / "a"))
        (tmp_path / "file").write_text("")
        with pytest.raises(StorageError, match=r"folder `.*file` could not be made: file exists"):
            reproduce(figure=str(tmp_path / "file"))
    finally:
        del SMALL["third"]
