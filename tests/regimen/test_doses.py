from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.regimen import Regimen
from ldnsim.regimen.formats import exact

from .strategies import masses, regimens


def test_a_week_of_nights_gives_seven_doses() -> None:
    doses = Regimen.parse("4.5 mg nightly at 22:00 for 1 wk").doses()
    np.testing.assert_array_equal(doses.time_h, 22.0 + 24.0 * np.arange(7))
    np.testing.assert_array_equal(doses.amount_mg, 4.5)


def test_a_dose_exactly_at_the_end_is_not_given() -> None:
    at_midnight = Regimen.parse("1 mg every 6 h at 00:00 for 1 d").doses()
    np.testing.assert_array_equal(at_midnight.time_h, [0, 6, 12, 18])
    longer = Regimen.parse(
        {"start": "1 mg", "every": "6 h", "at": "0:00", "duration": "1441 min"}
    ).doses()
    np.testing.assert_array_equal(longer.time_h, [0, 6, 12, 18, 24])


def test_a_dose_exactly_at_a_step_boundary_is_given_at_the_new_step() -> None:
    doses = Regimen.parse("1 mg at 00:00, +1 mg every 3 d to 3 mg, for 9 d").doses()
    np.testing.assert_array_equal(doses.amount_mg, [1, 1, 1, 2, 2, 2, 3, 3, 3])
    np.testing.assert_array_equal(doses.step, [0, 0, 0, 1, 1, 1, 2, 2, 2])


def test_the_last_step_lands_on_the_target() -> None:
    doses = Regimen.parse("1 mg nightly, +2 mg every 1 d to 4.5 mg, for 4 d").doses()
    np.testing.assert_array_equal(doses.amount_mg, [1, 3, 4.5, 4.5])
    down = Regimen.parse("4 mg nightly, /3 every 1 d to 1 mg, for 4 d").doses()
    np.testing.assert_array_equal(down.amount_mg, [4, 4 / 3, 1, 1])


def test_first_hold_and_hold() -> None:
    regimen = Regimen.parse("1 mg nightly, hold 3 d first, x2 every 2 d to 4 mg, hold 2 d")
    np.testing.assert_array_equal(regimen.doses().amount_mg, [1, 1, 1, 2, 2, 4, 4])
    assert regimen.duration_h == 7 * 24


def test_later_phases_start_their_ladder_and_clock_afresh() -> None:
    text = "1 mg nightly for 36 h, then stop for 1 d, then 2 mg every 8 h at 08:00, SR, for 1 d"
    doses = Regimen.parse(text).doses()
    np.testing.assert_array_equal(doses.time_h, [22, 80])  # 36 h + 24 h; next 08:00 is hour 80
    np.testing.assert_array_equal(doses.phase, [0, 2])
    np.testing.assert_array_equal(doses.formulation, [0, 1])


def test_relative_ladder_scales_with_its_target() -> None:
    text = "1/8 of target nightly, +1/8 of target every 14 d to 4.5 mg, for 26 wk"
    one = Regimen.parse(text).doses().amount_mg
    two = Regimen.parse(text).with_field("target", "9 mg").doses().amount_mg
    np.testing.assert_allclose(two, 2 * one, rtol=1e-15)


def test_prescribed_dose_by_calendar_day() -> None:
    regimen = Regimen.parse("1 mg every 12 h at 20:00 for 2 d, then stop for 1 d")
    np.testing.assert_array_equal(regimen.doses().daily_mg(5), [1, 2, 0, 0, 0])
    np.testing.assert_array_equal(Regimen.parse("stop for 3 d").doses().daily_mg(2), [0, 0])


def test_whether_the_target_is_reached() -> None:
    text = "1 mg nightly, +1 mg every 7 d to 3 mg, for {}"
    assert not Regimen.parse(text.format("2 wk")).reaches_target
    assert Regimen.parse(text.format("15 d")).reaches_target


@given(regimens())
@settings(max_examples=60, deadline=None)
def test_doses_agree_with_a_walk_through_the_calendar(regimen: Regimen) -> None:
    expected = []
    begin = 0
    for phase in regimen.phases:
        end = begin + round(phase.length or 0)
        minute = begin + (round(phase.at * 60) - begin) % 1440
        while phase.kind != "stop" and minute < end:
            weekday = (minute // 1440 + regimen.start_day) % 7
            if phase.days is None or weekday in phase.days:
                expected.append((minute, _dose_at(phase, minute - begin)))
            minute += round(phase.every * 60)
        begin = end
    doses = regimen.doses()
    assert regimen.duration_h == begin / 60
    np.testing.assert_array_equal(np.rint(doses.time_h * 60), [m for m, _ in expected])
    np.testing.assert_allclose(doses.amount_mg, [float(d) for _, d in expected], rtol=1e-14)


def _dose_at(phase: object, elapsed: int) -> Fraction:
    """Climb step by step, as a person with a calendar would."""
    if phase.kind == "placebo":  # type: ignore[attr-defined]
        return Fraction(0)
    dose, target = phase.start_mg, exact(phase.target)  # type: ignore[attr-defined]
    if not phase.has_ladder or dose == target:  # type: ignore[attr-defined]
        return target
    up = dose < target
    interval = round(phase.interval * 60)  # type: ignore[attr-defined]
    due = interval if phase.first_hold is None else round(phase.first_hold * 60)  # type: ignore[attr-defined]
    while due <= elapsed and dose != target:
        factor = phase.factor  # type: ignore[attr-defined]
        dose = dose + phase.step_mg if factor is None else dose * factor  # type: ignore[attr-defined]
        dose = min(dose, target) if up else max(dose, target)
        due += interval
    return dose


@given(masses, st.integers(1, 60), st.integers(1, 40))
@settings(deadline=None)
def test_ladder_never_passes_its_target_and_ends_on_it(mg: float, share: int, days: int) -> None:
    fields = {"start": f"1/{share} of target", "step": "0.3 of target", "target": f"{mg!r} mg"}
    regimen = Regimen.parse({**fields, "interval": f"{days} d", "hold": "2 d"})
    amounts = regimen.doses().amount_mg
    assert amounts[-1] == mg
    assert (np.diff(amounts) >= 0).all()
    assert regimen.reaches_target


def test_rungs_tile_the_regimen() -> None:
    regimen = Regimen.parse("1 mg nightly, +1 mg every 7 d to 3 mg, for 26 d, then stop for 2 d")
    rungs = regimen.rungs()
    assert [(r.start_h / 24, r.end_h / 24, r.amount_mg) for r in rungs] == [
        (0, 7, 1),
        (7, 14, 2),
        (14, 26, 3),
        (26, 28, 0),
    ]


def test_html_shows_the_ladder_and_escapes_names() -> None:
    regimen = Regimen.parse({"phases": "1 mg nightly, +1 mg every 7 d to 3 mg", "name": "<b>"})
    html = regimen._repr_html_()
    assert "2 mg nightly at 22:00" in html
    assert "&lt;b&gt;" in html


def test_tables_are_read_only() -> None:
    doses = Regimen.parse("1 mg nightly").doses()
    with pytest.raises(ValueError, match="read-only"):
        doses.amount_mg[0] = 2.0
