"""From a file or a model's name, and settings, to a process that can be sampled: the one entry point of this floor."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidExperiment
from qtraj.experiment.collision_model import CollisionModelFile
from qtraj.experiment.correlated_operation import CorrelatedOperationFile
from qtraj.experiment.ensemble import ExperimentFile
from qtraj.experiment.jump_process import DaviesFile, JumpProcessFile
from qtraj.experiment.messages import describe, dotted, found, sentence
from qtraj.experiment.named_model import NamedModelFile, model_file
from qtraj.experiment.overrides import find_non_finite
from qtraj.experiment.source import read_source
from qtraj.experiment.thermal_operation import ThermalOperationFile
from qtraj.models import find_model
from qtraj.processes.seam import Process

__all__ = ["KINDS", "Experiment", "build_experiment", "load_experiment"]

# What `kind` may be. A new kind of process is one new file with a table like these, and one line here.
KINDS: dict[str, type[ExperimentFile]] = {
    "thermal-operation": ThermalOperationFile,
    "collision-model": CollisionModelFile,
    "correlated-operation": CorrelatedOperationFile,
    "jump-process": JumpProcessFile,
    "davies": DaviesFile,
}
"""What `kind` may be in an experiment file, with the table that checks the rest of the file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """What an experiment file says, checked and built.

    Attributes:
        name: Name of the file without its ending, or of the model.
        process: What happens.
        ensemble: The keys that `[ensemble]` gives, among `paths`, `seed`, `protocol`, `sampler`: arguments of `sample`.
        model: Name of the model, None if the file describes a process of its own.
        parameters: The model's parameters that are given, as its builder takes them.
        document: The whole file with all settings in it, as plain tables, lists and values.
        folder: What the names of matrix files in it are relative to.
    """

    name: str
    process: Process
    ensemble: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @cached_property
    def own_averages(self) -> dict[str, Any]:
        """What only this model has to say, under the names it has in JSON; empty for a process of one's own."""
        if self.model is None:
            return {}
        return find_model(self.model).own_averages(self.process, **self.parameters)


def load_experiment(target: str | os.PathLike[str], settings: Iterable[str] = ()) -> Experiment:
    """Build the process that a file or a model's name stands for.

    A known model's name means the model, even where a file or folder has the same name; write `./name` for that.

    Args:
        target: An experiment file, or the name of a model.
        settings: `key=value` each, applied in order. Keys are dotted, with positions in lists, and relative to the
            file; for a model's name, keys are its parameters.

    Returns:
        The experiment.

    Raises:
        InvalidInput: If anything in the file or in the settings is wrong; the sentence names the key.
        StorageError: If the file cannot be read.

    Example:
        >>> load_experiment("two-qubit-exchange", ["angle=0.3"]).process.inverse_temperature
        1.25
    """
    source = read_source(target, settings)
    with source.in_its_words():
        return build_experiment(source.name, source.document, source.folder)


def build_experiment(name: str, document: dict[str, Any], folder: Path) -> Experiment:
    """Build the process that the content of a file describes.

    Args:
        name: What the experiment is called.
        document: What is in the file.
        folder: What the names of matrix files in it are relative to.

    Raises:
        InvalidInput: If anything in the document is wrong; the sentence names the key.
        StorageError: If a matrix cannot be read.
    """
    if "sweep" in document:
        raise InvalidExperiment(
            "the file must describe one experiment, but its table `sweep` makes many of it; run them all by "
            "`qtraj sweep FILE --out DIR`"
        )
    place = find_non_finite(document)
    if place is not None:
        raise InvalidExperiment(f"`{dotted(place)}` must be finite, but is not")
    file = _validated(document)
    # Products of huge numbers in a file may overflow on the way; the constructors refuse what comes of it by name.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        process = file.build(folder)
    model, parameters = None, {}
    if isinstance(file, NamedModelFile):
        model, parameters = file.model, file.arguments(folder)
    return Experiment(
        name=name,
        process=process,
        ensemble=file.ensemble.given(),
        model=model,
        parameters=parameters,
        document=document,
        folder=folder,
    )


def _validated(document: dict[str, Any]) -> ExperimentFile:
    schema: type[ExperimentFile]
    if "model" in document and "kind" in document:
        raise InvalidExperiment("the file must have either `kind` or `model`, but has both")
    if "model" in document:
        if not isinstance(document["model"], str):
            raise InvalidExperiment(f"`model` must be the name of a model, but {describe(document['model'])}")
        schema = model_file(document["model"])
    else:
        kind = document.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise InvalidExperiment(
                f"`kind` must be one of {', '.join(KINDS)} (or `model` the name of a model), but {found(kind, KINDS)}"
            )
        schema = KINDS[kind]
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise InvalidExperiment(sentence(error)) from None
