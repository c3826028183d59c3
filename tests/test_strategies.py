"""The published strategies find planted mistakes, shrink them to small examples, and check their arguments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

import qtraj.strategies as qst
from qtraj.density.averages import averages
from qtraj.errors import InvalidInput, InvalidSpectrum
from qtraj.paths.exact_law import exact_law
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State

# A claim counts as wrong when it is off by more than any rounding error.
WRONG = 1e-6

# Without the phase that explains a failure: it costs more than finding and shrinking one.
SEARCH = settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def counterexample(
    strategy: st.SearchStrategy[ThermalOperation], wrong: Callable[[ThermalOperation], bool]
) -> ThermalOperation:
    return find(strategy, wrong, settings=SEARCH)


def asserts_correlated_coherence_is_positive(operation: ThermalOperation) -> bool:
    """[Santos19] Eq. (30) as printed."""
    coherence = averages(operation).correlated_coherence
    assert coherence is not None
    return coherence < -WRONG


def asserts_every_coherence_is_scaled(operation: ThermalOperation) -> bool:
    """[Santos19] Eq. (20) as printed, for every pair of levels."""
    factors = averages(operation).coherence_processing.factors
    before, after = operation.system.energy_state.matrix, operation.final_energy_state.matrix
    return bool(np.abs(after - factors * before)[~np.eye(before.shape[0], dtype=bool)].max(initial=0.0) > WRONG)


def asserts_population_theorem(operation: ThermalOperation) -> bool:
    return abs(exact_law(operation).exponential_average("sigma_d") - 1) > WRONG


def forgets_the_support(operation: ThermalOperation) -> bool:
    return abs(exact_law(operation).exponential_average("sigma") - 1) > WRONG


# --- planted mistakes -------------------------------------------------------------------------------------------------


def test_finds_that_correlated_coherence_can_be_negative() -> None:
    qubits = qst.thermal_operations(dimensions=2, environment_dimensions=2)
    found = counterexample(qubits, asserts_correlated_coherence_is_positive)
    # Resonant, and simple: how far the gap itself shrinks depends on the version of Hypothesis.
    ground, excited = found.system.spectrum.energies
    assert ground == 0.0
    assert excited == int(excited)
    assert found.environment.spectrum.energies.tolist() == [ground, excited]


def test_finds_that_ladders_mix_their_coherences() -> None:
    ladder = qst.thermal_operations(energies=[0.0, 1.0, 2.0])
    assert counterexample(ladder, asserts_every_coherence_is_scaled).environment.dimension <= 3


def test_finds_that_degenerate_levels_mix_their_coherences() -> None:
    degenerate = qst.thermal_operations(energies=qst.energies((2, 3), degenerate=True))
    found = counterexample(degenerate, asserts_every_coherence_is_scaled)
    assert found.system.spectrum.energies.tolist() == [0.0, 0.0]


def test_unique_bohr_frequencies_keep_the_printed_formula() -> None:
    """The strategy has no resonances when told so: then the claim is true, and nothing is found."""
    unique = qst.thermal_operations(energies=qst.energies((1, 3), resonances=False))
    with pytest.raises(NoSuchExample):
        find(
            unique,
            asserts_every_coherence_is_scaled,
            settings=settings(SEARCH, max_examples=30),
        )


def test_finds_that_the_population_part_has_no_theorem() -> None:
    found = counterexample(qst.thermal_operations((1, 3), "full"), asserts_population_theorem)
    assert (found.system.dimension, found.environment.dimension) == (2, 2)
    assert found.system.spectrum.energies.tolist() == [0.0, 1.0]
    assert averages(found).initial_coherence > WRONG


def test_diagonal_states_of_full_rank_keep_the_population_theorem() -> None:
    with pytest.raises(NoSuchExample):
        find(
            qst.thermal_operations(ranks="full", diagonal=True),
            asserts_population_theorem,
            settings=settings(SEARCH, max_examples=30),
        )


def test_finds_that_the_theorem_needs_the_support() -> None:
    found = counterexample(qst.thermal_operations(), forgets_the_support)
    assert (found.system.dimension, found.environment.dimension) == (2, 2)
    # The smallest example there is: a ground state, one partial swap, beta = 1.
    assert found.system.energy_state.matrix.real.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert found.system.spectrum.energies.tolist() == found.environment.spectrum.energies.tolist() == [0.0, 1.0]
    assert found.inverse_temperature == 1.0


def test_everything_shrinks_to_the_simplest_operation() -> None:
    found = counterexample(qst.thermal_operations(dimensions=(2, 4), environment_dimensions=(2, 4)), lambda _: True)
    assert found.system.spectrum.energies.tolist() == found.environment.spectrum.energies.tolist() == [0.0, 1.0]
    assert found.system.energy_state.matrix.real.tolist() == [[1.0, 0.0], [0.0, 0.0]]
    assert np.array_equal(found.unitary.matrix(), np.eye(4))
    assert counterexample(qst.thermal_operations(), lambda _: True).system.dimension == 1


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        (qst.states(), lambda s: s.rank == 1 and s.dimension > 1),
        (qst.states(), lambda s: 1 < s.rank < s.dimension),
        (qst.states(), lambda s: s.rank == s.dimension == 4),
        (qst.states(), lambda s: s.dimension == 1),
        (qst.states(ranks=2), lambda s: 0 < abs(np.diff(s.log_eigenvalues)[0]) < 1e-12),
        (qst.states(ranks=2), lambda s: 1e-12 < abs(np.diff(s.log_eigenvalues)[0]) < 1e-9),
        (qst.states(ranks=2), lambda s: s.log_eigenvalues[0] == s.log_eigenvalues[1]),
        (qst.states(ranks=2, smallest=1e-300), lambda s: s.log_eigenvalues.min() < -400),
        (qst.energies(dimensions=(2, 4)), lambda e: np.unique(e).size < e.size),
        (qst.energies(dimensions=(2, 4)), lambda e: bool((np.diff(e) < 0).any())),
        (qst.energies(dimensions=(3, 4)), lambda e: np.unique(np.abs(np.subtract.outer(e, e))).size > 3),
        (qst.environments(), lambda b: b.dimension == 1),
        (qst.environments(), lambda b: b.inverse_temperature == 0),
        (qst.environments(dimensions=4), lambda b: b.lowering is not None),
        (
            qst.environments(resonant_with=[0.0, 0.7]),
            lambda b: b.spectrum.levels.size > 1 and b.spectrum.levels[1] == 0.7,
        ),
        (qst.systems(), lambda s: s.hamiltonian is not None and s.dimension == 3),
        (qst.thermal_operations(), lambda o: o.unitary.adjustment > 1e-8),
    ],
)
def test_corners_are_reached(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> None:
    find(strategy, wanted, settings=SEARCH)


# --- what is promised of every example --------------------------------------------------------------------------------


@given(qst.energies((1, 6), degenerate=False, largest_gap=3.0))
def test_energies_keep_their_promises(levels: np.ndarray) -> None:
    gaps = np.diff(np.sort(levels))
    assert levels.ndim == 1
    assert gaps.size == 0 or (gaps.min() > 0 and gaps.max() <= 3.0 + 1e-12)


@given(qst.spectra((1, 6), resonances=False))
def test_spectra_without_resonances_have_unique_bohr_frequencies(spectrum: Spectrum) -> None:
    values, _ = spectrum.bohr_frequencies()
    assert values.size == spectrum.dimension * (spectrum.dimension - 1) + 1


@given(qst.spectra((1, 6), resonances=True, degenerate=False))
def test_spectra_with_resonances_share_a_bohr_frequency(spectrum: Spectrum) -> None:
    _, index = spectrum.bohr_frequencies()
    assert not spectrum.is_degenerate
    assert np.bincount(index[~np.eye(spectrum.dimension, dtype=bool)]).max() > 1


@given(qst.density_matrices((1, 5), (1, 3), smallest=1e-4))
def test_density_matrices_keep_their_promises(rho: np.ndarray) -> None:
    values = np.linalg.eigvalsh(rho)
    kept = values[values > 1e-12]
    assert rho.flags.writeable
    assert np.array_equal(rho, rho.conj().T)
    assert abs(np.trace(rho) - 1) < 1e-12
    assert values.min() > -1e-12
    assert 1 <= kept.size <= 3
    assert kept.min() > 1e-4 * (1 - 1e-9)


@given(qst.density_matrices((1, 4), diagonal=True))
def test_diagonal_density_matrices_are_diagonal(rho: np.ndarray) -> None:
    assert np.array_equal(rho, np.diag(np.diag(rho)))


@given(qst.states((2, 4), ranks="full"))
def test_full_rank_states_have_full_rank(state: State) -> None:
    assert state.rank == state.dimension >= 2


@given(st.data(), qst.energies((1, 3)), qst.energies((1, 4)))
def test_unitary_matrices_are_unitary_and_conserve_energy(
    data: st.DataObject, own: np.ndarray, other: np.ndarray
) -> None:
    u = data.draw(qst.unitary_matrices(own, other))
    total = np.add.outer(own, other).ravel()
    assert np.abs(u.conj().T @ u - np.eye(total.size)).max() < 1e-12
    assert np.abs(u * (total[:, None] - total[None, :])).max() < 1e-11


@given(qst.thermal_operations((2, 3), environment_dimensions=(2, 3), inverse_temperatures=(0.5, 2.0), kinds="haar"))
def test_thermal_operations_keep_their_promises(operation: ThermalOperation) -> None:
    assert 2 <= operation.system.dimension <= 3
    assert 2 <= operation.environment.dimension <= 3
    assert 0.5 <= operation.inverse_temperature <= 2.0
    assert abs(np.trace(operation.final_state) - 1) < 1e-12


# --- arguments --------------------------------------------------------------------------------------------------------

QUBIT = System(energies=[0.0, 1.0], state=[[1, 0], [0, 0]])
FAR_BATH = Environment(energies=[0.0, 0.3], inverse_temperature=1.0)


@pytest.mark.parametrize(
    ("build", "argument", "measured"),
    [
        (lambda: qst.energies(0), "dimensions", 0.0),
        (lambda: qst.energies((1, 65)), "dimensions", 65.0),
        (lambda: qst.energies((3, 2)), "dimensions", 3.0),
        (lambda: qst.energies(2.0), "dimensions", None),
        (lambda: qst.energies(True), "dimensions", None),
        (lambda: qst.energies((1, 2, 3)), "dimensions", None),
        (lambda: qst.energies([1, 2]), "dimensions", None),
        (lambda: qst.energies(degenerate="yes"), "degenerate", None),
        (lambda: qst.energies(resonances=1), "resonances", None),
        (lambda: qst.energies(largest_gap=0.0), "largest_gap", 0.0),
        (lambda: qst.energies(largest_gap=float("nan")), "largest_gap", float("nan")),
        (lambda: qst.energies(1, degenerate=True), "degenerate", 1.0),
        (lambda: qst.energies(2, resonances=True), "resonances", 2.0),
        (lambda: qst.energies(degenerate=True, resonances=False), "resonances", None),
        (lambda: qst.spectra("many"), "dimensions", None),
        (lambda: qst.states(2, 3), "ranks", 3.0),
        (lambda: qst.states(2, (0, 1)), "ranks", 0.0),
        (lambda: qst.states(2, "half"), "ranks", None),
        (lambda: qst.states(4, smallest=0.3), "smallest", 0.3),
        (lambda: qst.states(4, smallest=0.0), "smallest", 0.0),
        (lambda: qst.states(diagonal=None), "diagonal", None),
        (lambda: qst.density_matrices(smallest=1e-13), "smallest", 1e-13),
        (lambda: qst.density_matrices((2, "3")), "dimensions", None),
        (lambda: qst.systems(2, 3), "ranks", 3.0),
        (lambda: qst.systems(ranks=3, energies=[0.0, 1.0]), "ranks", 3.0),
        (lambda: qst.systems(smallest=2.0), "smallest", 2.0),
        (lambda: qst.systems(energies=st.just([0.0]), smallest=2.0), "smallest", 2.0),
        (lambda: qst.environments(inverse_temperatures=-1.0), "inverse_temperatures", -1.0),
        (lambda: qst.environments(inverse_temperatures=(2.0, 1.0)), "inverse_temperatures", 2.0),
        (lambda: qst.environments(inverse_temperatures="cold"), "inverse_temperatures", None),
        (lambda: qst.environments(dimensions=-2), "dimensions", -2.0),
        (lambda: qst.unitaries(FAR_BATH, FAR_BATH), "system", None),
        (lambda: qst.unitaries(QUBIT, QUBIT), "environment", None),
        (lambda: qst.unitaries(QUBIT, FAR_BATH, kinds="swap"), "kinds", None),
        (lambda: qst.unitaries(QUBIT, FAR_BATH, kinds=()), "kinds", None),
        (lambda: qst.unitaries(QUBIT, FAR_BATH, kinds=("exchange", "partial-swap")), "kinds", None),
        (lambda: qst.thermal_operations(environment_dimensions=0), "environment_dimensions", 0.0),
        (lambda: qst.thermal_operations(inverse_temperatures=(0.0, np.inf)), "inverse_temperatures", np.inf),
        (lambda: qst.thermal_operations(kinds=("haar", "cnot")), "kinds", None),
        (lambda: qst.thermal_operations(dimensions=2, ranks=5), "ranks", 5.0),
    ],
)
def test_arguments_are_checked_when_built(build: Callable[[], object], argument: str, measured: float | None) -> None:
    with pytest.raises(InvalidInput, match=rf"`{argument}`") as caught:
        build()
    assert caught.value.measured == pytest.approx(measured, nan_ok=True)


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: qst.systems(energies=[0.0, np.nan]), "energies"),
        (lambda: qst.environments(resonant_with=[[0.0]]), "resonant_with"),
        (lambda: qst.unitary_matrices([0.0, 1j], [0.0]), "system_energies"),
        (lambda: qst.unitary_matrices([0.0], []), "environment_energies"),
        (lambda: qst.thermal_operations(energies="levels"), "energies"),
    ],
)
def test_energies_are_checked_when_built(build: Callable[[], object], argument: str) -> None:
    with pytest.raises(InvalidSpectrum, match=rf"`{argument}`"):
        build()


def test_without_hypothesis_the_message_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import qtraj.strategies"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "ImportError: qtraj.strategies needs Hypothesis" in result.stderr
    assert 'pip install "qtraj[strategies]"' in result.stderr
