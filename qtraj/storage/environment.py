"""What a run was drawn with: versions, processor, and a fingerprint of the random numbers.

Counts and explicit paths are drawn from tables that the folder keeps, so they depend on nothing but NumPy's random
numbers. Those are stable between most versions, but not all: so what is compared is what NumPy draws, not what it is
called. Followed paths also depend on linear algebra and compiled kernels, where the last bit may change with any
version and any processor; there everything must be equal.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj import __version__
from qtraj.errors import StorageError
from qtraj.storage.checksum import SHORT, checksum

__all__ = ["check_environment", "check_worker", "environment", "random_fingerprint"]


def environment(sampler: str) -> dict[str, Any]:
    """What this process would draw a run with.

    Args:
        sampler: Only followed paths depend on the kernels' compiler.

    Returns:
        Plain values: versions, processor and its features, fingerprint of the random numbers.
    """
    found: dict[str, Any] = {
        "qtraj": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": importlib.metadata.version("scipy"),
        "machine": platform.machine(),
        "processor": sorted(np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])),
        "random_numbers": random_fingerprint(),
    }
    if sampler == "followed":
        import llvmlite.binding  # comes with numba, and asks the processor what numba will compile for

        features = llvmlite.binding.get_host_cpu_features()
        found["numba"] = importlib.metadata.version("numba")
        found["compiled_for"] = [
            llvmlite.binding.get_host_cpu_name(),
            checksum(" ".join(sorted(name for name, there in features.items() if there)).encode())[:SHORT],
        ]
    return found


def random_fingerprint() -> str:
    """Checksum of what NumPy draws from a fixed seed with every method that the samplers use."""
    rng = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy=1, spawn_key=(2, 3))))
    trials = np.array([3, 40, 10**4, 10**9, 2**53])
    drawn: list[NDArray[Any]] = [rng.random(64)]
    # Few and many expected successes: the algorithms for the two differ, and so may their versions.
    drawn += [rng.binomial(trials, q) for q in (1e-7, 0.003, 0.2, 0.5) for _ in range(4)]
    drawn += [rng.poisson(mean, size=16) for mean in (1e-3, 4.0, 300.0)]
    order = np.arange(64)
    rng.shuffle(order)
    drawn += [order, rng.bit_generator.random_raw(8)]
    return checksum(b"".join(np.asarray(array).astype("<f8").tobytes() for array in drawn))[:SHORT]


def check_environment(before: dict[str, Any], sampler: str, folder: object) -> None:
    """Refuse to go on where the numbers would come out differently.

    Args:
        before: What the run was drawn with.
        sampler: The run's sampler.
        folder: Its folder, for the sentence.

    Raises:
        StorageError: Naming what is different.
    """
    name = _obstacle(before, now := environment(sampler), sampler)
    if name is not None:
        raise StorageError(
            f"`{folder}` must be gone on with where its numbers come out the same, but it was drawn with {name} "
            f"{_shown(before.get(name))}, and here it is {_shown(now.get(name))}{_advice(name)}; go on there, or start "
            "another seed and merge"
        )


def check_worker(here: str, sampler: str) -> None:
    """Refuse to draw on a worker whose numbers would come out differently from those of the others.

    Args:
        here: What the parent draws with, as JSON: the answer for one process is always the same, and kept.
        sampler: The run's sampler.

    Raises:
        StorageError: Naming what is different.
    """
    sentence = _worker_obstacle(here, sampler)
    if sentence:
        raise StorageError(sentence)


@cache
def _worker_obstacle(here: str, sampler: str) -> str:
    parent, worker = json.loads(here), environment(sampler)
    name = _obstacle(parent, worker, sampler)
    if name is None:
        return ""
    return (
        f"all workers must draw the same numbers, but {name} is {_shown(worker.get(name))} on {platform.node()} and "
        f"{_shown(parent.get(name))} where the run was started{_advice(name)}"
    )


def _obstacle(one: dict[str, Any], other: dict[str, Any], sampler: str) -> str | None:
    """What of two environments makes their numbers differ."""
    names = ["random_numbers"]
    if sampler == "followed":
        names += [name for name in other if name != "python"]  # which only hands the numbers on
    return next((name for name in names if one.get(name) != other[name]), None)


def _advice(name: str) -> str:
    if name == "random_numbers":
        return " (NumPy draws other numbers from the same seed)"
    return " (followed paths are equal to the last bit only with equal versions on equal processors)"


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
