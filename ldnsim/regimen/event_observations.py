"""What an event table measured: rows without dose whose DV is a number, or below the limit (BLQ).

Here a row says what it says in the words of the file. Which variable of the model that is, and in
which unit, is settled where the model is known: :mod:`ldnsim.runs.observed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ldnsim.errors import UserError, listed, short
from ldnsim.regimen.event_rows import Row
from ldnsim.regimen.formats import whole_minutes
from ldnsim.units import read_number

COLUMNS = ("DV", "MDV", "DVID", "UNIT", "BLQ", "LLOQ")
"""Columns of observations; DVID, UNIT, BLQ and LLOQ as they are written back."""
LEFT_OUT = "to leave the observations out, name DV in ignore"
_UNIT_IN_HEADER = re.compile(r"\s*DV\s*[\[(]\s*(.+?)\s*[\])]\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """One observation of a file.

    Attributes:
        row: of the file, the header being row 1.
        subject: ID as the file writes it.
        time_h: TIME, hours since time 0.
        value: as written; the limit of quantification where it was below that.
        below: whether it was below the limit of quantification.
        what: what was observed, as DVID or CMT says it; empty where neither does.
        unit: of the value as the file says it; empty where it does not.
    """

    row: int = field(compare=False)
    subject: str
    time_h: float
    value: float
    below: bool
    what: str
    unit: str

    def cells(self) -> tuple[str, ...]:
        """Return the cells of :data:`COLUMNS`, which read back as the same observation."""
        value, limit = (".", repr(self.value)) if self.below else (repr(self.value), ".")
        return (value, "0", self.what or ".", self.unit or ".", str(int(self.below)), limit)


def split_header(names: list[str]) -> tuple[list[str], str]:
    """Return the names of columns in capitals, and the unit that ``DV (ng/mL)`` states."""
    unit, found = "", []
    for name in names:
        stated = _UNIT_IN_HEADER.fullmatch(name)
        unit = stated[1] if stated else unit
        found.append("DV" if stated else name.strip().upper())
    return found, unit


def read_observation(row: Row, is_dose: bool, unit: str) -> Measured | None:
    """Return the observation of a row, or None for a row without one.

    Args:
        row: the row, without the columns that are ignored.
        is_dose: whether it is a dose.
        unit: of DV, where the header says it.

    Raises:
        UserError: an observation in the row of a dose, one without value or time, a flag that is
            none, or a value below its own limit that is not flagged.
    """
    missing = _flag(row, "MDV")
    if missing or "DV" not in row.cells:
        return None
    below = _flag(row, "BLQ") is True
    if is_dose:
        if below or (row.given("DV") and (missing is False or _number(row, "DV") != 0.0)):
            raise row.error("DV", f"a dose row has no observation; add a row of EVID 0; {LEFT_OUT}")
        return None
    if not (row.given("DV") or below):
        if missing is False:
            raise row.error(
                "DV", "an observation (MDV = 0) needs its value; MDV = 1 if there is none"
            )
        return None
    if not row.given("TIME"):
        raise row.error("TIME", "an observation needs its time (h)")
    hours = row.number_of("TIME")
    minutes = whole_minutes(hours)
    what = next((row.cells[c] for c in ("DVID", "CMT") if row.given(c)), "")
    own = row.cells["UNIT"] if row.given("UNIT") else unit
    time = hours if minutes is None else minutes / 60  # 0.333 is 20 min, as of doses
    return Measured(row.number, row.subject(), time, _value(row, below), below, what, own)


def _value(row: Row, below: bool) -> float:
    limit = _number(row, "LLOQ") if row.given("LLOQ") else None
    if limit is not None and limit <= 0.0:
        raise row.error("LLOQ", "expected a limit above 0, in the unit of DV")
    if below:
        if limit is None:
            raise row.error("LLOQ", "a value below the limit (BLQ = 1) needs that limit")
        return limit
    value = _number(row, "DV")
    if limit is not None and value < limit:
        raise row.error("DV", f"below LLOQ = {limit:g}; flag it with BLQ = 1, or remove the limit")
    return value


def _number(row: Row, column: str) -> float:
    return float(read_number(row.cells[column], key=f"{row.where}: {column}"))


def _flag(row: Row, column: str) -> bool | None:
    """Return a column of 0 and 1 as truth; None where it says nothing."""
    if not row.given(column):
        return None
    if _number(row, column) not in (0.0, 1.0):
        raise row.error(column, "expected 0 or 1")
    return _number(row, column) == 1.0


def named(
    measured: tuple[Measured, ...], observe: Mapping[str, str], unit: str, where: str
) -> tuple[Measured, ...]:
    """Return observations with names and unit that were given beside the file.

    Args:
        measured: as the file has them.
        observe: variable by what the file writes; that under ``""`` is of all rows which say
            nothing, or a number only.
        unit: of values whose unit the file does not say.
        where: what names the file in errors.

    Raises:
        UserError: a name for something that no row says, or a unit that the file says already.
    """
    keys = {m.what: _key(m.what, observe) for m in measured}
    unnamed = sorted(what for what, key in keys.items() if key == "")
    if len(unnamed) > 1:
        raise UserError(
            f"{where}: observe {short(observe[''])}: the observations say {listed(unnamed)}; name"
            f" each, such as {unnamed[-1]}={observe['']}"
        )
    for key, name in observe.items():
        if key not in keys.values():
            said = f"they say {listed([w or 'nothing' for w in keys])}" if keys else "there is none"
            text = f"{key}={name}" if key else name
            raise UserError(f"{where}: observe {short(text)} fits no observation: {said}")
    if unit and all(m.unit for m in measured):
        raise UserError(f"{where}: dv_unit {short(unit)} does nothing: the file says every unit")
    names = {what: what if key is None else observe[key] for what, key in keys.items()}
    return tuple(replace(m, what=names[m.what], unit=m.unit or unit) for m in measured)


def _key(what: str, observe: Mapping[str, str]) -> str | None:
    """Return under which key ``observe`` names what a row says; None where it does not."""
    if what in observe:
        return what
    # a number names no variable, whatever other programs mean by it
    return "" if "" in observe and (not what or what.isdigit()) else None
