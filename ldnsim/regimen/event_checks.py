"""What makes a whole event table unreadable: its header, its IDs, its order, its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ldnsim.errors import UserError, nearest, short
from ldnsim.regimen import event_observations
from ldnsim.regimen.doses import MAX_DOSES
from ldnsim.regimen.event_rows import COLUMNS, Record, number_or_none

_DATES = ("DATE", "DAT1", "DAT2", "DAT3", "DATETIME", "DAY", "CLOCK", "HOUR")


def check_header(header: list[str], ignore: set[str], where: str) -> None:
    """Refuse unknown, missing and repeated columns, and ignored ones that are read or not there."""
    for name in sorted(ignore):
        if name in COLUMNS:
            raise UserError(
                f"{where}: ignore = {short(name)}: the column says what the doses are,"
                " and is read; remove it from ignore, or from the file"
            )
        if name not in header:
            raise UserError(
                f"{where}: ignore = {short(name)}: there is no such column"
                f"{nearest(name, [h for h in header if h not in COLUMNS])}"
            )
    known = {*COLUMNS, *event_observations.COLUMNS, *ignore}
    for place, name in enumerate(header, start=1):
        if not name:
            raise UserError(f"{where}: column {place} has no name; name it or remove it")
        if name in _DATES and name not in known:
            raise UserError(
                f"{where}: column {name}: dates and clock times are not read; TIME is hours since"
                " time 0 (22:00 of the second day is 46)"
            )
        if name not in known:
            raise UserError(
                f"{where}: column {short(name)} is not known"
                f"{nearest(name, [*COLUMNS, *event_observations.COLUMNS])} "
                "(a column that plays no part can be named in ignore)"
            )
        if header.count(name) > 1:
            raise UserError(f"{where}: column {name} is there twice")
    for name in ("TIME", "AMT"):
        if name not in header:
            raise UserError(f"{where}: column {name} is missing")


def check_ids(ids: Mapping[str, int], where: str) -> None:
    """Refuse IDs that are one number written in several ways."""
    numbers: dict[Decimal, str] = {}
    for subject, row in ids.items():
        number = number_or_none(subject)
        other = subject if number is None else numbers.setdefault(number, subject)
        if other != subject:
            raise UserError(
                f"{where}: ID = {other!r} in row {ids[other]} and ID = {subject!r} in row {row} are"
                " the same number; write one subject one way"
            )


def check_order(records: Sequence[Record], where: str) -> None:
    """Refuse times that go back within a subject, and a steady state after other doses."""
    last: dict[str, Record] = {}
    for record in records:
        before = last.get(record.subject)
        if before is not None and record.run.steady:
            raise UserError(
                f"{where}, row {record.row}: SS = 1 after other doses of ID {record.subject} would"
                " discard them; it is supported on the first dose of an ID only"
            )
        if before is not None and record.run.first < before.run.first:
            raise UserError(
                f"{where}, row {record.row}: TIME = {record.run.first / 60:g} goes back, after"
                f" {before.run.first / 60:g} in row {before.row} of ID {record.subject}; sort the"
                " rows by time"
            )
        last[record.subject] = record


def check_size(records: Sequence[Record], where: str) -> None:
    """Refuse more doses than a regimen may have, before any is laid out."""
    total = 0
    for record in records:
        total += record.run.count
        if total > MAX_DOSES:
            raise UserError(
                f"{where}, row {record.row}: ADDL = {record.run.count - 1}: the table has more than"
                f" {MAX_DOSES:,} doses up to here; are II and ADDL right?"
            )
