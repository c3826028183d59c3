r"""Baths as qthermo has them: a name, collapse operators, a temperature.

Any object with these three will do; qthermo itself is needed only to give its objects out. Its sign of heat is the
other one: a current there is positive *into the system*, as `heat_current_from_NAME` is here, while `heat_into_NAME` is
positive into the bath. Temperatures T become inverse temperatures :math:`\beta = 1/T` (k_B = 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.interop.collapse_operators import jump_process_from_operators
from qtraj.optional import import_optional
from qtraj.processes.jump_process import JumpProcess

__all__ = ["baths_to_qthermo", "jump_process_from_baths"]

OPERATORS = ("c_ops", "operators")
"""What a bath may call its collapse operators."""


def jump_process_from_baths(hamiltonian: Any, baths: Sequence[Any], *, state: Any, duration: float) -> JumpProcess:
    """The jump process of a Hamiltonian and baths.

    Args:
        hamiltonian: H, shape (d, d).
        baths: Objects with `name`, `temperature` (None for noise without one) and `c_ops` (or `operators`): collapse
            operators with rates included, each with its reverse, as those of `qthermo.Bath`.
        state: Initial state: a ket, a density matrix, or a `State`.
        duration: How long.

    Raises:
        InvalidInput: If a bath lacks one of the three, two share a name, a temperature is not positive, or an operator
            has no reverse or contradicts the temperature.

    Example:
        >>> from types import SimpleNamespace
        >>> down = np.array([[0, 1.0], [0, 0]])
        >>> cold = SimpleNamespace(name="cold", temperature=0.5, c_ops=[down, np.exp(-1.0) * down.T])
        >>> process = jump_process_from_baths(np.diag([0.0, 1.0]), [cold], state=np.eye(2) / 2, duration=3.0)
        >>> process.baths, process.jumps[0].entropy, process.jumps[0].heat
        (('cold',), 2.0, 1.0)
    """
    operators: list[Any] = []
    positions: dict[str, list[int]] = {}
    betas: dict[str, float] = {}
    for bath in baths:
        own = next((getattr(bath, name) for name in OPERATORS if hasattr(bath, name)), None)
        if own is None or not hasattr(bath, "name") or not hasattr(bath, "temperature"):
            raise InvalidInput(f"a bath must have `name`, `temperature` and `c_ops`, but is {bath!r:.80}")
        name = str(bath.name)
        if name in positions:
            raise InvalidInput(f"`baths` must have different names, but two are called {name!r}")
        positions[name] = list(range(len(operators), len(operators) + len(own)))
        operators += list(own)
        if bath.temperature is not None:
            betas[name] = _inverse(bath.temperature, name)
    return jump_process_from_operators(
        hamiltonian,
        state,
        operators,
        duration=duration,
        baths=positions,
        inverse_temperatures=betas,
    )


def baths_to_qthermo(process: JumpProcess) -> list[Any]:
    """The baths of a jump process as `qthermo.Bath` objects, in the order of `process.baths`.

    Their operators are in the basis the Hamiltonian was given in; a bath without a temperature gets None.

    Raises:
        MissingPackage: If qthermo is not installed.
    """
    qthermo = import_optional("qthermo", "`baths_to_qthermo`")
    found = []
    for name in process.baths:
        own = [process.system.in_given_basis(jump.operator) for jump in process.jumps if jump.bath == name]
        if not own:  # all its rates are zero
            continue
        beta = process.bath_temperature(name)
        found.append(qthermo.Bath(name, c_ops=own, temperature=1 / beta if beta else None))
    return found


def _inverse(temperature: Any, name: str) -> float:
    try:
        value = float(temperature)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"the temperature of bath {name!r} must be a number, but is {temperature!r:.80}") from error
    if not value > 0 or not np.isfinite(value):
        raise InvalidInput(
            f"the temperature of bath {name!r} must be positive and finite, but is {value:.6g}; at zero temperature "
            "the entropy production is infinite",
            measured=value,
        )
    return 1 / value
