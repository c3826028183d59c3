"""Building the exact law of a process's paths, whatever the process: from its stages and its endpoints.

One stage is read off its amplitudes, so that rare classes keep their relative accuracy; many stages are swept.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw, TooLarge
from qtraj.paths.flows import Flows
from qtraj.paths.law import PathLaw
from qtraj.paths.parallel import map_blocks
from qtraj.paths.path_count import count_label_sequences
from qtraj.paths.sweep import swept_transitions
from qtraj.paths.transition_table import transition_table
from qtraj.processes.seam import Endpoint, Endpoints, MeasurementProtocol, Process, Stage, check_process

__all__ = ["exact_law", "law_between", "law_if_finite"]

# A class costs about 100 bytes here and some more in every sampler.
LARGEST_LAW = 5_000_000


def exact_law(
    process: Process, *, protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED, n_jobs: int = 1
) -> PathLaw:
    """The exact law of a process's paths under a measurement protocol.

    Args:
        process: A thermal operation, or anything with the same three methods.
        protocol: `augmented`, `eigenbasis-two-point`, `energy-two-point` (alias `tpm`) or `kraus`.
        n_jobs: Workers (joblib) over the branches; the result does not depend on it.

    Returns:
        The law over classes.

    Raises:
        TooLarge: If there are more than 5 million classes.
        NoFiniteLaw: If the paths do not fall into finitely many classes, or of many stages into more than that.
        UnknownName: If the protocol is unknown.

    Example:
        >>> from qtraj.models import build_model
        >>> exact_law(build_model("two-qubit-exchange"), protocol="energy-two-point").quantities
        ('sigma', 'sigma_d', 'xi', 'heat')
    """
    check_process(process)
    chosen = MeasurementProtocol.parse(protocol)
    with one_blas_thread():
        return law_between(process.stages(), process.endpoints(chosen), n_jobs=n_jobs)


def law_if_finite(process: Process, *, protocol: MeasurementProtocol, n_jobs: int = 1) -> PathLaw | NoFiniteLaw:
    """The exact law, or the exception that says why there is none: such paths can still be followed."""
    try:
        return exact_law(process, protocol=protocol, n_jobs=n_jobs)
    except NoFiniteLaw as error:
        return error
    except TooLarge as error:
        return NoFiniteLaw(str(error), measured=error.measured)


def law_between(stages: tuple[Stage, ...], endpoints: Endpoints, *, n_jobs: int = 1) -> PathLaw:
    """The law of the paths that go through `stages` between `endpoints`.

    Raises:
        NoFiniteLaw: If there are too many classes; of a single stage, `TooLarge`.
    """
    start, end = endpoints.initial, endpoints.final
    number: int | None
    if len(stages) == 1:
        alpha, branch, beta, log_forward, number, flows = _single_stage(stages[0], start, end, n_jobs)
    else:
        alpha, branch, beta, log_forward, flows = swept_transitions(stages, start, end, n_jobs=n_jobs)
        number = count_label_sequences(stages, start, end)
    log_forward = log_forward + start.outcomes.log_eigenvalues[alpha]
    entropies = flows.total_entropy

    size = int((_label_counts(start)[alpha] * _label_counts(end)[beta]).sum())
    if size > LARGEST_LAW:
        refusal = TooLarge if len(stages) == 1 else NoFiniteLaw
        raise refusal(
            f"the law must have at most {LARGEST_LAW:.0e} classes, but has {size:.3g}; "
            "use the eigenbasis-two-point protocol, whose classes have no energy labels",
            measured=float(size),
        )
    n, m = np.full(alpha.size, -1), np.full(alpha.size, -1)
    if start.log_conditional is not None and end.log_conditional is not None:
        row, n, m = _augment(alpha, beta, start.log_conditional, end.log_conditional)
        alpha, beta, branch = alpha[row], beta[row], branch[row]
        log_forward = log_forward[row] + start.log_conditional[alpha, n] + end.log_conditional[beta, m]
    sigma = sigma_d = xi = None
    if start.measured and end.measured:
        sigma = start.outcomes.log_eigenvalues[alpha] - end.outcomes.log_eigenvalues[beta] + entropies[branch]
    if start.energy_labels is not None and end.energy_labels is not None and sigma is not None:
        log_n, log_m = start.energy_labels.log_eigenvalues[n], end.energy_labels.log_eigenvalues[m]
        sigma_d = log_n - log_m + entropies[branch]
        # Not sigma - sigma_d: xi is free of heat, and of the rounding of a heat many orders larger.
        xi = (start.outcomes.log_eigenvalues[alpha] - log_n) - (end.outcomes.log_eigenvalues[beta] - log_m)
    return PathLaw(
        protocol=endpoints.protocol,
        endpoints=endpoints,
        alpha=alpha,
        branch=branch,
        beta=beta if end.measured else np.full(beta.size, -1),
        n=n,
        m=m,
        log_forward=log_forward,
        sigma=sigma,
        sigma_d=sigma_d,
        xi=xi,
        flows=flows,
        paths=number,
        further={
            name: amount[alpha, n] + end.amounts[name][beta, m]
            for name, amount in start.amounts.items()
            if start.log_conditional is not None and end.log_conditional is not None
        },
    )


def _single_stage(
    stage: Stage, start: Endpoint, end: Endpoint, n_jobs: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray, int, Flows]:
    """Transitions through one stage, from amplitudes: rare ones keep their relative accuracy."""
    branches = stage.branches
    tables = map_blocks(transition_table, [(batch, start, end) for batch in branches], n_jobs=n_jobs)
    log_table = np.stack([table[0] for table in tables])
    labelled = np.stack([table[1] for table in tables])
    branch, beta, alpha = np.nonzero(np.isfinite(log_table))
    order = np.lexsort((beta, branch, alpha))
    branch, beta, alpha = branch[order], beta[order], alpha[order]
    number = int((labelled[branch, beta, alpha] * _label_counts(start)[alpha] * _label_counts(end)[beta]).sum())
    names = () if stage.reservoir is None else (stage.reservoir,)
    flows = Flows(
        reservoirs=names,
        entropies=np.array([[batch.entropy] for batch in branches])[:, : len(names)],
        heats=np.array([[np.nan if batch.heat is None else batch.heat] for batch in branches])[:, : len(names)],
    )
    return alpha, branch, beta, log_table[branch, beta, alpha], number, flows


def _label_counts(end: Endpoint) -> IntArray:
    if end.log_conditional is None:
        return np.ones(end.outcomes.count, dtype=np.int64)
    counts: IntArray = np.isfinite(end.log_conditional).sum(axis=1)
    return counts


def _augment(
    alpha: IntArray, beta: IntArray, log_n: FloatArray, log_m: FloatArray
) -> tuple[IntArray, IntArray, IntArray]:
    """For every (alpha, beta): all energy labels n possible for alpha with all m possible for beta."""
    possible = np.isfinite(log_n)[alpha][:, :, None] & np.isfinite(log_m)[beta][:, None, :]
    row, n, m = np.nonzero(possible)
    return row, n, m
