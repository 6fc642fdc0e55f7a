"""Fixed points of a map that depends on a parameter, in coordinates of one size.

``F(x; p) - x = 0`` is solved by Newton's method in ``u = (x / weight, p / span)``: a change of
every state by its usual size is as long there as the whole range of the parameter. One more
equation, ``row . (u - start) = 0``, says where along the curve of fixed points: at a given ``p``,
or at right angles to its tangent (Kuznetsov, Elements of Applied Bifurcation Theory, chapter 10).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Map = Callable[[FloatArray, float], tuple[FloatArray, FloatArray, FloatArray]]
"""``(x, p)`` to image (n,), its derivative by x (n, n) and by p (n,)."""


@dataclass(frozen=True)
class Settings:
    """How a curve is followed.

    Attributes:
        low: smallest parameter value.
        high: largest parameter value.
        scale: usual size of each state, (n,); one arclength of a curve that changes every state by
            that much is one.
        first: first step along the curve.
        largest: largest step; the whole range of the parameter is a step of one.
        smallest: smallest step tried before the curve is given up.
        points: most points on either side of the start.
        tolerance: largest accepted ``|F(x) - x| / (1 + |x|)``.
        floor: fixed points with a state below it are refused: equations continue where nature
            does not.
    """

    low: float
    high: float
    scale: FloatArray
    first: float = 0.01
    largest: float = 0.04
    smallest: float = 1e-5
    points: int = 600
    tolerance: float = 1e-8
    floor: float = -np.inf


class Point(NamedTuple):
    """A fixed point.

    Attributes:
        x: the state, (n,).
        p: the parameter.
        multipliers: eigenvalues of the derivative of the map, (n,) complex.
        tangent: unit tangent of the curve in scaled coordinates, (n + 1,); the last is along p.
        iterations: Newton steps it took.
        slope: derivative of ``F(x) - x`` in scaled coordinates, (n, n + 1).
    """

    x: FloatArray
    p: float
    multipliers: NDArray[np.complex128]
    tangent: FloatArray
    iterations: int
    slope: FloatArray

    # a disturbance shrinks or grows by this factor a day, in the slowest direction
    @property
    def radius(self) -> float:
        """Largest modulus of a multiplier; below 1 for a stable point."""
        return float(np.max(np.abs(self.multipliers)))


@dataclass(frozen=True)
class Space:
    """The map in scaled coordinates ``u = (x / weight, p / span)``."""

    map: Map
    set: Settings

    @functools.cached_property
    def weight(self) -> FloatArray:
        """What one unit of each scaled coordinate is, (n + 1,); the last is of the parameter."""
        # sqrt(n): n states that each change by their scale make an arclength of one, not of sqrt(n)
        whole = self.set.scale * np.sqrt(len(self.set.scale))
        return np.append(whole, self.set.high - self.set.low)

    def evaluate(self, u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """Gap ``F(x) - x`` and its derivative (n, n + 1), scaled; derivative of F; residual."""
        # back to the map's own coordinates; the derivatives by the chain rule
        v = u * self.weight
        x, w = v[:-1], self.weight[:-1]
        image, by_x, by_p = self.map(x, float(v[-1]))
        whole = np.column_stack([by_x - np.eye(len(x)), by_p]) * self.weight / w[:, None]
        # relative for large states, absolute for small: drug is at zero without a dose
        residual = float(np.max(np.abs(image - x) / (1.0 + np.abs(x))))
        return (image - x) / w, whole, by_x, residual

    def correct(
        self, start: FloatArray, row: FloatArray, most: int = 8, near: Point | None = None
    ) -> Point | None:
        """Newton's method on the map's gap and ``row . (u - start) = 0``; None if it fails.

        With a point near by and a map that can give its image alone, its derivative is used for
        a few cheap steps first, so that the costly one is needed about once.
        """
        # the chord's steps only move the start; what is found is always confirmed by a full step
        u = start.copy() if near is None else self._chord(start, row, near.slope)
        last = np.inf
        for k in range(most):
            gap, whole, by_x, residual = self.evaluate(u)
            # out of where the map is defined, or running away
            if not (np.isfinite(residual) and np.all(np.isfinite(whole))) or residual > 1e3 * last:
                return None
            # there: but equations continue where nature does not
            if residual < self.set.tolerance:
                real = np.min(u[:-1] * self.weight[:-1]) >= self.set.floor
                return self._point(u, whole, by_x, row, k) if real else None
            # against the best so far, or a slow climb would never count as running away
            last = min(last, residual)
            # the bordered system: it stays regular at a fold, where dF/dx - I alone does not
            step = solved(np.vstack([whole, row]), np.append(-gap, row @ (start - u)))
            if step is None:
                return None
            u = u + step
        return None

    def _chord(self, start: FloatArray, row: FloatArray, slope: FloatArray) -> FloatArray:
        """Newton steps with a derivative taken elsewhere; the start itself if they lead away."""
        image = getattr(self.map, "image", None)
        if image is None:
            return start
        # one matrix for all steps, from a point near by; F itself is a tenth of its derivative
        inverse = solved(np.vstack([slope, row]), np.eye(len(start)))
        if inverse is None:
            return start
        best, u, last = start, start, np.inf
        for _ in range(6):
            v = u * self.weight
            gap = image(v[:-1], float(v[-1])) - v[:-1]
            residual = float(np.max(np.abs(gap) / (1.0 + np.abs(v[:-1]))))
            # linear convergence that halves the residual each time, or none worth its price
            if not residual < 0.5 * last:
                break
            best, last = u, residual
            # near enough that the costly step has nothing left to do but agree
            if residual < 0.3 * self.set.tolerance:
                break
            u = u + inverse @ np.append(-gap / self.weight[:-1], row @ (start - u))
        return best

    def _point(
        self, u: FloatArray, whole: FloatArray, by_x: FloatArray, row: FloatArray, k: int
    ) -> Point:
        # along the curve nothing of the gap changes; the last row fixes which way is forward
        tangent = solved(np.vstack([whole, row]), np.append(np.zeros(len(u) - 1), 1.0))
        unit = row if tangent is None else tangent / np.linalg.norm(tangent)
        v = u * self.weight
        # the multipliers are the same in any coordinates, so the map's own will do
        # not symmetric: its complex pairs are what Neimark-Sacker points are found by
        eigenvalues = np.asarray(np.linalg.eigvals(by_x), dtype=np.complex128)
        return Point(v[:-1], float(v[-1]), eigenvalues, unit, k, whole)

    def place(self, point: Point) -> FloatArray:
        """Scaled coordinates of a point, (n + 1,)."""
        return np.append(point.x, point.p) / self.weight

    def along_p(self) -> FloatArray:
        """Unit vector along the parameter."""
        row = np.zeros(len(self.weight))
        row[-1] = 1.0
        return row


def solved(matrix: FloatArray, right: FloatArray) -> FloatArray | None:
    """Solution of a linear system; None where the matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
