"""Two unrelated groups: means by Welch, shares of responders by Newcombe; and paired values."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from ldnsim.analysis.trial.estimate.inputs import as_values, check_share, same_shape
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, student
from ldnsim.arrays import Floats
from ldnsim.errors import UserError


def welch(treated: Floats, control: Floats, level: float = LEVEL) -> Estimate:
    """Compare two means without assuming equal variances.

    ``t = (m1 - m0) / sqrt(s1^2/n1 + s0^2/n0)`` with Satterthwaite's degrees of freedom.
    Reference: Welch, Biometrika 1947;34:28.

    Args:
        treated: (..., patients), NaN for those who dropped out.
        control: likewise; the number of patients may differ.
        level: of the interval.
    """
    parts = [_moments(as_values(v, k)) for v, k in ((treated, "treated"), (control, "control"))]
    (n1, m1, v1), (n0, m0, v0) = parts
    same_shape(("treated", m1), ("control", m0))
    with np.errstate(invalid="ignore", divide="ignore"):
        e1, e0 = v1 / n1, v0 / n0
        df = (e1 + e0) ** 2 / (e1**2 / (n1 - 1.0) + e0**2 / (n0 - 1.0))
    return student(m1 - m0, np.sqrt(e1 + e0), df, level)


def paired(differences: Floats, level: float = LEVEL) -> Estimate:
    """Test whether the mean of differences within patients is zero: Student's paired t.

    Args:
        differences: (..., patients), NaN where one of the two is missing.
        level: of the interval.
    """
    n, mean, variance = _moments(as_values(differences, "differences"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return student(mean, np.sqrt(variance / n), n - 1.0, level)


def responders(treated: Floats, control: Floats, level: float = LEVEL) -> Estimate:
    """Compare shares of responders: risk difference, Newcombe's interval, the pooled z test.

    Interval: Wilson's of each share, joined by method 10 of Newcombe, Stat Med 1998;17:873, without
    continuity correction. Test: ``z = (p1 - p0) / sqrt(p (1 - p) (1/n1 + 1/n0))`` with the pooled
    share p, the square root of Pearson's chi-square of the 2 x 2 table. ``se`` is that of the
    difference without pooling. Interval and test may disagree at the border.

    Args:
        treated: 1 for a responder and 0 for another, (..., patients). NaN leaves a patient out; for
            drop-out as failure give 0.
        control: likewise.
        level: of the interval.

    Raises:
        UserError: values other than 0, 1 and NaN.
    """
    check_share(level, "level")
    (n1, p1), (n0, p0) = _share(treated, "treated"), _share(control, "control")
    same_shape(("treated", p1), ("control", p0))
    gap = p1 - p0
    (low1, high1), (low0, high0) = wilson(p1, n1, level), wilson(p0, n0, level)
    low = gap - np.sqrt((p1 - low1) ** 2 + (high0 - p0) ** 2)
    high = gap + np.sqrt((high1 - p1) ** 2 + (p0 - low0) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (n1 * p1 + n0 * p0) / (n1 + n0)
        under_null = np.sqrt(pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0))
        se = np.sqrt(p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0)
        tested = np.asarray((n1 > 0) & (n0 > 0) & (under_null > 0.0))
        p = 2.0 * ndtr(-np.abs(gap) / under_null)
    df = np.where(tested, np.inf, np.nan)
    return Estimate(gap, se, low, high, np.where(tested, p, np.nan), df, tested)


def wilson(share: Floats, n: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return Wilson's interval of shares of ``n``; NaN of nobody.

    Reference: Wilson, J Am Stat Assoc 1927;22:209.
    """
    z2 = float(ndtri(0.5 + level / 2.0)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n)
        half = np.sqrt(z2) / (1.0 + z2 / n)
        half = half * np.sqrt(share * (1.0 - share) / n + z2 / (4.0 * n**2))
    return np.asarray(middle - half), np.asarray(middle + half)


def _moments(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Number, mean and variance of those who were seen; a variance of rounding is zero."""
    seen = np.isfinite(values)
    n = seen.sum(axis=-1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, values, 0.0).sum(axis=-1) / n
        left = np.where(seen, values - mean[..., None], 0.0)
        variance = (left**2).sum(axis=-1) / (n - 1.0)
        total = np.where(seen, values, 0.0)
        rounding = 1e-24 * (total**2).sum(axis=-1)
    variance = np.where(variance > rounding, variance, 0.0)
    return n, np.asarray(mean), np.where(n > 1.0, variance, np.nan)


def _share(flags: Floats, key: str) -> tuple[Floats, Floats]:
    values = as_values(flags, key)
    if not np.isin(values[np.isfinite(values)], (0.0, 1.0)).all():
        raise UserError(f"{key}: a responder is 1, another 0, and who is left out NaN")
    n, mean, _ = _moments(values)
    return n, mean
