"""n-of-1 trials: drug and control alternate within a patient, cycle after cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.inputs import as_values
from ldnsim.analysis.trial.estimate.line import least
from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, student
from ldnsim.analysis.trial.estimate.two_groups import paired
from ldnsim.arrays import Floats
from ldnsim.errors import UserError

_RATIOS = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 65)])
"""Variance between over variance within patients: where the likelihood is looked at first."""


@dataclass(frozen=True)
class Series:
    """What a set of n-of-1 trials found.

    Attributes:
        mean: effect over patients, (...).
        sd_between: standard deviation of true effects between patients, (...); 0 where the data
            show no more spread than within patients.
        sd_within: of differences of cycles within a patient, (...).
        effects: shrunken effect of each patient, (..., patients); the mean of a patient without
            cycles.
        effects_se: its standard error of prediction, the mean's own error included.
    """

    mean: Estimate
    sd_between: Floats
    sd_within: Floats
    effects: Floats
    effects_se: Floats


def each_patient(differences: Floats, level: float = LEVEL) -> Estimate:
    """Analyse each patient alone by the paired t of the cycles, (..., patients).

    Args:
        differences: drug less control of each cycle, (..., patients, cycles), NaN where missing.
        level: of the intervals.
    """
    return paired(differences, level)


def series(differences: Floats, level: float = LEVEL) -> Series:
    """Analyse n-of-1 trials together by the mixed model of their cycles.

    Model: ``d_ij = m + b_i + e_ij``, b normal with variance T between patients, e normal with
    variance S within; T and S by restricted maximum likelihood (profiled over T/S, so the cycles
    may differ in number); m by generalised least squares with Student's t on patients - 1 degrees
    of freedom, which is exact when all have as many cycles and T is above 0; effects are the best
    linear unbiased predictions ``m + w_i (mean_i - m)``, ``w_i = n_i T / (S + n_i T)``.
    References: Zucker et al., J Clin Epidemiol 1997;50:401; Robinson, Stat Sci 1991;6:15.

    Args:
        differences: drug less control of each cycle, (..., patients, cycles), NaN where missing.
        level: of the interval.

    Raises:
        UserError: no axes of patients and cycles.
    """
    d = as_values(differences, "differences")
    if d.ndim < 2:
        raise UserError(f"differences {d.shape}: expected (..., patients, cycles)")
    n, means, within = _patients(d)
    lead, flat = n.shape[:-1], (-1, n.shape[-1])
    parts = n.reshape(flat), means.reshape(flat), within.reshape(-1)
    ratio = least(lambda x, at: _deviance(x, *(p[at] for p in parts)), _RATIOS, len(parts[2]))
    ratio = ratio.reshape(lead)
    weight, mean, within_variance = _given(ratio, n, means, within)
    total = weight.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(within_variance / total)
    seen = (n > 0).sum(axis=-1)
    possible = np.asarray((n.sum(axis=-1) > seen) & (within_variance > 0.0))
    found = student(mean, np.where(possible, se, np.nan), seen - 1.0, level)
    pull = weight * ratio[..., None]
    effects = mean[..., None] + pull * (means - mean[..., None])
    variance = within_variance * ratio
    error2 = variance[..., None] * (1.0 - pull) + (1.0 - pull) ** 2 * se[..., None] ** 2
    keep = np.where(possible, 1.0, np.nan)
    return Series(
        found, np.sqrt(variance) * keep, np.sqrt(within_variance) * keep,
        effects * keep[..., None], np.sqrt(error2) * keep[..., None],
    )  # fmt: skip


def _patients(d: Floats) -> tuple[Floats, Floats, Floats]:
    """Cycles and mean of each patient, and the sum of squares within all of them."""
    seen = np.isfinite(d)
    n = seen.sum(axis=-1).astype(np.float64)
    mean = np.where(seen, d, 0.0).sum(axis=-1) / np.maximum(n, 1.0)
    within = np.where(seen, d - mean[..., None], 0.0)
    return n, mean, np.asarray((within**2).sum(axis=(-2, -1)))


def _given(
    ratio: Floats, n: Floats, means: Floats, within: Floats
) -> tuple[Floats, Floats, Floats]:
    """Weights n / (1 + n ratio), the mean, and the variance within, at a ratio of variances."""
    weight = n / (1.0 + n * ratio[..., None])
    total, cycles = weight.sum(axis=-1), n.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weight * means).sum(axis=-1) / total
        spread = (weight * (means - mean[..., None]) ** 2).sum(axis=-1)
        return weight, mean, np.asarray((within + spread) / (cycles - 1.0))


def _deviance(ratio: Floats, n: Floats, means: Floats, within: Floats) -> Floats:
    """-2 log restricted likelihood up to a constant, mean and variance within profiled out."""
    weight, _, variance = _given(ratio, n, means, within)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            (n.sum(axis=-1) - 1.0) * np.log(variance)
            + np.log1p(n * ratio[..., None]).sum(axis=-1)
            + np.log(weight.sum(axis=-1))
        )
