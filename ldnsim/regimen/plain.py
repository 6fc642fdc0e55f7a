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
from ldnsim.regimen.values import Amount, Clock, Factor, Mass, Span
from ldnsim.regimen.weekdays import Days

USUAL_H = 22.0
"""Time of day of a dose, hours after midnight, where none is given."""


class PlainPhase(Frozen):
    """A stretch of a regimen as its fields say it; :class:`ldnsim.regimen.Phase` explains each.

    Nothing is checked beyond the fields one by one.
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
