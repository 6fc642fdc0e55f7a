"""Clock times are compared from the first dose on, and the reason is read off the runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from clock_time import (
    BEDTIME,
    DOSE,
    HYPOTHESES,
    MAIN,
    MORNING,
    SCHEDULES,
    WITHOUT,
    Setting,
    even,
    experiment,
    headline,
    measures,
    why,
)

from ldnsim.regimen import Regimen


def clocks(*falls: tuple[float, float], dreams: tuple[float, float] = (2.0, 0.2)) -> pd.DataFrame:
    """Falls of TNF (morning, bedtime) for each set of rhythms, dreams alike in all."""
    rows = {}
    for name, (morning, bedtime) in zip(WITHOUT, falls, strict=True):
        for hour, fall, dream in ((MORNING, morning, dreams[1]), (BEDTIME, bedtime, dreams[0])):
            rows[(MAIN, name, hour)] = {"tnf_fall": fall, "dreams": dream, "pain_change": -0.1}
    index = pd.MultiIndex.from_tuples(list(rows), names=["hypothesis", "rhythms", "clock"])
    return pd.DataFrame(list(rows.values()), index).sort_index()


def test_clocks_are_set_by_the_request_and_hold_bedtime_and_morning() -> None:
    assert {BEDTIME, MORNING} <= set(Setting(clocks=1).hours())
    assert Setting(clocks=24).hours() == list(range(24))


def test_every_run_is_measured_as_long_from_its_own_first_dose() -> None:
    early, late = (measures(h, 2)[0] for h in (2.0, 22.0))
    assert (late.start, late.stop) == (22.0, 22.0 + 336.0)
    assert early.stop - early.start == late.stop - late.start


@pytest.mark.parametrize("name", [n for n in SCHEDULES if n != "alternate nights"])
def test_schedules_give_the_same_daily_dose(name: str) -> None:
    doses = Regimen.parse(f"{SCHEDULES[name]}, for 4 wk").doses()
    assert doses.amount_mg.sum() / 28.0 == pytest.approx(
        DOSE, rel=0.03
    )  # the last half may not fit


@pytest.mark.parametrize(
    ("falls", "same"), [((70.0, 71.0), True), ((40.0, 60.0), False), ((0.1, 0.2), None)]
)
def test_clock_times_are_alike_from_nine_tenths_of_the_best_on(
    falls: tuple[float, float], same: bool | None
) -> None:
    assert even(pd.Series(falls)) is same


def test_the_headline_says_what_the_clock_changes() -> None:
    flat = [(70.0, 71.0)] * 4
    assert headline(clocks(*flat)).startswith("Dreams; not the benefit.")
    assert headline(clocks(*flat, dreams=(1.0, 0.9))).startswith("Hardly the dreams; not")
    assert "the benefit too" in headline(clocks((40.0, 60.0), *flat[1:]))
    assert "no benefit to compare" in headline(clocks(*[(0.0, 0.1)] * 4))


def test_the_reason_is_what_takes_the_difference_away() -> None:
    same = (60.0, 60.0)
    assert "Cortisol does most" in why(clocks((50.0, 60.0), (59.0, 60.0), (51.0, 60.0), same), MAIN)
    other = clocks((50.0, 60.0), (51.0, 60.0), (59.0, 60.0), same)
    assert "Beta-endorphin does most" in why(other, MAIN)
    against = clocks((58.0, 60.0), (50.0, 60.0), (55.0, 60.0), same)
    assert "the rhythm of beta-endorphin alone would make it larger" in why(against, MAIN)
    assert "something else" in why(clocks(*[(50.0, 60.0)] * 4), MAIN)
    assert "too little to ask" in why(clocks(*[(60.0, 60.1)] * 4), MAIN)


def test_the_script_answers_from_its_own_runs(tmp_path: Path) -> None:
    text = " ".join(experiment(tmp_path, Setting(weeks=2, clocks=1)).split())
    rows = pd.read_csv(tmp_path / "clock_time_clocks.csv", index_col=[0, 1, 2])
    own = rows.loc[(MAIN, "all rhythms")]
    assert f"is {own.loc[BEDTIME, 'dreams']:.2f} with 4.5 mg at 22:00" in text
    assert own.loc[BEDTIME, "dreams"] > own.loc[MORNING, "dreams"]
    bare = rows.xs("neither", level="rhythms")["tnf_fall"].unstack("clock")
    assert (bare.max(axis=1) - bare.min(axis=1)).max() < 0.02, "nothing else knows the hour"
    assert set(bare.index) == set(HYPOTHESES)
    assert (tmp_path / "clock_time.png").stat().st_size > 20_000
