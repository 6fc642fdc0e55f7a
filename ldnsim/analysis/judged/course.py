"""Weekly means of many variables in a few weeks of runs, against the same patients untreated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.judged.record import Setting, attempt
from ldnsim.arrays import Floats
from ldnsim.config.run import RunSpec
from ldnsim.runs.few import week


def margin(*conditions: tuple[float, float]) -> float:
    """Return the least of some numbers over what is asked of each: 1 where all are just met.

    Args:
        conditions: a number and what is asked, of the same sign: that much or more.
    """
    return float(np.min([number / asked for number, asked in conditions]))


def within(number: float, room: float) -> tuple[float, float]:
    """Return the condition that a number is at most some room, for :func:`margin`."""
    return 2.0 * room - number, room


def said(name: str) -> str:
    """Return the name of a variable as words."""
    return name.replace("_", " ")


@dataclass(frozen=True)
class Course:
    """What runs showed in weeks that are counted from 1.

    Attributes:
        weeks: those that were looked at.
        means: by variable, weekly means, shape (settings, runs, weeks).
        rest: by variable, untreated 24 h means, shape (settings, runs).
    """

    weeks: tuple[int, ...]
    means: dict[str, Floats]
    rest: dict[str, Floats]

    def at(self, name: str, number: int) -> Floats:
        """Return the mean of a week, shape (settings, runs)."""
        return self.means[name][:, :, self.weeks.index(number)]

    def change(self, name: str, number: int) -> Floats:
        """Return the same as change from untreated."""
        return self.at(name, number) - self.rest[name]

    def percent(self, name: str, number: int) -> Floats:
        """Return the same as per cent change from untreated; NaN of nothing."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return 100.0 * (self.at(name, number) / self.rest[name] - 1.0)


def courses(
    settings: Sequence[Setting],
    runs: Sequence[RunSpec],
    names: Sequence[str],
    weeks: Sequence[int],
) -> Course:
    """Run the same patients under every setting, as one batch, and look at some weeks."""
    out = attempt(settings, runs, max(weeks), [week(n, w) for n in names for w in weeks])
    table = out.values.reshape(len(settings), len(runs), len(names), len(weeks))
    means = {name: np.asarray(table[:, :, k]) for k, name in enumerate(names)}
    return Course(tuple(weeks), means, {name: out.rest(name) for name in names})
