"""The dose ledger: one row per planned dose, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np

from ldnsim.errors import kind
from ldnsim.regimen.adherence import Adherence
from ldnsim.regimen.doses import Codes, DoseTable, Floats, Ints
from ldnsim.regimen.habits import Before, numbers_of, taken
from ldnsim.units import whole_number


class DoseStatus(IntEnum):
    """What became of a planned dose; a dose both late and double is ``DOUBLED``."""

    GIVEN = 0
    LATE = 1
    MISSED = 2
    DOUBLED = 3


@dataclass(frozen=True, eq=False)
class Ledger:
    """Planned and taken doses; all arrays have one entry per planned dose.

    Attributes:
        planned_time_h: hours from midnight of day 0.
        given_time_h: when it was taken; NaN if missed.
        planned_mg: mg prescribed (0 for placebo).
        given_mg: mg taken; 0 if missed, twice the plan if doubled.
        status: `DoseStatus` codes.
        formulation: 0 immediate release, 1 slow release.
        phase: index of the phase.
        step: position on the phase's ladder.
    """

    planned_time_h: Floats
    given_time_h: Floats
    planned_mg: Floats
    given_mg: Floats
    status: Codes
    formulation: Codes
    phase: Ints
    step: Ints

    def __len__(self) -> int:
        """Return the number of planned doses."""
        return len(self.planned_time_h)

    @property
    def status_names(self) -> list[str]:
        """Status of each row as text: given, late, missed, doubled."""
        return [DoseStatus(code).name.lower() for code in self.status]

    def taken(self) -> DoseTable:
        """Return the doses that were taken, at the time they were taken."""
        kept = self.status != DoseStatus.MISSED
        return DoseTable(
            self.given_time_h[kept],
            self.given_mg[kept],
            self.formulation[kept],
            self.phase[kept],
            self.step[kept],
        )

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each status."""
        return {s.name.lower(): int((self.status == s).sum()) for s in DoseStatus}

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with the status as text (pandas must be installed)."""
        import pandas as pd  # type: ignore[import-untyped,unused-ignore]

        columns: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        return pd.DataFrame({**columns, "status": self.status_names})


def make_ledger(
    doses: DoseTable, end_h: float, adherence: Adherence | None = None, subject: int = 0
) -> Ledger:
    """Return the ledger of a dose table.

    Args:
        doses: planned doses in time order.
        end_h: end of the regimen; a late dose comes before it.
        adherence: habits, or None if every dose is taken as planned.
        subject: number of the virtual patient, from 0.

    Raises:
        UserError: a subject or an adherence model that is none.
    """
    whole_number(subject, key="subject", least=0)
    if adherence is not None:
        kind(adherence, Adherence, "ldnsim.regimen.Adherence(p_missed=0.1)", "adherence")
    n = len(doses)
    missed, double = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    given = doses.time_h.copy()
    if adherence is not None and n:
        draws = adherence.draws(subject, *slots(doses.time_h))
        planned = np.rint(doses.time_h * 60).astype(np.int64)
        following = np.r_[planned[1:], round(end_h * 60)]
        (missed,), (double,), (given,) = taken(
            doses.time_h, following, doses.phase, draws[None], numbers_of(adherence),
            Before.none(1),
        )  # fmt: skip
    status = np.full(n, DoseStatus.GIVEN, np.int8)
    status[given > doses.time_h] = DoseStatus.LATE
    status[double], status[missed] = DoseStatus.DOUBLED, DoseStatus.MISSED
    return Ledger(
        planned_time_h=doses.time_h,
        given_time_h=np.where(missed, np.nan, given),
        planned_mg=doses.amount_mg,
        given_mg=np.where(missed, 0.0, doses.amount_mg * np.where(double, 2.0, 1.0)),
        status=status,
        formulation=doses.formulation,
        phase=doses.phase,
        step=doses.step,
    )


def slots(time_h: Floats) -> tuple[Ints, Ints]:
    """Return the calendar day of each dose and its rank among that day's doses."""
    day = (time_h // 24).astype(np.int64)
    first = np.searchsorted(day, day, side="left")
    return day, np.arange(len(day)) - first
