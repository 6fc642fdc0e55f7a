"""Sensitivities against closed forms, against whole studies run anew, and near a tipping point."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from ldnsim.analysis.sensitivity import of_result
from ldnsim.cli import app
from ldnsim.config.summaries import SUMMARIES
from ldnsim.mechanisms.record import ASSUMED, Mechanism, logitnormal, lognormal
from ldnsim.model import default_model
from ldnsim.patients.vectors import grades
from ldnsim.results import sensitivity as sensitivity_data
from ldnsim.results.store import open_store
from ldnsim.runs.derivatives import (
    SHIFT,
    Sensitivities,
    log_sd,
    reference_run,
    sensitivities,
)
from ldnsim.runs.plan import Plan
from ldnsim.sweep.study import Study

MODEL = default_model()
WEEK = "3 mg nightly at 22:00 for 8 d"


def study(regimen: str = WEEK, **more: Any) -> Study:
    return Study.build({"title": "t", "regimen": regimen, **more}, "test")


def differentiated(plan: Plan, threads: int | None = None) -> Sensitivities:
    """Sensitivities of the only run of a plan."""
    return sensitivities(plan, plan.described, 0, threads)


def of(found: Sensitivities, summary: str, parameter: str) -> float:
    row = [s.name for s in found.summaries].index(summary)
    return float(found.derivative[row, found.parameters.index(parameter)])


def value(found: Sensitivities, summary: str) -> float:
    return float(found.unshifted[[s.name for s in found.summaries].index(summary)])


@pytest.fixture(scope="module")
def found() -> Sensitivities:
    """Sensitivities of 3 mg nightly for 8 days in the default patient."""
    return differentiated(study().plan())


# ---- closed forms -----------------------------------------------------------------------------


def test_area_under_plasma_follows_clearance_and_bioavailability(found: Sensitivities) -> None:
    """AUC = dose f (1 - E) / cl, all but what the deep volume still holds back."""
    auc = value(found, "naltrexone_auc")
    extraction = MODEL.parameters["first_pass_extraction"].value
    first_pass = -extraction / (1.0 - extraction)
    for name, exact in (
        ("cl", -1.0), ("f_absorbed", 1.0), ("first_pass_extraction", first_pass),
        ("v_central", 0.0), ("kd_mor", 0.0),
    ):  # fmt: skip
        assert of(found, "naltrexone_auc", name) / auc == pytest.approx(exact, rel=1e-2, abs=1e-3)


def test_a_dose_is_a_change_of_what_is_absorbed(found: Sensitivities) -> None:
    """Kinetics are linear in dose: as much more drug does what as much more absorption does."""
    fine = {"solver": {"rtol": 1e-8, "atol": 1e-11}}
    bigger = study(f"{3 * np.exp(SHIFT):.12f} mg nightly at 22:00 for 8 d", **fine).run()
    smaller = study(f"{3 * np.exp(-SHIFT):.12f} mg nightly at 22:00 for 8 d", **fine).run()
    for name in ("occupancy_peak", "tnf_change", "worst_pain_change"):
        slope = float(bigger[name] - smaller[name]) / (2 * SHIFT)
        assert of(found, name, "f_absorbed") == pytest.approx(slope, rel=5e-3)


def test_without_drug_the_shifted_patient_rests_on_the_shifted_orbit(found: Sensitivities) -> None:
    """Untreated means move with the parameters, their changes under placebo do not."""
    still = differentiated(study("placebo nightly at 22:00 for 8 d").plan())
    for name in ("tnf_change", "pain_change", "m1_change", "neuronal_health_change"):
        row = [s.name for s in still.summaries].index(name)
        assert np.abs(found.derivative[row]).max() > 0.0
        assert not still.derivative[row].any()
        assert np.isnan(still.assumed_share[row])


# ---- against whole studies --------------------------------------------------------------------


@pytest.mark.parametrize("basin", ["inflamed", "resolved"])
def test_derivatives_are_those_of_whole_studies_run_anew(basin: str) -> None:
    names = ("activation_priming", "kd_mor", "reserve", "tnf_from_m1", "pain_inflammation")
    patient = {"basin": basin}
    ours = differentiated(study(patient=patient).plan())
    runs = study(patient=patient, solver={"rtol": 1e-8, "atol": 1e-11}, **shifted(names)).run()
    for summary in ("tnf_change", "pain_change", "hours_blocked", "m1_change_end", "worst_dreams"):
        values, scale = runs[summary].values, abs(value(ours, summary))
        for k, name in enumerate(names):
            theirs = float(values[2 * k] - values[2 * k + 1]) / (2 * SHIFT)
            # slopes that small are noise, which is set to nothing in ours and not in theirs
            near = pytest.approx(theirs, rel=0.01, abs=1e-3 * scale + 6e-4)
            assert of(ours, summary, name) == near, (name, summary)


def shifted(names: Sequence[str]) -> dict[str, Any]:
    """Axes that advance together: each parameter in turn 1 % up, then 1 % down."""
    axes = []
    for k, name in enumerate(names):
        # an axis lists no value twice
        values = MODEL.parameters[name].value * (1.0 + 1e-9 * np.arange(2 * len(names)))
        values[2 * k : 2 * k + 2] *= np.exp([SHIFT, -SHIFT])
        axes.append({"name": f"p{k}", "field": f"parameters.{name}", "values": values.tolist()})
    return {"axes": axes, "zip": [[str(a["name"]) for a in axes]]}


def test_changes_of_parameters_during_a_run_follow_the_patient_own_value() -> None:
    few = {"output": {"summaries": ["naltrexone_auc"]}}
    change = [{"at": "3 d", "parameter": "cl", "factor": 2.0}]
    twice = differentiated(study(changes=change, **few).plan())
    auc = value(twice, "naltrexone_auc")
    assert of(twice, "naltrexone_auc", "cl") / auc == pytest.approx(-1.0, rel=1e-2)
    outright = [{"at": "3 d", "parameter": "cl", "value": 280.0}]
    held = differentiated(study(changes=outright, **few).plan())
    # the value it is set to does not follow the patient's: only what the deep volume remembers
    assert abs(of(held, "naltrexone_auc", "cl")) < 0.01 * auc


def test_threads_change_no_bit(found: Sensitivities) -> None:
    other = differentiated(study().plan(), threads=1)
    np.testing.assert_array_equal(other.derivative, found.derivative)
    np.testing.assert_array_equal(other.asymmetry, found.asymmetry)


# ---- shares -----------------------------------------------------------------------------------


def test_shares_add_up_over_parameters_and_over_mechanisms(found: Sensitivities) -> None:
    moving = np.isfinite(found.share).all(axis=1)
    assert moving.sum() > 20
    np.testing.assert_allclose(found.share[moving].sum(axis=1), 1.0)
    rooms = np.array([MODEL.parameters[n].mechanism for n in found.parameters])
    by_room = {room: found.share[:, rooms == room].sum(axis=1) for room in np.unique(rooms)}
    np.testing.assert_allclose(sum(by_room.values())[moving], 1.0)
    row = [s.name for s in found.summaries].index("naltrexone_auc")
    assert by_room["pharmacokinetics"][row] == pytest.approx(1.0)
    graded = [MODEL.parameters[n].grade for n in found.parameters]
    assert ASSUMED not in {g for g, s in zip(graded, found.share[row], strict=True) if s > 1e-9}
    assert found.assumed_share[row] == pytest.approx(0.0, abs=1e-9)


def test_without_drug_effect_nothing_has_a_share() -> None:
    none = differentiated(study(hypothesis="null", output={"summaries": "all"}).plan())
    for name in ("hours_blocked", "tnf_change", "pain_change", "fatigue_change_percent"):
        row = [s.name for s in none.summaries].index(name)
        assert not none.derivative[row].any()
        assert np.isnan(none.assumed_share[row])
    assert of(none, "naltrexone_auc", "cl") < 0.0
    assert none.left_out["coupling_drug"] == "a switch"


def test_what_cannot_be_shifted_is_left_out_and_said(found: Sensitivities) -> None:
    zero = {n for n, p in MODEL.parameters.items() if p.value == 0.0}
    switches = {n for n in MODEL.parameters if n.startswith("coupling_")}
    assert set(found.left_out) == zero | switches
    assert set(found.parameters) | set(found.left_out) == set(MODEL.parameters)


def test_the_spread_of_a_fraction_shrinks_towards_one() -> None:
    room = Mechanism("room", "for tests")
    room.parameter("f", 0.75, "1", "a fraction", spread=logitnormal(0.4))
    room.parameter("k", 3.0, "1", "a rate", spread=lognormal(0.4))
    room.parameter("c", 3.0, "1", "a constant")
    sds = [log_sd(p, p.value) for p in room.parameters.values()]
    assert sds == pytest.approx([0.1, 0.4, 0.0])


def test_grades_are_those_of_the_numbers_in_use() -> None:
    runs = {
        h: study(hypothesis=h, patient={"parameters": {"kd_mor": 1.0}}).plan().runs[0]
        for h in ("dual_pathway", "rebound")
    }
    assert grades(runs["dual_pathway"])["ic50_trif"] == ASSUMED
    assert grades(runs["rebound"])["ic50_trif"] == "in vitro"
    assert grades(runs["rebound"])["kd_mor"] == ASSUMED  # the study's own number
    assert grades(runs["rebound"])["kd_dor"] == MODEL.parameters["kd_dor"].grade


# ---- tipping ----------------------------------------------------------------------------------


def made_up(asymmetry: list[float], derivative: list[float]) -> Sensitivities:
    names = ("k_tnf", "reserve")
    return Sensitivities(
        0, (SUMMARIES["tnf_change"],), names, np.ones(2), (ASSUMED, "animal"), np.ones(2),
        np.array([1.0]), np.array([derivative]), np.array([asymmetry]), {},
    )  # fmt: skip


def test_only_bent_parameters_that_matter_make_a_summary_bent() -> None:
    assert made_up([0.0, 0.0], [3.0, 4.0]).locally_linear.all()
    assert made_up([0.9, 0.0], [0.03, 4.0]).locally_linear.all()
    assert not made_up([0.9, 0.0], [3.0, 4.0]).locally_linear.any()
    assert not made_up([0.0, np.nan], [3.0, np.nan]).locally_linear.any()
    assert made_up([0.0, 0.0], [3.0, 4.0]).assumed_share == pytest.approx([9 / 25])


def test_a_run_on_the_edge_of_tipping_is_flagged() -> None:
    """Narrow in on the dose that just tips the patient for good: there the slopes mean nothing."""
    low, high, most = 0.5, 4.5, 8
    plan = {"output": {"trajectories": False, "night": False, "summaries": ["tnf_change_end"]}}
    course = "mg nightly at 22:00 for 26 wk, then stop for 104 wk"
    for _ in range(4):
        doses = np.linspace(low, high, most)
        axis = {"name": "d", "field": "regimen.target", "values": [f"{d:.9f} mg" for d in doses]}
        change = study(f"1 {course}", axes=[axis], **plan).run()
        tipped = change["tnf_change_end"].values < -0.5
        assert tipped[-1] and not tipped[0]
        first = int(np.argmax(tipped))
        low, high = doses[first - 1], doses[first]
    edge = f"{(low + high) / 2:.9f} {course}"
    both = {"summaries": ["tnf_change_end", "naltrexone_auc"]}
    found = differentiated(study(edge, output=both).plan())
    assert found.locally_linear.tolist() == [False, True]


# ---- in results -------------------------------------------------------------------------------


def three(**output: Any) -> dict[str, Any]:
    few = {"variables": ["pain"], "summaries": ["tnf_change", "naltrexone_auc"], "ledger": False}
    return {
        "title": "three",
        "output": {**few, **output},
        "regimens": [
            {"name": "none", "prescription": "placebo nightly at 22:00 for 2 d"},
            {"name": "some", "prescription": "3 mg nightly at 22:00 for 2 d"},
            {"name": "more", "prescription": "4.5 mg nightly at 22:00 for 2 d"},
        ],
    }


def test_the_middle_of_a_dose_axis_stands_for_a_sweep() -> None:
    values = ["0.1 mg", "1 mg", "3 mg", "5 mg"]
    doses = {"name": "dose", "field": "regimen.target", "values": values}
    basins = {"name": "b", "field": "patient.basin", "values": ["inflamed", "resolved"]}
    plan = study(axes=[doses, basins]).plan()
    assert plan.shape == (4, 2)
    assert reference_run(plan, [0] * 8) == 4  # 3 mg, inflamed
    assert reference_run(plan, [0, 0, 0, 0, 3, 0, 0, 0]) == 2  # 1 mg, inflamed
    assert reference_run(plan, [0, 3, 3, 3, 3, 3, 3, 3]) == 0
    assert reference_run(study().plan(), [0]) == 0
    assert plan.name_of(4) == "dose 3 mg, inflamed"


def test_the_first_treated_run_that_ended_well_stands_for_a_study() -> None:
    plan = Study.build(three(), "t").plan()
    assert reference_run(plan, [0, 0, 0]) == 1
    assert reference_run(plan, [0, 3, 0]) == 2
    assert reference_run(plan, [0, 3, 3]) == 0
    assert reference_run(plan, [1, 3, 3]) is None


@pytest.mark.parametrize("ending", ["zarr", "nc"])
def test_made_with_a_result_or_added_to_it_later_is_the_same(tmp_path: Path, ending: str) -> None:
    plain, asked = tmp_path / f"plain.{ending}", tmp_path / f"asked.{ending}"
    Study.build(three(), "t").run(plain).close()
    Study.build(three(sensitivity=True), "t").run(asked).close()
    with open_store(plain) as ds:
        assert "sensitivity" not in ds
        before = ds.load()
        found = of_result(ds)
    for _ in range(2):  # a second time replaces the first
        sensitivity_data.add_to_store(plain, found)
    with open_store(plain) as one, open_store(asked) as two:
        new = [n for n in one.variables if n not in before.variables]
        xr.testing.assert_identical(one[new].drop_attrs(), two[new].drop_attrs())
        xr.testing.assert_identical(one.drop_vars(new).load(), before)
        assert one["sensitivity"].attrs == two["sensitivity"].attrs
        assert one["sensitivity"].attrs["reference"] == "some"
        assert one.attrs == before.attrs


def test_a_reference_of_another_run_replaces_the_first(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    Study.build(three(), "t").run(path).close()
    for run, name in ((1, "some"), (2, "more")):
        with open_store(path) as ds:
            found = of_result(ds, run)
        sensitivity_data.add_to_store(path, found)
        with open_store(path) as ds:
            assert ds["sensitivity"].attrs["reference"] == name
            unshifted = ds["summary_value"].sel(summary="tnf_change")
            assert float(unshifted) == pytest.approx(
                float(ds["tnf_change"][run]), rel=1e-3, abs=1e-6
            )


def test_a_result_of_another_model_is_refused(tmp_path: Path) -> None:
    from ldnsim.errors import UserError

    ds = study().run()
    ds.attrs["fingerprints"] = ds.attrs["fingerprints"].replace('"data": "', '"data": "0')
    with pytest.raises(UserError, match="another version of ldnsim \\(data differ\\)"):
        of_result(ds)


def test_an_axis_cannot_take_the_name_of_a_sensitivity() -> None:
    from ldnsim.errors import UserError

    axis = {"name": "parameter", "field": "parameters.cl", "values": [100.0, 200.0]}
    with pytest.raises(UserError, match="parameter"):
        study(axes=[axis])


def test_one_patient_of_a_population_is_differentiated_into_the_store(tmp_path: Path) -> None:
    people = study(population={"size": 2, "scale": 0.3}, output={"variables": ["pain"]})
    people.run(tmp_path / "x.zarr")
    done = CliRunner().invoke(app, ["sensitivity", str(tmp_path / "x.zarr")])
    assert done.exit_code == 0, done.output
    assert "# run: patient 1\n" in done.output, "a pure number has no unit to be said"
    with open_store(tmp_path / "x.zarr") as ds:
        assert ds["patient_parameters"].dims == ("patient", "drawn")
        assert ds.sizes["drawn"] != ds.sizes["parameter"]
        assert float(ds["sensitivity"].sel(summary="pain_change", parameter="cl")) != 0.0
