"""Every mistake of docs/negative_controls.md is made again, and rejected by the checks named there.

Mistakes in following a path are rejected at twice the number of paths listed, where each is seen with a probability of
at least 1 - 1e-5 (99 % at the number listed); seeds are fixed. Mistakes in the law and in what is expected are exact.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from qtraj.theorems.checks import Verdict
from qtraj.theorems.verify import verify
from tests.theorems import negative_controls as controls

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "negative_controls.md"


@cache
def table() -> dict[str, list[str]]:
    """Cells of every line of the document's tables, by name."""
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(r"\| \w+ \| ", line)]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return {name: rest for name, *rest in cells if name != "name"}


def listed(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_document_lists_every_control_in_its_own_words() -> None:
    words = {name: controls.sentence(wrong) for name, wrong in {**controls.FOLLOWERS, **controls.LAWS}.items()}
    words |= {name: controls.sentence(wrong) for name, wrong in controls.COUNTS.items()}
    words |= {name: controls.sentence(wrong) for name, (wrong, _) in controls.REFERENCES.items()}
    words |= {name: controls.sentence(wrong) for name, (wrong, _) in controls.UNSEEN.items()}
    assert {name: cells[0] for name, cells in table().items()} == words


@pytest.mark.parametrize("name", controls.FOLLOWERS)
def test_wrong_followers_are_rejected(name: str, root_seed: int) -> None:
    _, first, paths, _ = table()[name]
    with controls.follower(controls.FOLLOWERS[name]):
        report = verify(
            controls.process_for(name), paths=1_000_000, seed=root_seed, followed_paths=max(1000, 2 * int(paths))
        )
    assert report.verdict is Verdict.FAIL
    assert listed(first) <= controls.failing(report)
    # Nothing but the followed paths is wrong, and nothing else is blamed (false-failure rate 1e-8).
    others = [check for check in report.checks if not check.name.startswith("followed") and check.p_value is not None]
    assert min(check.p_value for check in others) > 1e-9


@pytest.mark.parametrize("name", controls.LAWS)
def test_wrong_laws_are_rejected_before_a_path_is_drawn(name: str) -> None:
    _, identities, _ = table()[name]
    found, _ = controls.law_row(name)
    assert set(found) == listed(identities)
    assert found


def test_inverse_unitary_obeys_the_theorem_and_is_seen_by_means_and_the_final_index_only() -> None:
    """Computed consistently with U^dag, <e^-sigma> = 1 and P_F(s) = e^s P_B(-s) still hold."""
    found, _ = controls.law_row("InverseBothWays")
    assert "law_final_marginal" in found
    assert not {"law_exp_minus_sigma", "law_detailed_theorem", "normalisation"} & set(found)


@pytest.mark.parametrize("name", controls.REFERENCES)
def test_wrong_expectations_are_rejected(name: str) -> None:
    _, identities, statistical = table()[name]
    found, seen = controls.reference_row(name)
    assert set(found) == listed(identities)
    assert listed(statistical) <= seen


@pytest.mark.parametrize("name", controls.COUNTS)
def test_wrong_counts_are_rejected(name: str, root_seed: int) -> None:
    _, first, paths, _ = table()[name]
    with controls.counts_sampler(controls.COUNTS[name]):
        report = verify(controls.process_for(name), paths=2 * int(paths), seed=root_seed)
    assert listed(first) <= controls.failing(report)


@pytest.mark.parametrize("name", controls.UNSEEN)
def test_blind_spots_are_what_they_are_said_to_be(name: str) -> None:
    """If one of these fails some day, a check has learned to see it: move it into one of the tables."""
    report = controls.UNSEEN[name][0]()
    assert controls.failing(report) == set()
    assert report.verdict is Verdict.PASS


def test_what_is_right_passes(root_seed: int) -> None:
    """The same processes without a mistake: false-failure rate 1e-9 each."""
    for name in ("InverseUnitary", "FixedEnergyBasis"):
        assert controls.failing(verify(controls.process_for(name), paths=1_000_000, level=1e-9)) == set()
    assert controls.failing(verify(controls.violating_operation(), paths=1_000_000, level=1e-9)) == set()
