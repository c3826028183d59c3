"""Paths followed measurement by measurement, against brute force and against the law."""

from __future__ import annotations

import pickle
import tracemalloc
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qtraj.paths import explicit as explicit_module
from qtraj.paths import followed as followed_module
from qtraj.paths.blocks import ROW_BLOCK_PATHS, Block, Stream, row_blocks
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import exact_law
from qtraj.paths.follow_blocks import draw_followed
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.law import PathLaw
from qtraj.paths.sample import sample
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.lazy_blocks import STORE, LazyStacks
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.paths.enumeration import RATE, chi_square_p_value, enumerate_paths, independence_p_value

PATHS = 80_000


def follow(name: str, protocol: str = "augmented", *, paths: int = PATHS, seed: int = 1, **options: Any) -> Ensemble:
    return sample(case(name), paths=paths, seed=seed, protocol=protocol, sampler="followed", **options)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_rows_follow_the_enumerated_law(name: str, protocol: str, root_seed: int) -> None:
    """False-failure rate 1e-9. Power 0.99 against a law 4 % away in total variation."""
    paths = enumerate_paths(case(name), protocol)
    counts, strays = paths.counts(follow(name, protocol, paths=40_000, seed=root_seed).rows)
    assert strays == 0
    assert chi_square_p_value(counts, paths.probabilities) > RATE


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["coherent qutrit", "degenerate eigenvalues", "spins"])
def test_followed_and_explicit_paths_are_alike(name: str, protocol: str, root_seed: int) -> None:
    """Two independent samples of 80 000: per class, the difference over its variance. Rate 1e-9, power as above."""
    one = follow(name, protocol, seed=root_seed, keep_rows=False)
    two = sample(case(name), paths=PATHS, seed=root_seed, protocol=protocol, sampler="explicit", keep_rows=False)
    both = (one.class_counts + two.class_counts).astype(float)
    # Given the sum of the two, each share is binomial with p = 1/2: twice the sum of the chi-squares of one of them.
    kept = both >= 100
    assert chi_square_two_samples(one.class_counts[kept], two.class_counts[kept]) > RATE


def chi_square_two_samples(one: np.ndarray, two: np.ndarray) -> float:
    statistic = ((one - two) ** 2 / (one + two)).sum()
    return float(stats.chi2.sf(statistic, one.size))


def test_outcomes_of_probability_zero_never_occur() -> None:
    """After a pure start without environment there is one final outcome, and nothing falls outside the law."""
    ensemble = follow("pure start, no environment")
    assert ensemble.outside == 0
    assert not ensemble["beta"].any()
    cold = follow("cold environment")
    assert not cold["mu"].any()


# --- wrong followers, the finer part of them in tests/theorems/test_negative_controls.py ----------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class InverseUnitary(FollowedPaths):
    """Evolves with the inverse of U."""

    def collapse(self, psi: np.ndarray, mu: int, columns: object = None) -> tuple[np.ndarray, np.ndarray]:
        wrong = replace(self.operation, unitary=self.operation.unitary.adjoint())
        return FollowedPaths(operation=wrong, endpoints=self.endpoints, seed=0).collapse(psi, mu)


@dataclass(frozen=True, kw_only=True, eq=False)
class NoCollapse(FollowedPaths):
    """Measures the final outcome with its overall probability, whatever nu was found."""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        shift = np.random.default_rng(1).permutation(block.size)
        return {**rows, "beta": rows["beta"][shift], "m": rows["m"][shift]}


@pytest.mark.parametrize("wrong", [InverseUnitary, NoCollapse])
def test_negative_control_wrong_followers_are_rejected(wrong: type[FollowedPaths], root_seed: int) -> None:
    operation = case("coherent qutrit")
    law = exact_law(operation)
    follower = wrong(operation=operation, endpoints=law.endpoints, seed=root_seed)
    _, _, rows, _ = draw_followed(follower, finder_of(operation, law), PATHS)
    paths = enumerate_paths(operation, "augmented")
    counts, strays = paths.counts(rows)
    assert strays > 0 or chi_square_p_value(counts, paths.probabilities) < RATE


# --- which class a path belongs to -----------------------------------------------------------------------------------


def finder_of(operation: ThermalOperation, law: PathLaw) -> ClassFinder:
    return ClassFinder(law=law, heats_of=operation.environment.spectrum.energies)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_every_enumerated_path_is_found_in_its_class(name: str, protocol: str) -> None:
    """The class of every labelled path has its probability, its heat and its sigma."""
    operation = case(name)
    law, paths = exact_law(operation, protocol=protocol), enumerate_paths(operation, protocol)
    columns = dict(zip(("alpha", "mu", "beta", "nu", "n", "m"), paths.labels.T, strict=True))
    rows = {label: column for label, column in columns.items() if column[0] >= 0}
    index = finder_of(operation, law)(rows)
    assert (index >= 0).all()
    found = np.bincount(index, weights=paths.probabilities, minlength=law.classes)
    np.testing.assert_allclose(found, law.probabilities, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(law.heat[index], paths.heat, atol=1e-12)
    if law.records("sigma"):
        np.testing.assert_allclose(law.sigma[index], paths.sigma, atol=1e-9)


def test_rows_that_no_class_describes_are_not_forced_into_one() -> None:
    """Labels out of range, also such that they share the key of another class; and heat that the law does not have."""
    operation = case("coherent qutrit")
    law = exact_law(operation)
    find = finder_of(operation, law)
    labels = {"alpha": 0, "mu": 0, "beta": 0, "nu": 0, "n": 0, "m": 0}
    rows = {name: np.array([value]) for name, value in labels.items()}
    assert find(rows)[0] >= 0
    for name in ("alpha", "beta", "n", "m"):
        for beyond in (3, 4, 5, 6, 9, 25, 100):
            assert find({**rows, name: np.array([beyond])})[0] == -1, (name, beyond)
    stretched = replace(find, heats_of=1.0001 * operation.environment.spectrum.energies)
    assert stretched(rows)[0] >= 0  # no heat at all
    assert stretched({**rows, "nu": np.array([1]), "alpha": np.array([2])})[0] == -1


def test_paths_outside_the_law_are_counted_and_have_no_sigma() -> None:
    operation = case("coherent qutrit")
    law = exact_law(operation)

    def astray(block: Block) -> dict[str, np.ndarray]:
        rows = FollowedPaths(operation=operation, endpoints=law.endpoints, seed=1)(block)
        return {**rows, "m": np.where(np.arange(block.size) % 4, rows["m"], 7)}

    counts, outside, rows, _ = draw_followed(astray, finder_of(operation, law), 1000)
    assert outside == 250
    assert int(counts.sum()) == 750
    assert np.isnan(rows["sigma"][::4]).all()
    assert np.isfinite(np.delete(rows["sigma"], np.s_[::4])).all()


def test_energies_of_any_size_find_their_class() -> None:
    """Energies in Hz, or shifted by a large constant, are no reason to lose a path."""
    for scale, shift in ((5e9, 0.0), (1e-9, 0.0), (1.0, 1e6)):
        environment = Environment(energies=shift + scale * np.arange(4.0), inverse_temperature=0.6 / scale)
        operation = haar_operation(scale * np.array([0.0, 1.0, 2.0]), State.haar(3, seed=1), environment)
        assert sample(operation, paths=5000, sampler="followed").outside == 0


# --- a run is a function of its arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_jobs", "backend", "protocol"),
    [(2, "loky", "augmented"), (4, "loky", "kraus"), (2, "threading", "kraus"), (4, "threading", "augmented")],
)
def test_workers_change_nothing(n_jobs: int, backend: str, protocol: str) -> None:
    paths = 2 * ROW_BLOCK_PATHS + 17
    alone = follow("coherent qutrit", protocol, paths=paths)
    shared = follow("coherent qutrit", protocol, paths=paths, n_jobs=n_jobs, backend=backend)
    np.testing.assert_array_equal(alone.class_counts, shared.class_counts)
    assert alone.rows.keys() == shared.rows.keys()
    for name, column in alone.rows.items():
        assert column.tobytes() == shared.rows[name].tobytes(), name
    counted = follow("coherent qutrit", protocol, paths=paths, n_jobs=n_jobs, backend=backend, keep_rows=False)
    np.testing.assert_array_equal(alone.class_counts, counted.class_counts)


@pytest.mark.parametrize(("n_jobs", "backend"), [(2, "loky"), (2, "threading")])
def test_workers_do_not_change_the_law(n_jobs: int, backend: str) -> None:
    """Bit for bit: the last digit of a probability can decide a binomial draw."""
    import joblib

    operation = haar_operation(
        [0.0, 1.0, 2.0, 3.0],
        State.haar(4, seed=1),
        Environment.ladder(levels=60, spacing=1.0, inverse_temperature=0.1),
    )
    alone = exact_law(operation)
    with joblib.parallel_config(backend=backend):
        shared = exact_law(operation, n_jobs=n_jobs)
    for name in ("alpha", "branch", "beta", "n", "m", "log_forward", "sigma", "sigma_d", "xi", "heats"):
        assert getattr(alone, name).tobytes() == getattr(shared, name).tobytes(), name


def test_a_longer_run_keeps_full_blocks_and_draws_the_tail_afresh() -> None:
    short = follow("coherent qutrit", paths=ROW_BLOCK_PATHS + 1000)
    long = follow("coherent qutrit", paths=2 * ROW_BLOCK_PATHS + 1)
    for name, column in short.rows.items():
        np.testing.assert_array_equal(column[:ROW_BLOCK_PATHS], long.rows[name][:ROW_BLOCK_PATHS])
    tail = slice(ROW_BLOCK_PATHS, ROW_BLOCK_PATHS + 1000)
    assert (short["mu"][tail] != long["mu"][tail]).any()


def row_by_row(seed: int) -> list[float]:
    """Are the labels of explicit and followed paths of one seed independent, row by row?"""
    explicit = sample(case("coherent qutrit"), paths=PATHS, seed=seed, sampler="explicit")
    followed = follow("coherent qutrit", seed=seed)
    return [independence_p_value(explicit[name], followed[name]) for name in ("alpha", "mu", "nu", "beta", "n", "m")]


def test_samplers_of_one_seed_share_no_random_numbers(root_seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six tests at 1e-9, without which agreement of the samplers would prove little. Negative control: one stream."""
    assert min(row_by_row(root_seed)) > RATE
    monkeypatch.setattr(explicit_module, "Stream", SimpleNamespace(EXPLICIT=Stream.FOLLOWED))
    assert min(row_by_row(root_seed)) < RATE


def test_a_follower_pickles_without_what_it_computed_on_the_way() -> None:
    operation = case("coherent qutrit")
    follower = FollowedPaths(operation=operation, endpoints=exact_law(operation).endpoints, seed=1)
    block = row_blocks(1000)[0]
    rows = follower(block)
    assert follower._evolved
    pickled = pickle.dumps(follower)
    followed_module._EVOLVED.clear()  # as in a worker that meets this run for the first time
    assert pickle.dumps(follower) == pickled
    again = pickle.loads(pickled)
    assert not again._evolved
    for name, column in again(block).items():
        np.testing.assert_array_equal(column, rows[name])


def test_memory_does_not_grow_with_the_number_of_paths() -> None:
    few, many = (peak(blocks * ROW_BLOCK_PATHS, keep_rows=False) for blocks in (2, 12))
    assert many < 1.1 * few + 100_000
    few, many = (peak(blocks * ROW_BLOCK_PATHS, keep_rows=True) for blocks in (2, 12))
    assert many > 2 * few  # negative control: rows do take memory


def peak(paths: int, *, keep_rows: bool) -> int:
    law = exact_law(case("spins"))
    tracemalloc.start()
    try:
        follow("spins", paths=paths, keep_rows=keep_rows, law=law)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_evolved_states_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = case("coherent qutrit")
    endpoints = exact_law(operation).endpoints
    block = row_blocks(5000)[0]
    free = FollowedPaths(operation=operation, endpoints=endpoints, seed=1)
    rows = free(block)
    unbounded = len(free._evolved)
    largest = max(after.bytes for after in free._evolved.values())
    monkeypatch.setattr(followed_module, "MOST_EVOLVED_BYTES", 3 * largest)
    bounded = FollowedPaths(operation=operation, endpoints=endpoints, seed=1)
    for name, column in bounded(block).items():
        np.testing.assert_array_equal(column, rows[name])
    assert 3 <= len(bounded._evolved) < unbounded
    assert bounded._evolved.bytes <= 3 * largest
    assert not free._evolved  # a process keeps what belongs to the run it works on, and nothing else


def test_blocks_are_made_once_however_few_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paths are the same to the last bit, whatever is read together."""
    block = row_blocks(3000)[0]
    rows, made = followed_by_blocks(block)
    assert sorted(made) == list(range(5))
    monkeypatch.setattr(STORE, "limit", 0.0)
    again, made = followed_by_blocks(block)
    assert sorted(made) == list(range(5))
    monkeypatch.setattr(followed_module, "COLUMN_BYTES", 1)
    pair_by_pair, made = followed_by_blocks(block)
    assert max(map(made.count, made)) > 10  # negative control
    for name, column in rows.items():
        np.testing.assert_array_equal(again[name], column)
        np.testing.assert_array_equal(pair_by_pair[name], column)


def followed_by_blocks(block: Block) -> tuple[dict[str, np.ndarray], list[int]]:
    """Kraus paths of a qubit and eight spins, and which shelves of the unitary's blocks were made on the way."""
    bath = Environment.spins(count=8, splitting=1.0, inverse_temperature=0.4)
    operation = haar_operation([0.0, 1.0], State.haar(2, seed=3), bath)
    stacks = operation.unitary.matrices
    assert isinstance(stacks, LazyStacks)
    made: list[int] = []
    plain = stacks._made
    vars(stacks)["_made"] = lambda position: made.append(position) or plain(position)
    endpoints = operation.endpoints(MeasurementProtocol.KRAUS)
    return FollowedPaths(operation=operation, endpoints=endpoints, seed=1)(block), made
