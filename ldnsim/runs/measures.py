"""Summaries turned into engine reductions, and what they gave turned into summaries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.summaries import WINDOWS, Summary
from ldnsim.runs.plan import DAY, Plan, clock_time
from ldnsim.runs.task import Wanted

Floats = NDArray[np.float64]


def reduced(plan: Plan) -> tuple[Summary, ...]:
    """Return the summaries that the engine reduces while solving."""
    return tuple(s for s in plan.summaries if s.kind != "same_clock")


def wanted(plan: Plan, mean: Floats, rows: NDArray[np.int64]) -> tuple[Wanted, ...]:
    """Build the reductions of some runs.

    Args:
        plan: the plan.
        mean: untreated 24 h means of the patients of these runs, shape (runs, observables).
        rows: global numbers of the runs.
    """
    index = plan.edition.model.observable_index
    found = []
    chosen = reduced(plan)
    windows = {name: plan.window(name, rows) for name in dict.fromkeys(s.window for s in chosen)}
    for s in chosen:
        start, stop = windows[s.window]
        at = index[s.observable]
        found.append(Wanted(s.kind, at, start, stop, _threshold(plan, s, mean[:, at])))
    return tuple(found)


def _threshold(plan: Plan, s: Summary, mean: Floats) -> Floats:
    output = plan.study.output
    if s.threshold == "occupancy_threshold":
        return np.full(len(mean), output.occupancy_threshold)
    if s.threshold == "response_fraction":
        return (1.0 - output.response_fraction) * mean
    return np.zeros(len(mean))


def followed(plan: Plan) -> tuple[str, ...]:
    """Variables that a summary compares with the untreated patient at the same time of day."""
    return tuple(dict.fromkeys(s.observable for s in plan.summaries if s.kind == "same_clock"))


def extremes(plan: Plan) -> tuple[Summary, ...]:
    """Summaries against the highest or lowest value of an untreated day, not against its mean."""
    return tuple(s for s in reduced(plan) if s.derived != "value" and s.kind in ("max", "min"))


def wanted_untreated(plan: Plan, patients: int) -> tuple[Wanted, ...]:
    """Build the reductions of an untreated day that :func:`extremes` are taken against."""
    index, zero = plan.edition.model.observable_index, np.zeros(patients)
    day = zero + DAY
    return tuple(Wanted(s.kind, index[s.observable], zero, day, zero) for s in extremes(plan))


def derive(
    plan: Plan,
    reductions: Floats,
    mean: Floats,
    extreme: Floats,
    hours: Floats,
    undisturbed: NDArray[np.bool_],
) -> Floats:
    """Return the summaries of some runs, shape (runs, summaries).

    A run in which nothing is given or set stays on the untreated orbit: what the solver adds to
    that is no effect, and its changes are exactly 0.

    Args:
        plan: the plan.
        reductions: what the engine gave, shape (runs, reductions).
        mean: untreated 24 h means, shape (runs, observables).
        extreme: highest or lowest untreated values, shape (runs, extremes).
        hours: above the untreated patient at the same clock time, shape (runs, same_clock).
        undisturbed: runs in which nothing is given or set, shape (runs,).
    """
    index = plan.edition.model.observable_index
    columns, against, clocked = iter(reductions.T), iter(extreme.T), iter(hours.T)
    apart = extremes(plan)
    found = np.empty((len(reductions), len(plan.summaries)))
    for j, s in enumerate(plan.summaries):
        if s.kind == "same_clock":
            found[:, j] = next(clocked)
            continue
        value = next(columns)
        if s.derived != "value":
            reference = next(against) if s in apart else mean[:, index[s.observable]]
            value = _against(s, np.where(undisturbed, reference, value), reference)
        found[:, j] = value
    return found


def _against(s: Summary, value: Floats, reference: Floats) -> Floats:
    """Take a reduction against the untreated patient's; percent of zero is NaN."""
    if s.derived == "change":
        return value - reference
    with np.errstate(divide="ignore", invalid="ignore"):
        percent: Floats = np.where(
            reference != 0.0, 100.0 * (value - reference) / reference, np.nan
        )
    return percent


def hours_above_reference(
    values: Floats,
    start: Floats,
    night_time: Floats,
    reference: Floats,
    clock: Floats,
    factor: float,
) -> Floats:
    """Return hours of the close-up above the untreated patient at the same time of day.

    Args:
        values: the variable in the close-up, shape (runs, night times).
        start: start of the close-up of each run (h), shape (runs,).
        night_time: hours after it, shape (night times,).
        reference: untreated values at the times of day ``clock``, shape (runs, clock times).
        clock: times of day, sorted; those of the close-ups, so that nothing is interpolated.
        factor: multiple of the reference that counts.

    Crossings are found on the straight line between samples.
    """
    starts, which = np.unique(start, return_inverse=True)
    at = np.searchsorted(clock, clock_time(starts[:, None] + night_time[None, :]))
    same = np.take_along_axis(reference, at[which.reshape(-1)], axis=1)
    excess = values - factor * same
    a, b = excess[:, :-1], excess[:, 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where((a > 0) != (b > 0), np.maximum(a, b) / np.abs(a - b), 0.0)
    share = np.where((a > 0) & (b > 0), 1.0, crossing)
    share = np.where(np.isfinite(a) & np.isfinite(b), share, np.nan)
    hours: Floats = share @ np.diff(night_time)
    return hours


def attributes(plan: Plan, s: Summary) -> dict[str, str | float]:
    """Return the attributes of a summary: unit, words, window, threshold, how to read it."""
    variable = plan.edition.model.observables[s.observable]
    unit = s.unit or variable.unit
    if unit == "*h":
        unit = "h" if variable.unit in ("", "1") else f"{variable.unit} h"
    found: dict[str, str | float] = {
        "units": unit,
        "long_name": s.long_name,
        "scale": variable.scale_word if s.kind in ("mean", "max", "min") else "",
        "better": variable.better if s.better == "variable" else s.better,
        "meaning": s.meaning,
        "variable": s.observable,
        "reduction": s.kind,
        "window": WINDOWS[s.window],
        "mechanism": variable.mechanism,
    }
    if s.threshold:
        found["threshold"] = float(getattr(plan.study.output, s.threshold))
        found["threshold_setting"] = f"output.{s.threshold}"
    return found
