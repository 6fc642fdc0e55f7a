"""Weighted least squares with several starts, and what the data say about each parameter.

Everything here works on a *batch function*: points in, shape (points, parameters), residuals out,
shape (points, residuals). One call evaluates many points, so that starts, finite differences and
profiles are each a single batch of runs. Coordinates are logarithms or logits of parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import qmc

from ldnsim.arrays import Floats

Batch = Callable[[Floats], Floats]

STEP = 0.01
"""Step of the central differences, in the coordinate; far above what the solver leaves open."""
FAILED = 1.0e3
"""Residual of a run that failed: far worse than any that did not."""
FLAT = 3.84
"""Rise of chi-square that marks a 95 % interval of one parameter."""
RANK = 1.0e-3
"""Singular values below this share of the largest count as zero."""


@dataclass(frozen=True)
class Fit:
    """What a fit found.

    Attributes:
        x: best coordinates, shape (parameters,).
        chi2: sum of squared residuals there.
        residuals: shape (residuals,).
        jacobian: shape (residuals, parameters).
        reached: chi-square each start ended at, best first.
        evaluations: points evaluated.
    """

    x: Floats
    chi2: float
    residuals: Floats
    jacobian: Floats
    reached: tuple[float, ...]
    evaluations: int


def minimise(
    batch: Batch, low: Floats, high: Floats, starts: int = 4, seed: int = 1, screened: int = 32
) -> Fit:
    """Minimise the sum of squares within bounds.

    Sobol points over the box are evaluated in one batch; local fits start from the best of them.

    Args:
        batch: residuals of points.
        low: lower bounds, shape (parameters,).
        high: upper bounds.
        starts: local fits.
        seed: of the Sobol points.
        screened: Sobol points, rounded up to a power of two.
    """
    fitter = _Local(batch, low, high)
    power = max(1, math.ceil(math.log2(max(screened, starts))))
    sobol = qmc.Sobol(len(low), scramble=True, rng=np.random.default_rng(seed))
    points = qmc.scale(sobol.random_base2(power), low, high)
    order = np.argsort(np.sum(fitter.evaluate(points) ** 2, axis=1), kind="stable")
    return fitter.fit([points[i] for i in order[:starts]])


def descend(batch: Batch, low: Floats, high: Floats, start: Floats) -> Fit:
    """Minimise from one point; arguments as for :func:`minimise`."""
    return _Local(batch, low, high).fit([start])


class _Local:
    """Local least squares with a Jacobian from one batch per iteration."""

    def __init__(self, batch: Batch, low: Floats, high: Floats) -> None:
        self.batch, self.low, self.high = batch, low, high
        self.evaluations = 0

    def evaluate(self, points: Floats) -> Floats:
        """Return residuals of points, failed ones as :data:`FAILED`."""
        self.evaluations += len(points)
        return np.nan_to_num(self.batch(points), nan=FAILED, posinf=FAILED, neginf=-FAILED)

    def jacobian(self, x: Floats) -> Floats:
        """Return central differences, shape (residuals, parameters)."""
        n = len(x)
        steps = STEP * np.eye(n)
        both = self.evaluate(np.concatenate([x + steps, x - steps]))
        return np.asarray((both[:n] - both[n:]).T / (2.0 * STEP), dtype=np.float64)

    def run(self, start: Floats) -> tuple[Floats, float]:
        """Return best coordinates and chi-square from one start."""
        if not len(start):
            return start, float(np.sum(self.evaluate(start[None, :])[0] ** 2))
        inside = np.clip(start, self.low + 1e-9, self.high - 1e-9)
        found = least_squares(
            lambda x: self.evaluate(x[None, :])[0], inside, jac=self.jacobian,
            bounds=(self.low, self.high), xtol=1e-7, ftol=1e-9, gtol=1e-9, max_nfev=40,
        )  # fmt: skip
        return np.asarray(found.x, dtype=np.float64), float(2.0 * found.cost)

    def fit(self, starts: Sequence[Floats]) -> Fit:
        """Return the best of local fits, with what each reached."""
        found = [self.run(start) for start in starts]
        x, chi2 = min(found, key=lambda f: f[1])
        return Fit(
            x, chi2, self.evaluate(x[None, :])[0], self.jacobian(x),
            tuple(sorted(c for _, c in found)), self.evaluations,
        )  # fmt: skip


@dataclass(frozen=True)
class Curvature:
    """What the Jacobian at the best point says.

    Attributes:
        se: standard errors of the coordinates, inf where the data leave one open, (parameters,).
        correlation: of the estimates, NaN where one is open, (parameters, parameters).
        condition: largest over smallest singular value, inf at rank zero.
        rank: directions that the data determine.
        open: names of parameters that take part in an undetermined direction.
    """

    se: Floats
    correlation: Floats
    condition: float
    rank: int
    open: tuple[str, ...]


def curvature(jacobian: Floats, names: Sequence[str]) -> Curvature:
    """Return standard errors from ``J^T J``, with rank and condition of ``J``.

    Residuals are in standard deviations, so that the covariance is ``(J^T J)^-1``.
    """
    if not names:
        return Curvature(np.empty(0), np.empty((0, 0)), 1.0, 0, ())
    _, s, vt = np.linalg.svd(jacobian, full_matrices=True)
    s = np.concatenate([s, np.zeros(len(names) - len(s))])
    good = s > max(RANK * s[0], 1e-8)
    covariance = (vt[good].T / s[good] ** 2) @ vt[good]
    loose = np.any(np.abs(vt[~good]) > 0.1, axis=0) if np.any(~good) else np.zeros(len(s), bool)
    se = np.where(loose, np.inf, np.sqrt(np.diag(covariance)))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(np.isfinite(se), covariance / np.outer(se, se), np.nan)
        correlation = np.where(np.isfinite(se)[:, None], correlation, np.nan)
    condition = float(s[0] / s[-1]) if s[-1] > 0.0 else math.inf
    left = tuple(n for n, open_ in zip(names, loose, strict=True) if open_)
    return Curvature(se, correlation, condition, int(np.sum(good)), left)


@dataclass(frozen=True)
class Profile:
    """Best chi-square with one coordinate held, over a grid within its bounds.

    Attributes:
        name: the parameter.
        x: grid of coordinates.
        rise: chi-square above the best.
    """

    name: str
    x: Floats
    rise: Floats

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Return where the rise passes :data:`FLAT`, None on a side where it never does."""
        i = int(np.argmin(self.rise))
        left = _crossing(self.x[: i + 1][::-1], self.rise[: i + 1][::-1])
        return left, _crossing(self.x[i:], self.rise[i:])

    @property
    def determined(self) -> bool:
        """Whether both ends are found within the bounds."""
        return None not in self.interval


def _crossing(x: Floats, rise: Floats) -> float | None:
    """Return where ``rise`` first passes :data:`FLAT`, going outward.

    The root of the rise is interpolated: it is a straight line where chi-square is a parabola.
    """
    root = np.sqrt(rise)
    for a in range(len(x) - 1):
        if rise[a] < FLAT <= rise[a + 1]:
            share = (math.sqrt(FLAT) - root[a]) / (root[a + 1] - root[a])
            return float(x[a] + share * (x[a + 1] - x[a]))
    return None


def profile(
    batch: Batch, low: Floats, high: Floats, best: Fit, at: int, name: str, points: int = 7
) -> Profile:
    """Return the profile of one parameter, the others fitted anew at each point of the grid.

    Args:
        batch: residuals of points.
        low: lower bounds, shape (parameters,).
        high: upper bounds.
        best: the fit.
        at: place of the parameter.
        name: its name.
        points: of the grid over the bounds; more are added about the best value.
    """
    grid = _grid(low[at], high[at], best, at, points)
    others = [j for j in range(len(low)) if j != at]
    chi2 = np.empty(len(grid))
    middle = int(np.searchsorted(grid, best.x[at]))
    for side in (range(middle, len(grid)), range(middle - 1, -1, -1)):
        warm = best.x[others]
        for k in side:
            local = _Local(_held(batch, at, grid[k], others), low[others], high[others])
            warm, chi2[k] = local.run(warm)
    return Profile(name, grid, np.maximum(chi2 - min(best.chi2, chi2.min()), 0.0))


NEAR = (1.0, 2.0, 3.0)
"""Steps about the best value, in standard errors."""


def _grid(low: float, high: float, best: Fit, at: int, points: int) -> Floats:
    """Return equal steps over the bounds, with smaller ones about the best value."""
    se = curvature(best.jacobian, [str(j) for j in range(len(best.x))]).se[at]
    steps = [k * se for k in NEAR] if np.isfinite(se) else []
    near = [best.x[at] + side * step for step in steps for side in (-1.0, 1.0)]
    inside = [x for x in [*near, best.x[at]] if low <= x <= high]
    return np.unique(np.concatenate([np.linspace(low, high, points), inside]))


def _held(batch: Batch, at: int, value: float, others: Sequence[int]) -> Batch:
    """Return the batch function of the other coordinates, one of them held."""

    def held(points: Floats) -> Floats:
        whole = np.empty((len(points), len(others) + 1))
        whole[:, list(others)] = points
        whole[:, at] = value
        return batch(whole)

    return held
