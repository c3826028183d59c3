"""A driven qubit as a QuTiP model, and the process it makes."""

from __future__ import annotations

import numpy as np
import qutip

from qtraj.interop.qutip import jump_process_from_qutip
from qtraj.processes.jump_process import JumpProcess

# A driven qubit (|0> below |1>), its cold bath in the second and third place, and dephasing in the first.
HAMILTONIAN = qutip.Qobj([[0.0, 0.4], [0.4, 1.0]])
START = qutip.Qobj([[0.6, 0.2 - 0.1j], [0.2 + 0.1j, 0.4]])
C_OPS = [0.3 * qutip.sigmaz(), np.exp(-0.4) * qutip.sigmam(), qutip.sigmap()]
BATHS = {"cold": [1, 2], "noise": [0]}


def driven(duration: float = 3.0) -> JumpProcess:
    return jump_process_from_qutip(HAMILTONIAN, START, C_OPS, baths=BATHS, duration=duration)
