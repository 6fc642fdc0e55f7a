"""Global search by covariance matrix adaptation (CMA-ES), a generation of points at a time.

After Hansen, The CMA evolution strategy: a tutorial (arXiv:1604.00772), with its default settings
and without negative weights. It is here because coordinates in prior SD, a start at the centre of
the priors and whole generations in one batch fit it. SciPy's differential evolution takes whole
generations too, but is far from done on such problems when this has arrived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ldnsim.arrays import Floats

OUTSIDE = 10.0
"""What a squared SD outside the box adds to the objective."""


@dataclass
class Evolution:
    """One search from one start: :meth:`ask` for points, :meth:`tell` what they are worth.

    Attributes:
        mean: where the search is, (n,).
        sigma: overall width of the next generation.
        low: lowest coordinates, (n,).
        high: highest ones.
        size: points of a generation.
        rng: of the draws.
        generation: how many were told.
    """

    mean: Floats
    sigma: float
    low: Floats
    high: Floats
    size: int
    rng: np.random.Generator
    generation: int = 0
    _c: Floats = field(init=False)
    _path_c: Floats = field(init=False)
    _path_s: Floats = field(init=False)
    _drawn: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Set the weights and learning rates of the tutorial."""
        n, half = len(self.mean), self.size // 2
        raw = math.log((self.size + 1) / 2) - np.log(np.arange(1, half + 1))
        self.weights = raw / np.sum(raw)
        mu = 1.0 / float(np.sum(self.weights**2))
        self.mu = mu
        self.cs = (mu + 2.0) / (n + mu + 5.0)
        self.ds = 1.0 + 2.0 * max(0.0, math.sqrt((mu - 1.0) / (n + 1.0)) - 1.0) + self.cs
        self.cc = (4.0 + mu / n) / (n + 4.0 + 2.0 * mu / n)
        self.c1 = 2.0 / ((n + 1.3) ** 2 + mu)
        self.cmu = min(1.0 - self.c1, 2.0 * (mu - 2.0 + 1.0 / mu) / ((n + 2.0) ** 2 + mu))
        self.expected = math.sqrt(n) * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))
        self._c, self._path_c, self._path_s = np.eye(n), np.zeros(n), np.zeros(n)

    def ask(self) -> Floats:
        """Return the next generation, (size, n); points may lie outside the box."""
        scale, axes = self._axes()
        z = self.rng.standard_normal((self.size, len(self.mean)))
        self._drawn = (z * scale) @ axes.T
        return np.asarray(self.mean + self.sigma * self._drawn)

    def replace(self, row: int, point: Floats) -> None:
        """Take a point of one's own for one of the generation that was asked for."""
        self._drawn[row] = (point - self.mean) / self.sigma

    def worth(self, points: Floats, objective: Floats) -> Floats:
        """Return the objective of points that were put on the box, with what lies outside added."""
        outside = points - np.clip(points, self.low, self.high)
        return np.asarray(objective + OUTSIDE * np.sum(outside**2, axis=1))

    def tell(self, worth: Floats) -> None:
        """Learn from the generation that was asked for; ``worth`` is (size,), less is better."""
        order = np.argsort(worth, kind="stable")[: len(self.weights)]
        steps = self._drawn[order]
        move = self.weights @ steps
        scale, axes = self._axes()
        self.mean = self.mean + self.sigma * move
        white = axes @ ((axes.T @ move) / scale)
        self._path_s = (1 - self.cs) * self._path_s + math.sqrt(
            self.cs * (2 - self.cs) * self.mu
        ) * white
        self.generation += 1
        length = float(np.linalg.norm(self._path_s))
        start = math.sqrt(1.0 - (1.0 - self.cs) ** (2 * self.generation))
        stalls = length / start >= (1.4 + 2.0 / (len(self.mean) + 1.0)) * self.expected
        keep = 0.0 if stalls else 1.0
        self._path_c = (1 - self.cc) * self._path_c + keep * math.sqrt(
            self.cc * (2 - self.cc) * self.mu
        ) * move
        old = 1.0 - self.c1 - self.cmu + (1.0 - keep) * self.c1 * self.cc * (2.0 - self.cc)
        spread = (steps.T * self.weights) @ steps
        self._c = old * self._c + self.c1 * np.outer(self._path_c, self._path_c) + self.cmu * spread
        self.sigma *= math.exp(min(1.0, (self.cs / self.ds) * (length / self.expected - 1.0)))

    def settled(self, width: float = 1e-3) -> bool:
        """Whether a generation is narrower than ``width`` along every coordinate."""
        return bool(self.sigma * np.sqrt(np.max(np.diag(self._c))) < width)

    def _axes(self) -> tuple[Floats, Floats]:
        """Return lengths and directions of the axes of the distribution."""
        values, vectors = np.linalg.eigh((self._c + self._c.T) / 2.0)
        return np.sqrt(np.maximum(values, 1e-20)), np.asarray(vectors)
