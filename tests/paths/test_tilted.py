"""Rare paths: the Doob transform against dense Liouvillians, finite laws and characteristic functions.

Statistical tests reject at 1e-9 or below each and say what they would notice; every one has wrong samplers to reject.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.linalg import expm
from scipy.spatial import cKDTree

from qtraj.arrays import FloatArray
from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded, TooLarge, UnknownName
from qtraj.models.registry import build_model
from qtraj.paths.blocks import Block, row_blocks
from qtraj.paths.bookkeeping import book
from qtraj.paths.distribution import Distribution
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.paths.tilt import Tilt, contiguous
from qtraj.paths.tilted import find_tilt, log_normalisation, sample_tilted
from qtraj.paths.tilted_jumps import TiltedJumps
from qtraj.paths.tilted_stages import TiltedStages
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from tests.paths.cases import case
from tests.paths.jump_cases import CASES, LOWERING, davies, driven_qubit, generator, spin_chain

LEVEL = 1e-9
AUGMENTED = MeasurementProtocol.AUGMENTED


@pytest.fixture(autouse=True)
def small_matrices() -> Iterator[None]:
    """Exponentials of small matrices take ten times as long when threads wait for each other."""
    with one_blas_thread():
        yield


def tilted_jumps(process: JumpProcess, strength: float, seed: int, **more: Any) -> TiltedJumps:
    return TiltedJumps(process=process, endpoints=process.endpoints(AUGMENTED), seed=seed, strength=strength, **more)


def dense_weight(process: JumpProcess, strength: float, time: float) -> FloatArray:
    """l at a time, by the exponential of a dense matrix."""
    final = process.endpoints(AUGMENTED).final.outcomes
    vectors = final.vectors * np.exp(strength * final.log_eigenvalues[final.outcome_of])
    start = (vectors @ final.vectors.conj().T).ravel()
    dense = generator(process, list(np.exp(-strength * process.entropies)))
    size = process.system.dimension
    return (expm(dense.conj().T * (process.duration - time)) @ start).reshape(size, size)


# --- identities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strength", [-0.8, 0.5, 1.0])
@pytest.mark.parametrize("name", CASES)
def test_normalisation_and_survival_are_those_of_a_dense_exponential(name: str, strength: float) -> None:
    process = CASES[name]()
    follow = tilted_jumps(process, strength, 1)
    start = process.endpoints(AUGMENTED).initial.outcomes
    effective = process.effective_hamiltonian
    weight = dense_weight(process, strength, 0.0)
    probabilities = np.exp((1 - strength) * start.log_eigenvalues[start.outcome_of])
    values = np.einsum("ir,ij,jr->r", start.vectors.conj(), weight, start.vectors).real
    assert follow.tilt.log_normalisation == pytest.approx(np.log(probabilities @ values), abs=1e-11)
    assert log_normalisation(process, strength) == pytest.approx(follow.tilt.log_normalisation, abs=1e-11)
    times = np.linspace(0.0, process.duration, 23)
    found = follow.survival(0, times)
    expected = []
    for time in times:
        psi = expm(-1j * effective * time) @ start.vectors[:, 0]
        expected.append((psi.conj() @ dense_weight(process, strength, float(time)) @ psi).real / values[0])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    assert (np.diff(found) <= 1e-14).all()


@settings(max_examples=20)
@given(strength=st.floats(-2.0, 2.0), duration=st.floats(0.05, 30.0))
def test_normalisation_needs_no_tables(strength: float, duration: float) -> None:
    process = driven_qubit(duration=duration)
    tables = tilted_jumps(process, strength, 1).tilt.log_normalisation
    assert tables == pytest.approx(log_normalisation(process, strength), abs=1e-10, rel=1e-10)


def test_one_nat_of_tilt_is_the_theorem() -> None:
    """At strength 1 every path has weight (1 - lambda) e^sigma, and <e^-sigma> has no variance at all."""
    for process in (driven_qubit(), spin_chain(2), case("pure start"), build_model("coherent-collision", collisions=5)):
        ensemble = sample_tilted(process, strength=1.0, paths=50, seed=3)
        assert ensemble.tilt is not None
        expected = np.exp(ensemble.tilt.log_normalisation)
        assert ensemble.exponential_average("sigma") == pytest.approx(expected, rel=1e-12)
        if isinstance(process, JumpProcess) and process.system.energy_state.rank == 2:
            assert expected == pytest.approx(1.0, abs=1e-12)


def test_tilts_of_other_quantities_have_their_own_weights() -> None:
    process = build_model("two-node-network", duration=4.0)
    for quantity in ("heat_into_hot", "entropy_into_cold", "heat", "jumps"):
        ensemble = sample_tilted(process, strength=0.05, quantity=quantity, paths=20, seed=2)
        assert ensemble.tilt is not None
        logs = ensemble.tilt.log_normalisation + 0.05 * ensemble[quantity]
        np.testing.assert_allclose(ensemble.log_weights, logs)


# --- statistics -------------------------------------------------------------------------------------------------------


def chi_square(counts: FloatArray, probabilities: FloatArray) -> float:
    """P-value of counts against a law, rare atoms pooled."""
    total = counts.sum()
    rare = total * probabilities < 25
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(total * probabilities[~rare], total * probabilities[rare].sum())
    if expected[-1] < 5:
        assert observed[-1] < 60, "far too many in the pool"
        observed, expected = observed[:-1], expected[:-1]
    return float(stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), max(1, observed.size - 1)))


def law_p_value(law: PathLaw, rows: dict[str, Any], tilt: Tilt, names: tuple[str, ...]) -> float:
    """Rows drawn under a tilt against the finite law times e^{-s x}/Z, jointly in several quantities."""
    columns = np.stack([law.quantity(name) for name in names], axis=1)
    logs = law.log_forward - tilt.strength * law.quantity(tilt.quantity) - tilt.log_normalisation
    exact = Distribution.merge(names, columns, logs)
    assert np.exp(logs).sum() == pytest.approx(1.0, abs=1e-10)
    drawn = np.stack([rows[name] for name in names], axis=1)
    scale = np.maximum(1.0, np.abs(exact.values).max(axis=0))
    distance, atom = cKDTree(exact.values / scale).query(drawn / scale)
    assert distance.max() < 1e-9, "a path has values that no class has"
    return chi_square(np.bincount(atom, minlength=exact.probabilities.size), exact.probabilities)


JUMPS = 20_000


def rows_of(follow: Callable[[Block], Any], process: Process, paths: int = JUMPS) -> dict[str, Any]:
    found = follow(row_blocks(paths)[0])
    return book(found[0] if isinstance(found, tuple) else found, process.endpoints(AUGMENTED))


@pytest.mark.parametrize("strength", [-1.5, 0.4, 1.7])
def test_davies_paths_follow_the_tilted_law(strength: float, root_seed: int) -> None:
    """Jointly in sigma and xi; a class of 5 % that is off by a fifth of itself is rejected with 99 %."""
    process = davies()
    follow = tilted_jumps(process, strength, root_seed)
    p_value = law_p_value(exact_law(process), rows_of(follow, process), follow.tilt, ("sigma", "xi"))
    assert p_value > LEVEL


@pytest.mark.parametrize("quantity", ["sigma", "heat_into_environment"])
@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "leftover degeneracy", "cold environment"])
def test_stages_follow_the_tilted_law(name: str, quantity: str, root_seed: int) -> None:
    operation = case(name)
    strength = 0.002 if name == "cold environment" else -0.9
    ends = operation.endpoints(AUGMENTED)
    follow = TiltedStages(process=operation, endpoints=ends, seed=root_seed, quantity=quantity, strength=strength)
    law = exact_law(operation)
    tilt = replace(follow.tilt, quantity="heat") if quantity != "sigma" else follow.tilt
    assert law_p_value(law, rows_of(follow, operation), tilt, ("sigma", "xi")) > LEVEL


def test_collisions_follow_the_tilted_law(root_seed: int) -> None:
    """Coherent units, internal unitaries and several stages of two reservoirs."""
    model = build_model("coherent-collision", collisions=4, coherence=0.2)
    follow = TiltedStages(process=model, endpoints=model.endpoints(AUGMENTED), seed=root_seed, strength=-1.2)
    assert law_p_value(exact_law(model), rows_of(follow, model), follow.tilt, ("sigma", "sigma_d")) > LEVEL


def wrong_starts(follow: TiltedJumps) -> None:
    """draws alpha from the plain populations"""
    object.__setattr__(follow, "start_weights", np.exp(follow.endpoints.initial.outcomes.log_eigenvalues))


def wrong_jumps(follow: TiltedJumps) -> None:
    """weighs jumps by their rates, not by what they lead to"""
    object.__setattr__(
        follow, "tables", follow.tables._replace(weights=contiguous(np.ones(follow.tables.weights.size)))
    )


def wrong_ends(follow: TiltedJumps) -> None:
    """measures the end by the plain Born rule"""
    object.__setattr__(
        follow, "tables", follow.tables._replace(end_weights=contiguous(np.ones(follow.tables.end_weights.size)))
    )


def wrong_future(follow: TiltedJumps) -> None:
    """takes the weight of the future to be what it is at the end"""
    boundaries = contiguous(np.broadcast_to(follow.tables.boundaries[-1], follow.tables.boundaries.shape))
    coefficients = np.zeros_like(follow.tables.coefficients)
    coefficients[:, 0] = follow.tables.boundaries[-1]
    tables = follow.tables._replace(boundaries=boundaries, coefficients=contiguous(coefficients))
    object.__setattr__(follow, "tables", tables)


@pytest.mark.parametrize("spoil", [wrong_starts, wrong_jumps, wrong_ends, wrong_future])
def test_wrong_transforms_are_rejected(spoil: Callable[[TiltedJumps], None], root_seed: int) -> None:
    process = davies()
    follow = tilted_jumps(process, -1.5, root_seed)
    spoil(follow)
    p_value = law_p_value(exact_law(process), rows_of(follow, process), follow.tilt, ("sigma", "xi"))
    assert p_value < LEVEL


@pytest.mark.parametrize("name", ["driven qubit", "junction", "oscillator", "any operators", "critically damped"])
def test_numbers_of_jumps_under_the_tilt(name: str, root_seed: int) -> None:
    """Against the characteristic function of the tilted generator; one more jump in every sixth path is rejected."""
    process, strength, largest = CASES[name](), -0.6, 63
    follow = tilted_jumps(process, strength, root_seed)
    jumps = follow(row_blocks(JUMPS)[0])[0]["jumps"]
    ends = process.endpoints(AUGMENTED)
    start, final = ends.initial.outcomes, ends.final.outcomes
    left = (start.vectors * np.exp((1 - strength) * start.log_eigenvalues[start.outcome_of])) @ start.vectors.conj().T
    right = (final.vectors * np.exp(strength * final.log_eigenvalues[final.outcome_of])) @ final.vectors.conj().T
    tilts = np.exp(-strength * process.entropies)
    values = []
    for angle in 2 * np.pi * np.arange(largest + 1) / (largest + 1):
        dense = generator(process, list(tilts * np.exp(1j * angle)))
        values.append(np.vdot(right.ravel(), expm(dense * process.duration) @ left.ravel()))
    law = np.clip(np.fft.fft(np.array(values)).real / (largest + 1), 0.0, None)
    assert np.log(law.sum()) == pytest.approx(follow.tilt.log_normalisation, abs=1e-9)
    law /= law.sum()
    counts = np.bincount(jumps, minlength=largest + 1).astype(float)
    assert chi_square(counts, law) > LEVEL
    more = np.bincount(jumps + (np.arange(JUMPS) % 6 == 0), minlength=largest + 1).astype(float)
    assert chi_square(more, law) < LEVEL, "one more jump in every sixth path must be noticed"


def test_first_waiting_times_under_the_tilt(root_seed: int) -> None:
    """Kolmogorov-Smirnov on the first jump of paths from one initial vector; the plain law is rejected."""
    process = driven_qubit(drive=2.0)
    follow = tilted_jumps(process, -1.0, root_seed, keep_records=True)
    rows, records = follow(row_blocks(JUMPS)[0])
    assert records is not None
    own = np.flatnonzero(rows["alpha"] == 0)
    first = np.array([records[int(i)][0][0] if rows["jumps"][i] else process.duration for i in own])
    order = np.argsort(first)
    jumped = first[order] < process.duration
    # Mapped by the survival probability, waiting times are evenly spread above the chance of no jump at all.
    uniform = follow.survival(0, first[order][jumped])
    never = follow.survival(0, np.array([process.duration]))[0]
    assert stats.binomtest(int((~jumped).sum()), own.size, never).pvalue > LEVEL
    assert stats.kstest((uniform - never) / (1 - never), "uniform").pvalue > LEVEL
    plain = tilted_jumps(process, 0.0, root_seed)
    other, stays = plain.survival(0, first[order][jumped]), plain.survival(0, np.array([process.duration]))[0]
    assert stats.kstest((other - stays) / (1 - stays), "uniform").pvalue < LEVEL


def test_long_runs_neither_overflow_nor_vanish() -> None:
    """ln Z = 290 and -180: without the common factor the tables would hold 1e+-100, and 1e+-1000 for longer runs."""
    process = driven_qubit(duration=400.0)
    for strength in (-2.0, 0.5):
        ensemble = sample_tilted(process, strength=strength, paths=5, seed=1)
        assert ensemble.tilt is not None
        assert ensemble.tilt.log_normalisation == pytest.approx(log_normalisation(process, strength), rel=1e-9)
        assert np.isfinite(ensemble["sigma"]).all()


# --- reproducibility --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "process", [driven_qubit(), build_model("coherent-collision", collisions=3)], ids=["jumps", "stages"]
)
def test_workers_do_not_change_a_tilted_run(process: Process) -> None:
    one = sample_tilted(process, strength=-1.0, paths=70_000, seed=5)
    two = sample_tilted(process, strength=-1.0, paths=70_000, seed=5, n_jobs=2, backend="threading")
    other = sample_tilted(process, strength=-1.0, paths=70_000, seed=6)
    assert one.rows is not None
    assert all(np.array_equal(one[name], two[name]) for name in one.rows)
    assert not np.array_equal(one["sigma"], other["sigma"])


def test_records_do_not_change_the_paths() -> None:
    process = driven_qubit()
    plain = sample_tilted(process, strength=-1.0, paths=500, seed=5)
    kept = sample_tilted(process, strength=-1.0, paths=500, seed=5, keep_records=True)
    assert kept.records is not None
    assert np.array_equal(plain["sigma"], kept["sigma"])
    assert np.array_equal(kept.records.jumps, kept["jumps"])
    assert all((np.diff(kept.records[i][0]) > 0).all() for i in range(500))
    counts = kept.records.counts(len(process.jumps))
    np.testing.assert_allclose(counts @ process.entropies, kept["entropy_into_cold"], atol=1e-12)


# --- the ensemble -----------------------------------------------------------------------------------------------------


def test_a_tilted_ensemble_cannot_be_taken_for_a_plain_one() -> None:
    ensemble = sample_tilted(davies(), strength=-1.0, paths=400, seed=5)
    for ask in (lambda: ensemble.values("sigma"), lambda: ensemble.counts):
        with pytest.raises(NotRecorded, match="weights instead of counts"):
            ask()
    with pytest.raises(NoFiniteLaw, match="tilt"):
        _ = ensemble.law
    assert "log_weights" in ensemble.columns
    assert "counts" not in ensemble.columns


def test_weights_are_carried_through_the_methods() -> None:
    process = davies()
    ensemble, law = sample_tilted(process, strength=-0.5, paths=40_000, seed=5), exact_law(process)
    assert ensemble.mean("sigma") == pytest.approx(law.mean("sigma"), abs=6 * ensemble.standard_error("sigma"))
    assert ensemble.mean("xi") == pytest.approx(law.mean("xi"), abs=6 * ensemble.standard_error("xi"))
    assert ensemble.variance("sigma") == pytest.approx(law.cumulants("sigma")[1], rel=0.1)
    assert ensemble.exponential_average("sigma", 0.2) == pytest.approx(law.exponential_average("sigma", 0.2), rel=0.05)
    totals, edges = ensemble.histogram("sigma", 10)
    values = law.quantity("sigma")
    inside = [(values >= low) & (values < high) for low, high in pairwise(edges)]
    exact = np.array([law.probabilities[own].sum() for own in inside])
    np.testing.assert_allclose(totals[:-1] / ensemble.paths, exact[:-1], atol=0.02)


def test_merging_and_pickling_keep_the_tilt() -> None:
    process = davies()
    one, two = (sample_tilted(process, strength=-0.5, paths=300, seed=seed) for seed in (1, 2))
    both = one + two
    assert both.tilt == one.tilt
    assert both.mean("sigma") == pytest.approx((one.mean("sigma") + two.mean("sigma")) / 2)
    again = pickle.loads(pickle.dumps(both))
    assert np.array_equal(again.log_weights, both.log_weights)
    with pytest.raises(InvalidInput, match="one tilt"):
        one + sample_tilted(process, strength=-0.6, paths=300, seed=2)


# --- finding a tilt, and what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [-3.0, 0.5, 9.0])
def test_a_found_tilt_makes_its_value_typical(mean: float, root_seed: int) -> None:
    process = driven_qubit()
    ensemble = sample_tilted(process, strength=find_tilt(process, mean=mean), paths=4000, seed=root_seed)
    error = ensemble["sigma"].std() / np.sqrt(4000)
    assert ensemble["sigma"].mean() == pytest.approx(mean, abs=6.5 * error)


def test_a_mean_beyond_reach_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a tilt can reach"):
        find_tilt(case("coherent qutrit"), mean=1000.0)


def test_refusals() -> None:
    process = driven_qubit()
    with pytest.raises(UnknownName, match="heat_into_cold"):
        sample_tilted(process, strength=1.0, quantity="heat_into_cild")
    with pytest.raises(UnknownName, match="quantity to tilt"):
        sample_tilted(case("coherent qutrit"), strength=1.0, quantity="xi")
    with pytest.raises(InvalidInput, match="finite"):
        sample_tilted(process, strength=np.nan)
    with pytest.raises(InvalidInput, match="below 1e308"):
        sample_tilted(process, strength=-1000.0)
    with pytest.raises(NotRecorded, match="jump process"):
        sample_tilted(case("coherent qutrit"), strength=1.0, keep_records=True)
    with pytest.raises(NotRecorded, match="without a measurement"):
        sample_tilted(process, strength=1.0, protocol="kraus")
    with pytest.raises(NotRecorded, match="no energy before and after"):
        sample_tilted(build_model("coherent-collision", collisions=2, coherence=0.2), strength=1.0, quantity="heat")
    with pytest.raises(TooLarge, match="shorten `duration`"):
        sample_tilted(driven_qubit(duration=1e6), strength=1.0)
    still = JumpProcess(
        system=System(energies=[0.0, 1.0], state=np.eye(2) / 2),
        channels=(Channel(operator=LOWERING, bath="cold", rate=0.0, reverse_rate=0.0),),
        duration=1.0,
    )
    with pytest.raises(InvalidInput, match="must have jumps"):
        sample_tilted(still, strength=1.0)
