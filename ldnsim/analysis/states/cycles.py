"""Slow oscillations over days: limit cycles measured, damped ringing read from multipliers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Floats

DAY = 24.0
SMALLEST = 1e-3
"""A swing below this share of the mean counts as rest."""
SUSTAINED = 0.9
"""A cycle's swing changes by no more than this share from one quarter of the record to the next:
neither dying out nor still growing."""


@dataclass(frozen=True)
class Swing:
    """An oscillation of daily means that does not die out.

    Attributes:
        period: mean time between upward crossings of the middle, d.
        regular: whether those times differ by less than 5 % (standard deviation).
        low: smallest daily mean of each variable, (n,).
        high: largest, (n,).
    """

    period: float
    regular: bool
    low: Floats
    high: Floats


def find_swing(means: Floats) -> Swing | None:
    """Measure the oscillation at the end of a record of daily means.

    Args:
        means: daily means, (variables, days); the first variable is the one that is timed.

    Returns:
        The oscillation over the last quarter; None when the record has come to rest, is still
        settling, or ends in fewer than two periods.
    """
    days = means.shape[1]
    if not np.all(np.isfinite(means)):
        return None
    before, last = means[0, days // 2 : 3 * days // 4], means[0, 3 * days // 4 :]
    swing = float(np.ptp(last))
    steady = SUSTAINED < swing / max(float(np.ptp(before)), 1e-12) < 1.0 / SUSTAINED
    if swing < SMALLEST * abs(float(last.mean())) or not steady:
        return None
    gaps = np.diff(_upward(last))
    if len(gaps) < 2:
        return None
    period, spread = float(gaps.mean()), float(gaps.std())
    tail = means[:, 3 * days // 4 :]
    return Swing(period, spread < 0.05 * period, tail.min(axis=1), tail.max(axis=1))


def _upward(x: Floats) -> Floats:
    """Times (in samples) at which a record rises through the middle of its range."""
    y = x - 0.5 * (x.min() + x.max())
    at = np.flatnonzero((y[:-1] < 0.0) & (y[1:] >= 0.0))
    return np.asarray(at - y[at] / (y[at + 1] - y[at]), dtype=np.float64)


@dataclass(frozen=True)
class Ringing:
    """A damped oscillation around a stable rhythm.

    Attributes:
        period: d; 2 pi over the angle of the multiplier, which is one day's turn.
        kept: share of the swing that is left after one period.
    """

    period: float
    kept: float


def ringing(multipliers: NDArray[np.complex128]) -> Ringing | None:
    """Return the complex pair that keeps most of its swing from one period to the next.

    Args:
        multipliers: eigenvalues of the daily map's derivative, (n,).

    Returns:
        None when every multiplier is real. More than 1 is kept of an oscillation that grows.
    """
    found = []
    for mu in multipliers[multipliers.imag > 1e-6 * np.abs(multipliers)]:
        period = 2.0 * math.pi / float(np.angle(mu))
        found.append(Ringing(period, math.exp(min(period * math.log(abs(mu)), 700.0))))
    return max(found, key=lambda r: r.kept, default=None)
