r"""Rare jump trajectories: the Doob transform of the unravelling, exact in continuous time.

Mapping: a tilt of strength s of the quantity x, to which jump k adds :math:`c_k`, weights jumps by
:math:`w_k = e^{-sc_k}`. The tilted adjoint generator :math:`\mathcal{L}_w^\dagger(X) = iH_{eff}^\dagger X - iXH_{eff} +
\sum_k w_kL_k^\dagger XL_k` carries the weight of all futures back from the end,
:math:`l_t = e^{\mathcal{L}_w^\dagger(T-t)}[l_T]`. Trajectories then are drawn one after the other without rejection:
alpha from :math:`p_\alpha e^{-sx_\alpha}\langle\alpha|l_0|\alpha\rangle/Z`; the time of the next jump from
:math:`S(t) = \langle\tilde\psi_t|l_t|\tilde\psi_t\rangle`, which falls at the rate
:math:`\sum_k w_k\langle L_k\tilde\psi|l_t|L_k\tilde\psi\rangle` and never rises; the jump with these weights; the end
from the Born rule times :math:`e^{-sx_\beta}`.

Numerically :math:`l_t` is a Taylor polynomial in each of many equal cells of time. A factor :math:`e^{\theta(T-t)}` is
taken out of it and put into the no-jump evolution, so that neither overflows in long runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, NotRecorded, TooLarge, UnknownName
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.bookkeeping import jump_flows
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.measuring import draw, energy_labels
from qtraj.paths.tilt import Tilt, TiltedEnds, contiguous
from qtraj.paths.tilted_tables import TiltedJumpTables
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoints
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian
from qtraj.quantum.matrices import dagger

__all__ = ["TiltedJumps", "jump_log_normalisation", "tilted_amounts"]

# Norm of the generator times the length of a cell: Taylor's series then needs some 25 terms, none above e^2 of the sum.
REACH = 2.0

# The first term left out, relative to the largest of the series.
TAYLOR_ERROR = 1e-18

# Tables of this size are a matter of seconds.
LARGEST_TABLE_BYTES = 2**30


def tilted_amounts(process: JumpProcess, quantity: str) -> FloatArray:
    """What every jump adds to a quantity that can be tilted, shape (J,).

    Raises:
        UnknownName: If it cannot.
        NotRecorded: If a jump that counts has no definite heat.
    """
    if quantity == "sigma":
        return np.array(process.entropies)
    if quantity == "jumps":
        return np.ones(len(process.jumps))
    kind, _, bath = quantity.partition("_into_")
    if quantity != "heat" and (kind not in ("heat", "entropy") or bath not in process.baths):
        flows = [f"{flow}_into_{each}" for flow in ("heat", "entropy") for each in process.baths]
        raise UnknownName("quantity to tilt", quantity, ("sigma", "heat", "jumps", *flows))
    own = (
        np.ones(len(process.jumps), dtype=bool) if quantity == "heat" else process.bath_of == process.baths.index(bath)
    )
    amounts = np.where(own, process.entropies if kind == "entropy" else process.heats, 0.0)
    if np.isnan(amounts).any():
        raise NotRecorded(f"`{quantity}` is not defined: some jumps have no definite heat")
    return amounts


def jump_log_normalisation(process: JumpProcess, endpoints: Endpoints, quantity: str, strength: float) -> float:
    r"""Ln Z of a tilt, :math:`\ln\langle e^{-sx}\rangle`, without tables."""
    ends = TiltedEnds.of(endpoints, quantity, strength)
    operator, scale = ends.final_operator()
    adjoint = _adjoint(process, np.exp(-strength * tilted_amounts(process, quantity)))
    image, more = exponential_action(adjoint, operator.ravel(), process.duration)
    return ends.start_weights(image.reshape(operator.shape), scale + more)[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class TiltedJumps:
    """A jump process under a tilt, ready to be followed; call it with a block to get that block's trajectories.

    Args:
        process: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run. Runs with the same seed and other tilts use the same random numbers.
        quantity: `sigma`, `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.
        strength: s; negative favours large values.
        keep_records: Whether times and kinds of all jumps are wanted.

    Raises:
        InvalidInput: If there are no jumps, or the tilt is beyond what a double can hold.
        TooLarge: If dimension, duration and rates make the tables exceed a gigabyte.
        NotRecorded: If the protocol or the jumps do not define the quantity.
        UnknownName: If the quantity cannot be tilted.
    """

    process: JumpProcess
    endpoints: Endpoints
    seed: int
    quantity: str = "sigma"
    strength: float = 0.0
    keep_records: bool = False
    tilt: Tilt = field(init=False)
    tables: TiltedJumpTables = field(init=False, repr=False)
    start_weights: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the tables once, here: workers receive them."""
        if not self.process.jumps:
            raise InvalidInput("`process` must have jumps to be tilted, but has none")
        ends = TiltedEnds.of(self.endpoints, self.quantity, self.strength)
        with np.errstate(over="ignore"):
            weights = np.exp(-self.strength * tilted_amounts(self.process, self.quantity))
        if not np.isfinite(weights).all():
            raise InvalidInput(
                f"`strength` must leave the weight of every jump below 1e308, but is {self.strength:g}",
                measured=self.strength,
            )
        tables, first, scale = _prepared(self.process, ends, weights)
        start_weights, log_normalisation = ends.start_weights(first, scale)
        tilt = Tilt(quantity=self.quantity, strength=self.strength, log_normalisation=log_normalisation)
        object.__setattr__(self, "tilt", tilt)
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "start_weights", frozen(start_weights))

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[Any]], JumpRecords | None]:
        """Follow the trajectories of one block.

        Returns:
            Columns alpha and, where the protocol records them, beta, n and m; `jumps`; `entropy_into_NAME` and, where
            every jump of the bath has a definite heat, `heat_into_NAME`. The records if they are kept.
        """
        rng = generator(block, self.seed, Stream.TILTED)
        key = frozen(np.asarray(rng.bit_generator.random_raw(4), dtype=np.uint64))
        start, end = self.endpoints.initial, self.endpoints.final
        vector = draw(np.cumsum(self.start_weights), rng.random(block.size))
        final, counts, records = self._followed(key, vector)
        rows: dict[str, NDArray[Any]] = {"alpha": start.outcomes.outcome_of[vector]}
        if end.measured:
            rows["beta"] = end.outcomes.outcome_of[final]
        rows |= energy_labels(self.endpoints, rows, rng)
        rows["jumps"] = counts.sum(axis=1, dtype=np.int64)
        return rows | {name: counts @ amounts for name, amounts in jump_flows(self.process).items()}, records

    def survival(self, vector: int, times: FloatArray) -> FloatArray:
        """Probability, under the tilt, that a path from an initial vector makes no jump until each of some times."""
        from qtraj.paths.tilted_jump_kernels import survivals

        out = np.empty(len(times))
        survivals(self.tables, vector, np.asarray(times, dtype=np.float64), out)
        return out

    def _followed(
        self, key: NDArray[np.uint64], vector: IntArray
    ) -> tuple[IntArray, NDArray[np.int32], JumpRecords | None]:
        from qtraj.paths.tilted_jump_kernels import follow_tilted_jumps

        jumps, size = len(self.process.jumps), vector.size
        final, counts = np.empty(size, dtype=np.int64), np.zeros((size, jumps), dtype=np.int32)
        nothing = (np.zeros(1, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int32))
        follow_tilted_jumps(self.tables, key, frozen(vector), False, *nothing, final, counts)
        if not self.keep_records:
            return final, counts, None
        # The same paths once more, now that the size of the records is known.
        offsets = np.concatenate([[0], np.cumsum(counts.sum(axis=1, dtype=np.int64))])
        times, which = np.empty(offsets[-1]), np.empty(offsets[-1], dtype=np.int32)
        follow_tilted_jumps(self.tables, key, frozen(vector), True, offsets, times, which, final, np.zeros_like(counts))
        return final, counts, JumpRecords(col_times=times, col_which=which, offsets=offsets)


def _adjoint(process: JumpProcess, weights: FloatArray) -> Any:
    """The tilted adjoint generator on row-by-row vectors; like the generator Hermiticity-preserving."""
    return compact_liouvillian(process.hamiltonian, process.jump_operators, weights).conj().T


def _prepared(
    process: JumpProcess, ends: TiltedEnds, weights: FloatArray
) -> tuple[TiltedJumpTables, ComplexArray, float]:
    """The tables, and l at the beginning with the logarithm of its scale."""
    dimension, duration = process.system.dimension, process.duration
    jumps = np.stack(process.jump_operators)
    final, scale = ends.final_operator()
    adjoint = _adjoint(process, weights)
    image, more = exponential_action(adjoint, final.ravel(), duration)
    theta = (math.log(float(np.abs(image).max())) + more - math.log(float(np.abs(final).max()))) / duration
    # Energies count from the middle: a common phase is not an effect.
    energies = process.system.spectrum.energies
    middle = (float(energies.max()) + float(energies.min())) / 2
    no_jump = -1j * (process.effective_hamiltonian - middle * np.eye(dimension)) - theta / 2 * np.eye(dimension)
    gain = np.einsum("k,kij->ij", weights, np.conj(np.swapaxes(jumps, 1, 2)) @ jumps)
    reach = 2 * float(np.linalg.norm(no_jump, 2)) + float(np.linalg.norm(gain, 2))
    cells = max(1, math.ceil(reach * duration / REACH))
    step = duration / cells
    orders = _taylor_order(reach * step)
    size = cells * (orders + 2) * dimension**2 * 16
    if size > LARGEST_TABLE_BYTES:
        raise TooLarge(
            f"the tables of a tilted process must fit into {LARGEST_TABLE_BYTES / 2**30:.0f} GB, but {cells:,} steps "
            f"of time at dimension {dimension} take {size / 2**30:.1f} GB; shorten `duration`",
            measured=float(size),
        )
    coefficients = np.empty((cells, orders + 1, dimension, dimension), dtype=np.complex128)
    boundaries = np.empty((cells + 1, dimension, dimension), dtype=np.complex128)
    boundaries[cells] = final
    for cell in range(cells - 1, -1, -1):
        own = coefficients[cell].reshape(orders + 1, dimension**2)
        own[0] = boundaries[cell + 1].ravel()
        for p in range(1, orders + 1):
            own[p] = (adjoint @ own[p - 1] - theta * own[p - 1]) * (step / p)
        before = own.sum(axis=0).reshape(dimension, dimension)
        boundaries[cell] = (before + dagger(before)) / 2
    digits = cells.bit_length()
    steps = np.stack([scipy.linalg.expm(no_jump * step * 2**k) for k in range(digits)])
    tables = TiltedJumpTables(
        cell=step,
        generator=contiguous(no_jump),
        steps=contiguous(steps),
        order=_taylor_order(float(np.linalg.norm(no_jump, 2)) * step),
        boundaries=contiguous(boundaries),
        coefficients=contiguous(coefficients),
        jumps=contiguous(jumps),
        weights=contiguous(weights),
        starts=contiguous(ends.starts.T),
        ends=contiguous(ends.ends.T),
        end_weights=contiguous(np.exp(ends.log_end - ends.log_end.max())),
    )
    return tables, boundaries[0], scale + theta * duration


def _taylor_order(reach: float) -> int:
    """The order from which on the terms reach^p/p! are negligible."""
    order, term = 0, 1.0
    while term > TAYLOR_ERROR or order < reach:
        order += 1
        term *= reach / order
    return order
