"""What a result holds, checked against what its own trajectories say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import ldnsim
from ldnsim.config import rules
from ldnsim.edition import shipped
from ldnsim.model import default_model
from ldnsim.sweep.execute import outcome
from ldnsim.sweep.study import Study

REGIMEN = "2 mg nightly at 22:00, for 3 wk, then stop for 2 wk"


@pytest.fixture(scope="module")
def ds() -> xr.Dataset:
    return ldnsim.simulate(
        REGIMEN,
        basin="resolved",
        output={"every": "15 min", "dtype": "float64", "summaries": "all"},
    )


def mean(values: xr.DataArray, start: float, stop: float) -> float:
    part = values.sel(time=slice(start, stop))
    return float(np.trapezoid(part, part["time"]) / (stop - start))


def test_one_run_has_no_dimension_of_a_sweep(ds: xr.Dataset) -> None:
    assert ds["pain"].dims == ("time",)
    assert ds["pain_change"].dims == ()
    assert outcome(ds) == "1 ok"


def test_an_axis_cannot_take_the_name_of_anything_in_a_result(ds: xr.Dataset) -> None:
    assert set(map(str, ds.variables)) | set(map(str, ds.dims)) <= rules.names_taken(shipped())


@pytest.mark.parametrize("every", ["5 h", "7 min"])
def test_a_drug_without_effect_gives_no_hours_of_rebound(every: str) -> None:
    ds = ldnsim.simulate(
        "4.5 mg nightly at 22:00, for 3 d",
        hypothesis="null",
        output={"night_every": every, "trajectories": False, "summaries": ("hours_rebound",)},
    )
    assert float(ds["hours_rebound"]) == 0.0


def test_summaries_agree_with_the_trajectories(ds: xr.Dataset) -> None:
    stop = 20 * 24 + 22.0 + 24.0
    week = mean(ds["tnf"], stop - 168.0, stop) - float(ds["baseline_tnf"])
    assert float(ds["tnf_change"]) == pytest.approx(week, abs=1e-6)
    end = mean(ds["tnf"], 35 * 24 - 168.0, 35 * 24.0)
    percent = 100.0 * (end / float(ds["baseline_tnf"]) - 1.0)
    assert float(ds["tnf_change_end_percent"]) == pytest.approx(percent, abs=1e-4)
    assert float(ds["worst_dreams"]) == pytest.approx(float(ds["vivid_dreams"].max()), rel=1e-3)
    night = ds["night_mor_occupancy"]
    fine = ldnsim.simulate(
        REGIMEN,
        basin="resolved",
        output={"night_every": "1 min", "dtype": "float64", "trajectories": False},
    )["night_mor_occupancy"]
    assert float(ds["occupancy_peak"]) == pytest.approx(float(fine.max()), rel=1e-5)
    assert float(ds["occupancy_peak"]) >= float(night.max())
    area = float(np.trapezoid(night, ds["night_time"]))
    assert float(ds["occupancy_auc"]) == pytest.approx(area, rel=1e-3)


def test_the_close_up_is_a_cut_of_the_trajectory(ds: xr.Dataset) -> None:
    start = float(ds["night_start"])
    assert start == 20 * 24 + 22.0
    cut = ds["mor_occupancy"].sel(time=slice(start, start + 24.0)).values
    assert (ds["night_mor_occupancy"].values == cut).all()


def test_hours_blocked_are_those_of_the_close_up(ds: xr.Dataset) -> None:
    above = (ds["night_mor_occupancy"] > ds["hours_blocked"].attrs["threshold"]).values
    assert float(ds["hours_blocked"]) == pytest.approx(above.sum() * 0.25, abs=0.5)


def test_the_patient_starts_untreated(ds: xr.Dataset) -> None:
    before = mean(ds["pain"], 0.0, 22.0)
    assert before == pytest.approx(float(ds["baseline_pain"]), rel=0.05)
    assert float(ds["mor_occupancy"].sel(time=22.0)) < 1e-9, "a value at a dose is before it"


def test_the_ledger_and_the_prescribed_dose_tell_the_same(ds: xr.Dataset) -> None:
    assert ds.sizes["ledger_row"] == 21
    assert ds["ledger_planned_dose"].values.tolist() == [2.0] * 21
    daily = ds["prescribed_dose"]
    assert (daily.sel(time=slice(0, 21 * 24 - 0.25)) == 2.0).all()
    assert (daily.sel(time=slice(21 * 24, None)) == 0.0).all()


def test_every_variable_has_a_unit_or_flags_and_words(ds: xr.Dataset) -> None:
    for name, variable in ds.data_vars.items():
        assert variable.attrs.get("long_name"), name
        if variable.dtype.kind == "f":
            assert "units" in variable.attrs, name
    model = {str(n) for n in ds.data_vars} & set(default_model().observables)
    assert all("evidence" in ds[n].attrs and "mechanism" in ds[n].attrs for n in model)


def test_the_result_says_where_it_comes_from(ds: xr.Dataset) -> None:
    table = {row["name"]: row for row in json.loads(ds.attrs["parameters"])}
    assert set(table) == set(default_model().parameters)
    assert table["driver"]["value"] == default_model().parameters["driver"].value
    assert "not medical advice" in ds.attrs["warning"]
    assert {"ldnsim", "numpy", "numba"} <= set(json.loads(ds.attrs["versions"]))
    again = Study.loads(ds.attrs["study"])
    assert again.resolved() == ds.attrs["study"]


def study(text: str) -> Study:
    head = 'regimen = "2 mg nightly at 22:00, for 1 wk"\noutput = { every = "1 d" }\n'
    return Study.loads(head + text)


def test_a_failed_run_is_a_status_and_leaves_its_neighbours_alone() -> None:
    axis = 'axes = [{{ name = "driver", field = "parameters.driver", values = {} }}]\n'
    patient = 'patient.basin = "resolved"\n'
    mixed = study(patient + axis.format([0.02, 1000.0, 0.04])).run()
    assert mixed["status"].values[1] != 0
    assert outcome(mixed).startswith("2 ok, 1 failed: 1 x ")
    assert str(mixed["status_advice"].values[1])
    assert np.isnan(mixed["pain"].values[1]).all() and np.isnan(mixed["pain_change"].values[1])
    good = study(patient + axis.format([0.02, 0.03, 0.04])).run()
    for i in (0, 2):
        np.testing.assert_allclose(mixed["pain"].values[i], good["pain"].values[i], rtol=1e-4)
        assert mixed["status"].values[i] == 0


def test_a_study_in_which_every_run_fails_still_gives_a_result() -> None:
    ds = study('patient = { basin = "resolved", parameters = { driver = 1000.0 } }').run()
    assert outcome(ds).startswith("0 ok, 1 failed")
    assert np.isnan(ds["pain"]).all()


def test_regimens_of_different_length_have_their_own_windows() -> None:
    ds = Study.loads(
        'patient.basin = "resolved"\noutput = { every = "6 h", dtype = "float64" }\n'
        '[[regimens]]\nname = "short"\nprescription = "2 mg nightly at 22:00, for 1 wk"\n'
        '[[regimens]]\nname = "long"\nprescription = "2 mg nightly at 22:00, for 2 wk"\n'
        '[[regimens]]\nname = "none"\nprescription = "stop for 2 wk"\n'
    ).run()
    assert ds["pain"].dims == ("regimen", "time")
    starts = dict(zip(ds["regimen"].values.tolist(), ds["night_start"].values, strict=True))
    assert starts == {"short": 6 * 24 + 22.0, "long": 13 * 24 + 22.0, "none": 13 * 24 + 22.0}
    alone = Study.loads(
        'patient.basin = "resolved"\nhorizon = "15 d"\n'
        'regimen = "2 mg nightly at 22:00, for 1 wk"\n'
    ).run()
    same = float(ds["occupancy_auc"].sel(regimen="short"))
    assert same == pytest.approx(float(alone["occupancy_auc"]), rel=1e-4)


def test_missed_doses_are_shared_by_regimens_of_one_subject() -> None:
    ds = Study.loads(
        'seed = 5\npatient.basin = "resolved"\nadherence.p_missed = 0.4\n'
        'regimen = "2 mg nightly at 22:00, for 2 wk"\noutput = { trajectories = false }\n'
        'axes = [{ name = "dose", field = "regimen.target", values = ["1 mg", "3 mg"] },'
        ' { name = "subject", field = "subject", values = [0, 1] }]'
    ).run()
    missed = ds["ledger_status"].values.reshape(4, 14) == 2
    assert (missed[0] == missed[2]).all() and (missed[1] == missed[3]).all()
    assert (missed[0] != missed[1]).any()
    assert "pain" not in ds and "night_pain" in ds


def test_a_plan_describes_itself() -> None:
    plan = study('axes = [{ name = "dose", field = "regimen.target", values = ["1 mg"] }]').plan()
    text = str(plan)
    assert "runs       1 on 1 distinct patient" in text
    assert "dose: 1 values of regimen.target in mg: 1" in text
    assert "<table>" in study("")._repr_html_()
