"""What came through opioid tone and through TLR4: closed forms, independent runs, stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ldnsim
from ldnsim import Study, UserError, simulate
from ldnsim.runs.pathways import shares

TEXT = "4.5 mg nightly at 22:00, for 3 wk"
EXACT = {"rtol": 1e-8}
OUT = {"attribution": True, "dtype": "float64", "every": "12 h"}
NAMES = ("pain_change", "tnf_change_percent", "hours_blocked", "worst_pain_change")
finite = st.floats(-1e3, 1e3)


def values(tone: float, tlr4: float, together: float, start: float) -> list[np.ndarray]:
    """Runs with both, neither, tone alone, TLR4 alone, of a bilinear model."""
    both = start + tone + tlr4 + together
    return [np.full((1, 1), v) for v in (both, start, start + tone, start + tlr4)]


@given(finite, finite, finite, finite)
@settings(max_examples=200)
def test_a_bilinear_model_is_attributed_in_closed_form(
    a: float, b: float, c: float, start: float
) -> None:
    found = shares(values(a, b, c, start), np.array([[True, True]]))
    for share, known in zip(found, (a + c / 2, b + c / 2, c), strict=True):
        assert share[0, 0] == pytest.approx(known, abs=1e-9)
    assert found[0] + found[1] == pytest.approx(a + b + c, abs=1e-9)


@given(finite, finite, st.tuples(st.booleans(), st.booleans()))
def test_a_pathway_that_is_off_gets_exactly_nothing_and_the_other_all(
    full: float, neither: float, ways: tuple[bool, bool]
) -> None:
    lost = np.full((1, 1), np.nan)  # lanes that were not solved
    beside = [np.full((1, 1), full), np.full((1, 1), neither), lost, lost]
    if not all(ways):
        tone, tlr4, both = (x[0, 0] for x in shares(beside, np.array([ways])))
        change = full - neither
        assert both == 0.0
        assert (tone, tlr4) == (change if ways[0] else 0.0, change if ways[1] else 0.0)


@pytest.fixture(scope="module")
def run() -> xr.Dataset:
    return simulate(TEXT, output=OUT, solver=EXACT)


def switched(tone: float, tlr4: float, **more: Any) -> xr.Dataset:
    """The same run with switches set by hand."""
    own = {"coupling_opioid": tone, "coupling_tlr4": tlr4}
    output = {"dtype": "float64", "every": "12 h"}
    return simulate(TEXT, parameters=own, output=output, solver=EXACT, **more)


def test_it_is_what_runs_with_the_switches_set_by_hand_give(run: xr.Dataset) -> None:
    tone, tlr4, neither = switched(1, 0), switched(0, 1), switched(0, 0)
    for name in ("pain", "tnf", "microglia_m1", *NAMES):
        full = run[name]
        first = (tone[name] - neither[name] + full - tlr4[name]) / 2
        size = float(abs(full).max())
        through = run[f"through_{name}"]
        assert abs(through.sel(pathway="tone") - first).max() < 1e-5 * size, name
        assert abs(through.sum("pathway") - (full - neither[name])).max() < 1e-5 * size, name
        mixed = full - tone[name] - tlr4[name] + neither[name]
        assert abs(run[f"interaction_{name}"] - mixed).max() < 1e-5 * size, name
    assert abs(run.through_pain_change.sel(pathway="tlr4")) > 1e-3  # something comes through both


def test_the_change_of_a_run_is_attributed_whole(run: xr.Dataset) -> None:
    """With neither pathway nothing changes, as closely as the untreated rhythm is found."""
    for name in ("pain_change", "tnf_change", "m1_change"):
        assert float(run[f"through_{name}"].sum()) == pytest.approx(float(run[name]), abs=1e-9)


def test_the_run_itself_is_the_same_bits(run: xr.Dataset) -> None:
    plain = simulate(TEXT, output={"dtype": "float64", "every": "12 h"}, solver=EXACT)
    for name in plain.data_vars:
        assert np.array_equal(plain[name].values, run[name].values) or name == "time_to_response"


def test_results_say_how_they_are_meant(run: xr.Dataset) -> None:
    assert run.through_tnf.dims == ("pathway", "time")
    assert run.pathway.values.tolist() == ["tone", "tlr4"]
    assert run.through_tnf.attrs["scale"] == run.tnf.attrs["scale"] == "fold of healthy"
    assert "Shapley" in run.through_tnf.attrs["method"]
    assert "half" in run.interaction_tnf.attrs["method"]
    assert "coupling_tlr4" in run.pathway.attrs["meaning"]
    assert "through_naltrexone_auc" not in run  # what the drug's level is comes through neither


@pytest.mark.parametrize(
    ("hypothesis", "pathway", "other"),
    [("glial", "tlr4", "tone"), ("ogfr", "tone", "tlr4"), ("peripheral", "tone", "tlr4")],
)
def test_a_hypothesis_with_a_pathway_off(hypothesis: str, pathway: str, other: str) -> None:
    ds = simulate(TEXT, hypothesis=hypothesis, output=OUT)
    for name in ("pain_change", "tnf_change"):
        assert float(ds[f"through_{name}"].sel(pathway=other)) == 0.0
        assert float(ds[f"interaction_{name}"]) == 0.0
        mine = float(ds[f"through_{name}"].sel(pathway=pathway))
        assert mine == pytest.approx(float(ds[name]), abs=1e-5)
    assert not ds.through_pain.sel(pathway=other).any()


def test_no_effect_and_placebo_are_exactly_nothing() -> None:
    study = Study.build(
        {
            "regimens": [TEXT, "placebo nightly at 22:00, for 3 wk"],
            "axes": [{"name": "way", "field": "hypothesis", "values": ["dual_pathway", "null"]}],
            "output": OUT,
        }
    )
    ds = study.run()
    for name in ("pain", "tnf", "pain_change", "tnf_change"):
        assert not ds[f"through_{name}"].isel(regimen=1).any()
        assert not ds[f"through_{name}"].sel(way="null").any()
        assert ds[f"through_{name}"].isel(regimen=0, way=0).any()
    assert not ds.pathways_status.any()
    assert "up to 6 more runs" in str(study.plan())


def test_what_is_changed_besides_is_in_neither_pathway() -> None:
    more: dict[str, Any] = {
        "changes": [{"at": "1 wk", "parameter": "driver", "factor": 0.5}],
        "modifiers": {"stress": 0.4},
    }
    ds, neither = simulate(TEXT, output=OUT, solver=EXACT, **more), switched(0, 0, **more)
    rest = ds.pain - ds.through_pain.sum("pathway")
    assert abs(rest - neither.pain).max() < 1e-5
    assert abs(float(neither.pain_change)) > 1e-2


def test_a_switch_that_a_study_sets_on_its_way_stays_off_beside() -> None:
    more = {"changes": [{"at": "1 wk", "parameter": "coupling_tlr4", "value": 1.0}]}
    off = {"coupling_tlr4": 0.0}
    ds = simulate(TEXT, parameters=off, output=OUT, solver=EXACT, **more)
    tone = switched(1, 0)
    alone = ds.through_pain.sel(pathway="tone") - ds.interaction_pain / 2
    assert abs(alone - (tone.pain - switched(0, 0).pain)).max() < 1e-5
    assert abs(ds.through_pain.sel(pathway="tlr4")).max() > 1e-4


PEOPLE = {
    "regimens": [TEXT, "placebo nightly at 22:00, for 3 wk"],
    "population": {"size": 10},
    "output": {"attribution": True, "every": "1 d"},
}


@pytest.mark.parametrize("ending", [".zarr", ".nc"])
def test_stores_and_blocks_hold_the_same_bits(tmp_path: Path, ending: str) -> None:
    whole = Study.build(PEOPLE).run()
    small = Study.build({**PEOPLE, "solver": {"block": 8}}).run(tmp_path / f"a{ending}")
    xr.testing.assert_equal(whole.drop_vars("status_advice"), small.drop_vars("status_advice"))
    assert whole.through_pain.dims == ("regimen", "patient", "pathway", "time")
    assert whole.through_pain_change.dims == ("regimen", "patient", "pathway")
    again = ldnsim.open_store(tmp_path / f"a{ending}", verify=True)
    gap = again.through_pain_change.sum("pathway") - again.pain_change
    assert float(abs(gap.where(again.status == 0)).max()) < 1e-7, (
        "as closely as the untreated rhythm is found"
    )


def test_a_stopped_sweep_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    study = Study.build({**PEOPLE, "solver": {"block": 8}})

    def stop(done: int, total: int) -> None:
        if done >= total // 2:
            raise KeyboardInterrupt

    with pytest.raises(ldnsim.errors.Interrupted):
        study.run(tmp_path / "a.zarr", progress=stop)
    ds = study.run(tmp_path / "a.zarr", resume=True)
    xr.testing.assert_equal(ds.drop_vars("status_advice"), study.run().drop_vars("status_advice"))


def test_a_run_beside_that_fails_leaves_nothing_to_attribute() -> None:
    from dataclasses import replace

    from ldnsim.runs.job import Job
    from ldnsim.runs.plan import make_plan
    from ldnsim.runs.task import solve_task

    job = Job(make_plan(Study.build({"regimen": TEXT, "output": OUT})))
    tasks = job.tasks(0, 8)
    solved = [solve_task(t) for t in tasks]
    failed = [*solved[:2], replace(solved[2], status=np.array([4], np.int8)), solved[3]]
    block = job.gather(tasks, failed)
    assert block.status[0] == 0
    assert block.summaries[0, -1] == 4
    n = len(job.plan.summaries)
    assert np.isfinite(block.summaries[0, :n]).any()
    assert np.isnan(block.summaries[0, n:-1]).all()


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ({"attribution": ["pian"]}, "did you mean 'pain'"),
        ({"attribution": ["pain_chnge"]}, "did you mean 'pain_change'"),
        ({"attribution": ["naltrexone_plasma"]}, "nothing of it comes through them"),
        ({"attribution": ["pain"], "trajectories": False}, "name summaries"),
        ({"attribution": "pain"}, "output.attribution"),
        ({"attribution": 1}, "output.attribution"),
    ],
)
def test_what_cannot_be_attributed_is_refused(output: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        Study.build({"regimen": TEXT, "output": output})


def test_where_no_drug_is_given_nothing_is_attributed() -> None:
    with pytest.raises(UserError, match="no run of this study is given naltrexone"):
        simulate("placebo nightly at 22:00, for 1 wk", output={"attribution": True})


def test_names_choose_what_is_kept(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("def lowest(pain):\n    return pain.min()\n")
    study = Study.build(
        {
            "regimen": TEXT,
            "output": {
                "attribution": ["il6", "lowest"],
                "variables": ["pain"],
                "summaries": ["pain_change", {"name": "lowest", "function": "own.py:lowest"}],
            },
        },
        folder=tmp_path,
    )
    ds = study.run()
    kept = {str(n) for n in ds.data_vars if str(n).startswith("through_")}
    assert kept == {"through_il6", "through_lowest"}
    assert "il6" in ds
    untreated = float(ds.pain.isel(time=slice(0, 4)).min())
    assert float(ds.through_lowest.sum()) == pytest.approx(float(ds.lowest) - untreated, abs=1e-3)
