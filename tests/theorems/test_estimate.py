"""Estimators: values, standard errors that are right, biases, and warnings where a sample flatters itself.

Calibration tests repeat a run some hundred times; each states its level, 1e-9 unless said otherwise.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.models.registry import build_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.paths.tilted import find_tilt, sample_tilted
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.dominance import dominance
from qtraj.theorems.estimate import estimate
from qtraj.theorems.estimate_cumulant import estimate_cumulant
from qtraj.theorems.estimate_exponential import estimate_exponential_average
from qtraj.theorems.estimate_generating_function import estimate_log_exponential_average
from qtraj.theorems.estimate_mean import estimate_mean
from qtraj.theorems.estimate_probability import estimate_probability
from qtraj.theorems.estimated import Estimate, Method, detectable_error
from qtraj.theorems.exact_probability import exact_probability
from tests.paths.cases import case
from tests.paths.jump_cases import davies, driven_qubit, spin_chain

LEVEL = 1e-9
REPEATS = 400

NAMES = (
    "mean_sigma",
    "mean_xi",
    "mean_heat",
    "variance_sigma",
    "third_cumulant_sigma",
    "exp_minus_sigma",
    "exp_minus_2sigma",
    "exp_minus_-0.5sigma",
    "log_exp_minus_sigma",
    "log_exp_minus_0.5sigma_d",
    "probability_negative_sigma",
)


def cold_flip() -> ThermalOperation:
    """A cold system fully swapped with a hot unit: half of <e^-sigma> is carried by one path in 55,000."""
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 10.9))
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=0.0)
    swap = EnergyConservingUnitary.partial_swap(system, environment, angle=np.pi / 2)
    return ThermalOperation(system=system, environment=environment, unitary=swap)


def even(z: FloatArray) -> float:
    """P-value of z scores having unit variance about zero."""
    return 2 * min(float(stats.chi2.cdf((z**2).sum(), z.size)), float(stats.chi2.sf((z**2).sum(), z.size)))


# --- standard errors --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repeated(root_seed: int) -> list[Ensemble]:
    """The same run with 400 seeds: 4000 counted paths each."""
    operation = case("coherent qutrit")
    law = exact_law(operation)
    return [sample(operation, paths=4000, seed=root_seed + k, law=law) for k in range(REPEATS)]


@pytest.mark.parametrize("name", NAMES)
def test_standard_errors_are_right(name: str, repeated: list[Ensemble]) -> None:
    """z scores over 400 runs have unit variance; an error that is off by a quarter is rejected with 99 %."""
    found = [estimate(ensemble, name) for ensemble in repeated]
    assert all(one.exact is not None for one in found)
    z = np.array([one.z for one in found], dtype=np.float64)
    assert even(z) > LEVEL, f"z has variance {z.var():.3f}"
    assert even(1.25 * z) < 1e-3
    assert abs(z.mean()) < 6 / math.sqrt(REPEATS) + 0.05  # the logarithm's bias is a fraction of its error


@pytest.mark.parametrize("name", ["mean_sigma", "variance_sigma", "exp_minus_sigma", "log_exp_minus_sigma"])
def test_bootstrap_and_sample_moments_agree_with_exact_ones(name: str, repeated: list[Ensemble]) -> None:
    """The bootstrap's 5 % and the spread of sample moments of a light-tailed law leave 30 %."""
    ensemble = repeated[0]
    exact, resampled = estimate(ensemble, name), estimate(ensemble, name, bootstrap=True)
    assert resampled.method is Method.BOOTSTRAP
    assert resampled.standard_error == pytest.approx(exact.standard_error, rel=0.3)
    assert resampled.value == exact.value
    again = estimate(ensemble, name, bootstrap=True)
    assert again == resampled


def test_where_errors_come_from() -> None:
    counted, followed = sample(davies(), paths=1000, seed=1), sample(driven_qubit(), paths=1000, seed=1)
    tilted = sample_tilted(driven_qubit(), strength=-0.3, paths=1000, seed=1)
    table = {
        "mean_sigma": (Method.EXACT, Method.EXACT, Method.EXACT),
        "mean_heat": (Method.EXACT, Method.EXACT, Method.DELTA),
        "variance_sigma": (Method.DELTA_EXACT, Method.DELTA, Method.DELTA),
        "exp_minus_sigma": (Method.EXACT, Method.EXACT, Method.EXACT),
        "log_exp_minus_sigma": (Method.DELTA_EXACT, Method.DELTA_EXACT, Method.DELTA_EXACT),
        "probability_negative_sigma": (Method.EXACT, Method.DELTA, Method.DELTA),
    }
    for name, methods in table.items():
        assert tuple(estimate(one, name).method for one in (counted, followed, tilted)) == methods
    assert estimate(followed, "exp_minus_heat").method is Method.DELTA


def test_followed_paths_without_a_law_have_right_errors_too(root_seed: int) -> None:
    process = driven_qubit(duration=1.0)
    names = ("mean_sigma", "variance_sigma", "exp_minus_sigma", "log_exp_minus_sigma")
    runs = [sample(process, paths=500, seed=root_seed + k) for k in range(100)]
    for name in names:
        z = np.array([estimate(one, name).z for one in runs], dtype=np.float64)
        assert even(z) > LEVEL, name
        assert even(1.7 * z) < LEVEL, name


@pytest.mark.parametrize("strength", [-0.3, 0.6])
def test_tilted_estimates_have_right_errors(strength: float, root_seed: int) -> None:
    process = driven_qubit(duration=1.0)
    runs = [sample_tilted(process, strength=strength, paths=500, seed=root_seed + k) for k in range(100)]
    for name in ("mean_sigma", "mean_heat", "exp_minus_0.5sigma", "log_exp_minus_0.5sigma"):
        z = np.array([estimate(one, name).z for one in runs], dtype=np.float64)
        assert even(z) > LEVEL, name
        assert even(1.7 * z) < LEVEL, name


def test_a_tilt_at_its_own_average_has_no_error() -> None:
    found = estimate(sample_tilted(driven_qubit(), strength=1.0, paths=100, seed=1), "exp_minus_sigma")
    assert found.standard_error < 1e-7
    assert found.value == pytest.approx(1.0, abs=1e-12)


# --- bias, effective sample size, what is not covered -----------------------------------------------------------------


def test_the_bias_of_the_logarithm_is_there_and_is_the_stated_one(repeated: list[Ensemble]) -> None:
    """ln w - (w/<w> - 1) has the logarithm's bias without most of its noise; seen at more than 8 standard errors."""
    found = [estimate_log_exponential_average(ensemble) for ensemble in repeated]
    plain = np.array([estimate(ensemble, "exp_minus_sigma").value for ensemble in repeated])
    values = np.array([one.value for one in found]) - (plain - 1.0)
    error = float(values.std()) / math.sqrt(values.size)
    stated = found[0].bias
    assert stated < -8 * error
    # The next order comes with the skewness of the weights: a tenth is allowed for it.
    assert values.mean() == pytest.approx(stated, abs=6.2 * error + 0.1 * abs(stated))
    assert values.mean() != pytest.approx(2 * stated, abs=6.2 * error + 0.1 * abs(stated))


def test_effective_sample_sizes_of_a_heavy_tail() -> None:
    """At 1000 paths none of the heavy ones is drawn: Kish believes in 1000 paths, the law knows of 0.04."""
    ensemble = sample(cold_flip(), paths=1000, seed=1)
    found = estimate(ensemble, "exp_minus_sigma")
    assert found.flattering
    assert found.kish > 900
    assert found.effective_sample_size == pytest.approx(1000 / law_ratio(), rel=1e-6)
    assert found.uncovered == pytest.approx(0.49, abs=0.01)
    assert found.detectable > 0.49
    assert "are not expected to show" in found.note
    enough = estimate(sample(cold_flip(), paths=1e12, seed=1), "exp_minus_sigma")
    assert (enough.note, enough.flattering) == ("", False)
    assert enough.uncovered < 1e-12


def law_ratio() -> float:
    law = exact_law(cold_flip())
    return law.exponential_average("sigma", 2.0) / law.exponential_average("sigma") ** 2


def test_backward_paths_tell_what_is_not_covered_without_a_law() -> None:
    process = driven_qubit(duration=30.0)
    ensemble = sample(process, paths=500, seed=1)
    backward = backward_weights(process, ensemble.endpoints, paths=2000, seed=1)
    blind = estimate_exponential_average(ensemble)
    told = estimate_exponential_average(ensemble, backward=backward)
    assert blind.uncovered == 0.0
    assert told.uncovered > 0.5
    assert estimate_log_exponential_average(ensemble, backward=backward).uncovered > 0.5


def test_rank_deficient_starts_are_held_against_one_minus_lambda() -> None:
    found = estimate(sample(spin_chain(2), paths=5000, seed=1), "exp_minus_sigma")
    assert found.exact == pytest.approx(0.09045, abs=1e-5)


def test_dominance_names_the_path_that_carries_the_average() -> None:
    few, many = (dominance(sample(cold_flip(), paths=n, seed=1)) for n in (1000, 1e12))
    assert few.heaviest_value == 1.0
    assert few.exact_share == pytest.approx(0.5, abs=0.01)
    assert many.heaviest_value == pytest.approx(0.5, abs=0.01)
    assert many.heaviest_path < 1e-6
    assert "expected" in str(few)
    rows = dominance(sample(driven_qubit(), paths=2000, seed=1))
    assert rows.exact_share is None
    assert 1 / 2000 < rows.heaviest_path < rows.heaviest_value
    even_ones = dominance(sample_tilted(driven_qubit(), strength=1.0, paths=200, seed=1))
    assert even_ones.heaviest_path == pytest.approx(1 / 200)


# --- probabilities, and what no plain sample can see ------------------------------------------------------------------


@pytest.mark.parametrize(("edge", "about"), [(14.0, 2.4e-11), (20.0, 1.2e-21)])
def test_rare_probabilities_that_a_billion_paths_do_not_see(edge: float, about: float, root_seed: int) -> None:
    """20 000 tilted paths against the exact answer, within 6 standard errors of about 2 %."""
    process = driven_qubit(duration=10.0)
    exact = exact_probability(process, "sigma", above=edge)
    assert exact == pytest.approx(about, rel=0.05)
    assert 1e9 * exact < 0.03  # a billion plain paths show none
    ensemble = sample_tilted(process, strength=find_tilt(process, mean=edge), paths=20_000, seed=root_seed)
    found = estimate_probability(ensemble, "sigma", above=edge)
    assert found.standard_error < 0.03 * exact
    assert abs(found.value - exact) < 6 * found.standard_error
    # Negative control: the same paths with weights of the wrong sign, or with none.
    assert estimate_probability(ensemble, "sigma", above=edge).value < 1e-9 < (ensemble["sigma"] > edge).mean()


def test_rare_collisions_that_a_billion_paths_do_not_see(root_seed: int) -> None:
    """Forty coherent collisions: an entropy production above 8 nats has probability 2.4e-16."""
    model = build_model("coherent-collision", collisions=40, coherence=0.1)
    edge = 8.0
    exact = exact_probability(model, "sigma", above=edge)
    assert exact == pytest.approx(2.43e-16, rel=0.01)
    ensemble = sample_tilted(model, strength=find_tilt(model, mean=edge), paths=10_000, seed=root_seed)
    found = estimate_probability(ensemble, "sigma", above=edge)
    assert found.standard_error < 0.1 * exact
    assert abs(found.value - exact) < 6 * found.standard_error


def test_a_tilt_that_is_not_made_for_an_interval_says_so() -> None:
    process = driven_qubit(duration=10.0)
    ensemble = sample_tilted(process, strength=find_tilt(process, mean=15.0), paths=5000, seed=1)
    found = estimate_probability(ensemble, "sigma", above=0.0)
    exact = exact_probability(process, "sigma", above=0.0)
    assert found.value + 100 * found.standard_error < exact  # its own error knows nothing
    assert found.uncovered > exact - found.value
    assert "not made for this" in found.note
    mean = estimate(ensemble, "mean_sigma")
    assert mean.effective_sample_size is not None
    assert mean.effective_sample_size < 1
    assert "effective paths" in mean.note


def test_no_path_there_says_how_rare_it_must_be() -> None:
    found = estimate_probability(sample(driven_qubit(), paths=10_000, seed=1), "sigma", above=30.0)
    assert (found.value, found.kish) == (0.0, 0.0)
    assert "below 0.00046 at 99 %" in found.note


# --- the entry --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "draw",
    [
        lambda: sample(case("coherent qutrit"), paths=1e15, seed=1),
        lambda: sample(case("coherent qutrit"), paths=200, seed=1, sampler="followed"),
        lambda: sample_tilted(case("coherent qutrit"), strength=0.4, paths=200, seed=1),
    ],
    ids=["counts", "rows", "tilted"],
)
def test_every_name_works_on_every_ensemble(name: str, draw: Callable[[], Ensemble]) -> None:
    found = estimate(draw(), name)
    assert math.isfinite(found.value)
    assert found.standard_error >= 0
    json.dumps(found.to_json(), allow_nan=False)
    assert found.name in str(found)


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    ensemble = sample(case("coherent qutrit"), paths=100, seed=1)
    with pytest.raises(UnknownName, match="mean_sigma"):
        estimate(ensemble, "maen_sigma")
    with pytest.raises((NotRecorded, UnknownName)):
        estimate(ensemble, "mean_voltage")
    with pytest.raises(InvalidInput, match="`order`"):
        estimate_cumulant(ensemble, "sigma", 4)
    with pytest.raises(InvalidInput, match="three paths"):
        estimate_cumulant(sample(case("coherent qutrit"), paths=2, seed=1))
    with pytest.raises(InvalidInput, match="less than"):
        estimate_probability(ensemble, above=1.0, below=0.0)


def test_cumulants_are_unbiased() -> None:
    """k-statistics of all samples of size 3 from two values, weighted by their probabilities, are the cumulants."""
    from qtraj.theorems.draws import Draws
    from qtraj.theorems.estimate_cumulant import _cumulant

    p, totals = 0.3, [0.0, 0.0]
    for ones in range(4):
        weight = stats.binom.pmf(ones, 3, p)
        kept = [(1.0, ones), (0.0, 3 - ones)]
        draws = Draws(
            values=np.array([value for value, count in kept if count]),
            counts=np.array([count for _, count in kept if count]),
            log_weights=np.zeros(sum(count > 0 for _, count in kept)),
            paths=3,
            tilted=False,
        )
        for place, order in enumerate((2, 3)):
            totals[place] += weight * _cumulant(draws, order)[0]
    assert totals == pytest.approx([p * (1 - p), p * (1 - p) * (1 - 2 * p)])


def test_half_widths_contain_bias_and_what_is_not_covered() -> None:
    found = Estimate(name="x", value=1.0, standard_error=0.1, method=Method.EXACT, paths=10, bias=-0.02, uncovered=0.3)
    assert found.half_width(0.05) == pytest.approx(0.1 * 1.959964 + 0.32, abs=1e-6)
    assert detectable_error(0.1, 0.3, 0.05) == pytest.approx(0.1 * (1.959964 + 2.326348) + 0.3, abs=1e-6)
    assert found.z is None
    assert estimate_mean(sample(case("no system"), paths=10, seed=1), "sigma").z == 0.0
