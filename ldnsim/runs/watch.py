"""When somebody looks at the runs of a plan, and what is asked then.

Looks are the same for all runs of a plan, so that the solver's steps, and with them every bit of a
result, do not depend on which runs share a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ldnsim.arrays import Floats
from ldnsim.config.readings import DERIVED, RELIEF, variable_of
from ldnsim.config.visits import Stopping, Visits
from ldnsim.errors import UserError
from ldnsim.measure import Measure
from ldnsim.regimen.formats import interval_text

WEEK, DAY = 168.0, 24.0
HAZARDS = ("hazard_adverse", "hazard_futility")
BURDEN = "burden"


def refuse(watch: Watch | None, what: str) -> None:
    """Refuse what needs to know the doses before anybody has been looked at.

    Args:
        watch: of the plan; None where nobody looks.
        what: is asked for; opens the message.

    Raises:
        UserError: somebody looks.
    """
    if watch is not None:
        raise UserError(
            f"{what}: in this study the doses hang on what becomes of the patients ({watch}), and"
            " this needs doses that are known beforehand; leave out rules, [stopping] and"
            " adherence.missed_per_burden, or take the doses of one run from the ledger of a result"
        )


@dataclass(frozen=True)
class Watch:
    """When somebody looks at the runs of a plan, and what is asked.

    Attributes:
        times: of all looks, h, ascending, (looks,).
        readings: what is read, by name.
        stops: whether it is looked at each look who has stopped, (looks,).
        adjuncts: that any rule begins or ends.
        visits: what visits are like.
        stopping: who stops; None where nobody does.
        diary_sd: of the error of a weekly mean of pain.
        seed: of the diary and of stopping.
    """

    times: Floats
    readings: tuple[str, ...]
    stops: tuple[bool, ...]
    adjuncts: tuple[str, ...]
    visits: Visits
    stopping: Stopping | None
    diary_sd: float
    seed: int

    def __len__(self) -> int:
        """Return the number of looks."""
        return len(self.times)

    def __str__(self) -> str:
        """Return how often somebody looks, and what for, as a plan tells it."""
        found = [f"{len(self)} looks"]
        if self.readings:
            found.append(f"rules read {', '.join(self.readings)}")
        if self.stopping is not None:
            found.append(f"who has stopped is seen every {interval_text(self.stopping.every)}")
        return "; ".join(found)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Variables whose means are read at every look, in order."""
        return tuple(dict.fromkeys(v for n in self.readings if (v := variable_of(n))))

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Readings that results keep: those of the patient, not of the course."""
        return tuple(n for n in self.readings if n == RELIEF or n not in DERIVED)

    @cached_property
    def asked(self) -> list[list[Measure]]:
        """What is asked at each look: means of :attr:`variables`, and then hazards."""
        found, last = [], 0.0
        for time, stops in zip(self.times.tolist(), self.stops, strict=True):
            begin = max(0.0, time - self.visits.recall)
            one = [Measure(name, "mean", begin, time) for name in self.variables]
            if stops:
                one += [Measure(name, "integral", last, time) for name in HAZARDS]
                last = time
            found.append(one)
        return found
