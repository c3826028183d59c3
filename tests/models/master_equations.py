"""Master equations written out as in the papers, with NumPy alone: nothing here comes from the package.

Superoperators act on row-major vectors, so that A X B is `np.kron(A, B.T)` applied to `X.ravel()`.
"""

from __future__ import annotations

import numpy as np

KET_0, KET_L, KET_R = np.eye(3)


def dissipator(*jumps: np.ndarray) -> np.ndarray:
    """sum L X L^dag - {L^dag L, X}/2, rates included in the jumps."""
    d = jumps[0].shape[0]
    one = np.eye(d)
    total = np.zeros((d * d, d * d), dtype=complex)
    for jump in jumps:
        square = jump.conj().T @ jump
        total += np.kron(jump, jump.conj()) - (np.kron(square, one) + np.kron(one, square.T)) / 2
    return total


def commutator(hamiltonian: np.ndarray) -> np.ndarray:
    """-i [H, X]."""
    one = np.eye(hamiltonian.shape[0])
    return -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))


def applied(superoperator: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return (superoperator @ matrix.ravel()).reshape(matrix.shape)


def stationary_state(generator: np.ndarray) -> np.ndarray:
    """The solution of L(nu) = 0, tr nu = 1, for a generator with one stationary state."""
    d = round(np.sqrt(generator.shape[0]))
    rows = np.vstack([generator, np.eye(d).ravel()])
    vector = np.linalg.lstsq(rows, np.r_[np.zeros(d * d), 1.0], rcond=None)[0]
    state = vector.reshape(d, d)
    return (state + state.conj().T) / 2


def logarithm(state: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(state)
    return (vectors * np.log(values)) @ vectors.conj().T


def trace_of(*factors: np.ndarray) -> float:
    return float(np.trace(np.linalg.multi_dot(factors) if len(factors) > 1 else factors[0]).real)


class Junction:
    """[RFA13] Eqs. (19)-(21) with n_L at the upward jump, as its own stationary state needs it."""

    def __init__(
        self,
        *,
        energy_left: float,
        energy_right: float,
        tunnelling: float,
        beta_left: float,
        beta_right: float,
        dephasing: float,
        swapped: bool = False,
    ) -> None:
        self.n_l, self.n_r = 1 / np.expm1(beta_left * energy_left), 1 / np.expm1(beta_right * energy_right)
        self.hamiltonian = np.diag([0.0, energy_left, energy_right])
        self.hamiltonian[1, 2] = self.hamiltonian[2, 1] = tunnelling / 2
        up_l, down_l = (1 + self.n_l, self.n_l) if swapped else (self.n_l, 1 + self.n_l)
        self.left = dissipator(np.sqrt(2 * down_l) * np.outer(KET_0, KET_L), np.sqrt(2 * up_l) * np.outer(KET_L, KET_0))
        self.right = dissipator(
            np.sqrt(2 * (1 + self.n_r)) * np.outer(KET_0, KET_R), np.sqrt(2 * self.n_r) * np.outer(KET_R, KET_0)
        )
        self.dephasing = dissipator(*(np.sqrt(2 * dephasing) * np.outer(k, k) for k in (KET_L, KET_R)))
        self.baths = {"left": self.left, "right": self.right, "dephasing": self.dephasing}
        self.state = stationary_state(
            commutator(self.hamiltonian.astype(complex)) + self.left + self.right + self.dephasing
        )

    def heat_current(self, bath: str) -> float:
        return trace_of(self.hamiltonian, applied(self.baths[bath], self.state))

    def reached(self, bath: str) -> np.ndarray:
        """B_b(nu), what bath b alone would make of the steady state."""
        nu = self.state
        if bath == "dephasing":
            return np.diag(np.diag(nu))
        own, n, other = (1, self.n_l, 2) if bath == "left" else (2, self.n_r, 1)
        q = (nu[0, 0] + nu[own, own]).real
        populations = np.zeros(3)
        populations[[0, own, other]] = q * (1 + n) / (1 + 2 * n), q * n / (1 + 2 * n), nu[other, other].real
        return np.diag(populations)

    def entropy_flux(self, bath: str) -> float:
        return -trace_of(applied(self.baths[bath], self.state), logarithm(self.reached(bath)))

    def entropy_production(self, bath: str) -> float:
        force = logarithm(self.reached(bath)) - logarithm(self.state)
        return trace_of(applied(self.baths[bath], self.state), force)


class Pair:
    """Section 4 of [Diosi14], with its own operator 1/2 {n_A + n_B - 2 n_A n_B, .} spelt out."""

    def __init__(
        self,
        *,
        frequency_a: float,
        frequency_b: float,
        beta_a: float,
        beta_b: float,
        rate_a: float,
        rate_b: float,
        noise_strength: float,
        fermions: bool = False,
    ) -> None:
        flip = np.array([[0.0, 1.0], [0.0, 0.0]])
        a = np.kron(flip, np.eye(2))
        b = np.kron(np.diag([1.0, -1.0]) if fermions else np.eye(2), flip)
        self.n_a, self.n_b = a.T @ a, b.T @ b
        self.h_a, self.h_b = frequency_a * self.n_a, frequency_b * self.n_b
        q_a, q_b = np.exp(-beta_a * frequency_a), np.exp(-beta_b * frequency_b)
        self.a = dissipator(np.sqrt(rate_a) * a, np.sqrt(rate_a * q_a) * a.T)
        self.b = dissipator(np.sqrt(rate_b) * b, np.sqrt(rate_b * q_b) * b.T)
        hops = self.n_a + self.n_b - 2 * self.n_a @ self.n_b
        self.noise = noise_strength * (
            np.kron(a.T @ b, (a.T @ b).conj())
            + np.kron(a @ b.T, (a @ b.T).conj())
            - (np.kron(hops, np.eye(4)) + np.kron(np.eye(4), hops.T)) / 2
        )
        self.hamiltonian = self.h_a + self.h_b
        self.state = stationary_state(commutator(self.hamiltonian.astype(complex)) + self.a + self.b + self.noise)

    def heat_current(self, bath: str) -> float:
        return trace_of(self.hamiltonian, applied(getattr(self, bath), self.state))
