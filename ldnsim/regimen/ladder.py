"""The titration ladder: which dose is due at which minute of a phase.

The position on the ladder is the integer number of completed steps, worked out in whole minutes,
so that a step falls on its boundary exactly. Doses are worked out as exact fractions; the last
step is shortened to land on the target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ldnsim.regimen.formats import exact

MAX_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Ladder:
    """Doses (mg) by position, and the minutes that rule the climb.

    Attributes:
        amounts: dose at position 0 (the start) to the last (the target).
        interval: minutes between steps.
        first: minutes before the first step.
    """

    amounts: tuple[float, ...]
    interval: int
    first: int

    @property
    def reached(self) -> int:
        """Minutes from the start of the phase until the target is due."""
        return self.begins(len(self.amounts) - 1)

    def begins(self, position: int) -> int:
        """Return the minute of the phase at which a position is reached."""
        return 0 if position == 0 else self.first + (position - 1) * self.interval

    def position(self, elapsed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return completed steps after ``elapsed`` minutes; at a boundary the step is done."""
        climbed = 1 + (elapsed - self.first) // max(self.interval, 1)
        return np.clip(np.where(elapsed < self.first, 0, climbed), 0, len(self.amounts) - 1)


def constant(mg: float) -> Ladder:
    """Return the ladder of a dose that never changes."""
    return Ladder((mg,), 0, 0)


def additive(start: Fraction, step: Fraction, target_mg: float) -> tuple[float, ...]:
    """Return the doses of a ladder that adds ``step`` (signed) until the target."""
    target = exact(target_mg)
    count = math.ceil((target - start) / step)
    return (*(float(start + k * step) for k in range(count)), target_mg)


def multiplicative(start: Fraction, factor: Fraction, target_mg: float) -> tuple[float, ...]:
    """Return the doses of a ladder that multiplies by ``factor`` until the target."""
    target, dose = exact(target_mg), start
    doses: list[float] = []
    while (dose < target if factor > 1 else dose > target) and len(doses) <= MAX_STEPS:
        doses.append(float(dose))
        dose *= factor
    return (*doses, target_mg)
