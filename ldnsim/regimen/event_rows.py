"""Runs of equal doses at equal intervals: the rows of an event table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ldnsim.regimen.doses import DoseTable, Ints

COLUMNS = ("ID", "TIME", "AMT", "EVID", "II", "ADDL", "SS", "CMT", "RATE")


@dataclass(frozen=True, slots=True)
class Run:
    """Equal doses at equal intervals.

    Attributes:
        first: minute of the first dose.
        mg: dose.
        compartment: 1 immediate release, 2 slow release.
        every: minutes between doses (0 for a single dose).
        count: number of doses.
    """

    first: int
    mg: float
    compartment: int
    every: int
    count: int

    def times(self) -> Ints:
        """Return the minute of every dose."""
        return self.first + self.every * np.arange(self.count, dtype=np.int64)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row after ID; floats are written so that they read back equal."""
        every, more = (_plain(self.every / 60), self.count - 1) if self.count > 1 else ("0", 0)
        return (
            *(_plain(self.first / 60), repr(float(self.mg)), "1", every, str(more)),
            *("0", str(self.compartment), "0"),
        )


def _plain(hours: float) -> str:
    return str(int(hours)) if hours == int(hours) else repr(hours)


def compress(doses: DoseTable) -> Iterator[Run]:
    """Yield the longest runs, from the first dose on; expanded they give the table back."""
    time = np.rint(doses.time_h * 60).astype(np.int64)
    first = 0
    while first < len(time):
        last = _last_of_run(doses, time, first)
        every = int(time[first + 1] - time[first]) if last > first else 0
        compartment = int(doses.formulation[first]) + 1
        mg = float(doses.amount_mg[first])
        yield Run(int(time[first]), mg, compartment, every, last - first + 1)
        first = last + 1


def _last_of_run(doses: DoseTable, time: Ints, first: int) -> int:
    last = first
    while last + 1 < len(time):
        following = last + 1
        same = (
            doses.amount_mg[following] == doses.amount_mg[first]
            and doses.formulation[following] == doses.formulation[first]
        )
        gap = time[following] - time[last]
        if not same or gap == 0 or (last > first and gap != time[first + 1] - time[first]):
            break
        last = following
    return last
