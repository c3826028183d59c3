"""The page docs/negative_controls.md, table by table, on standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.theorems import negative_controls as controls
from tests.theorems import wrong_collisions

__all__ = ["write"]

HEADER = """\
# What `verify` sees, and what it does not

<!-- Written by `python -m tests.theorems.negative_controls`; do not edit by hand. -->

A check is worth what it rejects. Each mistake below is made on purpose, one at a time, in code that is otherwise the
package's own; `tests/theorems/test_negative_controls.py` makes them again and expects them to be rejected. How often
the same checks reject what is right is on the [calibration page](calibration.md).

*Paths* is how many it takes for the check named to reject 99 ensembles out of 100, at its share of the level of a whole
report. Unless a line says otherwise, the process is a coherent qutrit on a ladder of four levels, under the augmented
protocol."""

FOLLOWED = """\
In the sampler that knows nothing of the law; `verify` follows 100 000 paths unless told otherwise. The last column is
for reports whose own ensemble is a million followed paths."""

IDENTITIES = (
    "Identities reject before a path is drawn. The last column is what a million paths would have seen as well."
)

COUNTS = """\
A lean of 10^-3 needs more than 10^7 paths for any test whatever: the chi-square of 10^7 paths would grow by
N times 10^-6 = 10, where 99 % power at a level of 10^-4 takes (3.9 + 2.3)^2 = 38 even in a single number that is made
for this mistake."""

WITHOUT_LAW = "There is no law to compare with: means, weights and final outcomes are all that can see it."

BLIND = "These pass, and must: no comparison of probabilities can see them. The last column says what can."


def write() -> None:
    """Print the document."""
    print(HEADER)
    _sampler_table("Mistakes in following a path", FOLLOWED, controls.FOLLOWERS, controls.follower_row)
    for group in controls.GROUPS:
        text = "" if group.lawful else WITHOUT_LAW
        _sampler_table(group.title, text, group.wrong, lambda name, own=group: controls.group_row(own, name))
    _exact_table("Mistakes in the law", IDENTITIES, controls.LAWS, controls.law_row)
    _exact_table("Mistakes in the law of collisions", "", wrong_collisions.LAWS, controls.collision_law_row)
    expected = {name: wrong for name, (wrong, _) in controls.REFERENCES.items()}
    _exact_table("Mistakes in what is expected", "", expected, controls.reference_row)
    _sampler_table("Mistakes in drawing counts", COUNTS, controls.COUNTS, controls.counts_row, last="10^15 paths")
    unseen = [(name, controls.sentence(wrong), by) for name, (wrong, by) in controls.UNSEEN.items()]
    _table("Blind spots", BLIND, ("name", "what is wrong", "seen by"), unseen)


def _sampler_table(
    title: str, text: str, wrong: Any, row: Callable[[str], tuple[int, str, set[str]]], last: str = "10^6 paths"
) -> None:
    def rows() -> Iterable[tuple[str, ...]]:
        for name, mistake in wrong.items():
            paths, first, seen = row(name)
            yield name, controls.sentence(mistake), _names([first]), str(paths), _names(sorted(seen))

    _table(title, text, ("name", "the sampler", "first seen by", "paths", f"seen in {last} by"), rows())


def _exact_table(title: str, text: str, wrong: Any, row: Callable[[str], tuple[list[str], set[str]]]) -> None:
    def rows() -> Iterable[tuple[str, ...]]:
        for name, mistake in wrong.items():
            identities, seen = row(name)
            yield name, controls.sentence(mistake), _names(identities), _names(sorted(seen))

    _table(title, text, ("name", "what is wrong", "identities that reject", "statistical checks that reject"), rows())


def _table(title: str, text: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    print(f"\n## {title}\n")
    if text:
        print(f"{text}\n")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for cells in rows:
        print(f"| {' | '.join(cells)} |", flush=True)


def _names(checks: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in checks) or "none"
