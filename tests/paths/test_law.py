"""The exact law of random thermal operations: every identity it must satisfy, to rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.errors import NotRecorded, TooLarge, UnknownName
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import QUANTITIES, PathLaw
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations
from tests.paths.exact_checks import backward_law, discrepancies, scale_of

EXACT = 1e-12


def satisfies_every_exact_check(operation: ThermalOperation) -> None:
    tolerance = EXACT * scale_of(operation)
    failed = {name: value for name, value in discrepancies(operation).items() if not value < tolerance}
    assert not failed


def obeys_the_detailed_theorem_relatively(operation: ThermalOperation) -> None:
    """In logarithms, however rare the class: an amplitude of size a is known to about 1e-15/a, relatively."""
    law = exact_law(operation)
    back = backward_law(operation, law)
    order = np.lexsort((law.m, law.n, law.beta, law.branch, law.alpha))
    mirrored = np.lexsort((back.n, back.m, back.alpha, law.heats.size - 1 - back.branch, back.beta))
    assert law.classes == back.classes
    weights = np.array([batch.log_weights.max() for batch in operation.branches()])
    ends = law.endpoints
    bare = (
        law.log_forward - ends.initial.log_conditional[law.alpha, law.n] - ends.final.log_conditional[law.beta, law.m]
    )
    amplitude = np.exp((bare - ends.initial.outcomes.log_eigenvalues[law.alpha] - weights[law.branch]) / 2)
    error = np.abs(law.log_backward[order] - back.log_forward[mirrored])
    # Amplitudes beside the cut of 1e-13 may be on either side of it in the two directions; none is in these examples.
    assert (error < EXACT * scale_of(operation) + 1e-14 / amplitude[order]).all()


def energy_protocol_measures_populations_only(operation: ThermalOperation) -> None:
    law = exact_law(operation, protocol="tpm")
    tolerance = EXACT * scale_of(operation)
    lost = support_loss(operation, MeasurementProtocol.ENERGY)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    assert law.exponential_average("sigma") == pytest.approx(1 - lost, abs=EXACT)
    assert law.mean("sigma") == pytest.approx(averages(operation).population_entropy_production, abs=tolerance)
    assert np.abs(law.xi).max() < tolerance
    # Every single path conserves energy, unlike the augmented ones.
    starts = law.endpoints.initial.energy_labels
    ends = law.endpoints.final.energy_labels
    energies = operation.system.spectrum.energies
    own, other = (energies[np.argmax(np.abs(labels.vectors), axis=0)] for labels in (starts, ends))
    first = np.array([own[starts.outcome_of == n][0] for n in range(starts.count)])
    last = np.array([other[ends.outcome_of == m][0] for m in range(ends.count)])
    assert np.abs(last[law.m] - first[law.n] + law.heat).max() < 1e-11


def eigenbasis_protocol_is_the_augmented_one_without_labels(operation: ThermalOperation) -> None:
    full, bare = exact_law(operation), exact_law(operation, protocol="eigenbasis-two-point")

    def table(law: PathLaw) -> np.ndarray:
        ends = law.endpoints
        shape = (ends.initial.outcomes.count, law.heats.size, ends.final.outcomes.count)
        out = np.zeros(shape)
        np.add.at(out, (law.alpha, law.branch, law.beta), law.probabilities)
        return out

    assert np.abs(table(full) - table(bare)).max() < EXACT
    assert set(bare.n.tolist()) == set(bare.m.tolist()) == {-1}
    for u in (0.5, 1.0, 2.0):
        expected = full.log_exponential_average("sigma", u)
        assert bare.log_exponential_average("sigma", u) == pytest.approx(expected, abs=1e-11)


def kraus_protocol_is_normalised(operation: ThermalOperation) -> None:
    law = exact_law(operation, protocol="kraus")
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    assert law.mean("heat") == pytest.approx(averages(operation).heat_into_environment, abs=EXACT * scale_of(operation))
    assert set(law.beta.tolist()) == {-1}


def numbers_are_finite(operation: ThermalOperation) -> None:
    for protocol in MeasurementProtocol:
        law = exact_law(operation, protocol=protocol)
        assert law.paths >= law.classes > 0
        assert np.isfinite(law.log_forward).all()
        assert law.log_forward.max() <= EXACT
        for name in QUANTITIES:
            if law.records(name):
                assert np.isfinite(law.quantity(name)).all()
                assert np.isfinite(law.cumulants(name)).all()


IDENTITIES = (
    satisfies_every_exact_check,
    obeys_the_detailed_theorem_relatively,
    energy_protocol_measures_populations_only,
    eigenbasis_protocol_is_the_augmented_one_without_labels,
    kraus_protocol_is_normalised,
    numbers_are_finite,
)


@given(thermal_operations())
def test_identities_of_the_law(operation: ThermalOperation) -> None:
    for identity in IDENTITIES:
        identity(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations((1, 5), environment_dimensions=(1, 6), inverse_temperatures=(0.0, 30.0), smallest=1e-9))
def test_identities_of_the_law_of_300_larger_operations(operation: ThermalOperation) -> None:
    for identity in IDENTITIES:
        identity(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations(inverse_temperatures=(0.0, 1000.0)))
def test_identities_of_the_law_at_300_low_temperatures(operation: ThermalOperation) -> None:
    for identity in IDENTITIES:
        identity(operation)


@settings(max_examples=25)
@given(thermal_operations(ranks="full", diagonal=True))
def test_diagonal_starts_have_no_coherence_part(operation: ThermalOperation) -> None:
    """Eigenvalues and populations are one thing then, also where they are degenerate: xi = 0.

    Weighted, because eigenvectors of eigenvalues 1e-11 apart are known to 1e-5 only; xi on those paths is 1e-11.
    """
    law = exact_law(operation)
    assert law.probabilities @ np.abs(law.xi) < 1e-14


# --- the public face of the law ---------------------------------------------------------------------------------------


def example() -> ThermalOperation:
    system = System(energies=[0.0, 1.0, 2.0], state=State.haar(3, seed=1))
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=3))


def test_the_law_does_not_depend_on_the_number_of_workers() -> None:
    first, second = exact_law(example()), exact_law(example(), n_jobs=2)
    for name in ("alpha", "branch", "beta", "n", "m", "log_forward", "sigma", "sigma_d", "xi"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_cumulants_and_exponential_averages_are_sums_over_classes() -> None:
    law = exact_law(example())
    p, s = law.probabilities, law.sigma_d
    mean = p @ s
    assert law.cumulants("sigma_d") == pytest.approx((mean, p @ (s - mean) ** 2, p @ (s - mean) ** 3), rel=1e-12)
    assert law.exponential_average("sigma_d", 0.7) == pytest.approx(p @ np.exp(-0.7 * s), rel=1e-12)
    assert log_exponential_average(example(), "sigma_d", 0.7) == pytest.approx(np.log(p @ np.exp(-0.7 * s)), abs=1e-12)
    assert law.log_exponential_average("sigma", -1e5) > 1e4  # where the average itself is no double
    assert law.exponential_average("sigma", -1e5) == np.inf


def test_what_a_protocol_does_not_record_is_refused() -> None:
    kraus, eigenbasis = exact_law(example(), protocol="kraus"), exact_law(example(), protocol="eigenbasis-two-point")
    with pytest.raises(NotRecorded, match="`sigma` is not defined in the kraus protocol"):
        kraus.mean("sigma")
    with pytest.raises(NotRecorded, match="`xi`"):
        eigenbasis.quantity("xi")
    with pytest.raises(UnknownName, match="quantity 'sigmad' is not known; did you mean 'sigma_d'"):
        eigenbasis.quantity("sigmad")
    with pytest.raises(NotRecorded):
        _ = kraus.log_backward
    with pytest.raises(UnknownName, match="'augmented'"):
        exact_law(example(), protocol="augmentet")


def test_a_law_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    size = exact_law(example()).classes
    monkeypatch.setattr("qtraj.paths.exact_law.LARGEST_LAW", size - 1)
    with pytest.raises(TooLarge, match="eigenbasis-two-point") as caught:
        exact_law(example())
    assert caught.value.measured == size


def test_arrays_are_read_only() -> None:
    law = exact_law(example())
    with pytest.raises(ValueError, match="read-only"):
        law.log_forward[0] = 0.0
