"""What is told of visits: single runs, all of them, and rules that go round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ldnsim import plots
from ldnsim.analysis import visits
from ldnsim.errors import UserError
from ldnsim.regimen.guided import Decision
from ldnsim.sweep.study import Study

ROUND = "2 mg nightly, every 1 wk +1 mg if burden < 0.4, -1 mg if burden > 0.2, to 3 mg, for 10 wk"
CALM = "1 mg nightly, every 1 wk +1 mg if burden < 5, -1 mg if burden > 9, to 3 mg, for 10 wk"
KEPT = {"every": "6 h", "night": False, "variables": ["pain"], "summaries": ["pain_change"]}


@pytest.fixture(scope="module")
def ds() -> xr.Dataset:
    arms = [{"prescription": ROUND, "name": "round"}, {"prescription": CALM, "name": "calm"}]
    return Study.build({
        "regimens": arms, "population": {"size": 4, "scale": 0.3}, "output": KEPT,
        "stopping": {"lost_per_week": 0.05},
    }).run()  # fmt: skip


def test_the_visits_of_a_run_say_what_was_read_and_which_rule_acted(ds: xr.Dataset) -> None:
    rows = visits.visits_of(ds, {"regimen": "calm", "patient": 1})
    assert [r.day for r in rows[:3]] == [7.0, 14.0, 21.0]
    assert {r.why for r in rows if r.decision == "up"} == {"+1 mg if burden < 5"}
    assert [r.dose for r in rows[:2]] == [2.0, 3.0]
    own = ds.sel(regimen="calm", patient=1)["visit_burden"].values
    assert [r.read["burden"] for r in rows] == [float(x) for x in own[: len(rows)]]


def test_one_run_is_asked_for(ds: xr.Dataset) -> None:
    with pytest.raises(UserError, match=r"there are several: regimen \(2\), patient \(4\)"):
        visits.visits_of(ds)
    with pytest.raises(UserError, match="nobody is looked at"):
        visits.tally(ds.drop_vars("visit_decision"))


def test_shares_add_up(ds: xr.Dataset) -> None:
    assert sum(visits.tally(ds).values()) == pytest.approx(1.0)
    assert set(visits.stopped(ds)) == {"adverse", "futility", "random", "rule"}
    assert visits.idle_rules(ds) == ["rule 2, '-1 mg if burden > 9'"]


def made_up(code: list[Decision], dose: list[float]) -> xr.Dataset:
    n = len(code)
    return xr.Dataset(
        {
            "visit_decision": ("visit", np.array(code, np.int8)),
            "visit_rule": ("visit", np.array([1 + (c == Decision.DOWN) for c in code])),
            "visit_dose": ("visit", np.array(dose)),
            "status": ((), 0),
        },
        {"visit": np.arange(n) * 168.0, "visit_day": ("visit", np.arange(n) * 7.0)},
    )


def test_a_dose_that_goes_up_and_down_to_the_end_is_a_cycle() -> None:
    up, down, hold = Decision.UP, Decision.DOWN, Decision.HOLD
    (found,) = visits.cycles(made_up([hold, up, down, up, down], [2, 3, 2, 3, 2]))
    assert str(found) == "the run: 2 mg -> 3 mg -> 2 mg, every 14 d, by rules 1 and 2"
    assert not visits.cycles(made_up([up, down, up, up, down], [3, 2, 3, 4, 3]))
    assert not visits.cycles(made_up([up, down, up, down, hold, hold, hold], [3, 2, 3, 2, 2, 2, 2]))
    assert not visits.cycles(made_up([up, down, up, down, Decision.LEFT], [3, 2, 3, 2, 0]))


def test_the_picture_shows_every_patient_at_every_visit(ds: xr.Dataset, tmp_path: Path) -> None:
    figure = plots.visits(ds, {"regimen": "calm"})
    dose, came, burden = figure.axes
    assert len(dose.lines) == ds.sizes["patient"] + 1
    top: dict[float, float] = {}
    for bar in came.patches:
        x = round(bar.get_x() + bar.get_width() / 2, 6)
        top[x] = max(top.get(x, 0.0), bar.get_y() + bar.get_height())
    assert len(top) >= 9 and all(abs(y - 1.0) < 1e-9 for y in top.values())
    assert len(burden.lines) == 1
    with pytest.raises(UserError, match="say which regimen"):
        plots.visits(ds)
    with pytest.raises(UserError, match="has no visits"):
        plots.visits(ds.drop_vars("visit_decision"))
