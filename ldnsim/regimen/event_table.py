"""Event tables: doses as CSV in the convention of population-PK programs.

One row is one dose record: ID, TIME (h), AMT (mg), EVID, CMT (1 immediate release, 2 slow
release), and optionally ADDL further doses at intervals of II hours, or SS=1 for a drug at steady
state. What a row asks for and this simulator cannot do is refused by row and column.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from ldnsim.errors import UserError, unknown
from ldnsim.regimen.doses import MAX_DOSES, DoseTable
from ldnsim.regimen.event_rows import COLUMNS, Run, compress
from ldnsim.regimen.regimen import Regimen

IGNORED = ("DV", "MDV")
# ten of the slowest drug half-lives (96 h): what earlier doses would add is below 0.1 %
SS_LEAD_H = 960.0
_DAY = 24 * 60
_UNSUPPORTED = {
    "RATE": "infusions are not supported; a capsule is a bolus into the gut (RATE = 0)",
    "SS": "only SS = 1 (steady state, replacing earlier doses) is supported",
    "EVID": "only 0 (no dose) and 1 (dose) are supported; resets and other events are not",
    "CMT": "only 1 (immediate release) and 2 (slow release) exist",
}


@dataclass(frozen=True, slots=True)
class _Record:
    """One dose row: times in minutes."""

    row: int
    subject: str
    time: int
    mg: float
    every: int
    more: int
    steady: bool
    compartment: int


def read_csv(
    path: str | PathLike[str],
    *,
    ignore: Sequence[str] = (),
    time_zero_h: float = 0.0,
    ss_lead_h: float = SS_LEAD_H,
) -> dict[str, DoseTable]:
    """Read an event table; return the expanded doses of each ID, in the order of the file.

    Rows of EVID 0 are skipped, as are the columns DV and MDV. Times are rounded to whole minutes.
    SS=1 becomes the doses at TIME - II, TIME - 2 II, ... that cover ``ss_lead_h``: the drug is then
    at steady state, while slower biology has had just that long. If any of them would fall before
    time 0, the tables of all IDs are moved later by the same whole number of days, which
    `DoseTable.origin_h` tells, so clock times and comparisons between IDs stay as they were.

    Args:
        path: CSV file with a header row; column names in any case; ``.`` or blank is "not given".
        ignore: further columns to skip, such as covariates.
        time_zero_h: time of day at TIME 0, hours after midnight.
        ss_lead_h: hours of doses that stand for steady state; as shipped ten half-lives of 96 h.

    Raises:
        UserError: with the row (the header is row 1) and column that is wrong or unsupported.
    """
    records = [r for r in _records(Path(path), ignore) if r is not None]
    _check_order(records, str(path))
    offset = round(time_zero_h * 60)
    earliest = min((offset + r.time - _lead(r, ss_lead_h) * r.every for r in records), default=0)
    origin = offset + _DAY * max(0, math.ceil(-earliest / _DAY))
    subjects = dict.fromkeys(r.subject for r in records)
    return {s: _table([r for r in records if r.subject == s], origin, ss_lead_h) for s in subjects}


def write_csv(
    path: str | PathLike[str], tables: DoseTable | Regimen | Mapping[str, DoseTable | Regimen]
) -> None:
    """Write doses as an event table, runs of equal doses compressed into ADDL and II.

    Args:
        path: CSV file to write.
        tables: one dose table or regimen (ID 1), or several by ID.
    """
    by_id = tables if isinstance(tables, Mapping) else {"1": tables}
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for subject, table in by_id.items():
            doses = table.doses() if isinstance(table, Regimen) else table
            for run in compress(doses):
                out.writerow((subject, *run.cells()))


def _records(path: Path, ignore: Sequence[str]) -> list[_Record | None]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"event table '{path}' cannot be read: {error}") from None
    rows = list(csv.reader(text.splitlines()))
    if not rows:
        raise UserError(f"event table '{path}' is empty; its header would be {','.join(COLUMNS)}")
    header = [name.strip().upper() for name in rows[0]]
    _check_header(header, {name.upper() for name in ignore}, path)
    found = []
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) > len(header):
            raise UserError(f"event table '{path}', row {number}: more cells than the header has")
        if any(cell.strip() for cell in cells):
            found.append(_Row(path, number, dict(zip(header, cells, strict=False))).record())
    return found


def _check_header(header: list[str], ignore: set[str], path: Path) -> None:
    known = {*COLUMNS, *IGNORED, *ignore}
    for name in header:
        if name not in known:
            raise UserError(
                f"{unknown(f'event table {str(path)!r}: column', name, COLUMNS)} "
                "(a column that plays no part can be named in ignore=...)"
            )
        if header.count(name) > 1:
            raise UserError(f"event table '{path}': column {name} is there twice")
    for name in ("TIME", "AMT"):
        if name not in header:
            raise UserError(f"event table '{path}': column {name} is missing")


class _Row:
    """One row of the file, with errors that name it."""

    def __init__(self, path: Path, number: int, cells: dict[str, str]) -> None:
        self.where = f"event table '{path}', row {number}"
        self.number, self.cells = number, cells

    def error(self, column: str, problem: str) -> UserError:
        return UserError(f"{self.where}: {column} = {self.cells.get(column, '')!r}: {problem}")

    def value(self, column: str, default: float = 0.0) -> float:
        text = self.cells.get(column, "").strip()
        if text in ("", "."):
            return default
        try:
            number = float(text)
        except ValueError:
            raise self.error(column, "expected a number") from None
        if not math.isfinite(number) or number < 0:
            raise self.error(column, "expected a number that is not negative")
        return number

    def whole(self, column: str, allowed: tuple[int, ...], default: int) -> int:
        number = self.value(column, default)
        if number not in allowed:
            raise self.error(column, _UNSUPPORTED[column])
        return int(number)

    def record(self) -> _Record | None:
        """Return the dose, or None for a row without one."""
        mg = self.value("AMT")
        if self.whole("EVID", (0, 1), 1 if mg else 0) == 0:
            if mg:
                raise self.error("AMT", "a row of EVID 0 has no dose")
            return None
        self.whole("RATE", (0,), 0)
        steady = self.whole("SS", (0, 1), 0) == 1
        more = self.value("ADDL")
        if more != int(more) or more > MAX_DOSES:
            raise self.error("ADDL", "expected a whole number of further doses, up to a million")
        every = round(self.value("II") * 60)
        if every == 0 and (more or steady):
            raise self.error("II", f"{'ADDL' if more else 'SS'} needs the interval II (h) above 0")
        if self.cells.get("TIME", "").strip() in ("", "."):
            raise self.error("TIME", "a dose needs its time (h)")
        time = round(self.value("TIME") * 60)
        subject = self.cells.get("ID", "1").strip() or "1"
        compartment = self.whole("CMT", (1, 2), 1)
        return _Record(self.number, subject, time, mg, every, int(more), steady, compartment)


def _check_order(records: Sequence[_Record], path: str) -> None:
    last: dict[str, _Record] = {}
    for record in records:
        before = last.get(record.subject)
        where = f"event table '{path}', row {record.row}"
        if before is not None and record.steady:
            raise UserError(
                f"{where}: SS = 1 after other doses of ID {record.subject} would discard them; it "
                "is supported on the first dose of an ID only"
            )
        if before is not None and record.time < before.time:
            raise UserError(
                f"{where}: TIME = {record.time / 60:g} goes back, after {before.time / 60:g} in "
                f"row {before.row} of ID {record.subject}; sort the rows by time"
            )
        last[record.subject] = record


def _lead(record: _Record, ss_lead_h: float) -> int:
    """Return how many earlier doses stand for steady state."""
    return math.ceil(ss_lead_h * 60 / record.every) if record.steady else 0


def _table(records: Sequence[_Record], origin: int, ss_lead_h: float) -> DoseTable:
    runs = []
    for r in records:
        lead = _lead(r, ss_lead_h)
        first = origin + r.time - lead * r.every
        runs.append(Run(first, r.mg, r.compartment, r.every, r.more + lead + 1))
    time = np.concatenate([run.times() for run in runs])
    counts = [run.count for run in runs]
    order = np.argsort(time, kind="stable")
    zeros = np.zeros(len(time), np.int64)
    table = DoseTable(
        time_h=time[order] / 60.0,
        amount_mg=np.repeat([run.mg for run in runs], counts)[order],
        formulation=np.repeat([run.compartment - 1 for run in runs], counts)[order].astype(np.int8),
        phase=zeros,
        step=zeros.copy(),
    )
    return replace(table, origin_h=origin / 60.0)
