"""What a plan promises before anything is simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.sweep.plan import _clock
from ldnsim.sweep.study import Study

BASE = 'regimen = "4.5 mg nightly at 22:00, for 1 wk"\n'


@pytest.mark.parametrize(("every", "horizon"), [("35 min", "84 d"), ("63 s", "7 d")])
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
    return list(np.isfinite(plan.book.ledger(plan.runs[0]).given_time_h))


def test_an_adherence_axis_draws_from_the_seed_of_the_study() -> None:
    long = 'regimen = "1 mg nightly, for 26 wk"\n'
    by_axis, by_block = (
        [taken(f"seed = {seed}\n{long}{rest}") for seed in (0, 7)] for rest in AXIS_OF_MISSES
    )
    assert by_axis == by_block
    assert by_axis[0] != by_axis[1]
