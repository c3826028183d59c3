"""What help pages say besides the options: what a command does, examples, exit codes, where to read on.

Every example is run by a test.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from qtraj import __version__

__all__ = ["COMMANDS", "GROUPS", "MAIN_HELP", "SYNOPSES", "closing", "description", "group_of"]

COMMANDS: Final = {
    "verify": "sample paths, hold them against exact numbers, give a verdict",
    "exact": "exact averages and the exact law of the paths, without sampling",
    "histogram": "the law of entropy production: exact atoms and sampled counts",
    "models": "the named models and their parameters",
    "reproduce": "figures and tables of the papers, printed values beside ours",
    "sample": "draw paths into a run folder, which survives whatever interrupts it",
    "resume": "finish a run that was interrupted, or make it longer",
    "merge": "put two stored runs of one experiment together",
    "sweep": "one experiment at many values of its keys, each judged, in one folder",
    "completion": "print the script that completes commands, options and names in a shell",
}

_DETAILS: Final = {
    "verify": "The exit code is the verdict: 0 pass, 1 fail, 3 inconclusive.",
    "exact": "The table shows twelve digits, and 0 for what is only rounding; --json has all there is. Nothing is\n"
    "drawn: --paths, --seed, --sampler and --backend, which other commands have, are taken and change nothing.",
    "histogram": "Prints the 40 most probable atoms of sigma (in the kraus protocol, of the heat); --json has all\n"
    "atoms of sigma, sigma_d, xi and the heats. Where the paths have no finite law, sampled values are\n"
    "counted in bins. A file is written only where --figure says.",
    "models": "A model's name can stand wherever an experiment file can. With NAME, what its parameters mean.",
    "reproduce": "Without NAME, the list of all. A table has the value of the paper's formula as printed, the\n"
    "corrected one where it is wrong, and ours, which was computed without the formula.",
    "sample": "One Parquet file a finished block; docs/stored_runs.md, in the source, says what is in them.",
    "resume": "A resumed run equals one that was never interrupted, a longer one a fresh one of that length.\n"
    "Damaged blocks are drawn again. On a cluster: --backend dask --scheduler tcp://node7:8786. DIR may be\n"
    "that of a sweep; then the exit code is its verdict.",
    "merge": "Pieces of one run (--blocks) become that run; runs of different seeds become a pooled one. The\n"
    "same block twice, and different experiments, are refused.",
    "sweep": "The keys are those of the table [sweep] in the file, and of --over, which wins. All numbers are in\n"
    "DIR/results.csv and .parquet, one row for every point and quantity. The exit code is the verdict over\n"
    "all points: 0 pass, 1 fail, 3 inconclusive.",
    "completion": "Nothing is installed; the first lines of the script say where your shell looks for it. The names\n"
    "of models and their parameters are written into it: make it again after an update. After --set and\n"
    "--over, the keys of an experiment file are read from the file.",
}

_EXAMPLES: Final = {
    "verify": """\
        qtraj verify experiment.toml
        qtraj verify experiment.toml --paths 1e12 --seed 7 --figure verdict.pdf
        qtraj verify experiment.toml --report report.html
        qtraj verify two-qubit-exchange --set angle=0.3 --protocol tpm
        qtraj verify experiment.toml --set system.state.z=0.1 --json
        qtraj verify two-node-network --set approach=local --set duration=10 --paths 1e4""",
    "exact": """\
        qtraj exact experiment.toml
        qtraj exact experiment.toml --set environment.beta=2 --json
        qtraj exact two-qubit-exchange --protocol energy-two-point""",
    "histogram": """\
        qtraj histogram experiment.toml
        qtraj histogram experiment.toml --paths 1e9 --figure sigma.pdf --log
        qtraj histogram two-qubit-exchange --json""",
    "models": """\
        qtraj models
        qtraj models davies-qutrit
        qtraj models --json""",
    "reproduce": """\
        qtraj reproduce
        qtraj reproduce lk14-sign-map
        qtraj reproduce rfa13-junction --figure junction.pdf
        qtraj reproduce --figure figures""",
    "sample": """\
        qtraj sample experiment.toml --out run --paths 1e12
        qtraj sample davies-qutrit --out trajectories --sampler followed --records --paths 1e4
        qtraj sample experiment.toml --out piece --paths 1e5 --sampler explicit --blocks 0:1""",
    "resume": """\
        qtraj sample experiment.toml --out run
        qtraj resume run
        qtraj resume run --paths 2e6 --n-jobs -1""",
    "merge": """\
        qtraj sample experiment.toml --out seven --seed 7
        qtraj sample experiment.toml --out eight --seed 8
        qtraj merge seven eight --out pooled""",
    "sweep": """\
        qtraj sweep two-qubit-exchange --over angle=0.1:1.5:5 --out angles --figure angles.pdf
        qtraj sweep experiment.toml --over environment.beta=0.1:1:3:log --over unitary.angle=0.2,0.4 --out map
        qtraj resume angles
        qtraj verify angles --quantity heat --figure heat.pdf""",
    "completion": """\
        qtraj completion bash
        qtraj completion zsh
        qtraj completion fish""",
}

MAIN_HELP: Final = f"""\
usage: qtraj COMMAND TARGET [options]

qtraj samples thermodynamic trajectories of small quantum systems, puts the sampled averages beside exact ones from
density matrices, and says whether the fluctuation theorems hold.

commands:
{chr(10).join(f"  {name:<12}{summary}" for name, summary in COMMANDS.items())}

TARGET is an experiment file (TOML) or the name of a model; a name wins over a file, write ./name for the file.
For `verify` it may be the folder of a run or of a sweep, for `histogram` that of a run.
`qtraj COMMAND --help` lists the options of a command.

examples:
  qtraj verify experiment.toml
  qtraj exact two-qubit-exchange --set angle=0.3 --json
  qtraj histogram experiment.toml --figure sigma.pdf

exit codes:
  0 all checks hold    1 a check fails    2 bad input    3 inconclusive    4 a file cannot be read or written
  70 a bug of qtraj    130 interrupted

options:
  -h, --help  show this help
  --version   show the version ({__version__})
  --debug     with a command: show the traceback of an error
"""

GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "what is simulated": ("--set", "--over", "--zip", "--protocol"),
    "sampling": ("--paths", "--seed", "--sampler", "--records", "--blocks", "--n-jobs", "--backend", "--scheduler"),
    "input and output": ("--out", "--partial", "--figure", "--report", "--quantity", "--log", "--json", "--quiet"),
    "help": ("--help", "--debug"),
}
"""Titles of the groups of options, in the order of a help page."""

SYNOPSES: Final[Mapping[str, str]] = {
    "verify": "TARGET [options]",
    "exact": "TARGET [options]",
    "histogram": "TARGET [options]",
    "models": "[NAME] [options]",
    "reproduce": "[NAME] [options]",
    "sample": "TARGET --out DIR [options]",
    "resume": "DIR [options]",
    "merge": "A B --out DIR [options]",
    "sweep": "TARGET [--over KEY=VALUES] --out DIR [options]",
    "completion": "SHELL",
}

# Of all commands; those below have a verdict besides, `resume` that of a sweep.
_EXITS: Final = {
    0: "done",
    2: "bad input: one sentence on standard error says what",
    4: "a file cannot be read or written",
    70: "a bug of qtraj: please report it",
    130: "interrupted",
}
_VERDICTS: Final = {
    0: "all checks hold",
    1: "a check fails",
    3: "inconclusive: nothing fails, but it hardly could have",
}
_WITH_VERDICT: Final = ("verify", "sweep", "resume")

_SEE_ALSO: Final[Mapping[str, str]] = {
    "verify": "exact (no sampling), histogram (the law), sweep (many values); in the source: docs/negative_controls.md",
    "exact": "verify (a verdict), histogram (the law); in the source: docs/thermal_operations.md, continuous_time.md",
    "histogram": "verify (a verdict), sample (single paths); in the source: docs/rare_paths_and_estimates.md",
    "models": "reproduce (the figures of the papers), exact and verify (run one); in the source: docs/references.bib",
    "reproduce": "models (the processes behind the figures); in the source: docs/references.bib",
    "sample": "resume, merge, verify and histogram (read what is stored); in the source: docs/stored_runs.md",
    "resume": "sample (start a run), merge; in the source: docs/stored_runs.md",
    "merge": "sample --blocks (make the pieces), resume; in the source: docs/stored_runs.md",
    "sweep": "verify (one point), resume (go on with a sweep), exact",
    "completion": "`qtraj --help` (all commands)",
}


def group_of(option: str) -> str:
    """Title of the group that an option belongs to.

    Example:
        >>> group_of("--seed")
        'sampling'
    """
    return next(title for title, options in GROUPS.items() if option in options)


def description(command: str) -> str:
    """What a command does, and what one has to know of it.

    Example:
        >>> description("merge").splitlines()[0]
        'Put two stored runs of one experiment together.'
    """
    return f"{COMMANDS[command].capitalize()}.\n{_DETAILS[command]}"


def closing(command: str) -> str:
    """Examples, exit codes and further reading of a command, as its help ends with them.

    Example:
        >>> print(closing("merge").splitlines()[3])
          qtraj merge seven eight --out pooled
    """
    examples = textwrap.indent(textwrap.dedent(_EXAMPLES[command]), "  ")
    codes = {**_EXITS, **(_VERDICTS if command in _WITH_VERDICT else {})}
    lines = ["examples:", examples, "", "exit codes:", *(f"  {code:<4} {codes[code]}" for code in sorted(codes))]
    return "\n".join([*lines, "", "see also:", f"  {_SEE_ALSO[command]}"])
