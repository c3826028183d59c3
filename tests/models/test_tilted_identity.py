"""For every model that jumps: the generator tilted by e^-s annihilates the identity, so <e^-sigma> = 1 at any time.

The identity does not see the Hamiltonian; the models' own tests compare whole generators.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.models.registry import MODELS
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import apply_superoperator, tilted_liouvillian

DEFAULTS = {name: model.build() for name, model in MODELS.items()}
JUMPING = {name: process for name, process in DEFAULTS.items() if isinstance(process, JumpProcess)}


def defect(process: JumpProcess, entropies: np.ndarray) -> float:
    """Norm of the image of the identity, relative to the fastest jump."""
    generator = tilted_liouvillian(process.hamiltonian, process.jump_operators, np.exp(-entropies))
    fastest = max(float(np.abs(operator).max()) ** 2 for operator in process.jump_operators)
    return float(np.abs(apply_superoperator(generator, np.eye(process.system.dimension))).max()) / fastest


@pytest.mark.parametrize("name", JUMPING)
def test_the_tilted_generator_annihilates_the_identity(name: str) -> None:
    process = JUMPING[name]
    assert defect(process, process.entropies) < 1e-12
    # Negative control: entropies with the other sign are seen, where there are any.
    if np.abs(process.entropies).max() > 0:
        assert defect(process, -process.entropies) > 1e-3
