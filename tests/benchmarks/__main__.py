"""Run all benchmarks in one go and print their table; with --write, keep table and growth curves in docs/benchmarks.md.

python -m tests.benchmarks            # about ten minutes; the machine should have nothing else to do
python -m tests.benchmarks --write
python -m tests.benchmarks --quick    # does it all work? In two minutes; the figures mean little
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from types import ModuleType

from tests.benchmarks import (
    bench_collisions,
    bench_diagnostics,
    bench_environments,
    bench_jumps,
    bench_operations,
    bench_sizes,
    bench_splitting,
    bench_startup,
    bench_workers,
)
from tests.benchmarks.page import write_page
from tests.benchmarks.report import Growth, Line, growth_table, table

MODULES: tuple[ModuleType, ...] = (
    bench_operations,
    bench_splitting,
    bench_sizes,
    bench_environments,
    bench_diagnostics,
    bench_collisions,
    bench_jumps,
    bench_workers,
    bench_startup,
)


def lines(*, quick: bool) -> Iterator[Line]:
    """All lines of the table."""
    for module in MODULES:
        yield from module.lines(quick=quick)


def curves(*, quick: bool) -> Iterator[Growth]:
    """All growth curves."""
    for module in MODULES:
        if hasattr(module, "growth"):
            yield from module.growth(quick=quick)


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, few repeats")
    parser.add_argument("--write", action="store_true", help="keep table and curves in docs/")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("--write keeps what was measured in full: leave out --quick")
    begun = time.perf_counter()
    results, growths = [], []
    for line in lines(quick=arguments.quick):
        results.append(line)
        print(f"{line.what}: {line.figure}   [{line.aim}]", file=sys.stderr, flush=True)
    for growth in curves(quick=arguments.quick):
        growths.append(growth)
        print(f"\n{growth.what}, in seconds:\n{growth_table(growth)}", file=sys.stderr, flush=True)
    minutes = (time.perf_counter() - begun) / 60
    print(table(results))
    print(f"{minutes:.1f} minutes", file=sys.stderr)
    if arguments.write:
        write_page(results, growths, minutes=minutes)


if __name__ == "__main__":
    main()
