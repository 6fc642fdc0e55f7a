"""Isotonic estimate of an up-and-down series with a bias-corrected interval."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from ldnsim.analysis.trial.estimate.inputs import as_codes, as_values, check_share, same_shape
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate
from ldnsim.analysis.trial.estimate.up_down import (
    Counts,
    ascending,
    centred_isotonic,
    crossing,
    pools,
    without_test,
)
from ldnsim.arrays import Floats, Ints
from ldnsim.errors import UserError
from ldnsim.patients.draws import generator

_HELD = 200_000
"""Series drawn at once."""


def up_and_down(
    step: Ints, response: Floats, doses: Floats, target: float = 0.5, shrink: float = 1.0,
    draws: int = 500, seed: int = 0, level: float = LEVEL,
) -> Estimate:  # fmt: skip
    """Estimate the dose of a share of responders from an up-and-down series.

    Point: :func:`.centred_isotonic`. Interval: series of as many patients are drawn from the fitted
    curve by the same rule (one step down after a response, one up after none, within the ladder,
    from the same first dose), each is estimated the same way, and the percentiles are corrected for
    bias: ``z0 = Phi^-1(share of draws below the estimate)``, ends at ``Phi(2 z0 -+ z)``. The draws
    are common to all trials. References: Stylianou, Proschan and Flournoy, Stat Med 2003;22:535;
    Pace and Stylianou, Anesthesiology 2007;107:144; Efron, Can J Stat 1981;9:139.

    Args:
        step: which dose each patient got, 0 the lowest, (..., patients).
        response: 1 for a response, 0 for none, NaN for a patient who does not count.
        doses: ascending, (doses,).
        target: share of responders; a plain up-and-down series gathers round 0.5 and tells little
            of other shares.
        shrink: see :func:`.centred_isotonic`.
        draws: series drawn for each trial.
        seed: of these.
        level: of the interval.

    Returns:
        the dose, without test. Infinite ends say that the data give none; se is the standard
        deviation of the finite draws. Where the curve does not reach the target all is NaN.

    Raises:
        UserError: steps beyond the doses, responses that are neither 0 nor 1, too few draws.
    """
    check_share(level, "level")
    ladder = ascending(doses)
    if draws < 100:
        raise UserError(f"draws = {draws!r}: an interval needs 100 or more")
    at, y = as_codes(step, "step"), as_values(response, "response")
    same_shape(("step", at), ("response", y))
    at, lead = np.broadcast_to(at, y.shape), y.shape[:-1]
    counts = Counts.of(at, y, len(ladder))
    found, curve = centred_isotonic(counts, ladder, target, shrink)
    found, curve = found.reshape(-1), curve.reshape(-1, len(ladder))
    n = np.isfinite(y).sum(axis=-1).reshape(-1)
    first = at[..., 0].reshape(-1)
    ends = np.full((3, len(found)), np.nan)
    fine = np.flatnonzero(np.isfinite(found))
    u = generator(seed, "up and down").random((draws, y.shape[-1]))
    for k in range(0, len(fine), max(1, _HELD // draws)):
        own = fine[k : k + max(1, _HELD // draws)]
        drawn = _again(curve[own], first[own], n[own], u)
        again = crossing(*pools(drawn, ladder, target, shrink), target)
        ends[:, own] = _ends(again.reshape(len(own), draws), found[own], level)
    point = np.where(np.isfinite(found), found, np.nan)
    return without_test(*(v.reshape(lead) for v in (point, *ends)))


def _again(curve: Floats, first: Ints, n: Ints, u: Floats) -> Counts:
    """Draw series from curves, (trials, doses), by uniform numbers (draws, patients)."""
    trials, doses = curve.shape
    tried = np.zeros((trials, len(u), doses))
    positive = np.zeros_like(tried)
    at = np.repeat(first[:, None], len(u), axis=1)
    row, column = np.arange(trials)[:, None], np.arange(len(u))
    for patient in range(u.shape[1]):
        goes_on = (patient < n)[:, None]
        response = u[:, patient] < curve[row, at]
        tried[row, column, at] += goes_on
        positive[row, column, at] += response & goes_on
        at = np.clip(np.where(response, at - 1, at + 1), 0, doses - 1)
    return Counts(tried, positive)


def _ends(drawn: Floats, found: Floats, level: float) -> Floats:
    """Standard deviation and bias-corrected percentiles of draws, (3, trials)."""
    ordered = np.sort(drawn, axis=-1)
    count = drawn.shape[-1]
    below = (ordered < found[:, None]).sum(axis=-1) + 0.5 * (ordered == found[:, None]).sum(axis=-1)
    z0 = ndtri(np.clip(below / count, 0.5 / count, 1.0 - 0.5 / count))
    z = float(ndtri(0.5 + level / 2.0))
    finite = np.isfinite(drawn)
    n = np.maximum(finite.sum(axis=-1), 1)
    mean = np.where(finite, drawn, 0.0).sum(axis=-1) / n
    left = np.where(finite, drawn - mean[:, None], 0.0)
    sides = [
        np.clip(np.floor(ndtr(2.0 * z0 + side * z) * count).astype(int), 0, count - 1)
        for side in (-1.0, 1.0)
    ]
    row = np.arange(len(found))
    return np.stack([np.sqrt((left**2).sum(axis=-1) / n), *(ordered[row, s] for s in sides)])
