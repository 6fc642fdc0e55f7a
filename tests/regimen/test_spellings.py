"""Inputs that were read wrong once, and their siblings at every entrance: text, fields, changes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ldnsim.errors import UserError
from ldnsim.regimen import Adherence, Phase, Regimen

NIGHT = "1 mg nightly at 22:00"
BASE = {"start": "0.5 mg", "target": "4.5 mg", "step": "0.5 mg", "interval": "14 d"}


def mg(text: str) -> list[float]:
    return list(dict.fromkeys(Regimen.parse(text).doses().amount_mg.tolist()))


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        (".5 mg nightly for 2 d", [0.5]),
        (".25mg nightly", [0.25]),
        ("1 mg nightly for 1 wk, then .5 mg nightly for 1 wk", [1, 0.5]),
        ("at 8 am .5 mg", [0.5]),
        ("at 21:40,450 mcg", [0.45]),
        ("at 7:30,200000NG", [0.2]),
        ("7:30,200000NG", [0.2]),
        ("1 ml of 0.5 mg/ml nightly", [0.5]),
        ("0.5 mL of a 1 mg/mL solution at bedtime", [0.5]),
        ("1 capsule of 4.5 mg qhs", [4.5]),
        ("Take one 4.5 mg tablet by mouth at bedtime.", [4.5]),
        ("0.1 ml of 1 mg/ml qhs, +0.1 ml of 1 mg/ml q7d to 0.3 ml of 1 mg/ml", [0.1, 0.2, 0.3]),
    ],
)
def test_doses_as_they_are_written(text: str, amounts: list[float]) -> None:
    assert mg(text) == amounts


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("4.5 mg po qhs", "4.5 mg nightly at 22:00, for 12 wk"),
        ("4.5 mg nocte x 7 d", "4.5 mg nightly at 22:00, for 1 wk"),
        ("4.5 mg mane x 7 days", "4.5 mg daily at 08:00, for 1 wk"),
        ("1.5 mg q 8 h at 6 am for 7 days", "1.5 mg every 8 h at 06:00, for 1 wk"),
        ("3 mg q.o.d.", "3 mg every 2 d at 22:00, for 12 wk"),
        ("1 mg, x2 every 3 mo to 4 mg", f"{NIGHT}, x2 every 3 mo to 4 mg, hold 12 wk"),
        (
            "1 mg x2 q7d to 4 mg hold 1 d first step after 3 d",
            f"{NIGHT}, hold 3 d first, x2 every 7 d to 4 mg, hold 1 d",
        ),
        ("1 mg double every week to 4 mg", f"{NIGHT}, x2 every 7 d to 4 mg, hold 12 wk"),
        ("1 mg halve every 2 wk to .5 mg", f"{NIGHT}, /2 every 14 d to 0.5 mg, hold 12 wk"),
        ("3 mg nightly Mon/Wed/Fri", "3 mg nightly at 22:00 on Mon, Wed and Fri, for 12 wk"),
        ("3 mg on Mondays and Thursdays", "3 mg nightly at 22:00 on Mon and Thu, for 12 wk"),
        ("1 mg weekdays", f"{NIGHT} on Mon, Tue, Wed, Thu and Fri, for 12 wk"),
        ("1 mg qhs, nights off Sat/Sun", f"{NIGHT} on Mon, Tue, Wed, Thu and Fri, for 12 wk"),
        ("3 mg qhs, Fri to Sun off", "3 mg nightly at 22:00 on Mon, Tue, Wed and Thu, for 12 wk"),
        (
            "stop for 3 d, starting on a Thursday, then 3 mg Sat mornings for 2 wk",
            "stop for 3 d, starting on Thu, then 3 mg daily at 08:00 on Sat, for 2 wk",
        ),
    ],
)  # fmt: skip
def test_prescriptions_of_pharmacies_and_clinics(text: str, canonical: str) -> None:
    regimen = Regimen.parse(text)
    assert str(regimen) == canonical
    assert Regimen.parse(canonical) == regimen


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4.5 gr nightly", ["'gr'", "mg"]),
        ("4.5 ct nightly", ["'ct'", "mg"]),
        ("4.5 mg nightly for 1 year", ["52 wk", "365 d"]),
        ("4.5 mg nightly for 1 century", ["'century'"]),
        ("1,5 mg nightly", ["decimal comma", "'1.5 mg'"]),
        ("4,5mg nightly", ["decimal comma", "'4.5mg'"]),
        ("4.5 mg nightly for 1,5 wk", ["'1.5 wk'"]),
        ("12,5 % of target, +1 mg every 7 d to 3 mg", ["'12.5 %'"]),
        ("1 mg nightly x1,5 every 7 d to 4 mg", ["'1.5'"]),
        ("1,000 ug nightly", ["'1.000 ug'", "'1000 ug'"]),
        ("1e99999999 of target nightly, +1 mg every 7 d to 3 mg", ["two digits"]),
        ("1e9 of target nightly, +1 mg every 7 d to 3 mg", ["up to 1 g"]),
        ("9**9**9 mg nightly", ["cannot read"]),
        ("4.5 mg nightly for 1e-320 h", ["two digits"]),
        ("4.5 mg nightly for 0 d", ["at least one minute"]),
        ("4.5 mg nightly for 1 wk then stop for 99999999 wk", ["99999999 wk", "5200 wk"]),
        ("1 mg, x2 every 5000 wk to 8 mg", ["15012 wk", "5200 wk"]),
        ("4.5 mg every 1 min for 5000 wk", ["more than a million doses"]),
        ("0.5 mg nightly, +0.5 mg every 7 d to 1001 mg", ["target = '1001 mg'", "up to 1 g"]),
        ("300 of target, -1/8 of target every 7 d to 4 mg", ["start = '1200 mg'", "up to 1 g"]),
        ("3 ml of 400 mg/ml nightly", ["1200 mg", "up to 1 g"]),
        ("1 mg nightly x 7", ["'x 7'", "for 7 d"]),
        ("4.5 mg 5 nights a week", ["which days", "on Mon, Wed and Fri"]),
        ("4.5 mg qhs, 2 nights off per week", ["which days"]),
        ("4.5 mg three times a week", ["which days"]),
        ("4.5 mg 5 days on, 2 days off", ["which days"]),
        ("4.5 mg nightly as tolerated", ["who says what is tolerated"]),
        ("4.5 mg p.r.n.", ["who says what is tolerated"]),
        ("3-4.5 mg nightly", ["a range"]),
        ("3 mg-4.5 mg nightly", ["a range"]),
        ("4.5 mg nightly for 1 to 2 weeks", ["a range"]),
        ("two 4.5 mg tablets nightly", ["whole dose by weight"]),
        ("1 ml nightly", ["strength", "1 ml of 0.5 mg/ml"]),
        ("4.5 mg at 22.30", ["at 22:00"]),
        ("4.5 mg bid at 08:00 and 20:00", ["every 12 h at 08:00"]),
        ("1 mg Mon-Wed-Fri", ["Mon/Wed/Fri"]),
        ("1 mg every 2 d on Mon", ["every = '2 d'", "days = 'Mon'"]),
        ("1 mg nightly starting on Wed", ["start_day = 'Wed'", "named days"]),
        ("1 mg Sat for 3 d", ["before its first dose", "Sat"]),
        ("1 mg Sat for 1 wk, then 2 mg Sat starting on Wed", ["first phase"]),
        ("1 mg, +1 mg to 4 mg every 3 d every 7 d", ["interval of doses first"]),
        ("stop for 2 wk at 08:00", ["'at'", "no doses"]),
        ("٤ mg nightly", ["cannot read"]),
        ("9" * 19_000 + " mg nightly", ["more than 40 digits"]),
        ("1 mg nightly, " + "x " * 9_000, ["'x x"]),
        ("1 mg nightly, " + "po " * 9000, ["at most 20,000"]),
    ],
)
def test_what_is_ambiguous_or_wrong_is_refused_with_the_form_to_use(
    text: str, words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        Regimen.parse(text)
    for word in words:
        assert word in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("target", "4,5 mg", ["4.5 mg"]),
        ("target", "1e99999999 mg", ["exponent"]),
        ("target", "4.5 gr", ["'gr'"]),
        ("target", 4.5, ["no unit", "'4.5 mg'"]),
        ("target", True, ["'4.5 mg'"]),
        ("start", 0.5, ["no unit", "'0.5 mg'"]),
        ("start", "1e99999999 of target", ["start"]),
        ("step", "−0.5 mg", ["start 0.5 mg", "-0.5 mg", "leads away"]),
        ("step", "1500 mg", ["up to 1 g"]),
        ("interval", 2, ["no unit", "'2 h'"]),
        ("interval", "1,5 wk", ["1.5 wk"]),
        ("interval", "1 year", ["52 wk"]),
        ("every", 24, ["no unit", "'24 h'"]),
        ("every", "1e-9 h", ["at least one minute"]),
        ("duration", "1,5 wk", ["1.5 wk"]),
        ("duration", "9**9**9 h", ["duration"]),
        ("duration", "1e12 h", ["at most 5200 wk"]),
        ("start", "1" * 50_000 + " of target", ["more than 40 digits"]),
        ("duration", "1." + "1" * 50_000 + " h", ["more than 40 digits"]),
        pytest.param("duration", 10**5000, ["duration"], id="digits"),
        ("duration", "-3 d", ["at least one minute"]),
        ("at", 22.30, ["'22:30'"]),
        ("at", 22, ["'22:00'"]),
        ("at", "22.30", ["'22:30'"]),
        ("at", datetime.time(22, 0, 30), ["time of day"]),
        ("at", "24:00", ["time of day"]),
        ("factor", "x1,5", ["factor"]),
        ("factor", float("nan"), ["factor"]),
        ("factor", "1e999", ["factor"]),
        ("days", "Mon-Wed-Fri", ["Mon/Wed/Fri"]),
        ("days", 0, ["days of the week"]),
        ("days", ["Mon", "Monday"], ["named twice"]),
        ("days", [], ["days of the week"]),
        ("days", "except Mon to Sun", ["no day is left"]),
        ("start_day", 2, ["'Wed'"]),
        ("start_day", "Wed", ["named days"]),
    ],
)  # fmt: skip
def test_fields_are_as_strict_as_text(field: str, value: Any, words: list[str]) -> None:
    for refused in (
        lambda: Regimen.parse({**BASE, field: value}),
        lambda: Regimen.parse(BASE).with_field(field, value),
    ):
        with pytest.raises(UserError) as caught:
            refused()
        for word in words:
            assert word in str(caught.value)


def test_a_unicode_minus_is_a_minus() -> None:
    down = {"start": "4.5 mg", "target": "1.5 mg", "step": "−0.5 mg", "interval": "7 d"}
    assert Regimen.parse(down).phases[0].step == -0.5
    assert Phase.model_validate({**down, "step": "−1/9 of target"}).step_mg < 0


def test_named_days_follow_the_start_day_over_all_phases() -> None:
    fields = {"phases": "stop for 3 d, then 1 mg Mon/Thu at 8 am for 2 wk", "start_day": "Wed"}
    regimen = Regimen.parse(fields)
    # day 0 is a Wednesday, so Mondays are days 5, 12 and Thursdays 1, 8, 15; days 3 to 16 count
    assert (regimen.doses().time_h / 24 // 1).tolist() == [5, 8, 12, 15]
    assert regimen == Regimen.parse(str(regimen))
    assert regimen != Regimen.parse(str(regimen).replace("Wed", "Tue"))
    assert (regimen.with_field("start_day", "Mon").doses().time_h // 24).tolist() == [3, 7, 10, 14]
    assert regimen.with_field("phases.1.days", ["Sun"]).phases[1].days == (6,)
    with pytest.raises(UserError, match="given twice"):
        Regimen.parse({"phases": str(regimen), "start_day": "Wed"})


def test_several_doses_a_day_on_named_days() -> None:
    doses = Regimen.parse("1 mg bid on Tue and Sun at 9 am for 1 wk").doses()
    assert doses.time_h.tolist() == [33, 45, 153, 165]


def test_habits_are_numbers() -> None:
    for value in ("0.1", True):
        with pytest.raises(ValueError, match="p_missed"):
            Adherence(p_missed=value)  # type: ignore[arg-type]
