"""Doses of every run: planned and given, worked out once per regimen and subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.run import RunSpec

Floats = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
DAY = 24.0


class DoseBook:
    """Ledgers by regimen, adherence and subject, so that a sweep works each one out once."""

    def __init__(self) -> None:
        """Start an empty book."""
        self._ledgers: dict[Any, Any] = {}
        self._kept: list[Any] = []

    def ledger(self, run: RunSpec) -> Any:
        """Return the ledger of a run (see :class:`ldnsim.regimen.Ledger`)."""
        subject = run.subject if run.adherence is not None else 0
        key = (id(run.regimen), id(run.adherence), subject)
        if key not in self._ledgers:
            self._kept.append((run.regimen, run.adherence))  # ids stay unique while these live
            self._ledgers[key] = run.regimen.ledger(run.adherence, subject)
        return self._ledgers[key]

    def planned(self, run: RunSpec) -> tuple[Floats, Floats]:
        """Return planned times (h) and amounts (mg): doses with drug, or placebo where none has."""
        ledger = self.ledger(run)
        time = np.asarray(ledger.planned_time_h, dtype=np.float64)
        amount = np.asarray(ledger.planned_mg, dtype=np.float64)
        real = amount > 0.0
        return (time[real], amount[real]) if real.any() else (time, amount)


def close_up_start(time: Numbers, end: float) -> float:
    """Return when the close-up of the last treated day starts, NaN without doses.

    It starts at a dose, lasts 24 h, lies before ``end`` and contains the whole daily pattern:
    the last dose for doses a day or more apart, the first of the last four for every six hours.
    """
    fits = time[time + DAY <= end]
    if not len(fits):
        return float("nan")
    return float(fits[fits > fits[-1] - DAY][0])


def close_up_of_day(time: Numbers, day: int, end: float) -> float:
    """Return when the close-up of a numbered day starts: its first dose, NaN without one."""
    fits = time[(time >= day * DAY) & (time < (day + 1) * DAY) & (time + DAY <= end)]
    return float(fits[0]) if len(fits) else float("nan")


def natural_end(runs: Sequence[RunSpec], book: DoseBook) -> float:
    """Return the horizon that holds every regimen and the whole day after its last dose (h).

    It is a whole number of days and the same for all runs, since they share the clock.
    """
    end = DAY
    seen: set[int] = set()
    for run in runs:
        if id(run.regimen) in seen:
            continue
        seen.add(id(run.regimen))
        time, _ = book.planned(run)
        last = float(time[-1]) + DAY if len(time) else 0.0
        end = max(end, float(run.regimen.duration_h), last)
    return float(np.ceil(end / DAY) * DAY)


def daily_dose(time: Numbers, amount: Numbers, at: Numbers) -> Floats:
    """Return the mg planned in the calendar day that contains each time of ``at``."""
    if not len(at):
        return np.empty(0)
    day = np.floor(np.asarray(at) / DAY).astype(np.int64)
    size = int(max(day.max(), np.floor(time.max() / DAY) if len(time) else 0)) + 1
    per_day = np.bincount(np.floor(time / DAY).astype(np.int64), weights=amount, minlength=size)
    return np.asarray(per_day[day], dtype=np.float64)
