"""What a run is compared with: placebo changes nothing, a summary reads its own variable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ldnsim
from ldnsim.config.summaries import SUMMARIES
from ldnsim.measure import Measure
from ldnsim.runs.measures import impression
from ldnsim.sweep.study import Study

CHANGES = [name for name, s in SUMMARIES.items() if s.against and not s.step]


def simulate(regimen: str, summaries: object = "all", **more: object) -> xr.Dataset:
    output = {"summaries": summaries, "trajectories": False, "night": False, "variables": ["pain"]}
    study = Study.build({"regimen": regimen, "output": output, **more})
    return study.run()


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 9), st.integers(0, 1439), st.sampled_from(["daily at", "every 36 h at"]),
    st.none() | st.integers(48, 260),
)  # fmt: skip
def test_placebo_changes_nothing(days: int, minute: int, how: str, horizon: int | None) -> None:
    at = f"{minute // 60:02d}:{minute % 60:02d}"
    more = {} if horizon is None else {"horizon": f"{max(horizon, 24 * days + 48)} h"}
    ds = simulate(f"placebo {how} {at} for {24 * days + 7} h", CHANGES, **more)
    assert {name: float(ds[name]) for name in CHANGES} == dict.fromkeys(CHANGES, 0.0)


def test_a_global_impression_counts_quality_of_life_in_steps_of_ten_points() -> None:
    steps = np.array([0.0, 1.5, -1.5, 9.0, -9.0, np.nan])
    np.testing.assert_array_equal(impression(steps), [4.0, 2.5, 5.5, 1.0, 7.0, np.nan])
    change = {
        "name": "life", "variable": "quality_of_life", "reduction": "mean", "window": "week",
        "against": "change",
    }  # fmt: skip
    ds = simulate("4.5 mg nightly at 22:00 for 12 wk", ["global_impression", change])
    told, life = float(ds["global_impression"]), float(ds["life"])
    assert told == pytest.approx(4.0 - life / 10.0) and abs(life) > 0.1
    assert ds["global_impression"].attrs["scale"] == "1–7"
    assert ds["global_impression"].attrs["better"] == "lower"
    nothing = simulate("placebo nightly at 22:00 for 2 wk", ["global_impression"])
    assert float(nothing["global_impression"]) == 4.0


@pytest.mark.parametrize("days", [1, 2, 3, 5])
def test_a_microgram_for_days_is_not_the_daily_rhythm(days: int) -> None:
    ds = simulate(f"0.001 mg nightly at 22:00 for {days} d")
    assert abs(float(ds["beta_endorphin_change"])) < 2e-4
    assert abs(float(ds["worst_pain_change"])) < 2e-4
    assert float(ds["beta_endorphin_change"]) != 0.0, "a dose is a dose"


def test_a_window_is_whole_days_before_the_last_treated_one_ends() -> None:
    study = Study.build({"regimen": "1 mg nightly at 21:17 for 5 d", "horizon": "250 h"})
    plan, rows = study.plan(), np.array([0])
    for name, days, stop in (("week", 5, 96 + 21 + 17 / 60 + 24), ("end", 7, 250.0)):
        start, end = plan.window(Measure("pain", "mean", window=name), rows)
        assert end[0] == pytest.approx(stop)
        assert end[0] - start[0] == pytest.approx(24.0 * days, abs=1e-9)


def test_the_worst_pain_is_compared_with_the_worst_of_an_untreated_day() -> None:
    text = "4.5 mg nightly at 22:00 for 4 wk"
    output = {"every": "15 min", "variables": ["pain"], "summaries": ["worst_pain_change"]}
    treated, untreated = (
        Study.build({"regimen": rx, "output": output, "solver": {"rtol": 1e-7}}).run()
        for rx in (text, "placebo nightly at 22:00 for 4 wk")
    )
    expected = float(treated["pain"].max() - untreated["pain"].isel(time=slice(0, 97)).max())
    assert float(treated["worst_pain_change"]) == pytest.approx(expected, abs=2e-4)


def test_extremes_of_any_kind_are_against_the_same_of_an_untreated_day() -> None:
    one = {"variable": "pain", "reduction": "max", "window": "run", "against": "change"}
    own = [{**one, "name": "least", "reduction": "min"},
           {**one, "name": "worst_percent", "against": "percent"},
           {**one, "name": "peak", "variable": "beta_endorphin"}]  # fmt: skip
    asked = [*own, "worst_pain_change", "pain_change"]
    names = [*(s["name"] for s in own), "worst_pain_change", "pain_change"]
    placebo = simulate("placebo nightly at 22:17 for 50 h", asked)
    assert {n: float(placebo[n]) for n in names} == dict.fromkeys(names, 0.0)
    tiny = simulate("1 ng nightly at 22:17 for 50 h", asked)
    assert all(abs(float(tiny[n])) < 1e-3 for n in names), "a day's swing is a hundred times that"
    strong = simulate("50 mg nightly at 22:00 for 4 wk", asked)
    pain = float(strong["worst_pain_change"])
    assert 0.0 < pain < 1.0 and float(strong["peak"]) > 0.1
    untreated = float(strong["baseline_pain"])
    assert float(strong["worst_percent"]) / pain == pytest.approx(100.0 / untreated, rel=0.02)


def test_a_clock_summary_reads_its_own_variable() -> None:
    own: list[dict[str, Any] | str] = [
        {"name": f"hours_{v}", "variable": v, "reduction": "same_clock", "window": "night",
         "threshold": "1.05 of untreated"}
        for v in ("met_enkephalin", "analgesic_tone", "beta_endorphin")
    ]  # fmt: skip
    own.append("hours_rebound")
    kept = ["met_enkephalin", "analgesic_tone", "beta_endorphin", "beta_endorphin"]
    names = [*(f"hours_{v}" for v in kept[:3]), "hours_rebound"]
    treated, untreated = (
        Study.build({"regimen": rx, "output": {"summaries": own, "variables": kept[:3]}}).run()
        for rx in ("4.5 mg nightly at 22:00 for 1 wk", "placebo nightly at 22:00 for 1 wk")
    )
    factor = treated["hours_rebound"].attrs["threshold"]
    for name, variable in zip(names, kept, strict=True):
        above = treated[f"night_{variable}"] > factor * untreated[f"night_{variable}"]
        hours = float(above.isel(night_time=slice(None, -1)).mean() * 24.0)
        assert float(treated[name]) == pytest.approx(hours, abs=0.3)
    assert len({round(float(treated[n]), 1) for n in names[:3]}) == 3
    assert float(treated["hours_beta_endorphin"]) == float(treated["hours_rebound"])
    rx = "4.5 mg nightly at 22:00 for 1 wk"
    alone = [float(simulate(rx, [s])[n]) for n, s in zip(names, own, strict=True)]
    assert [float(treated[n]) for n in names] == alone


def test_every_summary_follows_its_variable() -> None:
    ds = ldnsim.simulate("4.5 mg nightly at 22:00 for 1 wk")
    for name, s in SUMMARIES.items():
        if name in ds:
            assert ds[name].attrs["variable"] == s.variable
            assert ds[name].attrs["better"] in ("", "lower", "higher")
    assert ds["pain_change"].attrs["better"] == "lower"
    assert ds["beta_endorphin_change"].attrs["better"] == ""
    assert ds["hours_blocked"].attrs["better"] == ""


WINDOWS = [("24 h", "30 h"), ("44 h", "52 h"), ("12 h", "40 h"), ("6 h", "54 h"), ("50 h", "70 h")]
"""Within a day, over midnight, more than a day, whole days, within the next days."""


@pytest.mark.parametrize("against", ["change", "percent"])
def test_part_of_a_day_is_compared_with_the_same_hours_of_an_untreated_day(against: str) -> None:
    own = [
        {"name": f"{kind}_{i}", "variable": "beta_endorphin", "reduction": kind, "from": a, "to": b,
         **more}
        for i, (a, b) in enumerate(WINDOWS) for kind in ("mean", "max", "min")
        for more in ({"against": against}, {"name": f"plain_{kind}_{i}"})
    ]  # fmt: skip
    names = [o["name"] for o in own if "against" in o]
    treated, placebo = (
        simulate(f"{rx} nightly at 22:00 for 4 d", own) for rx in ("0.1 ng", "placebo")
    )
    strong = simulate("4.5 mg nightly at 22:00 for 4 d", own)
    for name in names:
        assert float(placebo[name]) == 0.0
        # next to no drug is next to no effect: the rhythm of the day is a thousand times that
        assert abs(float(treated[name])) < (1e-3 if against == "change" else 0.1), name
        untreated, value = (float(d[f"plain_{name}"]) for d in (placebo, strong))
        kind, i = name.split("_")
        if kind != "mean" and i in "23":  # more than a day: that of the whole day, not of a part
            continue
        wanted = value - untreated
        wanted *= 100.0 / untreated if against == "percent" else 1.0
        assert float(strong[name]) == pytest.approx(wanted, abs=2e-3, rel=2e-3), name
