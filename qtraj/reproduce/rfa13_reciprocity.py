"""The reciprocal superoperators of [RFA13], appendices D and E, and the linear law made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.density.onsager import onsager_comparison, onsager_superoperator
from qtraj.models.rfa13 import dephased_junction
from qtraj.quantum.generators import apply_superoperator
from qtraj.reproduce.entry import NO_NUMBERS, Reproduction, Row
from qtraj.reproduce.rfa13_junction import BATHS, JUNCTION, exact_currents
from qtraj.reproduce.setting import Setting

__all__ = ["ENTRY"]

DEPHASING = 0.2
NEARLY_EQUAL: dict[str, Any] = {**JUNCTION, "beta_left": 1.0, "beta_right": 1.501}
NEAR = "a bias of 0.001 nats"


def _reciprocity_rows() -> tuple[Row, ...]:
    process = dephased_junction(**JUNCTION, dephasing=DEPHASING)
    turn = process.system.basis
    n_left = 1 / math.expm1(JUNCTION["beta_left"] * JUNCTION["energy_left"])
    # M_dl^dag = M_ld, by the reciprocity.
    reciprocal = onsager_superoperator(process, "left", "dephasing")
    moved = turn @ apply_superoperator(reciprocal, process.hamiltonian) @ turn.conj().T
    comparison = onsager_comparison(process)
    relation = comparison.relations["dephasing"]
    # log nu = log B_d - X_d, and log B_d is diagonal.
    logarithm = -turn @ relation.force @ turn.conj().T
    exact = exact_currents(JUNCTION, DEPHASING).state
    weights, basis = np.linalg.eigh(exact)
    exact_logarithm = (basis * np.log(weights)) @ basis.conj().T
    return (
        Row(
            quantity="<R| M_dl^dag(H) |L> / C, gamma = 0.2",
            printed=DEPHASING * n_left,
            corrected=DEPHASING * (1 + n_left) * JUNCTION["tunnelling"],
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
        *_linear_law(NEAR, NEARLY_EQUAL),
        Row(
            quantity="heat currents together, gamma = 0.2",
            printed=sum(comparison.predicted.values()),
            corrected=0.0,
            ours=sum(comparison.actual.values()),
            note="printed: the linear law (17), which does not conserve energy",
        ),
    )


def _linear_law(where: str, parameters: dict[str, Any]) -> list[Row]:
    comparison = onsager_comparison(dephased_junction(**parameters, dephasing=DEPHASING))
    note = f"C = {comparison.constant:.3g} fits all flows best; the error does not vanish near equilibrium"
    return [
        Row(
            quantity=f"heat current from {bath}, {where}",
            printed=comparison.predicted[bath],
            corrected=getattr(exact_currents(parameters, DEPHASING), f"heat_current_from_{bath}"),
            ours=comparison.actual[bath],
            note=f"printed: the linear law (17); {note}" if bath == "left" else "",
        )
        for bath in BATHS
    ]


def _settings() -> tuple[Setting, ...]:
    return (
        Setting.of_model("dephased-junction", **JUNCTION, dephasing=DEPHASING, without=["duration"]),
        Setting.of_model("dephased-junction", **NEARLY_EQUAL, dephasing=DEPHASING, without=["duration"], rows=NEAR),
    )


ENTRY = Reproduction(
    name="rfa13-reciprocity",
    source="RFA13, appendices D and E",
    what="The reciprocal superoperators, the force of coherence, and the linear law beside the actual currents.",
    at=_settings,
    printed=NO_NUMBERS,
    rows=_reciprocity_rows,
)
