"""The reciprocal superoperators of [RFA13], appendices D and E, and the linear law made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.density.onsager import onsager_comparison, onsager_superoperator
from qtraj.models.rfa13 import dephased_junction
from qtraj.quantum.generators import apply_superoperator
from qtraj.reproduce.entry import Reproduction, Row
from qtraj.reproduce.rfa13_junction import BATHS, JUNCTION, exact_currents

__all__ = ["ENTRY"]


def _reciprocity_rows() -> tuple[Row, ...]:
    dephasing = 0.2
    process = dephased_junction(**JUNCTION, dephasing=dephasing)
    turn = process.system.basis
    n_left = 1 / math.expm1(JUNCTION["beta_left"] * JUNCTION["energy_left"])
    # M_dl^dag = M_ld, by the reciprocity.
    reciprocal = onsager_superoperator(process, "left", "dephasing")
    moved = turn @ apply_superoperator(reciprocal, process.hamiltonian) @ turn.conj().T
    comparison = onsager_comparison(process)
    relation = comparison.relations["dephasing"]
    # log nu = log B_d - X_d, and log B_d is diagonal.
    logarithm = -turn @ relation.force @ turn.conj().T
    exact = exact_currents(JUNCTION, dephasing).state
    weights, basis = np.linalg.eigh(exact)
    exact_logarithm = (basis * np.log(weights)) @ basis.conj().T
    return (
        Row(
            quantity="<R| M_dl^dag(H) |L> / C, gamma = 0.2",
            printed=dephasing * n_left,
            corrected=dephasing * (1 + n_left) * JUNCTION["tunnelling"],
            ours=float(moved[2, 1].real),
            note="L_l(L_d^dag(H)) is gamma (1 + n_l) V, not gamma n_l",
        ),
        Row(
            quantity="force parameter x_d, gamma = 0.2",
            printed=2 * math.log(abs(exact[1, 2])),
            corrected=2 * float(exact_logarithm[2, 1].real),
            ours=2 * float(logarithm[2, 1].real),
            note="<R| log nu |L> + c.c., not the logarithm of the coherence, which is complex and diverges without one",
        ),
        Row(
            quantity="<L| H |R>",
            printed=JUNCTION["tunnelling"],
            corrected=JUNCTION["tunnelling"] / 2,
            ours=float((turn @ process.hamiltonian @ turn.conj().T)[1, 2].real),
            note="the Hamiltonian has V/2; after Eq. (20) the coherence is called V",
        ),
        *_linear_law("gamma = 0.2", JUNCTION),
        *_linear_law("a bias of 0.001 nats", {**JUNCTION, "beta_left": 1.0, "beta_right": 1.501}),
        Row(
            quantity="heat currents together, gamma = 0.2",
            printed=sum(comparison.predicted.values()),
            corrected=0.0,
            ours=sum(comparison.actual.values()),
            note="printed: the linear law (17), which does not conserve energy",
        ),
    )


def _linear_law(where: str, parameters: dict[str, Any]) -> list[Row]:
    comparison = onsager_comparison(dephased_junction(**parameters, dephasing=0.2))
    note = f"C = {comparison.constant:.3g} fits all flows best; the error does not vanish near equilibrium"
    return [
        Row(
            quantity=f"heat current from {bath}, {where}",
            printed=comparison.predicted[bath],
            corrected=getattr(exact_currents(parameters, 0.2), f"heat_current_from_{bath}"),
            ours=comparison.actual[bath],
            note=f"printed: the linear law (17); {note}" if bath == "left" else "",
        )
        for bath in BATHS
    ]


ENTRY = Reproduction(
    name="rfa13-reciprocity",
    source="RFA13, appendices D and E",
    what="The reciprocal superoperators, the force of coherence, and the linear law beside the actual currents.",
    rows=_reciprocity_rows,
)
