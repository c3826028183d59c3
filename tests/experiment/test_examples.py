"""The files in examples/ say what their comments say they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qtraj.blas import one_blas_thread
from qtraj.experiment import load_experiment, load_sweep_file
from qtraj.theorems.checks import Verdict
from qtraj.theorems.exact import exact_report
from qtraj.theorems.verify import verify

EXAMPLES = Path(__file__).parents[2] / "examples"

SINGLE = [path for path in sorted(EXAMPLES.glob("*.toml")) if "[sweep]" not in path.read_text(encoding="utf-8")]

SWEEPS = [path for path in sorted(EXAMPLES.glob("*.toml")) if path not in SINGLE]

WITHOUT_LAW = ("driven_qubit", "three_level_junction")
"""Jumps of these leave superpositions alive, so that their paths can only be followed."""


def numbers(name: str) -> tuple[dict[str, float], dict[str, float]]:
    with one_blas_thread():
        report = exact_report(load_experiment(EXAMPLES / f"{name}.toml").process)
    return report["averages"], report["path_law"]


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.stem)
def test_every_example_conserves_probability_and_obeys_its_theorem(path: Path) -> None:
    averages, law = numbers(path.stem)
    if path.stem in WITHOUT_LAW:
        assert law["normalisation"] is None
    else:
        assert law["normalisation"] == pytest.approx(1, abs=1e-12)
    assert law["exp_minus_sigma"] == pytest.approx(1 - law["absolute_irreversibility"], abs=1e-12)
    assert law["mean_sigma"] == pytest.approx(averages["entropy_production"], abs=1e-12)


# What it takes to settle those that are not settled by what their file (or nobody) asks for.
PATHS = {"coherent_collision": 10_000_000}


@pytest.mark.parametrize("path", SINGLE, ids=lambda path: path.stem)
def test_every_example_passes(path: Path) -> None:
    """Seeds are fixed, so this test fails with the code and not by chance."""
    experiment = load_experiment(path)
    settings = experiment.ensemble | ({"paths": PATHS[path.stem]} if path.stem in PATHS else {})
    report = verify(experiment.process, **settings)
    assert report.verdict is Verdict.PASS, report
    assert report.sampler == ("followed" if path.stem in WITHOUT_LAW else "counts")


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_example_of_a_sweep_is_one(path: Path) -> None:
    load_sweep_file(path).check()


def test_partial_swap() -> None:
    averages, _ = numbers("qubit_partial_swap")
    assert averages["entropy_production"] == pytest.approx(0.437468192444333, abs=1e-11)
    assert averages["population_entropy_production"] == pytest.approx(0.294147182165317, abs=1e-11)
    assert averages["coherence_entropy_production"] == pytest.approx(0.143321010279016, abs=1e-11)


def test_pure_start() -> None:
    averages, law = numbers("pure_start")
    assert averages["entropy_production"] == pytest.approx(0.502659773814861, abs=1e-11)
    assert law["absolute_irreversibility"] == pytest.approx(0.337535108255348, abs=1e-11)


def test_a_small_population_instead_of_none_gives_one(tmp_path: Path) -> None:
    spectral = f'kind = "spectral", log_populations = [{np.log1p(-1e-9)}, {np.log(1e-9)}]'
    turn = "vectors = { real = [[0.8775825618903728, -0.479425538604203], [0.479425538604203, 0.8775825618903728]] }"
    text = (EXAMPLES / "pure_start.toml").read_text(encoding="utf-8")
    state = next(line for line in text.splitlines() if line.startswith("state"))
    (tmp_path / "nearly.toml").write_text(text.replace(state, f"state = {{ {spectral}, {turn} }}"), encoding="utf-8")
    law = exact_report(load_experiment(tmp_path / "nearly.toml").process)["path_law"]
    assert law["exp_minus_sigma"] == pytest.approx(1, abs=1e-9)


def test_spins_and_dispersion() -> None:
    averages, _ = numbers("spin_bath")
    assert averages["coherence_entropy_production"] == pytest.approx(0, abs=1e-12)
    assert averages["heat_into_environment"] < 0
    averages, _ = numbers("dispersive_interaction")
    assert averages["population_entropy_production"] == pytest.approx(0, abs=1e-12)
    assert averages["heat_into_environment"] == pytest.approx(0, abs=1e-12)
    assert averages["coherence_entropy_production"] > 0.1
