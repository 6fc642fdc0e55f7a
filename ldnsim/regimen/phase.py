"""One phase of a regimen: a dose or a titration ladder, placebo, or no doses, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from pydantic import GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ldnsim.errors import unknown
from ldnsim.regimen import ladder as ladders
from ldnsim.regimen.base import Frozen
from ldnsim.regimen.formats import Share, exact, minutes
from ldnsim.regimen.values import Amount, Clock, Factor, Mass, Span
from ldnsim.regimen.weekdays import Days

LADDER_FIELDS = ("step", "factor", "interval", "first_hold")
USUAL_H = 22.0
"""Time of day of a dose, hours after midnight, where none is given."""
DEFAULT_HOLD_H = 12 * 7 * 24.0


class Phase(Frozen):
    """A stretch of a regimen; text such as ``"4.5 mg nightly at 22:00, for 12 wk"`` reads as one.

    Attributes:
        kind: ``doses``, ``placebo`` (capsules without drug, taken on the same schedule), ``stop``.
        start: first dose, in mg or as a `Share` of the target.
        target: dose at the end of the ladder, mg; equal to ``start`` where there is no ladder.
        step: what one step adds, mg or a share; negative to step down.
        factor: what one step multiplies by, instead of ``step``; below 1 to step down.
        interval: hours between steps.
        first_hold: hours before the first step, where that is not one interval.
        every: hours between doses.
        at: time of day of the first dose, hours after midnight; when left out 22:00, or with
            several doses a day the earliest time from which they come to 22:00.
        days: days of the week with doses, 0 for Monday; every day where it is None.
        duration: length of the phase, hours, from its start.
        hold: instead of ``duration``: hours to stay at the target once it is reached.
        formulation: ``IR`` (immediate release) or ``SR`` (slow release).
    """

    kind: Literal["doses", "placebo", "stop"] = "doses"
    start: Amount | None = None
    target: Mass | None = None
    step: Amount | None = None
    factor: Factor | None = None
    interval: Span | None = None
    first_hold: Span | None = None
    every: Span = 24.0
    at: Clock = USUAL_H
    days: Days | None = None
    duration: Span | None = None
    hold: Span | None = None
    formulation: Literal["IR", "SR"] = "IR"

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
            from ldnsim.regimen.grammar import read_phase

            data = read_phase(data)
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise unknown("regimen field", str(key), cls.model_fields)
        given = {k: v for k, v in data.items() if v is not None}
        if given.get("kind") == "placebo":
            given = {"start": "0 mg", "target": "0 mg", **given}
        if not any(k in given for k in LADDER_FIELDS):
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
        from ldnsim.regimen.checks import check_phase

        check_phase(self)
        return self

    @property
    def has_ladder(self) -> bool:
        """Whether the dose changes by steps."""
        return self.step is not None or self.factor is not None

    @property
    def start_mg(self) -> Fraction:
        """First dose, exactly, in mg."""
        return resolve(self.start, self.target)

    @property
    def step_mg(self) -> Fraction:
        """What one additive step adds, exactly, in mg."""
        return resolve(self.step, self.target)

    @cached_property
    def ladder(self) -> ladders.Ladder:
        """The doses of the phase in order, with the minutes that rule the climb."""
        target = self.target or 0.0
        if self.interval is None:
            return ladders.constant(target)
        if self.factor is None:
            amounts = ladders.additive(self.start_mg, self.step_mg, target)
        else:
            amounts = ladders.multiplicative(self.start_mg, self.factor, target)
        first = self.interval if self.first_hold is None else self.first_hold
        return ladders.Ladder(amounts, minutes(self.interval), minutes(first))

    @property
    def length(self) -> int | None:
        """Minutes the phase lasts, or None where neither duration nor hold is given."""
        if self.duration is not None:
            return minutes(self.duration)
        return None if self.hold is None else self.ladder.reached + minutes(self.hold)

    def __str__(self) -> str:
        """Return canonical text, which reads back as an equal phase."""
        from ldnsim.regimen.text import phase_text

        return phase_text(self)


def first_clock(every: float) -> float:
    """Return the time of day of the first dose where none is given, hours after midnight.

    Args:
        every: hours between doses. Where they divide the day, the doses of every day come to
            `USUAL_H` and begin with its first; otherwise no time of day is the first of all days.
    """
    interval, usual = minutes(every), minutes(USUAL_H)
    return usual % interval / 60 if (24 * 60) % interval == 0 else USUAL_H


def resolve(amount: float | Share | None, target: float | None) -> Fraction:
    """Return an amount, absolute or relative, as an exact number of mg."""
    if isinstance(amount, Share):
        return amount.of(target or 0.0)
    return exact(amount or 0.0)


def _complete_constant(given: dict[str, Any]) -> None:
    """Without a ladder, start and target are one dose, and a hold is a duration."""
    if "target" not in given and "start" in given:
        given["target"] = given["start"]
    elif "start" not in given and "target" in given:
        given["start"] = given["target"]
    if "hold" in given and "duration" not in given:
        given["duration"] = given.pop("hold")
