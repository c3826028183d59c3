"""What a person and a program read of the named models: their sources, parameters, defaults and meanings."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import Any

from qtraj.models import Model

__all__ = ["model_table", "models_document", "models_table"]


def models_document(models: Sequence[Model]) -> dict[str, Any]:
    """The models as plain JSON values; defaults as `--set` takes them."""
    return {
        "models": [
            {
                "name": model.name,
                "source": model.source,
                "summary": model.summary,
                "parameters": {key: _plain(value) for key, value in model.parameters.items()},
                "meanings": model.meanings,
            }
            for model in models
        ]
    }


def models_table(models: Sequence[Model]) -> str:
    """Name, source, summary and parameters of every model."""
    lines = []
    for model in models:
        lines.append(f"{model.name}  [{model.source}]")
        lines += textwrap.wrap(model.summary, 100, initial_indent="  ", subsequent_indent="  ")
        width = max(len(key) for key in model.parameters) + 2
        lines += [f"    {key:<{width}}{_written(value)}" for key, value in model.parameters.items()]
        lines.append("")
    lines.append("Run one with its defaults, `qtraj verify NAME`, or change a parameter, `--set PARAMETER=VALUE`.")
    lines.append("`qtraj models NAME` says what the parameters of one model mean.")
    return "\n".join(lines)


def model_table(model: Model) -> str:
    """Name, source and summary of one model, and every parameter with its default and its meaning."""
    lines = [f"{model.name}  [{model.source}]"]
    lines += textwrap.wrap(model.summary, 100, initial_indent="  ", subsequent_indent="  ")
    for key, value in model.parameters.items():
        lines += ["", f"  {key} = {_written(value)}"]
        lines += textwrap.wrap(model.meanings[key], 100, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """A parameter's default as JSON has it, and as `--set` takes it."""
    return {"real": value.real, "imag": value.imag} if isinstance(value, complex) else value


def _written(value: Any) -> str:
    return json.dumps(_plain(value))
