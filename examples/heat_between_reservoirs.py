r"""Heat between two reservoirs, one collision at a time.

A qubit meets a fresh hot qubit and then a fresh cold one, again and again [Li18]. Every path has its own heat into each
reservoir; the two come in whole quanta and fluctuate together, because what the hot units lose the cold ones mostly
gain, and the qubit can keep only one quantum. The picture shows the mean heat of every round with its exact steady
value, and the joint histogram of the two heats with its exact law.

Run it with `python examples/heat_between_reservoirs.py --figure heat.png`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from qtraj import (
    CollisionModel,
    CollisionStep,
    CompositeSystem,
    EnergyConservingUnitary,
    Ensemble,
    Reservoir,
    State,
    averages,
    sample,
)
from qtraj.plots import currents, joint_map, save_figure
from qtraj.plots.style import PAGE_WIDTH, PaperFigure, paper_style


def qubit_between(beta_hot: float, beta_cold: float, *, angle: float, rounds: int) -> CollisionModel:
    """A qubit that starts in equilibrium with the cold reservoir and meets units of both, by partial swaps."""
    reservoirs = {
        "hot": Reservoir(energies=[0.0, 1.0], inverse_temperature=beta_hot),
        "cold": Reservoir(energies=[0.0, 1.0], inverse_temperature=beta_cold),
    }
    qubit = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.gibbs([0.0, 1.0], beta_cold))
    steps = [
        CollisionStep(
            reservoir=name,
            on=["S"],
            unitary=EnergyConservingUnitary.partial_swap(qubit.part(["S"]), reservoir.environment, angle=angle),
        )
        for name, reservoir in reservoirs.items()
    ]
    return CollisionModel(composite=qubit, reservoirs=reservoirs, steps=steps, repeat=rounds)


def describe(model: CollisionModel, ensemble: Ensemble) -> None:
    """Sampled heats beside exact ones."""
    exact = averages(model)
    assert exact.steady_heat_into is not None  # a partial swap with fresh units forgets every start
    print(f"{ensemble.paths:,} paths of {model.repeat} rounds")
    for name, heat in exact.heat_into.items():
        quantity = f"heat_into_{name}"
        print(
            f"  heat into {name:>4}: {ensemble.mean(quantity):+.5f} +- {ensemble.standard_error(quantity):.5f} "
            f"(exact {heat.sum():+.5f}), in the steady state {exact.steady_heat_into[name]:+.5f} a round"
        )
    sampled, weight = ensemble.mean("sigma"), ensemble.exponential_average("sigma")
    print(f"  <sigma> = {sampled:.5f} (exact {exact.entropy_production:.5f}), <e^-sigma> = {weight:.4f} (exact 1)")
    backwards = ensemble.law.probability_negative_sigma
    print(f"  the entropy production is negative on {backwards:.1%} of the paths")


def draw(path: str, model: CollisionModel, ensemble: Ensemble) -> None:
    """Currents to the left, both heats to the right."""
    with paper_style():
        figure = PaperFigure.of_size(width=PAGE_WIDTH, height=2.9)
        left, right = figure.subplots(1, 2)
        currents(model, ax=left)
        joint_map(ensemble, "heat_into_hot", "heat_into_cold", ax=right)
    save_figure(figure, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(description="Heat between two reservoirs, one collision at a time.")
    parser.add_argument("--rounds", type=int, default=20, help="how often the qubit meets both reservoirs")
    parser.add_argument("--paths", type=float, default=1e6, help="number of paths")
    parser.add_argument("--seed", type=int, default=1, help="seed of the paths")
    parser.add_argument("--figure", help="file to draw to")
    options = parser.parse_args(arguments)
    model = qubit_between(0.5, 1.5, angle=0.5, rounds=options.rounds)
    ensemble = sample(model, paths=options.paths, seed=options.seed)
    describe(model, ensemble)
    if options.figure:
        draw(options.figure, model, ensemble)


if __name__ == "__main__":
    main()
