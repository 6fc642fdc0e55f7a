"""Doses of every run of a sweep, worked out once for what runs share.

When doses are due depends on the schedule (interval, duration, clock time, habits) and on how
many rungs a ladder has; how large they are depends on the amounts (start, step, target). A grid of
1,000 doses at 1,000 paces is therefore 1,000 schedules and 1,000 lists of amounts, not a million
regimens: the doses of one run are its amounts, picked by the rungs of its schedule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.arrays import Codes, Floats, Ints
from ldnsim.config import budget
from ldnsim.errors import UserError
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.regimen.doses import count_doses, expand
from ldnsim.regimen.recorded import Recorded
from ldnsim.runs import doses
from ldnsim.runs.events import dose_events
from ldnsim.runs.intake import Ordered
from ldnsim.runs.schedule import (
    AMOUNTS,
    Amounts,
    Schedule,
    amounts_of,
    as_recorded,
    most_doses,
    with_amounts,
)
from ldnsim.runs.task import Events

if TYPE_CHECKING:
    from ldnsim.regimen import Adherence, Ledger, Regimen
    from ldnsim.runs.grid import Runs

KEPT = 8192
"""Schedules and patterns of doses held at once; the rest are worked out again when needed."""
REGIMEN, ADHERENCE = "regimen", "adherence"


def sets_amounts(field: str) -> bool:
    """Whether a field of a study changes how large doses are."""
    room, _, rest = field.partition(".")
    return room == REGIMEN and rest.rpartition(".")[2] in ("", "kind", *AMOUNTS)


def sets_schedule(field: str) -> bool:
    """Whether a field of a study changes when doses are due."""
    room, _, rest = field.partition(".")
    return room == REGIMEN and rest.rpartition(".")[2] not in AMOUNTS


def sets_habits(field: str) -> bool:
    """Whether a field of a study changes how doses are taken: adherence, or whose draws."""
    return field.partition(".")[0] == ADHERENCE or field in ("subject", "patient")


@dataclass(frozen=True)
class _Taken:
    """Doses taken: events of one mg at each rung, and what they are multiplied by."""

    time: Floats
    target: Ints
    rung: Ints
    times: Floats


class Dosing:
    """The doses of every run of a grid, by the run's number."""

    def __init__(self, runs: Runs) -> None:
        """Work out the amounts, and check every schedule.

        Raises:
            UserError: a regimen somewhere in the grid contradicts itself.
        """
        self._runs = runs
        self._amounts = runs.facet(sets_amounts)
        self._schedules = runs.facet(sets_schedule)
        fields = [f for d in runs.grid for f, _ in d.settings[0]]
        habitual = runs.start.adherence is not None or any(f.startswith(ADHERENCE) for f in fields)
        self._habits = runs.facet(sets_habits if habitual else lambda _: False)
        self.schedule = lru_cache(maxsize=KEPT)(self._make_schedule)
        self._taken = lru_cache(maxsize=KEPT)(self._make_taken)
        budget.REGIMENS.check(self._amounts.size)
        budget.REGIMENS.check(self._schedules.size)
        regimens = (self._regimen(i) for i in self._amounts.runs().tolist())
        self._mg = [amounts_of(r) for r in regimens]
        self._own = [self._regimen(i) for i in self._schedules.runs().tolist()]
        number = {r: k for k, r in enumerate(dict.fromkeys(m.rungs for m in self._mg))}
        self._pattern = np.array([number[m.rungs] for m in self._mg], dtype=np.int64)
        self._patterns = len(number)
        self._examples = self._find_examples()
        self._keys = np.array(sorted(self._examples), dtype=np.int64)
        budget.REGIMENS.check(len(self._keys))
        self._planned = np.array([self._count(k) for k in self._keys.tolist()], dtype=np.int64)
        budget.DOSES.check(int(self._planned.sum()))
        found = [self._checked(int(k)) for k in self._keys]
        self._reaches = np.array([s.reaches_target for s in found], dtype=np.int8)
        self._last = [(s.end, float(s.planned[-1]) if len(s.planned) else None) for s in found]

    def _regimen(self, run: int) -> Regimen | Recorded:
        """Return the regimen of a run.

        Raises:
            UserError: it contradicts itself; the message says where in the grid.
        """
        try:
            return self._runs[run].regimen
        except UserError as error:
            raise UserError(f"axes at {self._runs.point(run)}: {error}") from None

    def keys(self, rows: Ints) -> Ints:
        """Return which schedule each run has; equal keys are equal schedules."""
        place = self._schedules.of(rows)
        pattern = self._pattern[self._amounts.of(rows)]
        return np.asarray(place * self._patterns + pattern, dtype=np.int64)

    def _find_examples(self) -> dict[int, int]:
        """Return the first run with each schedule, by its key."""
        both = replace(
            self._amounts, axes=tuple(sorted({*self._amounts.axes, *self._schedules.axes}))
        )
        rows = both.runs()
        key, first = np.unique(self.keys(rows), return_index=True)
        return dict(zip(key.tolist(), rows[first].tolist(), strict=True))

    def _checked(self, key: int) -> Schedule:
        """Return a schedule.

        Raises:
            UserError: it is contradictory; told as the regimen of the first run that has it.
        """
        try:
            return self.schedule(key)
        except UserError:
            self._regimen(self._examples[key])
            raise

    def _own_amounts(self, key: int) -> Amounts:
        return self._mg[int(self._amounts.of(np.array([self._examples[key]]))[0])]

    def _own_regimen(self, key: int) -> Regimen | Recorded:
        """Return the regimen of a schedule, whose amounts need not be those of the run."""
        return self._own[int(self._schedules.of(np.array([self._examples[key]]))[0])]

    def _make_schedule(self, key: int) -> Schedule:
        own, amounts = self._own_regimen(key), self._own_amounts(key)
        if isinstance(own, Recorded):
            return as_recorded(own)
        phases = with_amounts(own, amounts)
        table = expand.__wrapped__(phases, own.start_day)
        first = np.cumsum([0, *amounts.rungs[:-1]])
        drug = np.array([p.kind == "doses" for p in phases], dtype=np.float64)
        table = replace(table, amount_mg=drug[table.phase])
        length = sum(p.length or 0 for p in phases) / 60
        reaches = all(p.ladder.reached < (p.length or 0) for p in phases if p.has_ladder)
        return Schedule(table, first[table.phase] + table.step, length, reaches)

    def _count(self, key: int) -> int:
        """Return the number of doses of a schedule, without laying them out."""
        try:
            own, amounts = self._own_regimen(key), self._own_amounts(key)
            if isinstance(own, Recorded):
                return len(own.doses())
            return count_doses(with_amounts(own, amounts), own.start_day)
        except UserError:
            self._regimen(self._examples[key])
            raise

    @property
    def examples(self) -> list[Regimen | Recorded]:
        """A regimen of every schedule."""
        return [self._runs[i].regimen for i in self._examples.values()]

    @property
    def most_possible(self) -> int:
        """Most doses that a run can come to, whatever rules decide on its interval of doses."""
        return max(map(most_doses, self.examples))

    @property
    def misses_by_burden(self) -> bool:
        """Whether in any run more doses are missed the more burden there is."""
        habits = (self._runs[i].adherence for i in self._habits.runs().tolist())
        return any(a is not None and a.missed_per_burden > 0.0 for a in habits)

    def alike(self, rows: Ints) -> tuple[list[Ordered], Ints]:
        """Return the regimens of some runs, each once, and which of them each run has, (rows,)."""
        pairs, which = np.unique(
            np.stack([self.keys(rows), self._amounts.of(rows)]), axis=1, return_inverse=True
        )
        which = which.reshape(-1).astype(np.int64)
        found = []
        for j, (key, place) in enumerate(pairs.T.tolist()):
            schedule = self.schedule(key)
            mg = self._mg[place].mg[schedule.rung]
            regimen = self._runs[int(rows[int(np.argmax(which == j))])].regimen
            found.append(Ordered(regimen, replace(schedule.table, amount_mg=mg), schedule.end))
        return found, which

    def habits(self, rows: Ints) -> tuple[list[Adherence | None], Ints]:
        """Return how some runs take their doses, and whose draws they are, (rows,)."""
        places, which = np.unique(self._habits.of(rows), return_inverse=True)
        runs = [self._runs[self._habits.run(int(p))] for p in places]
        chosen = [runs[int(k)] for k in which]
        return [r.adherence for r in chosen], np.array([r.subject for r in chosen])

    @property
    def most_planned(self) -> int:
        """Number of doses of the run that has most."""
        return int(self._planned.max())

    def planned(self, n: int) -> int:
        """Return the number of doses of all ``n`` runs together."""
        return int(self._planned[np.searchsorted(self._keys, self.keys(np.arange(n)))].sum())

    def natural_end(self) -> float:
        """Return the horizon that holds every regimen and the whole day after its last dose (h).

        It is a whole number of days and the same for all runs, since they share the clock.
        """
        ends = [max(end, 0.0 if last is None else last + doses.DAY) for end, last in self._last]
        return float(np.ceil(max(doses.DAY, *ends) / doses.DAY) * doses.DAY)

    def nights(self, day: int | None, end: float) -> Floats:
        """Return when the close-up of each run starts (h), shape (runs,).

        Runs without doses on that day take the latest of the others, or else 22:00.

        Args:
            day: a numbered day; the last treated one when None.
            end: of the study (h).

        Raises:
            UserError: no close-up of that day lies before the end.
        """
        times = [self.schedule(int(key)).planned for key in self._keys]
        if day is None:
            each, none = [doses.close_up_start(t, end) for t in times], end - doses.DAY
        else:
            each = [doses.close_up_of_day(t, day, end) for t in times]
            none = doses.close_up_of_day(np.arange(22.0, end, doses.DAY), day, end)
        starts = np.array(each)[np.searchsorted(self._keys, self.keys(np.arange(len(self._runs))))]
        known = np.isfinite(starts)
        if known.any():
            none = float(starts[known].max())
        if np.isnan(none):
            raise UserError(_no_such_night(day, end, times))
        return np.where(known, starts, none)

    def reaches_target(self, rows: Ints) -> Codes:
        """Whether the ladders of each run are long enough to give their target."""
        return self._reaches[np.searchsorted(self._keys, self.keys(rows))]

    def has_drug(self, run: int) -> bool:
        """Whether any dose of a run holds drug."""
        return bool((self.schedule(int(self.keys(np.array([run]))[0])).table.amount_mg > 0).any())

    def ledger(self, run: int) -> Ledger:
        """Return the ledger of a run (see :class:`ldnsim.regimen.Ledger`)."""
        row = np.array([run])
        made = self._ledger(int(self.keys(row)[0]), int(self._habits.of(row)[0]))
        schedule = self.schedule(int(self.keys(row)[0]))
        mg = self._mg[int(self._amounts.of(row)[0])].mg[schedule.rung]
        return replace(made, planned_mg=mg, given_mg=mg * made.given_mg)

    def _ledger(self, key: int, habits: int) -> Ledger:
        """Return the ledger of a schedule whose doses are one mg."""
        from ldnsim.regimen.ledger import make_ledger

        run, schedule = self._runs[self._habits.run(habits)], self.schedule(key)
        subject = run.subject if run.adherence is not None else 0
        return make_ledger(schedule.table, schedule.end, run.adherence, subject)

    def events(self, rows: Ints, end: float) -> list[Events]:
        """Return the doses taken in each run, as amounts in the gut depots.

        Args:
            rows: numbers of the runs.
            end: doses at or after this time are not given (h).

        Raises:
            UserError: doses of a run depend on what becomes of the patient.
        """
        self._check_fixed()
        keys, habits = self.keys(rows).tolist(), self._habits.of(rows).tolist()
        found = []
        for key, habit, a in zip(keys, habits, self._amounts.of(rows).tolist(), strict=True):
            taken = self._taken(key, habit, end)
            value = self._mg[a].mg[taken.rung] * taken.times * NMOL_PER_MG
            found.append(Events(taken.time, taken.target, value))
        return found

    def _check_fixed(self) -> None:
        """Refuse doses that nobody knows before the patient has been looked at."""
        guided = next((r for r in self.examples if getattr(r, "is_guided", False)), None)
        if guided is not None:
            raise UserError(
                f"regimen '{guided}': rules decide on its doses at visits, so that they are not"
                " known beforehand; this needs a fixed regimen, such as the doses of a run in the"
                " ledger of a study's result"
            )
        if self.misses_by_burden:
            raise UserError(
                "adherence.missed_per_burden: which doses are missed is not known before the"
                " burden is; this needs a fixed chance, p_missed"
            )

    def _make_taken(self, key: int, habits: int, end: float) -> _Taken:
        ledger, rung = self._ledger(key, habits), self.schedule(key).rung
        slow = np.asarray(ledger.formulation) == 1
        model = self._runs.start.edition.model
        kept, found = dose_events(model, ledger.given_time_h, ledger.given_mg, slow, end)
        order = np.argsort(found.time, kind="stable")
        return _Taken(
            found.time[order], found.target[order], rung[kept][order],
            ledger.given_mg[kept][order],
        )  # fmt: skip

    def planned_daily(self, rows: Ints, at: Floats) -> Floats:
        """Return the mg planned in the calendar day of each time, shape (runs, times)."""
        keys, amounts = self.keys(rows), self._amounts.of(rows)
        pairs, which = np.unique(np.stack([keys, amounts]), axis=1, return_inverse=True)
        each = []
        for key, a in pairs.T:
            schedule = self.schedule(int(key))
            mg = self._mg[int(a)].mg[schedule.rung]
            each.append(doses.daily_dose(schedule.table.time_h, mg, at))
        return np.stack(each)[which.reshape(-1)]


def _no_such_night(day: int | None, end: float, times: list[Floats]) -> str:
    """Say which days have a close-up: 24 h from a dose, or from 22:00, before the end."""
    whole = [float(t[t + doses.DAY <= end].max(initial=-np.inf)) for t in times]
    last = int(np.floor(max(end - doses.DAY - 22.0, *whole) / doses.DAY))
    valid = f"a day from 0 to {last}" if last >= 0 else "'last' or false"
    return (
        f"output.night = {day}: no 24 h from the dose of that day lie before the end of the"
        f" study at {end / doses.DAY:g} d; expected {valid}"
    )
