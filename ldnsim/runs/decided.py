"""What became of the runs of a block at their visits: decisions, readings, doses, who stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Codes, Flags, Floats, Ints

if TYPE_CHECKING:
    from ldnsim.runs.intake import Planned
    from ldnsim.runs.watch import Watch

LEDGER = (
    "planned_time", "given_time", "planned_dose", "given_dose", "status", "formulation", "phase",
    "step", "visit",
)  # fmt: skip
"""Columns of the ledger of runs that are looked at."""


class Stopped(IntEnum):
    """Why a patient takes nothing any more."""

    # stored in results: new ones go to the end
    NONE = 0
    ADVERSE = 1
    FUTILITY = 2
    RANDOM = 3
    RULE = 4


@dataclass
class Decided:
    """What became of some runs at their visits.

    Attributes:
        decision: `ldnsim.regimen.guided.Decision` codes, (runs, looks).
        rule: the rule that acted, from 1; 0 where none did, (runs, looks).
        dose: of one intake from the look on, mg; NaN where no rule decides, (runs, looks).
        readings: (runs, readings kept, looks).
        daily: mg planned in each calendar day, (runs, days).
        stopped_at: h, NaN for who has not, (runs,).
        stopped_for: `Stopped` codes, (runs,).
        given: whether any drug was taken, (runs,).
        keeps: whether every dose is kept.
        parts: of the ledger: whose each dose is, and its columns.
    """

    decision: Codes
    rule: NDArray[np.int16]
    dose: Floats
    readings: Floats
    daily: Floats
    stopped_at: Floats
    stopped_for: Codes
    given: Flags
    keeps: bool
    parts: list[tuple[Ints, Floats]] = field(default_factory=list)

    @staticmethod
    def of(runs: int, watch: Watch, days: int, keeps: bool) -> Decided:
        """Return room for runs of which nothing is decided."""
        looks = len(watch)
        return Decided(
            np.zeros((runs, looks), np.int8),
            np.zeros((runs, looks), np.int16),
            np.full((runs, looks), np.nan),
            np.full((runs, len(watch.kept), looks), np.nan),
            np.zeros((runs, days)),
            np.full(runs, np.nan),
            np.zeros(runs, np.int8),
            np.zeros(runs, bool),
            keeps,
        )

    def note(self, planned: Planned, time: Floats, mg: Floats, status: Codes, visit: int) -> None:
        """Keep doses as they were planned and taken.

        Args:
            planned: doses of some runs.
            time: when they are taken, h, (runs, doses).
            mg: how much, (runs, doses).
            status: codes of `ldnsim.regimen.DoseStatus`, (runs, doses).
            visit: the look that they follow from; -1 before the first.
        """
        row = np.repeat(planned.rows, len(planned.time))
        day = np.tile((planned.time // 24.0).astype(np.int64), len(planned.rows))
        inside = day < self.daily.shape[1]
        np.add.at(self.daily, (row[inside], day[inside]), planned.mg.ravel()[inside])
        self.given[planned.rows] |= (mg > 0.0).any(axis=1)
        if not self.keeps:
            return
        columns = (
            planned.time, time, planned.mg, mg, status, planned.slow, planned.phase, planned.step,
            np.float64(visit),
        )  # fmt: skip
        whole = [np.broadcast_to(np.asarray(c, np.float64), mg.shape).ravel() for c in columns]
        self.parts.append((row, np.stack(whole)))

    def ledger(self, width: int) -> Floats:
        """Return the doses of every run in time order, (runs, columns, width); NaN where none is.

        Raises:
            ValueError: a run has more doses than there is room for.
        """
        found = np.full((len(self.stopped_at), len(LEDGER), width), np.nan)
        if not self.parts:
            return found
        row = np.concatenate([r for r, _ in self.parts])
        values = np.concatenate([v for _, v in self.parts], axis=1)
        order = np.lexsort((values[0], row))
        row, values = row[order], values[:, order]
        place = np.arange(len(row)) - np.searchsorted(row, row)
        if place.max() >= width:
            raise ValueError(f"a run has {int(place.max()) + 1} doses, and room for {width}")
        found[row, :, place] = values.T
        return found

    def of_runs(self, rows: Ints) -> Decided:
        """Return what became of some of the runs, in this order."""
        names = [f.name for f in fields(Decided) if f.name not in ("keeps", "parts")]
        arrays: dict[str, Any] = {n: getattr(self, n)[rows] for n in names}
        place = np.full(len(self.stopped_at), -1)
        place[rows] = np.arange(len(rows))
        found = Decided(**arrays, keeps=self.keeps)
        for row, values in self.parts:
            own = place[row] >= 0
            found.parts.append((place[row[own]], values[:, own]))
        return found

    @staticmethod
    def join(parts: Sequence[Decided]) -> Decided | None:
        """Return what became of runs of several parts, one after the other; None of no part."""
        if not parts:
            return None
        names = [f.name for f in fields(Decided) if f.name not in ("keeps", "parts")]
        arrays: dict[str, Any] = {n: np.concatenate([getattr(p, n) for p in parts]) for n in names}
        made = Decided(**arrays, keeps=parts[0].keeps)
        before = 0
        for part in parts:
            made.parts += [(row + before, values) for row, values in part.parts]
            before += len(part.stopped_at)
        return made

    def put(self, rows: Ints, other: Decided) -> None:
        """Take what became of some runs from elsewhere.

        Args:
            rows: which runs.
            other: what became of them, in this order.
        """
        for name in (f.name for f in fields(Decided) if f.name not in ("keeps", "parts")):
            getattr(self, name)[rows] = getattr(other, name)
        kept = []
        for row, values in self.parts:
            stays = ~np.isin(row, rows)
            kept.append((row[stays], values[:, stays]))
        self.parts = kept + [(rows[row], values) for row, values in other.parts]

    def blank(self, bad: Flags) -> None:
        """Take away what runs that failed had given."""
        self.decision[bad], self.rule[bad], self.stopped_for[bad] = 0, 0, 0
        for values in (self.dose, self.readings, self.stopped_at):
            values[bad] = np.nan
