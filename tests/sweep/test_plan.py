"""What a plan promises before anything is simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.runs.plan import _clock
from ldnsim.sweep.study import Study

BASE = 'regimen = "4.5 mg nightly at 22:00, for 1 wk"\n'


@pytest.mark.parametrize(("every", "horizon"), [("35 min", "84 d"), ("1.05 min", "7 d")])
def test_no_stored_time_lies_after_the_end(every: str, horizon: str) -> None:
    text = BASE + f'horizon = "{horizon}"\noutput.every = "{every}"\n'
    plan = Study.loads(text).plan()
    assert plan.time[-1] == plan.end


@given(st.integers(20, 5000), st.integers(1, 100))
def test_stored_times_rise_within_the_run(seconds: int, days: int) -> None:
    found = _clock(seconds / 3600.0, 24.0 * days)
    assert found[0] == 0.0 and found[-1] <= 24.0 * days
    assert (np.diff(found) > 0.0).all()
    assert 24.0 * days - found[-1] < seconds / 3600.0


AXIS_OF_MISSES = (
    '[[axes]]\nname = "missed"\nfield = "adherence.p_missed"\nvalues = [0.3]\n',
    "[adherence]\np_missed = 0.3\n",
)


def taken(text: str) -> list[bool]:
    plan = Study.loads(text).plan()
    return list(np.isfinite(plan.dosing.ledger(0).given_time_h))


def test_an_adherence_axis_draws_from_the_seed_of_the_study() -> None:
    long = 'regimen = "1 mg nightly, for 26 wk"\n'
    by_axis, by_block = (
        [taken(f"seed = {seed}\n{long}{rest}") for seed in (0, 7)] for rest in AXIS_OF_MISSES
    )
    assert by_axis == by_block
    assert by_axis[0] != by_axis[1]


LADDER = 'regimen = "1.5 mg nightly at 22:00, +1.5 mg every 7 d to 4.5 mg, for 8 wk"\n'
START = '[[axes]]\nname = "start"\nfield = "regimen.start"\nvalues = ["0.1 mg", "3 mg"]\n'
TARGET = '[[axes]]\nname = "target"\nfield = "regimen.target"\nvalues = ["0.5 mg", "6 mg"]\n'


def test_start_and_target_that_advance_together_are_checked_together() -> None:
    plan = Study.loads('zip = [["start", "target"]]\n' + LADDER + START + TARGET).plan()
    planned = [plan.dosing.ledger(i).planned_mg for i in range(len(plan))]
    assert [(p[0], p[-1]) for p in planned] == [(0.1, 0.5), (3.0, 6.0)]


def test_a_start_above_the_target_is_refused_where_they_meet() -> None:
    with pytest.raises(UserError, match=r"start = 3 mg, target = 0\.5 mg"):
        Study.loads(LADDER + START + TARGET, "x.toml")


def test_a_close_up_of_a_day_that_is_not_there_is_refused_with_the_range() -> None:
    two_weeks = 'regimen = "1 mg nightly at 22:00, for 2 wk"\nhorizon = "14 d"\n'
    with pytest.raises(UserError, match=r"output\.night = 500.*14 d.*0 to 12"):
        Study.loads(two_weeks + "output.night = 500\n").plan()
    plan = Study.loads(two_weeks + "output.night = 12\n").plan()
    assert plan.night_start.tolist() == [12 * 24.0 + 22.0]
    with pytest.raises(UserError, match=r"output\.night.*'last'.*number of a day"):
        Study.loads(two_weeks + "output.night = true\n")


STRESS = '[[axes]]\nname = "load"\nfield = "modifiers.stress"\n'
TRIPLE = '[[changes]]\nat = "2 d"\nparameter = "f_absorbed"\nfactor = 3.0\n'
OUT_OF_BOUNDS = {
    "modifier": ("modifiers.stress = 5\n", r"modifiers\.stress = 5"),
    "negative": (STRESS + "values = [-0.1]\n", r"axes\[1\]"),
    "axis of a modifier": (STRESS + "values = [0.1, 5]\n", r"axis .load. .axes\[1\]. = 5"),
    "change by a factor": (TRIPLE, r"changes\[1\]\.factor = 3.*f_absorbed"),
    "change with an axis": (
        TRIPLE.replace("3.0", "1.5")
        + '[[axes]]\nname = "share"\nfield = "parameters.f_absorbed"\nvalues = [0.5, 0.9]\n',
        r"changes\[1\]\.factor = 1\.5 \(at share = 0\.9\).*f_absorbed",
    ),
}


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_a_value_out_of_bounds_is_refused_before_anything_runs(name: str) -> None:
    text, expected = OUT_OF_BOUNDS[name]
    with pytest.raises(UserError, match=expected):
        Study.loads(BASE + text).plan()


def test_changes_within_bounds_are_planned() -> None:
    text = TRIPLE.replace("3.0", "0.3") + STRESS + "values = [0.0, 1.0]\n"
    assert len(Study.loads(BASE + text).plan()) == 2
