"""The page docs/calibration.md: what the counts add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from scipy import stats

from tests.calibration.judgement import BUDGET, COVERAGE, FALSE_FAILURE, Finding, clopper_pearson, findings
from tests.calibration.processes import LAWFUL, LAWLESS, Case
from tests.calibration.tally import BINS, LEVELS, Tally

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "calibration.md"

INTERVAL = 0.05
"""Intervals shown miss the true rate once in twenty times."""

HEADER = """\
# Calibration: when to believe a report

<!-- Written by `python -m tests.calibration --write`; do not edit by hand. -->

A verdict is worth what is known about how it errs. This page says how often the checks of `verify` reject what is
right, whether error bars cover what they should, and when a report admits that it cannot know. The other half, what the
checks reject when something is wrong and after how many paths, is on the page of
[negative controls](negative_controls.md).

## How to read a report

1. **The verdict.** `fail`: a check rejects. If all is right that happens to at most one report in a thousand
   (`level=` changes it), so look at the check that is named: an identity that fails is a matter of arithmetic, a
   followed check of the sampler, any other of the ensemble. `inconclusive`: nothing rejects, but a wrong result would
   have looked the same; the report says how many paths would do. `pass`: neither.
2. **The column `detectable`.** An error smaller than this may be there. It is what the check would have noticed 99
   times out of 100; a pass says nothing about less.
3. **The covered weight.** How much of what ⟨exp(−σ)⟩ is made of the paths can have seen. Below 99 % the average may
   look perfect and mean nothing.
4. **Which checks are there.** `law_...` are identities between the law and density matrices. `followed_...` hold paths
   that know nothing of the law against it: this is the check of the physics. The others see the ensemble that was asked
   for; drawn from the law (sampler `counts`), it mainly checks the drawing. A process without a finite law has no
   `law_...` and no `followed_...`: then the ensemble itself was followed, and means, weights and final outcomes are all
   there is.
5. **The notes.** What no check here can see: an error that both routes share.

A `z` is shown for the plain mean; what rejects is the p-value, which for means is an upper bound valid for every law
and every number of paths. So means reject less often than their level, never more often.
"""

METHOD = """\
## What was done

{ensembles} of every process with an exact law, and {lawless} where paths can only be followed, all of them
right, were judged by the very checks that `verify` prepares, at their shares of two family-wise levels: 0.001, the
default, and 0.05, where an excess of a few percent would show. Counts come from the package's own splitter. Paths that
a report follows to check its law are stood in for by counts from the law: what is calibrated is the judge.
`python -m tests.calibration --write` does it again. It asked {questions} questions of the counts, each at a level of
{share:.0e} so that all together err with a probability below 10^-6, and {broken}.
"""


def page(tallies: Mapping[str, Tally]) -> str:
    """Write the page.

    Args:
        tallies: Counts by name of the process.
    """
    cases = {**LAWFUL, **LAWLESS}
    found = {name: list(findings(tally, skewed=cases[name].skewed)) for name, tally in tallies.items()}
    questions = sum(map(len, found.values()))
    broken = [f"{name}, {one.name}" for name, own in found.items() for one in own if not one.kept]
    lawful = {name: tally for name, tally in tallies.items() if name in LAWFUL}
    lawless = {name: tally for name, tally in tallies.items() if name in LAWLESS}
    method = METHOD.format(
        ensembles=_numbers(lawful),
        lawless=_numbers(lawless),
        questions=questions,
        share=FALSE_FAILURE / BUDGET,
        broken="none was answered badly" if not broken else f"these were answered badly: {'; '.join(broken)}",
    )
    parts = [HEADER, method, _processes(cases, tallies), _alarms(tallies), _kinds(tallies)]
    parts += [_coverage(tallies, cases), _uniformity(found), _unsettled(tallies, cases)]
    return "\n".join(parts)


def _numbers(tallies: Mapping[str, Tally]) -> str:
    numbers = sorted({tally.ensembles for tally in tallies.values()})
    return " or ".join(f"{_spaced(number)} ensembles" for number in numbers) or "no ensembles"


def _spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(cells)} |" for cells in rows)]) + "\n"


def _processes(cases: Mapping[str, Case], tallies: Mapping[str, Tally]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, tally in tallies.items():
            law = "yes" if name in LAWFUL else "no"
            yield name, law, _spaced(tally.paths), _spaced(tally.ensembles), cases[name].reason

    return "## The processes\n\n" + _table(("process", "law", "paths", "ensembles", "why it is here"), rows())


def _alarms(tallies: Mapping[str, Tally]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, tally in tallies.items():
            rates = [_rate(tally.families[str(level)], tally.ensembles) for level in LEVELS]
            plain = _rate(tally.plain[str(LEVELS[0])], tally.ensembles) if tally.plain else ""
            yield name, str(tally.checks), *rates, plain

    text = """\
## False alarms of whole reports

How many reports of a right process say `fail`, with the 95 % interval of the rate. For comparison the last column has
what a plain z-test of ⟨exp(−σ)⟩ with its exact variance would do *alone* at level 0.001.

"""
    return text + _table(("process", "checks", "at level 0.001", "at level 0.05", "a plain z-test at 0.001"), rows())


def _kinds(tallies: Mapping[str, Tally]) -> str:
    kinds = {
        "means, by a bound": ("mean_",),
        "exponential averages": ("exp_minus_",),
        "detailed theorem": ("detailed_theorem",),
        "final outcomes": ("final_marginal", "followed_final_marginal"),
        "classes of the law": ("followed_paths", "classes"),
    }

    def cell(starts: tuple[str, ...], level: float) -> str:
        alarms, nominal = 0, 0.0
        for name, tally in tallies.items():
            own = {n: k for n, k in tally.rejected.get(str(level), {}).items() if n.startswith(starts)}
            if name in LAWFUL and own:
                alarms += sum(own.values())
                nominal += len(own) * tally.ensembles * level / tally.checks
        return f"{_spaced(alarms)} of {_spaced(nominal)} ({alarms / nominal:.2f})" if nominal else ""

    def rows() -> Iterator[tuple[str, ...]]:
        for kind, starts in kinds.items():
            yield kind, *(cell(starts, level) for level in LEVELS)

    text = """\
## False alarms by kind of check

Rejections by single checks of all processes with a law, each at its share of the level, of those that there may be.

"""
    return text + _table(("kind", "at level 0.001", "at level 0.05"), rows())


def _coverage(tallies: Mapping[str, Tally], cases: Mapping[str, Case]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, tally in tallies.items():
            if not tally.covered:
                continue
            shares = np.array(list(tally.covered.values())) / tally.ensembles
            one, two = (
                f"{low:.2%} to {high:.2%}" for low, high in zip(shares.min(axis=0), shares.max(axis=0), strict=True)
            )
            note = "too few paths for a normal law" if cases[name].skewed else ""
            yield name, str(len(tally.covered)), one, two, note

    text = f"""\
## Error bars

How often the exact number lies within one and within two standard errors of the sampled one: {COVERAGE[0]:.2%} and
{COVERAGE[1]:.2%} for a normal law. From the lowest to the highest of all means, and of exponential averages below
their cut.

"""
    return text + _table(("process", "numbers", "within one", "within two", ""), rows())


def _uniformity(found: Mapping[str, list[Finding]]) -> str:
    kinds = {
        "scores of means": lambda name: name.startswith("mean_"),
        "scores of exponential averages below the cut": lambda name: name.endswith("below the cut"),
        "numbers of paths above the cut, randomised": lambda name: name.endswith("above the cut"),
        "chi-squares of three cells or more": lambda name: name.endswith("chi-square"),
        "numbers of paths in one of two cells, randomised": lambda name: name.endswith("two cells"),
        "numbers of paths in the pool, randomised": lambda name: name.endswith("pool"),
    }

    def rows() -> Iterator[tuple[str, ...]]:
        for kind, member in kinds.items():
            own = [one.p_value for name in found for one in found[name] if one.about == "uniform" and member(one.name)]
            if own:
                # The smallest of k uniform numbers is below x with probability 1 - (1 - x)^k.
                chance = float(-np.expm1(len(own) * np.log1p(-min(own))))
                spread = float(stats.kstest(own, "uniform").pvalue)
                yield kind, str(len(own)), f"{min(own):.2g}", f"{chance:.2g}", f"{spread:.2g}"

    text = f"""\
## Uniform p-values

Whatever decides inside a check, apart from the bounds, must have p-values that are uniform. Those of all
ensembles were sorted into {BINS} bins and judged by chi-square. *Chance of it* is how likely the smallest of so many
results is to be at least that small; the last column asks whether they are uniform all together. Whole numbers are
randomised within their jumps, and means of few values within the step of their lattice: they cannot be uniform
otherwise.

"""
    return text + _table(("part of a check", "tested", "smallest p", "chance of it", "all together"), rows())


def _unsettled(tallies: Mapping[str, Tally], cases: Mapping[str, Case]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, tally in tallies.items():
            if tally.unsettled:
                share = max(tally.unsettled.values()) / tally.ensembles
                yield name, f"{share:.1%}", ", ".join(f"`{check}`" for check in sorted(tally.unsettled))
            elif not cases[name].conclusive:
                yield name, "0.0%", "**none, though it should be**"

    settled = [name for name, tally in tallies.items() if not tally.unsettled]
    text = f"""\
## Reports that admit that they cannot know

Whether a check is inconclusive depends on the law and the number of paths, and on no sample; without a law it is judged
by the backward paths that were drawn, so that the share may lie between. Never inconclusive:
{", ".join(settled)}.

"""
    return text + _table(("process", "ensembles", "checks that are inconclusive"), rows())


def _rate(count: int, number: int) -> str:
    low, high = clopper_pearson(count, number, INTERVAL)
    digits = 5 if number > 10_000 else 4
    return f"{count / number:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
