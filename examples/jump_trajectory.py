r"""One quantum-jump trajectory: when the detector clicks, what the state does in between, and what it adds up to.

A qutrit that starts with coherence cools down in a bath [Santos19]. Until the first click the state is a superposition
that changes although nothing happens: silence is information. From then on it hops from level to level. The entropy
production of the trajectory is what the jumps send into the bath, completed by the two measurements at its ends.

Run it with `python examples/jump_trajectory.py --figure trajectory.png`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from qtraj import Ensemble, JumpProcess, build_model, sample
from qtraj.plots import save_figure, trajectory
from qtraj.plots.style import figure_of


def describe(process: JumpProcess, ensemble: Ensemble, path: int) -> None:
    """Every jump of one trajectory, and the books."""
    assert ensemble.records is not None
    times, which = ensemble.records[path]
    print(f"trajectory {path} of {ensemble.paths:,}: {times.size} jumps in a time of {process.duration:g}")
    total = 0.0
    for time, jump in zip(times, which, strict=True):
        total += process.entropies[jump]
        print(f"  t = {time:7.4f}: heat into the bath {process.heats[jump]:+.2f}, entropy so far {total:+.4f}")
    sigma = ensemble["sigma"][path]
    print(f"  sigma = {total:+.4f} from the jumps {sigma - total:+.4f} from the ends = {sigma:+.4f}")
    print(f"over all: <sigma> = {ensemble.mean('sigma'):.4f} +- {ensemble.standard_error('sigma'):.4f}")
    print(f"          <e^-sigma> = {ensemble.exponential_average('sigma'):.4f} (exact 1)")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the jumps and draw the picture."""
    parser = argparse.ArgumentParser(description="One quantum-jump trajectory of a qutrit that cools down.")
    parser.add_argument("--duration", type=float, default=15.0, help="how long to follow it")
    parser.add_argument("--paths", type=int, default=10_000, help="number of trajectories to draw")
    parser.add_argument("--path", type=int, default=145, help="which one to show")
    parser.add_argument("--seed", type=int, default=1, help="seed of the trajectories")
    parser.add_argument("--figure", help="file to draw to")
    options = parser.parse_args(arguments)
    process = build_model("davies-qutrit", duration=options.duration)
    ensemble = sample(process, paths=options.paths, seed=options.seed, keep_records=True)
    describe(process, ensemble, options.path)
    if options.figure:
        save_figure(figure_of(trajectory(ensemble, options.path)), options.figure)


if __name__ == "__main__":
    main()
