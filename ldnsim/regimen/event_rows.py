"""Rows of an event table: each read strictly into a record, and records written as rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import numpy as np

from ldnsim.errors import UserError, short
from ldnsim.regimen.checks import LARGEST_MG
from ldnsim.regimen.doses import MAX_DOSES, DoseTable, Ints
from ldnsim.regimen.formats import SLACK, nearest_minutes, whole_minutes
from ldnsim.units import LONGEST_TIME, read_number

COLUMNS = ("ID", "TIME", "AMT", "EVID", "II", "ADDL", "SS", "CMT", "RATE")
_CLOCK = re.compile(r"\d{1,2}:\d{2}|\d{1,4}[-/]\d{1,2}[-/]\d{1,4}|\d{1,2}\.\d{1,2}\.\d{2,4}")
_UNITS = {"AMT": " (mg)", "TIME": " (h)", "II": " (h)"}
_UNSUPPORTED = {
    "RATE": "infusions are not supported; a capsule is a bolus into the gut (RATE = 0)",
    "SS": "only SS = 1 (steady state, replacing earlier doses) is supported",
    "EVID": "only 0 (no dose) and 1 (dose) are supported; resets and other events are not",
    "CMT": "only 1 (immediate release) and 2 (slow release) exist",
}


@dataclass(frozen=True, slots=True)
class Run:
    """Equal doses at equal intervals.

    Attributes:
        first: minute of the first dose.
        mg: dose.
        compartment: 1 immediate release, 2 slow release.
        every: minutes between doses (0 for a single dose).
        count: number of doses.
        steady: whether the drug is at steady state at the first dose.
    """

    first: int
    mg: float
    compartment: int
    every: int
    count: int
    steady: bool = False

    @property
    def last(self) -> int:
        """Minute of the last dose."""
        return self.first + self.every * (self.count - 1)

    def times(self) -> Ints:
        """Return the minute of every dose."""
        return self.first + self.every * np.arange(self.count, dtype=np.int64)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row after ID; floats are written so that they read back equal."""
        every = _plain(self.every / 60) if self.count > 1 or self.steady else "0"
        return (
            *(_plain(self.first / 60), repr(float(self.mg)), "1", every, str(self.count - 1)),
            *(str(int(self.steady)), str(self.compartment), "0"),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """One dose row of a file: whose it is, and its doses.

    Attributes:
        row: of the file, the header being row 1.
        subject: ID as the file writes it.
        run: the doses.
    """

    row: int = field(compare=False)
    subject: str
    run: Run


@lru_cache(maxsize=4096)
def number_or_none(text: str) -> Decimal | None:
    """Return a number, None for anything else; the same few texts fill most cells."""
    try:
        return read_number(text)
    except UserError:
        return None


def _plain(hours: float) -> str:
    return str(int(hours)) if hours == int(hours) else repr(hours)


class Row:
    """One row of the file, with errors that name it."""

    def __init__(self, where: str, number: int, cells: Mapping[str, str]) -> None:
        """Keep the cells by column.

        Args:
            where: what names the file in errors.
            number: of the row, the header being row 1.
            cells: text by column.
        """
        self.where, self.number = f"{where}, row {number}", number
        self.cells = {name: text.strip() for name, text in cells.items()}

    def error(self, column: str, problem: str) -> UserError:
        """Return the error about a cell."""
        return UserError(f"{self.where}: {column} = {short(self.cells.get(column, ''))}: {problem}")

    def given(self, column: str) -> bool:
        """Whether a cell says something: blank and ``.`` are "not given"."""
        return self.cells.get(column, "") not in ("", ".")

    def number_of(self, column: str, default: float = 0.0) -> float:
        """Return a number that is not negative.

        Raises:
            UserError: anything but plain digits with one decimal point.
        """
        if not self.given(column):
            return default
        text = self.cells[column]
        if column == "TIME" and _CLOCK.search(text):
            raise self.error(
                column,
                "expected hours since time 0, not a clock time or date: 22:00 of the first day is"
                " 22, of the second 46",
            )
        number = number_or_none(text)
        if number is None:
            # the same reader again, for its message
            read_number(text, key=f"{self.where}: {column}{_UNITS.get(column, '')}")
            raise self.error(column, "expected a number")
        if number < 0:
            raise self.error(column, "expected a number that is not negative")
        return float(number)

    def _choice(self, column: str, allowed: tuple[int, ...], default: int) -> int:
        number = self.number_of(column, default)
        if number not in allowed:
            raise self.error(column, _UNSUPPORTED[column])
        return int(number)

    def subject(self) -> str:
        """Return the ID as written; ``1`` where the file has no such column."""
        if "ID" not in self.cells:
            return "1"
        text = unicodedata.normalize("NFC", self.cells["ID"])  # one letter, one subject
        if not self.given("ID"):
            raise self.error("ID", "a row needs its subject")
        if len(text) > 100 or not text.isprintable():
            raise self.error("ID", "expected up to 100 printable characters")
        return text

    def record(self) -> Record | None:
        """Return the doses of the row, or None for a row without one.

        Raises:
            UserError: naming row, column, value and remedy.
        """
        dose, time = self._is_dose(), self.number_of("TIME")
        if time > LONGEST_TIME:
            raise self.error("TIME", f"later than {LONGEST_TIME:g} h; TIME is in hours")
        if not dose:
            for column in ("ADDL", "II", "SS", "RATE"):
                self.number_of(column)
            return None
        mg = self.number_of("AMT")
        if mg > LARGEST_MG:
            raise self.error("AMT", f"more than {LARGEST_MG:g} mg; AMT is in mg, 4500 ug are 4.5")
        self._choice("RATE", (0,), 0)
        steady = self._choice("SS", (0, 1), 0) == 1
        if "CMT" in self.cells and not self.given("CMT"):
            raise self.error("CMT", "a dose needs it: 1 immediate release, 2 slow release")
        compartment = self._choice("CMT", (1, 2), 1)
        if not self.given("TIME"):
            raise self.error("TIME", "a dose needs its time (h)")
        every, more = self._repeats(steady)
        between = every if more or steady else 0
        run = Run(self._minutes("TIME", time), mg, compartment, between, more + 1, steady)
        if run.last > LONGEST_TIME * 60:
            raise self.error("ADDL", f"the last of these doses is later than {LONGEST_TIME:g} h")
        return Record(self.number, self.subject(), run)

    def _is_dose(self) -> bool:
        """Whether the row is a dose; a missing AMT is never zero."""
        if "EVID" not in self.cells:
            if not self.given("AMT") and not self.given("DV"):
                raise self.error("AMT", "missing; write the mg, or EVID = 0 for a row without dose")
            return self.number_of("AMT") > 0
        if not self.given("EVID"):
            raise self.error("EVID", "expected 1 for a dose, 0 for a row without one")
        dose = self._choice("EVID", (0, 1), 0) == 1
        if dose and not self.given("AMT"):
            raise self.error("AMT", "a dose (EVID = 1) needs its mg; a missing amount is not zero")
        if not dose and self.number_of("AMT"):
            raise self.error("AMT", "a row of EVID 0 has no dose")
        return dose

    def _repeats(self, steady: bool) -> tuple[int, int]:
        """Return the minutes between doses and how many more there are."""
        more = self.number_of("ADDL")
        if more != int(more) or more >= MAX_DOSES:
            raise self.error("ADDL", "expected a whole number of further doses, below a million")
        hours = self.number_of("II")
        if not more and not steady:
            if hours and not self.given("ADDL"):
                raise self.error("II", "does nothing without ADDL (further doses) or SS = 1")
            return 0, 0
        if hours == 0:
            raise self.error("II", f"{'ADDL' if more else 'SS'} needs the interval II (h) above 0")
        if hours > LONGEST_TIME:
            raise self.error("II", f"more than {LONGEST_TIME:g} h; II is in hours")
        return self._minutes("II", hours, least=1), int(more)

    def _minutes(self, column: str, hours: float, least: int = 0) -> int:
        """Return a time in whole minutes; none is rounded to one it was not meant as."""
        found = whole_minutes(hours)
        if found is None or found < least:
            near = nearest_minutes(hours, least)
            raise self.error(column, f"expected whole minutes; the nearest are {near}")
        return found


def compress(doses: DoseTable) -> Iterator[Run]:
    """Yield the longest runs, from the first dose on; expanded they give the table back.

    Raises:
        UserError: a time that is not a whole minute, or is no time of a study.
    """
    near = np.abs(doses.time_h) <= 2 * LONGEST_TIME  # the latest, moved later for steady state
    if not near.all():  # NaN is no time either
        wrong = float(doses.time_h[np.argmin(near)])
        raise UserError(f"a dose at {wrong:g} h: expected hours, at most {LONGEST_TIME:g}")
    minute = np.rint(doses.time_h * 60)
    off = np.abs(doses.time_h * 60 - minute)
    if (off > SLACK).any():
        wrong = float(doses.time_h[np.argmax(off > SLACK)])
        raise UserError(
            f"a dose at {wrong!r} h: expected whole minutes; the nearest are"
            f" {nearest_minutes(wrong)}"
        )
    time = minute.astype(np.int64)
    first = 0
    while first < len(time):
        last = _last_of_run(doses, time, first)
        every = int(time[first + 1] - time[first]) if last > first else 0
        compartment = int(doses.formulation[first]) + 1
        mg = float(doses.amount_mg[first])
        yield Run(int(time[first]), mg, compartment, every, last - first + 1)
        first = last + 1


def _last_of_run(doses: DoseTable, time: Ints, first: int) -> int:
    last = first
    while last + 1 < len(time):
        following = last + 1
        same = (
            doses.amount_mg[following] == doses.amount_mg[first]
            and doses.formulation[following] == doses.formulation[first]
        )
        gap = time[following] - time[last]
        if not same or gap == 0 or (last > first and gap != time[first + 1] - time[first]):
            break
        last = following
    return last
