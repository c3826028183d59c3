"""One entry point for three samplers: arguments, refusals, and the same law behind all of them."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest

from qtraj.errors import InvalidInput, NoFiniteLaw, TooLarge, UnknownName
from qtraj.paths import exact_law as law_module
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import DEFAULT_PATHS, DEFAULT_SEED, SAMPLERS, sample
from qtraj.processes.seam import MeasurementProtocol
from tests.paths.cases import case
from tests.paths.test_counts import Recorder


def test_defaults_are_fixed() -> None:
    ensemble = sample(case("spins"))
    assert (ensemble.paths, ensemble.seed) == (DEFAULT_PATHS, DEFAULT_SEED) == (1_000_000, 20170824)
    assert (ensemble.protocol, ensemble.sampler) == ("augmented", "counts")


def test_protocols_go_by_name_alias_or_member() -> None:
    for protocol in ("energy-two-point", "tpm", MeasurementProtocol.ENERGY):
        assert sample(case("spins"), paths=10, protocol=protocol).protocol == "energy-two-point"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("paths", [1, 2, 65_536, 65_537])
def test_every_sampler_draws_exactly_as_many_paths(sampler: str, paths: int) -> None:
    ensemble = sample(case("spins"), paths=paths, sampler=sampler)
    assert int(ensemble.class_counts.sum()) == len(ensemble) == paths
    if sampler != "counts":
        assert {column.shape for column in ensemble.rows.values()} == {(paths,)}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_seed_and_nothing_else_decides(sampler: str) -> None:
    """Equal seeds, equal paths; other seeds, other paths, in full blocks and in the unfinished one."""
    first, again, other = (
        sample(case("coherent qutrit"), paths=70_000, seed=seed, sampler=sampler) for seed in (7, 7, 8)
    )
    assert first.class_counts.tobytes() == again.class_counts.tobytes()
    assert first.class_counts.tobytes() != other.class_counts.tobytes()
    for name in first.rows or {}:
        assert first[name].tobytes() == again[name].tobytes()
        for part in (slice(0, 65_536), slice(65_536, None)):
            # Two classes coincide with the sum of squared probabilities, never in nine rows of ten.
            assert name in ("alpha", "beta", "n", "m", "heat") or (first[name][part] != other[name][part]).mean() > 0.1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": 0}, "`paths` must be a whole number from 1"),
        ({"paths": -3}, "`paths` must"),
        ({"paths": 2.5}, "`paths` must"),
        ({"paths": math.nan}, "`paths` must"),
        ({"paths": 1e16}, "`paths` must"),
        ({"paths": True}, "`paths` must"),
        ({"seed": -1}, "`seed` must"),
        ({"seed": 2**128}, "`seed` must"),
        ({"seed": "seven"}, "`seed` must"),
        ({"n_jobs": 0}, "`n_jobs` must"),
        ({"backend": "no-such-backend", "n_jobs": 2, "paths": 200_000, "sampler": "explicit"}, "`backend` must"),
    ],
)
def test_arguments_out_of_range_are_refused_in_a_sentence(options: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        sample(case("spins"), **{"paths": 100, **options})


def test_unknown_names_come_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="sampler 'folowed' is not known; did you mean 'followed'"):
        sample(case("spins"), sampler="folowed")
    with pytest.raises(UnknownName, match="did you mean 'augmented'"):
        sample(case("spins"), protocol="augmentd")


def test_a_law_at_hand_is_used_and_a_wrong_protocol_is_not() -> None:
    law = exact_law(case("spins"))
    assert sample(case("spins"), paths=10, law=law).law is law
    other = sample(case("spins"), paths=10, law=law, protocol="kraus")
    assert other.law.protocol is MeasurementProtocol.KRAUS


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_progress_hears_of_every_path(sampler: str) -> None:
    progress = Recorder()
    sample(case("spins"), paths=150_000, sampler=sampler, progress=progress)
    assert sum(progress.seen) == 150_000


def test_a_law_too_large_is_refused_with_a_way_out_and_its_paths_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law_module, "LARGEST_LAW", 100)
    with pytest.raises(TooLarge, match="has 405; use the eigenbasis-two-point protocol"):
        exact_law(case("coherent qutrit"))
    with pytest.raises(NoFiniteLaw, match="counts sampler needs a finite law, but the law must have at most 1e\\+02"):
        sample(case("coherent qutrit"), paths=10, sampler="counts")
    assert sample(case("coherent qutrit"), paths=10).sampler == "followed"
    assert sample(case("coherent qutrit"), paths=10, protocol="eigenbasis-two-point").paths == 10


def test_samples_do_not_depend_on_the_number_of_blas_threads() -> None:
    """Sums split over another number of threads round differently: everything runs on one."""
    script = (
        "import hashlib, numpy as np\n"
        "from tests.paths.cases import haar_operation\n"
        "from qtraj.quantum.parties import Environment\n"
        "from qtraj.quantum.states import State\n"
        "from qtraj.paths.sample import sample\n"
        "bath = Environment.ladder(levels=3000, spacing=1.0, inverse_temperature=0.001)\n"
        "operation = haar_operation([0.0, 1.0, 2.0, 3.0], State.haar(4, seed=1), bath)\n"
        "one = sample(operation, paths=1000, protocol='eigenbasis-two-point')\n"
        "print(hashlib.sha256(one.law.log_forward.tobytes() + one.class_counts.tobytes()).hexdigest())\n"
    )
    hashes = set()
    for threads in ("1", "2"):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        hashes.add(done.stdout)
    assert len(hashes) == 1
