"""What `verify` sees and what it does not: mistakes made on purpose, and the table of docs/negative_controls.md.

    python -m tests.theorems.negative_controls > docs/negative_controls.md

Number of paths: the smallest 2^(k/2) at which at least 99 of 100 ensembles are rejected by the check named, at the
level that it has in a whole report. An ensemble here is a draw from the wrong law of classes, which for wrong followers
is measured with two million paths.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

from qtraj.density.averages import averages
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.followed import FollowedPaths
from qtraj.paths.law import PathLaw, exact_law
from qtraj.paths.sample import sample
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.checks import FAMILY_LEVEL, Verdict, split_level
from qtraj.theorems.references import References
from qtraj.theorems.report import Report
from qtraj.theorems.verify import _followed, _statistics, verify
from tests.paths.cases import case, haar_operation
from tests.theorems import wrong_counts, wrong_followers, wrong_laws
from tests.theorems.wrong_laws import as_wrong

__all__ = ["COUNTS", "FOLLOWERS", "LAWS", "REFERENCES", "UNSEEN", "failing"]

SAMPLE = sys.modules[sample.__module__]
REFERENCES_MODULE = sys.modules[References.__module__]

# Enough for the frequencies of a wrong follower to be known far better than the ensembles drawn from them.
MEASURED = 2**21
REPEATS = 100


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


# --- running one mistake ----------------------------------------------------------------------------------------------


@contextmanager
def follower(wrong: type[FollowedPaths]) -> Iterator[None]:
    """Let every followed path be followed by `wrong`."""
    with mock.patch("qtraj.paths.followers.FollowedPaths", wrong):
        yield


@contextmanager
def counts_sampler(wrong: type) -> Iterator[None]:
    """Let the counts sampler split with `wrong`."""
    with mock.patch("qtraj.paths.counts.SplittingTree", wrong):
        yield


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
def plain_one() -> Iterator[None]:
    """expects <e^-sigma_d> = 1, which holds only for starts without coherence"""
    with mock.patch.object(REFERENCES_MODULE, "log_exponential_average", return_value=0.0):
        yield


REFERENCES: dict[str, tuple[Callable[[], Any], Callable[[], ThermalOperation]]] = {
    "NoLoss": (no_loss, lambda: case("pure start")),
    "NoWork": (no_work, violating_operation),
    "PlainOne": (plain_one, lambda: case("coherent qutrit")),
}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Everything the checks of a report need, computed once, to judge many ensembles of one process."""

    process: ThermalOperation

    @cached_property
    def law(self) -> PathLaw:
        return exact_law(self.process)

    @cached_property
    def references(self) -> References:
        return References.of(self.process, MeasurementProtocol.AUGMENTED)

    @cached_property
    def atoms(self) -> SigmaAtoms:
        return SigmaAtoms.of(self.process, self.law)

    def rejecting(self, ensemble: Ensemble, *, as_followed: bool) -> set[str]:
        """Names of the statistical checks that reject, each at its level in a whole report."""
        followed = ensemble if as_followed else None
        planned = [
            *_followed(self.law, followed, self.references),
            *_statistics(self.law, ensemble, self.references, self.atoms),
        ]
        level = split_level(FAMILY_LEVEL, 9)
        return {check.name for check in (plan(level) for plan in planned) if check.verdict is Verdict.FAIL}

    def ensemble(self, counts: np.ndarray, outside: int = 0) -> Ensemble:
        return Ensemble(
            process=self.process,
            finite_law=self.law,
            sampler="followed",
            seeds=(0,),
            paths=int(counts.sum()) + outside,
            class_counts=counts,
            outside=outside,
        )

    def smallest(self, draw: Callable[[int, int], Ensemble], *, as_followed: bool) -> tuple[int, str]:
        """The smallest number of paths at which one check rejects 99 of 100, and that check."""
        for step in range(4, 80):
            paths = round(2 ** (step / 2))
            seen: dict[str, int] = {}
            for repeat in range(REPEATS):
                names = self.rejecting(draw(paths, repeat), as_followed=as_followed)
                # Of a wrong follower only the checks count that every report has, whatever it samples.
                for name in (name for name in names if name.startswith("followed") or not as_followed):
                    seen[name] = seen.get(name, 0) + 1
                if repeat == 4 and not any(times >= 4 for times in seen.values()):
                    break
            best = max(seen, key=lambda name: seen[name], default="")
            if best and seen[best] >= 0.99 * REPEATS:
                return paths, best
        raise AssertionError("no number of paths is enough; this is a blind spot")


def measured_frequencies(wrong: type[FollowedPaths], bench: Bench) -> np.ndarray:
    """Frequencies of the classes, and last of all paths outside the law."""
    true = FollowedPaths if wrong is wrong_followers.BlocksAlike else wrong
    with follower(true):
        ensemble = sample(bench.process, paths=MEASURED, sampler="followed", keep_rows=False, law=bench.law)
    return np.append(ensemble.class_counts, ensemble.outside) / MEASURED


def follower_row(name: str) -> tuple[int, str, set[str]]:
    """Paths needed, the check that sees it first, and all others that see it in a million paths."""
    wrong, bench = FOLLOWERS[name], Bench(process=process_for(name))
    frequencies = measured_frequencies(wrong, bench)

    def draw(paths: int, repeat: int) -> Ensemble:
        rng = np.random.default_rng([paths, repeat])
        if wrong is wrong_followers.BlocksAlike:
            full, tail = divmod(paths, ROW_BLOCK_PATHS)
            drawn = full * rng.multinomial(ROW_BLOCK_PATHS, frequencies) + rng.multinomial(tail, frequencies)
        else:
            drawn = rng.multinomial(paths, frequencies)
        return bench.ensemble(drawn[:-1], int(drawn[-1]))

    paths, first = bench.smallest(draw, as_followed=True)
    return paths, first, bench.rejecting(draw(2**20, 0), as_followed=False)


def counts_row(name: str) -> tuple[int, str, set[str]]:
    """The same for a wrong counts sampler, and 10^15 paths."""
    bench = Bench(process=process_for(name))

    def draw(paths: int, repeat: int) -> Ensemble:
        return sample(bench.process, paths=paths, seed=repeat, law=bench.law)

    with counts_sampler(COUNTS[name]):
        paths, first = bench.smallest(draw, as_followed=False)
        return paths, first, bench.rejecting(draw(10**15, 0), as_followed=False)


def law_row(name: str) -> tuple[list[str], set[str]]:
    """The identities that fail, and the statistical checks that fail with a million paths."""
    return split_identities(verify(as_wrong(LAWS[name], process_for(name)), paths=1_000_000))


def reference_row(name: str) -> tuple[list[str], set[str]]:
    wrong, process = REFERENCES[name]
    with wrong():
        return split_identities(verify(process(), paths=1_000_000))


def split_identities(report: Report) -> tuple[list[str], set[str]]:
    failed = failing(report)
    identities = [check.name for check in report.checks if check.kind == "identity" and check.name in failed]
    return identities, failed - set(identities)


# --- blind spots ------------------------------------------------------------------------------------------------------


def symmetric_exchange() -> Report:
    """U transposed (or inverted) where |U|^2 is symmetric and the start has no coherence: the same probabilities"""
    from qtraj.models.registry import build_model

    with follower(wrong_followers.TransposedUnitary):
        return verify(build_model("two-qubit-exchange"), paths=1e9)


def conjugate_two_point() -> Report:
    """U conjugated under the energy two-point protocol: only |U|^2 matters there"""
    with follower(wrong_followers.ConjugatedUnitary):
        return verify(case("coherent qutrit"), paths=1e7, protocol="energy-two-point")


def wrong_input() -> Report:
    """a wrong temperature (or Hamiltonian, or U^dag for U) in the input: both routes describe the other process"""
    right = case("coherent qutrit")
    spectrum = right.environment.spectrum
    colder = Environment(energies=spectrum.energies, inverse_temperature=2 * right.environment.inverse_temperature)
    wrong = replace(right, environment=colder, unitary=right.unitary.adjoint())
    return verify(wrong, paths=1e9)


def regularised_start() -> Report:
    """a pure start with a part in a million of the identity mixed in: another process, whose <e^-sigma> is 1"""
    pure = case("pure start").system.energy_state.matrix
    mixed = (1 - 1e-6) * pure + 1e-6 * np.eye(3) / 3
    return verify(haar_operation([0.0, 1.0, 2.0], mixed, case("pure start").environment), paths=1e12)


def other_levels() -> Report:
    """other labels mu, nu with the same heat between them: sigma, sigma_d and xi depend on the heat alone"""
    with follower(wrong_followers.OtherLevelsSameHeat):
        return verify(case("coherent qutrit"), paths=1e7, followed_paths=1_000_000)


def sorted_rows() -> Report:
    """rows in the wrong order: a report sees counts only"""
    with follower(wrong_followers.Sorted):
        return verify(case("coherent qutrit"), paths=1e7, followed_paths=1_000_000)


def too_good() -> Report:
    """counts that do not fluctuate: every check asks whether a difference is too large, none whether it is too small"""
    with counts_sampler(wrong_counts.NoFluctuations):
        return verify(case("coherent qutrit"), paths=1e9)


def single_precision() -> Report:
    """probabilities in single precision in the sampler: it would take more than the 10^15 paths of one run"""
    with counts_sampler(wrong_counts.SinglePrecisionTree):
        return verify(case("coherent qutrit"), paths=1e15)


UNSEEN: dict[str, tuple[Callable[[], Report], str]] = {
    "symmetric_exchange": (symmetric_exchange, "a process whose |U|^2 is not symmetric (see InverseUnitary)"),
    "conjugate_two_point": (conjugate_two_point, "the augmented protocol on a coherent start (see ConjugatedUnitary)"),
    "wrong_input": (wrong_input, "closed forms of named models"),
    "regularised_start": (regularised_start, "giving the state in spectral form, or with its rank"),
    "other_levels": (other_levels, "the enumeration of labelled paths in tests/paths"),
    "sorted_rows": (sorted_rows, "the tests of random order in tests/paths"),
    "too_good": (too_good, "the two-sided test of fluctuations in tests/paths/test_counts.py"),
    "single_precision": (single_precision, "the identities, if the law itself is kept so (see SinglePrecision)"),
}


# --- the table --------------------------------------------------------------------------------------------------------

HEADER = """\
# What `verify` sees, and what it does not

<!-- Written by `python -m tests.theorems.negative_controls`; do not edit by hand. -->

A check is worth what it rejects. Each mistake below is made on purpose, one at a time, in code that is otherwise the
package's own; `tests/theorems/test_negative_controls.py` makes all of them again and expects them to be rejected.
Unless a line says otherwise, the process is a coherent qutrit on a ladder of four levels, under the augmented protocol.
"""


def names(checks: Any) -> str:
    return ", ".join(f"`{name}`" for name in checks) or "none"


def main() -> None:
    """Print the document."""
    print(HEADER)
    print("## Mistakes in following a path\n")
    print(
        "In the sampler that knows nothing of the law. *Paths*: how many must be followed for the check named to\n"
        "reject 99 times out of 100; `verify` follows 100 000 unless told otherwise. The last column is for reports\n"
        "whose own ensemble is a million followed paths.\n"
    )
    print("| name | the sampler | first seen by | paths | seen as well by |\n|---|---|---|---|---|")
    for name, wrong in FOLLOWERS.items():
        paths, first, seen = follower_row(name)
        print(f"| {name} | {sentence(wrong)} | {names([first])} | {paths} | {names(sorted(seen))} |")
        sys.stdout.flush()
    print("\n## Mistakes in the law\n")
    print(
        "Identities reject before a path is drawn. The last column is what a million paths would have seen as well.\n"
    )
    print("| name | the law | identities that reject | statistical checks that reject |\n|---|---|---|---|")
    for name, wrong in LAWS.items():
        identities, seen = law_row(name)
        print(f"| {name} | {sentence(wrong)} | {names(identities)} | {names(sorted(seen))} |")
        sys.stdout.flush()
    print("\n## Mistakes in what is expected\n")
    print("| name | the reference | identities that reject | statistical checks that reject |\n|---|---|---|---|")
    for name, (wrong, _) in REFERENCES.items():
        identities, seen = reference_row(name)
        print(f"| {name} | {sentence(wrong)} | {names(identities)} | {names(sorted(seen))} |")
    print("\n## Mistakes in drawing counts\n")
    print("| name | the splitter | first seen by | paths | seen with 10^15 paths by |\n|---|---|---|---|---|")
    for name, wrong in COUNTS.items():
        paths, first, seen = counts_row(name)
        print(f"| {name} | {sentence(wrong)} | {names([first])} | {paths} | {names(sorted(seen))} |")
        sys.stdout.flush()
    print("\n## Blind spots\n")
    print("These pass, and must: no comparison of probabilities can see them. The last column says what can.\n")
    print("| name | what is wrong | seen by |\n|---|---|---|")
    for name, (wrong, elsewhere) in UNSEEN.items():
        print(f"| {name} | {sentence(wrong)} | {elsewhere} |")


if __name__ == "__main__":
    main()
