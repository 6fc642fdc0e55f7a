"""Summaries turned into measures of the engine, and what it gave turned into summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.own_function import Function
from ldnsim.config.quantities import time_text
from ldnsim.config.summaries import WINDOWS
from ldnsim.measure import KINDS, Measure, Summary
from ldnsim.mechanisms.record import Variable
from ldnsim.runs.plan import DAY, WEEK, Plan, clock_time

WHOLE_DAYS = ("night", "week", "end", "treatment")
"""Windows by name that are whole days, wherever they begin."""

NO_CHANGE = 4.0
"""Of a global impression."""


def reduced(plan: Plan) -> tuple[Summary, ...]:
    """Return the summaries that the engine reduces while solving."""
    return tuple(s for s in plan.summaries if KINDS[s.kind].engine)


def _of_engine(plan: Plan) -> list[Measure]:
    """Every measure that :func:`reduced` need, a summary's weight after it."""
    return [m for s in reduced(plan) for m in (s, s.weighed) if m is not None]


def wanted(plan: Plan, mean: Floats, rows: Ints) -> tuple[Measure, ...]:
    """Place the summaries of some runs: hours and thresholds for each, as the engine takes them.

    Args:
        plan: the plan.
        mean: untreated 24 h means of the patients of these runs, shape (runs, observables).
        rows: global numbers of the runs.
    """
    index = plan.edition.model.observable_index
    found = []
    chosen = _of_engine(plan)
    # what has the same window shares its arrays: the task tells windows apart by them
    places = {(s.window, s.start, s.stop): s for s in chosen}
    windows = {place: plan.window(s, rows) for place, s in places.items()}
    for s in chosen:
        times = mean[:, index[s.variable]] if s.relative else np.ones(len(rows))
        found.append(s.placed(*windows[s.window, s.start, s.stop], s.threshold * times))
    return tuple(found)


def followed(plan: Plan) -> tuple[str, ...]:
    """Variables that a summary compares with the untreated patient at the same time of day."""
    return tuple(dict.fromkeys(s.variable for s in plan.summaries if s.kind == "same_clock"))


def untreated_hours(plan: Plan, s: Summary) -> tuple[tuple[tuple[float, float], ...], float]:
    """Return the hours of an untreated day that a summary is compared with over its window.

    An untreated patient repeats every 24 h. So whole days compare with the day; what is left of a
    window beyond whole days, or a window within a day, with the same hours of the clock.

    Returns:
        the hours, in two pieces where midnight lies between; for a mean none where its window is
        whole days. And the share of the window that they stand for; the 24 h mean has the rest.
    """
    day = ((0.0, DAY),)
    start, stop = 0.0, DAY
    if s.window not in WHOLE_DAYS:
        start, stop = (float(hours[0]) for hours in plan.window(s, np.zeros(1, dtype=np.int64)))
    left = (stop - start) % DAY
    if min(left, DAY - left) < 1e-9:
        return (day, 1.0) if s.kind != "mean" else ((), 0.0)
    if s.kind != "mean" and stop - start > DAY:
        return day, 1.0
    first = start % DAY
    pieces = ((first, min(first + left, DAY)), (0.0, first + left - DAY))
    return tuple(p for p in pieces if p[1] - p[0] > 1e-9), left / (stop - start)


def apart(plan: Plan) -> tuple[Summary, ...]:
    """Summaries against hours of an untreated day, and not against its mean alone."""
    return tuple(s for s in reduced(plan) if s.against and untreated_hours(plan, s)[0])


def wanted_untreated(plan: Plan, patients: int) -> tuple[Measure, ...]:
    """Build the reductions of an untreated day that :func:`apart` are taken against."""
    hours = {s.name: untreated_hours(plan, s)[0] for s in apart(plan)}
    zero = np.zeros(patients)
    # what has the same hours shares its arrays: the task tells windows apart by them
    places = {p: (zero + p[0], zero + p[1]) for pieces in hours.values() for p in pieces}
    return tuple(s.placed(*places[p], zero) for s in apart(plan) for p in hours[s.name])


def joined(plan: Plan, reductions: Floats) -> Floats:
    """Put the pieces of :func:`wanted_untreated` together, shape (patients, summaries apart)."""
    columns, found = iter(reductions.T), []
    for s in apart(plan):
        pieces = untreated_hours(plan, s)[0]
        values = np.stack([next(columns) for _ in pieces])
        if s.kind == "mean":
            found.append(np.average(values, axis=0, weights=[b - a for a, b in pieces]))
        else:
            found.append(values.max(axis=0) if s.kind == "max" else values.min(axis=0))
    return np.stack(found, axis=1) if found else np.empty((len(reductions), 0))


def derive(
    plan: Plan,
    asked: Sequence[Measure],
    reductions: Floats,
    mean: Floats,
    hourly: Floats,
    hours: Floats,
    undisturbed: Flags,
) -> Floats:
    """Return the summaries of some runs, shape (runs, summaries); functions are NaN yet.

    A run in which nothing is given or set stays on the untreated orbit: what the solver adds to
    that is no effect, and its changes are exactly 0. Where the untreated mean is 0, percent of it
    and thresholds that are a multiple of it are NaN.

    Args:
        plan: the plan.
        asked: what the engine was asked for, as :func:`wanted` made it.
        reductions: what the engine gave, shape (runs, reductions).
        mean: untreated 24 h means, shape (runs, observables).
        hourly: what summaries are taken against besides, shape (runs, summaries apart).
        hours: above the untreated patient at the same clock time, shape (runs, same_clock).
        undisturbed: runs in which nothing is given or set, shape (runs,).
    """
    index = plan.edition.model.observable_index
    columns, against, clocked = iter(reductions.T), iter(hourly.T), iter(hours.T)
    windows = iter(asked)
    others = apart(plan)
    found = np.full((len(reductions), len(plan.summaries)), np.nan)
    for j, s in enumerate(plan.summaries):
        if s.kind == "same_clock":
            found[:, j] = next(clocked)
        if not KINDS[s.kind].engine:
            continue
        value = _number(s.kind, next(columns), next(windows))
        if s.against:
            reference = mean[:, index[s.variable]]
            if s in others:
                share = untreated_hours(plan, s)[1]
                own = next(against)
                reference = own if share == 1.0 else share * own + (1.0 - share) * reference
            value = _against(s, np.where(undisturbed, reference, value), reference)
            value = impression(value / s.step) if s.step else value
        if s.weighed is not None:
            value = value * _number(s.weighed.kind, next(columns), next(windows))
        found[:, j] = value
    for j, s in enumerate(plan.summaries):
        if s.relative or s.kind == "same_clock":  # a share of nothing is no threshold
            found[mean[:, index[s.variable]] == 0.0, j] = np.nan
    return found


def impression(steps: Floats) -> Floats:
    """Return steps for the better on the scale of a global impression, 1 (best) to 7."""
    return np.clip(NO_CHANGE - steps, 1.0, 2.0 * NO_CHANGE - 1.0)


def call(
    function: Function,
    time: Floats,
    values: Mapping[str, NDArray[np.floating]],
    runs: Sequence[str],
    alive: Flags,
) -> Floats:
    """Return what a function says of some runs, NaN where one failed, shape (runs,).

    Args:
        function: what to call.
        time: of the stored trajectory (h).
        values: of its other arguments, one entry for each run.
        runs: how errors name the runs.
        alive: whether each run ended well.

    Raises:
        UserError: it raises anything, or returns what is no number or infinite.
    """
    found = np.full(len(runs), np.nan)
    for i in np.flatnonzero(alive).tolist():
        own = {name: np.array(v[i], np.float64)[()] for name, v in values.items()}
        found[i] = function.of_run({"time": time.copy(), **own}, runs[i])
    return found


def _number(kind: str, value: Floats, window: Measure) -> Floats:
    """Return what a kind makes of what the engine gave over a window."""
    if kind == "hours_below":
        return np.asarray(window.stop - window.start - value)
    if kind == "staying":
        return np.exp(-value)
    return np.exp(-WEEK * value) if kind == "staying_weekly" else value


def _against(s: Summary, value: Floats, reference: Floats) -> Floats:
    """Take a reduction against the untreated patient's; percent of zero is NaN."""
    if s.against in ("change", "fall"):
        return value - reference if s.against == "change" else reference - value
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(reference != 0.0, 100.0 * (value - reference) / reference, np.nan)


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
    # row by row: a product of matrices rounds as the number of runs has it
    return np.asarray(np.ascontiguousarray(share * np.diff(night_time)).sum(axis=1))


def _short_name(s: Summary, variable: Variable | None) -> str:
    """Return what a summary is called in a line: its name, with the words of its variable."""
    name = s.name.replace("_", " ")
    _, what, rest = name.partition(" change" if s.against else " auc")
    if variable is None or not (s.shipped and what):
        return name
    return f"{variable.short_name}{what.replace('auc', 'AUC')}{rest}"


def attributes(plan: Plan, s: Summary) -> dict[str, str | float]:
    """Return the attributes of a summary: unit, words, window, threshold, how to read it."""
    known, function = plan.edition.model.observables, s.function
    variable = known.get(s.variable)
    unit = variable.unit if variable else ""
    hours = f"from {time_text(float(s.start))} to {time_text(float(s.stop))}"
    found: dict[str, str | float] = {
        "units": s.unit or s.unit_in(unit),
        "long_name": s.long_name,
        "short_name": _short_name(s, variable),
        "scale": "1–7"
        if s.step
        else variable.scale_word
        if variable and s.kind in ("mean", "max", "min")
        else KINDS[s.kind].scale,
        "better": variable.better if variable and s.better == "variable" else s.better,
        "meaning": s.meaning,
        "variable": s.variable,
        "reduction": s.kind,
        "window": WINDOWS.get(s.window, hours),
        "mechanism": variable.mechanism if variable else "",
        "against": "" if s.step else s.against,
        "defined_in": "package" if s.shipped else "study",
    }
    if s.setting:
        found["threshold"] = float(getattr(plan.study.output, s.setting))
        found["threshold_setting"] = f"output.{s.setting}"
    elif KINDS[s.kind].level:
        found["threshold"] = float(s.threshold)
        clock = " at the same clock time" if s.kind == "same_clock" else " 24 h mean"
        found["threshold_units"] = f"untreated{clock}" if s.relative else unit or "1"
    if isinstance(function, Function):
        found |= {"function": str(function), "function_sha256": function.sha256}
    return found
