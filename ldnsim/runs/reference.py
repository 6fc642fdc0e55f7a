"""What runs are compared with: the untreated day of every distinct patient of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.patients.days import AT_ONCE, Days
from ldnsim.patients.rows import Rows
from ldnsim.patients.untreated import untreated_days
from ldnsim.patients.vectors import Patients
from ldnsim.runs import measures as summaries
from ldnsim.runs.plan import DAY, Plan
from ldnsim.runs.task import Events, Task, solve_task


@dataclass(frozen=True)
class Untreated(Days):
    """The untreated days of every distinct patient, and what summaries are compared with of them.

    Attributes:
        clocked: variables compared by the clock, at the plan's clock times, shape (patients,
            variables, clock times).
        hourly: of the hours that summaries are compared with, shape (patients, summaries apart);
            see :func:`ldnsim.runs.measures.apart`.
    """

    clocked: Rows
    hourly: Rows


def find_untreated(plan: Plan, patients: Patients, threads: int | None = None) -> Untreated:
    """Solve for the untreated orbit of every distinct patient of a plan."""
    found = untreated_days(patients, threads)
    day = reference_day(plan, patients, found.y0, threads)
    return Untreated(found.y0, found.mean, found.residual, found.status, *day)


def reference_day(
    plan: Plan, patients: Patients, y0: Rows, threads: int | None = None, together: bool = False
) -> tuple[Rows, Rows]:
    """Follow every untreated patient for one day, as far as a summary is compared with it.

    Patients are taken some thousands at a time.

    Args:
        plan: the plan.
        patients: the patients.
        y0: their states at midnight, shape (patients, states).
        threads: threads of the engine.
        together: whether every eight neighbours share their steps.

    Returns:
        ``clocked`` and ``hourly`` of :class:`Untreated`.
    """
    names, apart = summaries.followed(plan), summaries.apart(plan)
    clocked, hourly = Rows((len(y0), len(names), len(plan.clock))), Rows((len(y0), len(apart)))
    if not (names or apart):
        return clocked, hourly
    for first in range(0, len(y0), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(y0)))
        task = Task(
            plan.edition, patients.vectors(which), y0[which], [Events.none()] * len(which), DAY,
            plan.study.solver, wanted=summaries.wanted_untreated(plan, len(which)),
            observables=names, time=plan.clock, together=together,
        )  # fmt: skip
        found = solve_task(task, threads)
        clocked.put(first, found.trajectory)
        hourly.put(first, summaries.joined(plan, found.reductions))
    return clocked, hourly
