"""How the trials of each design are analysed; the statistics are those of :mod:`.estimate`."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from ldnsim.analysis.trial.drawn import Drawn
from ldnsim.analysis.trial.estimate import Estimate, ancova, responders, welch
from ldnsim.analysis.trial.estimate.ancova import stacked
from ldnsim.analysis.trial.estimate.crossover import crossover, sequences
from ldnsim.analysis.trial.estimate.doses import trend
from ldnsim.analysis.trial.estimate.repeated import repeated
from ldnsim.analysis.trial.estimate.series import series
from ldnsim.analysis.trial.estimate.several import counts, dunnett, holm
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.outcome import RESPONDER, at_end, responded
from ldnsim.arrays import Floats
from ldnsim.config.designs import Crossover, Design, DoseResponse, NOf1, Parallel, Withdrawal
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


@singledispatch
def _analyse(design: Design, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    """Groups side by side against the first: adjusted means, or shares of responders."""
    y, base = outcomes(laid, drawn, estimand)
    if estimand == RESPONDER:
        return _several(_shares(y, drawn, len(laid.groups)), y, drawn)
    return _several(ancova(y, drawn.group, base, arms=len(laid.groups)), y, drawn)


def _several(found: Estimate, y: Floats, drawn: Drawn) -> Estimate:
    """Adjust P values of several arms for their number: Dunnett's of means, Holm's of shares."""
    if found.p.shape[-1] == 1:
        return found
    if np.isinf(found.df[found.tested]).any():
        return holm(found)
    return dunnett(found, counts(y, drawn.group))


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
    return holm(repeated(visited(design, drawn), drawn.group, drawn.start, arms=groups).at())


def visited(design: Parallel, drawn: Drawn) -> Floats:
    """Return changes at the visits of repeated measures, missing after stopping, (trials, n, v)."""
    every, last = round(design.visits / WEEK), round(design.weeks / WEEK)
    weeks = np.array([w for w in range(last, 0, -every)][::-1])
    seen = drawn.stop[..., None] >= weeks
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
    return stacked([series(cycles(laid, drawn, estimand)).mean])


def cycles(laid: Laid, drawn: Drawn, estimand: str) -> Floats:
    """Return drug less control of each pair of periods, (trials, n, pairs)."""
    y = by_period(laid, drawn, estimand)
    drug = laid.taken()[drawn.group] > 0
    sign = np.where(drug, 1.0, -1.0)
    return np.asarray((y * sign).reshape(*y.shape[:2], -1, 2).sum(axis=-1))


@_analyse.register
def _(design: Withdrawal, laid: Laid, drawn: Drawn, estimand: str) -> Estimate:
    return _analyse.dispatch(Design)(design, laid, drawn, estimand)
