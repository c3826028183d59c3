"""Small jump processes for the trajectory samplers, and their exact laws by brute force.

Nothing here comes from the package but what the user gave it: dense matrices, exponentials of the whole Liouvillian,
and the characteristic function of the number of jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.linalg import expm

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.paths.jump_engines import EngineKind, JumpEngine
from qtraj.paths.jump_operators import Frame
from qtraj.paths.jump_tables import Booking, floats, integers
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel, dephasing_channels
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

LOWERING = np.array([[0.0, 1.0], [0.0, 0.0]])
FLIP = np.array([[0.0, 1.0], [1.0, 0.0]])


def driven_qubit(*, drive: float = 1.0, detuning: float = 0.3, duration: float = 4.0) -> JumpProcess:
    hamiltonian = np.array([[0.0, drive / 2], [drive / 2, detuning]])
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=State.bloch(0.3, -0.2, 0.4)),
        channels=(Channel(operator=LOWERING, bath="cold", rate=1.0, energy=1.0, inverse_temperature=1.2),),
        duration=duration,
    )


def junction() -> JumpProcess:
    """Two sites between two baths, with dephasing: every jump leads to one of three states."""
    hamiltonian = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.4], [0.0, 0.4, 1.5]])
    unit = np.eye(3)
    left, right = np.outer(unit[0], unit[1]), np.outer(unit[0], unit[2])
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=State.haar(3, seed=5)),
        channels=(
            Channel(operator=left, bath="left", rate=1.0, energy=1.0, inverse_temperature=0.5),
            Channel(operator=right, bath="right", rate=0.7, energy=1.5, inverse_temperature=2.0),
            *dephasing_channels(3, 0.2, levels=(1, 2)),
        ),
        duration=3.0,
    )


def davies(*, state: State | None = None, duration: float = 2.0) -> JumpProcess:
    energies = [0.0, 1.0, 2.5]
    rates = [[0, 1, 0.5], [1, 2, 0.4], [0, 2, 0.3]]
    return JumpProcess(
        system=System(energies=energies, state=State.haar(3, seed=2) if state is None else state),
        channels=davies_channels(energies, 0.8, rates, bath="bath"),
        duration=duration,
    )


def oscillator() -> JumpProcess:
    """A ladder with collective jumps: no jump leads to one state only."""
    lowering = np.diag(np.sqrt(np.arange(1.0, 4.0)), 1)
    return JumpProcess(
        system=System(energies=np.arange(4.0), state=State.haar(4, seed=3)),
        channels=(Channel(operator=lowering, bath="bath", rate=0.6, energy=1.0, inverse_temperature=0.9),),
        duration=1.5,
    )


def spin_chain(spins: int, *, duration: float = 2.0) -> JumpProcess:
    """Spins that exchange quanta, a hot bath at one end and a cold one at the other."""

    def at(operator: FloatArray, site: int) -> FloatArray:
        whole = np.eye(1)
        for place in range(spins):
            whole = np.kron(whole, operator if place == site else np.eye(2))
        return whole

    hops = [at(LOWERING.T, site) @ at(LOWERING, site + 1) for site in range(spins - 1)]
    hamiltonian = sum(at(LOWERING.T @ LOWERING, site) for site in range(spins)) + 0.5 * sum(h + h.T for h in hops)
    first = np.zeros(2**spins)
    first[min(5, 2**spins - 1)] = 1.0
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=State.pure(first)),
        channels=(
            Channel(operator=at(LOWERING, 0), bath="hot", rate=0.6, energy=1.0, inverse_temperature=0.4),
            Channel(operator=at(LOWERING, spins - 1), bath="cold", rate=0.8, energy=1.0, inverse_temperature=1.4),
        ),
        duration=duration,
    )


def any_operators(seed: int = 4, dimension: int = 3) -> JumpProcess:
    rng = np.random.default_rng(seed)
    hamiltonian = rng.normal(size=(dimension,) * 2) + 1j * rng.normal(size=(dimension,) * 2)
    operators = 0.5 * (rng.normal(size=(2, dimension, dimension)) + 1j * rng.normal(size=(2, dimension, dimension)))
    return JumpProcess(
        system=System(hamiltonian=hamiltonian + hamiltonian.conj().T, state=State.haar(dimension, seed=rng)),
        channels=tuple(
            Channel(operator=operator, bath=f"bath{k}", rate=0.5, reverse_rate=0.2)
            for k, operator in enumerate(operators)
        ),
        duration=1.0,
    )


def critically_damped(*, duration: float = 6.0) -> JumpProcess:
    """A driven qubit whose effective Hamiltonian has one eigenvector only."""
    # Exchange of populations at rates 1 and r damps the coherence by (1 + r)/2 and the two amplitudes unequally:
    # H_eff = [[-ir/2, w], [w, -i/2]] is defective at w = (1 - r)/4.
    reverse = 0.25
    return JumpProcess(
        system=System(hamiltonian=(1 - reverse) / 4 * FLIP, state=State.bloch(0.1, 0.2, 0.6)),
        channels=(Channel(operator=LOWERING, bath="bath", rate=1.0, reverse_rate=reverse),),
        duration=duration,
    )


CASES: dict[str, Callable[[], JumpProcess]] = {
    "driven qubit": driven_qubit,
    "junction": junction,
    "davies": davies,
    "oscillator": oscillator,
    "two spins": lambda: spin_chain(2),
    "any operators": any_operators,
    "critically damped": critically_damped,
}


# --- exact laws -------------------------------------------------------------------------------------------------------


def super_left_right(left: ComplexArray, right: ComplexArray) -> ComplexArray:
    """X -> left X right, rows first."""
    return np.kron(left, right.T)


def generator(process: JumpProcess, phases: Sequence[complex] | None = None) -> ComplexArray:
    """Liouvillian in the energy eigenbasis, every jump multiplied by its phase."""
    energies = process.system.spectrum.energies
    one = np.eye(energies.size)
    hamiltonian = np.diag(energies).astype(complex)
    total = -1j * (super_left_right(hamiltonian, one) - super_left_right(one, hamiltonian))
    for k, jump in enumerate(process.jumps):
        operator, adjoint = jump.operator, jump.operator.conj().T
        phase = 1.0 if phases is None else phases[k]
        total += phase * super_left_right(operator, adjoint)
        total -= 0.5 * (super_left_right(adjoint @ operator, one) + super_left_right(one, adjoint @ operator))
    return total


def start_of(process: JumpProcess) -> ComplexArray:
    basis = process.system.basis
    return basis.conj().T @ process.system.state.matrix @ basis


def exact_state(process: JumpProcess, time: float) -> ComplexArray:
    """rho(time) in the basis the Hamiltonian was given in."""
    rho = start_of(process)
    evolved = (expm(generator(process) * time) @ rho.ravel()).reshape(rho.shape)
    basis = process.system.basis
    return basis @ evolved @ basis.conj().T


def jump_number_law(process: JumpProcess, largest: int, *, counted: int | None = None) -> FloatArray:
    """Probability of 0, 1, ..., `largest` jumps (of one kind, or of any), from the characteristic function."""
    rho = start_of(process).ravel()
    trace = np.eye(process.system.dimension).ravel()
    angles = 2 * np.pi * np.arange(largest + 1) / (largest + 1)
    values = []
    for angle in angles:
        phases = [np.exp(1j * angle) if counted in (None, k) else 1.0 for k in range(len(process.jumps))]
        values.append(trace @ expm(generator(process, phases) * process.duration) @ rho)
    law = np.fft.fft(np.array(values)).real / (largest + 1)
    return np.clip(law, 0.0, None)


def survival(process: JumpProcess, psi: ComplexArray, times: FloatArray) -> FloatArray:
    """Probability that a pure state (energy eigenbasis) makes no jump until each of some times."""
    effective = np.diag(process.system.spectrum.energies).astype(complex)
    for jump in process.jumps:
        effective -= 0.5j * jump.operator.conj().T @ jump.operator
    return np.array([np.linalg.norm(expm(-1j * effective * time) @ psi) ** 2 for time in times])


# --- engines on plain arrays ------------------------------------------------------------------------------------------

KEY = np.random.default_rng(20190213).integers(0, 2**64, size=4, dtype=np.uint64)


def bare_engine(
    hamiltonian: object,
    jumps: Sequence[object],
    starts: object,
    *,
    duration: float,
    kind: EngineKind | None = None,
) -> JumpEngine:
    """An engine without a process, whose jumps need no reverse; the Hamiltonian is diagonal or the only frame."""
    matrix = np.asarray(hamiltonian, dtype=complex)
    if np.count_nonzero(matrix - np.diag(np.diag(matrix))):
        energies, basis = np.linalg.eigh(matrix)
    else:
        energies, basis = np.diag(matrix).real, np.eye(matrix.shape[0], dtype=complex)
    turned = [basis.conj().T @ np.asarray(jump, dtype=complex) @ basis for jump in jumps]
    count = len(turned)
    return JumpEngine.prepare(
        frames=[Frame(basis=basis.astype(complex), hamiltonian=matrix)],
        energies=energies,
        jumps=turned,
        starts=basis.conj().T @ np.atleast_2d(np.asarray(starts, dtype=complex)).T,
        ends=np.eye(energies.size, dtype=complex),
        duration=duration,
        booking=Booking(
            kind=integers(np.full(count, -1)), sign=integers(np.ones(count)), values=floats(np.zeros((0, 0)))
        ),
        kind=kind,
    )
