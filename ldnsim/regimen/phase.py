"""One phase of a regimen: a dose or a titration ladder, placebo, or no doses, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ldnsim.errors import UserError, unknown
from ldnsim.regimen.checks import check_phase
from ldnsim.regimen.formats import minutes
from ldnsim.regimen.grammar import read_phase
from ldnsim.regimen.plain import USUAL_H, PlainPhase
from ldnsim.regimen.protocols import protocol_fields
from ldnsim.regimen.rule import read_rules
from ldnsim.regimen.text import phase_text

LADDER_FIELDS = ("step", "factor", "interval", "first_hold")
GUIDED_FIELDS = ("visits", "first_visit", "rules", "decide", "least")
DEFAULT_HOLD_H = 12 * 7 * 24.0


class Phase(PlainPhase):
    """A stretch of a regimen; text such as ``"4.5 mg nightly at 22:00, for 12 wk"`` reads as one.

    Its fields are those of :class:`ldnsim.regimen.plain.PlainPhase`.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell editors that a phase may also be written as text."""
        words = {"type": "string", "examples": ["4.5 mg nightly at 22:00, for 12 wk"]}
        return {"anyOf": [words, handler(core)]}

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        if isinstance(data, str):
            data = read_phase(data, protocol_fields())
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise unknown("regimen field", str(key), cls.model_fields)
        given = {k: v for k, v in data.items() if v is not None}
        if given.get("kind") == "placebo":
            given = {"start": "0 mg", "target": "0 mg", **given}
        if given.get("rules") or given.get("decide"):
            _complete_guided(given)
        elif not any(k in given for k in LADDER_FIELDS):
            _complete_constant(given)
        return given

    @model_validator(mode="after")
    def _whole_first_day(self) -> Phase:
        """Without a clock time, the first day has as many doses as the others."""
        if "at" not in self.model_fields_set:
            object.__setattr__(self, "at", first_clock(self.every))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Phase:
        check_phase(self)
        return self

    def __str__(self) -> str:
        """Return canonical text, which reads back as an equal phase."""
        return phase_text(self)


def first_clock(every: float) -> float:
    """Return the time of day of the first dose where none is given, hours after midnight.

    Args:
        every: hours between doses. Where they divide the day, the doses of every day come to
            `USUAL_H` and begin with its first; otherwise no time of day is the first of all days.
    """
    interval, usual = minutes(every), minutes(USUAL_H)
    return usual % interval / 60 if (24 * 60) % interval == 0 else USUAL_H


def _complete_guided(given: dict[str, Any]) -> None:
    """Where only the first dose is named, it is the largest as well, unless something leads up.

    Raises:
        UserError: it does, and nothing says how far.
    """
    if "start" not in given or "target" in given:
        return
    rules = read_rules(given.get("rules") or ())
    up = next((str(r) for r in rules if r.leads_up), given.get("decide"))
    if up is not None:
        raise UserError(
            f"'{up}' can never act: the dose can only be {given['start']}; write how far it may go,"
            " such as 'to 4.5 mg'"
        )
    given["target"] = given["start"]


def _complete_constant(given: dict[str, Any]) -> None:
    """Without a ladder, start and target are one dose, and a hold is a duration."""
    if "target" not in given and "start" in given:
        given["target"] = given["start"]
    elif "start" not in given and "target" in given:
        given["start"] = given["target"]
    if "hold" in given and "duration" not in given:
        given["duration"] = given.pop("hold")
