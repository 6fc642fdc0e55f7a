"""Probit curves of shares of responders over dose, by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from ldnsim.analysis.trial.estimate.inputs import check_share
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, normal
from ldnsim.analysis.trial.estimate.up_down import Counts, ascending, without_test
from ldnsim.arrays import Flags, Floats
from ldnsim.errors import UserError

_ROUNDS = 100
_SETTLED = 1e-10


@dataclass(frozen=True)
class Probit:
    """A probit curve.

    Attributes:
        intercept: of the linear predictor.
        slope: per unit of log dose (of dose without logarithm), with Wald's test.
        dose: of the share asked for; no test.
        fitted: where responders and others overlap, so that there is a curve.
    """

    intercept: Estimate
    slope: Estimate
    dose: Estimate
    fitted: Flags


def probit(
    counts: Counts, doses: Floats, share: float = 0.5, log: bool = True, level: float = LEVEL
) -> Probit:
    """Fit ``P(response) = Phi(a + b log dose)`` and read off the dose of a share.

    Maximum likelihood by Fisher scoring; the dose is ``exp((Phi^-1(share) - a)/b)``, its interval
    by the delta method on the log scale. Where all responders got more (or all less) than the
    others no curve exists. Series whose doses follow responses bias the slope upwards, and with it
    far shares such as the 95 % dose; the median suffers little. Reference: Finney, Probit Analysis,
    3rd ed., Cambridge 1971.

    Args:
        counts: of each dose.
        doses: ascending, (doses,).
        share: of responders, whose dose is sought.
        log: whether thresholds are normal in log dose, rather than in dose.
        level: of the intervals.

    Raises:
        UserError: a dose of 0 with logarithms.
    """
    check_share(share, "share")
    ladder = ascending(doses)
    if log and ladder[0] <= 0.0:
        raise UserError(f"doses: {ladder[0]:g} has no logarithm; give log=False or leave it out")
    x = np.log(ladder) if log else ladder
    lead = counts.tried.shape[:-1]
    n, positive = (a.reshape(-1, len(x)) for a in (counts.tried, counts.positive))
    overlap = _overlap(n, positive)
    middle = (n * x).sum(axis=-1) / np.maximum(n.sum(axis=-1), 1.0)
    about = x - middle[:, None]
    a, b, spread, settled = _scored(n, positive, about)
    good = np.asarray(overlap & settled)
    z = float(ndtri(share))
    with np.errstate(invalid="ignore", divide="ignore"):
        at = (z - a) / b
        se_at = np.sqrt(spread[0] + 2.0 * at * spread[1] + at**2 * spread[2]) / np.abs(b)
        se_a = np.sqrt(spread[0] - 2.0 * middle * spread[1] + middle**2 * spread[2])
        se_b = np.sqrt(spread[2])
    blank = np.where(good, 1.0, np.nan)
    half = float(ndtri(0.5 + check_share(level, "level") / 2.0)) * se_at
    ends = [(at + middle + side * half) * blank for side in (-1.0, 0.0, 1.0)]
    low, value, high = (np.exp(e) for e in ends) if log else ends
    error = (se_at * value if log else se_at) * blank
    found = (
        normal((a - b * middle) * blank, se_a, level),
        normal(b * blank, se_b, level),
        without_test(value, error, low, high),
    )
    shaped = [f.each(lambda values: values.reshape(lead)) for f in found]
    return Probit(shaped[0], shaped[1], shaped[2], good.reshape(lead))


def _overlap(n: Floats, positive: Floats) -> Flags:
    """Whether neither a rising nor a falling step parts responders from the others."""
    place = np.arange(n.shape[-1])
    yes, no = positive > 0, n - positive > 0
    first_yes, last_yes = (
        np.where(yes, place, 99).min(axis=-1),
        np.where(yes, place, -1).max(axis=-1),
    )
    first_no, last_no = np.where(no, place, 99).min(axis=-1), np.where(no, place, -1).max(axis=-1)
    return np.asarray((last_no > first_yes) & (last_yes > first_no))


def _scored(
    n: Floats, positive: Floats, x: Floats
) -> tuple[Floats, Floats, tuple[Floats, Floats, Floats], Flags]:
    """Intercept, slope, their covariance (aa, ab, bb), and where the rounds settled."""
    whole = np.maximum(n.sum(axis=-1), 1.0)
    a = ndtri((positive.sum(axis=-1) + 0.5) / (whole + 1.0))
    b = np.zeros(len(n))
    settled = np.zeros(len(n), dtype=bool)
    for _ in range(_ROUNDS):
        line = np.clip(a[:, None] + b[:, None] * x, -8.0, 8.0)
        p = ndtr(line)
        density = np.exp(-0.5 * line**2) / np.sqrt(2.0 * np.pi)
        weight = n * density**2 / (p * (1.0 - p))
        score = (positive - n * p) * density / (p * (1.0 - p))
        aa, ab, bb = weight.sum(axis=-1), (weight * x).sum(axis=-1), (weight * x**2).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            det = aa * bb - ab**2
            g, h = score.sum(axis=-1), (score * x).sum(axis=-1)
            da, db = (bb * g - ab * h) / det, (aa * h - ab * g) / det
            settled = np.abs(da) + np.abs(db) < _SETTLED
            spread = bb / det, -ab / det, aa / det
        da, db = np.nan_to_num(np.clip(da, -2.0, 2.0)), np.nan_to_num(np.clip(db, -20.0, 20.0))
        a, b = a + da, b + db
        if settled.all():
            break
    return a, b, spread, np.asarray(settled)
