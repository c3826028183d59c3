"""Trajectories of jump processes against exact laws: master equation, counting statistics, cumulants, finite law."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from qtraj.density.jump_cumulants import jump_cumulants
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import ROW_BLOCK_PATHS, Block, row_blocks
from qtraj.paths.exact_law import exact_law
from qtraj.paths.jump_engines import EngineKind
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.paths.parallel import map_blocks
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.states import State
from tests.paths.enumeration import RATE, chi_square_p_value
from tests.paths.jump_cases import CASES, davies, driven_qubit, exact_state, jump_number_law, oscillator, spin_chain

PATHS = 40_000

# Two-sided tail of 1e-9 of a normal law.
SIGMAS = 6.11


def trajectories(
    process: JumpProcess, *, protocol: str = "augmented", seed: int = 1, records: bool = True, **options: Any
) -> JumpTrajectories:
    endpoints = process.endpoints(MeasurementProtocol.parse(protocol))
    return JumpTrajectories(process=process, endpoints=endpoints, seed=seed, keep_records=records, **options)


def follow(process: JumpProcess, paths: int = PATHS, **options: Any) -> tuple[dict[str, np.ndarray], JumpRecords]:
    rows, records = trajectories(process, **options)(row_blocks(paths)[0])
    assert records is not None
    return rows, records


def kinds_of(process: JumpProcess) -> list[EngineKind | None]:
    """Every engine that can follow a process."""
    kinds: list[EngineKind | None] = []
    for kind in EngineKind:
        try:
            trajectories(process, kind=kind)
        except InvalidInput:
            continue
        kinds.append(kind)
    return kinds


# --- counting statistics ----------------------------------------------------------------------------------------------


def counting_p_values(process: JumpProcess, rows: dict[str, np.ndarray], records: JumpRecords) -> list[float]:
    """The number of jumps, of all kinds and of the first, against the characteristic function."""
    largest = 63
    own = records.counts(len(process.jumps))[:, 0]
    return [
        chi_square_p_value(np.bincount(rows["jumps"], minlength=largest + 1), jump_number_law(process, largest)),
        chi_square_p_value(np.bincount(own, minlength=largest + 1), jump_number_law(process, largest, counted=0)),
    ]


@pytest.mark.parametrize("name", CASES)
def test_numbers_of_jumps_follow_their_law(name: str, root_seed: int) -> None:
    """With every engine. False-failure rate 1e-9 each; power 0.99 against laws 4 % away in total variation."""
    process = CASES[name]()
    for kind in kinds_of(process):
        rows, records = follow(process, seed=root_seed, kind=kind)
        assert min(counting_p_values(process, rows, records)) > RATE, kind


def test_negative_control_a_wrong_hamiltonian_is_seen(root_seed: int) -> None:
    """The integral theorem is blind to it; the counting statistics is not."""
    rows, records = follow(driven_qubit(drive=1.3), seed=root_seed)
    assert min(counting_p_values(driven_qubit(), rows, records)) < RATE


def test_records_are_in_order_and_within_the_duration() -> None:
    process = CASES["junction"]()
    rows, records = follow(process, 2000)
    for path in range(200):
        times, which = records[path]
        assert (np.diff(times) > 0).all()
        assert ((times > 0) & (times < process.duration)).all()
        assert ((which >= 0) & (which < len(process.jumps))).all()
    np.testing.assert_array_equal(rows["jumps"], records.jumps)


# --- what is booked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_books_agree_with_the_records(name: str) -> None:
    process = CASES[name]()
    rows, records = follow(process, 3000)
    counts = records.counts(len(process.jumps))
    for index, bath in enumerate(process.baths):
        own = process.bath_of == index
        np.testing.assert_allclose(rows[f"entropy_into_{bath}"], counts[:, own] @ process.entropies[own], atol=1e-11)
        if np.isfinite(process.heats[own]).all():
            np.testing.assert_allclose(rows[f"heat_into_{bath}"], counts[:, own] @ process.heats[own], atol=1e-11)
        else:
            assert f"heat_into_{bath}" not in rows
    assert ("heat" in rows) == bool(np.isfinite(process.heats).all())
    np.testing.assert_allclose(rows["sigma"], rows["sigma_d"] + rows["xi"], atol=1e-11)
    ends = process.endpoints(MeasurementProtocol.AUGMENTED)
    logs = ends.initial.outcomes.log_eigenvalues[rows["alpha"]] - ends.final.outcomes.log_eigenvalues[rows["beta"]]
    np.testing.assert_allclose(rows["sigma"], logs + counts @ process.entropies, atol=1e-10)


@pytest.mark.parametrize("protocol", ["augmented", "energy-two-point"])
@pytest.mark.parametrize("name", ["driven qubit", "junction", "davies", "oscillator", "two spins", "critically damped"])
def test_means_agree_with_the_tilted_generator(name: str, protocol: str, root_seed: int) -> None:
    """Exact means and variances. False-failure rate 1e-9 for each of some ten z; power 0.99 from 8.5 sigma on."""
    process = CASES[name]()
    rows, _ = follow(process, seed=root_seed, protocol=protocol)
    names = ["sigma", "sigma_d", "xi", "jumps", *(f"entropy_into_{bath}" for bath in process.baths)]
    names += [f"heat_into_{bath}" for bath in process.baths if f"heat_into_{bath}" in rows]
    for quantity in names:
        mean, variance, _ = jump_cumulants(process, quantity, protocol=protocol)
        error = np.sqrt(max(variance, 0.0) / PATHS) + 1e-10
        assert abs(rows[quantity].mean() - mean) < SIGMAS * error, quantity


def test_paths_of_a_davies_map_fill_its_finite_law(root_seed: int) -> None:
    """Joint law of alpha, beta, n, m and the entropy, class by class. Rate 1e-9."""
    process = davies()
    rows, _ = follow(process, seed=root_seed)
    assert law_p_value(process, rows) > RATE


@pytest.mark.parametrize("swap", ["n", "m", "beta"])
def test_negative_control_labels_out_of_place_are_rejected(swap: str, root_seed: int) -> None:
    process = davies()
    rows, _ = follow(process, seed=root_seed)
    order = np.random.default_rng(1).permutation(PATHS)
    assert law_p_value(process, rows | {swap: rows[swap][order]}) < RATE


def law_p_value(process: JumpProcess, rows: dict[str, np.ndarray]) -> float:
    law = exact_law(process)

    def key(alpha: np.ndarray, beta: np.ndarray, n: np.ndarray, m: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        labels = ((alpha * 8 + beta) * 8 + n) * 8 + m
        return np.stack([labels, np.round(sigma, 6)], axis=1)

    own = key(*(rows[name] for name in ("alpha", "beta", "n", "m")), rows["sigma"])
    exact = key(law.alpha, law.beta, law.n, law.m, law.quantity("sigma"))
    kinds, place = np.unique(np.concatenate([exact, own]), axis=0, return_inverse=True)
    place = place.ravel()
    probabilities = np.bincount(place[: law.classes], weights=law.probabilities, minlength=len(kinds))
    counts = np.bincount(place[law.classes :], minlength=len(kinds))
    return chi_square_p_value(counts, probabilities)


@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point", "kraus"])
def test_columns_are_those_the_protocol_records(protocol: str) -> None:
    rows, _ = follow(davies(), 100, protocol=protocol)
    expected = {"alpha", "jumps", "heat", "heat_into_bath", "entropy_into_bath"}
    expected |= {"beta", "sigma"} if protocol != "kraus" else set()
    expected |= {"n", "m", "sigma_d", "xi", "work"} if protocol in ("augmented", "energy-two-point") else set()
    assert set(rows) == expected
    if protocol == "energy-two-point":
        np.testing.assert_array_equal(rows["n"], rows["alpha"])
        np.testing.assert_array_equal(rows["m"], rows["beta"])


def test_equal_quanta_are_equal_entropies_to_the_last_bit() -> None:
    rows, records = follow(CASES["junction"]())
    process = CASES["junction"]()
    net = records.counts(len(process.jumps))[:, 0] - records.counts(len(process.jumps))[:, 1]
    for number in np.unique(net)[:5]:
        assert np.unique(rows["entropy_into_left"][net == number]).size == 1


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_averaged_states_are_the_master_equation(name: str, root_seed: int) -> None:
    """Entry by entry at four times, with every engine; an entry's spread is at most 1/2. Rate 1e-9 an entry."""
    process, paths = CASES[name](), 10_000
    times = process.duration * np.array([0.0, 0.1, 0.5, 1.0])
    for kind in kinds_of(process):
        follower = trajectories(process, protocol="kraus", seed=root_seed, records=False, kind=kind)
        estimate = follower.summed_states(row_blocks(paths)[0], times) / paths
        for own, time in zip(estimate, times, strict=True):
            assert np.abs(own - exact_state(process, time)).max() < SIGMAS * 0.71 / np.sqrt(paths), kind


@pytest.mark.parametrize("kind", [EngineKind.CHAIN, EngineKind.TRANSITIONS, EngineKind.MODES, EngineKind.DIGITS])
def test_states_are_those_of_the_same_trajectories(kind: EngineKind) -> None:
    """Before the first jump the evolved start, right after a jump of rank one its state."""
    process = davies()
    follower = trajectories(process, kind=kind)
    block = row_blocks(400)[0]
    rows, records = follower(block)
    assert records is not None
    times = np.linspace(0, process.duration, 33)
    states = follower.states_at(block, times)
    np.testing.assert_allclose(np.linalg.norm(states, axis=2), 1.0, atol=1e-12)
    starts = process.system.outcomes.vectors[:, rows["alpha"]].T
    effective = process.effective_hamiltonian.diagonal()
    for path in range(400):
        own, which = records[path]
        done = np.searchsorted(own, times, side="right")
        for place, time in enumerate(times):
            if done[place]:
                operator = process.jumps[which[done[place] - 1]].operator
                expected = operator[:, np.abs(operator).any(axis=0)][:, 0]
            else:
                expected = np.exp(-1j * effective * time) * starts[path]
            overlap = abs(np.vdot(expected, states[path, place])) / np.linalg.norm(expected)
            assert overlap == pytest.approx(1.0, abs=1e-9)
    some = follower.states_at(block, times, slice(100, 200))
    assert some.tobytes() == states[100:200].tobytes()


def test_times_outside_the_duration_are_refused() -> None:
    follower = trajectories(davies())
    for times in ([-0.1, 1.0], [0.5, 2.1], [1.0, 0.5], [np.nan]):
        with pytest.raises(InvalidInput, match="`times` must"):
            follower.states_at(row_blocks(10)[0], np.array(times))


# --- a run is a function of its arguments -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Bytes:
    """All that a block gives, as bytes."""

    follower: JumpTrajectories

    def __call__(self, block: Block) -> list[bytes]:
        rows, records = self.follower(block)
        assert records is not None
        return [
            *(rows[name].tobytes() for name in sorted(rows)),
            records.col_times.tobytes(),
            records.col_which.tobytes(),
            records.offsets.tobytes(),
        ]


@pytest.mark.parametrize("name", ["davies", "junction", "oscillator"])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_workers_change_nothing(name: str, backend: str) -> None:
    blocks = row_blocks(ROW_BLOCK_PATHS + 1017)
    function = _Bytes(trajectories(CASES[name]()))
    assert map_blocks(function, blocks) == map_blocks(function, blocks, n_jobs=2, backend=backend)


def test_seeds_blocks_and_tails_differ() -> None:
    process = driven_qubit()
    first, second = (trajectories(process)(block)[0]["jumps"] for block in row_blocks(2 * ROW_BLOCK_PATHS))
    assert (first != second).any()
    other = trajectories(process, seed=2)(row_blocks(2 * ROW_BLOCK_PATHS)[0])[0]["jumps"]
    assert (first != other).any()
    tail = trajectories(process)(row_blocks(1000)[0])[0]["jumps"]
    assert (first[:1000] != tail).any()


def test_trajectories_survive_pickling() -> None:
    from qtraj.paths.state_kernels import follow_states

    follower = trajectories(oscillator())
    block = row_blocks(500)[0]
    drawn, compiled = _Bytes(follower)(block), len(follow_states.signatures)  # type: ignore[attr-defined]
    assert _Bytes(pickle.loads(pickle.dumps(follower)))(block) == drawn
    # Nor is anything compiled again for it, as it would be for writable arrays.
    assert len(follow_states.signatures) == compiled  # type: ignore[attr-defined]


def test_a_start_of_rank_two_and_a_degenerate_start() -> None:
    for state in (State.haar(3, rank=2, seed=1), np.eye(3) / 3, np.diag([0.5, 0.5, 0.0])):
        process = replace(davies(), system=replace(davies().system, state=state))
        rows, records = follow(process)
        assert min(counting_p_values(process, rows, records)) > RATE


# --- larger -----------------------------------------------------------------------------------------------------------


def test_six_spins_agree_with_the_master_equation(root_seed: int) -> None:
    """64 levels in blocks of up to 20: populations of the sites at the end. Rate 1e-9 a site."""
    process, paths = spin_chain(6, duration=1.0), 4000
    follower = trajectories(process, protocol="kraus", seed=root_seed)
    assert follower.engine.kind is EngineKind.MODES
    states = follower.states_at(row_blocks(paths)[0], np.array([1.0]))[:, 0]
    populations = np.abs(states) ** 2
    bits = (np.arange(64)[:, None] >> np.arange(5, -1, -1)) & 1
    sampled = (populations @ bits).mean(axis=0)
    np.testing.assert_allclose(sampled, exact_sites(process, bits), atol=SIGMAS * 0.5 / np.sqrt(paths))


def exact_sites(process: JumpProcess, bits: np.ndarray) -> np.ndarray:
    """Occupations of a chain of free hopping spins: boundary losses and gains, by Runge-Kutta on the state."""
    basis = process.system.basis
    hamiltonian = basis @ np.diag(process.system.spectrum.energies) @ basis.conj().T
    operators = [basis @ jump.operator @ basis.conj().T for jump in process.jumps]
    effective = hamiltonian - 0.5j * sum(op.conj().T @ op for op in operators)
    rho = process.system.state.matrix.astype(complex)

    def slope(state: np.ndarray) -> np.ndarray:
        half = -1j * effective @ state
        return half + half.conj().T + sum(op @ state @ op.conj().T for op in operators)

    steps = 100
    for _ in range(steps):
        h = process.duration / steps
        one = slope(rho)
        two = slope(rho + h / 2 * one)
        three = slope(rho + h / 2 * two)
        rho = rho + h / 6 * (one + 2 * two + 2 * three + slope(rho + h * three))
    return rho.diagonal().real @ bits


@pytest.mark.slow
@pytest.mark.parametrize("name", ["driven qubit", "davies", "oscillator", "two spins"])
def test_qutip_draws_the_same_trajectories(name: str) -> None:
    """An independent implementation: numbers of jumps of each kind, from 2000 of its trajectories. Rate 1e-9."""
    qutip = pytest.importorskip("qutip")
    process = CASES[name]()
    start = process.system.outcomes.vectors[:, :1]
    process = replace(process, system=replace(process.system, state=State.pure(process.system.basis @ start[:, 0])))
    rows, records = follow(process)
    paths = 2000
    options = {"progress_bar": "", "store_states": False, "norm_tol": 1e-6, "norm_steps": 20, "rtol": 1e-8}
    result = qutip.mcsolve(
        qutip.Qobj(np.diag(process.system.spectrum.energies)),
        qutip.Qobj(start),
        [0.0, process.duration],
        [qutip.Qobj(jump.operator) for jump in process.jumps],
        ntraj=paths,
        seeds=1,
        options=options,
    )
    for kind in range(len(process.jumps)):
        own = np.bincount(records.counts(len(process.jumps))[:, kind], minlength=30)[:30]
        theirs = np.bincount([sum(w == kind for w in which) for which in result.col_which], minlength=30)[:30]
        assert chi_square_p_value(theirs, own / own.sum() + 1e-12) > RATE
    own_last = np.bincount(rows["jumps"], minlength=60)[:60]
    theirs_all = np.bincount([len(times) for times in result.col_times], minlength=60)[:60]
    assert chi_square_p_value(theirs_all, own_last / own_last.sum() + 1e-12) > RATE
