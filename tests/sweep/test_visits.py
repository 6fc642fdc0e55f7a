"""Runs in which somebody looks at the patients: visits, habits, and who stops."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import ldnsim
from ldnsim.errors import UserError
from ldnsim.regimen import DoseTable
from ldnsim.regimen.guided import Decision
from ldnsim.runs.decided import Stopped
from ldnsim.sweep.study import Study

from .test_same_bits import assert_same

RULES = (
    "0.5 mg nightly, every 1 wk +1 mg if burden < 0.25 else hold, -0.5 mg if burden > 0.6, "
    "to 4.5 mg, for 8 wk"
)
FEW = {
    "every": "6 h", "night": False, "summaries": ["pain_change"],
    "variables": ["pain", "adverse_burden"],
}  # fmt: skip


def study(regimen: Any = RULES, **more: Any) -> Study:
    what = {"regimens": regimen} if isinstance(regimen, list) else {"regimen": regimen}
    data = {**what, "patient": {"phenotype": "depleted"}, "output": FEW, "seed": 3, **more}
    if " if " in str(regimen):
        data.setdefault("visits", {"diary_sd": 0})
    return Study.build(data)


def doses(ds: xr.Dataset, run: int = 0) -> list[tuple[float, float]]:
    own = ds["ledger_run"].values == run
    return list(zip(ds["ledger_planned_time"].values[own], ds["ledger_planned_dose"].values[own],
                    strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def guided() -> xr.Dataset:
    return study().run()


def by_hand(weeks: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Simulate to the visit, decide, go on: doses, and what was read."""
    given, dose, read = [], 0.5, []
    for week in range(1, weeks + 1):
        given += [(168.0 * (week - 1) + 24 * d + 22, dose) for d in range(7)]
        if week == weeks:
            return given, read
        time, mg = (np.array(c) for c in zip(*given, strict=True))
        n = len(time)
        table = DoseTable(time, mg, np.zeros(n, np.int8), np.zeros(n, int), np.zeros(n, int))
        mean = {
            "name": "burden", "variable": "adverse_burden", "reduction": "mean",
            "from": f"{168 * (week - 1)} h", "to": f"{168 * week} h",
        }  # fmt: skip
        ds = study(table, horizon=f"{week} wk", output={**FEW, "summaries": [mean]}).run()
        burden = float(ds["burden"])
        read.append(burden)
        dose += 1.0 if burden < 0.25 else -0.5 if burden > 0.6 else 0.0
        dose = min(max(dose, 0.5), 4.5)
    return given, read


def test_rules_decide_as_a_loop_written_by_hand(guided: xr.Dataset) -> None:
    given, read = by_hand(8)
    assert doses(guided) == given
    np.testing.assert_allclose(guided["visit_burden"].values, read, rtol=2e-3)
    # the rules did decide, each way and against
    assert {Decision.UP, Decision.HOLD} <= set(guided["visit_decision"].values.tolist())


def test_the_result_says_each_decision_and_why(guided: xr.Dataset) -> None:
    rules = json.loads(guided["visit_rule"].attrs["rules"])
    assert rules == [["+1 mg if burden < 0.25", "-0.5 mg if burden > 0.6", "hold"]]
    for burden, rule, code in zip(
        guided["visit_burden"].values, guided["visit_rule"].values,
        guided["visit_decision"].values, strict=True,
    ):  # fmt: skip
        assert rule == (1 if burden < 0.25 else 2 if burden > 0.6 else 3)
        assert code in {1: (2, 5), 2: (3, 5), 3: (1,)}[int(rule)]
    # every dose names the visit that it follows from
    visit, time = guided["ledger_visit"].values, guided["ledger_planned_time"].values
    last = np.searchsorted(guided["visit"].values, time, side="right") - 1
    assert (visit == last).all()
    after = visit >= 0
    dose = guided["ledger_planned_dose"].values
    assert (dose[after] == guided["visit_dose"].values[visit[after]]).all()
    daily = guided["prescribed_dose"].values[::4][: 8 * 7]
    assert (daily == dose).all()


def test_rules_that_only_hold_leave_a_fixed_regimen_as_it_is() -> None:
    text = "2 mg nightly, every 3 d hold if burden > 0, to 2 mg, for 4 wk"
    held, fixed = study(text).run(), study("2 mg nightly, for 4 wk").run()
    for name in ("pain", "adverse_burden"):
        scale = float(np.ptp(fixed[name].values)) or 1.0
        assert float(abs(held[name] - fixed[name]).max()) < 2e-4 * max(scale, 1.0)
    np.testing.assert_allclose(held["pain_change"], fixed["pain_change"], atol=1e-4)


MANY = {
    "population": {"size": 10, "scale": 0.3}, "stopping": {"lost_per_week": 0.05},
    "adherence": {"p_missed": 0.1, "p_late": 0.2, "p_doubled": 0.5, "missed_per_burden": 0.2},
}  # fmt: skip
ARMS = [
    {"prescription": RULES.replace("8 wk", "4 wk"), "name": "guided"},
    {"prescription": "1 mg nightly, +1 mg every 1 wk to 4 mg, for 4 wk", "name": "fixed"},
    {"prescription": "placebo nightly, for 4 wk", "name": "placebo"},
]


@pytest.fixture(scope="module")
def many() -> xr.Dataset:
    return study(ARMS, **MANY).run(threads=1)


@pytest.mark.parametrize("block", [8, 24])
def test_any_block_size_and_number_of_threads(many: xr.Dataset, block: int) -> None:
    assert_same(study(ARMS, **MANY, solver={"block": block}).run(threads=2), many)


def test_a_store_holds_the_same(many: xr.Dataset, tmp_path: Path) -> None:
    stored = study(ARMS, **MANY, solver={"block": 8}).run(tmp_path / "visits.zarr")
    assert_same(stored.load(), many)


def test_workers_of_dask_give_the_same(many: xr.Dataset) -> None:
    assert_same(study(ARMS, **MANY, solver={"block": 16}).run(executor="dask", threads=2), many)


def test_an_unfinished_sweep_is_completed_to_the_same(many: xr.Dataset, tmp_path: Path) -> None:
    from ldnsim.errors import Interrupted

    s, out = study(ARMS, **MANY, solver={"block": 8}), tmp_path / "visits.zarr"
    calls = 0

    def stop(done: int, total: int) -> None:
        nonlocal calls
        calls += done > 8
        if calls == 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        s.run(out, progress=stop)
    assert_same(s.run(out, resume=True).load(), many)


def test_who_has_stopped_takes_nothing_more(many: xr.Dataset) -> None:
    at = many["stopped_at"].values.reshape(-1)
    stopped = np.flatnonzero(np.isfinite(at))
    assert 0 < len(stopped) < len(at)
    for run in stopped:
        time = many["ledger_planned_time"].values[many["ledger_run"].values == run]
        assert time.max() < at[run]
    why = many["stopped_for"].values.reshape(-1)
    assert ((why == Stopped.NONE) == ~np.isfinite(at)).all()
    left = many["visit_decision"].values.reshape(len(at), -1) == Decision.LEFT
    assert (left.sum(axis=1) == (why != Stopped.NONE)).all()
    # at the visit that found them gone
    found = many["visit"].values[left[stopped].argmax(axis=1)]
    assert (found == at[stopped]).all()


def test_the_same_patient_has_the_same_patience_in_every_arm() -> None:
    alone = {"hazards": False, "lost_per_week": 0.2}
    ds = study(ARMS, population={"size": 16, "scale": 0.3}, stopping=alone).run()
    at = ds["stopped_at"].values
    assert (np.nan_to_num(at) == np.nan_to_num(at[0])).all()
    # of a constant hazard as many stay as its exponential says, as near as 16 strata can
    stay = [float(np.mean(~(at[0] <= 168.0 * w))) for w in (1, 2, 3)]
    np.testing.assert_allclose(stay, [0.8, 0.64, 0.512], atol=1 / 16)
    assert set(ds["stopped_for"].values.ravel().tolist()) == {Stopped.NONE, Stopped.RANDOM}


def test_habits_are_those_of_a_fixed_study() -> None:
    habits = {"adherence": {"p_missed": 0.2, "p_late": 0.3, "p_doubled": 0.6}, "seed": 5}
    text = "1 mg every 12 h, +1 mg every 5 d to 4 mg, for 2 wk, then 1 mg nightly for 1 wk"
    fixed = study(text, **habits).run()
    looked = study(text, stopping={"hazards": False, "every": "2 d"}, **habits).run()
    for name in ("planned_time", "given_time", "planned_dose", "given_dose", "status", "phase"):
        np.testing.assert_array_equal(fixed[f"ledger_{name}"], looked[f"ledger_{name}"])
    assert (fixed["ledger_status"].values > 0).sum() > 10


def test_more_burden_misses_more_doses_and_no_other() -> None:
    def missed(by: float) -> set[float]:
        habits = {"p_missed": 0.1, "missed_per_burden": by}
        ds = study("4.5 mg nightly, for 6 wk", adherence=habits).run()
        return set(ds["ledger_planned_time"].values[ds["ledger_status"].values == 2].tolist())

    few, many_ = missed(0.0), missed(0.5)
    assert few < many_
    assert {t for t in many_ if t < 168.0} == {t for t in few if t < 168.0}  # nothing read yet


def test_an_adjunct_begun_by_a_rule_acts_as_one_begun_by_the_study() -> None:
    rule = "1 mg nightly, every 1 wk add ketotifen if weeks >= 2, drop ketotifen if weeks >= 4"
    ruled = study(
        f"{rule.replace('add', 'drop ketotifen if weeks >= 4, add', 1).rsplit(', drop', 1)[0]},"
        " to 1 mg, for 6 wk"
    ).run()
    taken = [{"name": "ketotifen", "start": "2 wk", "stop": "4 wk"}]
    fixed = study("1 mg nightly, for 6 wk", modifiers={"adjuncts": taken}).run()
    none = study("1 mg nightly, for 6 wk").run()
    effect = float(abs(fixed["adverse_burden"] - none["adverse_burden"]).max())
    assert float(abs(ruled["adverse_burden"] - fixed["adverse_burden"]).max()) < 0.01 * effect
    codes = ruled["visit_decision"].values.tolist()
    assert codes == [Decision.HOLD, Decision.ADD, Decision.HOLD, Decision.DROP, Decision.HOLD]


def test_an_adjunct_taken_from_the_start_is_dropped_by_a_rule() -> None:
    text = "1 mg nightly, every 1 wk drop ketotifen if weeks >= 1, to 1 mg, for 3 wk"
    ruled = study(text, modifiers={"adjuncts": ["ketotifen"]}).run()
    until = [{"name": "ketotifen", "start": "0 h", "stop": "1 wk"}]
    fixed = study("1 mg nightly, for 3 wk", modifiers={"adjuncts": until}).run()
    assert float(abs(ruled["adverse_burden"] - fixed["adverse_burden"]).max()) < 2e-3


def test_the_time_of_day_and_the_interval_change_from_the_visit_on() -> None:
    text = (
        "2 mg nightly, every 1 wk take every 2 d if weeks >= 2, take at 08:00 if weeks >= 1, "
        "to 2 mg, for 3 wk"
    )
    time = study(text).run()["ledger_planned_time"].values
    first = [22.0 + 24 * d for d in range(7)]
    second = [168.0 + 8 + 24 * d for d in range(7)]
    third = [336.0 + 8 + 48 * d for d in range(4)]
    assert time.tolist() == [*first, *second, *third]


def test_a_rule_acts_at_once_and_then_rests() -> None:
    text = "4 mg nightly, every 3 wk hold if burden > 9, -1 mg at once if dose > 1 mg, to 4 mg"
    ds = study(f"{text}, not below 1 mg, for 3 wk").run()
    moved = ds["visit"].values[ds["visit_decision"].values == Decision.DOWN]
    assert moved.tolist() == [24.0, 24.0 + 168.0, 24.0 + 336.0]


FUNCTION = """
import numpy as np

def rule(burden, dose):
    return np.where(burden < 0.25, dose + 1, np.where(burden > 0.6, dose - 0.5, np.nan))

def wrong(burden):
    return burden[:1].repeat(3)

def broken(burden):
    return 1 / 0

def other(burdn):
    return burdn
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(FUNCTION)
    return tmp_path


def decided(folder: Path, name: str) -> Study:
    text = f"0.5 mg nightly, every 1 wk decided by own.py:{name}, to 4.5 mg, for 8 wk"
    data = {
        "regimen": text, "patient": {"phenotype": "depleted"}, "output": FEW, "seed": 3,
        "visits": {"diary_sd": 0},
    }  # fmt: skip
    return Study.build(data, folder=folder)


def test_a_function_decides_dose_for_dose_as_rules_do(folder: Path, guided: xr.Dataset) -> None:
    own = decided(folder, "rule")
    ds = own.run()
    assert doses(ds) == doses(guided)
    again = Study.loads(own.resolved())
    assert again == own and list(again.visits.sha256) == ["own.py"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("wrong", "for each of 1 runs"), ("broken", r"ZeroDivisionError: .* \(line 11\)")],
)
def test_a_function_that_fails_is_told(folder: Path, name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        decided(folder, name).run()


def test_a_function_that_asks_for_what_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="'burdn' can be read; did you mean 'burden'"):
        decided(folder, "other")
    with pytest.raises(UserError, match="no function 'roole'"):
        decided(folder, "roole")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every 1 wk +1 mg if dreems < 2, to 4 mg", "nothing called 'dreems' can be read"),
        ("every 1 wk +1 mg if pain < 2 and pain > 3, to 4 mg", "can never act"),
        ("every 1 wk +1 mg if pain > 12, to 4 mg", "can never act"),
        ("every 1 wk add ketotifn if pain > 2, to 4 mg", "did you mean 'ketotifen'"),
    ],
)
def test_rules_that_this_model_cannot_follow_are_refused(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        study(f"1 mg nightly, {text}, for 8 wk")


def test_reported_pain_at_visits_is_that_of_a_trial_report() -> None:
    from ldnsim.analysis.trial.reported import reported

    arms = [ARMS[2], {**ARMS[0], "prescription": ARMS[0]["prescription"].replace(
        "burden < 0.25", "burden < 0.25 and pain > 1")}]  # fmt: skip
    ds = study(arms, population={"size": 8, "scale": 0.3}, visits={"diary_sd": 0.5}).run()
    told = reported(ds, placebo="none")["reported_pain"]
    for week in (1, 2, 3):
        seen = ds["visit_pain"].sel(visit=168.0 * week)
        np.testing.assert_allclose(seen, told.sel(week=week), atol=0.02)


def test_axes_vary_the_numbers_of_rules() -> None:
    text = "1 mg nightly, every 1 wk +1 mg if burden < 0.5, else hold, to 4 mg, for 4 wk"
    axis = {"name": "level", "field": "regimen.rules.1.burden", "values": [0, 0.5, 9]}
    ds = study(text, axes=[axis]).run()
    assert ds["visit_dose"].sel(level=0).values.tolist() == [1.0, 1.0, 1.0]
    assert ds["visit_dose"].sel(level=9).values.tolist() == [2.0, 3.0, 4.0]
    with pytest.raises(UserError, match="compared with no number"):
        study(text, axes=[{**axis, "field": "regimen.rules.1.pain"}])


def test_as_many_stay_as_the_hazards_say() -> None:
    kept = {**FEW, "trajectories": False, "summaries": ["staying"]}
    text = "4.5 mg nightly, for 10 wk"
    ds = study(text, population={"size": 64, "scale": 0.3}, stopping={}, output=kept).run()
    whole = study(text, population={"size": 64, "scale": 0.3}, output=kept).run()
    expected = float(whole["staying"].mean())
    # whoever would stop in the last week is never looked at again
    assert 0.7 < expected < 0.95
    assert float(ds["stopped_at"].isnull().mean()) == pytest.approx(expected, abs=0.05)


def test_protocols_name_the_burden_of_a_fast_start() -> None:
    text = (Path(ldnsim.__file__).parent / "data" / "protocols.toml").read_text("utf-8")
    (told,) = {float(n) for n in re.findall(r"has a burden of ([\d.]+) in the first week", text)}
    rules = "4.5 mg nightly, every 7 d hold if burden > 9, to 4.5 mg, for 8 d"
    ds = Study.build({"regimen": rules, "visits": {"diary_sd": 0}}).run()
    assert told == round(float(ds["visit_burden"].sel(visit=168.0).item()), 1)
