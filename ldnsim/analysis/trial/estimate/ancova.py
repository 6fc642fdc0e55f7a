"""Outcome on arm with the baseline as covariate: the usual primary analysis of a parallel trial."""

from __future__ import annotations

import numpy as np

from ldnsim.analysis.trial.estimate.inputs import arm_codes, as_codes, as_values, same_shape
from ldnsim.analysis.trial.estimate.least_squares import Fit, fit
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate
from ldnsim.arrays import Floats, Ints


def ancova(
    outcome: Floats,
    arm: Ints,
    baseline: Floats | None = None,
    strata: Ints | None = None,
    arms: int | None = None,
    level: float = LEVEL,
) -> Estimate:
    """Compare arms with a control, adjusted for the baseline.

    Model: ``y_i = a_arm(i) + b (x_i - mean x) + s_stratum(i) + e_i``, e normal with one variance
    over arms; least squares; Student's t of ``a_k - a_0`` on n - rank degrees of freedom. Patients
    without outcome or baseline are left out (complete cases). Without baseline it is the analysis
    of variance. Reference: Vickers and Altman, BMJ 2001;323:1123.

    Args:
        outcome: (..., patients), NaN for those who dropped out.
        arm: 0 the control, 1, 2, ..., (patients,) or with leading axes.
        baseline: of a shape that broadcasts to the outcome's.
        strata: codes that randomisation was stratified by, likewise.
        arms: how many; the largest code and one when None.
        level: of the intervals.

    Returns:
        effects against the control, (..., arms - 1).

    Raises:
        UserError: fewer than two arms, or shapes that do not go together.
    """
    found, count = model(outcome, arm, baseline, strata, arms)
    each = [found.contrast(weights, level) for weights in against_control(found, count)]
    return stacked(each)


def model(
    outcome: Floats, arm: Ints, baseline: Floats | None, strata: Ints | None, arms: int | None
) -> tuple[Fit, int]:
    """Fit the means of arms (the first coefficients), then baseline and strata.

    Returns:
        the fit and the number of arms; see :func:`ancova` for the arguments.
    """
    y = as_values(outcome, "outcome")
    codes, count = arm_codes(arm, arms)
    same_shape(("outcome", y), ("arm", codes))
    parts = [dummies(codes, range(count))]
    if baseline is not None:
        x = as_values(baseline, "baseline")
        same_shape(("outcome", y), ("baseline", x))
        x = np.where(np.isfinite(y), x, np.nan)
        parts.append(centred(x)[..., None])
    if strata is not None:
        strata = as_codes(strata, "strata")
        same_shape(("outcome", y), ("strata", strata))
        parts.append(dummies(strata, np.unique(strata)[1:]))
    shape = np.broadcast_shapes(y.shape, *(p.shape[:-1] for p in parts))
    wide = [np.broadcast_to(p, (*shape, p.shape[-1])) for p in parts]
    return fit(np.concatenate(wide, axis=-1), np.broadcast_to(y, shape)), count


def against_control(found: Fit, arms: int) -> list[Floats]:
    """Return contrasts of each arm with the first; arms are the first coefficients of the fit."""
    rows = np.zeros((arms - 1, found.coef.shape[-1]))
    rows[:, 0] = -1.0
    rows[np.arange(arms - 1), np.arange(1, arms)] = 1.0
    return list(rows)


def stacked(each: list[Estimate]) -> Estimate:
    """Return estimates side by side, along a new last axis."""
    names = ("estimate", "se", "low", "high", "p", "df", "tested")
    return Estimate(*(np.stack([getattr(e, n) for e in each], axis=-1) for n in names))


def dummies(codes: Ints, values: range | Ints) -> Floats:
    """Return 1 where a code is each of some values and 0 elsewhere, (..., patients, values)."""
    return np.asarray(codes[..., None] == np.asarray(list(values)), dtype=np.float64)


def centred(x: Floats) -> Floats:
    """Return a covariate less its mean over those who have it, the last axis."""
    seen = np.isfinite(x)
    total = np.where(seen, x, 0.0).sum(axis=-1, keepdims=True)
    return np.asarray(x - total / np.maximum(seen.sum(axis=-1, keepdims=True), 1))
