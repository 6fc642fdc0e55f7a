"""Visits in odd places: arms side by side, several phases, pauses, other processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnsim.analysis.visits import idle_rules, visits_of
from ldnsim.errors import UserError
from ldnsim.regimen.guided import Decision
from ldnsim.runs.decided import Stopped
from ldnsim.sweep.study import Study

from .test_same_bits import assert_same
from .test_visits import FEW, study

AT_ONCE = "3 mg nightly, every 1 wk hold if burden > 9, -1 mg at once if burden > 8, to 3 mg"
TWO = (
    "0.5 mg nightly, every 1 wk +0.5 mg if burden < 9, to 1 mg, for 3 wk, then 1 mg nightly, "
    "every 1 wk hold if burden > 9, +1 mg if burden < 7, to 3 mg, for 3 wk"
)


def test_who_misses_doses_does_not_hang_on_other_arms() -> None:
    habits = {"adherence": {"p_missed": 0.1, "missed_per_burden": 0.5}}
    fixed = {"prescription": "4.5 mg nightly, for 4 wk", "name": "fixed"}
    other = {"prescription": f"{AT_ONCE}, not below 1 mg, for 4 wk", "name": "other"}
    alone = study([fixed], **habits).run()
    beside = study([fixed, other], **habits).run()
    own = beside["ledger_run"].values == 0
    assert (beside["ledger_status"].values[own] == alone["ledger_status"].values).all()
    assert (alone["ledger_status"].values == 2).any()


def test_rules_of_several_phases_are_counted_through() -> None:
    ds = study(TWO, horizon="6 wk").run()
    rules = json.loads(ds["visit_rule"].attrs["rules"])[int(ds["visit_rule_list"])]
    assert rules == ["+0.5 mg if burden < 9", "hold if burden > 9", "+1 mg if burden < 7"]
    rows = visits_of(ds)
    assert [(r.day, r.why) for r in rows] == [
        (7.0, rules[0]), (14.0, rules[0]), (28.0, rules[2]), (35.0, rules[2]),
    ]  # fmt: skip
    assert idle_rules(ds) == ["rule 2, 'hold if burden > 9'"]


def test_each_point_of_an_axis_has_its_own_rules() -> None:
    text = "1 mg nightly, every 1 wk +1 mg if burden < 0.5, to 4 mg, for 3 wk"
    axis = {"name": "level", "field": "regimen.rules.1.burden", "values": [0.0, 9.0]}
    ds = study(text, axes=[axis]).run()
    assert [r.why for r in visits_of(ds, {"level": 9.0})] == ["+1 mg if burden < 9.0"] * 2
    assert idle_rules(ds) == ["rule 1, '+1 mg if burden < 0.0'"]


def test_a_single_visit_can_be_told() -> None:
    ds = study("0.5 mg nightly, every 1 wk +0.5 mg if burden < 9, to 1 mg, for 2 wk").run()
    assert [(r.day, r.decision, r.dose) for r in visits_of(ds)] == [(7.0, "up", 1.0)]


def test_the_diary_of_two_days_running_shares_six_of_seven_errors() -> None:
    text = "1 mg nightly, every 30 d hold if pain > 9, -0.5 mg at once if pain > 9.9, to 1 mg"
    people = {"size": 64, "scale": 0.0}
    ds = study(
        f"{text}, not below 0.5 mg, for 3 wk", population=people, visits={"diary_sd": 0.5}
    ).run()
    told = ds["visit_pain"].transpose("patient", "visit").values.astype(float)
    error = told - told.mean(axis=0)
    sd = error.std(axis=0)
    # a mean of one day errs by the square root of seven more than that of a week
    assert sd[0] == pytest.approx(0.5 * np.sqrt(7.0), rel=0.25)
    assert sd[10:].mean() == pytest.approx(0.5, rel=0.2)
    along = [float(np.corrcoef(error[:, k], error[:, k + 1])[0, 1]) for k in range(8, 18)]
    assert np.mean(along) == pytest.approx(6.0 / 7.0, abs=0.1)


def test_shares_of_the_target_end_at_the_target() -> None:
    text = "1/7 of target nightly, every 1 wk +1/7 of target if burden < 9, to 4.5 mg, for 8 wk"
    ds = study(text).run()
    assert ds["visit_dose"].values[5] == 4.5 and int(ds["target_reached"]) == 1
    assert ds["visit_decision"].values[6] == Decision.AT_LIMIT


def test_another_interval_leaves_no_gap() -> None:
    text = "1 mg every 6 h at 22:00, every 1 wk take every 8 h if burden > -1, to 1 mg, for 2 wk"
    time = study(text).run()["ledger_planned_time"].values
    assert set(np.diff(time).round(6).tolist()) == {6.0, 8.0}


def test_nobody_stops_what_has_not_begun_or_pauses() -> None:
    text = (
        "stop for 2 wk, then 1 mg nightly for 2 wk, then stop for 2 wk, then 1 mg nightly for 2 wk"
    )
    people = {"size": 16, "scale": 0.3}
    stops = {"hazards": False, "lost_per_week": 0.3}
    ds = study(text, population=people, stopping=stops).run()
    at = ds["stopped_at"].values / 168.0
    gone = at[np.isfinite(at)]
    assert len(gone) and set(gone.tolist()) <= {3.0, 4.0, 7.0}
    everybody = study("1 mg nightly, for 3 wk", stopping={"hazards": False, "lost_per_week": 1.0})
    ds = everybody.run()
    assert (float(ds["stopped_at"]), int(ds["stopped_for"])) == (168.0, Stopped.RANDOM)
    left = [r for r in visits_of(ds) if r.decision == "left"]
    assert [(r.why, r.dose) for r in left] == [("random", 0.0)]


def test_a_rule_that_acted_at_once_at_a_visit_rests_as_well() -> None:
    text = "3 mg nightly, every 9 d hold if burden > 9, -0.5 mg at once if dose > 1 mg, to 3 mg"
    ds = study(f"{text}, not below 0.5 mg, for 4 wk", visits={"diary_sd": 0, "rest": "9 d"}).run()
    moved = ds["visit_day"].values[ds["visit_decision"].values == Decision.DOWN]
    assert moved.tolist() == [1.0, 9.0, 18.0, 27.0]


def test_an_adjunct_that_is_taken_already_is_not_begun() -> None:
    text = "1 mg nightly, every 1 wk add ketotifen if weeks >= 1, to 1 mg, for 3 wk"
    ds = study(text, modifiers={"adjuncts": ["ketotifen"]}).run()
    assert ds["visit_decision"].values.tolist() == [Decision.HOLD, Decision.HOLD]


def test_a_function_decides_in_other_processes_too(tmp_path: Path) -> None:
    (tmp_path / "Own.py").write_text("def Rule(dose):\n    return dose + 1.0\n")
    text = "1 mg nightly, every 1 wk decided by Own.py:Rule, to 4 mg, for 3 wk"
    data: dict[str, Any] = {
        "regimen": text, "output": FEW, "population": {"size": 9, "scale": 0.3},
        "solver": {"block": 8},
    }  # fmt: skip
    one = Study.build(data, folder=tmp_path)
    ds = one.run()
    assert (ds["visit_dose"].values == [2.0, 3.0]).all()
    assert visits_of(ds, {"patient": 0})[0].why == "decided by Own.py:Rule"
    assert_same(one.run(executor="dask", threads=2), ds)


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("1 mg nightly, for 4 wk", {"stopping": {"every": "20 wk"}}, "nobody would ever be seen"),
        ("1 mg nightly, for 4 wk", {"visits": {"recall": "3 d"}}, "no regimen has rules"),
        (AT_ONCE, {"visits": {"sha256": {"x.py": "0" * 64}}}, "decided by a function of 'x.py'"),
        (
            "1 mg nightly, every 2 wk hold if burden > 3, to 1 mg, for 4 wk",
            {"horizon": "10 d"}, "before the first visit",
        ),
        ("1 mg nightly, every 1 wk hold if pain > 30 %, to 1 mg", {}, "pain has no unit of share"),
        ("1 mg nightly, every 1 wk hold if dose > 2 wk, to 1 mg", {}, "dose has no unit of time"),
        ("1 mg nightly, every 1 wk hold if weeks > 3 mg, to 1 mg", {}, "weeks has no unit of mass"),
    ],
)  # fmt: skip
def test_what_would_do_nothing_or_means_nothing_is_refused(
    text: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        study(text, **more).run()


def test_conditions_with_arithmetic_are_not_taken_for_impossible() -> None:
    rule = "+0.5 mg if burden*2 > 0.8 and burden*2 < 0.9"
    assert study(f"1 mg nightly, every 1 wk {rule}, to 2 mg").plan().watch is not None
