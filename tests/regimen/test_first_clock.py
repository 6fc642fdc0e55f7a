"""Several doses a day without a clock time: every day has all of them, the first too."""

from __future__ import annotations

import numpy as np
import pytest

from ldnsim.regimen import Phase, Regimen


@pytest.mark.parametrize(
    ("text", "clock", "count"),
    [
        ("1 mg tid x 7 d", "06:00", 21),
        ("1 mg qid for 1 d", "04:00", 4),
        ("1 mg bid for 1 d", "10:00", 2),
        ("1 mg q3h for 2 d", "01:00", 16),
        ("1 mg every 90 min for 1 d", "01:00", 16),
        ("placebo twice a day for 3 d", "10:00", 6),
        ("0.5 mg bid, +0.5 mg every 1 d to 1.5 mg, for 3 d", "10:00", 6),
        ("1 mg nightly for 7 d", "22:00", 7),
        ("1 mg every 48 h for 8 d", "22:00", 4),
    ],
)
def test_no_dose_of_the_first_day_is_lost(text: str, clock: str, count: int) -> None:
    regimen = Regimen.parse(text)
    assert f"at {clock}" in str(regimen)
    assert len(regimen.doses()) == count
    assert Regimen.parse(str(regimen)) == regimen


@pytest.mark.parametrize("every", ["12 h", "8 h", "6 h"])
def test_clock_times_come_to_ten_in_the_evening(every: str) -> None:
    doses = Regimen.parse({"start": "1 mg", "every": every, "duration": "2 d"}).doses()
    clocks = np.unique(doses.time_h % 24)
    assert 22.0 in clocks
    assert (np.diff(doses.time_h) == clocks[1] - clocks[0]).all()
    assert len(doses) == 2 * len(clocks)


@pytest.mark.parametrize("every", ["5 h", "36 h", "7 h", "24 h"])
def test_other_intervals_begin_at_ten_in_the_evening(every: str) -> None:
    phase = Phase.model_validate({"start": "1 mg", "every": every, "duration": "8 d"})
    assert phase.at == 22.0


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("1 mg bid at 08:00 for 1 d", 8.0),
        ("1 mg tid at bedtime for 2 d", 22.0),
        ("1 mg bid in the morning for 2 d", 8.0),
    ],
)
def test_a_time_that_is_said_is_kept(text: str, clock: float) -> None:
    assert Regimen.parse(text).phases[0].at == clock


def test_a_changed_interval_keeps_the_clock_time() -> None:
    nightly = Regimen.parse("1 mg nightly for 7 d")
    assert nightly.with_field("every", "12 h").phases[0].at == 22.0
    thrice = Regimen.parse("1 mg tid for 7 d").with_field("target", "2 mg")
    assert thrice.phases[0].at == 6.0
