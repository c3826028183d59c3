"""Checks prepared once judge many ensembles as they would judge each alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.paths.exact_law import exact_law
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.checks import Verdict
from qtraj.theorems.fit_check import FitCheck
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_statistics import followed_statistics, law_statistics
from qtraj.theorems.mean_check import MeanCheck
from qtraj.theorems.prepared import SIXTEEN_BITS, Atoms, PreparedCheck
from qtraj.theorems.weight_check import WeightCheck
from tests.calibration.processes import trap
from tests.paths import collision_cases
from tests.paths.cases import case


def prepared(process: Process, *, paths: int, level: float) -> tuple[np.ndarray, list[PreparedCheck]]:
    law = exact_law(process)
    references = gather_references(process, MeasurementProtocol.AUGMENTED)
    plans = law_statistics(law, references, SigmaAtoms.of(process, law)) + followed_statistics(law, references)
    return law.probabilities, [plan(paths, level) for plan in plans]


@pytest.mark.parametrize("paths", [300, 20_000])
@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "trap", "two baths and work"])
def test_many_ensembles_are_rejected_as_each_alone(name: str, paths: int, root_seed: int) -> None:
    """At a level of 0.2, and with one ensemble in two from another law, so that both answers occur."""
    make = {"trap": trap, "two baths and work": lambda: collision_cases.case(name)}.get(name, lambda: case(name))
    probabilities, checks = prepared(make(), paths=paths, level=0.2)
    rng = np.random.default_rng([root_seed, paths])
    p = probabilities / probabilities.sum()
    other = p * np.exp(0.3 * rng.standard_normal(p.size))
    counts = np.concatenate([rng.multinomial(paths, q / q.sum(), size=20) for q in (p, other)])
    answers = set()
    for check in checks:
        alone = [check.judge(own).verdict is Verdict.FAIL for own in counts]
        assert check.rejects(counts).tolist() == alone
        assert check.rejects(counts.reshape(4, 10, -1)).ravel().tolist() == alone
        answers |= set(alone)
    assert answers == {True, False}


def test_whether_a_check_is_settled_is_what_it_says_of_every_sample() -> None:
    for paths in (30, 10**6):
        probabilities, checks = prepared(trap(), paths=paths, level=1e-4)
        counts = np.random.default_rng(3).multinomial(paths, probabilities / probabilities.sum(), size=5)
        verdicts = {check.name: {check.judge(own).verdict for own in counts} - {Verdict.FAIL} for check in checks}
        expected = {check.name: {Verdict.PASS if check.settled else Verdict.INCONCLUSIVE} for check in checks}
        assert verdicts == expected
    assert not all(check.settled for check in prepared(trap(), paths=30, level=1e-4)[1])


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20), st.integers(0, 2**32))
def test_atoms_add_up_classes(labels: list[int], seed: int) -> None:
    atom_of, size = np.array(labels), max(labels) + 2  # the last atom has no class
    counts = np.random.default_rng(seed).integers(0, 10**15, size=(3, 2, atom_of.size))
    expected = np.zeros((3, 2, size), dtype=np.int64)
    for position, atom in enumerate(labels):
        expected[..., atom] += counts[..., position]
    assert (Atoms.of(atom_of, size).counts(counts) == expected).all()


def test_a_test_alone_has_the_whole_level() -> None:
    """Nothing in the pool, or nothing above the cut: half the level would be given to a test that cannot reject."""
    alone = FitCheck.prepare("x", log_probabilities=np.log([0.5, 0.5]), paths=1000, level=0.01)
    shared = FitCheck.prepare("x", log_probabilities=np.log([0.499, 0.499, 0.002]), paths=1000, level=0.01)
    assert (alone.parts, shared.parts) == (1, 2)
    values = np.array([-np.log(1.5), np.log(2.0)])
    uncut = WeightCheck.prepare(
        "x", values=values, log_probabilities=np.log([0.5, 0.5]), target=1.0, paths=10**4, level=0.01
    )
    assert uncut.parts == 1
    assert uncut.below.test.level == 0.01


def test_a_mean_of_nothing_is_rejected() -> None:
    """All paths fell outside the law: there is nothing to average, and nothing right about it."""
    mean = MeanCheck.prepare(
        "x",
        exact=0.0,
        exact_variance=1.0,
        paths=10,
        level=1e-4,
        numerical_floor=1e-12,
        law=(np.array([-1.0, 1.0]), np.log([0.5, 0.5])),
        values=np.array([-1.0, 1.0]),
    )
    assert mean.judge(np.array([0, 0]), outside=10).verdict is Verdict.FAIL
    assert mean.rejects(np.array([[0, 0], [5, 5]])).tolist() == [True, False]


@pytest.mark.parametrize("size", [SIXTEEN_BITS, SIXTEEN_BITS + 1])
def test_the_last_atom_is_itself_however_many_there_are(size: int) -> None:
    """Sixteen bits hold 65536 numbers; one more would be counted as the first."""
    atom_of = np.array([size - 1, 0, size - 1, 1])
    counts = Atoms.of(atom_of, size).counts(np.array([1, 2, 4, 8]))
    assert counts[[0, 1, -1]].tolist() == [2, 8, 5]
    assert counts.sum() == 15
