"""What runs are compared with: the untreated day of every distinct patient of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.patients.people import AT_ONCE
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import Patients
from ldnsim.runs import measures as summaries
from ldnsim.runs.plan import DAY, Plan
from ldnsim.runs.task import Events, make_task, solve_task

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Day:
    """What runs are compared with besides the mean: the day of every untreated patient.

    Attributes:
        values: of the variables compared by the clock, at the plan's clock times, shape
            (patients, variables, clock times).
        extreme: highest or lowest values of the day, shape (patients, extremes).
    """

    values: Floats
    extreme: Floats


@dataclass(frozen=True)
class Untreated:
    """The untreated 24 h orbit of every distinct patient.

    Attributes:
        y0: state at midnight, shape (patients, states); NaN where there is no orbit.
        mean: 24 h means, shape (patients, observables); NaN likewise.
        residual: of the orbit, shape (patients,).
        status: the engine's codes, shape (patients,).
        reference: the untreated day.
    """

    y0: Floats
    mean: Floats
    residual: Floats
    status: NDArray[np.int8]
    reference: Day


def find_untreated(plan: Plan, patients: Patients, threads: int | None = None) -> Untreated:
    """Solve for the untreated orbit of every distinct patient of a plan."""
    orbits = untreated_days(patients, threads)
    status = np.asarray(orbits.status).astype(np.int8)
    ok = (status == 0)[:, None]
    y0, mean = orbits.y0, orbits.mean
    if not ok.all():
        y0, mean = np.where(ok, y0, np.nan), np.where(ok, mean, np.nan)
    day = reference_day(plan, patients, y0, threads)
    return Untreated(y0, mean, np.asarray(orbits.residual), status, day)


def reference_day(plan: Plan, patients: Patients, y0: Floats, threads: int | None = None) -> Day:
    """Follow every untreated patient for one day, as far as a summary is compared with it.

    Patients are taken some thousands at a time, in whole groups of the engine.
    """
    names, apart = summaries.followed(plan), summaries.extremes(plan)
    if not (names or apart):
        return Day(np.empty((len(y0), 0, 0)), np.empty((len(y0), 0)))
    parts = []
    for first in range(0, len(y0), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(y0)))
        task = make_task(
            plan.edition, patients.vectors(which), y0[which], [Events.none()] * len(which), DAY,
            plan.study.solver, wanted=summaries.wanted_untreated(plan, len(which)),
            observables=names, time=plan.clock,
        )  # fmt: skip
        parts.append(solve_task(task, threads))
    return Day(
        np.concatenate([p.trajectory for p in parts]), np.concatenate([p.reductions for p in parts])
    )
