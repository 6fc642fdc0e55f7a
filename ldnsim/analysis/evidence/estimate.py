"""What a fit says of each parameter that it moved, whatever it was fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ldnsim.analysis.evidence.fit import (
    Batch,
    Curvature,
    Fit,
    Profile,
    curvature,
    profile,
)
from ldnsim.arrays import Floats
from ldnsim.catalog.calibration import Free
from ldnsim.mechanisms.record import Parameter

SPREADS = 4.0
"""Bounds of a parameter without recorded ones: so many of its spreads either way."""
DECADE = 10.0
"""Bounds of a parameter without recorded spread: this factor either way."""


@dataclass(frozen=True)
class Estimate:
    """One fitted parameter.

    Attributes:
        name: of the parameter.
        value: best value.
        se: its standard error in its own unit, inf where the data leave it open.
        low: lower end of the 95 % interval by profile; None where there is none or not asked for.
        high: upper end.
        shipped: value without the fit: of hypothesis, phenotype or the model.
        unit: of all these.
        price: distance from that value, in recorded spreads; NaN without one, or outside
            the bounds.
        bounds: lowest and highest value tried.
        data_share: share of what is known about it that comes from the data, not from a prior.
        verdict: what may be said of it.
    """

    name: str
    value: float
    se: float
    low: float | None
    high: float | None
    shipped: float
    unit: str
    price: float
    bounds: tuple[float, float]
    data_share: float
    verdict: str

    @property
    def fitted(self) -> bool:
        """Whether the data, not a prior, set the value."""
        return self.verdict == "determined"


def within_record(p: Parameter, value: float) -> Free:
    """Return where a parameter may lie about a value: spreads, or a factor of ten, and bounds."""
    whole = Free(p.name, 0.0, math.inf, is_fraction=p.spread.kind == "logitnormal")
    x = whole.coordinate(value)
    wide = SPREADS * p.spread.sd if p.spread.sd > 0.0 else math.log(DECADE)
    low, high = max(whole.value(x - wide), p.low or 0.0), whole.value(x + wide)
    return replace(whole, low=low, high=high if p.high is None else min(high, p.high))


def box(free: Sequence[Free]) -> tuple[Floats, Floats]:
    """Return lower and upper bounds as coordinates, each of shape (parameters,)."""
    return (
        np.array([f.coordinate(f.low) for f in free]),
        np.array([f.coordinate(f.high) for f in free]),
    )


def values_at(free: Sequence[Free], x: Floats) -> dict[str, float]:
    """Return the parameters at a point."""
    return {f.name: f.value(float(v)) for f, v in zip(free, x, strict=True)}


def appraised(
    free: Sequence[Free],
    batch: Batch,
    best: Fit,
    known: Mapping[str, Parameter],
    shipped: Mapping[str, float],
    profiles: bool,
    bent: Curvature | None = None,
) -> tuple[Curvature, tuple[Profile, ...], tuple[Estimate, ...]]:
    """Return what the best point of a fit says of each parameter.

    Args:
        free: the parameters.
        batch: residuals of points.
        best: the fit.
        known: records of the parameters.
        shipped: their values without the fit.
        profiles: whether to compute profile likelihoods; there are none otherwise.
        bent: the curvature at the best point; that of the Jacobian when None.
    """
    names, bounds = [f.name for f in free], box(free)
    bent = bent or curvature(best.jacobian, names)
    found = tuple(profile(batch, *bounds, best, i, n) for i, n in enumerate(names) if profiles)
    estimates = tuple(
        _estimate(f, known[f.name], shipped[f.name], float(x), float(se), f.name in bent.open, seen)
        for f, x, se, seen in zip(free, best.x, bent.se, found or [None] * len(names), strict=True)
    )
    return bent, found, estimates


def _estimate(
    free: Free, p: Parameter, own: float, x: float, se: float, is_open: bool, seen: Profile | None
) -> Estimate:
    low, high = (None, None) if seen is None else seen.interval
    share = 1.0 if free.prior is None else 1.0 - min(1.0, (se / free.prior_sd) ** 2)
    # a profile may end at a bound of another parameter: the Jacobian must agree
    known = not is_open and (seen is None or seen.determined)
    verdict = "determined" if share >= 0.5 else "prior decides"
    priced = p.spread.sd > 0.0 and free.low <= own <= free.high
    return Estimate(
        name=free.name,
        value=free.value(x),
        se=se * free.slope(x),
        low=None if low is None else free.value(low),
        high=None if high is None else free.value(high),
        shipped=own,
        unit=p.unit,
        price=(x - free.coordinate(own)) / p.spread.sd if priced else math.nan,
        bounds=(free.low, free.high),
        data_share=share,
        verdict=verdict if known else "not determined",
    )
