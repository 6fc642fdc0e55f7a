"""Field types for numbers, of the model of adherence and of study files alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from ldnsim.units import in_unit, plain_number, whole_number

Number = Annotated[float, BeforeValidator(plain_number)]
"""A number; neither text nor a truth value is taken for one."""

Whole = Annotated[int, BeforeValidator(whole_number)]
"""A whole number of at most 64 bits; neither text nor 2.0 is taken for one."""


def _pure(value: Any) -> float:
    return in_unit(value, "1")


def _hours(value: Any) -> float:
    return in_unit(value, "h")


@dataclass(frozen=True)
class _OrText:
    """Adds text to the JSON Schema of a number, whose limits stay."""

    number: float
    text: str

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = {**handler(core), "type": ["number", "string"]}
        return {**found, "examples": [self.number, self.text]}


Pure = Annotated[float, BeforeValidator(_pure), _OrText(0.1, "10 %")]
"""A number without unit, also as text in percent."""

InHours = Annotated[float, BeforeValidator(_hours), _OrText(2, "90 min")]
"""A time: a number of hours, or text with a unit."""

OfParameter = Annotated[Number, _OrText(90, "90 L/h")]
"""A number whose text, where it has a unit, was read by the name of the parameter before."""
