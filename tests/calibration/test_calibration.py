"""The calibration itself: that it is content with what is right, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from qtraj.theorems.levels import split_level
from tests.calibration import lawful, lawless
from tests.calibration.judgement import Finding, clopper_pearson, findings
from tests.calibration.page import PAGE, page
from tests.calibration.processes import LAWFUL, LAWLESS, Case
from tests.calibration.randomised import dithered, randomised
from tests.calibration.tally import BINS, LEVELS, Tally

TRAP = replace(LAWFUL["trap, 10^4 paths"], skewed=False)


def broken(tally: Tally, *, skewed: bool = False) -> list[Finding]:
    return [found for found in findings(tally, skewed=skewed) if not found.kept]


@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "cold ladder, 10^5 paths", "Davies qutrit"])
def test_right_checks_keep_their_promises(name: str, root_seed: int) -> None:
    """False-failure rate 1e-6 a process."""
    tally = lawful.calibrate(LAWFUL[name], ensembles=2000, seed=root_seed)
    assert tally.ensembles == 2000
    assert broken(tally) == []
    assert bool(tally.unsettled) is not LAWFUL[name].conclusive


def test_paths_without_a_law(root_seed: int) -> None:
    few = replace(LAWLESS["driven qubit"], paths=500)
    tally = lawless.calibrate(few, ensembles=15, seed=root_seed)
    assert broken(tally) == []
    assert set(tally.covered) >= {"mean_sigma", "mean_heat"}


# Negative controls: promises that are not kept


def test_a_level_that_is_not_split_is_seen(root_seed: int) -> None:
    with mock.patch.object(lawful, "split_level", lambda level, number: split_level(level, 1)):
        tally = lawful.calibrate(LAWFUL["coherent qutrit"], ensembles=2000, seed=root_seed)
    assert "family" in {found.about for found in broken(tally)}


def test_a_sampler_that_leans_is_seen(root_seed: int) -> None:
    """Every class of probability below a percent is drawn one percent too often."""

    class Leaning(lawful._Bench):
        def draw(self, ensembles: int, paths: int, rng: np.random.Generator) -> np.ndarray:
            p = self.law.probabilities
            p = np.where(p < 0.01, 1.01 * p, p)
            return rng.multinomial(paths, p / p.sum(), size=ensembles)

    with mock.patch.object(lawful, "_Bench", Leaning):
        tally = lawful.calibrate(LAWFUL["coherent qutrit"], ensembles=2000, seed=root_seed)
    assert {found.about for found in broken(tally)} == {"family", "check", "coverage", "uniform"}


def test_error_bars_that_are_too_small_are_seen() -> None:
    tally = Tally(paths=1, ensembles=10_000, covered={"mean": [6400, 9300]})
    assert {found.name for found in broken(tally)} == {"mean, 1 SE", "mean, 2 SE"}
    assert broken(Tally(paths=1, ensembles=10_000, covered={"mean": [6827, 9545]})) == []


def test_means_of_rare_events_are_not_normal_and_that_is_seen(root_seed: int) -> None:
    """Why the trap with few paths is asked for false alarms only."""
    tally = lawful.calibrate(TRAP, ensembles=2000, seed=root_seed)
    assert {found.about for found in broken(tally)} == {"coverage"} | {"uniform"}
    assert broken(tally, skewed=True) == []
    # A plain z-test errs more than ten times too often there.
    assert tally.plain["0.001"] / tally.ensembles > 0.005


# Pieces


def test_counts_become_uniform(root_seed: int) -> None:
    """Chi-square of twenty bins at 1e-9, with few and with many values, and of dice that are loaded."""
    rng = np.random.default_rng(root_seed)
    for paths, probability in ((3, 0.4), (10**6, 1e-5), (10**6, 0.3)):
        tally, wrong = Tally(paths=paths, ensembles=20_000), Tally(paths=paths, ensembles=20_000)
        counts = rng.binomial(paths, probability, size=20_000)
        tally.spread("x", randomised(counts, paths, probability, rng))
        wrong.spread("x", randomised(counts, paths, min(1.0, 1.3 * probability), rng))
        assert broken(tally) == []
        assert broken(wrong) != []


def test_only_lattices_are_dithered() -> None:
    rng = np.random.default_rng(1)
    fine = rng.standard_normal(10_000)
    assert np.abs(dithered(fine, rng) - fine).max() < 1e-3
    coarse = np.round(fine, 1)
    spread = dithered(coarse, rng)
    assert np.unique(spread).size == fine.size
    assert np.abs(spread - coarse).max() <= 0.0500001


def test_intervals() -> None:
    assert clopper_pearson(0, 10, 0.05) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    assert clopper_pearson(10, 10, 0.05)[1] == 1.0


def test_what_is_kept_can_be_read(tmp_path: Path) -> None:
    tally = Tally(paths=7, checks=3, ensembles=2, seconds=0.5)
    tally.reject(LEVELS[0], "mean_sigma", 1)
    tally.families[str(LEVELS[0])] += 1
    tally.score("mean_sigma", np.array([0.5, 1.5]))
    tally.spread("mean_sigma", [0.3, 1.0])
    tally.save(tmp_path / "deep" / "x.json")
    again = Tally.load(tmp_path / "deep" / "x.json")
    assert again == tally
    assert sum(again.uniform["mean_sigma"]) == 2
    assert len(again.uniform["mean_sigma"]) == BINS
    assert again.covered["mean_sigma"] == [1, 2]


# The page


def test_the_page_is_of_these_processes_and_says_that_all_is_well() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, case in {**LAWFUL, **LAWLESS}.items():
        assert f"| {name} |" in text
        assert f"| {case.reason} |" in text
    assert len(LAWFUL) + len(LAWLESS) >= 12
    assert "none was answered badly" in text
    assert "**" not in text.split("## The processes")[1]


def test_the_page_names_what_is_wrong() -> None:
    name, case = "coherent qutrit", LAWFUL["coherent qutrit"]
    tally = Tally(paths=case.paths, checks=11, ensembles=10_000)
    tally.families.update({"0.001": 100, "0.05": 100})
    tally.reject(LEVELS[0], "mean_sigma", 100)
    tally.reject(LEVELS[1], "mean_sigma", 100)
    assert f"these were answered badly: {name}, level 0.001" in page({name: tally})


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LAWFUL, *LAWLESS])
def test_every_process_in_short(name: str, root_seed: int) -> None:
    """False-failure rate 1e-6 a process."""
    case: Case = {**LAWFUL, **LAWLESS}[name]
    if name in LAWFUL:
        tally = lawful.calibrate(case, ensembles=2000, seed=root_seed)
        assert bool(tally.unsettled) is not case.conclusive
    else:
        tally = lawless.calibrate(case, ensembles=50, seed=root_seed)
    assert broken(tally, skewed=case.skewed) == []
