"""Numbers of patients who do not all count the same: means, spreads, shares and their intervals.

Weights are positive and stand for how many of the patients meant are like each patient drawn. With
equal weights everything here is what it is without any.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from ldnsim.arrays import Floats


def normalised(weights: Floats) -> Floats:
    """Return weights that sum to 1, shape (patients,)."""
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def effective(weights: Floats) -> float:
    """Return how many equally weighted patients tell as much: Kish's effective sample size."""
    return float(weights.sum()) ** 2 / float((weights**2).sum()) if len(weights) else 0.0


def mean(values: Floats, weights: Floats | None = None) -> float:
    """Return the mean; NaN of nobody."""
    if not len(values):
        return math.nan
    return float(values.mean()) if weights is None else float((normalised(weights) * values).sum())


def deviation(values: Floats, weights: Floats | None = None) -> float:
    """Return the standard deviation of the patients as they are: divided by n, not by n - 1."""
    return math.sqrt(mean((values - mean(values, weights)) ** 2, weights))


def sample_deviation(values: Floats, weights: Floats | None = None) -> float:
    """Return the estimate for the patients they stand for; NaN where nobody could differ."""
    n = float(len(values)) if weights is None else effective(weights)
    if n <= 1.0 + 1e-9:
        return math.nan
    return deviation(values, weights) * math.sqrt(n / (n - 1.0))


def wilson(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share.

    Args:
        share: seen, 0 to 1.
        n: of how many patients, the effective ones where weights are.
        level: such as 0.95.
    """
    if not n > 0.0:
        return math.nan, math.nan
    z2 = NormalDist().inv_cdf(0.5 + level / 2.0) ** 2
    middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = math.sqrt(z2 * (share * (1.0 - share) / n + z2 / (4.0 * n * n))) / (1.0 + z2 / n)
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


def quantile(ordered: Floats, weights: Floats, q: float) -> Floats:
    """Return a quantile along the last axis, NaN where nobody is.

    Half of the weight of each patient lies below him or her; in between it is a straight line.

    Args:
        ordered: values that rise along the last axis, missing ones last.
        weights: of the same shape.
        q: 0 to 1.
    """
    own = np.where(np.isfinite(ordered), weights, 0.0)
    places = np.cumsum(own, axis=-1) - 0.5 * own
    whole = own.sum(axis=-1)
    found = np.full(whole.shape, np.nan)
    for at in np.ndindex(whole.shape):
        if whole[at] > 0.0:
            there = own[at] > 0.0
            found[at] = np.interp(q * whole[at], places[at][there], ordered[at][there])
    return found
