"""Rules of a regimen: how they are written, refused, and what they decide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.regimen import Phase, Regimen
from ldnsim.regimen.condition import Condition
from ldnsim.regimen.guided import UNITS, Course, Decision, Guide, adjuncts
from ldnsim.regimen.rule import Rule

BASE = "0.5 mg nightly at 22:00, every 14 d "
WHOLE = (
    "0.5 mg nightly, every 2 wk +0.5 mg if dreams < 2 and burden < 3 else hold, "
    "down 0.5 mg if burden > 5, to 4.5 mg, for 26 wk"
)
CANONICAL = [
    BASE + "+0.5 mg if dreams < 2 and burden < 3, -0.5 mg if burden > 5, else hold, to 4.5 mg, "
    "for 26 wk",
    BASE + "+1/9 of target if burden < 3, /2 at once if burden > 5, to 4.5 mg, not below 50 ug, "
    "for 26 wk, then stop for 4 wk",
    "1 ug nightly at 22:00, first visit after 4 wk, every 7 d x2 if burden < 1, to 4.5 mg, "
    "for 26 wk",
    "4.5 mg nightly at 22:00, every 28 d take at 08:00 if insomnia > 3, take every 2 d if "
    "dreams > 4, add ketotifen if mast_activation > 2, stop if relief < 30 % and weeks >= 12, "
    "to 4.5 mg, for 26 wk",
    "1 mg nightly at 22:00, every 14 d decided by own.py:rule, to 4.5 mg, for 26 wk",
]


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_text_of_rules_is_kept(text: str) -> None:
    regimen = Regimen.parse(text)
    assert str(regimen) == text
    assert Regimen.model_validate_json(regimen.model_dump_json()) == regimen
    assert eval(repr(regimen)) == regimen
    assert hash(regimen) == hash(Regimen.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "0.5 mg nightly, for 26 wk, to 4.5 mg, every 2 wk raise by 0.5 mg if dreams below 2 and "
        "burden under 3, otherwise hold, lower the dose by 0.5 mg if burden is above 5",
    ],
)
def test_what_people_write_is_the_same_regimen(text: str) -> None:
    assert str(Regimen.parse(text)) == CANONICAL[0]


def test_fields_in_full_are_the_same_regimen() -> None:
    fields = {
        "start": "0.5 mg", "target": "4.5 mg", "duration": "26 wk", "visits": "14 d",
        "rules": ["+0.5 mg if dreams < 2 and burden < 3", "-0.5 mg if burden > 5", "hold"],
    }  # fmt: skip
    assert Regimen.parse(fields) == Regimen.parse(WHOLE)


def test_single_fields_are_changed_as_of_any_regimen() -> None:
    found = Regimen.parse(WHOLE).with_fields({"start": "1 mg", "target": "3 mg", "visits": "7 d"})
    assert str(found).startswith("1 mg nightly at 22:00, every 7 d +0.5 mg if")
    assert found.phases[0].target == 3.0
    with pytest.raises(UserError, match="no phase with rules"):
        Regimen.parse("4.5 mg nightly").with_field("visits", "7 d")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + "+0.5 mg if burden < 2", "can only be 0.5 mg; write how far it may go"),
        (BASE + "+5 mg if burden < 2, to 4 mg", "steps past the limits"),
        (BASE + "+0 mg if burden < 2, to 4 mg", "never changes the dose"),
        (BASE + "x1 if burden < 2, to 4 mg", "never changes the dose"),
        (BASE + "+0.5 mg if burden, to 4 mg", "compared with nothing"),
        (BASE + "+0.5 mg if burden == 2, to 4 mg", "for equality"),
        (BASE + "+0.5 mg if max(burden) < 2, to 4 mg", "is no comparison"),
        (BASE + "+0.5 mg if 1 < 2, to 4 mg", "reads nothing of the patient"),
        (BASE + "+0.5 mg if burden <, to 4 mg", "cannot be read"),
        (BASE + "jump if burden < 2, to 4 mg", "'jump' is no action"),
        (BASE + "+0.5 mg at once else hold, to 4 mg", "needs a condition"),
        (BASE + "+0.5 mg if burden < 2, hold if burden < 2, to 4 mg", "can never act"),
        (BASE + "+0.5 mg if burden < 2, else hold, else stop, to 4 mg", "both given"),
        (BASE + "take at 22:00 if dreams > 2, to 4 mg", "22:00 already"),
        ("0.5 mg nightly, +0.5 mg if burden < 2, to 4 mg", "rules need visits"),
        ("0.5 mg nightly, every 2 wk +0.5 mg if burden < 2, to 4 mg, for 1 wk", "can ever act"),
        ("5 mg nightly, every 2 wk -0.5 mg if burden > 2, to 4 mg", "outside of what rules may"),
        ("0.5 mg nightly, +0.5 mg every 7 d, every 2 wk -0.5 mg if burden > 2, to 4 mg", "ladder"),
        ("stop, every 2 wk hold if burden > 2", "has no doses"),
        ("0.5 mg nightly, as tolerated", "or a rule, such as"),
        (
            BASE + "+0.5 mg if dose < 2 mg, -0.5 mg if dose >= 2 mg, to 4 mg",
            "for ever, whatever the patient: 1.5 mg -> 2 mg -> 1.5 mg",
        ),
    ],
)
def test_rules_that_cannot_be_are_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Regimen.parse(text)


def test_a_rule_after_one_without_condition_can_never_act() -> None:
    with pytest.raises(UserError, match=r"rule 2, '\+0.5 mg if burden < 2' can never act"):
        Regimen.parse(
            {"start": "0.5 mg", "target": "2 mg", "visits": "7 d",
             "rules": ["hold", "+0.5 mg if burden < 2"]}
        )  # fmt: skip


def values(**readings: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in readings.items()}


@given(st.floats(0, 10), st.floats(0, 10))
def test_conditions_say_what_python_says(dreams: float, burden: float) -> None:
    text = "not (dreams < 2 or burden >= 3) and 1 < burden + dreams * 2 <= 9"
    expected = not (dreams < 2 or burden >= 3) and 1 < burden + dreams * 2 <= 9
    assert Condition.parse(text).holds(values(dreams=dreams, burden=burden)).tolist() == [expected]


def test_conditions_read_units_and_never_hold_for_what_is_not_known() -> None:
    assert Condition.parse("relief > 30 % and dose <= 500 ug").numbers == (0.3, 0.5)
    assert Condition.parse("weeks >= 84 d or weeks_at_dose > 2 wk").numbers == (12.0, 2.0)
    assert not Condition.parse("pain < 5").holds(values(pain=np.nan)).any()
    assert Condition.parse("pain is at least 5 and mood below 2").text == "pain >= 5 and mood < 2"


def guide(text: str) -> Guide:
    return Guide(Regimen.parse(text).phases[0])


def decide(g: Guide, course: Course, time: float = 336.0, **readings: float) -> Decision:
    visit = np.ones(1, bool)
    code = g.act(course, g.match(values(**readings), visit, visit), time)
    return Decision(int(code[0]))


def test_the_first_rule_that_matches_acts() -> None:
    g = guide(WHOLE)
    course = Course.of(g.phase, 1, 0.0)
    assert decide(g, course, dreams=1.0, burden=1.0) is Decision.UP
    assert decide(g, course, dreams=3.0, burden=1.0) is Decision.HOLD
    assert decide(g, course, dreams=3.0, burden=6.0) is Decision.DOWN
    assert course.mg.tolist() == [0.5]
    # both conditions of an overlap hold: the one written first
    both = guide(BASE + "-0.1 mg if burden > 2, +0.5 mg if burden > 1, to 4.5 mg, not below 0.1 mg")
    assert decide(both, Course.of(both.phase, 1, 0.0), burden=3.0) is Decision.DOWN


def test_a_step_past_a_limit_is_shortened_and_then_none() -> None:
    g = guide("0.5 mg nightly, every 1 wk +3 mg if burden < 1, -3 mg if burden > 2, to 4.5 mg")
    course = Course.of(g.phase, 1, 0.0)
    moves = [decide(g, course, burden=b) for b in (0, 0, 0, 3, 3, 3)]
    assert moves == [
        Decision.UP, Decision.UP, Decision.AT_LIMIT, Decision.DOWN, Decision.DOWN,
        Decision.AT_LIMIT,
    ]  # fmt: skip
    assert course.mg.tolist() == [0.5]


@given(
    st.lists(st.booleans(), max_size=40), st.sampled_from(["0.1 mg", "0.7 mg", "1/900 of target"])
)
def test_steps_up_and_down_come_back_to_the_very_same_dose(ups: list[bool], step: str) -> None:
    moves = f"+{step} if burden < 1, -{step} if burden > 2"
    g = guide(f"2 mg nightly, every 1 wk {moves}, to 1000 mg")
    course, first = Course.of(g.phase, 1, 0.0), 2 * UNITS
    course.dose += 500 * UNITS  # room on both sides
    for up in [*ups, *[not u for u in ups]]:
        decide(g, course, burden=0.0 if up else 3.0)
    assert course.dose.tolist() == [first + 500 * UNITS]


def test_rules_that_act_at_once_are_asked_between_visits_and_others_are_not() -> None:
    g = guide(BASE + "+0.5 mg if burden < 3, -0.5 mg at once if burden > 5, to 4.5 mg")
    no, yes = np.zeros(1, bool), np.ones(1, bool)
    assert g.looks_daily
    assert g.match(values(burden=1.0), no, yes).tolist() == [0]
    assert g.match(values(burden=6.0), no, yes).tolist() == [2]
    assert g.match(values(burden=6.0), no, no).tolist() == [0]
    assert g.match(values(burden=6.0), yes, no).tolist() == [2]


def test_stops_intervals_clocks_and_adjuncts() -> None:
    g = guide(
        "4 mg nightly, every 4 wk take at 08:00 if insomnia > 3, take every 2 d if dreams > 4, "
        "add ketotifen if mood < 4, drop ketotifen if mood > 6, stop if burden > 8, to 4 mg"
    )
    course, calm = Course.of(g.phase, 1, 0.0), {"insomnia": 0, "dreams": 0, "mood": 5, "burden": 0}
    assert adjuncts(g.phase) == ("ketotifen",)
    assert decide(g, course, **calm) is Decision.HOLD
    assert decide(g, course, **{**calm, "insomnia": 4}) is Decision.CLOCK
    assert decide(g, course, **{**calm, "insomnia": 4}) is Decision.HOLD  # as it is already
    assert decide(g, course, **{**calm, "dreams": 5}) is Decision.INTERVAL
    assert decide(g, course, **{**calm, "mood": 3}) is Decision.ADD
    assert course.taken.tolist() == [[1]]
    assert decide(g, course, **{**calm, "mood": 7}) is Decision.DROP
    assert decide(g, course, **{**calm, "burden": 9}) is Decision.STOP
    assert (course.at.tolist(), course.every.tolist()) == ([480], [2880])
    assert course.stopped.all() and course.taken.tolist() == [[-1]]
    assert decide(g, course, **{**calm, "mood": 3}) is Decision.HOLD  # nothing after a stop


def test_a_function_sets_doses_within_the_limits() -> None:
    g = guide("1 mg nightly, every 1 wk decided by own.py:rule, to 4 mg, not below 0.5 mg")
    course = Course.of(g.phase, 5, 0.0)
    code = g.set_doses(course, np.array([2.0, 9.0, 0.1, np.nan, 0.0]), 168.0)
    assert course.mg.tolist() == [2.0, 4.0, 0.5, 1.0, 1.0]
    assert [Decision(c).name for c in code] == ["UP", "UP", "DOWN", "HOLD", "STOP"]
    assert course.stopped.tolist() == [False] * 4 + [True]


def test_visits_are_counted_from_the_start_of_the_phase() -> None:
    g = guide("1 mg nightly, first visit after 4 wk, every 1 wk +1 mg if burden < 1, to 4 mg")
    assert (g.visits(24.0, 24.0 + 7 * 168.0) / 168.0 - 1 / 7).tolist() == [4.0, 5.0, 6.0]
    assert g.is_visit(24.0, 24.0 + 7 * 168.0, 24.0 + 5 * 168.0)


def test_a_rule_is_told_as_it_is_read() -> None:
    for text in ("+0.5 mg if burden < 3", "/2 at once if burden > 5", "take every 2 d", "hold"):
        assert str(Rule.parse(text)) == text
    assert Phase.model_validate("1 mg nightly, for 4 wk").rules == ()


def test_the_number_of_a_rule_is_a_field() -> None:
    r = Regimen.parse(WHOLE)
    found = r.with_fields({"rules.1.burden": 1.5, "rules.2.burden": 4, "phases.0.visits": "7 d"})
    assert [str(rule) for rule in found.phases[0].rules] == [
        "+0.5 mg if dreams < 2 and burden < 1.5", "-0.5 mg if burden > 4.0", "hold",
    ]  # fmt: skip
    part = Regimen.parse(BASE + "stop if relief < 30 % and not (weeks < 12), to 0.5 mg")
    assert str(part.with_field("rules.1.relief", 0.2).phases[0].rules[0].when).startswith(
        "relief < 0.2 and not"
    )


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("rules.4.burden", "no rule 4 with a condition; the phase has 3 rules"),
        ("rules.3.burden", "no rule 3 with a condition"),
        ("rules.1.pain", "pain is compared with no number"),
        ("rules.burden", "not known"),
    ],
)
def test_a_number_that_no_rule_has_is_refused(field: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Regimen.parse(WHOLE).with_field(field, 1.0)
    with pytest.raises(UserError, match=r"no phase with rules|not known"):
        Regimen.parse("1 mg nightly").with_field(field, 1.0)


def test_what_is_unknown_is_neither_met_nor_its_opposite() -> None:
    nan = values(burden=np.nan, pain=3.0)
    for text in ("burden < 3", "not burden < 3", "not (burden < 3 and pain > 1)", "burden > 1 < 2"):
        assert not Condition.parse(text).holds(nan).any(), text
    assert Condition.parse("burden < 3 or pain > 1").holds(nan).all()
    assert Condition.parse("not (burden < 3 and pain > 9)").holds(nan).all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every 1 wk +0.5 mg if burden < 9, to 4.5 mg, for 3 wk", "start dose is missing"),
        (BASE + "+0.5 mg if dreams < 2, burden < 3, to 4 mg", "joined by 'and' or 'or', not by"),
        (BASE + "+0.5 mg if burden < 1,5, to 4 mg", "decimal comma"),
        (BASE + "+0.5 mg unless burden > 1, to 4 mg", "write 'if'"),
        (BASE + "+0.5 mg if burden < 3 to 4 mg", "needs a comma before it: ', to"),
        ("0.5 mg nightly, every 1 h +0.5 mg if burden < 3, to 4 mg", "expected a day or more"),
        ],
)  # fmt: skip
def test_slips_of_the_pen_are_told(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        Regimen.parse(text)


def test_names_of_files_keep_their_letters() -> None:
    r = Regimen.parse("1 MG nightly, every 1 wk Decided by my/Own.py:Rule_2, to 2 mg, for 4 wk")
    assert r.phases[0].decide == "my/Own.py:Rule_2"
    assert Regimen.parse(str(r)) == r
