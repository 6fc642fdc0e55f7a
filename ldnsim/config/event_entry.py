"""Recorded doses as a study file writes them: the path of an event table, or the table itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictInt, ValidationError, field_validator

from ldnsim.config.base import Config
from ldnsim.config.explain import explain
from ldnsim.config.quantities import Hours, digest, time_text
from ldnsim.errors import UserError, short
from ldnsim.regimen import EventTable, Recorded, Recordings
from ldnsim.regimen.formats import clock_text, nearest_minutes, whole_minutes
from ldnsim.regimen.recorded import choose_id
from ldnsim.regimen.values import Clock


class Events(Config):
    """An event table and whose doses of it are given."""

    events: str = ""
    """Path of the CSV file, relative to the study file."""
    table: str = ""
    """The event table itself, instead of its path."""
    file: str = Field(default="", max_length=300)
    """Name of the file that the table came from."""
    sha256: str = ""
    """SHA-256 of the file; another file of that name is refused."""
    id: str | StrictInt | None = None
    """The subject, where the table has several."""
    ids: Literal["all"] | tuple[str | StrictInt, ...] | None = None
    """Several subjects, each a run along the dimension id."""
    time_zero: Clock = Field(default=0.0, validate_default=False)
    """Time of day at TIME 0."""
    duration: Hours | None = None
    """Length from midnight of the day of TIME 0; until 24 h after the last dose, or the last
    observation, when left out."""
    lead: Hours | None = None
    """Hours of earlier doses that stand for steady state (SS = 1); worked out when left out."""
    ignore: tuple[str, ...] = ()
    """Columns that play no part, such as covariates."""
    observe: str | dict[str, str] = ""
    """Variable that DV is of, where the table does not name one; several by DVID or CMT."""
    dv_unit: str = ""
    """Unit of DV, where the table does not say it."""
    name: str = ""
    """Name shown in the results."""
    description: str = ""
    """What it is, in one line."""

    @field_validator("events", mode="before")
    @classmethod
    def _path(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    @field_validator("sha256")
    @classmethod
    def _digest(cls, value: str) -> str:
        return value and digest(value)

    @field_validator("ids", mode="before")
    @classmethod
    def _list_or_all(cls, value: Any) -> Any:
        if value is None or value == "all" or isinstance(value, list | tuple):
            return value
        raise UserError(f"ids = {short(value)}: expected 'all' or a list such as ['1', '2']")


KEYS = frozenset(Events.model_fields) - {"name", "description"}
"""The keys that an event table has and a prescription has not."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of each of :data:`KEYS`."""
    found: dict[str, Any] = Events.model_json_schema()["properties"]
    return {key: words for key, words in found.items() if key in KEYS}


def are_events(value: Any) -> bool:
    """Whether a table of a study file is about recorded doses."""
    return isinstance(value, Mapping) and any(key in KEYS and key != "duration" for key in value)


def from_events(value: Mapping[str, Any], folder: Path) -> Recorded | Recordings:
    """Read recorded doses.

    Args:
        value: what the user wrote, with the keys of :class:`Events`.
        folder: where paths begin.

    Raises:
        UserError: an unknown key, a table that cannot be read, or a subject that is not there.
    """
    try:
        wanted = Events.model_validate(dict(value))
    except ValidationError as error:
        raise explain(error, "recorded doses", Events) from None
    if bool(wanted.events) == bool(wanted.table):
        raise UserError("recorded doses need events = 'doses.csv' or table = '...': give one")
    if wanted.file and wanted.events:
        raise UserError(f"file = {wanted.file!r} belongs to table; with events the path says it")
    if wanted.id is not None and wanted.ids is not None:
        raise UserError(f"id = {short(wanted.id)} and ids are both given; keep one")
    table = _table(wanted, folder)
    if wanted.observe or wanted.dv_unit:
        named = wanted.observe
        by_key = ({"": named} if named else {}) if isinstance(named, str) else named
        table = table.observing(by_key, wanted.dv_unit)
    if wanted.ids is None:
        return _recorded(wanted, table, choose_id(table, wanted.id))
    ids = table.ids if wanted.ids == "all" else tuple(choose_id(table, i) for i in wanted.ids)
    if not ids:
        raise UserError("ids: no subject is listed, or the event table has none")
    for one in ids:
        if ids.count(one) > 1:
            raise UserError(f"ids: {short(one)} is listed twice; remove one")
    return Recordings(tuple(_recorded(wanted, table, one) for one in ids))


def _table(wanted: Events, folder: Path) -> EventTable:
    if wanted.table:
        made = EventTable.parse(wanted.table, ignore=wanted.ignore)
        return replace(made, file=wanted.file, sha256=wanted.sha256 or made.sha256)
    path = Path(wanted.events)
    # a path of this machine has no place in a result
    name = path.name if path.is_absolute() else wanted.events
    table = EventTable.read(folder / path, ignore=wanted.ignore, name=name)
    if wanted.sha256 and wanted.sha256 != table.sha256:
        raise UserError(
            f"event table '{folder / path}' has changed: its SHA-256 is {table.sha256}, and the"
            f" study is about {wanted.sha256}; restore the file, or remove sha256"
        )
    return table


def _recorded(wanted: Events, table: EventTable, one: str) -> Recorded:
    length = None if wanted.duration is None else _whole(wanted.duration) / 60
    words = {"name": wanted.name, "description": wanted.description}
    return Recorded(table, one, wanted.time_zero, length, wanted.lead, **words)


def _whole(duration: float) -> int:
    found = whole_minutes(duration)
    if found is None:
        raise UserError(
            f"duration = '{duration:.15g} h': expected whole minutes; the nearest are"
            f" {nearest_minutes(duration)}"
        )
    return found


def to_events(made: Recorded | Recordings) -> dict[str, Any]:
    """Write recorded doses with all they hold, so that they read back without their file."""
    first = made.members[0] if isinstance(made, Recordings) else made
    which: dict[str, Any] = (
        {"ids": list(made.ids)} if isinstance(made, Recordings) else {"id": made.id}
    )
    found = {
        "file": first.table.file,
        "sha256": first.table.sha256,
        **which,
        "time_zero": clock_text(first.time_zero_h),
        "duration": None if first.length_h is None else time_text(first.length_h),
        "lead": None if first.lead_h is None else time_text(first.lead_h),
        "name": first.name,
        "description": first.description,
        "table": first.table.csv(),
    }
    return {key: value for key, value in found.items() if value not in (None, "")}
