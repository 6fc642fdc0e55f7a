"""One arm of a trial report in numbers: means, intervals, responders, weighted where patients are.

With weights the variance is that of the patients they stand for, and degrees of freedom count
effective patients; with equal ones these are Student's and Welch's formulas.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.results.weighted import weights_of
from ldnsim.weighing import effective, mean, sample_deviation, wilson

if TYPE_CHECKING:
    import xarray as xr

AGAINST = ("difference", "difference_low", "difference_high", "p")
FALLS = {"responders30": 0.3, "responders50": 0.5}


@dataclass(frozen=True)
class Group:
    """What a t test needs of the patients of an arm.

    Attributes:
        n: how many there are, the effective number where they are weighted.
        mean: of their changes.
        error: standard error of the mean; NaN of fewer than two.
        differ: whether any two do.
    """

    n: float
    mean: float
    error: float
    differ: bool

    @classmethod
    def of(cls, values: Floats, weights: Floats | None) -> Group:
        """Return the group of these values."""
        n = float(len(values)) if weights is None else effective(weights)
        differ = len(values) > 1 and float(np.ptp(values)) > 0.0
        error = sample_deviation(values, weights) / math.sqrt(n) if len(values) > 1 else math.nan
        return cls(n, mean(values, weights), error, differ)


def row(group: xr.Dataset, control: xr.Dataset, level: float) -> dict[str, float]:
    """Return one arm against the placebo arm.

    Args:
        group: start, change and share of change of the patients of the arm.
        control: those of the placebo arm; the same object for that arm itself.
        level: of the intervals.
    """
    weights = weights_of(group)
    change, start = group["change"].values, group["start"].values
    own = Group.of(change, weights)
    low, high = _interval(own, level)
    found = {
        "patients": float(len(change)),
        "effective": own.n,
        "baseline": mean(start, weights),
        "change": own.mean,
        "change_low": low,
        "change_high": high,
        "percent": 100.0 * own.mean / mean(start, weights) if len(change) else math.nan,
    }
    for name, fall in FALLS.items():
        share = mean((group["share"].values <= -fall).astype(float), weights)
        ends = wilson(share, own.n, level)
        found |= {name: share, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    other = Group.of(control["change"].values, weights_of(control))
    told = dict.fromkeys(AGAINST, math.nan) if group is control else _welch(own, other, level)
    return {**found, **told}


def _interval(own: Group, level: float) -> tuple[float, float]:
    """Return Student's interval of a mean; NaN where nobody differs."""
    from scipy.special import stdtrit

    if not own.differ or not own.n > 1.0:
        return math.nan, math.nan
    half = float(stdtrit(own.n - 1.0, 0.5 + level / 2.0)) * own.error
    return own.mean - half, own.mean + half


def _welch(own: Group, other: Group, level: float) -> dict[str, float]:
    """Return the difference of two unrelated groups with Welch's interval and P."""
    from scipy.special import stdtr, stdtrit

    found = dict.fromkeys(AGAINST, math.nan)
    if min(own.n, other.n) < 2.0 - 1e-9:
        return found
    gap = own.mean - other.mean
    found["difference"] = gap
    if not own.differ and not other.differ:
        return found
    parts = [(g.error**2 if g.differ else 0.0, g.n - 1.0) for g in (own, other)]
    error2 = sum(e for e, _ in parts)
    freedom = error2**2 / sum(e**2 / n for e, n in parts)
    half = float(stdtrit(freedom, 0.5 + level / 2.0)) * math.sqrt(error2)
    p = 2.0 * float(stdtr(freedom, -abs(gap) / math.sqrt(error2)))
    return dict(zip(AGAINST, (gap, gap - half, gap + half, p), strict=True))
