"""Many runs at once, reduced to numbers: what the scorecard, the claims and the fits are made of.

A :class:`Measure` is one number to compute while solving. Equal untreated patients are solved for
once in a process, whatever asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.run import RunSpec
from ldnsim.model import default_model
from ldnsim.regimen import Adherence

Floats = NDArray[np.float64]
DAY, WEEK = 24.0, 168.0


@dataclass(frozen=True)
class Measure:
    """One number of a run: a reduction of an observable over a window.

    Attributes:
        observable: name of the model variable.
        kind: one of the engine's reductions, such as ``mean``, ``max``, ``integral``.
        start: of the window, h.
        stop: of the window, h.
        threshold: for ``hours_above``, ``first_below``, ``first_above``.
    """

    observable: str
    kind: str
    start: float
    stop: float
    threshold: float = 0.0


def week(observable: str, number: int, kind: str = "mean") -> Measure:
    """Reduce a variable over one week of the run, counted from 1."""
    return Measure(observable, kind, (number - 1) * WEEK, number * WEEK)


@dataclass(frozen=True)
class Results:
    """What the runs gave.

    Attributes:
        values: the measures, shape (runs, measures); NaN where a run failed.
        untreated: 24 h means of the untreated patient, shape (runs, observables).
        status: the engine's codes, shape (runs,).
        at: values at single times, shape (runs, observables asked for, times).
    """

    values: Floats
    untreated: Floats
    status: NDArray[np.int8]
    at: Floats

    def baseline(self, observable: str) -> Floats:
        """Return the untreated 24 h mean of one variable, shape (runs,)."""
        return self.untreated[:, default_model().observable_index[observable]]


_ORBITS: dict[bytes, tuple[Floats, Floats, int]] = {}
"""Untreated patients solved for: state at midnight, 24 h means, status."""


def untreated(
    params: Floats, inflamed: NDArray[np.bool_], threads: int | None = None
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Return state at midnight, 24 h means and status of untreated patients.

    Args:
        params: parameter vectors, shape (patients, parameters).
        inflamed: basin of each, shape (patients,).
        threads: threads of the engine.
    """
    from ldnsim.engine.rhythm.drugfree import felt
    from ldnsim.engine.rhythm.orbit import find_orbits

    pairs = zip(felt(default_model(), params), inflamed, strict=True)
    keys = [p.tobytes() + bytes([bool(b)]) for p, b in pairs]
    first = {k: i for i, k in reversed(list(enumerate(keys))) if k not in _ORBITS}
    new = sorted(first.values())
    if new:
        found = find_orbits(default_model(), params[new], inflamed[new], threads)
        for row, i in enumerate(new):
            # of two threads that solve for the same patient, both take what the first found
            _ORBITS.setdefault(keys[i], (found.y0[row], found.mean[row], int(found.status[row])))
    rows = [_ORBITS[k] for k in keys]
    y0, mean, status = zip(*rows, strict=True)
    return np.array(y0), np.array(mean), np.array(status, dtype=np.int8)


def run_specs(
    specs: Sequence[RunSpec],
    weeks: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats = (),
    observables: Sequence[str] = (),
    rtol: float = 1e-5,
    threads: int | None = None,
) -> Results:
    """Run patients on regimens for a time and reduce them.

    Args:
        specs: the runs, all of one edition.
        weeks: how long, the same for all; doses planned after it are not given.
        measures: the numbers wanted of each.
        times: hours at which to record ``observables``.
        observables: names of variables to record at ``times``.
        rtol: relative tolerance of the solver.
        threads: threads of the engine.

    Raises:
        UserError: for a name that does not exist.
    """
    from ldnsim.patients.vectors import find_patients

    people = find_patients(specs)
    y0, mean, status = untreated(people.params, people.inflamed, threads)
    who = people.of_run
    values, at, ended = solve_specs(
        specs, people.params[who], y0[who], weeks * WEEK, measures, times, observables,
        rtol, threads,
    )  # fmt: skip
    missing = status[who] != 0
    values[missing], at[missing] = np.nan, np.nan
    return Results(values, mean[who], np.where(missing, status[who], ended).astype(np.int8), at)


def solve_specs(
    specs: Sequence[RunSpec],
    params: Floats,
    y0: Floats,
    end: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats,
    observables: Sequence[str],
    rtol: float,
    threads: int | None,
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Solve runs from given states: measures, recorded values and statuses."""
    from ldnsim.runs.task import Task, Wanted, solve_task

    index, n = default_model().observable_index, len(specs)
    ones = np.ones(n)
    wanted = tuple(
        Wanted(m.kind, index[m.observable], m.start * ones, m.stop * ones, m.threshold * ones)
        for m in measures
    )
    scale = np.array([s.scale for s in default_model().states.values()])
    task = Task(
        first=0,
        params=params,
        y0=y0,
        events=tuple(_events(s, p, end) for s, p in zip(specs, params, strict=True)),
        end=end,
        time=np.array(times, dtype=np.float64),
        night_start=np.zeros(n),
        night_time=np.empty(0),
        observables=np.array([index[o] for o in observables], dtype=np.int64),
        wanted=wanted,
        rtol=rtol,
        atol=1e-3 * rtol * scale,
    )
    done = solve_task(task, threads)
    return done.reductions, done.trajectory, done.status


def _events(spec: RunSpec, params: Floats, end: float) -> Any:
    """Doses and changes of one run, in the engine's terms."""
    from ldnsim.runs.events import dose_events, merge, parameter_events

    adherence = Adherence() if spec.adherence is None else spec.adherence
    ledger = spec.regimen.ledger(adherence, spec.subject)
    _, doses = dose_events(
        np.asarray(ledger.given_time_h),
        np.asarray(ledger.given_mg),
        np.asarray(ledger.formulation) == 1,
        end,
    )
    return merge((parameter_events(spec, params, end), doses))
