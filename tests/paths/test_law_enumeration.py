"""The law of classes against every labelled path: by brute force, and with hundreds of digits where paths are rare."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest

from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.cases import CASES, PROTOCOLS, case
from tests.paths.enumeration import Enumeration, enumerate_paths

EXACT = 1e-12

Key = tuple[int, ...]


# --- brute force, all labels summed in Python -------------------------------------------------------------------------


def classes_of(paths: Enumeration) -> dict[Key, tuple[float, float, float]]:
    """Labelled paths with equal (alpha, heat, beta, n, m) added up: probability, sigma, sigma_d."""
    out: dict[Key, tuple[float, float, float]] = {}
    for row, p, heat, sigma, sigma_d in zip(
        paths.labels, paths.probabilities, paths.heat, paths.sigma, paths.sigma_d, strict=True
    ):
        alpha, _, beta, _, n, m = map(int, row)
        key = (alpha, round(heat * 1e6), beta, n, m)
        total, first, second = out.get(key, (0.0, sigma, sigma_d))
        assert first == pytest.approx(sigma, abs=1e-9)
        assert second == pytest.approx(sigma_d, abs=1e-9, nan_ok=True)
        out[key] = (total + p, sigma, sigma_d)
    return out


def keys_of(law: PathLaw) -> list[Key]:
    heat = np.round(law.heat * 1e6).astype(int)
    labels = zip(law.alpha, heat, law.beta, law.n, law.m, strict=True)
    return [tuple(int(label) for label in key) for key in labels]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_class_law_is_the_sum_over_labelled_paths(name: str, protocol: str) -> None:
    law = exact_law(case(name), protocol=protocol)
    paths = enumerate_paths(case(name), protocol)
    expected = classes_of(paths)
    keys = keys_of(law)
    assert len(set(keys)) == len(keys)
    for index, key in enumerate(keys):
        p, sigma, sigma_d = expected.pop(key, (0.0, np.nan, np.nan))
        assert law.probabilities[index] == pytest.approx(p, abs=EXACT)
        if p > 1e-9:  # the eigenvalues of dense matrices, too, are known to 1e-16 only
            assert law.sigma is None or law.sigma[index] == pytest.approx(sigma, abs=1e-9)
            assert law.sigma_d is None or law.sigma_d[index] == pytest.approx(sigma_d, abs=1e-9)
    assert not expected  # no path outside the law


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "degenerate energies", "spins", "no system"])
def test_structurally_possible_paths_are_counted(name: str, protocol: str) -> None:
    """No probability here is between 1e-15 and 1e-26, so the two thresholds count the same paths."""
    assert exact_law(case(name), protocol=protocol).paths == len(enumerate_paths(case(name), protocol).labels)


# --- hundreds of digits, rare paths included --------------------------------------------------------------------------
# Equal energies 0, 1, ..., d-1 on both sides and the partial swap, so that the exact unitary is known from its angle.


@dataclass(frozen=True)
class Exact:
    """A class in multiple precision: its probability and entropy productions."""

    log_probability: float
    sigma: float
    sigma_d: float


def eigensystem(matrix: mpmath.matrix) -> list[tuple[mpmath.mpf, list[mpmath.mpc]]]:
    values, vectors = mpmath.eighe(matrix)
    pairs = [(values[k], [vectors[i, k] for i in range(matrix.rows)]) for k in range(matrix.rows)]
    return sorted(pairs, key=lambda pair: -pair[0])


def enumerate_partial_swap(rho: np.ndarray, beta: float, angle: float, digits: int) -> dict[Key, Exact]:
    """All classes of a d-level system on an equal environment under cos - i sin SWAP, for a start of full rank."""
    d = rho.shape[0]
    with mpmath.workdps(digits):
        weights = [mpmath.exp(-mpmath.mpf(beta) * mu) for mu in range(d)]
        q = [weight / mpmath.fsum(weights) for weight in weights]
        start = mpmath.matrix([[mpmath.mpc(complex(entry)) for entry in row] for row in rho])
        start = start / mpmath.fsum(start[i, i] for i in range(d))
        cosine, sine = mpmath.cos(mpmath.mpf(angle)), mpmath.sin(mpmath.mpf(angle))

        def amplitude(final: list, nu: int, initial: list, mu: int) -> mpmath.mpc:
            """<final, nu| cos - i sin SWAP |initial, mu>: SWAP turns it into <final|mu><nu|initial>."""
            straight = mpmath.fsum(mpmath.conj(a) * b for a, b in zip(final, initial, strict=True)) if mu == nu else 0
            return cosine * straight - 1j * sine * mpmath.conj(final[mu]) * initial[nu]

        # rho' = cos^2 rho + sin^2 rho_E + i cos sin [rho, rho_E], from expanding U (rho (x) rho_E) U^dag.
        end = mpmath.matrix(d, d)
        for i, j in itertools.product(range(d), repeat=2):
            end[i, j] = cosine**2 * start[i, j] + (sine**2 * q[i] if i == j else 0)
            end[i, j] += 1j * cosine * sine * start[i, j] * (q[j] - q[i])
        before, after = eigensystem(start), eigensystem(end)
        sums: dict[Key, mpmath.mpf] = {}
        entropies: dict[Key, tuple[mpmath.mpf, mpmath.mpf]] = {}
        labels = itertools.product(enumerate(before), range(d), enumerate(after), range(d), range(d), range(d))
        for (a, (p_a, psi)), mu, (b, (p_b, phi)), nu, n, m in labels:
            p = p_a * q[mu] * abs(amplitude(phi, nu, psi, mu)) ** 2 * abs(psi[n]) ** 2 * abs(phi[m]) ** 2
            key = (a, (nu - mu) * 1_000_000, b, n, m)
            sums[key] = sums.get(key, mpmath.mpf(0)) + p
            p_n, p_m = start[n, n].real, end[m, m].real
            entropies[key] = (
                mpmath.log(p_a * q[mu]) - mpmath.log(p_b * q[nu]),
                mpmath.log(p_n * q[mu]) - mpmath.log(p_m * q[nu]),
            )
        return {
            key: Exact(float(mpmath.log(p)), float(entropies[key][0]), float(entropies[key][1]))
            for key, p in sums.items()
            if p > 0
        }


def partial_swap(rho: np.ndarray, beta: float, angle: float) -> ThermalOperation:
    levels = np.arange(float(rho.shape[0]))
    system = System(energies=levels, state=State.from_matrix(rho))
    bath = Environment(energies=levels, inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def largest_error(law: PathLaw, expected: dict[Key, Exact]) -> float:
    """Largest error of ln P, sigma and sigma_d, relative to their size, over all classes; inf if classes differ."""
    keys = keys_of(law)
    if set(keys) != set(expected):
        return np.inf
    worst = 0.0
    for index, key in enumerate(keys):
        exact = expected[key]
        scale = max(1.0, abs(exact.log_probability), abs(exact.sigma), abs(exact.sigma_d))
        errors = (
            law.log_forward[index] - exact.log_probability,
            law.sigma[index] - exact.sigma,
            law.sigma_d[index] - exact.sigma_d,
        )
        worst = max(worst, *(abs(error) / scale for error in errors))
    return worst


BLOCH = np.array([[0.35, 0.25 - 0.1j], [0.25 + 0.1j, 0.65]])
QUTRIT = State.haar(3, seed=2).matrix


@pytest.mark.parametrize(
    ("rho", "beta", "angle", "digits"),
    [
        (BLOCH, 0.0, np.pi / 3, 60),
        (BLOCH, 1.0, np.pi / 3, 60),
        (BLOCH, 50.0, 0.4, 100),
        (BLOCH, 690.0, np.pi / 3, 400),
        (BLOCH, 1380.0, np.pi / 3, 700),  # beyond the smallest double
        (QUTRIT, 1.0, 0.9, 60),
        (QUTRIT, 350.0, 0.9, 400),
    ],
)
def test_rare_classes_are_relatively_accurate(rho: np.ndarray, beta: float, angle: float, digits: int) -> None:
    law = exact_law(partial_swap(rho, beta, angle))
    expected = enumerate_partial_swap(rho, beta, angle, digits)
    assert largest_error(law, expected) < 1e-12
    assert law.log_forward.min() < -0.9 * beta  # there are classes as rare as e^-beta


def test_final_eigenvalues_of_1e_minus_300_are_relatively_accurate() -> None:
    """A full swap leaves the cold environment's own populations: p'_1 = e^-690 = 1e-299.7."""
    law = exact_law(partial_swap(np.diag([0.3, 0.7]), 690.0, np.pi / 2))
    ends = law.endpoints.final.outcomes
    assert ends.log_eigenvalues == pytest.approx([0.0, -690.0], rel=1e-15)
    # The path (alpha = excited, mu = 1) -> (beta = excited, nu = 1) of probability 0.7 e^-690 has sigma = ln 0.7 + 690.
    rare = np.flatnonzero((law.beta == 1) & (law.heat == 0))
    assert law.log_forward[rare] == pytest.approx([np.log(0.7) - 690], abs=1e-12)
    assert law.sigma[rare] == pytest.approx([np.log(0.7) + 690], abs=1e-12)
    assert law.exponential_average("sigma") == pytest.approx(1, abs=EXACT)


@pytest.mark.parametrize("mistake", ["plain probabilities", "other temperature"])
def test_the_comparison_rejects_mistakes(mistake: str) -> None:
    """Negative controls: ln of an underflowed number, and a temperature off by one part in a billion."""
    law = exact_law(partial_swap(BLOCH, 690.0, np.pi / 3))
    beta = 690.0 * (1 + 1e-9) if mistake == "other temperature" else 690.0
    expected = enumerate_partial_swap(BLOCH, beta, np.pi / 3, 400)
    if mistake == "plain probabilities":
        with np.errstate(divide="ignore"):
            squared = np.log(np.exp(law.log_forward) ** 2) / 2
        object.__setattr__(law, "log_forward", squared)
    assert not largest_error(law, expected) < 1e-11
