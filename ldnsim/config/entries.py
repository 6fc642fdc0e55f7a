"""How a regimen is written in a study file: as text, a protocol's name, an event table, in full."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    InstanceOf,
    PlainSerializer,
    ValidationInfo,
)

from ldnsim.config import event_entry
from ldnsim.config.event_entry import are_events, from_events, to_events
from ldnsim.edition import in_force, shipped
from ldnsim.errors import UserError
from ldnsim.regimen import DoseTable, EventTable, Recorded, Recordings, Regimen
from ldnsim.regimen.grammar import no_such_protocol

FOLDER = "folder"
"""Key of the validation context that says where the paths of event tables begin."""


def as_regimen(value: Any, folder: Path | None = None) -> Regimen | Recorded | Recordings:
    """Make a regimen from text, ``{protocol = "careful", target = "3 mg"}``,
    ``{prescription = "4.5 mg nightly", name = "plain"}``, ``{events = "doses.csv"}``, the path of a
    CSV file, a dose table made in Python, or the structured form.

    Args:
        value: what the user wrote.
        folder: where the paths of event tables begin; None where they have no place, such as the
            values of an axis.

    Raises:
        UserError: when the protocol is unknown, the text is not a prescription, or the event table
            cannot be read.
    """
    if isinstance(value, Regimen | Recorded | Recordings):
        return value
    if isinstance(value, DoseTable):
        return Recorded(EventTable.of(value), "1")
    if isinstance(value, Mapping) and any(isinstance(v, DoseTable) for v in value.values()):
        raise UserError(
            f"regimen: dose tables of {len(value)} subjects; give one of them, or the file with"
            ' {"events": "doses.csv", "ids": "all"}'
        )
    if isinstance(value, os.PathLike):
        value = {"events": os.fspath(value)}
    elif isinstance(value, str) and value.strip().lower().endswith(".csv"):
        value = {"events": value.strip()}
    if are_events(value):
        if folder is None:
            raise UserError(
                f"{value.get('events', 'an event table')!r}: an axis cannot hold event tables; list"
                ' them in [[regimens]], such as {events = "doses.csv", name = "taken"}'
            )
        return from_events(value, folder)
    if isinstance(value, Mapping) and ("protocol" in value or "prescription" in value):
        return _from_table(dict(value))
    return _parsed(value)


def _parsed(value: Any) -> Regimen:
    """Read a regimen in which text may name the protocols of the edition in force."""
    edition = in_force()
    return Regimen.parse(value, None if edition is shipped() else edition.protocols)


def as_single(value: Any) -> Regimen | Recorded:
    """Make the regimen of one run from what an axis lists, or take one that is made.

    Raises:
        UserError: as :func:`as_regimen`.
    """
    found = as_regimen(value)
    if isinstance(found, Recordings):
        raise UserError(f"regimen: {found.members[0]} and others are several; choose one")
    return found


def _from_table(table: dict[str, Any]) -> Regimen:
    """Take a protocol or a prescription and set single fields of it."""
    if "protocol" in table and "prescription" in table:
        raise UserError(
            f"protocol = {table['protocol']!r} and prescription = {table['prescription']!r}:"
            " give one of them"
        )
    if "protocol" in table:
        name = table.pop("protocol")
        known = in_force().protocols
        if not isinstance(name, str) or name not in known:
            raise no_such_protocol(str(name), known)
        regimen = known[name]
    else:
        prescription = table.pop("prescription")
        if not isinstance(prescription, str | Regimen):
            raise UserError(f"prescription = {prescription!r}: expected text in quotes")
        regimen = _parsed(prescription)
    words: dict[str, Any] = {k: table.pop(k) for k in ("name", "description") if k in table}
    for key, text in words.items():
        if not isinstance(text, str):
            raise UserError(f"{key} = {text!r}: expected text in quotes")
    if table:
        regimen = regimen.with_fields(table)
    return regimen.model_copy(update=words) if words else regimen


def _entry(value: Any, info: ValidationInfo) -> Regimen | Recorded | Recordings:
    return as_regimen(value, (info.context or {}).get(FOLDER, Path()))


def _to_table(regimen: Regimen | Recorded | Recordings) -> dict[str, Any]:
    """Write a regimen as its text with its name, which reads back to an equal value."""
    if not isinstance(regimen, Regimen):
        return to_events(regimen)
    table = {"prescription": str(regimen)}
    for key in ("name", "description"):
        if text := getattr(regimen, key, None):
            table[key] = text
    return table


class _Written:
    """The JSON Schema of what users write, made when it is asked for."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {
            "anyOf": [
                {
                    "type": "string",
                    "description": "A prescription, the name of a shipped protocol, or an event"
                    " table (a path that ends in .csv).",
                },
                {
                    "type": "object",
                    "description": "A protocol or prescription with single fields set, recorded"
                    " doses, or phases in full.",
                    "properties": {
                        "protocol": {
                            "type": "string",
                            "description": "Name of a shipped protocol.",
                        },
                        "prescription": {
                            "type": "string",
                            "description": "The prescription as text.",
                        },
                        "name": {"type": "string", "description": "Name shown in the results."},
                        "description": {
                            "type": "string",
                            "description": "What it is, in one line.",
                        },
                        **event_entry.schema(),
                    },
                },
            ]
        }


RegimenEntry = Annotated[
    Regimen | InstanceOf[Recorded] | InstanceOf[Recordings],
    BeforeValidator(_entry),
    PlainSerializer(_to_table, return_type=dict[str, Any]),
    _Written(),
]
"""A regimen as users write it."""
