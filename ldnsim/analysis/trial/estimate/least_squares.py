"""Ordinary least squares of many trials at once, over those who were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.estimate.record import LEVEL, Estimate, student
from ldnsim.arrays import Flags, Floats

SINGULAR = 1e-10
"""Eigenvalues of the scaled normal equations below this are zero."""
_EXACT = 1e-20
"""A residual sum of squares below this share of the total is rounding."""


@dataclass(frozen=True)
class Fit:
    """Regressions of many trials.

    Attributes:
        coef: (..., k).
        spread: (X'X)^-1, a generalised inverse where columns depend on each other, (..., k, k).
        variance: of the residuals, (...).
        df: seen less the rank, (...).
        null: projection on the directions that the data say nothing of, (..., k, k).
    """

    coef: Floats
    spread: Floats
    variance: Floats
    df: Floats
    null: Floats

    def contrast(self, weights: Floats, level: float = LEVEL) -> Estimate:
        """Return a linear combination of coefficients with Student's interval and test.

        Args:
            weights: (..., k); a combination that the data do not determine is NaN.
            level: of the interval.
        """
        value = np.einsum("...k,...k->...", weights, self.coef)
        error2 = np.einsum("...j,...jk,...k->...", weights, self.spread, weights) * self.variance
        open_ = np.einsum("...j,...jk,...k->...", weights, self.null, weights)
        value = np.where(
            open_ < SINGULAR * np.einsum("...k,...k->...", weights, weights), value, np.nan
        )
        return student(value, np.sqrt(np.maximum(error2, 0.0)), self.df, level)


def fit(design: Floats, outcome: Floats, absorbed: Floats | float = 0.0) -> Fit:
    """Fit outcome = design . coef + error by least squares, each trial by itself.

    Args:
        design: (..., n, k).
        outcome: (..., n); rows with NaN in either are left out.
        absorbed: degrees of freedom used before, such as by effects of patients, (...).
    """
    seen = np.isfinite(outcome) & np.isfinite(design).all(axis=-1)
    x = np.where(seen[..., None], design, 0.0)
    y = np.where(seen, outcome, 0.0)
    gram = np.swapaxes(x, -1, -2) @ x
    inverse, null, rank = pseudo_inverse(gram)
    coef = np.einsum("...jk,...nk,...n->...j", inverse, x, y, optimize=True)
    left = y - np.einsum("...nk,...k->...n", x, coef)
    rss = np.sum(left**2, axis=-1)
    rss = np.where(rss > _EXACT * np.sum(y**2, axis=-1), rss, 0.0)
    df = seen.sum(axis=-1) - rank - absorbed
    variance = np.where(df > 0.0, rss / np.where(df > 0.0, df, 1.0), np.nan)
    return Fit(coef, inverse, variance, np.asarray(df, dtype=np.float64), null)


def pseudo_inverse(gram: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a generalised inverse of symmetric matrices, what it leaves out, and the rank.

    Args:
        gram: X'X, (..., k, k). It is scaled to a unit diagonal first, so that units do not decide
            what is singular.

    Returns:
        the inverse and the projection on the null space, (..., k, k), and the rank, (...).
    """
    size = np.sqrt(np.einsum("...kk->...k", gram))
    size = np.where(size > 0.0, size, 1.0)
    scaled = gram / (size[..., :, None] * size[..., None, :])
    values, vectors = np.linalg.eigh(scaled)
    kept: Flags = values > SINGULAR
    inner = (vectors * np.where(kept, 1.0 / np.where(kept, values, 1.0), 0.0)[..., None, :]) @ (
        np.swapaxes(vectors, -1, -2)
    )
    open_ = vectors / size[..., :, None] * ~kept[..., None, :]
    length = np.sqrt(np.sum(open_**2, axis=-2, keepdims=True))
    open_ = open_ / np.where(length > 0.0, length, 1.0)
    inverse = inner / (size[..., :, None] * size[..., None, :])
    return inverse, open_ @ np.swapaxes(open_, -1, -2), kept.sum(axis=-1).astype(np.float64)
