"""Field types that carry a unit: written as text such as ``"4 wk"``, held as plain numbers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ldnsim.errors import UserError


def hours(value: Any) -> float:
    """Convert a time with its unit to hours; a bare number is refused, except 0.

    Args:
        value: text such as ``"26 wk"``, ``"12 h"``, ``"3 mo"`` (a month is 30 d).

    Raises:
        UserError: when the unit is missing or is not one of time.
    """
    from ldnsim.units import to_unit

    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UserError(f"{value!r}: expected a time with its unit, such as '26 wk'")
    if isinstance(value, int | float):
        if value == 0:
            return 0.0
        raise UserError(f"{value!r} has no unit: write a time such as '{value} d' or '{value} wk'")
    return float(to_unit(value, "h"))


def time_text(value: float) -> str:
    """Write hours as text that reads back as the same float."""
    for unit, size in (("wk", 168.0), ("d", 24.0)):
        if value and value % size == 0:
            return f"{value / size:.0f} {unit}"
    return f"{value!r} h"


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

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A share or probability from 0 to 1."""
