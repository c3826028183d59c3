r"""The labels mu and nu of each class: an exact multinomial refinement, made when someone asks for label columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import TooLarge
from qtraj.paths.law import PathLaw
from qtraj.paths.splitting import SplittingForest
from qtraj.paths.transition_table import branch_log_probabilities
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["LabelTable"]

# A label pair that carries less than 1e-40 of its class will not be seen in any run that fits on any machine; keeping
# 10^5 cold levels for its sake would only cost memory.
NEGLIGIBLE_LOG_SHARE = -92.0

# Leaves cost some 50 bytes each.
LARGEST_LABEL_TABLE = 30_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelTable:
    """For every (alpha, branch, beta) of a law: the pairs (mu, nu) and their shares of its probability.

    Attributes:
        tree_of_class: Which list of pairs every class of the law has, shape (C,).
        starts: Where each list begins, shape (G,).
        sizes: How many pairs it has, shape (G,).
        shares: Probability of every pair within its list, shape (M,).
        mu: Label of every pair, shape (M,).
        nu: Label of every pair, shape (M,).
    """

    tree_of_class: IntArray
    starts: IntArray
    sizes: IntArray
    shares: FloatArray
    mu: IntArray
    nu: IntArray

    @cached_property
    def forest(self) -> SplittingForest:
        """One tree per list, for splitting counts over its pairs."""
        return SplittingForest(self.shares, np.append(self.starts, self.shares.size))

    @classmethod
    def of(cls, process: Process, law: PathLaw) -> LabelTable | None:
        """Build the table; None for a process whose paths have not just one mu and one nu.

        Raises:
            TooLarge: If there are more than 30 million label pairs to keep.
        """
        if not isinstance(process, ThermalOperation):
            return None
        start, end = law.endpoints.initial, law.endpoints.final
        # beta is -1 where nothing is measured at the end; the one outcome there has index 0.
        triples = np.stack([law.branch, law.alpha, np.maximum(law.beta, 0)], axis=1)
        unique, tree_of_class = np.unique(triples, axis=0, return_inverse=True)
        shares, mus, nus, sizes = [], [], [], []
        kept_so_far = 0
        for index, batch in enumerate(process.branches()):
            own = unique[unique[:, 0] == index]
            if not own.size:
                continue
            logs = branch_log_probabilities(batch, start, end)
            for _, alpha, beta in own:
                share = logs[:, beta, alpha] - logs[:, beta, alpha].max()
                kept = np.flatnonzero(share > NEGLIGIBLE_LOG_SHARE)
                kept_so_far += kept.size
                if kept_so_far > LARGEST_LABEL_TABLE:
                    raise TooLarge(
                        f"labelled paths must have at most {LARGEST_LABEL_TABLE:.0e} label pairs, but have more; "
                        "use the counts sampler, whose classes need no labels"
                    )
                weights = np.exp(share[kept])
                shares.append(weights / weights.sum())
                mus.append(batch.mu[kept])
                nus.append(batch.nu[kept])
                sizes.append(kept.size)
        return cls(
            tree_of_class=frozen(tree_of_class.reshape(-1).astype(np.int64)),
            starts=frozen(np.cumsum(sizes) - np.array(sizes)),
            sizes=frozen(np.array(sizes)),
            shares=frozen(np.concatenate(shares)),
            mu=frozen(np.concatenate(mus)),
            nu=frozen(np.concatenate(nus)),
        )
