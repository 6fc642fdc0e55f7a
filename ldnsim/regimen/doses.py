"""From phases to doses: one row per planned dose, in time order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import accumulate
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.regimen.formats import clock_text, minutes, span_text
from ldnsim.regimen.plain import PlainPhase
from ldnsim.regimen.weekdays import days_text
from ldnsim.units import LONGEST_TIME

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]

IR, SR = 0, 1
MAX_DOSES = 1_000_000
_DAY = 24 * 60


@dataclass(frozen=True, eq=False)
class DoseTable:
    """Doses in time order; all arrays have one entry per dose and are read-only.

    Attributes:
        time_h: hours from midnight of day 0.
        amount_mg: mg as labelled; 0 for placebo.
        formulation: 0 immediate release (IR), 1 slow release (SR).
        phase: index of the phase the dose belongs to.
        step: position on that phase's ladder (completed steps).
        origin_h: where the file's time 0 lies on this clock, for an imported table; else 0.
    """

    time_h: Floats
    amount_mg: Floats
    formulation: Codes
    phase: Ints
    step: Ints
    origin_h: float = 0.0

    def __post_init__(self) -> None:
        """Make the arrays read-only, since tables are shared between callers."""
        for field in fields(self):
            column = getattr(self, field.name)
            if isinstance(column, np.ndarray):
                column.flags.writeable = False

    def __len__(self) -> int:
        """Return the number of doses."""
        return len(self.time_h)

    def daily_mg(self, days: int) -> Floats:
        """Return the mg planned on each calendar day, shape ``(days,)``."""
        day = (self.time_h // 24).astype(np.int64)
        kept = (day >= 0) & (day < days)
        total = np.bincount(day[kept], self.amount_mg[kept], minlength=days)
        return total.astype(np.float64)


@runtime_checkable
class Planned(Protocol):
    """What lasts a while and has doses: a prescription, or what was recorded."""

    @property
    def duration_h(self) -> float:
        """Hours from midnight of day 0 to the end."""

    def doses(self) -> DoseTable:
        """Return every dose in time order."""


def first_dose(phase: PlainPhase, begin: int) -> int:
    """Return the minute of the first dose: the first ``at`` o'clock at or after ``begin``."""
    return begin + (minutes(phase.at) - begin) % _DAY


@lru_cache(maxsize=512)
def expand(phases: tuple[PlainPhase, ...], start_day: int = 0) -> DoseTable:
    """Return the planned doses of phases in sequence; a dose exactly at a phase's end is not given.

    Args:
        phases: the phases.
        start_day: day of the week of day 0, 0 for Monday; rules the phases with named days.

    Raises:
        UserError: a phase is too short for any dose, or there are more than a million doses, or
            they last longer than a hundred years.
    """
    count_doses(phases, start_day)
    ends = [0, *accumulate(p.length or 0 for p in phases)]
    parts = [
        _one_phase(phase, index, ends[index], ends[index + 1], start_day)
        for index, phase in enumerate(phases)
        if phase.kind != "stop"
    ]
    if not parts:
        nothing = np.zeros(0, np.int64)
        return DoseTable(np.zeros(0), np.zeros(0), nothing.astype(np.int8), nothing, nothing.copy())
    time, amount, formulation, phase_of, step = (
        np.concatenate(c) for c in zip(*parts, strict=True)
    )
    return DoseTable(time / 60.0, amount, formulation, phase_of, step)


def count_doses(phases: Sequence[PlainPhase], start_day: int = 0) -> int:
    """Return how many doses phases in sequence plan, without laying them out.

    Raises:
        UserError: as `expand`.
    """
    ends = [0, *accumulate(p.length or 0 for p in phases)]
    if ends[-1] > minutes(LONGEST_TIME):
        raise UserError(
            f"the regimen lasts {span_text(ends[-1] / 60)}; at most {span_text(LONGEST_TIME)}, a "
            "hundred years, can be planned. Is a unit wrong?"
        )
    total = 0
    for index, phase in enumerate(phases):
        if phase.kind == "stop":
            continue
        found = _count(phase, ends[index], ends[index + 1], start_day)
        span = span_text(phase.length / 60) if phase.length else "0 min"
        if not found:
            days = "" if phase.days is None else f" on {days_text(phase.days)}"
            raise UserError(
                f"phase {index + 1} lasts {span}, which ends before its first dose at "
                f"{clock_text(phase.at)}{days}; make it longer, or write 'stop'"
            )
        total += found
        if total > MAX_DOSES:
            raise UserError(
                f"every = '{span_text(phase.every)}' for {span} makes more than a million doses; "
                "is the unit right?"
            )
    return total


def _count(phase: PlainPhase, begin: int, end: int, start_day: int) -> int:
    first, every = first_dose(phase, begin), minutes(phase.every)
    daily = max(0, -(-(end - first) // every))
    if phase.days is None:
        return daily
    week = 7 * _DAY // every  # doses of a week, since a whole number of them makes a day
    days = ((start_day + (first + k * every) // _DAY) % 7 for k in range(min(week, daily)))
    return sum(-(-(daily - k) // week) for k, day in enumerate(days) if day in phase.days)


def _one_phase(
    phase: PlainPhase, index: int, begin: int, end: int, start_day: int
) -> tuple[Ints, Floats, Codes, Ints, Ints]:
    time = np.arange(first_dose(phase, begin), end, minutes(phase.every), dtype=np.int64)
    if phase.days is not None:
        time = time[np.isin((time // _DAY + start_day) % 7, phase.days)]
    step = phase.ladder.position(time - begin)
    amount = np.asarray(phase.ladder.amounts)[step]
    formulation = np.full(len(time), SR if phase.formulation == "SR" else IR, np.int8)
    return time, amount, formulation, np.full(len(time), index, np.int64), step


@dataclass(frozen=True, slots=True)
class Rung:
    """A stretch with one dose: phase and step index, start and end in hours, dose in mg."""

    phase: int
    step: int
    start_h: float
    end_h: float
    amount_mg: float


def rungs(phases: Sequence[PlainPhase]) -> tuple[Rung, ...]:
    """Return the stretches of constant dose; a stop is one stretch of 0 mg."""
    made: list[Rung] = []
    begin = 0
    for index, phase in enumerate(phases):
        length, ladder = phase.length or 0, phase.ladder
        starts = [s for k in range(len(ladder.amounts)) if (s := ladder.begins(k)) < length]
        for step, start in enumerate(starts):
            stop = starts[step + 1] if step + 1 < len(starts) else length
            span = (begin + start) / 60, (begin + stop) / 60
            made.append(Rung(index, step, *span, ladder.amounts[step]))
        begin += length
    return tuple(made)
