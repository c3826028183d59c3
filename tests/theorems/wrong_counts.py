"""Counts samplers that are wrong on purpose: stand-ins for the tree that splits paths over classes."""

from __future__ import annotations

import numpy as np


class LeaningTree:
    """leans by 1e-3 at every split of a pair of neighbouring classes"""

    lean = 1e-3

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = np.asarray(probabilities) / np.sum(probabilities)
        self.order = np.argsort(-self.probabilities)

    def counts(self, total: int, rng: np.random.Generator) -> np.ndarray:
        p = self.probabilities[self.order]
        p = np.append(p, np.zeros(p.size % 2)).reshape(-1, 2)
        pairs = rng.multinomial(total, p.sum(axis=1))
        second = rng.binomial(pairs, p[:, 1] / np.maximum(p.sum(axis=1), 1e-300) * (1 + self.lean))
        both = np.stack([pairs - second, second], axis=1).ravel()[: self.order.size]
        counts = np.empty_like(both)
        counts[self.order] = both
        return counts


class SinglePrecisionTree(LeaningTree):
    """keeps the probabilities in single precision"""

    lean = 0.0

    def __init__(self, probabilities: np.ndarray) -> None:
        super().__init__(np.asarray(probabilities).astype(np.float32).astype(float))


class RareClassesForgotten(LeaningTree):
    """never draws a class of probability below 1e-4"""

    lean = 0.0

    def __init__(self, probabilities: np.ndarray) -> None:
        super().__init__(np.where(np.asarray(probabilities) < 1e-4, 0.0, probabilities))


class NoFluctuations(LeaningTree):
    """rounds the expected counts instead of drawing any"""

    def counts(self, total: int, rng: np.random.Generator) -> np.ndarray:
        borders = np.rint(total * np.append(0.0, np.cumsum(self.probabilities)) / self.probabilities.sum())
        borders[-1] = total
        return np.diff(borders).astype(np.int64)
