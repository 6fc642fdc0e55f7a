"""Regimens as plain values, and their doses by a walk through the calendar.

Nothing here uses the package: times are whole minutes, doses exact fractions of a mg.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

HOUR, DAY, WEEK = 60, 1440, 10080


@dataclass(frozen=True)
class Climb:
    """A ladder: every ``interval``, add ``step`` or multiply by ``factor``, up to ``target``."""

    target: Fraction
    interval: int
    step: Fraction | None = None
    factor: Fraction | None = None
    first: int | None = None
    held: int | None = None  # the phase then lasts this long at the target


@dataclass(frozen=True)
class Stretch:
    """One phase; a dose of None is a phase without doses, of 0 placebo."""

    dose: Fraction | None
    length: int
    every: int = DAY
    at: int = 22 * HOUR
    days: frozenset[int] | None = None
    climb: Climb | None = None
    slow: bool = False


@dataclass(frozen=True)
class Plan:
    """Phases in order; day 0 is this day of the week, 0 for Monday."""

    stretches: tuple[Stretch, ...]
    weekday: int = 0


Dose = tuple[int, Fraction, bool]


def unsaid(every: int) -> int:
    """Return the minute of the day of the first dose where nobody says it.

    Doses come to ten in the evening; where all days are alike, the first day is not cut.
    """
    evening = 22 * HOUR
    if DAY % every:
        return evening
    while evening >= every:
        evening -= every
    return evening


def walk(plan: Plan) -> list[list[Dose]]:
    """Return the doses of each phase: minute, mg, slow release."""
    found: list[list[Dose]] = []
    now = 0
    for part in plan.stretches:
        end, taken, minute = now + part.length, [], now
        while part.dose is not None and minute % DAY != part.at:
            minute += 1
        while part.dose is not None and minute < end:
            today = (plan.weekday + minute // DAY) % 7
            if part.days is None or today in part.days:
                taken.append((minute, dose_at(part, minute - now), part.slow))
            minute += part.every
        found.append(taken)
        now = end
    return found


def dose_at(part: Stretch, elapsed: int) -> Fraction:
    """Climb step by step."""
    assert part.dose is not None
    dose, climb = part.dose, part.climb
    if climb is None:
        return dose
    due = climb.interval if climb.first is None else climb.first
    while due <= elapsed and dose != climb.target:
        dose = next_dose(dose, climb)
        due += climb.interval
    return dose


def next_dose(dose: Fraction, climb: Climb) -> Fraction:
    """Take one step, and stop at the target."""
    raised = dose + climb.step if climb.step is not None else dose * (climb.factor or 1)
    return min(raised, climb.target) if raised > dose else max(raised, climb.target)


def time_to_target(start: Fraction, climb: Climb) -> int:
    """Return the minutes until the target is due."""
    due, dose = 0, start
    while dose != climb.target:
        due += climb.interval if due or climb.first is None else climb.first
        dose = next_dose(dose, climb)
    return due
