from __future__ import annotations

import datetime
import tomllib

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, ValidationError

from ldnsim.errors import UserError
from ldnsim.regimen import Phase, Regimen

from .strategies import regimens

CANONICAL = [
    "0.5 mg nightly at 22:00, +0.5 mg every 14 d to 4.5 mg, for 26 wk, then stop for 26 wk",
    "1/8 of target nightly at 22:00, +1/8 of target every 14 d to 4.5 mg, for 26 wk",
    "1 ug daily at 08:00, x2 every 3 mo to 4.5 mg, hold 12 wk",
    "4.5 mg nightly at 23:30, -0.5 mg every 7 d to 1.5 mg, for 10 wk, then placebo nightly at "
    "22:00, for 2 wk",
    "50 ng every 6 h at 22:00, slow release, hold 4 wk first, /3 every 5 d to 1 ng, for 12 wk",
    "3 mg every 2 d at 22:00, for 12 wk",
    "stop for 26 wk",
]


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_text_is_kept(text: str) -> None:
    assert str(Regimen.parse(text)) == text


@given(regimens())
@settings(max_examples=150, deadline=None)
def test_text_and_dumps_read_back_as_the_same_regimen(regimen: Regimen) -> None:
    assert Regimen.parse(str(regimen)) == regimen
    assert eval(repr(regimen)) == regimen
    assert Regimen.model_validate(regimen.model_dump()) == regimen
    assert Regimen.model_validate_json(regimen.model_dump_json()) == regimen


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("4.5MG Nightly", "4.5 mg nightly at 22:00, for 12 wk"),
        ("4.5 mg at bedtime at 11:30 PM for 2 wk", "4.5 mg nightly at 23:30, for 2 wk"),
        ("50 mg once daily at 08:00", "50 mg daily at 08:00, for 12 wk"),
        ("4.5 mg/day at 8 am", "4.5 mg daily at 08:00, for 12 wk"),
        ("1 mg bid in the morning", "1 mg every 12 h at 08:00, for 12 wk"),
        ("1 mg twice a day at 7:30 for 3 d", "1 mg every 12 h at 07:30, for 3 d"),
        ("3 mg on alternate nights", "3 mg every 2 d at 22:00, for 12 wk"),
        ("3 mg every other day", "3 mg every 2 d at 22:00, for 12 wk"),
        ("3 mg every 48 h SR", "3 mg every 2 d at 22:00, slow release, for 12 wk"),
        ("300 µg morning", "0.3 mg daily at 08:00, for 12 wk"),
        ("20 mcg nightly", "20 ug nightly at 22:00, for 12 wk"),
        (
            "0.5 mg, +0.5 mg to 3 mg weekly",
            "0.5 mg nightly at 22:00, +0.5 mg every 7 d to 3 mg, hold 12 wk",
        ),
        (
            "10% of target nightly × 2 every month up to 4 mg",
            "1/10 of target nightly at 22:00, x2 every 1 mo to 4 mg, hold 12 wk",
        ),
        (
            "4 mg nightly −1 mg every 7 d down to 1 mg first step after 3 d",
            "4 mg nightly at 22:00, hold 3 d first, -1 mg every 7 d to 1 mg, hold 12 wk",
        ),
        (
            "target/4 nightly, +target/4 every 7 d to 4 mg for 8 wk; stop for 1 wk.",
            "1/4 of target nightly at 22:00, +1/4 of target every 7 d to 4 mg, for 8 wk, then "
            "stop for 1 wk",
        ),
        ("placebo for 12 wk", "placebo nightly at 22:00, for 12 wk"),
        ("stop", "stop for 12 wk"),
        ("4.5 mg nightly hold for 3 wk", "4.5 mg nightly at 22:00, for 3 wk"),
    ],
)
def test_ways_of_writing(text: str, canonical: str) -> None:
    assert str(Regimen.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5 mg nightly, +0.5 mg every 14 d to 4.5 mg", ["start 5 mg", "4.5 mg", "+0.5 mg", "sign"]),
        ("0.5 mg nightly, -0.5 mg every 14 d to 4.5 mg", ["below the target", "-0.5 mg"]),
        ("0.5 mg nightly, /2 every 14 d to 4.5 mg", ["below the target", "/2"]),
        ("0.5 mg nightly, x1 every 14 d to 4.5 mg", ["never changes"]),
        ("0.5 mg nightly, +0 mg every 14 d to 4.5 mg", ["never changes"]),
        ("1 ng nightly, +1 ng every 14 d to 4.5 mg", ["more than 1000 steps"]),
        ("0.5 mg nightly, +0.5 mg to 4.5 mg", ["no interval", "every 14 d"]),
        ("0.5 mg nightly, +0.5 mg every 7 d", ["target dose is missing"]),
        ("0.5 mg nightly, to 4.5 mg", ["start 0.5 mg", "target 4.5 mg", "no step"]),
        ("0.5 mg nightly, hold 4 wk first", ["first_hold = '4 wk'", "no step"]),
        ("1/8 of target nightly", ["target", "1/8 of target", "expected a mass"]),
        ("4.5 mg nightly for 0 wk", ["duration = '0 wk'", "at least one minute"]),
        ("4.5 mg nightly for 12 h", ["12 h", "first dose at 22:00"]),
        ("4.5 mg nightly for 3 wk, hold 2 wk", ["'3 wk'", "'2 wk'", "both given"]),
        ("4.5 mg nightly at 22:00 at 08:00", ["'at' is given twice", "at 22:00", "at 08:00"]),
        ("4.5 mg nightly every 6 h", ["'every' is given twice", "nightly", "every 6 h"]),
        ("4.5 mg nightly at 08:00", ["nightly", "at 08:00", "daily at 08:00"]),
        ("4.5 mg morning and bedtime", ["cannot read 'and bedtime'"]),
        ("4.5 mg morning, bedtime", ["both given", "every 12 h at 08:00"]),
        ("4.5 mg nightly at 25:00", ["at = '25:00'", "a time of day"]),
        ("4.5 mg nightly at 22", ["at 22:00"]),
        ("4.5 h nightly", ["start = '4.5 h'", "a mass", "got a time"]),
        ("4.5 mg every 3 mg", ["every = '3 mg'", "a time", "got a mass"]),
        ("4.5 mg nigtly", ["cannot read 'nigtly'", "did you mean 'nightly'"]),
        ("0,5 mg nightly", ["decimal comma", "0.5 mg"]),
        ("4.5 mg nightly, then stop", ["phase 1", "no duration", "for 12 wk"]),
        ("4.5 mg nightly for 2 wk then then stop", ["a phase is empty"]),
        ("nightly at 22:00", ["there is no dose"]),
        ("0 mg nightly", ["start = '0 mg'", "placebo"]),
        ("5 g nightly", ["5000 mg", "unit"]),
        ("placebo nightly, +1 mg every 7 d to 3 mg", ["placebo", "no drug"]),
        ("stop, +1 mg every 7 d to 3 mg", ["stop", "no doses"]),
        ("1/0 of target nightly, +1 mg every 7 d to 3 mg", ["'1/0'", "below the line"]),
        ("standrd", ["protocol 'standrd'", "did you mean 'standard'"]),
        ("4.5 mg every 1 min for 2000 wk", ["more than a million doses"]),
        ("", ["a phase is empty"]),
    ],
)
def test_contradictions_are_refused_with_the_values_and_a_remedy(
    text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        Regimen.parse(text)
    for word in words:
        assert word in str(caught.value)


def test_structured_fields_give_the_same_regimen() -> None:
    text = "0.5 mg nightly at 22:00, +0.5 mg every 14 d to 4.5 mg, for 26 wk, then stop for 26 wk"
    toml = """
    name = "titrated"
    [[phases]]
    start = "0.5 mg"
    step = "0.5 mg"
    interval = "14 d"
    target = "4.5 mg"
    at = 22:00:00
    duration = "26 wk"
    [[phases]]
    kind = "stop"
    duration = "26 wk"
    """
    assert Regimen.parse(tomllib.loads(toml)) == Regimen.parse(text)
    assert Regimen.parse({"name": "x", "phases": text}).name == "x"


def test_one_phase_may_be_written_flat() -> None:
    flat = {"target": "4.5 mg", "at": datetime.time(8, 30), "duration": "3 wk"}
    assert str(Regimen.parse(flat)) == "4.5 mg daily at 08:30, for 3 wk"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"targt": "3 mg"}, ["'targt'", "'target'"]),
        ({"phases": [{"durations": "3 wk"}]}, ["'durations'", "'duration'"]),
        ({"phase": []}, ["'phase'", "'phases'"]),
        ({"phases": ["3 mg nightly"], "titel": ""}, ["'titel'", "'title'"]),
        ({"phases": []}, ["at least one phase"]),
        ({"start": "3 mg", "formulation": "XR"}, ["formulation = 'XR'", "'IR'", "'SR'"]),
        ({"start": "3 mg", "target": "3 mg", "interval": "3 d"}, ["interval = '3 d'", "no step"]),
        ({"start": "1 mg", "target": "3 mg", "step": "1 mg", "factor": 2}, ["'1 mg'", "'x2'"]),
        ({"start": "3 mg", "duration": "-5 h"}, ["duration = '-5 h'", "at least one minute"]),
        ({"kind": "placebo", "start": "3 mg"}, ["placebo", "no drug"]),
        ({"start": "3 mg", "factor": "x0", "interval": "24 h"}, ["factor = 'x0'", "x2"]),
    ],
)
def test_structured_mistakes_name_the_nearest_field(fields: object, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        Regimen.parse(fields)  # type: ignore[arg-type]
    for word in words:
        assert word in str(caught.value)


def test_text_validates_inside_other_models() -> None:
    class Study(BaseModel):
        regimen: Regimen
        phase: Phase

    study = Study.model_validate({"regimen": "standard", "phase": "3 mg nightly for 2 wk"})
    assert study.regimen.name == "standard"
    assert study.phase.duration == 14 * 24
    with pytest.raises(ValidationError, match="did you mean 'nightly'"):
        Study.model_validate({"regimen": "3 mg nigtly", "phase": "3 mg nightly"})
    kinds = [part.get("type") for part in Study.model_json_schema()["$defs"]["Regimen"]["anyOf"]]
    assert kinds == ["string", "object", "object"]


def test_labels_do_not_count_in_equality() -> None:
    named = Regimen.parse({"phases": "3 mg nightly for 2 wk", "name": "a"})
    plain = Regimen.parse("3 mg nightly for 2 wk")
    assert named == plain
    assert hash(named) == hash(plain)
    assert named != Regimen.parse("3 mg nightly for 3 wk")
