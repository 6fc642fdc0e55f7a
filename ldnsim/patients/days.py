"""Untreated days of many patients, as far as anything is compared with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldnsim.arrays import Codes, Floats, Ints
from ldnsim.patients.rows import Rows

AT_ONCE = 4096
"""Patients of whom everything is held at once."""


@dataclass(frozen=True)
class Days:
    """Untreated days of many patients, NaN where there is none.

    Attributes:
        y0: state at midnight, shape (patients, states).
        mean: 24 h means, shape (patients, observables).
        residual: of the orbit, shape (patients,).
        status: the engine's codes, shape (patients,).
    """

    y0: Rows
    mean: Floats
    residual: Floats
    status: Codes

    @classmethod
    def room(cls, n: int, states: int, observables: int) -> Days:
        """Return room for the days of ``n`` patients."""
        means = np.empty((n, observables))
        return cls(Rows((n, states)), means, np.empty(n), np.empty(n, np.int8))

    def put(self, first: int, y0: Floats, mean: Floats, residual: Floats, status: Codes) -> None:
        """Put the days of some patients from patient ``first`` on."""
        part = slice(first, first + len(status))
        self.y0.put(first, y0)
        self.mean[part], self.residual[part], self.status[part] = mean, residual, status

    def pick(self, which: Ints) -> Days:
        """Return the days of some patients."""
        return self.merged(which, self, which)

    def merged(self, own: Ints, others: Days, place: Ints) -> Days:
        """Return the days of patients who are among these or among others.

        Args:
            own: the place of each patient among these; -1 for one of the others.
            others: the days of others.
            place: the place of each of those among them.
        """
        days = Days.room(len(own), self.y0.shape[1], self.mean.shape[1])
        for first in range(0, len(own), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            mine, parts = own[some] >= 0, []
            for name in ("y0", "mean", "residual", "status"):
                a, b = getattr(self, name), getattr(others, name)
                values = np.empty((len(mine), *a.shape[1:]), a.dtype)
                values[mine] = a[own[some][mine]]
                values[~mine] = b[place[some][~mine]]
                parts.append(values)
            days.put(first, *parts)
        return days
