"""Up-and-down dose finding: the dose at which half respond, by the estimators such trials use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ldnsim.analysis.trial.estimate.inputs import as_codes, as_values, check_share, same_shape
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.errors import UserError

_FEWEST = 2
"""A dose with fewer patients keeps its share."""


def without_test(
    estimate: Floats, se: Floats, low: Floats, high: Floats, df: float = np.inf
) -> Estimate:
    """Return estimates of what has no null hypothesis, such as a dose: p is NaN, tested False."""
    blank = np.full(estimate.shape, np.nan)
    return Estimate(
        estimate,
        se,
        low,
        high,
        blank,
        np.full(estimate.shape, df),
        np.zeros(blank.shape, dtype=bool),
    )


@dataclass(frozen=True)
class Counts:
    """Patients and responders of each dose, both (..., doses)."""

    tried: Floats
    positive: Floats

    @classmethod
    def of(cls, step: Ints, response: Floats, doses: int) -> Counts:
        """Count a series.

        Args:
            step: which dose each patient got, 0 the lowest, (..., patients).
            response: 1 for a response, 0 for none, NaN for a patient who does not count.
            doses: how many there are.

        Raises:
            UserError: a step beyond the doses, or a response that is neither 0 nor 1.
        """
        at, y = as_codes(step, "step"), as_values(response, "response")
        same_shape(("step", at), ("response", y))
        if at.max(initial=0) >= doses:
            raise UserError(f"step = {int(at.max())}: there are {doses} doses, 0 to {doses - 1}")
        if not np.isin(y[np.isfinite(y)], (0.0, 1.0)).all():
            raise UserError("response: expected 1 for a response, 0 for none, NaN for not counted")
        here = [np.isfinite(y) & (at == k) for k in range(doses)]
        tried = np.stack([h.sum(axis=-1) for h in here], axis=-1)
        positive = np.stack([(h & (y == 1.0)).sum(axis=-1) for h in here], axis=-1)
        return cls(tried.astype(np.float64), positive.astype(np.float64))


def dixon_mood(counts: Counts, doses: Floats, level: float = LEVEL) -> tuple[Estimate, Floats]:
    """Estimate the median dose of an up-and-down series as Dixon and Mood do.

    Of the event that is rarer (response or none), with n_i at i steps d above its lowest dose y:
    ``N = sum n_i, A = sum i n_i, B = sum i^2 n_i``; median ``y + d (A/N -+ 1/2)``, minus for
    responses, plus for none; deviation of the thresholds ``s = 1.62 d ((N B - A^2)/N^2 + 0.029)``,
    good where the fraction is above 0.3; error ``(6 s + d)/(7 sqrt(N))``. Thresholds are taken as
    normal on the scale of the doses; give their logarithms where they are so on that.
    References: Dixon and Mood, J Am Stat Assoc 1948;43:109; Dixon and Massey, Introduction to
    Statistical Analysis, McGraw-Hill.

    Args:
        counts: of each dose.
        doses: ascending and evenly spaced, (doses,).
        level: of the interval.

    Returns:
        the median dose, and the deviation s, NaN where the fraction is 0.3 or less; there the
        median has no interval.

    Raises:
        UserError: doses that are not evenly spaced.
    """
    check_share(level, "level")
    ladder = ascending(doses)
    gaps = np.diff(ladder)
    if not np.allclose(gaps, gaps[0]):
        raise UserError("doses: Dixon and Mood's estimate needs steps of one size")
    d = float(gaps[0])
    none = counts.tried - counts.positive
    by_response = counts.positive.sum(axis=-1) <= none.sum(axis=-1)
    n = np.where(by_response[..., None], counts.positive, none)
    lowest = np.argmax(n > 0, axis=-1)
    i = np.arange(len(ladder)) - lowest[..., None]
    total = n.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = (n * i).sum(axis=-1) / total, (n * i**2).sum(axis=-1) / total
        middle = ladder[lowest] + d * (first + np.where(by_response, -0.5, 0.5))
        fraction = second - first**2
        sd = np.where(fraction > 0.3, 1.62 * d * (fraction + 0.029), np.nan)
        se = (6.0 * sd + d) / (7.0 * np.sqrt(total))
    half = float(ndtri(0.5 + level / 2.0)) * se
    return without_test(middle, se, middle - half, middle + half), np.asarray(sd)


def ascending(doses: Floats) -> Floats:
    """Return doses that ascend, two at least.

    Raises:
        UserError: others.
    """
    ladder = as_values(doses, "doses")
    if ladder.ndim != 1 or len(ladder) < 2 or not (np.diff(ladder) > 0.0).all():
        raise UserError("doses: expected two or more, ascending")
    return ladder


def centred_isotonic(
    counts: Counts, doses: Floats, target: float = 0.5, shrink: float = 1.0
) -> tuple[Floats, Floats]:
    """Estimate the dose of a share of responders by centred isotonic regression.

    Shares that fall with dose are pooled (pool adjacent violators, by patients); each pool, and
    each run of equal shares other than 0 and 1, counts once, at its patients' mean dose; between
    pools the curve is straight. Before that the share of each dose with two patients or more is
    drawn towards the target, ``(responders + shrink target)/(patients + shrink)``, against the bias
    that choosing doses by responses gives to shares, as R's package cir does. References: Oron and
    Flournoy, Stat Biopharm Res 2017;9:258; Flournoy and Oron, J Appl Stat 2020;47:2431.

    Args:
        counts: of each dose.
        doses: ascending, (doses,).
        target: share of responders.
        shrink: weight of the target, in patients; 0 for none.

    Returns:
        the dose, minus or plus infinity where all of the curve is above or below the target, NaN
        of nobody; and the curve at the doses, (..., doses), flat outside those tried.
    """
    check_share(target, "target")
    ladder = ascending(doses)
    x, y, kept = pools(counts, ladder, target, shrink)
    found = crossing(x, y, kept, target)
    curve = _interpolated(x, y, kept, ladder)
    lead = counts.tried.shape[:-1]
    return found.reshape(lead), curve.reshape(*lead, len(ladder))


def pools(
    counts: Counts, ladder: Floats, target: float, shrink: float
) -> tuple[Floats, Floats, Flags]:
    """Return the pools of the regression, by trials and doses; see :func:`centred_isotonic`.

    Returns:
        mean dose and share of each pool at the place of its last dose, and where there is one.
    """
    tried, positive = (a.reshape(-1, len(ladder)) for a in (counts.tried, counts.positive))
    there = tried > 0.0
    added = shrink * (tried >= _FEWEST)
    share = (positive + added * target) / np.where(there, tried + added, 1.0)
    return _pooled(ladder, tried, share)


def isotonic_shares(weight: Floats, share: Floats) -> Floats:
    """Return the isotonic regression of shares, (trials, doses): max over a of min over b of means.

    Args:
        weight: of each dose, 0 where nobody was.
        share: at each dose.
    """
    count = weight.shape[-1]
    zero = np.zeros((len(weight), 1))
    total = np.concatenate([zero, np.cumsum(weight, axis=-1)], axis=-1)
    value = np.concatenate([zero, np.cumsum(weight * share, axis=-1)], axis=-1)
    best = np.full(weight.shape, -np.inf)
    for a in range(count):
        n = total[:, a + 1 :] - total[:, a : a + 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(n > 0.0, (value[:, a + 1 :] - value[:, a : a + 1]) / n, np.inf)
        least = np.minimum.accumulate(mean[:, ::-1], axis=-1)[:, ::-1]
        best[:, a:] = np.maximum(best[:, a:], np.where(np.isfinite(least), least, -np.inf))
    return best


def _pooled(ladder: Floats, weight: Floats, share: Floats) -> tuple[Floats, Floats, Flags]:
    there, place = weight > 0.0, np.arange(weight.shape[-1])
    fitted = isotonic_shares(weight, share)
    before = np.full(weight.shape, -np.inf)  # the fitted share of the last dose tried before
    before[:, 1:] = np.maximum.accumulate(np.where(there, fitted, -np.inf), axis=-1)[:, :-1]
    extreme = (fitted < 1e-9) | (fitted > 1.0 - 1e-9)
    begins = there & ((fitted > before + 1e-9) | extreme)
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=-1)
    after = np.full(weight.shape, len(place))  # where the next pool begins
    later = np.where(begins, place, len(place))[:, :0:-1]
    after[:, :-1] = np.minimum.accumulate(later, axis=-1)[:, ::-1]
    seen = np.cumsum(there, axis=-1)
    kept = there & (seen == np.take_along_axis(seen, after - 1, axis=-1))
    zero = np.zeros((len(weight), 1))
    total = np.concatenate([zero, np.cumsum(weight, axis=-1)], axis=-1)
    dose = np.concatenate([zero, np.cumsum(weight * ladder, axis=-1)], axis=-1)
    n = total[:, 1:] - np.take_along_axis(total, first, axis=-1)
    whole = dose[:, 1:] - np.take_along_axis(dose, first, axis=-1)
    return whole / np.where(n > 0.0, n, 1.0), np.where(there, fitted, 0.0), kept


def crossing(x: Floats, y: Floats, kept: Flags, target: float) -> Floats:
    """Return where the broken line through the pools passes the target."""
    above = kept & (y >= target - 1e-12)
    below = kept & (y <= target + 1e-12)
    right = np.argmax(above, axis=-1)
    left = y.shape[-1] - 1 - np.argmax(below[:, ::-1], axis=-1)
    row = np.arange(len(y))
    x0, x1, y0, y1 = x[row, left], x[row, right], y[row, left], y[row, right]
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(y1 > y0, (target - y0) / (y1 - y0), 0.5)
    # a pool at the target itself is both: then left and right are the ends of its run
    found = np.where(left == right, x0, x0 + part * (x1 - x0))
    found = np.where(above.any(axis=-1), found, np.inf)
    found = np.where(below.any(axis=-1), found, -np.inf)
    return np.asarray(np.where(kept.any(axis=-1), found, np.nan))


def _interpolated(x: Floats, y: Floats, kept: Flags, at: Floats) -> Floats:
    """The broken line through the pools at doses, flat beyond its ends."""
    big = np.where(kept, x, np.nan)
    curve = np.zeros((len(x), len(at)))
    row = np.arange(len(x))
    for k, dose in enumerate(at):
        low, high = kept & (big <= dose), kept & (big >= dose)
        left = x.shape[-1] - 1 - np.argmax(low[:, ::-1], axis=-1)
        right = np.argmax(high, axis=-1)
        left = np.where(low.any(axis=-1), left, right)
        right = np.where(high.any(axis=-1), right, left)
        span = x[row, right] - x[row, left]
        part = np.where(span > 0.0, (dose - x[row, left]) / np.where(span > 0.0, span, 1.0), 0.0)
        curve[:, k] = y[row, left] + part * (y[row, right] - y[row, left])
    return np.where(kept.any(axis=-1, keepdims=True), curve, np.nan)
