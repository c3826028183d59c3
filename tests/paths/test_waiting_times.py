"""Waiting times: each one against 40-digit arithmetic, and their distribution against its exact law."""

from __future__ import annotations

from dataclasses import replace

import mpmath
import numpy as np
import pytest

from qtraj.paths.jump_engines import EngineKind, JumpEngine
from qtraj.paths.jump_operators import Frame, JumpOperators
from qtraj.paths.jump_tables import floats, workspace
from qtraj.paths.waiting_times import prepare_evolution
from tests.paths.enumeration import RATE, chi_square_p_value
from tests.paths.jump_cases import FLIP, KEY, LOWERING, bare_engine

LOSSES = np.concatenate([10.0 ** -np.arange(1.0, 10.0), np.linspace(0.02, 0.98, 17), 1 - 10.0 ** -np.arange(2.0, 7.0)])

# What is promised, relative to the waiting time; reached is 1e-11.
PROMISED = 1e-10


def random_case(dimension: int) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(dimension)

    def matrix() -> np.ndarray:
        return rng.normal(size=(dimension,) * 2) + 1j * rng.normal(size=(dimension,) * 2)

    hamiltonian = matrix()
    return hamiltonian + hamiltonian.conj().T, [0.5 * matrix(), 0.5 * matrix()], matrix()[0]


def fast_and_slow() -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Two driven qubits side by side, one damped at rate 1e8, one at 1e-8."""
    hamiltonian = np.zeros((4, 4))
    hamiltonian[:2, :2], hamiltonian[2:, 2:] = FLIP, 1e-3 * FLIP
    fast, slow = np.zeros((4, 4)), np.zeros((4, 4))
    fast[0, 1], slow[2, 3] = 1e4, 1e-4
    return hamiltonian, [fast, slow], np.full(4, 0.5)


CASES = {
    "no rate at first": (0.5 * FLIP, [LOWERING], [1.0, 0.0], 30.0),
    "strongly driven": (5.0 * FLIP, [LOWERING], [1.0, 0.0], 30.0),
    "excited": (0.5 * FLIP, [LOWERING], [0.0, 1.0], 30.0),
    "critically damped": (0.25 * FLIP, [LOWERING], [1.0, 0.0], 60.0),
    "almost critically damped": ((0.25 + 1e-9) * FLIP, [LOWERING], [0.0, 1.0], 60.0),
    # It leaves through a level damped at rate 1e8, at a rate of 1e-8 that drowns in the rounding of eigenvalues.
    "adiabatically eliminated": (0.5 * FLIP, [1e4 * LOWERING], [1.0, 0.0], 1e9),
    "weakly damped": (0.5 * FLIP, [1e-4 * LOWERING], [1.0, 0.0], 1e9),
    "fast and slow": (*fast_and_slow(), 1e9),
    "three levels": (*random_case(3), 20.0),
    "five levels": (*random_case(5), 20.0),
}


class Reference:
    """Survival probability of a state in 40 digits."""

    def __init__(self, hamiltonian: object, jumps: list[np.ndarray], psi: object) -> None:
        mpmath.mp.dps = 40
        matrix = -1j * mpmath.matrix(np.asarray(hamiltonian, dtype=complex).tolist())
        for jump in jumps:
            operator = mpmath.matrix(np.asarray(jump).tolist())
            matrix -= operator.H * operator / 2
        state = mpmath.matrix(list(np.asarray(psi, dtype=complex)))
        self.exponents, self.modes = mpmath.eig(matrix) if not self.defective(matrix) else (None, None)
        self.matrix, self.state = matrix, state / mpmath.norm(state)
        if self.modes is not None:
            self.amplitudes = mpmath.lu_solve(self.modes, self.state)

    @staticmethod
    def defective(matrix: mpmath.matrix) -> bool:
        return matrix.rows == 2 and abs((matrix[0, 0] - matrix[1, 1]) ** 2 + 4 * matrix[0, 1] * matrix[1, 0]) < 1e-30

    def __call__(self, time: mpmath.mpf) -> mpmath.mpf:
        if self.modes is None:
            return mpmath.norm(mpmath.expm(self.matrix * time) * self.state) ** 2
        evolved = [mpmath.exp(e * time) * a for e, a in zip(self.exponents, self.amplitudes, strict=True)]
        return mpmath.norm(self.modes * mpmath.matrix(evolved)) ** 2

    def error(self, time: float, loss: float) -> float:
        """By how much a waiting time is wrong, relative to itself, to first order."""
        exact = mpmath.mpf(time)
        step = exact * mpmath.mpf(10) ** -12
        rate = (self(exact - step) - self(exact + step)) / (2 * step)
        return float(abs((1 - self(exact) - mpmath.mpf(loss)) / rate) / exact)


@pytest.mark.parametrize("name", CASES)
def test_every_waiting_time_is_exact(name: str) -> None:
    """From the prepared table and without it; losses from 1e-9 to 1 - 1e-6."""
    from qtraj.paths.state_kernels import waiting_times

    hamiltonian, jumps, psi, duration = CASES[name]
    start = np.asarray(psi) / np.linalg.norm(psi)
    engine = engine_of(hamiltonian, jumps, start, duration)
    assert engine.kind is (EngineKind.DIGITS if "critically" in name else EngineKind.MODES)
    evolution, _, nodes = engine.tables
    reference = Reference(hamiltonian, jumps, psi)
    for prepared in (True, False):
        found = np.zeros(LOSSES.size)
        waiting_times(evolution, nodes, workspace(evolution), 0, prepared, floats(LOSSES), found)
        reached = float(1 - reference(mpmath.mpf(duration))) > LOSSES
        np.testing.assert_array_equal(np.isfinite(found), reached)
        worst = max(reference.error(t, loss) for t, loss in zip(found[reached], LOSSES[reached], strict=True))
        assert worst < PROMISED


def engine_of(hamiltonian: object, jumps: list[np.ndarray], start: object, duration: float) -> JumpEngine:
    """The engine of pure states, by modes unless they are ill-conditioned."""
    chosen = bare_engine(hamiltonian, jumps, start, duration=duration)
    if chosen.kind is EngineKind.TRANSITIONS:
        return bare_engine(hamiltonian, jumps, start, duration=duration, kind=EngineKind.MODES)
    return chosen


def test_slow_rates_are_taken_from_eigenvectors() -> None:
    """A decay rate of 1e-8 beside one of 1e8 is noise in an eigenvalue, unless the basis happens to be a good one."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    hamiltonian, jump = turn @ (0.5 * FLIP) @ turn.T, turn @ (1e4 * LOWERING) @ turn.T
    engine = bare_engine(hamiltonian, [jump], turn[:, 0], duration=1e9, kind=EngineKind.MODES)
    effective = hamiltonian - 0.5j * jump.T @ jump
    naive = -2 * np.linalg.eigvals(-1j * effective).real.max()
    assert abs(naive / 1e-8 - 1) > 1e-2  # negative control
    own = -2 * engine.tables[0].exponents[0].max()
    assert own == pytest.approx(1e-8, rel=1e-6)


@pytest.mark.parametrize("name", ["no rate at first", "strongly driven", "excited"])
def test_quantiles_of_transitions_are_exact(name: str) -> None:
    """The tables of the transitions engine, for a single jump, whose law is then that of all."""
    from qtraj.paths.transition_kernels import transition_quantiles

    hamiltonian, jumps, psi, duration = CASES[name]
    engine = bare_engine(hamiltonian, jumps, psi, duration=duration)
    assert engine.kind is EngineKind.TRANSITIONS
    transitions = engine.tables[1]
    assert transitions.exact.any()
    reference = Reference(hamiltonian, jumps, psi)
    total = float(1 - reference(mpmath.mpf(duration)))
    shares = LOSSES[LOSSES < 0.999]
    found = np.zeros(shares.size)
    transition_quantiles(transitions, 0, floats(shares), found)
    assert transitions.totals[0] == pytest.approx(total, rel=1e-12)
    for time, share in zip(found, shares, strict=True):
        assert reference.error(time, share * total) < PROMISED


# --- the distribution of the first waiting time -----------------------------------------------------------------------

PATHS = 40_000
DURATION = 3.0


def first_times(engine: JumpEngine) -> np.ndarray:
    """Time of the first jump of every path, infinite without one."""
    records = engine.follow(KEY, np.zeros(PATHS, dtype=np.int64), keep_records=True).records
    assert records is not None
    times = np.full(PATHS, np.inf)
    some = records.jumps > 0
    times[some] = records.col_times[records.offsets[:-1][some]]
    return times


def p_value(times: np.ndarray) -> float:
    """Against the exact law of a driven qubit that starts in its ground state, in 50 cells and one for no jump."""
    edges = np.linspace(0, DURATION, 51)
    exact = np.array([float(1 - DRIVEN(mpmath.mpf(edge))) for edge in edges])
    probabilities = np.append(np.diff(exact), 1 - exact[-1])
    counts = np.append(np.histogram(times, edges)[0], np.isinf(times).sum())
    return chi_square_p_value(counts, probabilities)


DRIVEN = Reference(1.2 * FLIP, [LOWERING], [1.0, 0.0])


@pytest.mark.parametrize("kind", [EngineKind.TRANSITIONS, EngineKind.MODES, EngineKind.DIGITS])
def test_waiting_times_follow_their_law(kind: EngineKind) -> None:
    """False-failure rate 1e-9; power 0.99 against a law 4 % away in total variation."""
    engine = bare_engine(1.2 * FLIP, [LOWERING], [1.0, 0.0], duration=DURATION, kind=kind)
    assert p_value(first_times(engine)) > RATE


def test_negative_control_dropped_silent_paths_are_rejected() -> None:
    engine = bare_engine(1.2 * FLIP, [LOWERING], [1.0, 0.0], duration=DURATION)
    times = first_times(engine)
    jumped = times[np.isfinite(times)]
    assert p_value(np.resize(jumped, PATHS)) < RATE


@pytest.mark.parametrize("factor", [0.0, 0.9, 1.1])
def test_negative_control_a_wrong_effective_hamiltonian_is_rejected(factor: float) -> None:
    """The anti-Hermitian part scaled: without it nothing decays, and 10 % are seen too."""
    engine = bare_engine(1.2 * FLIP, [LOWERING], [1.0, 0.0], duration=DURATION, kind=EngineKind.MODES)
    _, sparse, nodes = engine.tables
    operators = JumpOperators.of([Frame(basis=np.eye(2, dtype=complex), hamiltonian=1.2 * FLIP + 0j)], [LOWERING + 0j])
    wrong = replace(operators, effective_hamiltonian=1.2 * FLIP - 0.5j * factor * operators.loss)
    ends = np.eye(2, dtype=complex)
    spoilt = prepare_evolution(wrong, ends, DURATION, by_modes=False)
    # Losses over digits are sums of rates; scaled like the generator, they belong to it.
    matrices = spoilt.matrices.copy()
    matrices[1 + spoilt.steps.size :] *= factor
    spoilt = spoilt._replace(matrices=floats(matrices))
    turned = nodes._replace(coefficients=floats(np.stack([np.eye(2), np.zeros((2, 2))], axis=1)[: nodes.rates.size]))
    digits = replace(engine, kind=EngineKind.DIGITS, tables=(spoilt, sparse, turned))
    assert p_value(first_times(digits)) < RATE
    right = prepare_evolution(operators, ends, DURATION, by_modes=False)
    assert p_value(first_times(replace(digits, tables=(right, sparse, turned)))) > RATE


def test_negative_control_a_time_step_is_rejected() -> None:
    """First-order jumps at steps of 0.05, as in textbooks."""
    rng = np.random.default_rng(1)
    psi = np.tile(np.array([1.0, 0.0], dtype=complex), (PATHS, 1))
    times, step = np.full(PATHS, np.inf), 0.05
    effective = 1.2 * FLIP - 0.5j * LOWERING.T @ LOWERING
    for now in np.arange(0, DURATION, step):
        jumps = (rng.random(PATHS) < step * np.abs(psi[:, 1]) ** 2) & np.isinf(times)
        times[jumps] = now
        psi = psi - 1j * step * psi @ effective.T
        psi /= np.linalg.norm(psi, axis=1, keepdims=True)
    assert p_value(times) < RATE
