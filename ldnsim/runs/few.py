"""Many runs at once, reduced to numbers: what the scorecard, the claims and the fits are made of.

A :class:`Case` is one patient on one regimen under one hypothesis, in the words of a study; a
:class:`~ldnsim.measure.Measure` is one number of it. Equal untreated patients are solved for once
in a process, whatever asks for them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.blocks import Adjunct, Change, Modifiers
from ldnsim.config.run import RunSpec
from ldnsim.measure import SOLVED, Measure
from ldnsim.model import default_model
from ldnsim.regimen import Adherence, Regimen

__all__ = ["Case", "Measure", "Results", "ask", "run_cases", "run_specs", "untreated", "week"]

Floats = NDArray[np.float64]
DAY, WEEK = 24.0, 168.0
NO_DRUG = "placebo nightly at 22:00, for 1 wk"


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        regimen: a prescription, or the name of a protocol.
        hypothesis: name of the hypothesis.
        phenotype: name of the phenotype.
        basin: the state it starts in; the phenotype's own when None.
        parameters: the patient's own parameters, over hypothesis and phenotype.
        adjuncts: names of adjuncts taken throughout.
        exercise: level from the start on; the patient's own when None.
        stress: the same.
        changes: parameters that change: ``(hours, name, value)``.
    """

    regimen: str = NO_DRUG
    hypothesis: str = "dual_pathway"
    phenotype: str = "default"
    basin: str | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    adjuncts: tuple[str, ...] = ()
    exercise: float | None = None
    stress: float | None = None
    changes: tuple[tuple[float, str, float], ...] = ()

    def spec(self) -> RunSpec:
        """Return the run as a study would make it."""
        return RunSpec(
            hypothesis=self.hypothesis,
            phenotype=self.phenotype,
            basin=self.basin,
            parameters=tuple(sorted(self.parameters.items())),
            regimen=Regimen.parse(self.regimen),
            adherence=None,
            subject=0,
            modifiers=Modifiers(
                adjuncts=tuple(Adjunct(name=n) for n in self.adjuncts),
                exercise=self.exercise,
                stress=self.stress,
            ),
            changes=tuple(Change(at=t, parameter=p, value=v) for t, p, v in self.changes),
        )


def week(observable: str, number: int, kind: str = "mean") -> Measure:
    """Reduce a variable over one week of the run, counted from 1."""
    return Measure(observable, kind, (number - 1) * WEEK, number * WEEK)


@dataclass(frozen=True)
class Results:
    """What the cases gave.

    Attributes:
        values: the measures, shape (cases, measures); NaN where a run failed.
        untreated: 24 h means of the untreated patient, shape (cases, observables).
        status: the engine's codes, shape (cases,).
        at: values at single times, shape (cases, observables asked for, times).
    """

    values: Floats
    untreated: Floats
    status: NDArray[np.int8]
    at: Floats

    def baseline(self, observable: str) -> Floats:
        """Return the untreated 24 h mean of one variable, shape (cases,)."""
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


def run_cases(
    cases: Sequence[Case],
    weeks: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats = (),
    observables: Sequence[str] = (),
    rtol: float = 1e-5,
    threads: int | None = None,
) -> Results:
    """Run cases for a time and reduce them.

    Args:
        cases: the runs.
        weeks: how long, the same for all; doses planned after it are not given.
        measures: the numbers wanted of each.
        times: hours at which to record ``observables``.
        observables: names of variables to record at ``times``.
        rtol: relative tolerance of the solver.
        threads: threads of the engine.

    Raises:
        UserError: for a name that does not exist or a prescription that cannot be read.
    """
    specs = [c.spec() for c in cases]
    return run_specs(specs, weeks, measures, times, observables, rtol, threads)


def ask(
    asked: Sequence[tuple[Case, Sequence[Measure]]], rtol: float = 1e-5, threads: int | None = None
) -> list[Floats]:
    """Return numbers of runs with as few runs as they need, NaN where one failed.

    The same run is solved once for all that is asked of it, and runs of the same length as one
    batch. A run is as many whole weeks long as the last of its measures needs.

    Args:
        asked: runs, each with its measures: reductions, ``at`` a time (``stop``), or ``untreated``.
        rtol: relative tolerance of the solver.
        threads: threads of the engine.
    """
    found = [np.full(len(measures), np.nan) for _, measures in asked]
    weeks = [max(1, math.ceil(max(float(m.stop) for m in ms) / WEEK)) for _, ms in asked]
    for length in sorted(set(weeks)):
        rows = [i for i, w in enumerate(weeks) if w == length]
        cases = {case_key(asked[i][0]): asked[i][0] for i in rows}
        every = dict.fromkeys(m for i in rows for m in asked[i][1])
        measures = [m for m in every if m.kind in SOLVED]
        times = sorted({float(m.stop) for m in every if m.kind == "at"})
        names = list(dict.fromkeys(m.variable for m in every if m.kind == "at"))
        got = run_cases(list(cases.values()), length, measures, times, names, rtol, threads)
        run = {key: n for n, key in enumerate(cases)}
        for i in rows:
            case, own = asked[i]
            of = run[case_key(case)]
            for j, m in enumerate(own):
                if m.kind == "untreated":
                    found[i][j] = got.baseline(m.variable)[of]
                elif m.kind == "at":
                    found[i][j] = got.at[of, names.index(m.variable), times.index(float(m.stop))]
                else:
                    found[i][j] = got.values[of, measures.index(m)]
    return found


def case_key(case: Case) -> Hashable:
    """Return what makes two cases the same run."""
    return (
        case.regimen, case.hypothesis, case.phenotype, case.basin,
        tuple(sorted(case.parameters.items())), case.adjuncts, case.exercise, case.stress,
        case.changes,
    )  # fmt: skip


def run_specs(
    specs: Sequence[RunSpec],
    weeks: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats = (),
    observables: Sequence[str] = (),
    rtol: float = 1e-5,
    threads: int | None = None,
) -> Results:
    """Run what a study's plan holds; see :func:`run_cases`."""
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
    from ldnsim.runs.task import Task, solve_task

    index, n = default_model().observable_index, len(specs)
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
        wanted=tuple(m.over(n) for m in measures),
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
