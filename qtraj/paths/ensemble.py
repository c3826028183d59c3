r"""Ensembles of sampled paths: counts over the classes of a law, and rows if single paths were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.explicit import expand_counts
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import Process

__all__ = ["Ensemble"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Sampled paths of one process under one protocol.

    Attributes:
        process: What the paths are paths of.
        law: The exact law of the paths' classes.
        sampler: How they were drawn: `counts`, `explicit` or `followed`.
        seeds: Seed of the run, several for a pooled ensemble.
        paths: Number of paths N.
        class_counts: How many paths fell into each class of the law, shape (C,).
        rows: One array a column, one entry a path, in random order; None when only counts were asked for. Columns:
            alpha, mu, beta, nu, n, m (whole numbers) and sigma, sigma_d, xi, heat, as far as the protocol has them.
        outside: Paths that fell into no class of the law; anything but 0 means that law and sampler disagree.
    """

    process: Process
    law: PathLaw
    sampler: str
    seeds: tuple[int, ...]
    paths: int
    class_counts: IntArray
    rows: Mapping[str, NDArray[Any]] | None = None
    outside: int = 0

    def __post_init__(self) -> None:
        """Check that the counts belong to the law."""
        counts = np.array(self.class_counts, dtype=np.int64)  # a copy: the caller may go on using the original
        if counts.shape != (self.law.classes,):
            raise InvalidInput(f"`class_counts` must have shape ({self.law.classes},), but has {counts.shape}")
        if int(counts.sum()) + self.outside != self.paths:
            raise InvalidInput(
                f"`class_counts` must add up to {self.paths - self.outside} paths, but add up to {int(counts.sum())}"
            )
        if (least := int(counts.min(initial=0))) < 0 or self.outside < 0:
            least = min(least, self.outside)
            raise InvalidInput(f"numbers of paths must not be negative, but the least is {least}", measured=least)
        object.__setattr__(self, "class_counts", frozen(counts))
        if self.rows is not None:
            rows = {name: frozen(column) for name, column in self.rows.items()}
            object.__setattr__(self, "rows", MappingProxyType(rows))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the rows as a plain dictionary: a read-only one cannot be pickled."""
        return {**self.__dict__, "rows": None if self.rows is None else dict(self.rows)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Check and freeze again what was pickled: arrays come back writable."""
        self.__dict__.update(state)
        self.__post_init__()

    @property
    def seed(self) -> int:
        """The seed; the smallest one of a pooled ensemble."""
        return self.seeds[0]

    @property
    def protocol(self) -> str:
        """Name of the measurement protocol."""
        return self.law.protocol.value

    @property
    def counts(self) -> IntArray:
        """Number of paths each entry stands for: 1 a row, or the counts of the classes if there are no rows."""
        return self.class_counts if self.rows is None else np.ones(self.paths, dtype=np.int64)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The table of single paths, one entry a path.

        Raises:
            NotRecorded: If only counts were drawn. A column of classes would look like one of paths, and its plain
                mean like the mean of the paths, which it is not.
        """
        if self.rows is None:
            raise NotRecorded(
                "single paths are not recorded in an ensemble of counts; `expand()` draws them, and `class_table` "
                "lists the classes with their counts"
            )
        return {**self.rows, "counts": self.counts}

    @property
    def class_table(self) -> dict[str, NDArray[Any]]:
        """One entry a class of the law, with `counts`: weigh by them whatever you compute from the other columns."""
        law = self.law
        table: dict[str, NDArray[Any]] = {name: getattr(law, name) for name in ("alpha", "beta", "n", "m")}
        table = {name: column for name, column in table.items() if column.size == 0 or column[0] >= 0}
        table.update({name: law.quantity(name) for name in ("sigma", "sigma_d", "xi", "heat") if law.records(name)})
        return {**table, "counts": self.class_counts}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column of single paths by name.

        Raises:
            NotRecorded: If there is no such column, or only counts were drawn (see `columns`).
        """
        if self.rows is not None and name in self.rows:
            return self.rows[name]
        table = self.columns
        if name not in table:
            raise NotRecorded(f"`{name}` is not recorded in this ensemble, which has {', '.join(table)}")
        return table[name]

    def __len__(self) -> int:
        """Number of paths."""
        return self.paths

    def mean(self, name: str) -> float:
        """Sampled mean of sigma, sigma_d, xi or heat."""
        return float((self.class_counts * self.law.quantity(name)).sum() / self._inside)

    def variance(self, name: str) -> float:
        """Sampled variance of sigma, sigma_d, xi or heat (divided by N)."""
        centred = self.law.quantity(name) - self.mean(name)
        return float((self.class_counts * centred**2).sum() / self._inside)

    def standard_error(self, name: str) -> float:
        """Standard error of the sampled mean, from the sampled variance."""
        return float(np.sqrt(self.variance(name) / max(1, self.paths - 1)))

    def exponential_average(self, name: str, u: float = 1.0) -> float:
        r"""Sampled :math:`\langle e^{-u s}\rangle`. It can look converged when it is not: `verify` tells."""
        paths, seen = self._inside, self.class_counts > 0
        exponents = -u * self.law.quantity(name)[seen]
        top = float(exponents.max())
        with np.errstate(over="ignore"):
            scaled = (self.class_counts[seen] * np.exp(exponents - top)).sum() / paths
            return float(scaled * np.exp(top))

    @property
    def _inside(self) -> int:
        """Number of paths that fell into a class of the law; an average needs one."""
        if self.paths == self.outside:
            raise InvalidInput("an average needs at least one path in a class of the law, but there is none")
        return self.paths - self.outside

    def histogram(self, name: str, bins: int | FloatArray = 50) -> tuple[IntArray, FloatArray]:
        """Counts of a quantity in bins, as `numpy.histogram` returns them.

        Args:
            name: sigma, sigma_d, xi or heat.
            bins: Number of equal bins, or edges.

        Returns:
            Counts, shape (B,), and edges, shape (B + 1,).

        Raises:
            InvalidInput: If `bins` is neither a positive number nor at least two ascending edges.
        """
        values = self.law.quantity(name)
        try:
            edges = np.histogram_bin_edges(values, bins=bins)
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"`bins` must be a positive number or ascending edges, but: {error}") from error
        if edges.size < 2:
            raise InvalidInput(f"`bins` must have at least 2 edges, but has {edges.size}", measured=edges.size)
        # NumPy would add the weights as doubles; bin numbers keep the counts whole.
        inside = (values >= edges[0]) & (values <= edges[-1])
        position = np.clip(np.searchsorted(edges, values[inside], side="right") - 1, 0, edges.size - 2)
        totals = np.zeros(edges.size - 1, dtype=np.int64)
        np.add.at(totals, position, self.class_counts[inside])
        return totals, edges

    def expand(self) -> Ensemble:
        """Individual labelled paths (columns with mu and nu) in random order, for the same class counts.

        The labels and the order are drawn from this run's seed.

        Raises:
            TooLarge: If there are more paths than rows fit.
        """
        if self.rows is not None:
            return self
        labels = LabelTable.of(self.process, self.law)
        return replace(self, rows=expand_counts(self.law, labels, self.class_counts, self.seed))

    def merge(self, other: Ensemble) -> Ensemble:
        """Pool two ensembles of the same process and protocol drawn with different seeds; neither is changed.

        Raises:
            InvalidInput: If their laws differ or a seed occurs in both (those paths would count twice).
        """
        if not _same_law(self.law, other.law):
            raise InvalidInput("ensembles must have the same process and protocol to be merged, but their laws differ")
        if common := set(self.seeds) & set(other.seeds):
            raise InvalidInput(f"ensembles must have different seeds to be merged, but both have {sorted(common)[0]}")
        first, second = sorted((self, other), key=lambda one: one.seeds)
        rows = None
        if first.rows is not None and second.rows is not None:
            rows = {name: np.concatenate([first.rows[name], second.rows[name]]) for name in first.rows}
        return Ensemble(
            process=self.process,
            law=self.law,
            sampler=self.sampler if self.sampler == other.sampler else f"{first.sampler}+{second.sampler}",
            seeds=tuple(sorted((*self.seeds, *other.seeds))),
            paths=self.paths + other.paths,
            class_counts=self.class_counts + other.class_counts,
            rows=rows,
            outside=self.outside + other.outside,
        )

    def __add__(self, other: Ensemble) -> Ensemble:
        """Same as `merge`."""
        return self.merge(other) if isinstance(other, Ensemble) else NotImplemented

    def __repr__(self) -> str:
        """One line: how many paths of what."""
        return (
            f"<Ensemble of {self.paths:,} paths, {self.law.classes:,} classes, {self.protocol} protocol, "
            f"{self.sampler} sampler, seed {', '.join(map(str, self.seeds))}>"
        )


def _same_law(one: PathLaw, other: PathLaw) -> bool:
    """Whether two laws have the same classes with the same values and probabilities.

    Probabilities alone do not tell: twice the energies at half the inverse temperature have the same, and other heat.
    """
    names = ("alpha", "branch", "beta", "n", "m", "log_forward", "sigma", "sigma_d", "xi", "heats")
    return one.protocol is other.protocol and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in names
        if getattr(one, name) is not None and getattr(other, name) is not None
    )
