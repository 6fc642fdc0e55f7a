"""What a visitor is given: what there is to know of some runs, and events of many in one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.own_function import Function
from ldnsim.edition import Edition
from ldnsim.regimen import Adherence
from ldnsim.runs.intake import Ordered
from ldnsim.runs.watch import Watch


@dataclass(frozen=True)
class Visiting:
    """What a visitor has to know of some runs.

    Attributes:
        edition: the model.
        watch: when to look.
        end: horizon, h.
        ordered: regimens of the runs, each once.
        which: of them each run has, (runs,).
        habits: how doses are taken, of each run.
        subject: whose draws of habits these are, (runs,).
        who: whose draws of diary and stopping, (runs,).
        pain: untreated, (runs,).
        taking: adjuncts of the watch that are taken from the start on, (runs, adjuncts).
        functions: that decide, by the name that regimens give them.
        ledger: whether every dose is kept.
    """

    edition: Edition
    watch: Watch
    end: float
    ordered: tuple[Ordered, ...]
    which: Ints
    habits: tuple[Adherence | None, ...]
    subject: Ints
    who: Ints
    pain: Floats
    taking: Flags
    functions: Mapping[str, Function]
    ledger: bool

    def of(self, rows: Ints) -> Visiting:
        """Return what there is to know of some of the runs, in this order."""
        return replace(
            self, which=self.which[rows], habits=tuple(self.habits[i] for i in rows.tolist()),
            subject=self.subject[rows], who=self.who[rows], pain=self.pain[rows],
            taking=self.taking[rows],
        )  # fmt: skip


class Happens(Protocol):
    """Events of one run (:class:`ldnsim.runs.task.Events`)."""

    @property
    def time(self) -> Floats:
        """Hours, ascending."""

    @property
    def target(self) -> Ints:
        """State, or number of states plus parameter."""

    @property
    def value(self) -> Floats:
        """Amount, or new value."""


@dataclass(frozen=True)
class Flat:
    """Events of many runs in one list, sorted by run and time.

    Attributes:
        row: whose each is.
        time: h.
        target: state, or number of states plus parameter.
        value: amount, or new value.
    """

    row: Ints
    time: Floats
    target: Ints
    value: Floats

    def where(self, mask: Flags) -> Flat:
        """Return some of the events."""
        return Flat(self.row[mask], self.time[mask], self.target[mask], self.value[mask])

    @staticmethod
    def join(parts: list[Flat]) -> Flat:
        """Return all events, those of earlier parts first where they are at the same time."""
        row = np.concatenate([p.row for p in parts])
        time = np.concatenate([p.time for p in parts])
        order = np.lexsort((time, row))
        return Flat(
            row[order], time[order],
            np.concatenate([p.target for p in parts])[order],
            np.concatenate([p.value for p in parts])[order],
        )  # fmt: skip

    @staticmethod
    def of(events: Sequence[Happens]) -> Flat:
        """Return the events of runs, one record for each run."""
        if not events:
            return Flat.none()
        row = np.repeat(np.arange(len(events)), [len(e.time) for e in events])
        parts = [[getattr(e, n) for e in events] for n in ("time", "target", "value")]
        time, target, value = (np.concatenate(p) for p in parts)
        return Flat(row, time, target.astype(np.int64), value)

    @staticmethod
    def none() -> Flat:
        """Return that nothing happens."""
        nothing = np.empty(0, np.int64)
        return Flat(nothing, np.empty(0), nothing, np.empty(0))
