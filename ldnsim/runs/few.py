"""Many runs at once, reduced to numbers: what the scorecard, the claims and the fits are made of.

A :class:`Measure` is one number to compute while solving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.blocks import Solver
from ldnsim.config.run import RunSpec
from ldnsim.model import Model
from ldnsim.patients.people import People
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import find_patients
from ldnsim.runs.accuracy import COMPARED
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.grid import Listed
from ldnsim.runs.task import Wanted, make_task, solve_task
from ldnsim.runs.treatment import Treatment

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
        model: what the runs are of.
        values: the measures, shape (runs, measures); NaN where a run failed.
        untreated: 24 h means of the untreated patient, shape (runs, observables).
        status: the engine's codes, shape (runs,).
        at: values at single times, shape (runs, observables asked for, times).
    """

    model: Model = field(repr=False)
    values: Floats
    untreated: Floats
    status: NDArray[np.int8]
    at: Floats

    def baseline(self, observable: str) -> Floats:
        """Return the untreated 24 h mean of one variable, shape (runs,)."""
        return self.untreated[:, self.model.observable_index[observable]]


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
    index, ones = edition.model.observable_index, np.ones(len(specs))
    task = make_task(
        edition,
        params,
        days.y0[who],
        Treatment(runs, Dosing(runs), end).events(rows, params),
        end,
        Solver(rtol=rtol),
        wanted=[
            Wanted(m.kind, index[m.observable], m.start * ones, m.stop * ones, m.threshold * ones)
            for m in measures
        ],
        observables=observables,
        time=times,
    )
    done = solve_task(task, threads)
    status = np.where(days.status[who] != 0, days.status[who], done.status).astype(np.int8)
    return Results(edition.model, done.reductions, days.mean[who], status, done.trajectory)


def _of_anyone(spec: RunSpec) -> RunSpec:
    """Return a run with nothing said of who the patient is that its doses do not depend on."""
    return replace(spec, patient=None)
