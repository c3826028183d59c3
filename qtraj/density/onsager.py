r"""The quantum Onsager superoperators of [RFA13], beside the currents they are meant to predict.

Mapping: flows :math:`J_b`, forces :math:`X_b` in the steady state; superoperators
:math:`M_{ba} = C\mathcal{L}_b\mathcal{L}_a^\dagger`, Eq. (17), with :math:`M_{ba} = M_{ab}^\dagger`, Eq. (18);
predicted flows :math:`\hat J_b = \sum_aM_{ba}(X_a)`.

The reciprocity is an identity of the Hilbert-Schmidt product and holds for any generators whatever. The linear law
itself rests on replacing :math:`\ln\nu` by :math:`\nu - 1` and on detailed balance of the whole. With the best constant
the flows of a weakly coupled junction come out within some percent in norm, because those of coherence dominate, but
its heat currents are wrong by up to a half however near equilibrium, and do not even add up to zero. So predicted and
actual currents are given side by side, and nothing else is made of them. Where the
paper evaluates :math:`M_{d,l}^\dagger(H) \approx C\gamma n_l(|R\rangle\langle L| + h.c.)`, the right value has
:math:`(1+n_l)V` for :math:`n_l`, and its :math:`x_d` means :math:`\langle R|\ln\nu|L\rangle`, not the logarithm of an
element.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.density.bath_relations import BathRelation, bath_relation
from qtraj.density.jump_process import stationary_set
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import adjoint_superoperator, apply_superoperator, dissipator

__all__ = ["OnsagerComparison", "onsager_comparison", "onsager_superoperator"]


def onsager_superoperator(process: JumpProcess, bath: str, other: str, *, constant: float = 1.0) -> ComplexArray:
    r""":math:`M_{ba} = C\mathcal{L}_b\mathcal{L}_a^\dagger` as a matrix, shape (d^2, d^2), energy eigenbasis.

    Args:
        process: The process.
        bath: b, whose flow is predicted.
        other: a, whose force acts.
        constant: C, which [RFA13] leaves open.

    Example:
        >>> from qtraj.models.rfa13 import dephased_junction
        >>> process = dephased_junction()
        >>> one = onsager_superoperator(process, "left", "dephasing")
        >>> bool(np.allclose(one, onsager_superoperator(process, "dephasing", "left").conj().T))
        True
    """
    return constant * (_generator(process, bath) @ adjoint_superoperator(_generator(process, other)))


@dataclass(frozen=True, kw_only=True, eq=False)
class OnsagerComparison:
    r"""Actual and predicted heat currents in the steady state, out of every bath into the system.

    Attributes:
        relations: Flow and force of every bath, by name.
        constant: C used: as given, or the one that fits all flows best.
        predicted_flows: :math:`\hat J_b`, shape (d, d) each.
        actual: Heat current :math:`tr[HJ_b]` of every bath.
        predicted: Heat current :math:`tr[H\hat J_b]` of every bath.
        entropy_production: Steady :math:`P = \sum_b tr[J_bX_b]`.
        predicted_entropy_production: :math:`\sum_b tr[\hat J_bX_b]`.
    """

    relations: dict[str, BathRelation]
    constant: float
    predicted_flows: dict[str, ComplexArray]
    actual: dict[str, float]
    predicted: dict[str, float]
    entropy_production: float
    predicted_entropy_production: float

    @property
    def misfit(self) -> float:
        """Distance between predicted and actual flows relative to the actual ones (Frobenius norm over all baths)."""
        missed = sum(np.linalg.norm(self.predicted_flows[b] - r.flow) ** 2 for b, r in self.relations.items())
        whole = sum(np.linalg.norm(r.flow) ** 2 for r in self.relations.values())
        return float(np.sqrt(missed / whole)) if whole else 0.0


def onsager_comparison(process: JumpProcess, *, constant: float | None = None) -> OnsagerComparison:
    """Predicted and actual flows of every bath in the steady state reached from the process's start.

    Args:
        process: The process; its steady state must have full rank.
        constant: C; by default the one that makes the predicted flows fit the actual ones best.

    Raises:
        InvalidState: If the steady state is not of full rank.

    Example:
        >>> from qtraj.models.rfa13 import dephased_junction
        >>> found = onsager_comparison(dephased_junction())
        >>> round(found.actual["left"], 10)
        0.0014518994
    """
    steady = stationary_set(process).reached_from(process.system.energy_state.matrix)
    relations = {bath: bath_relation(process, bath, steady) for bath in process.baths}
    # The sum over a acts first: one operator, whatever the bath it is then sent to.
    acting = sum(
        (
            apply_superoperator(adjoint_superoperator(_generator(process, bath)), relation.force)
            for bath, relation in relations.items()
        ),
        start=np.zeros_like(steady),
    )
    shapes = {bath: apply_superoperator(_generator(process, bath), acting) for bath in process.baths}
    if constant is None:
        overlap = sum(float(np.vdot(shapes[bath], relation.flow).real) for bath, relation in relations.items())
        norm = sum(float(np.linalg.norm(shape) ** 2) for shape in shapes.values())
        constant = overlap / norm if norm else 0.0
    flows = {bath: constant * shape for bath, shape in shapes.items()}
    energies = process.system.spectrum.energies
    return OnsagerComparison(
        relations=relations,
        constant=constant,
        predicted_flows=flows,
        actual={bath: relation.heat_current for bath, relation in relations.items()},
        predicted={bath: float((energies * np.diag(flow).real).sum()) for bath, flow in flows.items()},
        entropy_production=sum(relation.entropy_production for relation in relations.values()),
        predicted_entropy_production=sum(
            float(np.vdot(flows[bath], relation.force).real) for bath, relation in relations.items()
        ),
    )


def _generator(process: JumpProcess, bath: str) -> ComplexArray:
    own = [jump.operator for jump in process.jumps if jump.bath == bath]
    return dissipator(own, process.system.dimension)
