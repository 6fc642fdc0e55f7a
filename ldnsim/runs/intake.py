"""What runs take between two looks: doses as prescribed by then, and what habits make of them.

Doses of a fixed phase are those of its schedule. In a phase with rules they follow from where each
run is on its course: runs whose doses come at the same times are laid out together, and only how
large they are differs. Habits (missed, late, doubled doses) are those of
:func:`ldnsim.regimen.make_ledger`, drawn with the same keys, for many runs at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.regimen import Adherence, DoseStatus, Recorded, Regimen
from ldnsim.regimen.doses import SR, DoseTable
from ldnsim.regimen.formats import minutes
from ldnsim.regimen.guided import Course, Guide
from ldnsim.regimen.habits import Before, numbers_of, taken
from ldnsim.regimen.ledger import slots

DAY = 24 * 60


@dataclass(frozen=True)
class Ordered:
    """A regimen with its doses laid out, as they are where nobody looks.

    Attributes:
        regimen: the regimen.
        table: its doses.
        end: h.
    """

    regimen: Regimen | Recorded
    table: DoseTable
    end: float


@dataclass(frozen=True)
class Planned:
    """Doses that some runs are to take at the same times.

    Attributes:
        rows: the runs, places in their block, (runs,).
        time: h, (doses,).
        following: minutes of the dose after each, or the end of the regimen, (doses,).
        mg: (runs, doses).
        slow: whether it is the slow-release capsule, (doses,).
        phase: of the regimen, (doses,).
        step: position on the ladder; of a phase with rules how often the dose had changed, or
            (runs, doses).
        slot: which of the doses of its day each is, (doses,).
    """

    rows: Ints
    time: Floats
    following: Ints
    mg: Floats
    slow: Flags
    phase: Ints
    step: Ints
    slot: Ints


@dataclass
class Group:
    """Runs of a block that share their schedule and the amounts on it.

    Attributes:
        rows: places in the block, (runs,).
        regimen: theirs.
        table: the doses planned where nobody looks; amounts as given.
        end: of the regimen, h.
        courses: where the runs are in each guided phase, by its number.
        changes: how often each run's dose has changed, (runs,).
        anchor: minutes from which each run's doses are laid out anew, (runs,).
        stopped: whether each run takes nothing any more, (runs,).
    """

    rows: Ints
    regimen: Regimen | Recorded
    table: DoseTable
    end: float
    courses: dict[int, Course] = field(default_factory=dict)
    changes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    anchor: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    stopped: Flags = field(default_factory=lambda: np.empty(0, bool))

    def __post_init__(self) -> None:
        """Put every run at the beginning of each guided phase."""
        self.changes = np.zeros(len(self.rows), np.int64)
        self.anchor = np.zeros(len(self.rows), np.int64)
        self.stopped = np.zeros(len(self.rows), bool)
        for k in self.guides:
            self.courses[k] = Course.of(self.regimen.phases[k], len(self.rows), self.edges[k])  # type: ignore[union-attr]

    @cached_property
    def guides(self) -> dict[int, Guide]:
        """Rules by the number of their phase."""
        if isinstance(self.regimen, Recorded):
            return {}
        return {k: Guide(p) for k, p in enumerate(self.regimen.phases) if p.is_guided}

    @cached_property
    def numbered(self) -> dict[int, int]:
        """How many rules stand before those of each guided phase: they are counted through."""
        found, before = {}, 0
        for k, guide in self.guides.items():
            found[k] = before
            before += len(guide.told)
        return found

    @cached_property
    def edges(self) -> list[float]:
        """Begin of every phase, and the end of the last (h)."""
        if isinstance(self.regimen, Recorded):
            last = float(self.table.time_h[-1]) if len(self.table) else 0.0
            return [0.0, max(self.end, last + 1.0)]  # one phase with all doses of the table
        ends = np.cumsum([0, *(p.length or 0 for p in self.regimen.phases)]) / 60.0
        return [float(e) for e in ends]

    def phase_at(self, time: float) -> int | None:
        """Return the guided phase in which a look lies; None in a fixed one."""
        for k in self.guides:
            if self.edges[k] < time < self.edges[k + 1]:
                return k
        return None

    def planned(self, start: float, stop: float) -> Iterator[Planned]:
        """Yield the doses planned from ``start`` to before ``stop`` (h), phase after phase."""
        first, last = minutes(start), minutes(stop)
        for k, (begin, end) in enumerate(itertools.pairwise(map(minutes, self.edges))):
            a, b = max(first, begin), min(last, end)
            if a < b:
                yield from self._guided(k, a, b) if k in self.guides else self._fixed(k, a, b)

    @cached_property
    def _slots(self) -> Ints:
        return slots(self.table.time_h)[1]

    def _fixed(self, k: int, first: int, last: int) -> Iterator[Planned]:
        """Yield doses of a phase without rules."""
        table, rows = self.table, np.flatnonzero(~self.stopped)
        time = np.rint(table.time_h * 60).astype(np.int64)
        own = np.full(len(table), True) if isinstance(self.regimen, Recorded) else table.phase == k
        inside = (time >= first) & (time < last) & own
        at = np.flatnonzero(inside)
        if len(at) and len(rows):
            after = np.append(time[1:], minutes(self.end))
            mg = np.broadcast_to(table.amount_mg[at], (len(rows), len(at)))
            yield Planned(
                self.rows[rows], table.time_h[at], after[at], mg, table.formulation[at] == SR,
                table.phase[at], table.step[at], self._slots[at],
            )  # fmt: skip

    def _guided(self, k: int, first: int, last: int) -> Iterator[Planned]:
        """Yield doses of a guided phase, runs with the same times together."""
        phase, course = self.regimen.phases[k], self.courses[k]  # type: ignore[union-attr]
        begin = minutes(self.edges[k])
        anchor = np.maximum(self.anchor, begin)
        kinds, which = np.unique(
            np.stack([course.every, course.at, anchor]), axis=1, return_inverse=True
        )
        for j, (every, at, since) in enumerate(kinds.T.tolist()):
            own = np.flatnonzero((which.reshape(-1) == j) & ~self.stopped)
            # from a change on at the times of the new interval; a phase begins at its clock time
            first_of = DAY if since == begin else min(every, DAY)
            time = np.arange(since + (at - since) % first_of, last + DAY * 7 + every, every)
            if phase.days is not None:
                start_day = self.regimen.start_day  # type: ignore[union-attr]
                time = time[np.isin((time // DAY + start_day) % 7, phase.days)]
            inside = np.flatnonzero((time >= first) & (time < last))
            if not len(own) or not len(inside):
                continue
            n = len(inside)
            after = np.minimum(time[inside + 1], max(minutes(self.end), last))
            yield Planned(
                self.rows[own], time[inside] / 60.0, after,
                np.repeat(course.mg[own][:, None], n, axis=1),
                np.full(n, phase.formulation == "SR"), np.full(n, k),
                np.repeat(self.changes[own][:, None], n, axis=1),
                slots(time / 60.0)[1][inside],
            )  # fmt: skip


@dataclass
class Habits:
    """How the runs of a block take their doses.

    Attributes:
        of: adherence of each run; None for all doses, in time.
        subject: whose draws they are, (runs,).
        days: of the horizon.
        last: the last planned dose of each run; replaced as doses are asked about.
    """

    of: list[Adherence | None]
    subject: Ints
    days: int
    last: Before = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no dose planned yet."""
        self.last = Before.none(len(self.of))

    @cached_property
    def any(self) -> bool:
        """Whether any run departs from its plan."""
        return any(a is not None for a in self.of)

    @cached_property
    def _numbers(self) -> dict[str, Floats]:
        each = [numbers_of(a or Adherence()) for a in self.of]
        return {name: np.array([own[name] for own in each]) for name in each[0]}

    @cached_property
    def _draws(self) -> dict[int, Floats]:
        return {}

    def _drawn(self, slot: int) -> Floats:
        """Return the draws of all runs for one slot of every day, (runs, days, draws)."""
        if slot not in self._draws:
            day = np.arange(self.days + 8)
            none, at = np.ones((len(day), 4)), np.full(len(day), slot)
            memo: dict[tuple[int, int], Floats] = {}
            for a, who in zip(self.of, self.subject.tolist(), strict=True):
                if a is not None and (a.seed, who) not in memo:
                    memo[a.seed, who] = a.draws(who, day, at)
            self._draws[slot] = np.stack([
                none if a is None else memo[a.seed, who]
                for a, who in zip(self.of, self.subject.tolist(), strict=True)
            ])  # fmt: skip
        return self._draws[slot]

    def taken(self, planned: Planned, burden: Floats) -> tuple[Floats, Floats, NDArray[np.int8]]:
        """Return when doses are taken (h, NaN if missed), how much (mg), and their status.

        Args:
            planned: doses of some runs, after those asked about before.
            burden: adverse burden last read, of every run of the block, (runs,).
        """
        rows = planned.rows
        time = np.repeat(planned.time[None, :], len(rows), axis=0)
        status = np.full(time.shape, DoseStatus.GIVEN, np.int8)
        if not self.any:
            return time, planned.mg.copy(), status
        draws = np.stack([
            self._drawn(int(s))[rows, int(t // 24)]
            for t, s in zip(planned.time, planned.slot, strict=True)
        ], axis=1)  # fmt: skip
        own = {k: v[rows][:, None] for k, v in self._numbers.items()}
        before = Before(self.last.missed[rows], self.last.phase[rows])
        missed, double, given = taken(
            planned.time, planned.following, planned.phase, draws, own, before,
            np.nan_to_num(burden[rows])[:, None],
        )  # fmt: skip
        status[given > time] = DoseStatus.LATE
        status[double], status[missed] = DoseStatus.DOUBLED, DoseStatus.MISSED
        self.last.missed[rows], self.last.phase[rows] = missed[:, -1], planned.phase[-1]
        mg = np.where(missed, 0.0, planned.mg * np.where(double, 2.0, 1.0))
        return np.where(missed, np.nan, given), mg, status
