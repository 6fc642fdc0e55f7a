"""The effect that a trial is after, over the whole pool, with the sampling error of the pool.

Every patient of the pool reports under every group with the same chance, several times over. The
effect is the weighted mean of the differences within patients, and its error the analytic one
of a weighted mean, linearised where only part of the patients is randomised: the pool is a
sample, and another one would have another effect. What that does to the power is told by moving
every trial's estimate by this error. A bootstrap over patients of the pool gives the same
(docs/trials.md), at many times the cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.trial.analyse import by_period, outcomes
from ldnsim.analysis.trial.cell import Cell
from ldnsim.analysis.trial.drawn import Drawn, Streams, chance_of, report
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.selected import passes
from ldnsim.arrays import Floats
from ldnsim.config.designs import DoseResponse, Withdrawal

TIMES, TIMES_SELECTED = 20, 100
"""How often every patient reports; more often where only those count who are randomised."""


@dataclass(frozen=True)
class Effect:
    """An effect over the pool.

    Attributes:
        value: of each comparison, (comparisons,).
        error: standard error that comes from the pool being a sample, likewise.
    """

    value: Floats
    error: Floats


def effect(laid: Laid, cell: Cell, estimand: str, seed: int) -> Effect:
    """Return the effect that trials of a design estimate.

    Of patients who are their own controls it is that of the first period, which nothing was carried
    over to: what their trials find in the mean beyond it is bias.

    Args:
        laid: the design with its groups.
        cell: the pool.
        estimand: what is asked.
        seed: of what is left to chance.
    """
    times = TIMES_SELECTED if isinstance(laid.design, Withdrawal) else TIMES
    who = np.broadcast_to(np.arange(cell.size), (times, cell.size))
    persons = chance_of(who, laid.weeks, Streams(seed, "the whole pool"))
    group = np.zeros(cell.size, dtype=np.int64)
    each = [
        report(cell, persons, np.array(cell.arms[a]), group, laid.design.lost) for a in laid.arms
    ]
    in_it = np.ones(who.shape)
    if isinstance(laid.design, Withdrawal):
        in_it = passes(laid, cell, each[1]).astype(np.float64)
    gaps = _gaps(laid, _values(laid, each, estimand))
    return _mean(gaps, in_it, cell.chance)


def _values(laid: Laid, each: list[Drawn], estimand: str) -> list[Floats]:
    """Return the outcome of every patient in every group; of periods in the first, by regimen."""
    if not laid.in_periods:
        return [outcomes(laid, drawn, estimand)[0] for drawn in each]
    first = [order[0] for order in laid.orders()]
    told = [by_period(laid, drawn, estimand)[..., 0] for drawn in each]
    names = (laid.names.control, *laid.names.treatments)
    return [told[first.index(n)] if n in first else np.full(told[0].shape, np.nan) for n in names]


def _gaps(laid: Laid, values: list[Floats]) -> Floats:
    """Return what is compared within each patient, (comparisons, times, patients)."""
    gaps = [v - values[0] for v in values[1:]]
    if not isinstance(laid.design, DoseResponse):
        return np.stack(gaps)
    about = laid.dose_of_groups()
    about = about - about.mean()
    line = sum(c * v for c, v in zip(about, values, strict=True)) / np.sum(about**2)
    return np.stack([np.asarray(line), *gaps])


def _mean(gaps: Floats, in_it: Floats, chance: Floats) -> Effect:
    """Return weighted means over those who are in it, and their errors by linearisation."""
    there = in_it * np.isfinite(gaps)
    inside = there.mean(axis=1)
    total = (inside * chance).sum(axis=-1)
    own = np.where(there > 0.0, gaps, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = (own.mean(axis=1) * chance).sum(axis=-1) / total
        moved = (own.mean(axis=1) - inside * value[:, None]) / total[:, None]
    n = len(chance)
    error = np.sqrt(((chance * moved) ** 2).sum(axis=-1) * n / (n - 1.0))
    return Effect(value, np.where(np.isfinite(value), error, math.nan))
