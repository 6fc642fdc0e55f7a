"""What a map of dose x interval says: shares of its variance, best intervals, size of steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from common import Floats

FLAT = 0.02
"""Range of a row (points) below which its intervals are all the same. Chosen."""
FAST, SLOW = 0.15, 0.85
"""Places in the range, on a logarithmic scale, that still count as its ends. Chosen."""


@dataclass(frozen=True)
class Shares:
    """Shares of a map's variance; they add up to 1, and are NaN where nothing varies.

    Attributes:
        dose: between doses, of the means over intervals.
        interval: between intervals, of the means over doses.
        both: what neither explains: the interval matters otherwise at another dose.
        sd: standard deviation over the map, in its unit.
    """

    dose: float
    interval: float
    both: float
    sd: float

    def text(self) -> str:
        """Write the shares in percent."""
        if not np.isfinite(self.dose):
            return "nothing varies"
        parts = zip(("dose", "interval", "both together"), (self.dose, self.interval, self.both),
                    strict=True)  # fmt: skip
        return ", ".join(f"{n} {100.0 * x:.0f} %" for n, x in parts)


def shares(grid: Floats) -> Shares:
    """Decompose the variance of a map (doses, intervals), each place counting the same."""
    mean = grid.mean()
    dose = float(np.mean((grid.mean(axis=1) - mean) ** 2))
    interval = float(np.mean((grid.mean(axis=0) - mean) ** 2))
    total = float(np.mean((grid - mean) ** 2))
    if not total > 1e-12 * max(1.0, float(mean**2)):
        return Shares(np.nan, np.nan, np.nan, 0.0)
    return Shares(
        dose / total, interval / total, max(0.0, 1.0 - (dose + interval) / total), total**0.5
    )


@dataclass(frozen=True)
class Row:
    """What one dose says of the pace.

    Attributes:
        best: the best interval, days.
        place: where it lies between the fastest (0) and the slowest (1), on a logarithmic scale.
        reach: best minus worst, in the unit of the map.
        step: largest difference between neighbouring intervals, as a share of ``reach``.
        between: the two intervals of that step, days.
        value: the map's value at the best interval.
    """

    best: float
    place: float
    reach: float
    step: float
    between: tuple[float, float]
    value: float

    @property
    def verdict(self) -> str:
        """Say in a word where the best pace lies."""
        if not self.reach >= FLAT:
            return "all alike"
        if self.place <= FAST:
            return "fast end"
        return "slow end" if self.place >= SLOW else "inside"


def judge(days: Floats, y: Floats) -> Row:
    """Judge the values of the intervals at one dose; higher is better."""
    best, reach = int(np.argmax(y)), float(np.ptp(y))
    jumps = np.abs(np.diff(y))
    at = int(np.argmax(jumps))
    spread = np.log(days[-1] / days[0])
    return Row(
        float(days[best]),
        float(np.log(days[best] / days[0]) / spread),
        reach,
        float(jumps[at] / reach) if reach > 0.0 else 0.0,
        (float(days[at]), float(days[at + 1])),
        float(y[best]),
    )


def steps(rows: list[Row]) -> Row:
    """Return the row with the largest step among those in which the interval matters at all."""
    matter = [r for r in rows if r.reach >= FLAT] or rows
    return max(matter, key=lambda r: r.step)
