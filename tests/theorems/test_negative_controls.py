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
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.theorems import negative_controls as controls
from tests.theorems import wrong_collisions

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "negative_controls.md"


@cache
def tables() -> dict[str, dict[str, list[str]]]:
    """Cells of every line of the document's tables, by title and name."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            own = found.setdefault(line.removeprefix("## "), {})
        elif re.match(r"\| \w+ \| ", line):
            name, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            own[name] = cells
    for rows in found.values():
        rows.pop("name")
    return found


FOLLOWING, LAW, COLLISION_LAW, EXPECTED, DRAWING, BLIND = (
    "Mistakes in following a path",
    "Mistakes in the law",
    "Mistakes in the law of collisions",
    "Mistakes in what is expected",
    "Mistakes in drawing counts",
    "Blind spots",
)
GROUPED = [(group, name) for group in controls.GROUPS for name in group.wrong]
# What takes more paths than this is made again in the slow suite.
QUICK = 20_000


def listed(cell: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", cell))


def test_document_lists_every_control_in_its_own_words() -> None:
    mistakes = {
        FOLLOWING: controls.FOLLOWERS,
        **{group.title: group.wrong for group in controls.GROUPS},
        LAW: controls.LAWS,
        COLLISION_LAW: wrong_collisions.LAWS,
        EXPECTED: {name: wrong for name, (wrong, _) in controls.REFERENCES.items()},
        DRAWING: controls.COUNTS,
        BLIND: {name: wrong for name, (wrong, _) in controls.UNSEEN.items()},
    }
    words = {
        title: {name: controls.sentence(wrong) for name, wrong in table.items()} for title, table in mistakes.items()
    }
    assert {title: {name: cells[0] for name, cells in rows.items()} for title, rows in tables().items()} == words


def test_all_but_a_leaning_splitter_are_seen_in_ten_million_paths() -> None:
    sampled = [FOLLOWING, DRAWING, *(group.title for group in controls.GROUPS)]
    late = {name for title in sampled for name, cells in tables()[title].items() if int(cells[2]) > 10**7}
    assert late == {"LeaningTree"}


def judge_followed(report: Report, first: str) -> None:
    """The check named rejects, and nothing else is blamed (false-failure rate 1e-8)."""
    assert report.verdict is Verdict.FAIL
    assert listed(first) <= controls.failing(report)
    others = [check for check in report.checks if not check.name.startswith("followed") and check.p_value is not None]
    assert min(check.p_value for check in others) > 1e-9


@pytest.mark.parametrize("name", controls.FOLLOWERS)
def test_wrong_followers_are_rejected(name: str, root_seed: int) -> None:
    _, first, paths, _ = tables()[FOLLOWING][name]
    with controls.follower(controls.FOLLOWERS[name]):
        report = verify(
            controls.process_for(name), paths=1_000_000, seed=root_seed, followed_paths=max(1000, 2 * int(paths))
        )
    judge_followed(report, first)


def again(group: controls.Group, name: str, seed: int) -> None:
    """Make the mistake with twice the paths listed."""
    _, first, listed_paths, _ = tables()[group.title][name]
    paths = max(1000, 2 * int(listed_paths))
    with group.patched(group.wrong[name]):
        if group.lawful:
            judge_followed(verify(group.process(), paths=1000, seed=seed, followed_paths=paths), first)
        else:
            assert listed(first) <= controls.failing(verify(group.process(), paths=paths, seed=seed))


def paths_listed(group: controls.Group, name: str) -> int:
    return int(tables().get(group.title, {}).get(name, ["", "", "0", ""])[2])


@pytest.mark.parametrize(
    ("group", "name"),
    [(g, n) for g, n in GROUPED if paths_listed(g, n) <= QUICK],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_collisions_and_jumps_are_rejected(group: controls.Group, name: str, root_seed: int) -> None:
    again(group, name, root_seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "name"),
    [(g, n) for g, n in GROUPED if paths_listed(g, n) > QUICK],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_small_mistakes_of_collisions_and_jumps_are_rejected(group: controls.Group, name: str, root_seed: int) -> None:
    again(group, name, root_seed)


@pytest.mark.parametrize("name", controls.LAWS)
def test_wrong_laws_are_rejected_before_a_path_is_drawn(name: str) -> None:
    _, identities, _ = tables()[LAW][name]
    found, _ = controls.law_row(name)
    assert set(found) == listed(identities)
    assert found


@pytest.mark.parametrize("name", wrong_collisions.LAWS)
def test_wrong_laws_of_collisions_are_rejected_before_a_path_is_drawn(name: str) -> None:
    _, identities, _ = tables()[COLLISION_LAW][name]
    found, _ = controls.collision_law_row(name)
    assert set(found) == listed(identities)
    assert found


def test_inverse_unitary_obeys_the_theorem_and_is_seen_by_means_and_the_final_index_only() -> None:
    """Computed consistently with U^dag, <e^-sigma> = 1 and P_F(s) = e^s P_B(-s) still hold."""
    found, _ = controls.law_row("InverseBothWays")
    assert "law_final_marginal" in found
    assert not {"law_exp_minus_sigma", "law_detailed_theorem", "normalisation"} & set(found)


@pytest.mark.parametrize("name", controls.REFERENCES)
def test_wrong_expectations_are_rejected(name: str) -> None:
    _, identities, statistical = tables()[EXPECTED][name]
    found, seen = controls.reference_row(name)
    assert set(found) == listed(identities)
    assert listed(statistical) <= seen


@pytest.mark.parametrize("name", controls.COUNTS)
def test_wrong_counts_are_rejected(name: str, root_seed: int) -> None:
    _, first, paths, _ = tables()[DRAWING][name]
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
