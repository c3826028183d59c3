r"""The map a process applies to the system: superoperators, transition matrix, processing of coherence.

Mapping: Kraus operators :math:`M_{\mu\nu}`, transition matrix
:math:`Q(m|n) = \sum_{\mu\nu}|\langle m|M_{\mu\nu}|n\rangle|^2` ([Santos19] Eq. (19)), coherence factors
:math:`\alpha_{nm} = \sum_{\mu\nu}\langle n|M|n\rangle\langle m|M^\dagger|m\rangle` (Eq. (20)).

Matrices are in the energy eigenbasis and flattened row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, frozen
from qtraj.processes.seam import Process, Stage
from qtraj.quantum.spectrum import Spectrum

__all__ = [
    "CoherenceProcessing",
    "apply_stages",
    "coherence_processing",
    "kraus_map",
    "stage_map",
    "transition_matrix",
]


def stage_map(stage: Stage, tilt: float = 0.0) -> tuple[ComplexArray, float]:
    r"""Superoperator of one stage, :math:`X \mapsto \sum e^{-t s} q_k K_k X K_k^\dagger`, and the log of its scale.

    Args:
        stage: The stage.
        tilt: t, the weight of the entropy s that a branch sends into its reservoir.

    Returns:
        Matrix of shape (d^2, d^2) to be multiplied by exp(scale), and the scale.

    Example:
        >>> from qtraj.models import build_model
        >>> (stage,) = build_model("two-qubit-exchange").stages()
        >>> matrix, scale = stage_map(stage)
        >>> image = np.exp(scale) * (matrix @ np.eye(2).ravel())  # a map keeps the trace
        >>> round(float((image[0] + image[3]).real), 12)
        2.0
    """
    parts = [batch.superoperator() for batch in stage.branches]
    logs = np.array([scale - tilt * batch.entropy for (_, scale), batch in zip(parts, stage.branches, strict=True)])
    top = float(logs.max())
    total: ComplexArray = sum(
        (np.exp(log - top) * matrix for log, (matrix, _) in zip(logs, parts, strict=True)),
        start=np.zeros_like(parts[0][0]),
    )
    return total, top


def apply_stages(stages: tuple[Stage, ...], operator: ComplexArray, tilt: float = 0.0) -> tuple[ComplexArray, float]:
    """Apply the tilted maps of all stages, in order, to an operator of shape (d, d).

    Returns:
        The result, shape (d, d), to be multiplied by exp(scale), and the scale.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("two-qubit-exchange")
        >>> image, scale = apply_stages(process.stages(), process.system.energy_state.matrix)
        >>> bool(np.allclose(np.exp(scale) * image, process.final_energy_state.matrix))
        True
    """
    known: dict[int, tuple[ComplexArray, float]] = {}
    vector, scale = operator.ravel(), 0.0
    for stage in stages:
        if id(stage) not in known:
            known[id(stage)] = stage_map(stage, tilt)
        matrix, own = known[id(stage)]
        vector = matrix @ vector
        size = float(np.abs(vector).max())
        if size == 0:
            return vector.reshape(operator.shape), 0.0
        vector, scale = vector / size, scale + own + np.log(size)
    return vector.reshape(operator.shape), scale


def kraus_map(process: Process) -> ComplexArray:
    r"""The map :math:`\Lambda(X) = \sum_{\mu\nu} M_{\mu\nu} X M_{\mu\nu}^\dagger` as a matrix, shape (d^2, d^2).

    Source: [Santos19] Eq. (18); for several stages, the maps one after the other.

    Example:
        >>> from qtraj.models import build_model
        >>> kraus_map(build_model("two-qubit-exchange")).shape
        (4, 4)
    """
    total: ComplexArray | None = None
    for stage in process.stages():
        matrix, scale = stage_map(stage)
        total = np.exp(scale) * (matrix if total is None else matrix @ total)
    assert total is not None  # a process has at least one stage
    return total


def transition_matrix(process: Process) -> FloatArray:
    r"""Transition probabilities between energy eigenstates, shape (d, d), row m, column n.

    Source: [Santos19] Eq. (19). Populations follow p' = Q p when no two energies of the system coincide.

    Example:
        >>> from qtraj.models import build_model
        >>> transition_matrix(build_model("two-qubit-exchange")).sum(axis=0).round(12).tolist()
        [1.0, 1.0]
    """
    flat = kraus_map(process)
    d = int(np.sqrt(flat.shape[0]))
    index = np.arange(d) * (d + 1)
    matrix: FloatArray = flat[np.ix_(index, index)].real
    return matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class CoherenceProcessing:
    r"""How coherences :math:`p_{nm}` are processed, with the scope of each statement.

    Attributes:
        factors: :math:`\alpha_{nm}` of [Santos19] Eq. (20), shape (d, d).
        applies: Where :math:`p'_{nm} = \alpha_{nm} p_{nm}` holds, shape (d, d): pairs whose Bohr frequency no
            other pair shares. Eq. (20) and the bound Eq. (21) are misprinted as general; on equally spaced levels both
            fail.
        bound: :math:`\sqrt{Q(n|n)Q(m|m)}`, shape (d, d), an upper bound of the modulus of `factors`.
        general_bound: :math:`\sum_{kl}|p_{kl}|\sqrt{Q(n|k)Q(m|l)}` over pairs kl with the Bohr frequency of nm, shape
            (d, d): an upper bound of the modulus of :math:`p'_{nm}` that always holds.
    """

    factors: ComplexArray
    applies: BoolArray
    bound: FloatArray
    general_bound: FloatArray


def coherence_processing(process: Process, spectrum: Spectrum, state: ComplexArray) -> CoherenceProcessing:
    """Coherence factors and their bounds for a process acting on `state` (energy eigenbasis, shape (d, d)).

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("two-qubit-exchange")
        >>> spectrum, state = process.system.spectrum, process.system.energy_state.matrix
        >>> coherence_processing(process, spectrum, state).applies.tolist()
        [[False, True], [True, False]]
    """
    d = spectrum.dimension
    full = kraus_map(process).reshape(d, d, d, d)
    factors = np.einsum("nmnm->nm", full)
    matrix = transition_matrix(process)
    _, frequency = spectrum.bohr_frequencies()
    shared = np.bincount(frequency.ravel())
    same = frequency[:, :, None, None] == frequency[None, None, :, :]
    reach = np.sqrt(matrix[:, None, :, None] * matrix[None, :, None, :])
    return CoherenceProcessing(
        factors=frozen(factors),
        applies=frozen(shared[frequency] == 1),
        bound=frozen(np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))),
        general_bound=frozen((same * reach * np.abs(state)[None, None]).sum(axis=(2, 3))),
    )
