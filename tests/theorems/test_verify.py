"""Verdicts on processes that are right, on those that are hard to sample, and on ensembles that do not belong."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.models.registry import build_model
from qtraj.paths.blocks import Block
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.sample import DEFAULT_PATHS, DEFAULT_SEED, SAMPLERS, sample
from qtraj.paths.tilted import sample_tilted
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.paths import collision_cases
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.theorems.negative_controls import failing, violating_operation
from tests.theorems.patches import follower

# A whole report may fail with probability 1e-9 where the seed is free.
LEVEL = 1e-9


def check_of(report: Report, name: str) -> Check:
    return next(check for check in report.checks if check.name == name)


# --- processes that are right -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_right_processes_are_not_rejected(name: str, protocol: str, root_seed: int) -> None:
    """At level 1e-9, whatever the case: pure and mixed starts, degeneracies, d_S = 1, d_E = 1, beta = 0."""
    report = verify(case(name), paths=1e6, seed=root_seed, protocol=protocol, level=LEVEL, followed_paths=10_000)
    assert failing(report) == set()
    assert report.verdict is Verdict.PASS


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_sampler_passes_under_every_protocol(protocol: str, sampler: str, root_seed: int) -> None:
    operation = build_model("two-qubit-exchange")
    report = verify(operation, paths=100_000, seed=root_seed, protocol=protocol, sampler=sampler, level=LEVEL)
    assert report.verdict is Verdict.PASS
    assert (report.protocol, report.sampler, report.paths) == (protocol, sampler, 100_000)


def test_a_qutrit_on_a_long_ladder_passes() -> None:
    environment = Environment.ladder(levels=30, spacing=1.0, inverse_temperature=0.6)
    report = verify(haar_operation([0.0, 1.0, 3.0], State.haar(3, seed=1), environment))
    assert report.verdict is Verdict.PASS
    assert (report.paths, report.seed) == (DEFAULT_PATHS, DEFAULT_SEED)


@pytest.mark.parametrize("paths", [1e9, 1e12, 1e15])
def test_more_paths_than_anyone_can_draw_still_pass(paths: float) -> None:
    """At 10^15 paths standard errors are 3e-8: the exact numbers must be good to more than that, and are."""
    report = verify(build_model("two-qubit-exchange"), paths=paths)
    assert report.verdict is Verdict.PASS
    assert check_of(report, "mean_sigma").standard_error < 2 / math.sqrt(paths)


def test_a_pure_start_is_judged_against_its_own_support(root_seed: int) -> None:
    """<e^-sigma> = 1 - lambda, far from 1, with a verdict of pass."""
    report = verify(case("pure start"), paths=1e6, seed=root_seed, level=LEVEL)
    assert report.verdict is Verdict.PASS
    check = check_of(report, "exp_minus_sigma")
    # What the backward process leaves on the support of the start, by its density matrix.
    kept = case("pure start").system.energy_state.matrix @ case("pure start").reversed().final_energy_state.matrix
    assert check.exact == pytest.approx(np.trace(kept).real, abs=1e-12)
    assert 0.05 < check.exact < 0.95
    assert 1.0 - check.exact > 20 * check.standard_error


def test_a_single_class_passes() -> None:
    """One level meets one level: nothing can happen, and nothing is unsettled."""
    operation = haar_operation([0.0], [[1.0]], Environment(energies=[0.0], inverse_temperature=1.0))
    for protocol in PROTOCOLS:
        report = verify(operation, paths=1000, protocol=protocol)
        assert report.verdict is Verdict.PASS
        str(report)
        json.dumps(report.to_json(), allow_nan=False)


@pytest.mark.parametrize("scale", [1e-9, 5e9])
def test_units_of_energy_do_not_matter(scale: float) -> None:
    """In equilibrium the mean heat is 0: rounding of energies in Hz, 1e-7, must not pass for heat."""
    energies = scale * np.array([0.0, 1.0, 2.0])
    environment = Environment.ladder(levels=6, spacing=scale, inverse_temperature=1.0 / scale)
    equilibrium = haar_operation(energies, State.gibbs(energies, 1.0 / scale), environment)
    assert verify(equilibrium).verdict is Verdict.PASS
    assert verify(haar_operation(energies, State.haar(3, seed=1), environment), paths=1e9).verdict is Verdict.PASS


def test_the_zero_of_energy_does_not_matter() -> None:
    environment = Environment(energies=1e6 + np.arange(6.0), inverse_temperature=1.0)
    for state in (State.gibbs([0.0, 1.0, 2.0], 1.0), State.haar(3, seed=1)):
        assert failing(verify(haar_operation([0.0, 1.0, 2.0], state, environment))) == set()


def test_negative_control_rounding_is_all_that_is_forgiven() -> None:
    """With energies in Hz the mean heat may be off by 1e-4 Hz or so; 10^-9 of a quantum is rejected."""
    scale = 5e9
    energies = scale * np.array([0.0, 1.0, 2.0])
    environment = Environment.ladder(levels=6, spacing=scale, inverse_temperature=1.0 / scale)
    report = verify(haar_operation(energies, State.gibbs(energies, 1.0 / scale), environment))
    assert check_of(report, "law_mean_heat").tolerance < 1e-9 * scale


@pytest.mark.parametrize("paths", [1, 2, 5, 30])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_handful_of_paths_proves_nothing(protocol: str, paths: int) -> None:
    report = verify(case("coherent qutrit"), paths=paths, followed_paths=paths, protocol=protocol)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "paths would do" in report.sentence
    str(report)
    json.dumps(report.to_json(), allow_nan=False)


# --- hard to sample ---------------------------------------------------------------------------------------------------


def cold_qutrit() -> ThermalOperation:
    environment = Environment.ladder(levels=10, spacing=1.0, inverse_temperature=800.0)
    return haar_operation([0.0, 1.0, 2.0], State.haar(3, seed=4), environment)


def test_a_cold_coherent_qutrit_is_inconclusive_and_says_why() -> None:
    """<e^-sigma> = 1 exactly, by logarithms; what is sampled is the zero-temperature value; no run sees the rest."""
    report = verify(cold_qutrit(), paths=1e15)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert failing(report) == set()
    check = check_of(report, "exp_minus_sigma")
    assert check.exact == 1.0
    assert check.sampled < 0.99
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "of the average lies below the cut" in check.note
    assert "no number of paths would do" in check.note
    assert check_of(report, "support").verdict is Verdict.INCONCLUSIVE
    assert report.covered_weight == pytest.approx(check.sampled, abs=1e-6)
    assert report.sentence.startswith("INCONCLUSIVE")
    assert check_of(report, "law_exp_minus_sigma").verdict is Verdict.PASS
    assert check_of(report, "mean_sigma").verdict is Verdict.PASS


def test_the_smallest_number_of_paths_that_would_do_does(root_seed: int) -> None:
    """An inconclusive check names a number; with that number it is settled."""
    operation = case("coherent qutrit")
    few = verify(operation, paths=1000, seed=root_seed, level=LEVEL)
    assert few.verdict is Verdict.INCONCLUSIVE
    wanted = max(check.paths_needed for check in few.checks if check.paths_needed is not None)
    assert 1000 < wanted < 1e8
    assert verify(operation, paths=wanted, seed=root_seed, level=LEVEL).verdict is Verdict.PASS


def test_averages_beyond_double_precision_do_not_crash() -> None:
    """ln p_alpha = -900: <e^-2sigma> and some of <e^-xi> exceed 1e308. The report says so instead of raising."""
    vectors = State.haar(3, seed=1).vectors
    state = State(log_eigenvalues=[math.log1p(-math.exp(-400.0)), -400.0, -900.0], vectors=vectors)
    environment = Environment.ladder(levels=6, spacing=1.0, inverse_temperature=800.0)
    for protocol in PROTOCOLS:
        report = verify(haar_operation([0.0, 1.0, 2.0], state, environment), paths=1e5, protocol=protocol)
        assert failing(report) == set()
        json.dumps(report.to_json(), allow_nan=False)


def test_an_infinite_reference_is_judged_by_its_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No physical case is known to reach it; if one does, it gets a verdict and no traceback."""
    module = sys.modules["qtraj.theorems.references"]
    monkeypatch.setattr(module, "log_exponential_average", lambda *_, **__: 800.0)
    report = verify(case("coherent qutrit"), paths=1000)
    assert "law_exp_minus_xi" in failing(report)
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["verdict"] == "fail"


# --- energy conserved to a tolerance ----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_unitary_that_does_not_conserve_energy_passes_with_its_work(protocol: str, root_seed: int) -> None:
    """<sigma> = Sigma + beta W, all of it in sigma_d; leaving W out is a negative control of its own."""
    report = verify(violating_operation(), paths=1e6, seed=root_seed, protocol=protocol, level=LEVEL)
    assert report.verdict is Verdict.PASS


def test_the_work_is_not_small_and_stands_in_the_mean() -> None:
    from qtraj.density.averages import averages

    operation = violating_operation()
    values = averages(operation)
    report = verify(operation, paths=1e6)
    work = operation.inverse_temperature * values.switching_work
    assert abs(work) > 0.01
    assert check_of(report, "mean_sigma").exact == pytest.approx(values.entropy_production + work, abs=1e-12)
    assert check_of(report, "mean_xi").exact == pytest.approx(values.coherence_entropy_production, abs=1e-12)
    (note,) = (note for note in report.notes if "does not conserve energy" in note)
    assert f"[U, H] has norm {values.commutator_norm:.3g}" in note
    assert f"takes the work {values.switching_work:.6g}" in note


def test_a_unitary_typed_to_four_digits_passes() -> None:
    """Both routes see the projected unitary, so rounding the input is no violation."""
    right = case("coherent qutrit")
    rounded = np.round(right.unitary.matrix(), 4)
    unitary = EnergyConservingUnitary.from_matrix(right.system, right.environment, rounded)
    assert unitary.adjustment > 1e-5
    assert verify(replace(right, unitary=unitary), paths=1e6).verdict is Verdict.PASS


# --- ensembles handed in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_ensemble_already_drawn_gets_the_same_report(sampler: str) -> None:
    operation = case("coherent qutrit")
    ensemble = sample(operation, paths=50_000, seed=3, sampler=sampler, protocol="eigenbasis-two-point")
    given = verify(operation, ensemble=ensemble)
    drawn = verify(operation, paths=50_000, seed=3, sampler=sampler, protocol="eigenbasis-two-point")
    assert without_timings(given) == without_timings(drawn)


def test_a_pooled_ensemble_is_verified_as_a_whole_and_has_no_single_seed() -> None:
    operation = case("coherent qutrit")
    pooled = sample(operation, paths=500_000, seed=1) + sample(operation, paths=500_000, seed=2)
    report = verify(operation, ensemble=pooled)
    assert report.verdict is Verdict.PASS
    assert report.paths == 1_000_000
    assert report.seed is None
    entry = report.to_json()
    assert entry["seed"] is None
    assert "seed" in entry["reasons"]


def test_an_ensemble_of_another_process_is_refused() -> None:
    ensemble = sample(case("coherent qutrit"), paths=100)
    with pytest.raises(InvalidInput, match="must be drawn from `process`"):
        verify(case("spins"), ensemble=ensemble)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_paths_that_fell_outside_the_law_fail(protocol: str) -> None:
    operation = case("coherent qutrit")
    ensemble = sample(operation, paths=100_000, protocol=protocol)
    counts = np.array(ensemble.class_counts)
    counts[np.argmax(counts)] -= 1
    report = verify(operation, ensemble=replace(ensemble, class_counts=counts, outside=1))
    assert report.verdict is Verdict.FAIL
    assert "1 of 100000 paths fell where the law says that none can" in report.sentence


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_followed_paths_that_fall_outside_the_law_fail(protocol: str) -> None:
    """One path in 5000 exchanges heat that no branch has."""
    with follower(OffTheLadder):
        report = verify(case("coherent qutrit"), paths=1000, followed_paths=5000, protocol=protocol)
    check = check_of(report, "followed_paths")
    assert check.verdict is Verdict.FAIL
    assert check.details["outside"] == 1


class OffTheLadder(FollowedPaths):
    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        mu, nu = rows["mu"].copy(), rows["nu"].copy()
        mu[0], nu[0] = 0, 3  # a qutrit with levels 0, 1, 2 cannot give three quanta
        return {**rows, "mu": mu, "nu": nu}


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"paths": 0}, InvalidInput),
        ({"paths": 1e16}, InvalidInput),
        ({"seed": -1}, InvalidInput),
        ({"level": 0.0}, InvalidInput),
        ({"level": 1.5}, InvalidInput),
        ({"n_jobs": 0}, InvalidInput),
        ({"followed_paths": -5}, InvalidInput),
        ({"protocol": "kraus-two-point"}, UnknownName),
        ({"sampler": "explicitly"}, UnknownName),
    ],
)
def test_arguments_out_of_range_are_refused(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        verify(case("spins"), **options)


def test_processes_of_another_kind_are_refused() -> None:
    operation = case("spins")
    stranger = SimpleNamespace(
        stages=operation.stages, endpoints=operation.endpoints, environment=operation.environment, kind="strange"
    )
    with pytest.raises(InvalidInput, match="`process` must be one of"):
        verify(stranger, paths=100)


def test_the_check_of_the_physics_can_be_left_out() -> None:
    names = {check.name for check in verify(case("spins"), paths=1000, followed_paths=0).checks}
    assert not any(name.startswith("followed") for name in names)


# --- a pure function of its arguments ---------------------------------------------------------------------------------


def without_timings(report: Report) -> dict[str, object]:
    return {key: value for key, value in report.to_json().items() if key != "timings"}


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("n_jobs", "backend"), [(2, "loky"), (2, "threading")])
def test_workers_do_not_change_a_report(n_jobs: int, backend: str, sampler: str) -> None:
    options = {"paths": 150_000, "seed": 5, "sampler": sampler}
    alone = verify(case("coherent qutrit"), **options)
    shared = verify(case("coherent qutrit"), **options, n_jobs=n_jobs, backend=backend)
    assert without_timings(alone) == without_timings(shared)


def test_the_level_is_shared_by_all_statistical_checks() -> None:
    """At level 1/2 a right process fails every second time at most, and not nine times out of ten."""
    verdicts = [
        verify(case("pure start, no environment"), paths=1000, seed=seed, level=0.5, followed_paths=1000).verdict
        for seed in range(40)
    ]
    # At most 20 expected; 36 or more have a binomial probability of 1e-7 at 1/2.
    assert sum(verdict is Verdict.FAIL for verdict in verdicts) < 36


# --- the report as JSON -----------------------------------------------------------------------------------------------

KEYS = {"verdict", "paths", "seed", "protocol", "sampler", "checks", "covered_weight", "timings"}
CHECK_KEYS = {"name", "kind", "sampled", "standard_error", "exact", "z", "tolerance", "verdict", "detectable"}

_RUNS: dict[str, Callable[[], Report]] = {
    "pass": lambda: verify(case("coherent qutrit"), paths=1e6),
    "inconclusive": lambda: verify(cold_qutrit(), paths=1000),
    "kraus": lambda: verify(case("coherent qutrit"), paths=1e6, protocol="kraus"),
    "one path": lambda: verify(case("coherent qutrit"), paths=1),
}


@cache
def report_of(name: str) -> Report:
    return _RUNS[name]()


@pytest.mark.parametrize("name", _RUNS)
def test_json_keeps_its_contract_and_survives_a_round_trip(name: str) -> None:
    report = report_of(name)
    entry = report.to_json()
    assert entry.keys() >= KEYS
    assert entry["verdict"] == str(report.verdict) in ("pass", "fail", "inconclusive")
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert entry["checks"]
    for check in entry["checks"]:
        assert check.keys() >= CHECK_KEYS
        assert check["kind"] in ("identity", "statistical", "support")
        assert check["verdict"] in ("pass", "fail", "inconclusive")
        assert isinstance(check["name"], str)
        if check["kind"] == "identity":
            assert check["z"] is None
        for key in CHECK_KEYS - {"name", "kind", "verdict"}:
            assert check[key] is None or isinstance(check[key], (int, float))
            if check[key] is None:
                assert key in check["reasons"]
    assert len({check["name"] for check in entry["checks"]}) == len(entry["checks"])
    assert all(isinstance(seconds, float) and seconds >= 0 for seconds in entry["timings"].values())
    if name == "kraus":
        assert entry["covered_weight"] is None
        assert "covered_weight" in entry["reasons"]
    else:
        assert 0 <= entry["covered_weight"] <= 1


def test_an_ensemble_entirely_outside_the_law_fails() -> None:
    """There is nothing to average, and the report says so instead of breaking off."""
    ensemble = sample(case("spins"), paths=10)
    nothing = replace(ensemble, class_counts=np.zeros_like(ensemble.class_counts), outside=10)
    report = verify(case("spins"), ensemble=nothing)
    assert report.verdict is Verdict.FAIL
    assert {"mean_sigma", "final_marginal", "detailed_theorem"} <= failing(report)
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    mean = next(check for check in document["checks"] if check["name"] == "mean_sigma")
    assert mean["sampled"] is None
    assert "sampled" in mean["reasons"]
    assert "nan" in str(report)


def test_which_checks_there_are() -> None:
    names = [check.name for check in report_of("pass").checks]
    assert names == [
        "normalisation",
        "law_mean_heat",
        "law_mean_sigma",
        "law_mean_sigma_d",
        "law_mean_xi",
        "law_exp_minus_sigma",
        "law_exp_minus_sigma_d",
        "law_exp_minus_xi",
        "law_final_marginal",
        "law_detailed_theorem",
        "entropy_conservation",
        "coherence_conservation",
        "final_state",
        "followed_paths",
        "followed_final_marginal",
        "mean_heat",
        "mean_sigma",
        "mean_sigma_d",
        "mean_xi",
        "exp_minus_sigma",
        "exp_minus_sigma_d",
        "exp_minus_xi",
        "detailed_theorem",
        "final_marginal",
        "support",
    ]


def test_a_report_is_a_table_that_ends_in_a_verdict() -> None:
    text = str(report_of("pass"))
    assert "PASS: all 25 checks hold" in text
    assert "exp_minus_sigma_d" in text
    assert "No check here can see an error common to both routes" in text


def test_a_system_in_a_basis_of_its_own_passes() -> None:
    """Hamiltonian, state and unitary given in a basis that is not the energy basis."""
    basis = State.haar(3, seed=11).vectors
    system = System(hamiltonian=basis @ np.diag([0.0, 1.0, 2.0]) @ basis.conj().T, state=State.haar(3, seed=12))
    environment = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    unitary = EnergyConservingUnitary.haar(system, environment, seed=5)
    assert verify(ThermalOperation(system=system, environment=environment, unitary=unitary)).verdict is Verdict.PASS


# --- remarks ----------------------------------------------------------------------------------------------------------


def qubit_on_a_ladder(state: object, spacing: float = 1.0) -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=state)
    bath = Environment.ladder(levels=4, spacing=spacing, inverse_temperature=0.5)
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=1))


def test_a_state_that_had_to_be_moved_is_told_with_its_rank() -> None:
    typed = [[0.7702, 0.4208], [0.4208, 0.2298]]  # a pure state to four digits, with an eigenvalue of -8e-5
    text = str(verify(qubit_on_a_ladder(typed), paths=1000))
    assert "was moved by 0.00011 to the nearest density matrix, of rank 1 of 2." in text
    assert "was moved" not in str(verify(qubit_on_a_ladder([[0.5, 0.2], [0.2, 0.5]]), paths=1000))


def test_a_process_that_moves_no_heat_is_told() -> None:
    state = [[0.5, 0.2], [0.2, 0.5]]
    assert "No heat can flow" in str(verify(qubit_on_a_ladder(state, spacing=0.7), paths=1000))
    assert "No heat can flow" not in str(verify(qubit_on_a_ladder(state), paths=1000))


def test_energies_in_joule_are_checked_as_sharply_as_in_units_of_kt() -> None:
    joule = 4e-21
    system = System(energies=[0.0, joule], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment(energies=[0.0, joule], inverse_temperature=1 / joule)
    swap = EnergyConservingUnitary.partial_swap(system, bath, angle=1.0)
    report = verify(ThermalOperation(system=system, environment=bath, unitary=swap), paths=10**6)
    heat = next(check for check in report.checks if check.name == "mean_heat")
    assert report.verdict is Verdict.PASS
    assert 0 < heat.detectable < 0.02 * joule
    assert next(check for check in report.checks if check.name == "law_mean_heat").tolerance < 1e-10 * joule


def test_paths_drawn_with_a_tilt_are_judged_as_such(root_seed: int) -> None:
    """Their counts mean nothing: what is judged are weights, by `tilted_checks`, at the level that was asked for."""
    process = build_model("davies-qutrit")
    ensemble = sample_tilted(process, strength=-1.0, paths=5000, seed=root_seed)
    report = verify(process, ensemble=ensemble, level=1e-9)
    assert report.verdict is Verdict.PASS
    assert [check.name for check in report.checks if check.name.startswith("tilted")] == [
        "tilted_normalisation",
        "tilted_mean_sigma",
        "tilted_exp_minus_sigma",
    ]
    assert any("drawn with a tilt of sigma (strength -1)" in note for note in report.notes)
    assert report.to_json()["covered_weight"] is None
    # Negative control: another normalisation, as of a tilt that was not the one.
    wrong = replace(ensemble, tilt=replace(ensemble.tilt, log_normalisation=ensemble.tilt.log_normalisation + 1e-6))
    assert failing(verify(process, ensemble=wrong, level=1e-9)) == {"tilted_normalisation"}


def test_a_tilt_of_what_nobody_knows_is_refused() -> None:
    process = collision_cases.case("two baths")
    ensemble = sample_tilted(process, strength=0.1, quantity="heat", paths=10, seed=1)
    with pytest.raises(NotRecorded, match="heat"):
        verify(process, ensemble=ensemble)


@pytest.mark.parametrize("junk", [None, 3, "davies-qutrit", [], object()])
def test_only_processes_can_be_verified(junk: object) -> None:
    with pytest.raises(InvalidInput, match="`process` must be"):
        verify(junk)  # type: ignore[arg-type]


@pytest.mark.parametrize("junk", [3, "x", [1.0]])
def test_only_ensembles_can_be_given(junk: object) -> None:
    process = build_model("two-qubit-exchange")
    with pytest.raises(InvalidInput, match="`ensemble` must be of class Ensemble"):
        verify(process, ensemble=junk)  # type: ignore[arg-type]


@pytest.mark.parametrize("junk", ["x", 2.5, -1])
def test_a_number_of_followed_paths_is_a_number(junk: object) -> None:
    process = build_model("two-qubit-exchange")
    with pytest.raises(InvalidInput, match="`followed_paths` must be a whole number from 0 on"):
        verify(process, followed_paths=junk)  # type: ignore[arg-type]
