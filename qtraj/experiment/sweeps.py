"""Many experiments in one: the points of a sweep, each of which is an experiment of its own."""

from __future__ import annotations

import copy
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from qtraj.errors import InvalidExperiment, InvalidInput, TooLarge
from qtraj.experiment.axes import MOST_POINTS, Mode, SweepAxis, Value, axes_of, parse_over
from qtraj.experiment.load import Experiment, build_experiment
from qtraj.experiment.messages import describe
from qtraj.experiment.source import Source, change, read_source

__all__ = ["Sweep", "checked_sweep", "load_sweep_file"]

_FIXED: Final = {
    "kind": "one sweep is of one kind of process",
    "model": "one sweep is of one model",
    "sweep": "it is what says over what to sweep",
    "ensemble.seed": "every point has a seed of its own, made of the sweep's",
}
"""What cannot be swept, and why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """An experiment, and the keys of it that take one value after the other.

    Attributes:
        source: The experiment without its `[sweep]`; what the axes set need not be there.
        mode: `grid`, every value of each axis with every value of the others, the last axis changing fastest; or `zip`,
            the first values of all axes, then the second ones, and so on.
        axes: The keys and their values, at least one.
    """

    source: Source
    mode: Mode
    axes: tuple[SweepAxis, ...]

    @property
    def name(self) -> str:
        """What the experiment is called."""
        return self.source.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis on a grid, number of points where axes are zipped."""
        if self.mode == "zip":
            return (len(self.axes[0].values),)
        return tuple(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    @cached_property
    def points(self) -> Sequence[tuple[Value, ...]]:
        """The values of all axes at every point, point by point."""
        values = [axis.values for axis in self.axes]
        return list(zip(*values, strict=True) if self.mode == "zip" else itertools.product(*values))

    def experiment(self, values: Sequence[Value]) -> Experiment:
        """The experiment at a point.

        Args:
            values: A value for each axis, in their order.

        Raises:
            InvalidInput: If there can be no such experiment; the sentence names the key and the point.
            StorageError: If a matrix cannot be read.
        """
        with self._at(values), self.source.in_its_words():
            document = copy.deepcopy(self.source.document)
            for axis, value in zip(self.axes, values, strict=True):
                change(document, axis.parts, value)
            return build_experiment(self.name, document, self.source.folder)

    def check(self) -> None:
        """Build the experiments of all points once: what is wrong with one shall not show after hours of the others.

        Raises:
            InvalidInput: As `experiment`.
            StorageError: As `experiment`.
        """
        for values in self.points:
            self.experiment(values)

    @contextmanager
    def _at(self, values: Sequence[Value]) -> Iterator[None]:
        try:
            yield
        except InvalidInput as error:
            place = ", ".join(f"{axis.name} = {value}" for axis, value in zip(self.axes, values, strict=True))
            error.args = (f"at {place:.120}: {error}",)
            raise


def load_sweep_file(
    target: str | os.PathLike[str], settings: Iterable[str] = (), *, over: Iterable[str] = (), zipped: bool = False
) -> Sweep:
    """Read what is to be swept, from the table `[sweep]` of a file and from the words of a command line.

    Args:
        target: An experiment file, with or without `[sweep]`, or the name of a model.
        settings: `key=value` each, as in `load_experiment`.
        over: `key=START:STOP:COUNT`, the same with `:log` at its end, or `key=a,b,c`; a key that the file sweeps too
            gets the new values. Keys are those of `settings`.
        zipped: Take the axes value by value, whatever the file says.

    Returns:
        The sweep. Whether there is an experiment at each of its points shows when they are built.

    Raises:
        InvalidInput: If anything is wrong with the axes; the sentence names the key.
        StorageError: If the file cannot be read.

    Example:
        >>> sweep = load_sweep_file("two-qubit-exchange", over=["angle=0:1:3", "frequency=1,2"])
        >>> len(sweep), sweep.points[1]
        (6, (0.0, 2))
    """
    source = read_source(target, settings)
    mode, axes = axes_of(source.document.pop("sweep", {}))
    for axis in map(parse_over, over):
        if source.bare:
            axis = SweepAxis(parts=("parameters", *axis.parts), values=axis.values)
        same = [position for position, known in enumerate(axes) if known.parts == axis.parts]
        if same:
            axes[same[0]] = axis
        else:
            axes.append(axis)
    with source.in_its_words():
        return checked_sweep(source, "zip" if zipped else mode, axes)


def checked_sweep(source: Source, mode: Mode, axes: Sequence[SweepAxis]) -> Sweep:
    """A sweep, if its axes can be axes of one.

    Raises:
        InvalidExperiment: If they cannot; `TooLarge` if there are too many points.
    """
    if not axes:
        raise InvalidExperiment(
            "a sweep must have something to sweep over, but neither a table `sweep` nor `--over` names a key"
        )
    seen = set[tuple[str, ...]]()
    for axis in axes:
        _check_key(axis, source)
        if axis.parts in seen:
            raise InvalidExperiment(f"`sweep.{axis.key}` must be given once, but is given twice")
        seen.add(axis.parts)
    sizes = [len(axis.values) for axis in axes]
    if mode == "zip" and len(set(sizes)) > 1:
        shown = ", ".join(f"{axis.name} has {size}" for axis, size in zip(axes, sizes, strict=True))
        raise InvalidExperiment(f"zipped axes must have equally many values, but {shown}")
    number = sizes[0] if mode == "zip" else math.prod(sizes)
    if number > MOST_POINTS:
        product = " x ".join(map(str, sizes))
        raise TooLarge(
            f"a sweep must have at most {MOST_POINTS:,} points, but has {product} = {number:,}", measured=number
        )
    if mode == "grid":
        for axis in axes:
            _check_distinct(f"`sweep.{axis.key}` must have different values", axis.values)
    sweep = Sweep(source=source, mode=mode, axes=tuple(axes))
    if mode == "zip":
        _check_distinct("zipped axes must give different points", sweep.points)
    return sweep


def _check_key(axis: SweepAxis, source: Source) -> None:
    for key, reason in _FIXED.items():
        if axis.key == key or (key == "sweep" and axis.parts[0] == key):
            raise InvalidExperiment(f"`{axis.key}` cannot be swept: {reason}")
    if axis.parts[-1] == "file":
        raise InvalidExperiment(f"`{axis.key}` cannot be swept: a stored sweep keeps one copy of a matrix file")
    if axis.parts in source.settings:
        raise InvalidExperiment(f"`{axis.key}` must be either set or swept, but is both")


def _check_distinct(must: str, values: Sequence[Any]) -> None:
    seen = set[Any]()
    for value in values:
        if value in seen:
            shown = describe(value).removeprefix("is ") if not isinstance(value, tuple) else str(value)[:60]
            raise InvalidExperiment(f"{must}, but has {shown} twice")
        seen.add(value)
