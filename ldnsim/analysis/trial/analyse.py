"""How the trials of each design are analysed; the statistics are those of :mod:`.estimate`."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.analysis.trial.estimate import (
    Estimate,
    ancova,
    bonferroni,
    counts,
    crossover,
    dunnett,
    holm,
    repeated,
    responders,
    sequences,
    series,
    trend,
    welch,
)
from ldnsim.analysis.trial.estimate.ancova import stacked
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import POLICY, RESPONDER, at_end, responded
from ldnsim.arrays import Floats
from ldnsim.config.designs import Crossover, Design, DoseResponse, NOf1, Parallel
from ldnsim.errors import UserError

WEEK = 168.0


def analyse(laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    """Return what each trial finds, (trials, comparisons), in the order of ``laid.comparisons``.

    Args:
        laid: the design with its groups.
        drawn: trials of it.
        estimand: what is asked.

    Raises:
        UserError: an estimand that the design has no analysis of.
    """
    return _analyse(laid.design, laid, drawn, estimand)


def outcomes(laid: Laid, drawn: Drawn, estimand: str) -> tuple[Floats, Floats]:
    """Return outcome and baseline of each patient of groups side by side, (trials, n).

    The outcome is the change of reported pain since randomisation, or response as 1 and 0.
    """
    design, week = laid.design, laid.baseline_week()
    average = design.average
    if week == 0:
        base = drawn.start
    else:
        base = np.asarray(drawn.told[..., max(week - average, 0) : week].mean(axis=-1))
    if estimand == RESPONDER:
        flags = responded(drawn, drawn.start, laid.weeks, average, design.response)
        return np.where(np.isfinite(drawn.start), flags, np.nan), base
    return at_end(drawn, week, laid.weeks, average, estimand) - base, base


def side_by_side(laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    """Compare groups with the first, each comparison by itself: adjusted means, or responders."""
    y, base = outcomes(laid, drawn, estimand)
    if estimand == RESPONDER:
        return _shares(y, drawn, len(laid.groups))
    return ancova(y, drawn.group, base, arms=len(laid.groups))


def adjusted(found: Estimate, drawn: Drawn, alpha: float) -> Estimate:
    """Adjust P values of several arms for their number: Dunnett's of means, Holm's of shares.

    Dunnett's P is never below that of the comparison alone, and is computed only of trials in which
    one of those is below alpha; the others, which find nothing, keep Bonferroni's.
    """
    if found.p.shape[-1] == 1:
        return found
    if np.isinf(found.df[found.tested]).any():
        return holm(found)
    many = bonferroni(found, found.p.shape[-1])
    rows = np.flatnonzero((found.tested & (found.p < alpha)).any(axis=-1))
    if not len(rows):
        return many
    p = many.p.copy()
    some = found.each(lambda values: values[rows])
    p[rows] = dunnett(some, counts(drawn.start[rows], drawn.group)).p
    return many.with_p(p)


@singledispatch
def _analyse(design: Design, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    """Groups side by side against the first."""
    return adjusted(side_by_side(laid, drawn, estimand), drawn, design.alpha)


def _shares(flags: Floats, drawn: Drawn, groups: int) -> Estimate:
    each = [flags[:, drawn.group == k] for k in range(groups)]
    return stacked([responders(one, each[0]) for one in each[1:]])


@_analyse.register
def _(design: Parallel, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    if estimand == RESPONDER or design.analysis == "ancova":
        return _analyse.dispatch(Design)(design, laid, drawn, estimand)
    groups = len(laid.groups)
    if design.analysis == "welch":
        y, _ = outcomes(laid, drawn, estimand)
        each = [y[:, drawn.group == k] for k in range(groups)]
        return holm(stacked([welch(one, each[0]) for one in each[1:]]))
    return holm(
        repeated(visited(design, drawn, estimand), drawn.group, drawn.start, arms=groups).at()
    )


def visited(design: Parallel, drawn: Drawn, estimand: str) -> Floats:
    """Return changes at the visits of repeated measures, (trials, n, visits).

    They are missing after stopping, but where it is asked what patients have whatever they did.
    """
    every, last = round(design.visits / WEEK), round(design.weeks / WEEK)
    weeks = np.arange(last, 0, -every)[::-1]
    seen = (drawn.stop[..., None] >= weeks) | (estimand == POLICY)
    return np.where(seen, drawn.told[..., weeks - 1] - drawn.start[..., None], np.nan)


@_analyse.register
def _(design: DoseResponse, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    y, base = outcomes(laid, drawn, estimand)
    line = trend(y, drawn.group, laid.dose_of_groups(), None if estimand == RESPONDER else base)
    each = _analyse.dispatch(Design)(design, laid, drawn, estimand)
    parts = [each.comparison(k) for k in range(each.p.shape[-1])]
    return stacked([line, *parts])


def by_period(laid: Laid, drawn: Drawn, estimand: str) -> Floats:
    """Return reported pain of each period, (trials, n, periods).

    Raises:
        UserError: response, which is asked of patients and not of periods.
    """
    if estimand == RESPONDER:
        raise UserError(
            f"trial {laid.design.title!r}: estimands = 'responder' is of groups side by side; ask"
            " for 'hypothetical' or 'while_on_treatment' of patients who are their own controls"
        )
    average = laid.design.average
    return np.stack(
        [at_end(drawn, first, last, average, estimand) for first, last in laid.periods()], axis=-1
    )


@_analyse.register
def _(design: Crossover, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    y, taken = by_period(laid, drawn, estimand), laid.taken()
    if taken.shape == (2, 2) and (taken[0] == taken[1][::-1]).all():
        drug_first = (taken[:, 0] > 0).astype(np.int64)
        return stacked([crossover(y, drug_first[drawn.group]).treatment])
    return holm(sequences(y, taken[drawn.group]).treatment)


@_analyse.register
def _(design: NOf1, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    each = cycles(laid, drawn, estimand)
    if design.analysis == "mixed":
        return stacked([series(each).mean])
    # the mean of each patient, with the two orders told apart, is a crossover of two periods
    seen = np.isfinite(each)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(seen, each, 0.0).sum(axis=-1) / seen.sum(axis=-1)
    drug_first = (laid.taken()[:, 0] > 0).astype(np.int64)[drawn.group]
    both = np.stack([np.zeros(own.shape), np.where(drug_first == 1, -own, own)], axis=-1)
    return stacked([crossover(both, drug_first).treatment])


def cycles(laid: Laid, drawn: Drawn, estimand: str) -> Floats:
    """Return drug less control of each pair of periods, (trials, n, pairs)."""
    y = by_period(laid, drawn, estimand)
    drug = laid.taken()[drawn.group] > 0
    sign = np.where(drug, 1.0, -1.0)
    return np.asarray((y * sign).reshape(*y.shape[:2], -1, 2).sum(axis=-1))
