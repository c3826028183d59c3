"""Run the calibration and, with `--write`, keep its page: `python -m tests.calibration [--write] [--quick]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.calibration import lawful, lawless
from tests.calibration.judgement import findings
from tests.calibration.page import PAGE, page
from tests.calibration.processes import LAWFUL, LAWLESS
from tests.calibration.tally import Tally

SEED = 20190213

FULL = {"lawful": 100_000, "lawless": 1000}
QUICK = {"lawful": 2000, "lawless": 30}


def main() -> int:
    """Run what was asked for; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK['lawful']} and {QUICK['lawless']} ensembles only")
    parser.add_argument("--processes", nargs="+", metavar="NAME", help="only these; counts of others are read")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "qtraj-calibration")
    parser.add_argument("--resume", action="store_true", help="do not run again what was kept")
    chosen = parser.parse_args()
    numbers = QUICK if chosen.quick else FULL
    tallies: dict[str, Tally] = {}
    for position, (name, case) in enumerate({**LAWFUL, **LAWLESS}.items()):
        file = chosen.keep / f"{numbers['lawful']}-{chosen.seed}-{name.replace(' ', '-').replace(',', '')}.json"
        known = file.exists() and (chosen.resume or (chosen.processes and name not in chosen.processes))
        if known:
            tallies[name] = Tally.load(file)
        elif not chosen.processes or name in chosen.processes:
            kind, calibrate = ("lawful", lawful.calibrate) if name in LAWFUL else ("lawless", lawless.calibrate)
            start = time.perf_counter()
            tallies[name] = calibrate(case, ensembles=numbers[kind], seed=chosen.seed + position)
            tallies[name].save(file)
            print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    text, broken = page(tallies), []
    for name, tally in tallies.items():
        case = {**LAWFUL, **LAWLESS}[name]
        broken += [f"{name}: {found}" for found in findings(tally, skewed=case.skewed) if not found.kept]
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
