"""What makes rules contradictory: each refusal shows the rule, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from ldnsim.errors import UserError
from ldnsim.regimen.formats import clock_text, dose_text, exact, span_text
from ldnsim.regimen.guided import UNITS, Course, Decision, Guide, least_mg, units
from ldnsim.regimen.plain import PlainPhase, resolve
from ldnsim.regimen.rule import Rule

DAY = 24.0
_LADDER = ("step", "factor", "interval", "first_hold", "hold")


def check_rules(phase: PlainPhase) -> None:
    """Refuse rules that contradict each other or the rest of their phase.

    Raises:
        UserError: naming the rule and the remedy.
    """
    if not phase.is_guided:
        for key in ("visits", "first_visit", "least"):
            if getattr(phase, key) is not None:
                raise UserError(
                    f"{key} is given, but no rule; an example is 'every 2 wk +0.5 mg if burden < 3'"
                )
        return
    _check_fields(phase)
    _check_amounts(phase)
    _check_order(phase.rules)
    for number, rule in enumerate(phase.rules, start=1):
        _check_rule(phase, number, rule)
    _check_for_ever(phase)


def _named(number: int, rule: Rule) -> str:
    return f"rule {number}, '{rule}'"


def _check_fields(phase: PlainPhase) -> None:
    if phase.rules and phase.decide is not None:
        raise UserError(
            f"rules and decide = '{phase.decide}' are both given: a function decides, or rules do"
        )
    for key in _LADDER:
        if getattr(phase, key) is not None:
            raise UserError(
                f"{key} is given together with rules: rules climb no fixed ladder; leave it out,"
                " and say how long the phase lasts with 'for 26 wk'"
            )
    if phase.visits is not None and phase.visits < DAY:
        raise UserError(
            f"visits = '{span_text(phase.visits)}': expected a day or more; what cannot wait for a"
            " visit acts 'at once', and is looked for every day"
        )
    if phase.visits is None:
        raise UserError(
            "rules need visits: say how often, such as 'every 2 wk +0.5 mg if burden < 3'"
        )
    first = phase.visits if phase.first_visit is None else phase.first_visit
    if phase.duration is not None and first >= phase.duration and not Guide(phase).looks_daily:
        raise UserError(
            f"the first visit is after {span_text(first)} and the phase lasts"
            f" {span_text(phase.duration)}: no rule can ever act"
        )


def _check_amounts(phase: PlainPhase) -> None:
    if phase.start is None or phase.target is None:
        raise UserError(
            "rules need the first dose and the largest, such as '0.5 mg nightly ... to 4.5 mg'"
        )
    least, most = least_mg(phase), exact(phase.target)
    if not least <= phase.start_mg <= most:
        raise UserError(
            f"the start {dose_text(float(phase.start_mg))} is outside of what rules may give,"
            f" {dose_text(float(least))} to {dose_text(float(most))}"
        )
    if units(least) < 1:
        raise UserError(f"least = '{dose_text(float(least))}': smaller than any dose")


def _check_order(rules: Sequence[Rule]) -> None:
    """Refuse rules that an earlier one always takes the turn of."""
    for number, rule in enumerate(rules, start=1):
        before = [r for r in rules[: number - 1] if r.at_once or not rule.at_once]
        taken = next((r for r in before if r.when is None or r.when == rule.when), None)
        if taken is not None:
            why = "always matches" if taken.when is None else "has the same condition"
            raise UserError(
                f"{_named(number, rule)} can never act: '{taken}' before it {why}, and the first"
                " that matches acts; put it later, or change its condition"
            )


def _check_rule(phase: PlainPhase, number: int, rule: Rule) -> None:
    if rule.when is not None and rule.when.always():
        raise UserError(f"{_named(number, rule)}: its condition reads nothing of the patient")
    if rule.do == "factor" and rule.value == Fraction(1):
        raise UserError(f"{_named(number, rule)} never changes the dose")
    if rule.do == "step":
        _check_step(phase, number, rule)
    if rule.do == "every" and phase.days is not None:
        raise UserError(
            f"{_named(number, rule)}: doses are on named days, so their interval cannot change"
        )
    if rule.do in ("every", "at"):
        known = phase.every if rule.do == "every" else phase.at
        others = [r for r in phase.rules if r.do == rule.do and r.value != rule.value]
        if rule.value == known and not others:
            words = span_text(known) if rule.do == "every" else clock_text(known)
            raise UserError(f"{_named(number, rule)} can never act: doses are {words} already")
    if rule.do == "drop" or rule.do == "add":
        twin = [r for r in phase.rules if r.do == rule.do and r.value == rule.value]
        if len(twin) > 1 and len({r.when for r in twin}) == 1:
            raise UserError(f"{_named(number, rule)} is given twice")


def _check_step(phase: PlainPhase, number: int, rule: Rule) -> None:
    step = resolve(rule.value, phase.target)  # type: ignore[arg-type]
    least, most = least_mg(phase), exact(phase.target or 0.0)
    if step == 0:
        raise UserError(f"{_named(number, rule)} never changes the dose")
    room = most - least
    if abs(step) > room:
        ends = f"from {dose_text(float(least))} to {dose_text(float(most))}"
        raise UserError(
            f"{_named(number, rule)} steps past the limits: a step of"
            f" {dose_text(float(abs(step)))}, and doses {ends}; write a smaller step, or other"
            " limits with 'to' and 'not below'"
        )


def _check_for_ever(phase: PlainPhase, visits: int = 400) -> None:
    """Refuse rules in which no patient has a say, and that go up and down for ever."""
    guide = Guide(phase)
    if phase.decide is not None or not set(guide.reads) <= {"dose"}:
        return
    course, seen = Course.of(phase, 1, 0.0), []
    for k in range(visits):
        seen.append(int(course.dose[0]))
        visit = np.ones(1, bool)
        matched = guide.match({"dose": course.mg}, visit, visit)
        if guide.act(course, matched, float(k))[0] not in (Decision.UP, Decision.DOWN):
            return
        if int(course.dose[0]) in seen:
            cycle = [*seen[seen.index(int(course.dose[0])) :], int(course.dose[0])]
            words = " -> ".join(dose_text(d / UNITS) for d in cycle)
            raise UserError(
                f"these rules go up and down for ever, whatever the patient: {words}; leave a gap"
                " between the condition to go up and that to go down"
            )
