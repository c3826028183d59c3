"""What a target says before anything in it is checked: a file, or a model's name as the file it stands for."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qtraj.errors import InvalidExperiment, InvalidInput
from qtraj.experiment.files import read_experiment
from qtraj.experiment.messages import hint
from qtraj.experiment.overrides import apply_setting, parse_setting
from qtraj.models import MODELS, find_model

__all__ = ["Source", "change", "read_source"]

MOST_FILES: Final = 200
"""Files of a folder among which a mistyped one is looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What a target says, with all settings in it, not checked yet.

    Attributes:
        name: Name of the file without its ending, or of the model.
        document: The whole file, or what it would be for the model.
        folder: What the names of matrix files in it are relative to.
        settings: The dotted keys that settings have changed, in parts.
        bare: Whether there is no file, but only a model's name.
    """

    name: str
    document: dict[str, Any]
    folder: Path
    settings: tuple[tuple[str, ...], ...] = ()
    bare: bool = False

    @contextmanager
    def in_its_words(self) -> Iterator[None]:
        """Inside the `with`, errors name parameters as the user does: without a file there is no table of them."""
        try:
            yield
        except InvalidInput as error:
            if self.bare:
                plain = str(error).replace("`parameters` has no key", f"model {self.name} has no parameter")
                error.args = (plain.replace("in `parameters`: ", "").replace("`parameters.", "`"),)
            raise


def read_source(target: str | os.PathLike[str], settings: Iterable[str] = ()) -> Source:
    """Read a file, or stand in for one where the target is a model's name, and apply settings.

    Args:
        target: An experiment file, or the name of a model, which wins over a file of that name.
        settings: `key=value` each, applied in order.

    Raises:
        InvalidInput: If the file is none, or a setting cannot be applied.
        StorageError: If the file cannot be read.
    """
    text = os.fspath(target)
    parsed = [parse_setting(setting) for setting in settings]
    bare = text in MODELS
    if bare:
        parsed = [(["parameters", *parts], value) for parts, value in parsed]
    source = Source(
        name=text if bare else Path(text).stem,
        document={"model": text, "parameters": {}} if bare else _read(text),
        folder=Path() if bare else Path(text).parent,
        settings=tuple(tuple(parts) for parts, _ in parsed),
        bare=bare,
    )
    with source.in_its_words():
        for parts, value in parsed:
            change(source.document, parts, value)
    return source


def change(document: dict[str, Any], parts: Sequence[str], value: Any) -> None:
    """Put a value where a dotted key points, in a document that may leave it to a default of its model.

    Raises:
        InvalidExperiment: As `apply_setting`.
    """
    _offer_default(document, parts)
    apply_setting(document, list(parts), value)


def _read(text: str) -> dict[str, Any]:
    if not text:
        raise InvalidExperiment("the target must be an experiment file or the name of a model, but is empty")
    try:
        return read_experiment(text)
    except FileNotFoundError:
        raise InvalidExperiment(
            f"the target must be an experiment file or the name of a model, but {text[:80]!r} is neither; "
            f"{hint(text, difflib.get_close_matches(text, [*MODELS, *_files_beside(text)], n=1) or list(MODELS))}"
        ) from None


def _files_beside(text: str) -> list[str]:
    """Experiment files in the folder where one was looked for, as one would write them."""
    folder = os.path.dirname(text)
    try:
        names = sorted(name for name in os.listdir(folder or ".") if name.endswith(".toml"))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names[:MOST_FILES]]


def _offer_default(document: dict[str, Any], parts: Sequence[str]) -> None:
    """Let a setting change one entry of a parameter that the file leaves at its default."""
    name, parameters = document.get("model"), document.get("parameters", {})
    if isinstance(name, str) and name in MODELS and isinstance(parameters, dict) and len(parts) > 2:
        defaults = find_model(name).parameters
        if parts[0] == "parameters" and parts[1] in defaults and parts[1] not in parameters:
            document["parameters"] = parameters | {parts[1]: _as_in_files(defaults[parts[1]])}


def _as_in_files(default: Any) -> Any:
    """A parameter's default with lists where Python has tuples, its own copy."""
    return [_as_in_files(entry) for entry in default] if isinstance(default, list | tuple) else default
