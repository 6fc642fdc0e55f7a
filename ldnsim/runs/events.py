"""Ledger and modifiers turned into what the engine knows: at a time, add or set a number.

Doses add nmol to a gut depot. Modifiers and changes set a parameter: the latest level that holds
(the patient's own value before any), times the factor of every adjunct taken at that time.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ldnsim.arrays import Flags, Floats
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model
from ldnsim.runs.task import Events

Span = tuple[str, float, float, float]
"""A parameter, its value or a factor on it, from which hour, and to which."""

EXERCISE = "exercise"
STRESS = "stress"


def sets_modifiers(field: str) -> bool:
    """Whether a field of a study changes the adjuncts, the exercise or the stress of a run."""
    return field.partition(".")[0] == "modifiers"


def dose_events(
    model: Model, given_time: Floats, given_mg: Floats, slow: Flags, end: float
) -> tuple[Flags, Events]:
    """Turn doses actually taken into amounts in the gut depots.

    Args:
        model: whose depots they are.
        given_time: hours, NaN for a missed dose.
        given_mg: mg of naltrexone hydrochloride.
        slow: whether it is the slow-release capsule.
        end: doses at or after this time are not given.

    Returns:
        which doses are given, and their events.
    """
    index = model.state_index
    taken = np.isfinite(given_time) & (given_mg > 0.0) & (given_time < end)
    target = np.where(slow[taken], index["gut_slow"], index["gut_fast"]).astype(np.int64)
    return taken, Events(given_time[taken], target, given_mg[taken] * NMOL_PER_MG)


def _adjunct_spans(run: RunSpec, sets_value: bool) -> list[Span]:
    """List the effects of adjuncts that scale a parameter, or those that set it, as spans."""
    return [
        (effect.target, effect.amount, a.start, np.inf if a.stop is None else a.stop)
        for a in run.modifiers.adjuncts
        for effect in run.edition.adjuncts[a.name].effects
        if effect.sets_value == sets_value
    ]


def level_spans(run: RunSpec, own: Floats) -> list[Span]:
    """List what sets a parameter outright, as spans.

    A change by a factor is a level too: that factor on the patient's own value, whatever other
    changes came before it. Where two hold at once, the one that started later does, at equal
    starts the later in the list.
    """
    own_levels = ((EXERCISE, run.modifiers.exercise), (STRESS, run.modifiers.stress))
    spans = [(name, level, 0.0, np.inf) for name, level in own_levels if level is not None]
    spans += _adjunct_spans(run, sets_value=True)
    index = run.edition.model.parameter_index
    for c in run.changes:
        level = c.value if c.factor is None else c.factor * float(own[index[c.parameter]])
        assert level is not None  # a change has either a value or a factor
        spans.append((c.parameter, level, c.at, np.inf))
    return spans


def parameter_events(run: RunSpec, own: Floats, end: float) -> Events:
    """Turn modifiers and changes into new values of parameters.

    Args:
        run: the run.
        own: the patient's own parameter vector.
        end: hours; nothing is set at or after it.

    Returns:
        one event each time the value of a parameter changes.
    """
    model = run.edition.model
    factors, levels = _adjunct_spans(run, sets_value=False), level_spans(run, own)
    rows: list[tuple[float, int, float]] = []
    for name in sorted({s[0] for s in (*factors, *levels)}):
        at = model.parameter_index[name]
        now = own[at]
        for t in _breaks(name, (*factors, *levels)):
            new = _value_at(name, t, float(own[at]), factors, levels)
            if t < end and new != now:
                rows.append((t, len(model.states) + at, new))
                now = new
    time, target, value = zip(*sorted(rows), strict=True) if rows else ((), (), ())
    return Events(
        np.array(time, dtype=np.float64),
        np.array(target, dtype=np.int64),
        np.array(value, dtype=np.float64),
    )


def _breaks(name: str, spans: Iterable[Span]) -> list[float]:
    """Return the times at which a parameter may change."""
    times = {t for n, _, a, b in spans if n == name for t in (a, b)}
    return sorted(t for t in times if np.isfinite(t))


def _value_at(
    name: str, t: float, own: float, factors: Iterable[Span], levels: Iterable[Span]
) -> float:
    """Return the value from ``t`` on: the latest level that holds, times adjuncts' factors."""
    value = own
    for n, level, start, stop in sorted(levels, key=lambda s: s[2]):
        if n == name and start <= t < stop:
            value = level
    for n, factor, start, stop in factors:
        if n == name and start <= t < stop:
            value *= factor
    return value


def merge(parts: Iterable[Events]) -> Events:
    """Join events and sort them by time, keeping the given order at equal times."""
    parts = list(parts)
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time, kind="stable")
    target = np.concatenate([p.target for p in parts])[order]
    return Events(time[order], target, np.concatenate([p.value for p in parts])[order])
