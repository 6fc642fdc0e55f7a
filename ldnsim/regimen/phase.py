"""One phase of a regimen: a dose or a titration ladder, placebo, or no doses, for a while."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from ldnsim.errors import UserError, unknown
from ldnsim.regimen import ladder as ladders
from ldnsim.regimen.values import (
    Amount,
    Clock,
    Factor,
    Mass,
    Share,
    Span,
    amount_text,
    dose_text,
    exact,
    factor_text,
    minutes,
    span_text,
)

LARGEST_MG = 1000.0
DEFAULT_HOLD_H = 12 * 7 * 24.0
LADDER_FIELDS = ("step", "factor", "interval", "first_hold")

_SHARE_ADVICE = (
    "if the target is swept, write the start and the step as shares, such as "
    "'1/8 of target ... +1/8 of target'"
)


class Phase(BaseModel):
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
        at: time of day of the first dose, hours after midnight.
        duration: length of the phase, hours, from its start.
        hold: instead of ``duration``: hours to stay at the target once it is reached.
        formulation: ``IR`` (immediate release) or ``SR`` (slow release).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["doses", "placebo", "stop"] = "doses"
    start: Amount | None = None
    target: Mass | None = None
    step: Amount | None = None
    factor: Factor | None = None
    interval: Span | None = None
    first_hold: Span | None = None
    every: Span = 24.0
    at: Clock = 22.0
    duration: Span | None = None
    hold: Span | None = None
    formulation: Literal["IR", "SR"] = "IR"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        if isinstance(data, str):
            from ldnsim.regimen.grammar import read_phase

            return read_phase(data)
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise unknown("regimen field", str(key), cls.model_fields)
        given = {k: v for k, v in data.items() if v is not None}
        if given.get("kind") == "placebo":
            given = {"start": 0.0, "target": 0.0, **given}
        if not any(k in given for k in LADDER_FIELDS):
            _complete_constant(given)
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Phase:
        if self.duration is not None and self.hold is not None:
            raise UserError(
                f"duration = '{span_text(self.duration)}' and hold = '{span_text(self.hold)}' are "
                "both given: a phase lasts for a duration, or until its target has been held"
            )
        if self.kind == "stop":
            _check_stop(self)
        elif self.kind == "placebo":
            _check_placebo(self)
        else:
            _check_amounts(self)
            _check_ladder(self)
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


def _check_stop(phase: Phase) -> None:
    given = [k for k in ("start", "target", *LADDER_FIELDS) if getattr(phase, k) is not None]
    if given:
        raise UserError(f"a phase of kind 'stop' has no doses, but {given[0]!r} is given")


def _check_placebo(phase: Phase) -> None:
    if phase.has_ladder or phase.interval or phase.first_hold or phase.start or phase.target:
        raise UserError("a phase of kind 'placebo' has no drug: remove its start, target and step")


def _check_amounts(phase: Phase) -> None:
    if phase.start is None or phase.target is None:
        missing = "target" if phase.start is not None else "start"
        raise UserError(f"the {missing} dose is missing; an example is '4.5 mg nightly at 22:00'")
    for key, mg in (("start", phase.start_mg), ("target", exact(phase.target))):
        if not 0 < mg <= LARGEST_MG:
            remedy = "write 'placebo' or 'stop' for no drug" if mg == 0 else "is the unit right?"
            value = dose_text(float(mg))
            raise UserError(f"{key} = '{value}': expected a dose above 0 and up to 1 g; {remedy}")


def _check_ladder(phase: Phase) -> None:
    if phase.step is not None and phase.factor is not None:
        raise UserError(
            f"step = '{amount_text(phase.step)}' and factor = '{factor_text(phase.factor)}' are "
            "both given: a ladder either adds or multiplies"
        )
    if phase.has_ladder and phase.interval is None:
        raise UserError("a step is given, but no interval; an example is '+0.5 mg every 14 d'")
    for key in ("interval", "first_hold"):
        if getattr(phase, key) is not None and not phase.has_ladder:
            raise UserError(
                f"{key} = '{span_text(getattr(phase, key))}' is given, but no step or factor; an "
                "example is '+0.5 mg every 14 d'"
            )
    _check_direction(phase, "" if not phase.has_ladder else _step_text(phase))


def _step_text(phase: Phase) -> str:
    if phase.factor is not None:
        return factor_text(phase.factor)
    text = amount_text(phase.step or 0.0)
    return text if text.startswith("-") else f"+{text}"


def _check_direction(phase: Phase, step: str) -> None:
    start, target = phase.start_mg, exact(phase.target or 0.0)
    ends = f"start {amount_text(phase.start or 0)} and target {dose_text(phase.target or 0)}"
    if not step:
        if start != target:
            raise UserError(f"{ends} differ, but there is no step between them, such as '+0.5 mg'")
        return
    up = phase.step_mg if phase.factor is None else phase.factor - 1
    if up == 0 or (phase.factor is not None and phase.factor <= 0):
        raise UserError(f"the step '{step}' never changes the dose")
    if (target - start) * up < 0:
        where = "above" if start > target else "below"
        raise UserError(
            f"{ends} with the step '{step}': the start is {where} the target, so the step leads "
            f"away from it. Is the sign of the step right? And {_SHARE_ADVICE}"
        )
    count = (
        (target - start) / phase.step_mg
        if phase.factor is None
        else len(ladders.multiplicative(start, phase.factor, float(target)))
    )
    if count > ladders.MAX_STEPS:
        raise UserError(
            f"{ends} with the step '{step}' make a ladder of more than {ladders.MAX_STEPS} steps"
        )
