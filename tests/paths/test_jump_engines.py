"""The engines on plain arrays: the same laws from all of them, whatever the pieces; dark states, unequal rates."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import InvalidInput
from qtraj.paths import jump_engines
from qtraj.paths.jump_engines import EngineKind, JumpEngine
from tests.paths.enumeration import RATE, chi_square_p_value
from tests.paths.jump_cases import FLIP, KEY, LOWERING, bare_engine

PATHS = 40_000


def zeros(paths: int) -> np.ndarray:
    return np.zeros(paths, dtype=np.int64)


def ket(dimension: int, level: int) -> np.ndarray:
    return np.eye(dimension)[level]


def jump(dimension: int, to: int, source: int, rate: float) -> np.ndarray:
    return np.sqrt(rate) * np.outer(ket(dimension, to), ket(dimension, source))


# --- which engine -----------------------------------------------------------------------------------------------------


def test_the_fastest_exact_engine_is_chosen() -> None:
    levels = np.diag([0.0, 1.0, 2.5])
    moves = [jump(3, 0, 1, 1.0), jump(3, 1, 2, 2.0)]
    assert bare_engine(levels, moves, ket(3, 2), duration=1.0).kind is EngineKind.CHAIN
    assert bare_engine(FLIP, [LOWERING], ket(2, 0), duration=1.0).kind is EngineKind.TRANSITIONS
    collective = np.diag(np.sqrt([1.0, 2.0]), 1)
    assert bare_engine(levels, [collective], ket(3, 2), duration=1.0).kind is EngineKind.MODES
    assert bare_engine(0.25 * FLIP, [LOWERING], ket(2, 0), duration=1.0).kind is EngineKind.DIGITS
    assert bare_engine(levels, [], ket(3, 2), duration=1.0).kind is EngineKind.CHAIN


@pytest.mark.parametrize(
    ("hamiltonian", "operators", "kind", "message"),
    [
        (FLIP, [LOWERING], EngineKind.CHAIN, "from one energy level to another"),
        (np.diag([0.0, 1.0]), [FLIP], EngineKind.TRANSITIONS, "each to one state"),
        (0.25 * FLIP, [LOWERING], EngineKind.MODES, "condition number"),
    ],
)
def test_an_engine_that_would_be_wrong_is_refused(
    hamiltonian: np.ndarray, operators: list[np.ndarray], kind: EngineKind, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        bare_engine(hamiltonian, operators, ket(2, 0), duration=1.0, kind=kind)


# --- one law ----------------------------------------------------------------------------------------------------------


def histogram(engine: JumpEngine) -> np.ndarray:
    """How often each (number of jumps, final level) occurred, and each cell of the time of the last jump."""
    followed = engine.follow(KEY, zeros(PATHS), keep_records=True)
    records = followed.records
    assert records is not None
    assert (records.jumps == followed.jumps).all()
    last = np.zeros(PATHS)
    some = records.jumps > 0
    last[some] = records.col_times[records.offsets[1:][some] - 1]
    cells = np.minimum((last / engine.duration * 8).astype(int), 7)
    table = np.zeros((12, 8, 4))
    np.add.at(table, (np.minimum(followed.jumps, 11), cells, followed.end), 1)
    return table.ravel()


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Two multinomial samples of one size; rate 1e-9, power 0.99 against laws some percent apart in total variation."""
    both = one + other
    large = both >= 200
    first, second = np.append(one[large], one[~large].sum()), np.append(other[large], other[~large].sum())
    pooled = (first + second) / 2
    # The statistic of two samples has half the spread of that of one sample against its law.
    scaled = pooled + (first - second) / np.sqrt(2)
    return chi_square_p_value(scaled, pooled) > RATE


LAMBDA = (
    np.array([[0.0, 0.4, 0.0], [0.4, 0.5, 0.3], [0.0, 0.3, 1.0]]),
    [jump(3, 0, 1, 1.0), jump(3, 2, 1, 0.5), jump(3, 1, 2, 0.4)],
    np.array([0.6, 0.0, 0.8]),
)


@pytest.mark.parametrize("kind", [EngineKind.MODES, EngineKind.DIGITS])
def test_engines_agree_on_transitions(kind: EngineKind) -> None:
    hamiltonian, jumps, start = LAMBDA
    fast = bare_engine(hamiltonian, jumps, start, duration=5.0)
    assert fast.kind is EngineKind.TRANSITIONS
    slow = bare_engine(hamiltonian, jumps, start, duration=5.0, kind=kind)
    assert alike(histogram(fast), histogram(slow))


@pytest.mark.parametrize("kind", [EngineKind.TRANSITIONS, EngineKind.MODES, EngineKind.DIGITS])
def test_engines_agree_on_a_chain(kind: EngineKind) -> None:
    levels = np.diag([0.0, 1.0, 2.5])
    moves = [jump(3, 0, 1, 1.0), jump(3, 1, 0, 0.4), jump(3, 1, 2, 2.0), jump(3, 2, 0, 0.3), jump(3, 1, 1, 0.2)]
    start = np.sqrt([0.2, 0.3, 0.5])
    fast = bare_engine(levels, moves, start, duration=3.0)
    assert fast.kind is EngineKind.CHAIN
    assert alike(histogram(fast), histogram(bare_engine(levels, moves, start, duration=3.0, kind=kind)))


def test_negative_control_unlike_laws_are_told_apart() -> None:
    hamiltonian, jumps, start = LAMBDA
    right = histogram(bare_engine(hamiltonian, jumps, start, duration=5.0))
    wrong = histogram(bare_engine(1.3 * hamiltonian, jumps, start, duration=5.0, kind=EngineKind.MODES))
    assert not alike(right, wrong)


def test_modes_and_digits_draw_the_same_path_from_the_same_numbers() -> None:
    """They use their random numbers alike, so they differ by the error of waiting times only."""
    hamiltonian, jumps, start = LAMBDA
    records = []
    for kind in (EngineKind.MODES, EngineKind.DIGITS):
        engine = bare_engine(hamiltonian, jumps, start, duration=5.0, kind=kind)
        records.append(engine.follow(KEY, zeros(5000), keep_records=True).records)
    np.testing.assert_array_equal(records[0].offsets, records[1].offsets)
    np.testing.assert_array_equal(records[0].col_which, records[1].col_which)
    np.testing.assert_allclose(records[0].col_times, records[1].col_times, rtol=1e-9)


# --- pieces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EngineKind.TRANSITIONS, EngineKind.MODES, EngineKind.DIGITS])
def test_pieces_and_buffers_change_nothing(kind: EngineKind, monkeypatch: pytest.MonkeyPatch) -> None:
    hamiltonian, jumps, start = LAMBDA
    engine = bare_engine(hamiltonian, jumps, start, duration=5.0, kind=kind)
    whole = engine.follow(KEY, zeros(3000), keep_records=True)
    monkeypatch.setattr(jump_engines, "PIECE", 101)
    monkeypatch.setattr(jump_engines, "FIRST_RECORDS", 3)
    pieces = engine.follow(KEY, zeros(3000), keep_records=True)
    for name in ("end", "jumps", "booked"):
        assert getattr(whole, name).tobytes() == getattr(pieces, name).tobytes()
    for name in ("col_times", "col_which", "offsets"):
        assert getattr(whole.records, name).tobytes() == getattr(pieces.records, name).tobytes()
    unrecorded = engine.follow(KEY, zeros(3000))
    assert unrecorded.records is None
    assert unrecorded.end.tobytes() == whole.end.tobytes()


def test_paths_share_no_random_numbers() -> None:
    """First numbers of 2^16 paths: no two alike, evenly spread, next to each other independent. Rate 1e-9 each."""
    from qtraj.paths.jump_kernels import uniforms

    drawn = np.zeros(2**16)
    uniforms(KEY, 0, drawn)
    assert np.unique(drawn).size == drawn.size
    assert chi_square_p_value(np.histogram(drawn, 64, (0, 1))[0], np.full(64, 1 / 64)) > RATE
    pairs = np.histogram2d(drawn[:-1], drawn[1:], 16, ((0, 1), (0, 1)))[0].ravel()
    assert chi_square_p_value(pairs, np.full(256, 1 / 256)) > RATE
    again = np.zeros(10)
    uniforms(KEY, 100, again)
    np.testing.assert_array_equal(again, drawn[100:110])


# --- dark states and unequal rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EngineKind)
def test_a_dark_state_never_jumps_again(kind: EngineKind) -> None:
    """Of three levels one decays: the path jumps once or, with the weight of the other two, never."""
    start = np.array([0.1, 0.5, np.sqrt(1 - 0.26)])
    engine = bare_engine(np.diag([0.0, 1.0, 2.5]), [jump(3, 0, 2, 1.0)], start, duration=1e6, kind=kind)
    followed = engine.follow(KEY, zeros(PATHS), keep_records=True)
    assert set(np.unique(followed.jumps)) == {0, 1}
    assert abs(followed.jumps.mean() - 0.74) < 6.2 * np.sqrt(0.74 * 0.26 / PATHS)  # false-failure rate 1e-9
    assert (followed.end[followed.jumps == 1] == 0).all()
    assert (followed.end[followed.jumps == 0] != 2).all()
    assert followed.records.col_times.max() < 40


@pytest.mark.parametrize("kind", [None, EngineKind.MODES, EngineKind.DIGITS])
def test_a_dark_superposition_never_jumps_again(kind: EngineKind) -> None:
    """Two ground levels driven to one that decays: half of the start is in the combination the drive does not see."""
    drive = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    jumps = [jump(3, 0, 1, 1.0), jump(3, 2, 1, 1.0)]
    engine = bare_engine(drive, jumps, ket(3, 0), duration=1e4, kind=kind)
    followed = engine.follow(KEY, zeros(4000))
    # Every scattering ends in the dark state with probability 1/2, so the number of jumps is geometric.
    counts = np.bincount(followed.jumps, minlength=40)[:40]
    assert counts.sum() > 3990
    assert chi_square_p_value(counts, 0.5 ** np.arange(1.0, 41.0)) > RATE
    states = engine.states(KEY, zeros(50), np.array([1e4]))
    dark = np.array([1.0, 0.0, -1.0]) / np.sqrt(2)
    overlaps = np.abs(states[:, 0] @ (engine.basis.conj().T @ dark).conj())
    np.testing.assert_allclose(overlaps, 1.0, atol=1e-9)


@pytest.mark.parametrize("kind", EngineKind)
def test_very_fast_and_very_slow_rates_together(kind: EngineKind) -> None:
    """1e-8 into a level that is left at 1e8: both waiting times are exponential. False-failure rate 1e-9."""
    levels = np.diag([0.0, 1.0, 2.5])
    moves = [jump(3, 1, 2, 1e-8), jump(3, 0, 1, 1e8)]
    first = bare_engine(levels, moves, ket(3, 2), duration=1e8, kind=kind)
    records = first.follow(KEY, zeros(PATHS), keep_records=True).records
    times = records.col_times[records.offsets[:-1][records.jumps > 0]]
    edges = np.linspace(0, 1, 21)
    silent = PATHS - times.size
    counts = np.append(np.histogram(times / 1e8, edges)[0], silent)
    assert chi_square_p_value(counts, np.append(-np.diff(np.exp(-edges)), np.exp(-1))) > RATE
    second = bare_engine(levels, moves, ket(3, 1), duration=1e8, kind=kind)
    records = second.follow(KEY, zeros(PATHS), keep_records=True).records
    assert (records.jumps == 1).all()
    edges = np.linspace(0, 5, 21)
    counts = np.append(np.histogram(records.col_times * 1e8, edges)[0], (records.col_times > 5e-8).sum())
    assert chi_square_p_value(counts, np.append(-np.diff(np.exp(-edges)), np.exp(-5))) > RATE


@pytest.mark.parametrize("kind", [None, EngineKind.MODES, EngineKind.DIGITS, EngineKind.TRANSITIONS])
def test_nothing_happens_without_jumps(kind: EngineKind | None) -> None:
    engine = bare_engine(0.5 * FLIP, [], ket(2, 0), duration=np.pi / 2, kind=kind)
    followed = engine.follow(KEY, zeros(100), keep_records=True)
    assert not followed.jumps.any()
    assert followed.records.col_times.size == 0
    # A quarter of a turn about x, seen in the energy eigenbasis of H = x / 2.
    states = engine.states(KEY, zeros(1), np.array([np.pi / 2]))[0, 0]
    energies, basis = np.linalg.eigh(0.5 * FLIP)
    expected = np.exp(-0.5j * np.pi * energies) * basis[0]
    assert abs(np.vdot(expected, states)) == pytest.approx(1.0, abs=1e-12)
