"""What `verify` sees and what it does not: mistakes made on purpose, and the tables of docs/negative_controls.md.

    python -m tests.theorems.negative_controls > docs/negative_controls.md

Number of paths: the smallest 2^(k/2) at which at least 99 of 100 ensembles are rejected by the check named, at the
level that it has in a whole report (`power`). An ensemble here is a draw from the wrong law of classes, which for wrong
followers is measured with two million paths, or, where paths have no law, from a million wrong paths.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

from qtraj.density.averages import averages
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.sample import sample
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.report import Report
from qtraj.theorems.thermal_references import thermal_references
from qtraj.theorems.verify import verify
from tests.paths import collision_cases, jump_cases
from tests.paths.cases import case
from tests.theorems import wrong_collisions, wrong_counts, wrong_followers, wrong_jumps, wrong_laws
from tests.theorems.blind_spots import UNSEEN
from tests.theorems.patches import collisions_follower, counts_sampler, follower, jumps_follower
from tests.theorems.power import Bench, Pool, RowBench, smallest

__all__ = ["COUNTS", "FOLLOWERS", "GROUPS", "LAWS", "REFERENCES", "UNSEEN", "failing", "follower"]

REFERENCES_MODULE = sys.modules[thermal_references.__module__]

# Enough for the frequencies of a wrong follower to be known far better than the ensembles drawn from them.
MEASURED = 2**21
POOLED = 2**20


def failing(report: Report) -> set[str]:
    """Names of the checks that reject."""
    return {check.name for check in report.checks if check.verdict is Verdict.FAIL}


def sentence(wrong: Any) -> str:
    """The mistake in words: the first line of its docstring, fit for a table."""
    return (inspect.getdoc(wrong) or "").splitlines()[0].replace("|", r"\|")


def members(module: ModuleType, base: type) -> dict[str, Any]:
    """The public classes of a module that derive from `base`, in the order they are written in."""
    return {
        name: member
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and issubclass(member, base)
        and not name.startswith("_")
    }


_ALL_FOLLOWERS = members(wrong_followers, FollowedPaths)
_BLIND_SPOTS = ("OtherLevelsSameHeat", "Sorted")
FOLLOWERS = {name: wrong for name, wrong in _ALL_FOLLOWERS.items() if name not in _BLIND_SPOTS}
LAWS = members(wrong_laws, ThermalOperation)
COUNTS = {
    name: wrong
    for name, wrong in members(wrong_counts, object).items()
    if name not in ("NoFluctuations", "SinglePrecisionTree")
}


@dataclass(frozen=True, kw_only=True)
class Group:
    """Mistakes in following paths of one process.

    Attributes:
        title: Of the table.
        process: What is followed.
        wrong: The mistakes by name.
        patched: Puts one in its place.
        lawful: Whether the paths have a law.
    """

    title: str
    process: Callable[[], Process]
    wrong: Mapping[str, type]
    patched: Callable[[Any], AbstractContextManager[None]]
    lawful: bool


GROUPS = (
    Group(
        title="Collisions: two qubits with coherent units of two reservoirs",
        process=lambda: collision_cases.case("coherent units"),
        wrong=wrong_collisions.FOLLOWERS,
        patched=collisions_follower,
        lawful=True,
    ),
    Group(
        title="Jumps between levels: a coherent qutrit under a Davies map",
        process=jump_cases.davies,
        wrong=wrong_jumps.LEVELS,
        patched=jumps_follower,
        lawful=True,
    ),
    Group(
        title="Jumps that keep superpositions alive: a driven qubit, without a law",
        process=jump_cases.driven_qubit,
        wrong=wrong_jumps.COHERENT,
        patched=jumps_follower,
        lawful=False,
    ),
    Group(
        title="Several baths: a junction with dephasing, without a law",
        process=jump_cases.junction,
        wrong=wrong_jumps.TWO_BATHS,
        patched=jumps_follower,
        lawful=False,
    ),
)


def process_for(name: str) -> ThermalOperation:
    """The process a mistake is made on: a coherent qutrit on a ladder, unless the mistake needs another."""
    return case("degenerate energies" if name == "FixedEnergyBasis" else "coherent qutrit")


def violating_operation() -> ThermalOperation:
    """A unitary that does not conserve energy, accepted on request: <sigma> = Sigma + beta W."""
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
    environment = Environment(energies=[0.0, 1.0, 2.0], inverse_temperature=0.8)
    unitary = EnergyConservingUnitary.from_matrix(
        system, environment, State.haar(6, seed=3).vectors, allow_violation=True
    )
    return ThermalOperation(system=system, environment=environment, unitary=unitary)


# --- what is expected ---------------------------------------------------------------------------------------------


@contextmanager
def no_loss() -> Iterator[None]:
    """forgets lambda: expects <e^-sigma> = 1 of a pure start"""
    with mock.patch.object(REFERENCES_MODULE, "support_loss", return_value=0.0):
        yield


@contextmanager
def no_work() -> Iterator[None]:
    """forgets beta W: expects <sigma> = Sigma of a unitary that does not conserve energy"""
    with mock.patch.object(
        REFERENCES_MODULE, "averages", lambda process: replace(averages(process), switching_work=0.0)
    ):
        yield


@contextmanager
def no_coherence_term() -> Iterator[None]:
    """expects <sigma> = Sigma_d: forgets the entropy that coherence produces"""

    def wrong(process: Any) -> Any:
        values = averages(process)
        return replace(values, entropy_production=values.population_entropy_production)

    with mock.patch.object(REFERENCES_MODULE, "averages", wrong):
        yield


@contextmanager
def plain_one() -> Iterator[None]:
    """expects <e^-sigma_d> = 1, which holds only for starts without coherence"""
    with mock.patch.object(REFERENCES_MODULE, "log_exponential_average", return_value=0.0):
        yield


REFERENCES: dict[str, tuple[Callable[[], Any], Callable[[], ThermalOperation]]] = {
    "NoLoss": (no_loss, lambda: case("pure start")),
    "NoWork": (no_work, violating_operation),
    "NoCoherenceTerm": (no_coherence_term, lambda: case("coherent qutrit")),
    "PlainOne": (plain_one, lambda: case("coherent qutrit")),
}


# --- the rows of the tables -------------------------------------------------------------------------------------------


def measured_frequencies(bench: Bench) -> np.ndarray:
    """Frequencies of the classes, and last of all paths outside the law, with the sampler that is in place."""
    ensemble = sample(bench.process, paths=MEASURED, sampler="followed", keep_rows=False, law=bench.law)
    return np.append(ensemble.class_counts, ensemble.outside) / MEASURED


def follower_row(name: str) -> tuple[int, str, set[str]]:
    """Paths needed, the check that sees it first, and all others that see it in a million paths."""
    wrong, bench = FOLLOWERS[name], Bench(process=process_for(name))
    if wrong is wrong_followers.BlocksAlike:
        return repeated_blocks_row(bench)
    with follower(wrong):
        frequencies = measured_frequencies(bench)
    return *bench.needed(frequencies), bench.rejecting(bench.draw(frequencies, 2**20, 0), as_followed=False)


def repeated_blocks_row(bench: Bench) -> tuple[int, str, set[str]]:
    """The same for blocks that repeat the first: right frequencies, and too few random numbers."""
    with follower(FollowedPaths):
        frequencies = measured_frequencies(bench)

    def draw(paths: int, repeat: int) -> Ensemble:
        rng = np.random.default_rng([paths, repeat])
        full, tail = divmod(paths, ROW_BLOCK_PATHS)
        drawn = full * rng.multinomial(ROW_BLOCK_PATHS, frequencies) + rng.multinomial(tail, frequencies)
        return bench.ensemble(drawn[:-1], int(drawn[-1]))

    def rejecting(paths: int, repeat: int) -> set[str]:
        names = bench.rejecting(draw(paths, repeat), as_followed=True)
        return {name for name in names if name.startswith("followed")}

    return *smallest(rejecting), bench.rejecting(draw(2**20, 0), as_followed=False)


def group_row(group: Group, name: str) -> tuple[int, str, set[str]]:
    """The same for collisions and jumps."""
    process = group.process()
    if group.lawful:
        bench = Bench(process=process)
        with group.patched(group.wrong[name]):
            frequencies = measured_frequencies(bench)
        return *bench.needed(frequencies), bench.rejecting(bench.draw(frequencies, 2**20, 0), as_followed=False)
    rows = RowBench(process=process)
    with group.patched(group.wrong[name]):
        pool = Pool.of(process, paths=POOLED)
    return *rows.needed(pool), rows.rejecting(pool, paths=POOLED, repeat=0)


def counts_row(name: str) -> tuple[int, str, set[str]]:
    """The same for a wrong counts sampler, and 10^15 paths."""
    bench = Bench(process=process_for(name))

    def rejecting(paths: int, repeat: int) -> set[str]:
        ensemble = sample(bench.process, paths=paths, seed=repeat, law=bench.law)
        return bench.rejecting(ensemble, as_followed=False)

    with counts_sampler(COUNTS[name]):
        return *smallest(rejecting), rejecting(10**15, 0)


def law_row(name: str) -> tuple[list[str], set[str]]:
    """The identities that fail, and the statistical checks that fail with a million paths."""
    return split_identities(verify(wrong_laws.as_wrong(LAWS[name], process_for(name)), paths=1_000_000))


def collision_law_row(name: str) -> tuple[list[str], set[str]]:
    """The same for a collision model."""
    wrong = wrong_collisions.as_wrong(wrong_collisions.LAWS[name], collision_cases.case("two baths and work"))
    return split_identities(verify(wrong, paths=1_000_000))


def reference_row(name: str) -> tuple[list[str], set[str]]:
    """The same for a wrong expectation."""
    wrong, process = REFERENCES[name]
    with wrong():
        return split_identities(verify(process(), paths=1_000_000))


def split_identities(report: Report) -> tuple[list[str], set[str]]:
    """Names of the identities that fail, and of the other checks that do."""
    failed = failing(report)
    identities = [check.name for check in report.checks if check.kind == "identity" and check.name in failed]
    return identities, failed - set(identities)


if __name__ == "__main__":
    from tests.theorems.controls_page import write

    write()
