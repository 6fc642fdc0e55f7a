"""What rules decide at a visit, for many runs at once; no model and no solver in here.

Doses are whole numbers of a picogram's thousandth (``UNITS`` of them are a mg), so that steps up
and down come back to the very same dose. Everything is an array over runs; what is decided for a
run depends on what was read of it, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldnsim.regimen.formats import exact, minutes
from ldnsim.regimen.plain import PlainPhase, resolve
from ldnsim.regimen.rule import Rule

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

UNITS = 10**12
"""Of a dose, in a mg."""
NEAR = 10**9
"""A dose within one part in so many of a limit is that limit."""


class Decision(IntEnum):
    """What came of a visit."""

    # stored in results: new ones go to the end
    NO_VISIT = 0
    HOLD = 1
    UP = 2
    DOWN = 3
    STOP = 4
    AT_LIMIT = 5
    INTERVAL = 6
    CLOCK = 7
    ADD = 8
    DROP = 9
    LEFT = 10


@dataclass
class Course:
    """Where runs are in a guided phase; changed in place at every visit.

    Attributes:
        dose: of one intake, in `UNITS`, (runs,).
        every: minutes between doses, (runs,).
        at: minutes after midnight of the first dose of a day, (runs,).
        stopped: whether dosing has ended for good, (runs,).
        since: h, when the dose last changed, or the phase began, (runs,).
        downs: how often it has been lowered, (runs,).
        taken: adjuncts that rules have begun (1) or ended (-1), (runs, adjuncts).
    """

    dose: Ints
    every: Ints
    at: Ints
    stopped: Flags
    since: Floats
    downs: Ints
    taken: Codes

    @staticmethod
    def of(phase: PlainPhase, runs: int, begin: float) -> Course:
        """Return the course of runs at the beginning of a phase, ``begin`` hours."""
        return Course(
            np.full(runs, units(phase.start_mg)),
            np.full(runs, minutes(phase.every)),
            np.full(runs, minutes(phase.at)),
            np.zeros(runs, bool),
            np.full(runs, begin),
            np.zeros(runs, np.int64),
            np.zeros((runs, len(adjuncts(phase))), np.int8),
        )

    @property
    def mg(self) -> Floats:
        """Doses in mg."""
        return self.dose / UNITS


def units(mg: Fraction) -> int:
    """Return a dose in `UNITS`, rounded."""
    return round(mg * UNITS)


def adjuncts(phase: PlainPhase) -> tuple[str, ...]:
    """Return the adjuncts that rules of a phase begin or end, in the order of the rules."""
    names = (str(r.value) for r in phase.rules if r.do in ("add", "drop"))
    return tuple(dict.fromkeys(names))


def least_mg(phase: PlainPhase) -> Fraction:
    """Return the dose below which no rule of a phase goes.

    It is the one given, or the start, or the smallest step where that is less.
    """
    if phase.least is not None:
        return exact(phase.least)
    steps = [abs(resolve(r.value, phase.target)) for r in phase.rules if r.do == "step"]  # type: ignore[arg-type]
    return min([phase.start_mg, *(s for s in steps if s > 0)])


@dataclass(frozen=True)
class Guide:
    """The rules of a phase, ready to decide.

    Attributes:
        phase: the phase; it is guided.
    """

    phase: PlainPhase

    @cached_property
    def least(self) -> int:
        """Smallest dose, in `UNITS`."""
        return units(least_mg(self.phase))

    @cached_property
    def most(self) -> int:
        """Largest dose, in `UNITS`."""
        return units(exact(self.phase.target or 0.0))

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """What is read, in the order of the rules."""
        found = [name for r in self.phase.rules if r.when for name in r.when.names]
        return tuple(dict.fromkeys(found))

    @property
    def told(self) -> list[str]:
        """What decides, as text: each rule, or the function."""
        if self.phase.decide is not None:
            return [f"decided by {self.phase.decide}"]
        return [str(r) for r in self.phase.rules]

    @property
    def looks_daily(self) -> bool:
        """Whether a rule acts at once, so that every day is looked at."""
        return any(r.at_once for r in self.phase.rules)

    def visits(self, begin: float, end: float) -> Floats:
        """Return when planned visits are, h; none at the very end, where nothing is left to decide.

        Args:
            begin: of the phase, h.
            end: of the phase, h.
        """
        gap = minutes(self.phase.visits or 0.0)
        first = gap if self.phase.first_visit is None else minutes(self.phase.first_visit)
        start, stop = minutes(begin), minutes(end)
        return np.arange(start + first, stop, gap, dtype=np.float64) / 60.0

    def is_visit(self, begin: float, end: float, time: float) -> bool:
        """Whether a time is that of a planned visit; see :meth:`visits`."""
        return bool((np.abs(self.visits(begin, end) - time) < 1e-6).any())

    def match(
        self, values: Mapping[str, Floats], planned: Flags, at_once: Flags
    ) -> NDArray[np.int16]:
        """Return the rule that acts in each run, counted from 1; 0 where none does, (runs,).

        Args:
            values: what is read, each (runs,).
            planned: whether each is at a planned visit, where every rule is asked, (runs,).
            at_once: whether rules that act at once are asked, (runs,).
        """
        found = np.zeros(len(planned), np.int16)
        for number, rule in enumerate(self.phase.rules, start=1):
            holds = np.ones(len(planned), bool) if rule.when is None else rule.when.holds(values)
            asked = planned | at_once if rule.at_once else planned
            found[(found == 0) & asked & holds] = number
        return found

    def act(self, course: Course, matched: NDArray[np.int16], time: float) -> Codes:
        """Do what the rules that matched say; returns `Decision` codes, (runs,).

        Args:
            course: where the runs are; changed in place.
            matched: what :meth:`match` found.
            time: of the visit, h.
        """
        found = np.full(len(matched), Decision.HOLD, np.int8)
        for number, rule in enumerate(self.phase.rules, start=1):
            rows = np.flatnonzero((matched == number) & ~course.stopped)
            if len(rows):
                found[rows] = self._do(rule, course, rows, time)
        return found

    def set_doses(self, course: Course, mg: Floats, time: float) -> Codes:
        """Set the doses that a function asks for, within the limits; 0 stops, NaN holds.

        Args:
            course: where the runs are; changed in place.
            mg: doses wanted, (runs,).
            time: of the visit, h.
        """
        found = np.full(len(mg), Decision.HOLD, np.int8)
        stops = (mg <= 0.0) & ~course.stopped
        course.stopped |= stops
        found[stops] = Decision.STOP
        rows = np.flatnonzero((mg > 0.0) & ~course.stopped)
        wanted = np.rint(mg[rows] * UNITS).astype(np.int64)
        found[rows] = self._to(course, rows, wanted, time, holds=True)
        return found

    def _do(self, rule: Rule, course: Course, rows: Ints, time: float) -> Codes:
        if rule.do in ("step", "factor"):
            return self._to(course, rows, self._wanted(rule, course.dose[rows]), time)
        if rule.do == "stop":
            course.stopped[rows] = True
            return np.full(len(rows), Decision.STOP, np.int8)
        if rule.do in ("every", "at"):
            what = course.every if rule.do == "every" else course.at
            return _set(what, rows, minutes(float(rule.value)), _SETS[rule.do])  # type: ignore[arg-type]
        if rule.do in ("add", "drop"):
            column = course.taken[:, adjuncts(self.phase).index(str(rule.value))]
            return _set(column, rows, 1 if rule.do == "add" else -1, _SETS[rule.do])
        return np.full(len(rows), Decision.HOLD, np.int8)

    def _wanted(self, rule: Rule, dose: Ints) -> Ints:
        if rule.do == "factor":
            assert isinstance(rule.value, Fraction)
            return np.asarray(np.rint(dose * float(rule.value)), dtype=np.int64)
        step = units(resolve(rule.value, self.phase.target))  # type: ignore[arg-type]
        return np.asarray(dose + step, dtype=np.int64)

    def _to(
        self, course: Course, rows: Ints, wanted: Ints, time: float, holds: bool = False
    ) -> Codes:
        """Set doses; a step past a limit is shortened to end there, and none is left at it.

        ``holds`` says that the dose there is may be what is wanted.
        """
        old = course.dose[rows]
        new = np.clip(wanted, self.least, self.most)
        # shares of the target are rounded at every step: what comes so near to a limit is meant to
        # be that limit
        for limit in (self.least, self.most):
            new = np.where(np.abs(new - limit) <= limit // NEAR, limit, new)
        course.dose[rows] = new
        course.since[rows[new != old]] = time
        course.downs[rows[new < old]] += 1
        moved = np.where(new > old, Decision.UP, Decision.DOWN)
        still = np.where(holds & (wanted == old), Decision.HOLD, Decision.AT_LIMIT)
        return np.where(new != old, moved, still).astype(np.int8)


_SETS = {
    "every": Decision.INTERVAL, "at": Decision.CLOCK, "add": Decision.ADD, "drop": Decision.DROP,
}  # fmt: skip


def _set(what: NDArray[np.int64] | Codes, rows: Ints, value: int, code: Decision) -> Codes:
    """Set a number of some runs; those that had it already hold."""
    changed = what[rows] != value
    what[rows] = value
    return np.where(changed, code, Decision.HOLD).astype(np.int8)
