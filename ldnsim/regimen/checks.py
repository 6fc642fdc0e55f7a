"""What makes a phase contradictory; each refusal shows both values and the likely cause."""

from __future__ import annotations

from fractions import Fraction

from ldnsim.errors import UserError
from ldnsim.regimen import ladder as ladders
from ldnsim.regimen.formats import (
    amount_text,
    dose_text,
    exact,
    factor_text,
    minutes,
    span_text,
    step_text,
)
from ldnsim.regimen.plain import PlainPhase
from ldnsim.regimen.rule_checks import check_rules
from ldnsim.regimen.weekdays import EXAMPLE, days_text

LARGEST_MG = 1000.0
SMALLEST_MG = Fraction("1e-12")  # some thousand molecules
# fields that a stop, and those that a placebo may have too
_LENGTH, _SCHEDULE = ("kind", "duration", "hold"), ("every", "at", "days", "formulation")
_SHARE_ADVICE = (
    "if the target is swept, write the start and the step as shares, such as "
    "'1/8 of target ... +1/8 of target'"
)


def check_phase(phase: PlainPhase) -> None:
    """Refuse a phase whose fields contradict each other.

    Raises:
        UserError: naming the fields, their values and the remedy.
    """
    if phase.duration is not None and phase.hold is not None:
        raise UserError(
            f"duration = '{span_text(phase.duration)}' and hold = '{span_text(phase.hold)}' are "
            "both given: a phase lasts for a duration, or until its target has been held"
        )
    _check_days(phase)
    if phase.kind == "stop":
        _check_stop(phase)
    elif phase.kind == "placebo":
        _check_placebo(phase)
    elif phase.is_guided:
        _check_amounts(phase)
        check_rules(phase)
    else:
        check_rules(phase)
        _check_ladder_fields(phase)
        _check_amounts(phase)
        _check_direction(phase)


def _check_days(phase: PlainPhase) -> None:
    """Refuse intervals that run across days: which day they fall on would be left open."""
    if phase.days is not None and (24 * 60) % minutes(phase.every):
        raise UserError(
            f"every = '{span_text(phase.every)}' and days = '{days_text(phase.days)}' are both "
            f"given: on named days doses are daily or a whole number of times a day, such as "
            f"'4.5 mg nightly on {EXAMPLE[1:]}"
        )


def _check_stop(phase: PlainPhase) -> None:
    fields = PlainPhase.model_fields
    own = [k for k in fields if k not in _LENGTH and getattr(phase, k) != fields[k].default]
    if own:
        raise UserError(f"a phase of kind 'stop' has no doses, but {own[0]!r} is given")


def _check_placebo(phase: PlainPhase) -> None:
    drug = [k for k in PlainPhase.model_fields if k not in (*_LENGTH, *_SCHEDULE)]
    given = [k for k in drug if getattr(phase, k)]
    if phase.has_ladder or given:
        raise UserError(
            f"a phase of kind 'placebo' has no drug: remove its {', '.join(given) or 'step'}"
        )


def _check_amounts(phase: PlainPhase) -> None:
    if phase.start is None or phase.target is None:
        missing = "target" if phase.start is not None else "start"
        raise UserError(f"the {missing} dose is missing; an example is '4.5 mg nightly at 22:00'")
    for key, mg in (("start", phase.start_mg), ("target", exact(phase.target))):
        if not SMALLEST_MG <= mg <= LARGEST_MG:
            remedy = "write 'placebo' or 'stop' for no drug" if mg == 0 else "is the unit right?"
            value = dose_text(float(mg))
            raise UserError(f"{key} = '{value}': expected a dose above 0 and up to 1 g; {remedy}")
    if abs(phase.step_mg) > LARGEST_MG:
        raise UserError(
            f"step = '{amount_text(phase.step or 0)}': expected a step up to 1 g; is "
            "the unit right?"
        )


def _check_ladder_fields(phase: PlainPhase) -> None:
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


def _check_direction(phase: PlainPhase) -> None:
    start, target = phase.start_mg, exact(phase.target or 0.0)
    ends = f"start {amount_text(phase.start or 0)} and target {dose_text(phase.target or 0)}"
    if not phase.has_ladder:
        if start != target:
            raise UserError(f"{ends} differ, but there is no step between them, such as '+0.5 mg'")
        return
    step = step_text(phase.step, phase.factor)
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
