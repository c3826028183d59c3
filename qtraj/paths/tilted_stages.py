r"""Rare paths of processes made of stages: the Kraus branches reweighted by the weight of their futures.

Mapping: a tilt of strength s of the quantity x, to which branch K adds c, carries :math:`l_K = \sum_\beta
e^{-sx_\beta}|\beta\rangle\langle\beta|` back through the stages, :math:`l_{k-1} = \sum e^{-sc}K^\dagger l_kK`. A path
starts in alpha with weight :math:`p_\alpha e^{-sx_\alpha}\langle\alpha|l_0|\alpha\rangle` and takes branch K at stage k
with weight :math:`e^{-sc}\langle K\psi|l_k|K\psi\rangle`: the Doob transform in discrete time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import NotRecorded, TooLarge, UnknownName
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.measuring import draw, energy_labels
from qtraj.paths.tilt import Tilt, TiltedEnds, contiguous
from qtraj.paths.tilted_tables import TiltedStageTables
from qtraj.processes.seam import Branches, Endpoints, Process, Stage
from qtraj.quantum.matrices import dagger

__all__ = ["TiltedStages", "stage_log_normalisation"]

LARGEST_TABLE_BYTES = 2**30


def stage_log_normalisation(process: Process, endpoints: Endpoints, quantity: str, strength: float) -> float:
    r"""Ln Z of a tilt, :math:`\ln\langle e^{-sx}\rangle`."""
    ends = TiltedEnds.of(endpoints, quantity, strength)
    first, scale, _ = _carried_back(process.stages(), ends, quantity, strength)
    return ends.start_weights(first, scale)[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class TiltedStages:
    """A process made of stages under a tilt; call it with a block to get that block's paths.

    Args:
        process: A collision model, a thermal operation, or anything with stages.
        endpoints: What is measured at both ends.
        seed: Seed of the run. Runs with the same seed and other tilts use the same random numbers.
        quantity: `sigma`, `heat`, `heat_into_NAME` or `entropy_into_NAME`.
        strength: s; negative favours large values.

    Raises:
        TooLarge: If the number of stages and the dimension make the tables exceed a gigabyte.
        NotRecorded: If the protocol or the reservoirs do not define the quantity.
        UnknownName: If the quantity cannot be tilted.
        NoFiniteLaw: If the process has no stages.
    """

    process: Process
    endpoints: Endpoints
    seed: int
    quantity: str = "sigma"
    strength: float = 0.0
    tilt: Tilt = field(init=False)
    tables: TiltedStageTables = field(init=False, repr=False)
    start_weights: FloatArray = field(init=False, repr=False)
    reservoirs: tuple[str, ...] = field(init=False, repr=False)
    with_heat: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the tables once, here: workers receive them."""
        ends = TiltedEnds.of(self.endpoints, self.quantity, self.strength)
        stages = self.process.stages()
        first, scale, futures = _carried_back(stages, ends, self.quantity, self.strength)
        start_weights, log_normalisation = ends.start_weights(first, scale)
        reservoirs = tuple(dict.fromkeys(stage.reservoir for stage in stages if stage.reservoir is not None))
        tables, heated = _tables(stages, ends, futures, reservoirs, self.quantity, self.strength)
        tilt = Tilt(quantity=self.quantity, strength=self.strength, log_normalisation=log_normalisation)
        object.__setattr__(self, "tilt", tilt)
        object.__setattr__(self, "tables", tables)
        object.__setattr__(self, "start_weights", frozen(start_weights))
        object.__setattr__(self, "reservoirs", reservoirs)
        object.__setattr__(self, "with_heat", heated)

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        """Follow the paths of one block.

        Returns:
            Columns alpha and, where measured, beta, n and m; `entropy_into_NAME` and, where paths have heat,
            `heat_into_NAME` of every reservoir.
        """
        from qtraj.paths.tilted_stage_kernels import follow_tilted_stages

        rng = generator(block, self.seed, Stream.TILTED)
        key = frozen(np.asarray(rng.bit_generator.random_raw(4), dtype=np.uint64))
        start, end, size = self.endpoints.initial, self.endpoints.final, block.size
        vector = draw(np.cumsum(self.start_weights), rng.random(size))
        final = np.empty(size, dtype=np.int64)
        entropy, heat = np.zeros((size, len(self.reservoirs))), np.zeros((size, len(self.reservoirs)))
        follow_tilted_stages(self.tables, key, frozen(vector), final, entropy, heat)
        rows: dict[str, NDArray[Any]] = {"alpha": start.outcomes.outcome_of[vector]}
        if end.measured:
            rows["beta"] = end.outcomes.outcome_of[final]
        rows |= energy_labels(self.endpoints, rows, rng)
        for position, name in enumerate(self.reservoirs):
            rows[f"entropy_into_{name}"] = entropy[:, position].copy()
            if name in self.with_heat:
                rows[f"heat_into_{name}"] = heat[:, position].copy()
        return rows


def _amount(batch: Branches, reservoir: str | None, quantity: str) -> float:
    """What the branches of a batch add to a quantity."""
    if reservoir is None:
        return 0.0
    if quantity == "sigma" or quantity == f"entropy_into_{reservoir}":
        return batch.entropy
    if quantity in ("heat", f"heat_into_{reservoir}"):
        if batch.heat is None:
            raise NotRecorded(f"`{quantity}` is not defined: units of {reservoir} have no energy before and after")
        return batch.heat
    return 0.0


def _check(stages: tuple[Stage, ...], quantity: str) -> None:
    reservoirs = dict.fromkeys(stage.reservoir for stage in stages if stage.reservoir is not None)
    known = ["sigma", "heat", *(f"{flow}_into_{name}" for flow in ("heat", "entropy") for name in reservoirs)]
    if quantity not in known:
        raise UnknownName("quantity to tilt", quantity, known)


def _carried_back(
    stages: tuple[Stage, ...], ends: TiltedEnds, quantity: str, strength: float
) -> tuple[ComplexArray, float, ComplexArray]:
    """L before the first stage with the logarithm of its scale, and l after every stage, shape (K, d, d)."""
    _check(stages, quantity)
    operator, scale = ends.final_operator()
    dimension = operator.shape[0]
    if (size := len(stages) * dimension**2 * 16) > LARGEST_TABLE_BYTES:
        raise TooLarge(
            f"the tables of a tilted process must fit into {LARGEST_TABLE_BYTES / 2**30:.0f} GB, but {len(stages):,} "
            f"stages at dimension {dimension} take {size / 2**30:.1f} GB",
            measured=float(size),
        )
    futures = np.empty((len(stages), dimension, dimension), dtype=np.complex128)
    known: dict[int, tuple[ComplexArray, float]] = {}
    for k in range(len(stages) - 1, -1, -1):
        futures[k] = operator
        if id(stages[k]) not in known:
            known[id(stages[k])] = _tilted_adjoint(stages[k], quantity, strength)
        matrix, own = known[id(stages[k])]
        image = (matrix @ operator.ravel()).reshape(dimension, dimension)
        size_now = float(np.abs(image).max())
        operator, scale = (image + dagger(image)) / (2 * size_now), scale + own + float(np.log(size_now))
    return operator, scale, futures


def _tilted_adjoint(stage: Stage, quantity: str, strength: float) -> tuple[ComplexArray, float]:
    """The adjoint of a stage's tilted map on row-by-row vectors, to be multiplied by exp(scale), and the scale."""
    parts = [batch.superoperator() for batch in stage.branches]
    logs = np.array(
        [scale - strength * _amount(b, stage.reservoir, quantity) for (_, scale), b in _paired(parts, stage)]
    )
    top = float(logs.max())
    total = sum(np.exp(log - top) * matrix for log, (matrix, _) in zip(logs, parts, strict=True))
    return dagger(np.asarray(total)), top


def _paired(parts: list[tuple[ComplexArray, float]], stage: Stage) -> Any:
    return zip(parts, stage.branches, strict=True)


def _tables(
    stages: tuple[Stage, ...],
    ends: TiltedEnds,
    futures: ComplexArray,
    reservoirs: tuple[str, ...],
    quantity: str,
    strength: float,
) -> tuple[TiltedStageTables, tuple[str, ...]]:
    """The flat arrays of the compiled loop, and the reservoirs whose paths have heat."""
    distinct = list({id(stage): stage for stage in stages}.values())
    place = {id(stage): number for number, stage in enumerate(distinct)}
    first, sizes = [0], []
    row, column, value = [], [], []
    entropies, heats = [], []
    cold: set[str] = set()
    for stage in distinct:
        amounts = [_amount(batch, stage.reservoir, quantity) for batch in stage.branches]
        top = max(float(b.log_weights.max()) - strength * a for a, b in zip(amounts, stage.branches, strict=True))
        for amount, batch in zip(amounts, stage.branches, strict=True):
            number = batch.log_weights.size
            roots = np.exp((batch.log_weights - strength * amount - top) / 2)
            sizes += [batch.rows.size] * number
            row.append(np.tile(batch.rows, number))
            column.append(np.tile(batch.columns, number))
            value.append((batch.elements * roots[:, None]).ravel())
            entropies.append(np.full(number, batch.entropy))
            heats.append(np.full(number, 0.0 if batch.heat is None else batch.heat))
            if batch.heat is None:
                cold.add(str(stage.reservoir))
        first.append(len(sizes))
    tables = TiltedStageTables(
        stage_of=contiguous([place[id(stage)] for stage in stages]),
        reservoir_of=contiguous([-1 if s.reservoir is None else reservoirs.index(s.reservoir) for s in distinct]),
        first=contiguous(first),
        offsets=contiguous(np.concatenate([[0], np.cumsum(sizes)])),
        row=contiguous(np.concatenate(row)),
        column=contiguous(np.concatenate(column)),
        value=contiguous(np.concatenate(value)),
        entropies=contiguous(np.concatenate(entropies)),
        heats=contiguous(np.concatenate(heats)),
        futures=contiguous(futures),
        starts=contiguous(ends.starts.T),
        ends=contiguous(ends.ends.T),
        end_weights=contiguous(np.exp(ends.log_end - ends.log_end.max())),
    )
    return tables, tuple(name for name in reservoirs if name not in cold)
