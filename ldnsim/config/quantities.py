"""Field types: numbers that are numbers, and times written with their unit, held in hours."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema

from ldnsim.edition import in_force
from ldnsim.errors import UserError, short, unknown
from ldnsim.regimen.numbers import Number, OfParameter, Pure, Whole
from ldnsim.regimen.values import read_time
from ldnsim.units import in_unit, plain_number

__all__ = [
    "Flag",
    "Fraction",
    "Hours",
    "Number",
    "OfParameter",
    "Pure",
    "Whole",
    "hours",
    "parameter_value",
]


def hours(value: Any) -> float:
    """Convert a time with its unit to hours, or 0; see `ldnsim.regimen.values.read_time`."""
    return read_time(value, zero=True)


def time_text(value: float) -> str:
    """Write hours as text that reads back as the same float."""
    for unit, size in (("wk", 168.0), ("d", 24.0)):
        if value and value % size == 0:
            return f"{value / size:.0f} {unit}"
    return f"{value!r} h"


def digest(value: str) -> str:
    """Take text that can be a SHA-256, and refuse what cannot."""
    if not re.fullmatch("[0-9a-f]{64}", value):
        raise UserError(f"value = {short(value)}: expected 64 digits of 0-9 and a-f")
    return value


_TIME_SCHEMA = {
    "type": "string",
    "pattern": r"^\s*[0-9.eE+-]+\s*[A-Za-z]+\s*$",
    "examples": ["26 wk", "6 h"],
}

Hours = Annotated[
    float,
    BeforeValidator(hours),
    Field(ge=0.0),
    PlainSerializer(time_text, return_type=str),
    WithJsonSchema(_TIME_SCHEMA),
]
"""A time in hours (written with its unit)."""

Flag = Annotated[bool, Strict()]
"""True or false; neither 1 nor "yes" is taken for one."""

Fraction = Annotated[Pure, Field(ge=0.0, le=1.0)]
"""A share or probability from 0 to 1, or from 0 % to 100 %."""


def parameter_value(name: str, value: object, *, key: str = "value") -> float:
    """Return the value of a parameter of the model in force in its own unit.

    Args:
        name: of the parameter; of an unknown one, which a rule refuses, a number is returned.
        value: a number in the unit of the parameter, or text with a unit, such as ``"90 L/h"``.
        key: what the user called it; opens the error message.

    Raises:
        UserError: what `ldnsim.units.in_unit` refuses, or text for a parameter that is not there.
    """
    known = in_force().model.parameters
    if name in known:
        return in_unit(value, known[name].unit or "1", key=key)
    if isinstance(value, str):
        raise unknown("parameter", name, known)
    return plain_number(value, key=key)
