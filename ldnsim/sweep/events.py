"""Ledger and modifiers turned into what the engine knows: at a time, add or set a number.

Doses add nmol to a gut depot. Modifiers and changes set a parameter: the patient's own value
times every factor that holds at that time.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ldnsim.catalog import adjuncts
from ldnsim.config.run import RunSpec
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.sweep.task import Events

Floats = NDArray[np.float64]

EXERCISE = "exercise"
STRESS = "stress"


def dose_events(
    given_time: Floats, given_mg: Floats, slow: NDArray[np.bool_], end: float
) -> Events:
    """Turn doses actually taken into amounts in the gut depots.

    Args:
        given_time: hours, NaN for a missed dose.
        given_mg: mg of naltrexone hydrochloride.
        slow: whether it is the slow-release capsule.
        end: doses at or after this time are not given.
    """
    index = default_model().state_index
    taken = np.isfinite(given_time) & (given_mg > 0.0) & (given_time < end)
    target = np.where(slow[taken], index["gut_slow"], index["gut_fast"]).astype(np.int64)
    return Events(given_time[taken], target, given_mg[taken] * NMOL_PER_MG)


def factor_spans(run: RunSpec) -> list[tuple[str, float, float, float]]:
    """List what scales a parameter, as (parameter, factor, from hour, to hour)."""
    known = adjuncts()
    spans = []
    for a in run.modifiers.adjuncts:
        stop = np.inf if a.stop is None else a.stop
        spans.append((known[a.name].target, float(known[a.name].factor), a.start, stop))
    spans += [(c.parameter, c.factor, c.at, np.inf) for c in run.changes if c.factor is not None]
    return spans


def level_steps(run: RunSpec) -> list[tuple[str, float, float]]:
    """List what sets a parameter outright, as (parameter, value, from hour)."""
    steps = [(c.parameter, c.value, c.at) for c in run.changes if c.value is not None]
    for name, level in ((EXERCISE, run.modifiers.exercise), (STRESS, run.modifiers.stress)):
        if level is not None:
            steps.append((name, level, 0.0))
    return steps


def parameter_events(run: RunSpec, own: Floats, end: float) -> Events:
    """Turn modifiers and changes into new values of parameters.

    Args:
        run: the run.
        own: the patient's own parameter vector.
        end: hours; nothing is set at or after it.

    Returns:
        one event each time the value of a parameter changes.
    """
    model = default_model()
    spans, steps = factor_spans(run), level_steps(run)
    rows: list[tuple[float, int, float]] = []
    for name in sorted({s[0] for s in spans} | {s[0] for s in steps}):
        at = model.parameter_index[name]
        now = own[at]
        for t in _breaks(name, spans, steps):
            new = _value_at(name, t, own[at], spans, steps)
            if t < end and new != now:
                rows.append((t, len(model.states) + at, new))
                now = new
    rows.sort()
    return _events(rows)


def _breaks(
    name: str, spans: list[tuple[str, float, float, float]], steps: list[tuple[str, float, float]]
) -> list[float]:
    """Return the times at which a parameter may change."""
    times = {t for n, _, a, b in spans if n == name for t in (a, b) if np.isfinite(t)}
    return sorted(times | {t for n, _, t in steps if n == name})


def _value_at(
    name: str,
    t: float,
    own: float,
    spans: list[tuple[str, float, float, float]],
    steps: list[tuple[str, float, float]],
) -> float:
    """Return the value from ``t`` on: the latest level times all factors that hold."""
    level = own
    for n, value, start in sorted(steps, key=lambda s: s[2]):
        if n == name and start <= t:
            level = value
    for n, factor, start, stop in spans:
        if n == name and start <= t < stop:
            level *= factor
    return level


def _events(rows: list[tuple[float, int, float]]) -> Events:
    return Events(
        np.array([r[0] for r in rows], dtype=np.float64),
        np.array([r[1] for r in rows], dtype=np.int64),
        np.array([r[2] for r in rows], dtype=np.float64),
    )


def merge(parts: Iterable[Events]) -> Events:
    """Join events and sort them by time, keeping the given order at equal times."""
    parts = list(parts)
    time = np.concatenate([p.time for p in parts])
    order = np.argsort(time, kind="stable")
    target = np.concatenate([p.target for p in parts])[order]
    return Events(time[order], target, np.concatenate([p.value for p in parts])[order])
