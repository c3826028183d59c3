"""
Populations against coherence
=============================

On every path the entropy production splits into a part from the populations and a part from the coherence [Santos19].
Both are negative now and then, and their sum is what the theorem is about: neither part obeys one of its own.
"""

import sys

import qtraj
from qtraj.plots import joint_map, save_figure

system = qtraj.System(energies=[0.0, 1.0, 3.0], state=qtraj.State.haar(3, seed=1))
bath = qtraj.Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)

ensemble = qtraj.sample(process, paths=1_000_000, seed=7)
for name in ("sigma", "sigma_d", "xi"):
    print(
        f"<e^-{name}> = {ensemble.exponential_average(name):.3f}, exactly {ensemble.law.exponential_average(name):.3f}"
    )

figure = joint_map(ensemble, "sigma_d", "xi").figure

if sys.argv[1:]:
    save_figure(figure, sys.argv[1])
