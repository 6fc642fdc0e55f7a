"""Dose-response with several arms: a linear trend, and Emax curves by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.ancova import model
from ldnsim.analysis.trial.estimate.inputs import arm_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.least_squares import pseudo_inverse
from ldnsim.analysis.trial.estimate.line import least
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, student
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError

_BOUNDS = (0.001, 1.5)
"""Where ED50 is looked for, in units of the highest dose."""


def trend(
    outcome: Floats, arm: Ints, doses: Floats, baseline: Floats | None = None,
    strata: Ints | None = None, level: float = LEVEL,
) -> Estimate:  # fmt: skip
    """Test a linear trend over doses: one contrast of adjusted arm means.

    ``L = sum c_k a_k / sum c_k^2``, ``c_k = dose_k - mean dose``, with the arm means, variance and
    degrees of freedom of :func:`.ancova`: outcome per unit of dose. A trend found is not a line
    shown; a curve that turns back can hide from it. Reference: Ruberg, J Biopharm Stat 1995;5:15.

    Args:
        outcome: (..., patients), NaN for those who dropped out.
        arm: 0, 1, 2, ..., (patients,) or with leading axes.
        doses: of the arms in this order, (arms,).
        baseline: of a shape that broadcasts to the outcome's.
        strata: likewise.
        level: of the interval.

    Raises:
        UserError: doses that are all the same, or as many as there are not arms.
    """
    given = _doses(doses, arm, 2)
    found, _ = model(outcome, arm, baseline, strata, len(given))
    weights = np.zeros(found.coef.shape[-1])
    about = given - given.mean()
    weights[: len(given)] = about / np.sum(about**2)
    return found.contrast(weights, level)


@dataclass(frozen=True)
class Emax:
    """Emax curves fitted to trials: ``e0 + emax d / (ed50 + d)``.

    Attributes:
        e0: outcome without drug.
        emax: most that the drug adds.
        ed50: dose of half of that, from 0.001 to 1.5 times the highest dose.
        at_bound: where ed50 ran into one of those: the doses do not tell it, and nothing has an
            interval there.
    """

    e0: Estimate
    emax: Estimate
    ed50: Estimate
    at_bound: Flags

    def above_control(self, dose: float) -> Floats:
        """Return the fitted effect of a dose against none, (...)."""
        return np.asarray(self.emax.estimate * dose / (self.ed50.estimate + dose))


def emax(outcome: Floats, arm: Ints, doses: Floats, level: float = LEVEL) -> Emax:
    """Fit an Emax curve by least squares, with the intervals of its linearisation.

    At a given ed50 the model is linear, so the residual sum of squares is profiled over ed50 and
    minimised by scipy's elementwise.find_minimum; errors are ``s^2 (J'J)^-1`` on n - 3 degrees of
    freedom, as scipy's curve_fit has them. The test of emax is not one of "no effect" (without an
    effect ed50 means nothing): use :func:`trend` or :func:`.dunnett` for that.
    References: Golub and Pereyra, SIAM J Numer Anal 1973;10:413; Bretz, Pinheiro and Branson,
    Biometrics 2005;61:738.

    Args:
        outcome: (..., patients), NaN for those who dropped out.
        arm: 0, 1, 2, ..., (patients,) or with leading axes.
        doses: of the arms in this order, (arms,); three different ones at least.
        level: of the intervals.

    Raises:
        UserError: fewer than three doses, or as many as there are not arms.
    """
    given = _doses(doses, arm, 3)
    n, mean, within = _arms(outcome, arm, len(given))
    lead = within.shape
    n, mean, within = n.reshape(-1, len(given)), mean.reshape(-1, len(given)), within.reshape(-1)
    grid = np.log(np.geomspace(*_BOUNDS, 40) * given.max())

    def misfit(log_ed50: Floats, at: Ints) -> Floats:
        return _line(np.exp(log_ed50), given, n[at], mean[at])[2]

    found = least(misfit, grid, len(within))
    ed50 = np.exp(found)
    low, slope, rss = _line(ed50, given, n, mean)
    bound = np.asarray((found <= grid[0]) | (found >= grid[-1]))
    gradient = np.stack(
        [
            np.ones((len(ed50), len(given))),
            given / (ed50[:, None] + given),
            -slope[:, None] * given / (ed50[:, None] + given) ** 2,
        ],
        axis=-1,
    )
    gram = np.einsum("tk,tkj,tkl->tjl", n, np.nan_to_num(gradient), np.nan_to_num(gradient))
    spread, _, rank = pseudo_inverse(gram)
    df = n.sum(axis=-1) - 3.0
    possible = ~bound & (rank == 3.0) & (df > 0.0)
    variance = (within + rss) / np.where(df > 0.0, df, np.nan)
    each = [
        student(value, np.sqrt(np.maximum(spread[:, k, k], 0.0) * variance), df, level, possible)
        for k, value in enumerate((low, slope, ed50))
    ]
    shaped = [e.each(lambda values: values.reshape(lead)) for e in each]
    return Emax(shaped[0], shaped[1], shaped[2], bound.reshape(lead))


def _doses(doses: Floats, arm: Ints, least_: int) -> Floats:
    """Return the doses, checked against the arms."""
    given = as_values(doses, "doses")
    arm_codes(arm, given.size)
    if given.ndim != 1 or not np.isfinite(given).all() or given.min() < 0.0:
        raise UserError("doses: expected one number of 0 or more for each arm")
    if len(np.unique(given)) < least_:
        raise UserError(f"doses: expected {least_} different ones at least")
    return given


def _arms(outcome: Floats, arm: Ints, arms: int) -> tuple[Floats, Floats, Floats]:
    """Patients and mean of each arm, (..., arms), and the sum of squares within all, (...)."""
    y, (codes, _) = as_values(outcome, "outcome"), arm_codes(arm, arms)
    same_shape(("outcome", y), ("arm", codes))
    seen = [np.isfinite(y) & (codes == k) for k in range(arms)]
    n = np.stack([s.sum(axis=-1) for s in seen], axis=-1).astype(np.float64)
    total = np.stack([np.where(s, y, 0.0).sum(axis=-1) for s in seen], axis=-1)
    mean = total / np.maximum(n, 1.0)
    left = [np.where(s, y - mean[..., k, None], 0.0) for k, s in enumerate(seen)]
    return n, mean, np.asarray(np.sum(np.square(left), axis=(0, -1)))


def _line(ed50: Floats, doses: Floats, n: Floats, mean: Floats) -> tuple[Floats, Floats, Floats]:
    """Intercept, slope and misfit of arm means on d / (ed50 + d), weighted by patients."""
    x = doses / (ed50[:, None] + doses)
    total = n.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        about = (n * x).sum(axis=-1) / total
        middle = (n * mean).sum(axis=-1) / total
        dx, dy = x - about[:, None], mean - middle[:, None]
        slope = (n * dx * dy).sum(axis=-1) / (n * dx**2).sum(axis=-1)
        rss = (n * (dy - slope[:, None] * dx) ** 2).sum(axis=-1)
    return middle - slope * about, slope, rss
