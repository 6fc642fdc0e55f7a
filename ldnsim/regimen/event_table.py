"""Event tables: doses and observations as CSV in the convention of population-PK programs.

One row is one dose record: ID, TIME (h), AMT (mg), EVID, CMT (1 immediate release, 2 slow
release), and optionally ADDL further doses at intervals of II hours, or SS=1 for a drug at steady
state. What a row asks for and this simulator cannot do is refused by row and column.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ldnsim.errors import UserError, path_text, short
from ldnsim.regimen import event_file
from ldnsim.regimen.doses import MAX_DOSES, DoseTable, Planned
from ldnsim.regimen.event_checks import check_header, check_ids, check_order, check_size
from ldnsim.regimen.event_observations import COLUMNS as OBSERVED
from ldnsim.regimen.event_observations import Measured, named, read_observation, split_header
from ldnsim.regimen.event_rows import COLUMNS, Record, Row, Run, compress
from ldnsim.regimen.formats import whole_minutes
from ldnsim.units import LONGEST_TIME

MAX_ROWS = 200_000
"""Rows of the longest table: a dose a day of 500 subjects for a year."""
_DAY = 24 * 60
_IDLE = ("0", "0", "0", "0", "0", "0", "1", "0")  # after the ID: a row without dose


@dataclass(frozen=True)
class EventTable:
    """The doses of a file, checked and not yet expanded, and what was measured under them.

    Attributes:
        file: name of the file; empty for text.
        sha256: of the bytes of the file.
        ids: subjects in the order of the file, also those without doses.
        records: rows with doses, in the order of the file.
        measured: rows with observations, in the order of the file.
    """

    file: str
    sha256: str
    ids: tuple[str, ...]
    records: tuple[Record, ...]
    measured: tuple[Measured, ...] = ()

    @classmethod
    def read(
        cls, path: str | PathLike[str], *, ignore: Sequence[str] = (), name: str = ""
    ) -> EventTable:
        """Read a file.

        Args:
            path: CSV file with a header row; column names in any case; ``.`` or blank is "not
                given".
            ignore: further columns to skip, such as covariates.
            name: what the file is called in results; its path when empty.

        Raises:
            UserError: with the row (the header is row 1) and column that is wrong or unsupported.
        """
        path = path_text(path, "path")
        data, where = event_file.read_bytes(Path(path)), event_file.called(Path(path))
        table = cls.parse(event_file.decode(data, where), ignore=ignore, where=where)
        digest = hashlib.sha256(data).hexdigest()
        return replace(table, file=name or str(path), sha256=digest)

    @classmethod
    def parse(
        cls, text: str, *, ignore: Sequence[str] = (), where: str = "event table"
    ) -> EventTable:
        """Read the text of a file; errors begin with ``where``.

        Raises:
            UserError: as :meth:`read`.
        """
        rows = event_file.cells(text, where)
        if len(rows) > MAX_ROWS:
            raise UserError(
                f"{where} has {len(rows):,} rows, more than {MAX_ROWS:,}; write doses at equal"
                " intervals in one row, with ADDL and II"
            )
        header, unit = split_header(rows[0])
        ignored = {name.strip().upper() for name in ignore}
        check_header(header, ignored, where)
        ids: dict[str, int] = {}
        records: list[Record] = []
        measured: list[Measured] = []
        for number, cells in enumerate(rows[1:], start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                many = "more" if len(cells) > len(header) else "fewer"
                raise UserError(
                    f"{where}, row {number}: {many} cells ({len(cells)}) than the header has"
                    f" ({len(header)})"
                )
            row = Row(where, number, dict(zip(header, cells, strict=True)))
            ids.setdefault(row.subject(), number)
            if (record := row.record()) is not None:
                records.append(record)
            kept = Row(where, number, {c: v for c, v in row.cells.items() if c not in ignored})
            if (seen := read_observation(kept, record is not None, unit)) is not None:
                measured.append(seen)
        check_ids(ids, where)
        check_order(records, where)
        check_size(records, where)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls("", digest, tuple(ids), tuple(records), tuple(measured))

    @classmethod
    def of(cls, doses: DoseTable) -> EventTable:
        """Return doses made in Python as a table of the subject ``1``.

        Raises:
            UserError: no doses, times that are not whole minutes, and what :meth:`read` refuses.
        """
        if not len(doses):
            raise UserError("the dose table has no doses; for a placebo give it doses of 0 mg")
        return cls.parse(_text(("1", *run.cells()) for run in compress(doses)))

    def observing(self, observe: Mapping[str, str], unit: str = "") -> EventTable:
        """Return the table with names and a unit of its observations from beside the file.

        Raises:
            UserError: see :func:`ldnsim.regimen.event_observations.named`.
        """
        return replace(self, measured=named(self.measured, observe, unit, self.called))

    def __hash__(self) -> int:
        """Hash the bytes of the file, which tables with many rows keep at hand."""
        return hash((self.sha256, self.ids))

    @property
    def called(self) -> str:
        """What errors call the table."""
        return f"event table '{self.file}'" if self.file else "event table"

    @property
    def steady(self) -> bool:
        """Whether a row asks for steady state."""
        return any(r.run.steady for r in self.records)

    @cached_property
    def runs(self) -> dict[str, tuple[Run, ...]]:
        """Doses of each subject."""
        found: dict[str, list[Run]] = {subject: [] for subject in self.ids}
        for r in self.records:
            found[r.subject].append(r.run)
        return {subject: tuple(runs) for subject, runs in found.items()}

    def csv(self) -> str:
        """Return the table as text, which reads back as the same doses of the same subjects."""
        blank = (".",) * len(OBSERVED) if self.measured else ()
        rows = [(r.subject, *r.run.cells(), *blank) for r in self.records]
        idle_at = (*_IDLE[1:6], ".", "0")  # a compartment would name what is observed
        seen = [(m.subject, repr(m.time_h), *idle_at, *m.cells()) for m in self.measured]
        there = {cells[0] for cells in (*rows, *seen)}
        idle = [(i, *_IDLE, *blank) for i in self.ids if i not in there]
        first = {s: k for k, s in enumerate(self.ids)}
        # subjects keep their order: a stable sort leaves the rows of each as they are
        every = sorted([*rows, *seen, *idle], key=lambda cells: first[cells[0]])
        return _text(every, (*COLUMNS, *OBSERVED) if self.measured else COLUMNS)

    def origin(self, time_zero_h: float, lead_h: float | None) -> int:
        """Return where time 0 of the file lies, in minutes from midnight of the first day.

        Doses that stand for steady state come before TIME; if any of them would fall before time
        0, all subjects are moved later by the same whole number of days.

        Args:
            time_zero_h: time of day at TIME 0, hours after midnight.
            lead_h: hours of doses that stand for steady state; None without such doses.
        """
        offset = offset_minutes(time_zero_h)
        steady = (r.run for r in self.records if r.run.steady)
        starts = (run.first - _lead(run, lead_h) * run.every for run in steady)
        earliest = min((offset + start for start in starts), default=0)
        return offset + _DAY * max(0, math.ceil(-earliest / _DAY))

    def lead(self, lead_h: float | None) -> float | None:
        """Return the hours of doses that stand for steady state; None without such doses.

        A study works out what its own patients and model need, and gives it. Here, without a
        study, it is what the default patient of the model of the package needs.

        Args:
            lead_h: hours, where they are known.

        Raises:
            UserError: hours that are none.
        """
        from ldnsim.model import default_model
        from ldnsim.regimen.steady import default_lead_hours

        if not self.steady:
            return None
        check_lead(lead_h)
        return default_lead_hours(default_model()) if lead_h is None else lead_h

    def doses(self, subject: str, time_zero_h: float, lead_h: float | None = None) -> DoseTable:
        """Return the expanded doses of a subject, in time order.

        Args:
            subject: one of ``ids``.
            time_zero_h: time of day at TIME 0, hours after midnight.
            lead_h: hours of doses that stand for steady state, see :meth:`lead`.

        Raises:
            UserError: times that are none, or steady state would take more doses or time than there
                is room for.
        """
        lead_h = self.lead(lead_h)
        return _expand(self.runs[subject], self.origin(time_zero_h, lead_h), lead_h)


def read_csv(
    path: str | PathLike[str],
    *,
    ignore: Sequence[str] = (),
    time_zero_h: float = 0.0,
    ss_lead_h: float | None = None,
) -> dict[str, DoseTable]:
    """Read an event table; return the expanded doses of each ID, in the order of the file.

    Rows of EVID 0 give no dose. Times of doses are whole minutes.
    SS=1 becomes the doses at TIME - II, TIME - 2 II, ... that cover ``ss_lead_h``: the drug is then
    at steady state, while slower biology has had just that long. If any of them would fall before
    time 0, the tables of all IDs are moved later by the same whole number of days, which
    `DoseTable.origin_h` tells, so clock times and comparisons between IDs stay as they were.

    Args:
        path: CSV file with a header row; column names in any case; ``.`` or blank is "not given".
        ignore: further columns to skip, such as covariates.
        time_zero_h: time of day at TIME 0, hours after midnight.
        ss_lead_h: hours of doses that stand for steady state; when None, as many as the slowest
            rate of the drug in the model's default patient needs.

    Raises:
        UserError: with the row (the header is row 1) and column that is wrong or unsupported.
    """
    table = EventTable.read(path, ignore=ignore)
    return {s: table.doses(s, time_zero_h, ss_lead_h) for s in table.ids}


def write_csv(
    path: str | PathLike[str],
    tables: DoseTable | Planned | Mapping[str, DoseTable | Planned],
) -> None:
    """Write doses as an event table, runs of equal doses compressed into ADDL and II.

    Args:
        path: CSV file to write; what it held stays until the new table is whole.
        tables: one dose table, regimen or recorded doses (ID 1), or several by ID.

    Raises:
        UserError: times that are not whole minutes, a path that cannot be written or is
            not that of a CSV file, no tables, and IDs that would not read back as they are.
    """
    path = _csv_path(path)
    by_id = _by_id(tables if isinstance(tables, Mapping) else {"1": tables})
    rows: list[tuple[str, ...]] = []
    for subject, doses in by_id.items():
        runs = [(subject, *run.cells()) for run in compress(doses)]
        rows += runs or [(subject, *_IDLE)]
    _check_written(EventTable.parse(_text(rows), where="write_csv"), by_id)
    event_file.write(Path(path), _text(rows))


def _csv_path(path: object) -> str:
    text = path_text(path, "path")
    if not text.lower().endswith(".csv"):
        raise UserError(
            f"path = {short(text)}: an event table is a CSV file; write"
            f" {short(str(Path(text).with_suffix('.csv')))}"
        )
    return text


def _by_id(tables: Mapping[Any, Any]) -> dict[str, DoseTable]:
    """Return dose tables by ID as text; two keys that become one ID are refused."""
    found: dict[str, DoseTable] = {}
    for key, table in tables.items():
        if isinstance(key, bool) or not isinstance(key, str | Integral):
            raise UserError(f"ID {short(key)}: expected text or a whole number")
        if not isinstance(table, DoseTable | Planned):
            raise UserError(
                f"ID {short(key)}: {short(table)} is no dose table; give a DoseTable, a Regimen"
                " such as Regimen.parse('4.5 mg nightly'), or recorded doses"
            )
        if str(key) in found:
            raise UserError(f"ID {short(key)}: two tables have this ID; give each its own")
        found[str(key)] = table if isinstance(table, DoseTable) else table.doses()
    if not found:
        raise UserError("tables: there are none to write")
    return found


def _check_written(table: EventTable, wanted: Iterable[str]) -> None:
    """Refuse IDs that come back as others: with blanks around them, or other code points."""
    if lost := [subject for subject in wanted if subject not in table.ids]:
        raise UserError(
            f"ID {short(lost[0])}: it would not read back as it is; write it without blanks around"
            " it, its letters as one character each (Unicode NFC)"
        )


def _text(rows: Iterable[tuple[str, ...]], header: Sequence[str] = COLUMNS) -> str:
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    return file.getvalue()


def check_lead(lead_h: float | None) -> None:
    """Refuse hours of earlier doses that are none; None has them worked out.

    Raises:
        UserError: zero, below it, or not finite.
    """
    if lead_h is not None and not 0 < lead_h < math.inf:
        raise UserError(f"lead = '{lead_h:g} h': expected a time above 0, or leave it out")


def offset_minutes(time_zero_h: float) -> int:
    """Return the time of day at TIME 0 in minutes after midnight.

    Raises:
        UserError: no time of day, or one between two minutes.
    """
    found = whole_minutes(time_zero_h) if 0 <= time_zero_h < 24 else None
    if found is None:
        raise UserError(
            f"time_zero = {time_zero_h!r} h: expected a time of day in whole minutes, from 0 to"
            " below 24 h"
        )
    return found


def _lead(run: Run, lead_h: float | None) -> int:
    """Return how many earlier doses stand for steady state."""
    if not run.steady or lead_h is None:
        return 0
    if lead_h > LONGEST_TIME or lead_h * 60 / run.every > MAX_DOSES:
        raise UserError(
            f"SS = 1: steady state takes {lead_h:.4g} h of earlier doses, one every"
            f" {run.every / 60:g} h, more than {LONGEST_TIME:g} h or {MAX_DOSES:,} doses; set lead"
        )
    return math.ceil(lead_h * 60 / run.every)


def _expand(runs: Sequence[Run], origin: int, lead_h: float | None) -> DoseTable:
    ahead = np.array([_lead(run, lead_h) for run in runs], dtype=np.int64)
    count = ahead + np.array([run.count for run in runs], dtype=np.int64)
    every = np.array([run.every for run in runs], dtype=np.int64)
    first = np.array([run.first for run in runs], dtype=np.int64) - ahead * every
    # how many doses of its run came before each dose
    before = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    time = origin + np.repeat(first, count) + np.repeat(every, count) * before
    order = np.argsort(time, kind="stable")
    zeros = np.zeros(len(time), np.int64)
    amount = np.array([run.mg for run in runs], dtype=np.float64)
    slow = np.array([run.compartment - 1 for run in runs], dtype=np.int8)
    return DoseTable(
        time_h=time[order] / 60.0,
        amount_mg=np.repeat(amount, count)[order],
        formulation=np.repeat(slow, count)[order],
        phase=zeros,
        step=zeros.copy(),
        origin_h=origin / 60.0,
    )
