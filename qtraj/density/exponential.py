r"""Exact exponential averages without enumerating paths.

Mapping: with :math:`A_u = \sum_\alpha p_\alpha^{1-u}|\psi_\alpha\rangle\langle\psi_\alpha|` and
:math:`B_u = \sum_\beta p'^u_\beta|\psi'_\beta\rangle\langle\psi'_\beta|`,

.. math:: \langle e^{-u\sigma}\rangle = tr[B_u\,\Lambda_u(A_u)],\qquad
          \Lambda_u(X) = \sum_{branches} e^{-u s} K X K^\dagger ,

one tilted map after the other for processes of several stages.

The averages of :math:`e^{-\sigma_d}` and :math:`e^{-\xi}` have the same form with other operators at the ends and
u = 1 resp. u = 0 in between; neither is 1 in general, and neither must be asserted to be.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.maps import apply_stages
from qtraj.errors import NotRecorded
from qtraj.processes.seam import Endpoint, MeasurementProtocol, Process
from qtraj.quantum.outcomes import Outcomes

__all__ = ["log_exponential_average", "support_loss"]


def log_exponential_average(
    process: Process,
    name: str = "sigma",
    u: float = 1.0,
    *,
    protocol: MeasurementProtocol = MeasurementProtocol.AUGMENTED,
) -> float:
    r"""Ln of :math:`\langle e^{-u s}\rangle` for s one of sigma, sigma_d, xi, from density matrices alone.

    Args:
        process: Anything on the seam.
        name: `sigma`, `sigma_d` or `xi`.
        u: Counting parameter.
        protocol: Measurement protocol; the laws of sigma_d and xi need one that records n and m.

    Raises:
        NotRecorded: If the protocol does not define the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> abs(log_exponential_average(build_model("two-qubit-exchange"), "sigma")) < 1e-12
        True
    """
    ends = process.endpoints(protocol)
    tilt = {"sigma": u, "sigma_d": u, "xi": 0.0}[name]
    left = _end_operator(ends.final, name, u, sign=1.0)
    right = _end_operator(ends.initial, name, u, sign=-1.0)
    stages = process.stages()
    image, scale = apply_stages(stages[:-1], right[1], tilt)
    terms = []
    for batch in stages[-1].branches:  # one by one: their weights may differ by hundreds of orders of magnitude
        matrix, own = batch.superoperator()
        value = float((np.conj(left[1]).ravel() @ (matrix @ image.ravel())).real)
        terms.append((np.log(value) if value > 0 else -np.inf) + own - tilt * batch.entropy)
    return float(logsumexp(terms)) + scale + left[0] + right[0]


def _end_operator(end: Endpoint, name: str, u: float, *, sign: float) -> tuple[float, ComplexArray]:
    """Log-scale and operator at one end: diagonal in the outcomes, times p_alpha at the start."""
    outcomes = end.outcomes
    if not end.measured:
        raise NotRecorded(f"`{name}` is not defined without a measurement at the end")
    own = sign * u * outcomes.log_eigenvalues
    labels = None if name == "sigma" else _label_average(end, sign * u if name == "sigma_d" else -sign * u, name)
    logs: FloatArray
    if labels is None:
        logs = own
    else:
        logs = labels if name == "sigma_d" else own + labels
    if sign < 0:
        logs = logs + outcomes.log_eigenvalues
    return _assemble(outcomes, logs)


def _label_average(end: Endpoint, power: float, name: str) -> FloatArray:
    """Ln of sum_n p(n|alpha) p_n^power, per outcome."""
    if end.energy_labels is None or end.log_conditional is None:
        raise NotRecorded(f"`{name}` is not defined in a protocol without energy labels")
    averages: FloatArray = logsumexp(end.log_conditional + power * end.energy_labels.log_eigenvalues[None, :], axis=1)
    return averages


def _assemble(outcomes: Outcomes, logs: FloatArray) -> tuple[float, ComplexArray]:
    scale = float(logs.max())
    weights = np.exp(logs - scale)[outcomes.outcome_of]
    return scale, (outcomes.vectors * weights) @ np.conj(outcomes.vectors.T)


def support_loss(process: Process, protocol: MeasurementProtocol = MeasurementProtocol.EIGENBASIS) -> float:
    r"""Absolutely irreversible weight :math:`\lambda = 1 - tr[P_{supp}\,\tilde\Lambda(\rho'_S)]`.

    Computed from the backward process alone: the weight with which it ends outside the support of the initial state.
    It is 0 for a full-rank start and the reason why <e^-sigma> = 1 - lambda for the others. Under the energy two-point
    protocol the support is that of the dephased state.

    Example:
        >>> from qtraj.models import build_model
        >>> round(support_loss(build_model("coherent-collision", collisions=2)), 6)  # it starts in a pure state
        0.014086
    """
    ends = process.endpoints(protocol)
    vectors = ends.initial.outcomes.vectors
    d = vectors.shape[0]
    if vectors.shape[1] == d:
        return 0.0
    final = ends.final.outcomes
    scaled = final.vectors * np.exp(final.log_eigenvalues[final.outcome_of] / 2)
    start = scaled @ np.conj(scaled.T)
    missing = np.eye(d) - vectors @ np.conj(vectors.T)
    image, scale = apply_stages(process.reversed().stages(), start)
    lost = float((np.conj(missing).ravel() @ image.ravel()).real) * float(np.exp(scale))
    return min(1.0, max(0.0, lost))
