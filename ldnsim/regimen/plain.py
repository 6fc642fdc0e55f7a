"""The plain value of a phase: its fields, and what follows from them by arithmetic alone.

Readers make it, and checks, text and doses are made from it; it knows none of them.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Literal

from ldnsim.regimen import ladder as ladders
from ldnsim.regimen.base import Frozen
from ldnsim.regimen.formats import Share, exact, minutes
from ldnsim.regimen.rule import Rules
from ldnsim.regimen.values import Amount, Clock, Factor, Mass, Span
from ldnsim.regimen.weekdays import Days

USUAL_H = 22.0
"""Time of day of a dose, hours after midnight, where none is given."""


class PlainPhase(Frozen):
    """A stretch of a regimen as its fields say it; nothing is checked beyond them one by one.

    Attributes:
        kind: ``doses``, ``placebo`` (capsules without drug, taken on the same schedule), ``stop``.
        start: first dose, in mg or as a `Share` of the target.
        target: dose at the end of the ladder, mg; equal to ``start`` where there is no ladder.
        step: what one step adds, mg or a share; negative to step down.
        factor: what one step multiplies by, instead of ``step``; below 1 to step down.
        interval: hours between steps.
        first_hold: hours before the first step, where that is not one interval.
        every: hours between doses.
        at: time of day of the first dose, hours after midnight; when left out 22:00, or with
            several doses a day the earliest time from which they come to 22:00.
        days: days of the week with doses, 0 for Monday; every day where it is None.
        duration: length of the phase, hours, from its start.
        hold: instead of ``duration``: hours to stay at the target once it is reached.
        formulation: ``IR`` (immediate release) or ``SR`` (slow release).
        visits: hours between visits, at which rules decide on the dose; the first is one interval
            after the start of the phase.
        first_visit: hours to the first visit, where that is not one interval.
        rules: in order; at a visit the first acts whose condition holds, and none holds the dose.
        decide: instead of rules, a function of a file, as ``"own.py:my_rule"``.
        least: dose below which no rule goes, mg; the start, or the smallest step if that is less.
    """

    kind: Literal["doses", "placebo", "stop"] = "doses"
    start: Amount | None = None
    target: Mass | None = None
    step: Amount | None = None
    factor: Factor | None = None
    interval: Span | None = None
    first_hold: Span | None = None
    every: Span = 24.0
    at: Clock = USUAL_H
    days: Days | None = None
    duration: Span | None = None
    hold: Span | None = None
    formulation: Literal["IR", "SR"] = "IR"
    visits: Span | None = None
    first_visit: Span | None = None
    rules: Rules = ()
    decide: str | None = None
    least: Mass | None = None

    @property
    def is_guided(self) -> bool:
        """Whether rules decide on the dose: it begins at ``start``; ``target`` is the most."""
        return bool(self.rules) or self.decide is not None

    @property
    def has_ladder(self) -> bool:
        """Whether the dose changes by steps."""
        return self.step is not None or self.factor is not None

    @property
    def start_mg(self) -> Fraction:
        """First dose, exactly, in mg."""
        return resolve(self.start, self.target)

    @property
    def step_mg(self) -> Fraction:
        """What one additive step adds, exactly, in mg."""
        return resolve(self.step, self.target)

    @cached_property
    def ladder(self) -> ladders.Ladder:
        """The doses of the phase in order, with the minutes that rule the climb."""
        target = self.target or 0.0
        if self.is_guided:
            return ladders.constant(float(self.start_mg))  # what is planned while nobody has looked
        if self.interval is None:
            return ladders.constant(target)
        if self.factor is None:
            amounts = ladders.additive(self.start_mg, self.step_mg, target)
        else:
            amounts = ladders.multiplicative(self.start_mg, self.factor, target)
        first = self.interval if self.first_hold is None else self.first_hold
        return ladders.Ladder(amounts, minutes(self.interval), minutes(first))

    @property
    def length(self) -> int | None:
        """Minutes the phase lasts, or None where neither duration nor hold is given."""
        if self.duration is not None:
            return minutes(self.duration)
        return None if self.hold is None else self.ladder.reached + minutes(self.hold)


def resolve(amount: float | Share | None, target: float | None) -> Fraction:
    """Return an amount, absolute or relative, as an exact number of mg."""
    if isinstance(amount, Share):
        return amount.of(target or 0.0)
    return exact(amount or 0.0)
