"""The named models, with their parameters in words and the papers' own figures as defaults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qtraj.errors import UnknownName
from qtraj.models.diosi14 import resonant_pair, resonant_pair_extras
from qtraj.models.li18 import coherent_collision, coherent_collision_extras
from qtraj.models.lk14 import two_node_network, two_node_network_extras
from qtraj.models.rfa13 import (
    dephased_junction,
    dephased_junction_extras,
    dephasing_qubit,
    dephasing_qubit_extras,
)
from qtraj.models.santos19 import two_qubit_exchange
from qtraj.models.santos19_davies import davies_qutrit, davies_qutrit_extras

__all__ = ["MODELS", "Model", "build_model", "find_model"]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A named model.

    Attributes:
        name: Its name on the command line.
        source: Key of the paper in the bibliography.
        build: Function from parameters to a process.
        extras: Function from the process and all parameters to quantities that only this model has, plain numbers
            and lists under the names they have in JSON; None if there are none.

    Example:
        >>> find_model("davies-qutrit").parameters["duration"]
        2.0
    """

    name: str
    source: str
    build: Callable[..., Any]
    extras: Callable[..., dict[str, Any]] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameter names and their defaults."""
        return {name: p.default for name, p in inspect.signature(self.build).parameters.items()}

    @property
    def summary(self) -> str:
        """First line of the builder's documentation."""
        return (inspect.getdoc(self.build) or "").splitlines()[0]

    @property
    def meanings(self) -> dict[str, str]:
        """What every parameter means, from the section `Args` of the builder's documentation."""
        section = re.search(r"^Args:\n((?: +.*\n|\n)*)", f"{inspect.getdoc(self.build)}\n", re.MULTILINE)
        entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE)
        return {name: " ".join(text.split()) for name, text in entries}

    @property
    def own_title(self) -> str:
        """What only this model has to say, in a few words: the first line of its documentation."""
        first = (inspect.getdoc(self.extras) or "").partition("\n")[0].rstrip(".")
        return f"of {self.name}: {first[:1].lower()}{first[1:]}"

    def own_averages(self, process: Any, **parameters: Any) -> dict[str, Any]:
        """What only this model has to say about a process that `build` made, under the names it has in JSON.

        Args:
            process: What `build` returned for these parameters.
            parameters: Values that differ from the defaults.
        """
        return {} if self.extras is None else self.extras(process, **{**self.parameters, **parameters})


MODELS: Mapping[str, Model] = {
    model.name: model
    for model in (
        Model(name="two-qubit-exchange", source="Santos19", build=two_qubit_exchange),
        Model(name="davies-qutrit", source="Santos19", build=davies_qutrit, extras=davies_qutrit_extras),
        Model(name="coherent-collision", source="Li18", build=coherent_collision, extras=coherent_collision_extras),
        Model(name="two-node-network", source="LK14", build=two_node_network, extras=two_node_network_extras),
        Model(name="resonant-pair", source="Diosi14", build=resonant_pair, extras=resonant_pair_extras),
        Model(name="dephased-junction", source="RFA13", build=dephased_junction, extras=dephased_junction_extras),
        Model(name="dephasing-qubit", source="RFA13", build=dephasing_qubit, extras=dephasing_qubit_extras),
    )
}
"""All named models, by name."""


def find_model(name: str) -> Model:
    """The model of that name.

    Raises:
        UnknownName: With the nearest known name.

    Example:
        >>> find_model("dephasing-qubits")
        Traceback (most recent call last):
            ...
        qtraj.errors.UnknownName: model 'dephasing-qubits' is not known; did you mean 'dephasing-qubit'?
    """
    if not isinstance(name, str) or name not in MODELS:
        raise UnknownName("model", name, MODELS)
    return MODELS[name]


def build_model(name: str, **parameters: Any) -> Any:
    """Build a named model.

    Args:
        name: See `MODELS`.
        parameters: Values that differ from the defaults.

    Raises:
        UnknownName: If the model or a parameter is unknown.

    Example:
        >>> build_model("two-qubit-exchange", angle=0.3).inverse_temperature
        1.25
    """
    model = find_model(name)
    for key in parameters:
        if key not in model.parameters:
            raise UnknownName(f"parameter of {name}", key, model.parameters)
    return model.build(**parameters)
