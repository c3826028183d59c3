"""Draw rare paths: ensembles under a tilt, whose weights make every average one of the process as it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.follow_blocks import draw_rows_only
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_FOLLOWED_PATHS, DEFAULT_SEED
from qtraj.paths.tilt import Tilt
from qtraj.paths.tilted_jumps import TiltedJumps, jump_log_normalisation
from qtraj.paths.tilted_stages import TiltedStages, stage_log_normalisation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoints, MeasurementProtocol, Process, check_process
from qtraj.quantum.scalars import real_number

__all__ = ["find_tilt", "log_normalisation", "sample_tilted", "tilted_follower"]

# Strengths at which a mean is looked for: jumps of one nat then are favoured by up to e^100.
STRONGEST = 100.0

# ln Z is good to some 1e-13, so that a difference over this step gives a mean to 1e-8; nothing better is called for.
STEP = 1e-4


def sample_tilted(
    process: Process,
    *,
    strength: float,
    quantity: str = "sigma",
    paths: int | float = DEFAULT_FOLLOWED_PATHS,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    keep_records: bool = False,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> Ensemble:
    r"""Draw paths with probability :math:`P\,e^{-sx}/Z` and remember the weight :math:`Z e^{sx}` of each.

    Nothing is rejected and nothing resampled: paths are independent draws from the Doob-transformed process. The
    ensemble's methods, and `estimate`, apply the weights, so that they estimate averages of the process as it is. What
    is typical under the tilt they know well; of what is typical without it they may know nothing, and say so by their
    standard errors.

    Args:
        process: A jump process, a collision model, a thermal operation.
        strength: s. Negative values favour large x; `find_tilt` gives the one that makes a value typical.
        quantity: x: `sigma`, `heat`, `heat_into_NAME`, `entropy_into_NAME`; of jump processes also `jumps`.
        paths: How many.
        seed: Seed of the run; other tilts of the same seed use the same random numbers.
        protocol: Measurement protocol.
        keep_records: Keep times and channels of all jumps.
        n_jobs: Workers; they do not change the result.
        backend: joblib backend.
        progress: Told about finished blocks.

    Returns:
        An ensemble with `tilt` and `log_weights`.

    Raises:
        InvalidInput: If an argument is out of range; `TooLarge`, `NotRecorded`, `UnknownName` as the samplers.

    Example:
        An entropy production of more than 5 nats: one path in 40,000 of this process, typical of the tilted one.

        >>> from qtraj.models import build_model
        >>> process = build_model("davies-qutrit")
        >>> strength = find_tilt(process, mean=4.0)
        >>> ensemble = sample_tilted(process, strength=strength, paths=2000, seed=7)
        >>> bool((ensemble["sigma"] > 3.0).mean() > 0.1)
        True
    """
    check_process(process)
    strength = real_number(strength, "strength")
    number, start, chosen = check_paths(paths), check_seed(seed), MeasurementProtocol.parse(protocol)
    endpoints = process.endpoints(chosen)
    wanted = Tilt(quantity=quantity, strength=float(strength), log_normalisation=0.0)
    with one_blas_thread():
        follow = tilted_follower(process, endpoints, start, wanted, keep_records=keep_records)
    rows, records = draw_rows_only(follow, endpoints, number, n_jobs=n_jobs, backend=backend, progress=progress)
    return Ensemble(
        process=process,
        finite_law=None,
        sampler="tilted",
        seeds=(start,),
        paths=number,
        class_counts=np.zeros(0, dtype=np.int64),
        rows=rows,
        measured=endpoints,
        records=records,
        tilt=follow.tilt,
    )


def tilted_follower(
    process: Process, endpoints: Endpoints, seed: int, tilt: Tilt, *, keep_records: bool = False
) -> TiltedJumps | TiltedStages:
    """A function from a block to its paths under a tilt, whose normalisation is computed and not taken from `tilt`.

    Args:
        process: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
        tilt: Quantity and strength.
        keep_records: Whether the times and channels of jumps are wanted.

    Raises:
        NotRecorded: If records are wanted of anything but a jump process.
    """
    shared: dict[str, Any] = {"endpoints": endpoints, "quantity": tilt.quantity, "strength": tilt.strength}
    if isinstance(process, JumpProcess):
        return TiltedJumps(process=process, seed=seed, keep_records=keep_records, **shared)
    if keep_records:
        raise NotRecorded("`keep_records` needs trajectories of a jump process")
    return TiltedStages(process=process, seed=seed, **shared)


def log_normalisation(
    process: Process,
    strength: float,
    *,
    quantity: str = "sigma",
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
) -> float:
    r"""Ln Z of a tilt, :math:`\ln\langle e^{-sx}\rangle`."""
    return _log_z(process, process.endpoints(MeasurementProtocol.parse(protocol)), quantity, strength)


def _log_z(process: Process, endpoints: Endpoints, quantity: str, strength: float) -> float:
    if isinstance(process, JumpProcess):
        return jump_log_normalisation(process, endpoints, quantity, strength)
    return stage_log_normalisation(process, endpoints, quantity, strength)


def find_tilt(
    process: Process,
    *,
    mean: float,
    quantity: str = "sigma",
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
) -> float:
    r"""The strength under which a quantity has a given mean, from :math:`\langle x\rangle_s = -d\ln Z/ds`.

    To estimate how likely x >= y is, y itself is a good mean to ask for.

    Args:
        process: The process.
        mean: The mean wanted.
        quantity: What is tilted.
        protocol: Measurement protocol.

    Raises:
        InvalidInput: If no strength up to 100 makes it typical; the message says what can be reached.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("davies-qutrit")
        >>> round(find_tilt(process, mean=0.300246948), 6)  # the mean as it is: no tilt
        0.0
    """
    check_process(process)
    mean = real_number(mean, "mean")
    chosen = MeasurementProtocol.parse(protocol)
    endpoints = process.endpoints(chosen)

    def missing(strength: float) -> float:
        below, above = (_log_z(process, endpoints, quantity, strength + step) for step in (-STEP, STEP))
        return mean - (below - above) / (2 * STEP)

    with one_blas_thread():
        low, high = _bracket(missing, mean, quantity)
        return 0.0 if low == high else float(optimize.brentq(missing, low, high, xtol=1e-9))


def _bracket(missing: Callable[[float], float], mean: float, quantity: str) -> tuple[float, float]:
    """Strengths on both sides of the one looked for; the mean falls with the strength."""
    here = missing(0.0)
    if here == 0.0:
        return 0.0, 0.0
    side = -1.0 if here > 0.0 else 1.0
    near, far = 0.0, side
    while abs(far) <= STRONGEST:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            now = missing(far)
        if not math.isfinite(now):
            break
        if now * here <= 0.0:
            return (far, near) if far < near else (near, far)
        near, far, here = far, 2.0 * far, now
    reached = mean - missing(near)
    raise InvalidInput(
        f"`mean` must be one that a tilt can reach, but {mean:g} is not: at strength {near:g} the mean of `{quantity}` "
        f"is {reached:.6g}",
        measured=mean,
    )
