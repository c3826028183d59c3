r"""Compiled: paths of stages under a tilt, by the Doob transform.

Mapping: branch k takes :math:`\psi` to :math:`\phi = K_k\psi`, with the weight :math:`\langle\phi|l|\phi\rangle`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel
from qtraj.paths.jump_kernels import seed, uniform
from qtraj.paths.tilted_kernels import choose, form, measured
from qtraj.paths.tilted_tables import TiltedStageTables

__all__ = ["follow_tilted_stages"]


@inlined
def _branch(tables: TiltedStageTables, branch: int, psi: ComplexArray, out: ComplexArray) -> None:
    """Out = K psi of one branch."""
    for i in range(psi.size):
        out[i] = 0j
    for e in range(tables.offsets[branch], tables.offsets[branch + 1]):
        out[tables.row[e]] += tables.value[e] * psi[tables.column[e]]


@kernel
def follow_tilted_stages(
    tables: TiltedStageTables, key: Any, start: IntArray, end: IntArray, entropy: FloatArray, heat: FloatArray
) -> None:
    """Follow paths stage by stage; write final vectors (N,), entropy and heat into every reservoir (N, R)."""
    dimension, steps = tables.starts.shape[1], tables.stage_of.size
    psi, phi = np.empty(dimension, dtype=np.complex128), np.empty(dimension, dtype=np.complex128)
    weights = np.empty(max(tables.entropies.size, tables.end_weights.size))
    state = np.empty(4, dtype=np.uint64)
    for path in range(start.size):
        seed(state, key, path)
        for i in range(dimension):
            psi[i] = tables.starts[start[path], i]
        for step in range(steps):
            stage = tables.stage_of[step]
            first, number = tables.first[stage], tables.first[stage + 1] - tables.first[stage]
            found = 0
            if number > 1:
                for k in range(number):
                    _branch(tables, first + k, psi, phi)
                    weights[k] = max(form(tables.futures[step], phi), 0.0)
                found = max(choose(weights, number, uniform(state)), 0)
            _branch(tables, first + found, psi, phi)
            size = 0.0
            for i in range(dimension):
                size += phi[i].real ** 2 + phi[i].imag ** 2
            for i in range(dimension):
                psi[i] = phi[i] / math.sqrt(size)
            if tables.reservoir_of[stage] >= 0:
                entropy[path, tables.reservoir_of[stage]] += tables.entropies[first + found]
                heat[path, tables.reservoir_of[stage]] += tables.heats[first + found]
        end[path] = measured(tables.ends, tables.end_weights, psi, weights, uniform(state))
