"""How many patients a power needs, read off the powers of some numbers of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ldnsim.arrays import Floats

_Z = 1.959964


@dataclass(frozen=True)
class Required:
    """Patients in all that a power needs.

    Attributes:
        patients: of each comparison; NaN where the power is not above chance.
        low: lower end of the interval of 95 %, of the repeats and of the pool.
        high: upper end; inf where the power may not be above chance.
    """

    patients: Floats
    low: Floats
    high: Floats


def required(
    sizes: Floats, power: Floats, pool_error: Floats, trials: int, alpha: float, wanted: float
) -> Required:
    """Return the patients that a power needs.

    A test whose error falls with the root of the number of patients has the power
    ``Phi(c sqrt(n) - z_a)``; c is fitted to the powers of all sizes, each with its weight, and the
    number solved for. It interpolates where the sizes surround it and extrapolates where not.

    Args:
        sizes: patients, (sizes,).
        power: to find that the drug does better, (..., sizes).
        pool_error: of these, from the pool.
        trials: that each was counted in.
        alpha: two-sided level.
        wanted: power.
    """
    edge = -float(ndtri(alpha / 2.0))
    inside = np.clip(power, 0.5 / trials, 1.0 - 0.5 / trials)
    z = ndtri(inside)
    slope = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    root = np.sqrt(np.asarray(sizes, dtype=np.float64))
    own = (z + edge) / root
    chance = np.sqrt(inside * (1.0 - inside) / trials) / slope / root
    pool = pool_error / slope / root
    weight = 1.0 / chance**2
    total = weight.sum(axis=-1)
    c = (weight * own).sum(axis=-1) / total
    # repeats of different sizes err on their own, the pool is the same in all of them
    error = np.sqrt(1.0 / total + ((weight * pool).sum(axis=-1) / total) ** 2)
    at = ndtri(wanted) + edge
    above = ndtr(c * root.max() - edge) > alpha / 2.0 + 2.0 * np.sqrt(
        alpha / 2.0 * (1.0 - alpha / 2.0) / trials
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.where(above, (at / c) ** 2, np.nan)
        low = np.where(above, (at / (c + _Z * error)) ** 2, np.nan)
        high = np.where(above & (c > _Z * error), (at / (c - _Z * error)) ** 2, np.inf)
    return Required(n, low, np.where(above, high, np.nan))
