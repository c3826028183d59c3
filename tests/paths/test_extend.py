"""An extended run equals a fresh one of the same length, number by number, however it was extended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qtraj.errors import InvalidInput
from qtraj.models.registry import build_model
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.extend import extended
from qtraj.paths.sample import sample
from qtraj.paths.tilted import sample_tilted
from tests.paths.cases import case
from tests.paths.jump_cases import davies, driven_qubit


def same(one: Ensemble, other: Ensemble) -> bool:
    """Whether two ensembles are the same to the last bit."""
    assert (one.paths, one.seeds, one.outside, one.tilt) == (other.paths, other.seeds, other.outside, other.tilt)
    assert (one.rows is None) == (other.rows is None)
    assert (one.records is None) == (other.records is None)
    equal = np.array_equal(one.class_counts, other.class_counts)
    if one.rows is not None and other.rows is not None:
        equal &= set(one.rows) == set(other.rows)
        equal &= all(np.array_equal(one.rows[name], other.rows[name]) for name in one.rows)
    if one.records is not None and other.records is not None:
        names = ("col_times", "col_which", "offsets")
        equal &= all(np.array_equal(getattr(one.records, name), getattr(other.records, name)) for name in names)
    return equal


RUNS: dict[str, Callable[[int], Ensemble]] = {
    "counts": lambda paths: sample(case("coherent qutrit"), paths=paths, seed=4),
    "explicit": lambda paths: sample(case("coherent qutrit"), paths=paths, seed=4, sampler="explicit"),
    "followed with a law": lambda paths: sample(case("coherent qutrit"), paths=paths, seed=4, sampler="followed"),
    "followed, no rows": lambda paths: sample(
        case("coherent qutrit"), paths=paths, seed=4, sampler="followed", keep_rows=False
    ),
    "followed without a law": lambda paths: sample(driven_qubit(duration=0.5), paths=paths, seed=4),
    "with records": lambda paths: sample(davies(duration=0.3), paths=paths, seed=4, keep_records=True),
    "tilted": lambda paths: sample_tilted(davies(duration=0.3), strength=-0.5, paths=paths, seed=4, keep_records=True),
}


@pytest.mark.parametrize("steps", [(ROW_BLOCK_PATHS,), (1000,), (ROW_BLOCK_PATHS + 7,)], ids=str)
@pytest.mark.parametrize("name", RUNS)
def test_an_extended_run_equals_a_fresh_one(name: str, steps: tuple[int, ...]) -> None:
    target = ROW_BLOCK_PATHS + 5000
    ensemble = RUNS[name](steps[0])
    for paths in (*steps[1:], target):
        ensemble = extended(ensemble, paths)
    assert same(ensemble, RUNS[name](target))


def test_only_what_is_missing_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def watched(function: Any, blocks: Any, **how: Any) -> Any:
        from qtraj.paths.parallel import iterate_blocks

        drawn.extend(block.index for block in blocks)
        return iterate_blocks(function, blocks, **how)

    ensemble = RUNS["followed without a law"](ROW_BLOCK_PATHS)
    monkeypatch.setattr("qtraj.paths.extend.iterate_blocks", watched)
    extended(ensemble, 2 * ROW_BLOCK_PATHS + 1)
    assert drawn == [1, 2]


def test_an_unfinished_block_is_not_part_of_the_longer_run() -> None:
    """Negative control of `same`: the first rows of a longer run are others, so keeping them would be noticed."""
    short, long = RUNS["followed without a law"](1000), RUNS["followed without a law"](2000)
    assert not np.array_equal(short["sigma"], long["sigma"][:1000])


def test_refusals() -> None:
    operation = build_model("two-qubit-exchange")
    ensemble = sample(operation, paths=100, seed=1)
    with pytest.raises(InvalidInput, match="at least 100"):
        extended(ensemble, 50)
    with pytest.raises(InvalidInput, match="one seed"):
        extended(ensemble + sample(operation, paths=100, seed=2), 500)
    assert extended(ensemble, 100) is ensemble
