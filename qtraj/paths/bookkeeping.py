r"""The thermodynamic columns of single followed paths, from their labels and from what went into each reservoir.

Mapping: :math:`\sigma = \ln p_\alpha - \ln p'_\beta + \sum_k s_k`, :math:`\sigma_d = \ln p_n - \ln p'_m + \sum_k s_k`
and :math:`\xi = \sigma - \sigma_d` ([Santos19] Eqs. (37), (43), (44), with the entropies :math:`s_k` into all
reservoirs).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoints

__all__ = ["book", "jump_flows"]


def jump_flows(process: JumpProcess) -> dict[str, FloatArray]:
    """What every jump sends into each bath, by column, each of shape (J,).

    Columns are `entropy_into_NAME` and, where every jump of the bath has a definite heat, `heat_into_NAME`.
    """
    columns: dict[str, FloatArray] = {}
    for name, amounts in (("entropy_into", process.entropies), ("heat_into", process.heats)):
        for position, bath in enumerate(process.baths):
            own: FloatArray = np.where(process.bath_of == position, amounts, 0.0)
            if np.isfinite(own).all():
                columns[f"{name}_{bath}"] = own
    return columns


def book(rows: dict[str, NDArray[Any]], endpoints: Endpoints) -> dict[str, NDArray[Any]]:
    """Add sigma, sigma_d, xi and heat, as far as the protocol and the reservoirs define them.

    Args:
        rows: Labels alpha, beta, n, m as far as there are any, `entropy_into_NAME` of every reservoir, and
            `heat_into_NAME` of those whose units have an energy.
        endpoints: What the labels stand for.

    Returns:
        The same columns and the new ones. `heat`, into all reservoirs, is there if every reservoir has one.

    Raises:
        InvalidInput: If the rows have labels of an environment but not what went into it: such paths have a law.
    """
    start, end = endpoints.initial, endpoints.final
    entropies = [column for name, column in rows.items() if name.startswith("entropy_into_")]
    if not entropies and "mu" in rows:
        raise InvalidInput("`rows` must say what went into each reservoir, but have labels mu and nu only")
    heats = [column for name, column in rows.items() if name.startswith("heat_into_")]
    booked = dict(rows)
    if start.measured and end.measured:
        total = np.sum(entropies, axis=0)
        log_alpha = start.outcomes.log_eigenvalues[rows["alpha"]]
        log_beta = end.outcomes.log_eigenvalues[rows["beta"]]
        booked["sigma"] = log_alpha - log_beta + total
        if start.energy_labels is not None and end.energy_labels is not None:
            log_n = start.energy_labels.log_eigenvalues[rows["n"]]
            log_m = end.energy_labels.log_eigenvalues[rows["m"]]
            booked["sigma_d"] = log_n - log_m + total
            booked["xi"] = (log_alpha - log_n) - (log_beta - log_m)
    if len(heats) == len(entropies):
        booked["heat"] = np.sum(heats, axis=0)
        if start.label_energies is not None and end.label_energies is not None:
            booked["work"] = booked["heat"] + end.label_energies[rows["m"]] - start.label_energies[rows["n"]]
    return booked
