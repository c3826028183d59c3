"""`qtraj sweep`, and `resume` and `verify` on what it leaves: what they print, draw and refuse."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.cli import main
from qtraj.cli.exits import Exit
from qtraj.experiment import load_experiment
from qtraj.paths.sample import sample
from qtraj.storage import load_sweep

EXAMPLE = Path(__file__).parents[2] / "examples" / "coherence_sweep.toml"
MODEL = "two-qubit-exchange"
ANGLES = "angle=0.3,0.9"
THREE = ("angle", "frequency", "beta_system")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "angles"
    assert main(["sweep", MODEL, "--over", ANGLES, "--out", str(folder), "--seed", "7", "--quiet"]) == 0
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    shutil.copytree(original, tmp_path / "angles")
    return tmp_path / "angles"


def refused(outcome: tuple[int, str, str], complaint: str, code: Exit = Exit.BAD_INPUT) -> None:
    assert outcome[:2] == (code, ""), outcome
    assert outcome[2].startswith("qtraj: ")
    assert outcome[2].count("\n") == 1
    assert complaint in outcome[2]


def test_a_table_and_a_verdict(run: Run, tmp_path: Path) -> None:
    code, out, err = run("sweep", MODEL, "--over", ANGLES, "--out", tmp_path / "s", "--seed", 7)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{MODEL}: 2 points in {tmp_path / 's'}, grid over angle (2 values), seed 7"
    assert lines[1] == f"points: 2 drawn, 0 were there; all numbers in {tmp_path / 's' / 'results.csv'}"
    assert lines[3].split() == [
        "point",
        "angle",
        "paths",
        "mean",
        "sigma",
        "std.",
        "error",
        "exact",
        "covered",
        "verdict",
    ]
    curve = load_sweep(tmp_path / "s").curve("sigma")
    for row, angle, mean, exact in zip(lines[5:7], curve["angle"], curve["mean"], curve["exact"], strict=True):
        cells = row.split()
        assert (float(cells[1]), cells[2], cells[-1]) == (angle, "1,000,000", "pass")
        assert float(cells[3]) == pytest.approx(mean, abs=1e-4)
        assert float(cells[5]) == pytest.approx(exact, abs=1e-4)
    assert lines[-1] == "PASS: all 2 points hold. They share a false-alarm level of 0.001."


def test_json_is_one_object(run: Run, original: Path) -> None:
    code, out, _ = run("verify", original, "--json")
    document = json.loads(out, parse_constant=lambda name: pytest.fail(name))
    assert (code, document["verdict"], document["mode"], document["seed"]) == (0, "pass", "grid", 7)
    assert document["axes"] == {"angle": [0.3, 0.9]}
    curve = load_sweep(original).curve("heat")
    for point, values in enumerate(document["points"]):
        assert values["values"] == {"angle": curve["angle"][point]}
        heat = values["quantities"]["heat"]
        assert [heat[key] for key in ("mean", "standard_error", "exact")] == [
            curve[key][point] for key in ("mean", "standard_error", "exact")
        ]
    code, out, _ = run("resume", original, "--json")
    again = json.loads(out)
    assert (again["kept"], again["drawn"], again["remade"]) == (2, 0, [])
    assert again["points"] == document["points"]


def test_a_row_is_drawn_again_by_its_seed(run: Run, original: Path, tmp_path: Path) -> None:
    curve = load_sweep(original).curve("sigma")
    code, out, _ = run("verify", MODEL, "--set", "angle=0.9", "--seed", curve["seed"][1], "--json")
    check = next(check for check in json.loads(out)["checks"] if check["name"] == "mean_sigma")
    assert (code, check["sampled"]) == (0, pytest.approx(curve["mean"][1], abs=1e-12))


def test_a_file_with_a_sweep(run: Run, tmp_path: Path) -> None:
    words = ("--paths", 20_000, "--over", "system.state.x=0:0.6:2", "--figure", tmp_path / "curve.png")
    code, out, _ = run("sweep", EXAMPLE, *words, "--out", tmp_path / "s", "--quantity", "xi")
    assert code in (Exit.HOLDS, Exit.INCONCLUSIVE)
    assert "mean xi" in out
    assert out.endswith(f"figure: {tmp_path / 'curve.png'}\n")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    folder = load_sweep(tmp_path / "s")
    assert folder.manifest.sampling.seed == 7  # that of the file
    process = load_experiment(_without_sweep(tmp_path), ["system.state.x=0.6"]).process
    alone = sample(process, paths=20_000, seed=folder.points[1].seed)
    # Equal paths; but linear algebra may round the values of a class differently from one time to the next.
    assert alone.mean("xi") == pytest.approx(folder.curve("xi")["mean"][1], abs=1e-12)


def _without_sweep(folder: Path) -> Path:
    path = folder / "alone.toml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8").partition("[sweep]")[0], encoding="utf-8")
    return path


def test_a_map_and_a_zip(run: Run, tmp_path: Path) -> None:
    two = ("--over", "angle=0.3,0.9", "--over", "beta_system=0.5,1", "--paths", 3000)
    assert run("sweep", MODEL, *two, "--out", tmp_path / "grid", "--figure", tmp_path / "map.svg")[0] in (0, 3)
    assert run("sweep", MODEL, *two, "--zip", "--out", tmp_path / "zip", "--figure", tmp_path / "zip.pdf")[0] in (0, 3)
    assert (len(load_sweep(tmp_path / "grid").points), len(load_sweep(tmp_path / "zip").points)) == (4, 2)
    assert (tmp_path / "map.svg").exists()
    assert (tmp_path / "zip.pdf").exists()


@pytest.mark.parametrize("command", ["verify", "exact", "sample", "histogram"])
def test_single_commands_refuse_a_file_with_a_sweep(run: Run, tmp_path: Path, command: str) -> None:
    words = ("--out", tmp_path / "run") if command == "sample" else ()
    outcome = run(command, EXAMPLE, *words)
    refused(outcome, f"{EXAMPLE}: the file must describe one experiment")
    assert "run them all by `qtraj sweep FILE --out DIR`" in outcome[2]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((MODEL,), "`qtraj sweep` needs `--out DIR`"),
        ((), "`qtraj sweep` needs an experiment file or the name of a model"),
        ((MODEL, "--out", "s"), "a sweep must have something to sweep over"),
        (
            (MODEL, "--out", "s", "--over", "angel=1,2"),
            f"model {MODEL} has no parameter 'angel'; did you mean 'angle'?",
        ),
        ((MODEL, "--out", "s", "--over", "angle=0:1"), "`sweep.angle.count` must be given"),
        ((MODEL, "--out", "s", "--ovr", "angle=0:1:2"), "option '--ovr' is not known; did you mean '--over'?"),
        ((MODEL, "--out", "s", "--over", ANGLES, "--set", "angle=1"), "must be either set or swept"),
        ((MODEL, "--out", "s", "--over", ANGLES, "--figure", "x.txt"), "`--figure` must end in"),
        (
            (MODEL, "--out", "s", "--figure", "x.png", *(word for key in THREE for word in ("--over", f"{key}=1,2"))),
            f"must be left out of a grid over more than 2 keys, but there are 3: {', '.join(THREE)}",
        ),
        (
            (EXAMPLE, "--out", "s", "--over", "environment.bta=1"),
            f"{EXAMPLE}: at system.state.x = 0.0, environment.bta",
        ),
        (("none.toml", "--out", "s"), "'none.toml' is neither"),
    ],
)
def test_bad_words(run: Run, tmp_path: Path, monkeypatch: Any, words: tuple[Any, ...], complaint: str) -> None:
    monkeypatch.chdir(tmp_path)
    refused(run("sweep", *words), complaint)
    assert not (tmp_path / "s").exists()


def test_too_few_paths_are_inconclusive_and_more_settle_it(run: Run, tmp_path: Path) -> None:
    words = ("--over", "angle=0.9,1.2", "--out", tmp_path / "s", "--seed", 7)
    code, out, _ = run("sweep", MODEL, *words, "--paths", 100)
    assert code == Exit.INCONCLUSIVE
    heading, *_ = (line for line in out.splitlines() if line.startswith("point "))
    assert heading.split()[-4:] == ["covered", "because", "of", "verdict"]
    document = json.loads(run("verify", tmp_path / "s", "--json")[1])
    for point in document["points"]:
        folder = tmp_path / "s" / "points" / f"{point['point']:04}"
        checks = json.loads(run("verify", folder, "--json")[1])["checks"]
        assert point["because_of"] == [check["name"] for check in checks if check["verdict"] == "inconclusive"]
        first, more = point["because_of"][0], len(point["because_of"]) - 2
        (row,) = [line for line in out.splitlines() if line.split()[:1] == [str(point["point"])]]
        assert f"  {first}, " in row
        assert (f"and {more} more  inconclusive" in row) == (more > 0)
    last = out.splitlines()[-1]
    assert last.startswith("INCONCLUSIVE: nothing is rejected, but 2 of 2 points could not have been. `qtraj resume")
    needed = last.partition("N = ")[2].split()[0]
    code, out, _ = run("resume", tmp_path / "s", "--paths", needed)
    assert (code, out.splitlines()[-1][:5]) == (0, "PASS:")
    assert run("verify", tmp_path / "s", "--quiet") == (0, "", "")


def test_a_wrong_number_fails(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a law with swapped sign of sigma_d is found out at every point where it is not zero."""
    from qtraj.paths.law import PathLaw

    right = PathLaw.mean
    monkeypatch.setattr(PathLaw, "mean", lambda law, name: right(law, name) * (-1 if name == "sigma_d" else 1))
    code, out, _ = run("sweep", MODEL, "--over", "angle=0,0.9", "--out", tmp_path / "s")
    assert code == Exit.FAILS
    passed, failed = (line for line in out.splitlines() if line.endswith(("  pass", "  fail")))
    assert passed.split()[-2] == "100.00%", "what passes needs no reason"
    assert "mean_sigma_d" in failed
    assert out.splitlines()[-1] == (
        f"FAIL: 1 of 2 points reject. `qtraj verify` says how, of {tmp_path / 's' / 'points' / '0001'}."
    )


def test_what_is_not_finished(run: Run, copy: Path, tmp_path: Path) -> None:
    shutil.rmtree(copy / "points/0001")
    refused(run("verify", copy), "is not finished: 1 of its 2 points are there", Exit.STORAGE)
    code, out, _ = run("resume", copy)
    assert code == 0
    assert "points: 1 drawn, 1 were there" in out
    (copy / "results.csv").write_text("x")
    assert f"made again: {copy / 'results.csv'} was missing or damaged" in run("resume", copy)[1]


def test_folders_are_not_mistaken(run: Run, original: Path, tmp_path: Path) -> None:
    refused(run("histogram", original), f"must be a single run, but is a sweep; its runs are in `{original}/points`")
    refused(run("merge", original, original, "--out", tmp_path / "m"), "the manifest of a sweep folder", Exit.STORAGE)
    refused(run("sweep", MODEL, "--over", ANGLES, "--out", original), "holds a run already", Exit.STORAGE)
    for option, value in {"--set": "angle=1", "--paths": 10, "--seed": 3, "--protocol": "tpm"}.items():
        refused(run("verify", original, option, value), f"`{option}` must be left out for a sweep, which has its own")
    assert run("verify", original / "points" / "0000", "--quiet") == (0, "", "")


def test_verify_draws_from_the_folder(run: Run, original: Path, tmp_path: Path) -> None:
    assert run("verify", original, "--figure", tmp_path / "a.png", "--quiet") == (0, "", "")
    assert (tmp_path / "a.png").exists()
    how = ("--quantity", "heat", "--figure", tmp_path / "heat.png")
    assert run("verify", original, *how, "--quiet") == (0, "", "")
    assert (tmp_path / "heat.png").read_bytes() != (tmp_path / "a.png").read_bytes()
    refused(run("verify", original, "--quantity", "hea"), "quantity 'hea' is not known; did you mean 'heat'?")
    refused(run("verify", MODEL, "--quantity", "heat"), "`--quantity` must be left out for a single run")


def test_many_points_do_not_flood_the_screen(run: Run, original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.cli.sweep_tables.MOST_ROWS", 1)
    whole = run("verify", original)[1]  # two points: the second one takes no more room than a line about it
    assert re.search(r"^ +1 ", whole, re.M)
    assert "not shown" not in whole
    monkeypatch.setattr("qtraj.cli.sweep_tables.MOST_ROWS", 0)
    short = run("verify", original)[1]
    assert not re.search(r"^ +[01] ", short, re.M)
    assert "\n2 more points are not shown; results.csv has all\n" in short


def test_the_heat_into_the_only_bath_has_the_name_that_exact_gives_it(run: Run, original: Path, tmp_path: Path) -> None:
    code, out, _ = run("verify", original, "--quantity", "heat_into_environment")
    assert code == 0
    assert "mean heat " in out
    refused(run("verify", original, "--quantity", "heat_into_hot"), "quantity 'heat_into_hot' is not known")
    junction = ("coherent-collision", "--set", "collisions=1", "--over", "coherence=0.1,0.2", "--paths", "1e3")
    outcome = run("sweep", *junction, "--out", tmp_path / "s", "--quantity", "heat_into_environment")
    refused(outcome, "quantity 'heat_into_environment' is not known")  # of two baths neither is meant


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals")
def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    words = ["sweep", MODEL, "--over", "angle=0:1:40", "--out", str(tmp_path / "s"), "--paths", "1000"]
    environment = {**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "qtraj", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "s" / "points" / "0001" / "manifest.json").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert f"interrupted; `qtraj resume {tmp_path / 's'}` goes on" in err
    there = sum(1 for _ in (tmp_path / "s" / "points").glob("*/report.json"))
    assert 1 <= there < 40


def test_numbers_are_shown_to_the_digits_worth_reading() -> None:
    from qtraj.cli.sweep_tables import _digits
    from qtraj.storage.sweep_report import SampledNumber
    from qtraj.theorems.checks import Verdict

    def shown(value: float, error: float) -> str:
        number = SampledNumber(quantity="heat", mean=value, standard_error=error, exact=value, verdict=Verdict.PASS)
        return _digits(number, value)

    assert shown(0.123456, 1e-3) == "0.1235"
    assert shown(12.3456, 0.5) == "12.35"
    assert shown(1234.5, 56.0) == "1234"
    assert shown(1e-25, 1e-27) == "1.000e-25"
    assert shown(3e8, 1e5) == "3.0000e+08"
    assert shown(0.0, 0.0) == "0"
    assert shown(0.5, float("inf")) == "0.5"
