"""Followed samplers and laws of collision models that are wrong on purpose, one mistake each."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.measuring import draw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.processes.seam import Branches, Stage
from qtraj.quantum.composite import Reservoir

__all__ = ["FOLLOWERS", "LAWS", "as_wrong"]


# --- samplers ---------------------------------------------------------------------------------------------------------


class _OtherModel(FollowedCollisions):
    """Follows another model between the right endpoints."""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        raise NotImplementedError

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        other = self.change(self.model)
        return FollowedCollisions(model=other, endpoints=self.endpoints, seed=self.seed)(block)


class InverseUnitary(_OtherModel):
    """evolves with U^dag instead of U in every step"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        return replace(model, steps=[step.adjoint() for step in model.steps])


class StepsReversed(_OtherModel):
    """takes the steps of a round in opposite order"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        return replace(model, steps=model.steps[::-1])


class OneTemperature(_OtherModel):
    """takes the units of the last reservoir from the first"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        first, *_, last = model.met_reservoirs
        return replace(model, reservoirs={**model.reservoirs, last: model.reservoirs[first]})


class NoInternalSteps(_OtherModel):
    """leaves out what subsystems do among themselves"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        return replace(model, steps=[step for step in model.steps if isinstance(step, CollisionStep)])


class OneRoundLess(_OtherModel):
    """stops a round early"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        return replace(model, repeat=model.repeat - 1)


class UnitsInEnergyBasis(_OtherModel):
    """measures units in the energy basis"""

    @staticmethod
    def change(model: CollisionModel) -> CollisionModel:
        return replace(model, reservoirs={name: replace(r, measure="energy") for name, r in model.reservoirs.items()})

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        rows = super().__call__(block)
        return {name: column for name, column in rows.items() if not name.startswith("heat_into_")}


class WrongUnitState(FollowedCollisions):
    """books entropies of thermal units where they are coherent"""

    @cached_property
    def elements(self) -> Any:
        right = super().elements
        entropies = right.entropies.copy()
        for k, step in enumerate(self.model.steps):
            if isinstance(step, CollisionStep):
                own = self.model.reservoirs[step.reservoir]
                thermal = Reservoir(energies=own.energies, inverse_temperature=own.inverse_temperature)
                logs = thermal.outcomes.log_eigenvalues
                entropies[k, : logs.size, : logs.size] = logs[:, None] - logs[None, :]
        return replace(right, entropies=entropies)


class NoCollapse(FollowedCollisions):
    """draws beta with its overall probability, whatever was found before"""

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        rows = super().__call__(block)
        rng = generator(block, self.seed + 1, Stream.FOLLOWED)
        outcomes = self.endpoints.final.outcomes
        rows["beta"] = draw(np.cumsum(outcomes.probabilities), rng.random(block.size))
        return rows


class NoCollapseBetween(FollowedCollisions):
    """draws every mu and nu from a fresh state of the whole ensemble: right on average, collision by collision"""

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        rows = super().__call__(block)
        rng = generator(block, self.seed + 2, Stream.FOLLOWED)
        order = rng.permutation(block.size)
        return {name: column[order] if "_into_" in name else column for name, column in rows.items()}


FOLLOWERS: dict[str, type[FollowedCollisions]] = {
    wrong.__name__: wrong
    for wrong in (
        InverseUnitary,
        StepsReversed,
        OneTemperature,
        NoInternalSteps,
        OneRoundLess,
        UnitsInEnergyBasis,
        WrongUnitState,
        NoCollapse,
        NoCollapseBetween,
    )
}


# --- laws -------------------------------------------------------------------------------------------------------------


class _WrongLaw(CollisionModel):
    """Density matrices are computed from the steps, as always; paths from stages that are not theirs."""


class LawOfInverseUnitaries(_WrongLaw):
    """its branches come from U^dag"""

    @cached_property
    def round(self) -> tuple[Stage, ...]:
        return replace(_right(self), steps=[step.adjoint() for step in self.steps]).round


class LawOfReversedSteps(_WrongLaw):
    """its stages come in opposite order"""

    @cached_property
    def round(self) -> tuple[Stage, ...]:
        return _right(self).round[::-1]


class LawOfOneBeta(_WrongLaw):
    """books the entropy into every reservoir with the inverse temperature of the first"""

    @cached_property
    def round(self) -> tuple[Stage, ...]:
        first = self.reservoirs[self.met_reservoirs[0]].inverse_temperature
        assert first is not None
        return tuple(_rebooked(stage, lambda batch: first * (batch.heat or 0.0)) for stage in _right(self).round)


class LawOfOppositeHeat(_WrongLaw):
    """takes heat and entropy with the wrong sign"""

    @cached_property
    def round(self) -> tuple[Stage, ...]:
        stages = (_rebooked(stage, lambda batch: -batch.entropy, sign=-1.0) for stage in _right(self).round)
        return tuple(replace(stage, branches=stage.branches[::-1]) for stage in stages)


class BackwardInTheSameOrder(_WrongLaw):
    """its backward process inverts the steps but keeps their order"""

    def reversed(self) -> CollisionModel:
        back = _right(self).reversed()
        return replace(back, steps=back.steps[::-1])


class BackwardNotInverted(_WrongLaw):
    """its backward process takes the steps in opposite order but does not invert them"""

    def reversed(self) -> CollisionModel:
        back = _right(self).reversed()
        return replace(back, steps=self.steps[::-1])


LAWS: dict[str, type[CollisionModel]] = {
    wrong.__name__: wrong
    for wrong in (
        LawOfInverseUnitaries,
        LawOfReversedSteps,
        LawOfOneBeta,
        LawOfOppositeHeat,
        BackwardInTheSameOrder,
        BackwardNotInverted,
    )
}


def as_wrong(wrong: type[CollisionModel], model: CollisionModel) -> CollisionModel:
    """The same model, with one mistake."""
    return wrong(composite=model.composite, reservoirs=model.reservoirs, steps=model.steps, repeat=model.repeat)


def _right(model: CollisionModel) -> CollisionModel:
    return as_wrong(CollisionModel, model)


def _rebooked(stage: Stage, entropy: Any, *, sign: float = 1.0) -> Stage:
    def change(batch: Branches) -> Branches:
        return replace(batch, entropy=float(entropy(batch)), heat=None if batch.heat is None else sign * batch.heat)

    return stage if stage.reservoir is None else replace(stage, branches=tuple(map(change, stage.branches)))
