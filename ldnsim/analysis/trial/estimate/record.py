"""One record for what an analysis of trials finds, and how it comes from an estimate and its error.

Everything here works along leading axes: trials, and before them hypotheses, sets of parameters or
whatever else there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ldnsim.analysis.trial.estimate.inputs import check_share
from ldnsim.arrays import Flags, Floats

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """What an analysis found in each of many trials; all arrays have one shape, (..., trials).

    Functions that compare several arms with a control add an axis of comparisons at the end.

    Attributes:
        estimate: of the effect; NaN where the data do not determine it.
        se: its standard error.
        low: lower end of its interval.
        high: upper end.
        p: two-sided; NaN where nothing was tested.
        df: degrees of freedom of Student's t; infinite where the normal distribution was used.
        tested: whether a test was possible. Where it was not (an arm without patients, nobody who
            differs), nothing is rejected, so report the share of such trials next to the power.
    """

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    df: Floats
    tested: Flags

    def each(self, change: Callable[[Floats], Floats]) -> Estimate:
        """Return the record with a function applied to every array, to reshape or index them."""
        changed: list[Any] = [np.asarray(change(getattr(self, f.name))) for f in fields(self)]
        return Estimate(*changed)

    def comparison(self, number: int) -> Estimate:
        """Return one comparison of several: 0 is the first arm after the control."""
        return self.each(lambda values: values[..., number])

    def rejected(self, alpha: float = 0.05) -> Flags:
        """Return where the null hypothesis is rejected; nowhere without a test."""
        return np.asarray(self.tested & (self.p < check_share(alpha, "alpha")))

    def with_p(self, p: Floats) -> Estimate:
        """Return the record with other P values, such as adjusted ones; intervals stay."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return Estimate(**{**own, "p": np.where(self.tested, p, np.nan)})


def student(
    estimate: Floats, se: Floats, df: Floats, level: float = LEVEL, possible: Flags | None = None
) -> Estimate:
    """Return estimates with Student's interval and test of zero: t = estimate / se.

    Args:
        estimate: of any shape.
        se: its standard error, of a shape that broadcasts.
        df: degrees of freedom, likewise; infinite for the normal distribution.
        level: of the interval.
        possible: where a test is possible; besides, the error has to be above 0 and df too.

    Raises:
        UserError: a level that is none.
    """
    check_share(level, "level")
    estimate, se, df = (
        np.array(a, dtype=np.float64) for a in np.broadcast_arrays(estimate, se, df)
    )
    with np.errstate(invalid="ignore"):
        tested = np.isfinite(estimate) & np.isfinite(se) & (se > 0.0) & (df > 0.0)
    if possible is not None:
        tested &= possible
    se, df = np.where(tested, se, np.nan), np.where(tested, df, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        half = quantile(0.5 + level / 2.0, df) * se
        p = 2.0 * below(-np.abs(estimate) / se, df)
    return Estimate(estimate, se, estimate - half, estimate + half, p, df, tested)


def normal(
    estimate: Floats, se: Floats, level: float = LEVEL, possible: Flags | None = None
) -> Estimate:
    """Return estimates with the normal interval and test of zero; see :func:`student`."""
    return student(estimate, se, np.array(np.inf), level, possible)


def below(t: Floats, df: Floats) -> Floats:
    """Return the share of Student's distribution below ``t``; infinite ``df`` is the normal."""
    finite = np.isfinite(df)
    return np.asarray(np.where(finite, stdtr(np.where(finite, df, 1.0), t), _known(ndtr(t), df)))


def quantile(share: float, df: Floats) -> Floats:
    """Return the quantile of Student's distribution; infinite ``df`` is the normal."""
    finite = np.isfinite(df)
    by_t = stdtrit(np.where(finite, df, 1.0), share)
    return np.asarray(np.where(finite, by_t, _known(np.full(df.shape, ndtri(share)), df)))


def _known(values: Floats, df: Floats) -> Floats:
    return np.asarray(np.where(np.isnan(df), np.nan, values))
