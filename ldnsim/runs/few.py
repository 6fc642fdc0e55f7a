"""Many runs at once, reduced to numbers: what the scorecard, the claims and the fits are made of.

A :class:`~ldnsim.measure.Measure` is one number of a run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ldnsim.arrays import Codes, Floats
from ldnsim.config.blocks import Solver
from ldnsim.config.run import RunSpec
from ldnsim.measure import SOLVED, Measure
from ldnsim.model import Model
from ldnsim.patients.people import People
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import find_patients
from ldnsim.runs.accuracy import COMPARED
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.grid import Listed
from ldnsim.runs.task import Task, solve_task
from ldnsim.runs.treatment import Treatment

__all__ = ["Measure", "Results", "ask", "run_specs", "week"]

DAY, WEEK = 24.0, 168.0


def week(observable: str, number: int, kind: str = "mean") -> Measure:
    """Reduce a variable over one week of the run, counted from 1."""
    return Measure(observable, kind, (number - 1) * WEEK, number * WEEK)


@dataclass(frozen=True)
class Results:
    """What the runs gave.

    Attributes:
        model: what the runs are of.
        values: the measures, shape (runs, measures); NaN where a run failed.
        untreated: 24 h means of the untreated patient, shape (runs, observables).
        status: the engine's codes, shape (runs,).
        at: values at single times, shape (runs, observables asked for, times).
    """

    model: Model = field(repr=False)
    values: Floats
    untreated: Floats
    status: Codes
    at: Floats

    def baseline(self, observable: str) -> Floats:
        """Return the untreated 24 h mean of one variable, shape (runs,)."""
        return self.untreated[:, self.model.observable_index[observable]]


def ask(
    asked: Sequence[tuple[RunSpec, Sequence[Measure]]],
    rtol: float = COMPARED,
    threads: int | None = None,
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
        runs = list(dict.fromkeys(asked[i][0] for i in rows))
        every = dict.fromkeys(m for i in rows for m in asked[i][1])
        measures = [m for m in every if m.kind in SOLVED]
        times = sorted({float(m.stop) for m in every if m.kind == "at"})
        names = list(dict.fromkeys(m.variable for m in every if m.kind == "at"))
        got = run_specs(runs, length, measures, times, names, rtol, threads)
        place = {run: n for n, run in enumerate(runs)}
        for i in rows:
            run, own = asked[i]
            of = place[run]
            for j, m in enumerate(own):
                if m.kind == "untreated":
                    found[i][j] = got.baseline(m.variable)[of]
                elif m.kind == "at":
                    found[i][j] = got.at[of, names.index(m.variable), times.index(float(m.stop))]
                else:
                    found[i][j] = got.values[of, measures.index(m)]
    return found


def run_specs(
    specs: Sequence[RunSpec],
    weeks: float,
    measures: Sequence[Measure],
    times: Sequence[float] | Floats = (),
    observables: Sequence[str] = (),
    rtol: float = COMPARED,
    threads: int | None = None,
    people: People | None = None,
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
        people: the virtual patients that the runs name by their place (``patient``), if they do.
    """
    edition, end = specs[0].edition, weeks * WEEK
    patients = find_patients(Listed(specs), people)
    days, who = untreated_days(patients, threads), patients.of_run
    params = patients.vectors(who)
    # equal runs of several patients share their doses
    place = {spec: k for k, spec in enumerate(dict.fromkeys(_of_anyone(s) for s in specs))}
    runs = Listed(list(place))
    rows = np.array([place[_of_anyone(s)] for s in specs])
    task = Task(
        edition,
        params,
        days.y0[who],
        Treatment(runs, Dosing(runs), end).events(rows, params),
        end,
        Solver(rtol=rtol, refine=False),
        wanted=[m.over(len(specs)) for m in measures],
        observables=observables,
        time=np.array(times, dtype=np.float64),
    )
    done = solve_task(task, threads)
    status = np.where(days.status[who] != 0, days.status[who], done.status).astype(np.int8)
    return Results(edition.model, done.reductions, days.mean[who], status, done.trajectory)


def _of_anyone(spec: RunSpec) -> RunSpec:
    """Return a run with nothing said of who the patient is that its doses do not depend on."""
    return replace(spec, patient=None)
