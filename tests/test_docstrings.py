"""Everything public says what it is, and what is meant to be called first shows how."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType

import pytest

import qtraj

# Packages whose names are meant to be imported from them; what they offer has an example.
FACES = ("qtraj", "qtraj.experiment", "qtraj.models", "qtraj.plots", "qtraj.storage", "qtraj.strategies")

# Records that functions return and nobody makes: those functions have the example.
RETURNED = {"Experiment", "RunFolder", "Sweep", "SweepFolder"}


def function_of(member: object) -> FunctionType | None:
    """The function behind a method, a property or a cached property."""
    for name in ("fget", "func", "__func__"):
        member = getattr(member, name, member)
    return member if inspect.isfunction(member) else None


def documented(module: object) -> Iterator[tuple[str, str | None]]:
    """Name and docstring of everything public that a module defines, methods and properties included."""
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            # A dataclass without a docstring is given its signature as one.
            own = vars(value).get("__doc__") or ""
            yield name, "" if own.startswith(f"{name}(") else own
            for key, member in vars(value).items():
                function = function_of(member)
                if function is not None and not key.startswith("_"):
                    yield f"{name}.{key}", function.__doc__
        elif inspect.isfunction(value):
            yield name, value.__doc__


def modules() -> Iterator[object]:
    for found in pkgutil.walk_packages(qtraj.__path__, "qtraj."):
        if found.name != "qtraj.__main__":  # importing it runs the command line
            yield importlib.import_module(found.name)


def test_every_module_and_every_public_name_has_a_docstring() -> None:
    silent, total = [], 0
    for module in modules():
        assert module.__doc__, module.__name__
        for name, text in documented(module):
            total += 1
            if not (text and text.strip()):
                silent.append(f"{module.__name__}.{name}")
    assert not silent
    assert total > 1000, "hardly anything was looked at"


def has_example(value: object) -> bool:
    """Whether the docstring, or that of a public method, has an example."""
    texts = [value.__doc__]
    if inspect.isclass(value):
        texts += [function.__doc__ for member in vars(value).values() if (function := function_of(member))]
    return any(">>>" in (text or "") for text in texts)


@pytest.mark.parametrize("face", FACES)
def test_what_a_face_offers_has_an_example(face: str) -> None:
    module = importlib.import_module(face)
    offered = {name: getattr(module, name) for name in module.__all__ if name not in RETURNED}
    called = {name: value for name, value in offered.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert called
    assert not [name for name, value in called.items() if not has_example(value)]


def test_silence_is_noticed() -> None:
    """Negative control."""

    class Silent:
        def method(self) -> None:
            pass

        @property
        def value(self) -> int:
            return 1

    Silent.__module__ = "made_up"
    module = type(inspect)("made_up")
    module.Silent, module.__all__ = Silent, ["Silent"]
    assert dict(documented(module)) == {"Silent": "", "Silent.method": None, "Silent.value": None}
    assert not has_example(Silent)
