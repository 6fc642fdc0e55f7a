"""What makes large sweeps cheap changes nothing: facets, shared doses, stores filled by region."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ldnsim.engine.solve import batch
from ldnsim.errors import UserError
from ldnsim.model import Model, default_model
from ldnsim.regimen.ledger import make_ledger
from ldnsim.results import assemble, store
from ldnsim.runs import grid, task
from ldnsim.runs.events import dose_events, merge, parameter_events
from ldnsim.runs.plan import Plan
from ldnsim.sweep.study import Study

MODEL = default_model()
LADDER = "0.5 mg nightly at 22:00, +1 mg every 2 d to 4.5 mg, hold 6 d"
SHARES = "1/4 of target nightly at 22:00, +1/4 of target every 2 d to 4 mg, for 9 d"
DOSE = {"name": "dose", "field": "regimen.target", "values": ["0.5 mg", "2 mg", "50 mg"]}
PACE = {"name": "pace", "field": "regimen.interval", "values": ["1 d", "36 h", "3 d"]}
MISSED = {"name": "missed", "field": "adherence.p_missed", "values": [0.0, 0.4]}
WHO = {"name": "who", "field": "subject", "values": [0, 3]}
LATE = {"p_late": 0.5, "p_doubled": 0.5}
STRESS = {"name": "load", "field": "modifiers.stress", "values": [0.0, 0.5]}
GAIN = {"name": "gain", "field": "parameters.driver", "values": [0.01, 0.02]}
CHANGE = {"at": "2 d", "parameter": "driver", "factor": 2.0}
PLANS = {
    "a ladder whose rungs depend on the target": {"regimen": LADDER, "axes": [DOSE, PACE]},
    "shares of the target": {"regimen": SHARES, "axes": [PACE, DOSE]},
    "several regimens": {
        "regimens": [{"prescription": SHARES, "name": "a"}, {"prescription": LADDER, "name": "b"}],
        "axes": [DOSE, PACE],
    },
    "habits": {"regimen": LADDER, "adherence": LATE, "axes": [MISSED, DOSE, WHO]},
    "axes that advance together": {
        "regimen": SHARES,
        "axes": [DOSE, STRESS, PACE],
        "zip": [["dose", "pace"]],
    },
    "placebo, then a drug, then nothing": {
        "regimen": "placebo for 3 d, then 4.5 mg nightly for 4 d, then stop for 2 d",
        "axes": [{"name": "dose", "field": "regimen.target", "values": ["1 mg", "3 mg"]}],
    },
    "modifiers and changes": {
        "regimen": SHARES,
        "changes": [CHANGE],
        "axes": [GAIN, DOSE, STRESS],
    },
}


@pytest.fixture(params=PLANS, name="plan")
def plan_(request: pytest.FixtureRequest) -> Plan:
    return Study.build(PLANS[request.param], "x").plan()


def test_shared_doses_are_those_of_each_regimen_on_its_own(plan: Plan) -> None:
    for i, run in enumerate(plan.runs):
        subject = run.subject if run.adherence is not None else 0
        own = make_ledger(run.regimen.doses(), run.regimen.duration_h, run.adherence, subject)
        shared = plan.dosing.ledger(i)
        for name in vars(own):
            a, b = getattr(own, name), getattr(shared, name)
            assert a.tobytes() == b.tobytes(), (i, name)
        assert plan.dosing.reaches_target(np.array([i]))[0] == run.regimen.reaches_target


def test_events_of_a_block_are_those_of_each_run_on_its_own(plan: Plan) -> None:
    rows = np.arange(len(plan))
    params = plan.described.vectors(plan.described.of_run)
    found = plan.treatment.events(rows, params)
    for i, run in enumerate(plan.runs):
        ledger = plan.dosing.ledger(i)
        slow = ledger.formulation == 1
        _, doses = dose_events(MODEL, ledger.given_time_h, ledger.given_mg, slow, plan.end)
        own = merge((parameter_events(run, params[i], plan.end), doses))
        for name in vars(own):
            assert getattr(own, name).tobytes() == getattr(found[i], name).tobytes(), (i, name)


def test_the_horizon_holds_the_longest_regimen(plan: Plan) -> None:
    last = max(max(r.regimen.duration_h, r.regimen.doses().time_h[-1] + 24.0) for r in plan.runs)
    assert plan.end == np.ceil(last / 24.0) * 24.0


def test_the_prescribed_dose_is_what_is_planned_that_day(plan: Plan) -> None:
    days = int(plan.end / 24.0)
    found = plan.dosing.planned_daily(np.arange(len(plan)), np.arange(days) * 24.0)
    expected = [run.regimen.doses().daily_mg(days) for run in plan.runs]
    np.testing.assert_array_equal(found, expected)


def test_a_run_stands_at_its_place_of_every_facet() -> None:
    facet = grid.Facet((3, 4, 5), (0, 2))
    rows = np.arange(60)
    at = np.unravel_index(rows, (3, 4, 5))
    assert (facet.of(rows) == at[0] * 5 + at[2]).all()
    assert (facet.of(facet.runs()) == np.arange(15)).all()
    assert [facet.run(k) for k in range(15)] == facet.runs().tolist()
    assert facet.runs().tolist() == sorted(facet.runs().tolist())


def test_a_large_grid_is_laid_out_without_making_its_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    make = grid.Runs._make

    def counted(self: grid.Runs, i: int) -> object:
        made.append(i)
        return make(self, i)

    monkeypatch.setattr(grid.Runs, "_make", counted)
    dose = {**DOSE, "values": None, "logspace": ["1 ug", "50 mg", 60]}
    pace = {**PACE, "values": None, "linspace": ["1 d", "2 d", 50]}
    plan = Study.build({"regimen": SHARES, "axes": [dose, pace]}, "x").plan()
    assert len(plan) == 3000
    assert len(made) < 150


def test_a_contradiction_deep_in_a_large_grid_is_told_with_its_place() -> None:
    start = {"name": "first", "field": "regimen.start", "linspace": ["0.1 mg", "3 mg", 30]}
    dose = {"name": "dose", "field": "regimen.target", "linspace": ["9 mg", "2.8 mg", 40]}
    study = Study.build({"regimen": LADDER, "axes": [start, dose]}, "x")
    with pytest.raises(UserError, match=r"first = 2\.9.*, dose = 2\.8: .*away from it"):
        study.plan()


def test_blocks_of_large_studies_are_large_and_whole_groups() -> None:
    pace = {**PACE, "values": None, "linspace": ["1 d", "2 d", 400]}
    dose = {**DOSE, "values": None, "logspace": ["1 ug", "50 mg", 400]}
    output = {"trajectories": False, "night": False, "ledger": False}
    data = {"regimen": SHARES, "axes": [dose, pace]}
    thin = Study.build({**data, "output": output}, "x").plan()
    thick = Study.build({**data, "output": {"ledger": False}}, "x").plan()
    assert thin.block == 4096
    assert thick.block % 8 == 0 and thick.block < thin.block
    assert thick.block * thick.bytes / len(thick) < 100e6


@pytest.fixture(scope="module")
def summaries_only() -> Study:
    output = {"trajectories": False, "night": False, "ledger": False}
    data = {"regimen": SHARES, "axes": [DOSE, PACE, GAIN], "output": output, "horizon": "9 d"}
    return Study.build({**data, "patient": {"basin": "resolved"}}, "x")


@pytest.mark.parametrize("runs", [1, 5, 100])
def test_a_store_filled_by_region_is_what_memory_holds(
    summaries_only: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: int
) -> None:
    monkeypatch.setattr(assemble, "CHUNK_RUNS", runs)
    whole = summaries_only.run()
    found = summaries_only.run(tmp_path / "a.zarr")
    xr.testing.assert_identical(found.load().drop_attrs(), whole.drop_attrs())
    assert found.attrs == whole.attrs
    assert {n: v.attrs.keys() for n, v in found.variables.items()} == {
        n: v.attrs.keys() for n, v in whole.variables.items()
    }
    assert (store.statuses(tmp_path / "a.zarr") == 0).all()


def test_runs_with_windows_of_their_own_are_solved_in_smaller_batches_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = {"trajectories": False, "every": "12 h", "ledger": False}
    paces = {**PACE, "values": [f"{k} h" for k in range(12, 52)]}
    data = {"regimen": LADDER, "axes": [paces], "output": output, "solver": {"block": 40}}
    study = Study.build({**data, "patient": {"basin": "resolved"}}, "x")
    assert len(np.unique(study.plan().night_start)) > task.FEW_WINDOWS
    sizes: list[int] = []
    solve = batch.solve

    def counted(model: Model, one: batch.Batch, *rest: object) -> batch.BatchResult:
        sizes.append(len(one.params))
        return solve(model, one, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "solve", counted)
    apart = study.run(threads=1)
    assert sizes[-2:] == [32, 8]
    monkeypatch.setattr(task, "FEW_WINDOWS", 1000)
    together = study.run(threads=1)
    assert sizes[-1] == 40
    xr.testing.assert_identical(apart, together)
