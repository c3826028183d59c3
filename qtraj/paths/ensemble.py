r"""Ensembles of sampled paths: counts over the classes of a law, and rows if single paths were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded
from qtraj.paths.binning import binned
from qtraj.paths.ensemble_tables import data_frame, data_set, means_table
from qtraj.paths.explicit import expand_counts
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.paths.pooling import pooled
from qtraj.paths.sampled_values import CountedValues, WeightedValues
from qtraj.paths.tilt import Tilt
from qtraj.processes.seam import Endpoints, Process

__all__ = ["LABELS", "Ensemble"]

LABELS = ("alpha", "mu", "beta", "nu", "n", "m")


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Sampled paths of one process under one protocol.

    Attributes:
        process: What the paths are paths of.
        finite_law: The exact law of the paths' classes; None for processes whose paths can only be followed. `law` is
            the same, but raises where there is none.
        sampler: How they were drawn: `counts`, `explicit` or `followed`.
        seeds: Seed of the run, several for a pooled ensemble; empty for paths that qtraj did not draw.
        paths: Number of paths N.
        class_counts: How many paths fell into each class of the law, shape (C,); empty without a law.
        rows: One array a column, one entry a path, in random order; None when only counts were asked for. Columns:
            alpha, mu, beta, nu, n, m (whole numbers) and sigma, sigma_d, xi, heat and heat into each of several
            reservoirs, as far as the protocol has them.
        measured: What was measured at the two ends; that of the law by default.
        records: Times and channels of the jumps of every path, where they were asked for.
        outside: Paths that fell into no class of the law; anything but 0 means that law and sampler disagree.
        tilt: How paths were favoured that are rare otherwise; None if they were not. The methods below undo it with the
            paths' weights; whoever reads the rows must do so too (`log_weights`).
        origins: Digests of what was pooled, where that has no seeds to be known by; else empty.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=10**12, seed=7)
        >>> ensemble.quantities
        ('sigma', 'sigma_d', 'xi', 'heat')
        >>> abs(ensemble.mean("sigma") - ensemble.law.mean("sigma")) < 5 * ensemble.standard_error("sigma")
        True
    """

    process: Process
    finite_law: PathLaw | None
    sampler: str
    seeds: tuple[int, ...]
    paths: int
    class_counts: IntArray
    rows: Mapping[str, NDArray[Any]] | None = None
    outside: int = 0
    measured: Endpoints | None = None
    records: JumpRecords | None = None
    tilt: Tilt | None = None
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that the counts belong to the law."""
        counts = np.array(self.class_counts, dtype=np.int64)  # a copy: the caller may go on using the original
        classes = 0 if self.finite_law is None else self.finite_law.classes
        if counts.shape != (classes,):
            raise InvalidInput(f"`class_counts` must have shape ({classes},), but has {counts.shape}")
        if self.finite_law is None and (self.rows is None or self.measured is None):
            raise InvalidInput("an ensemble without a law must have `rows` and `measured`, but one of them is missing")
        if self.tilt is not None and (self.finite_law is not None or self.tilt.quantity not in (self.rows or {})):
            raise InvalidInput(
                "an ensemble with a tilt must have rows with the tilted quantity and no law, but it has not"
            )
        if self.finite_law is not None and int(counts.sum()) + self.outside != self.paths:
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
        """What labels and the like are drawn with: the seed, the smallest one of a pooled ensemble, or 0."""
        return self.seeds[0] if self.seeds else 0

    @property
    def law(self) -> PathLaw:
        """The exact law of the paths' classes.

        Raises:
            NoFiniteLaw: If the process has none.
        """
        if self.tilt is not None:
            raise NoFiniteLaw("an ensemble drawn with a tilt is not one of the law; `exact_law(process)` has the law")
        if self.finite_law is None:
            raise NoFiniteLaw("the paths of this process have no finite law; they can only be followed")
        return self.finite_law

    @property
    def log_weights(self) -> FloatArray | None:
        """Ln of the number of plain paths that each row stands for, shape (N,); None without a tilt."""
        if self.tilt is None:
            return None
        assert self.rows is not None
        return self.tilt.log_weights(self.rows[self.tilt.quantity])

    @property
    def endpoints(self) -> Endpoints:
        """What was measured at the two ends."""
        return self.law.endpoints if self.measured is None else self.measured

    @property
    def protocol(self) -> str:
        """Name of the measurement protocol."""
        return self.endpoints.protocol.value

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the quantities every path has a value of: sigma, sigma_d, xi, heat, heat into each reservoir."""
        if self.finite_law is not None:
            return self.finite_law.quantities
        assert self.rows is not None
        return tuple(name for name in self.rows if name not in LABELS)

    def values(self, name: str) -> tuple[FloatArray, IntArray]:
        """Values of a quantity and how many paths have each: of the law's classes, or of the single paths without one.

        Raises:
            NotRecorded: If it is not recorded, or the ensemble has a tilt: its paths are not whole numbers of paths.
        """
        self._require_plain()
        if self.finite_law is not None:
            return self.finite_law.quantity(name), self.class_counts
        return self._row(name), np.ones(self.paths, dtype=np.int64)

    def weighted_values(self, name: str) -> tuple[FloatArray, FloatArray]:
        """As `values`, with or without a tilt: values, and how many plain paths each stands for, as floats.

        Raises:
            NotRecorded: If it is not recorded.
        """
        sampled = self._sampled(name)
        return sampled.values, sampled.weights

    def _sampled(self, name: str) -> CountedValues | WeightedValues:
        if (logs := self.log_weights) is not None:
            return WeightedValues(values=self._row(name), log_weights=logs)
        values, counts = self.values(name)
        return CountedValues(values=values, counts=counts, paths=self.paths)

    def _row(self, name: str) -> FloatArray:
        assert self.rows is not None
        if name not in self.quantities:
            raise NotRecorded(f"`{name}` is not recorded in this ensemble, which has {', '.join(self.quantities)}")
        return self.rows[name]

    def _require_plain(self) -> None:
        if self.tilt is not None:
            raise NotRecorded(
                "an ensemble drawn with a tilt has weights instead of counts; use `weighted_values`, or `estimate`"
            )

    @property
    def counts(self) -> IntArray:
        """Number of paths each entry stands for: 1 a row, or the counts of the classes if there are no rows."""
        self._require_plain()
        return self.class_counts if self.rows is None else np.ones(self.paths, dtype=np.int64)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The table of single paths, one entry a path.

        Raises:
            NotRecorded: If only counts were drawn. A column of classes would look like one of paths, and its plain
                mean like the mean of the paths, which it is not.
        """
        if self.rows is None:
            raise NotRecorded(self._where_single_paths_are())
        if self.log_weights is not None:
            return {**self.rows, "log_weights": self.log_weights}
        return {**self.rows, "counts": self.counts}

    def _where_single_paths_are(self) -> str:
        """What to do about an ensemble that has no single paths."""
        if self.sampler == "counts":
            found = "single paths are not recorded in an ensemble of counts; `expand()` draws them"
        else:
            found = "single paths are left out of this ensemble; `load_run(..., rows=True)` has those of a stored run"
        return f"{found}, and `class_table` lists the classes with their counts"

    @property
    def class_table(self) -> dict[str, NDArray[Any]]:
        """One entry a class of the law, with `counts`: weigh by them whatever you compute from the other columns."""
        return {**self.law.columns, "counts": self.class_counts}

    def to_pandas(self) -> Any:
        """The paths as a pandas DataFrame; of an ensemble that was only counted, the classes of its law.

        One row is a path (index `path`), or a class (index `class`) with its `counts` and its exact `probability`: then
        weigh by one of them whatever you compute. `DataFrame.attrs` says which it is, under `entry`, and has the
        `units` of the columns, the protocol, the sampler, the seeds and the number of paths.

        Raises:
            MissingPackage: If pandas is not installed.

        Example:
            >>> from qtraj.models import build_model
            >>> from qtraj.paths.sample import sample
            >>> frame = sample(build_model("two-qubit-exchange"), paths=1e9, seed=7).to_pandas()
            >>> int(frame["counts"].sum()), frame.attrs["units"]["sigma"]
            (1000000000, 'nats')
        """
        return data_frame(self)

    def to_xarray(self) -> Any:
        """The same table as `to_pandas` as an xarray Dataset: every column a variable with its own `units`.

        Raises:
            MissingPackage: If xarray is not installed.

        Example:
            >>> from qtraj.models import build_model
            >>> from qtraj.paths.sample import sample
            >>> paths = sample(build_model("two-qubit-exchange"), paths=1000, seed=7, sampler="explicit").to_xarray()
            >>> dict(paths.sizes), paths["heat"].attrs["units"]
            ({'path': 1000}, 'energy')
        """
        return data_set(self)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column of single paths by name.

        Raises:
            NotRecorded: If there is no such column, or only counts were drawn (see `columns`).
        """
        if self.rows is not None and name in self.rows:
            return self.rows[name]
        # Without single paths, what is no column of theirs either must not read as if it were.
        known = self.law.columns if self.rows is None else self.columns
        if name not in known and (self.rows is not None or name not in LABELS):
            raise NotRecorded(f"`{name}` is not recorded in this ensemble, which has {', '.join(known)}")
        return self.columns[name]

    def __len__(self) -> int:
        """Number of paths."""
        return self.paths

    def mean(self, name: str) -> float:
        """Sampled mean of a quantity (see `quantities`)."""
        return self._sampled(name).mean()

    def variance(self, name: str) -> float:
        """Sampled variance of a quantity (divided by N)."""
        return self._sampled(name).variance()

    def standard_error(self, name: str) -> float:
        """Standard error of the sampled mean, from the sampled variance."""
        return self._sampled(name).standard_error()

    def exponential_average(self, name: str, u: float = 1.0) -> float:
        r"""Sampled :math:`\langle e^{-u s}\rangle`. It can look converged when it is not: `verify` tells."""
        return self._sampled(name).exponential_average(u)

    def histogram(self, name: str, bins: int | FloatArray = 50) -> tuple[NDArray[Any], FloatArray]:
        """Counts of a quantity in bins, as `numpy.histogram` returns them; sums of weights under a tilt.

        Args:
            name: sigma, sigma_d, xi or heat.
            bins: Number of equal bins, or edges.

        Returns:
            Counts, shape (B,), and edges, shape (B + 1,).

        Raises:
            InvalidInput: If `bins` is neither a positive number nor at least two ascending edges.
        """
        counts: NDArray[Any]
        values, counts = self.values(name) if self.tilt is None else self.weighted_values(name)
        return binned(values, counts, bins)

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

        Two ensembles that qtraj did not draw, and that have no seeds, can be pooled too if their paths differ.
        Paths of one run of jumps are the same paths, whatever was measured at their ends.

        Raises:
            InvalidInput: If their laws differ, a seed occurs in both (those paths would count twice), or only one of
                them has seeds.
        """
        return pooled(self, other)

    def __add__(self, other: Ensemble) -> Ensemble:
        """Same as `merge`."""
        return self.merge(other) if isinstance(other, Ensemble) else NotImplemented

    def __repr__(self) -> str:
        """One line: how many paths of what."""
        classes = "no finite law" if self.finite_law is None else f"{self.finite_law.classes:,} classes"
        seeds = f", seed {', '.join(map(str, self.seeds))}" if self.seeds else ""
        return f"<Ensemble of {self.paths:,} paths, {classes}, {self.protocol} protocol, {self.sampler} sampler{seeds}>"

    def _repr_html_(self) -> str:
        """Sampled means, beside the exact ones if there is a law, as a table for notebooks."""
        return means_table(self)
