from __future__ import annotations

import datetime
from typing import Any

import pytest

from ldnsim.errors import UserError
from ldnsim.regimen import Regimen

LADDER = "1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for 26 wk, then stop for 26 wk"
RELATIVE = "1/8 of target nightly at 22:00, +1/8 of target every 14 d to 4.5 mg, for 26 wk"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("target", "3 mg", LADDER.replace("4.5 mg", "3 mg")),
        ("dose", "6 mg", LADDER.replace("4.5 mg", "6 mg")),
        ("start", "0.5 mg", "0.5" + LADDER[3:]),
        ("step", "0.5 mg", LADDER.replace("+1.5", "+0.5")),
        ("interval", "14 d", LADDER.replace("7 d", "14 d")),
        ("interval", datetime.timedelta(hours=72), LADDER.replace("7 d", "3 d")),
        ("every", "12 h", LADDER.replace("nightly", "every 12 h")),
        ("at", "08:00", LADDER.replace("nightly at 22:00", "daily at 08:00")),
        ("duration", "12 wk", LADDER.replace("for 26 wk, then", "for 12 wk, then")),
        ("phases.0.duration", "12 wk", LADDER.replace("for 26 wk, then", "for 12 wk, then")),
        ("phases.1.duration", "4 wk", LADDER.replace("stop for 26 wk", "stop for 4 wk")),
        ("hold", "4 wk", LADDER.replace("for 26 wk, then", "hold 4 wk, then")),
        ("first_hold", "3 d", LADDER.replace(", +", ", hold 3 d first, +")),
        ("formulation", "SR", LADDER.replace(", +", ", slow release, +")),
    ],
)
def test_one_field_is_changed(path: str, value: Any, expected: str) -> None:
    assert str(Regimen.parse(LADDER).with_field(path, value)) == expected


def test_relative_ladder_stays_relative_over_a_sweep_of_targets() -> None:
    regimen = Regimen.parse(RELATIVE)
    for target in ("1 ng", "1 ug", "50 mg"):
        assert str(regimen.with_field("target", target)) == RELATIVE.replace("4.5 mg", target)


def test_start_and_target_of_a_constant_dose_move_together() -> None:
    constant = Regimen.parse("3 mg nightly, for 2 wk")
    assert constant.with_field("start", "1 mg") == constant.with_field("target", "1 mg")
    assert str(constant.with_field("dose", "1 mg")) == "1 mg nightly at 22:00, for 2 wk"


def test_target_below_an_absolute_start_recommends_a_relative_start() -> None:
    with pytest.raises(UserError, match="'1/8 of target") as caught:
        Regimen.parse(LADDER).with_field("target", "1 mg")
    assert "start 1.5 mg" in str(caught.value)
    assert "target 1 mg" in str(caught.value)


def test_ladder_fields_find_the_phase_with_the_ladder() -> None:
    regimen = Regimen.parse("placebo for 2 wk, then " + LADDER)
    assert regimen.with_field("interval", "14 d").phases[1].interval == 14 * 24
    assert regimen.with_field("target", "3 mg").phases[1].target == 3
    assert regimen.with_field("duration", "3 wk").phases[0].duration == 3 * 168


@pytest.mark.parametrize(
    ("text", "path", "value", "words"),
    [
        (LADDER, "intervall", "3 d", ["'intervall'", "'interval'"]),
        (LADDER, "phases.7.duration", "3 d", ["2 phases", "from 0"]),
        (LADDER, "phase.1.duration", "3 d", ["'phase.1.duration'"]),
        (LADDER, "factor", "x2", ["1.5 mg", "x2", "adds or multiplies"]),
        (LADDER, "target", "3 h", ["target = '3 h'", "got a time"]),
        ("3 mg nightly", "interval", "3 d", ["no titration ladder"]),
        ("stop for 2 wk", "target", "3 mg", ["no phase with doses"]),
    ],
)
def test_refusals(text: str, path: str, value: str, words: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        Regimen.parse(text).with_field(path, value)
    for word in words:
        assert word in str(caught.value)


def test_a_variant_of_a_named_regimen_says_so_and_drops_its_sources() -> None:
    variant = (
        Regimen.parse("registry_8_weeks").with_field("target", "3 mg").with_field("at", "8 am")
    )
    assert variant.name == "registry_8_weeks, target 3 mg, at 8 am"
    assert variant.sources == ()


def test_what_stays_is_kept_as_it_is_and_what_is_new_is_read() -> None:
    held = Regimen.parse("1 mg nightly, +1 mg every 7 d to 3 mg, hold 2 wk, then placebo for 1 wk")
    gone = held.with_fields({"step": None, "interval": None, "start": "3 mg"})
    assert str(gone) == "3 mg nightly at 22:00, for 2 wk, then placebo nightly at 22:00, for 1 wk"
    both = {"phases.1.start": "2 mg", "phases.1.target": "2 mg"}
    assert held.with_fields({"phases.1.kind": "doses", **both}).phases[1].start == 2
    blank = Regimen.parse("stop for 1 wk").with_field("kind", "placebo")
    assert str(blank) == "placebo nightly at 22:00, for 1 wk"
    for field in ("start", "every", "at", "interval"):
        with pytest.raises(UserError, match=field):
            held.with_field(field, 22.0)
