"""Adherence: which doses are missed, late or doubled, as a seeded model of a person's habits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ldnsim.regimen.base import Frozen
from ldnsim.regimen.numbers import InHours, Pure, Whole

# one Philox counter value makes four 64-bit words, which are the four draws of one dose slot
DRAWS = 4
MISSED, LATE, DELAY, DOUBLED = range(DRAWS)


class Adherence(Frozen):
    """How a person departs from the plan.

    A draw belongs to (seed, subject, calendar day, n-th planned dose of that day), and to nothing
    else. So a subject misses the same days under every regimen (common random numbers), and no
    draw depends on the horizon or on the order in which subjects or regimens are worked out.

    Attributes:
        p_missed: chance that a planned dose is not taken.
        missed_per_burden: what is added to that chance for each point of adverse burden, as read
            at the end of the last whole week.
        p_late: chance that a dose that is taken is late.
        late_mean_h: mean delay of a late dose (exponential): hours, or text such as "90 min". A
            late dose never reaches the next planned dose.
        p_doubled: chance that the dose after a missed one in the same phase is taken double.
        seed: seed of the pattern.

    Raises:
        UserError: a field that is unknown, no number, or out of its range.
    """

    p_missed: Pure = Field(default=0.0, ge=0, le=1)
    missed_per_burden: Pure = Field(default=0.0, ge=0, le=1)
    p_late: Pure = Field(default=0.0, ge=0, le=1)
    late_mean_h: InHours = Field(default=2.0, gt=0)
    p_doubled: Pure = Field(default=0.0, ge=0, le=1)
    seed: Whole = Field(default=0, ge=0)

    def draws(
        self, subject: int, day: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return uniform draws in [0, 1), shape ``(doses, 4)``, for the given days and slots."""
        key = np.random.SeedSequence([self.seed, subject]).generate_state(2, np.uint64)
        made = np.empty((len(day), DRAWS))
        for one in np.unique(slot):
            rows = slot == one
            stream = np.random.Philox(key=key, counter=[0, int(one), 0, 0])
            raw = stream.random_raw(DRAWS * (int(day[rows].max()) + 1)).reshape(-1, DRAWS)
            made[rows] = (raw[day[rows]] >> np.uint64(11)) * 2.0**-53
        return made
