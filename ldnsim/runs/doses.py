"""What follows from planned doses: the close-up of a day, and the dose of each day."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Floats

Numbers = NDArray[np.floating[Any]]
DAY = 24.0


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


def daily_dose(time: Numbers, amount: Numbers, at: Numbers) -> Floats:
    """Return the mg planned in the calendar day that contains each time of ``at``."""
    if not len(at):
        return np.empty(0)
    day = np.floor(np.asarray(at) / DAY).astype(np.int64)
    size = int(max(day.max(), np.floor(time.max() / DAY) if len(time) else 0)) + 1
    per_day = np.bincount(np.floor(time / DAY).astype(np.int64), weights=amount, minlength=size)
    return np.asarray(per_day[day], dtype=np.float64)
