"""How a regimen is written in a study file: as text, as a protocol's name, or in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from ldnsim.errors import UserError, unknown
from ldnsim.regimen import Regimen, protocols


def as_regimen(value: Any) -> Regimen:
    """Make a regimen from text, ``{protocol = "careful", target = "3 mg"}``,
    ``{prescription = "4.5 mg nightly", name = "plain"}`` or the structured form.

    Raises:
        UserError: when the protocol is unknown or the text is not a prescription.
    """
    if isinstance(value, Regimen):
        return value
    if isinstance(value, Mapping) and ("protocol" in value or "prescription" in value):
        return _from_table(dict(value))
    return Regimen.parse(value)


def _from_table(table: dict[str, Any]) -> Regimen:
    """Take a protocol or a prescription and set single fields of it."""
    if "protocol" in table and "prescription" in table:
        raise UserError(
            f"protocol = {table['protocol']!r} and prescription = {table['prescription']!r}:"
            " give one of them"
        )
    if "protocol" in table:
        name = table.pop("protocol")
        shipped = protocols()
        if not isinstance(name, str) or name not in shipped:
            raise unknown("protocol", str(name)[:60], shipped)
        regimen = shipped[name]
    else:
        prescription = table.pop("prescription")
        if not isinstance(prescription, str | Regimen):
            raise UserError(f"prescription = {prescription!r}: expected text in quotes")
        regimen = Regimen.parse(prescription)
    words: dict[str, Any] = {k: table.pop(k) for k in ("name", "description") if k in table}
    for key, text in words.items():
        if not isinstance(text, str):
            raise UserError(f"{key} = {text!r}: expected text in quotes")
    if table:
        regimen = regimen.with_fields(table)
    return regimen.model_copy(update=words) if words else regimen


def _to_table(regimen: Regimen) -> dict[str, str]:
    """Write a regimen as its text with its name, which reads back to an equal value."""
    table = {"prescription": str(regimen)}
    for key in ("name", "description"):
        if text := getattr(regimen, key, None):
            table[key] = text
    return table


_SCHEMA = {
    "anyOf": [
        {"type": "string", "description": "A prescription, or the name of a shipped protocol."},
        {
            "type": "object",
            "description": "A protocol or prescription with single fields set, or phases in full.",
            "properties": {
                "protocol": {"type": "string", "description": "Name of a shipped protocol."},
                "prescription": {"type": "string", "description": "The prescription as text."},
                "name": {"type": "string", "description": "Name shown in the results."},
                "description": {"type": "string", "description": "What it is, in one line."},
            },
        },
    ]
}

RegimenEntry = Annotated[
    Regimen,
    BeforeValidator(as_regimen),
    PlainSerializer(_to_table, return_type=dict[str, str]),
    WithJsonSchema(_SCHEMA),
]
"""A regimen as users write it."""
