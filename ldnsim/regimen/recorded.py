"""Recorded doses as a regimen: what one subject of an event table took, and when.

It offers what a prescription does (doses, length, ledger, text), so that whatever runs the one
runs the other. It has no phases and no fields to vary: the doses are what was taken.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any, NoReturn

from ldnsim.errors import UserError, listed, short
from ldnsim.regimen.adherence import Adherence
from ldnsim.regimen.doses import DoseTable, Rung
from ldnsim.regimen.event_observations import Measured
from ldnsim.regimen.event_rows import compress, number_or_none
from ldnsim.regimen.event_table import EventTable, check_lead, offset_minutes
from ldnsim.regimen.formats import clock_text, dose_text, span_text
from ldnsim.regimen.ledger import Ledger, make_ledger
from ldnsim.units import LONGEST_TIME

TAIL_H = 24.0
"""How long recorded doses go on after the last of them at least, where no duration is given."""


@dataclass(frozen=True)
class Recorded:
    """The doses of one subject of an event table.

    Two are equal when the table, the subject and the times are: the label says nothing of what
    is taken.

    Attributes:
        table: the event table.
        id: the subject, as the table writes it.
        time_zero_h: time of day at TIME 0, hours after midnight.
        length_h: length from midnight of the day of TIME 0 (h); when None until 24 h after the
            last dose, or the last observation if that is later.
        lead_h: hours of doses that stand for steady state (SS = 1); what the patient's slowest
            drug rate needs when None.
        name: short label for legends.
        description: what it is and where it comes from.
    """

    table: EventTable
    id: str
    time_zero_h: float = 0.0
    length_h: float | None = None
    lead_h: float | None = None
    name: str = field(default="", compare=False)
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Check the subject and the length.

        Raises:
            UserError: no such ID in the table, times that are none, a length that would cut doses
                off, or a lead where nothing is at steady state.
        """
        offset_minutes(self.time_zero_h)
        if self.lead_h is not None and not self.table.steady:
            raise UserError(
                f"lead = '{self.lead_h:g} h' does nothing: {self.table.called} has no row with"
                " SS = 1; remove lead"
            )
        check_lead(self.lead_h)
        if self.length_h is not None and not 0 < self.length_h <= LONGEST_TIME:
            raise UserError(
                f"duration = '{self.length_h:g} h': expected a time above 0, of at most"
                f" {LONGEST_TIME:g} h"
            )
        if self.id not in self.table.ids:
            raise UserError(
                f"{self.table.called}: there is no ID {short(self.id)};"
                f" it has {listed(self.table.ids)}"
            )
        last = self._last / 60
        if self.length_h is not None and self.length_h < self._seen_last + self.time_zero_h:
            raise UserError(
                f"duration = '{self.length_h:g} h' ends before the last observation of ID"
                f" {self.id}, which is at TIME = {self._seen_last:g} h; make it longer, or remove"
                " that row"
            )
        if self.length_h is not None and self.length_h <= last + self.time_zero_h:
            raise UserError(
                f"duration = '{self.length_h:g} h' ends before the last dose of ID {self.id}, which"
                f" is at TIME = {last:g} h; make it longer, or remove the rows after it"
            )

    @property
    def lacks_lead(self) -> bool:
        """Whether a study has yet to say how many hours of doses stand for steady state."""
        return self.table.steady and self.lead_h is None

    @property
    def _last(self) -> int:
        """TIME of the last dose in minutes; -1 without doses."""
        return max((run.last for run in self.table.runs[self.id]), default=-1)

    @property
    def _seen_last(self) -> float:
        """TIME of the last observation (h); 0 without any."""
        return max((m.time_h for m in self.observations), default=0.0)

    @cached_property
    def observations(self) -> tuple[Measured, ...]:
        """What was measured of the subject, by time and then by what it is."""
        own = (m for m in self.table.measured if m.subject == self.id)
        return tuple(sorted(own, key=lambda m: (m.time_h, m.what)))

    @property
    def recorded(self) -> int:
        """Number of doses in the table, without those that stand for steady state."""
        return sum(run.count for run in self.table.runs[self.id])

    def doses(self) -> DoseTable:
        """Return every dose in time order (kept; read-only arrays)."""
        return self._doses

    @cached_property
    def _doses(self) -> DoseTable:
        return self.table.doses(self.id, self.time_zero_h, self.lead_h)

    @property
    def duration_h(self) -> float:
        """Hours from midnight of the first day to the end."""
        origin = self.table.origin(self.time_zero_h, self.table.lead(self.lead_h))
        if self.length_h is not None:
            return origin / 60 - self.time_zero_h + self.length_h
        dosed = TAIL_H + (origin + self._last if self._last >= 0 else 0) / 60
        seen = origin / 60 + self._seen_last if self.observations else 0.0
        return max(dosed, float(math.ceil(seen)))

    @property
    def reaches_target(self) -> bool:
        """True: recorded doses have no ladder that could be too short for its target."""
        return True

    def rungs(self) -> tuple[Rung, ...]:
        """Return the stretches of equal doses at equal intervals."""
        runs = list(compress(self.doses()))
        ends = [*(run.first / 60 for run in runs[1:]), self.duration_h]
        return tuple(
            Rung(0, k, run.first / 60, end, run.mg)
            for k, (run, end) in enumerate(zip(runs, ends, strict=True) if runs else ())
        )

    def ledger(self, adherence: Adherence | None = None, subject: int = 0) -> Ledger:
        """Return the doses, all of them given.

        Raises:
            UserError: with an adherence model by which doses are missed or late.
        """
        if adherence is not None and (adherence.p_missed or adherence.p_late):
            raise UserError(
                f"adherence: {self} are what was taken, at the times it was taken; remove the"
                " adherence model, or apply it to a prescription"
            )
        return make_ledger(self.doses(), self.duration_h, None, subject)

    def with_field(self, path: str, value: Any) -> NoReturn:
        """Refuse; see :meth:`with_fields`."""
        self.with_fields({path: value})

    def with_fields(self, values: Mapping[str, Any]) -> NoReturn:
        """Refuse: recorded doses have no fields to vary.

        Raises:
            UserError: always, with the remedy.
        """
        raise UserError(
            f"regimen field {next(iter(values), '')!r}: {self} have none; vary a prescription, or"
            " list several event tables in [[regimens]]"
        )

    def __str__(self) -> str:
        """Return what the doses are, as text; a prescription cannot say them."""
        of = f" of {self.table.file}" if self.table.file else ""
        return f"recorded doses{of}, ID {self.id}"

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{r.start_h / 24:.4g}</td><td>{clock_text(r.start_h % 24)}</td>"
            f"<td>{dose_text(r.amount_mg)}</td></tr>"
            for r in self.rungs()
        ]
        more = f"<tr><td colspan='3'>and {len(rows) - 12} more</td></tr>" if len(rows) > 12 else ""
        head = "<tr><th>from day</th><th>at</th><th>dose</th></tr>"
        return (
            f"<b>{escape(self.name or 'Recorded doses')}</b><br>{escape(str(self))},"
            f" {span_text(self.duration_h)}<table><thead>{head}</thead>"
            f"<tbody>{''.join(rows[:12])}{more}</tbody></table>"
        )


@dataclass(frozen=True)
class Recordings:
    """Several subjects of one event table, to be run along a dimension ``id``.

    Attributes:
        members: each subject, in order.
    """

    members: tuple[Recorded, ...]

    @property
    def name(self) -> str:
        """Label of the whole."""
        return self.members[0].name

    @property
    def ids(self) -> tuple[str, ...]:
        """Subjects in order."""
        return tuple(r.id for r in self.members)


def choose_id(table: EventTable, wanted: str | int | None) -> str:
    """Return the subject meant, as the table writes it; the only one where none is named.

    Raises:
        UserError: no subject, several and none named, or no such one.
    """
    file = table.called
    if not table.ids:
        raise UserError(f"{file} has a header and no rows")
    if wanted is None:
        if len(table.ids) == 1:
            return table.ids[0]
        raise UserError(
            f"{file} has {len(table.ids)} IDs ({listed(table.ids)}): choose one in a study, such as"
            f' regimen = {{events = "{table.file or "doses.csv"}", id = "{table.ids[0]}"}}, or run'
            ' each along a dimension with ids = "all"'
        )
    text = unicodedata.normalize("NFC", str(wanted).strip())
    # a table writes one number one way, so that 1, "1" and "01" are the same subject
    number = number_or_none(text)
    same = (i for i in table.ids if number is not None and number_or_none(i) == number)
    return text if text in table.ids else next(same, text)
