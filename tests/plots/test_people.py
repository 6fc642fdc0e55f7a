"""Pictures of virtual patients: the median with its band, or the patient asked for."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from ldnsim import plots
from ldnsim.plots import people
from ldnsim.plots.people import over_patients, patients_shown


@pytest.fixture(scope="module")
def crowd(named: xr.Dataset) -> xr.Dataset:
    """Three regimens in eleven patients who differ by a constant; patient 0 failed everywhere."""
    one = named.isel(regimen=slice(0, 3))
    shift = xr.DataArray(np.linspace(-1.0, 1.0, 11), dims="patient")
    ds = xr.Dataset(coords={**one.coords, "patient": np.arange(11)}, attrs=one.attrs)
    for name, v in one.data_vars.items():
        if v.dtype.kind == "f":
            ds[name] = (v + shift).transpose("regimen", "patient", ...).assign_attrs(v.attrs)
        else:
            ds[name] = v.expand_dims(patient=11, axis=1).copy()
    ds["status"][:, 0] = 1
    ds["patient_parameters"] = (("patient", "drawn"), np.ones((11, 2)))
    return ds


def test_the_middle_is_the_median_of_those_who_did_not_fail(
    crowd: xr.Dataset, named: xr.Dataset
) -> None:
    found = over_patients(crowd)
    assert "patient" not in found.dims and patients_shown(found) == 11
    pain = named["pain"].isel(regimen=slice(0, 3))
    np.testing.assert_allclose(found["pain"], pain + 0.1, atol=1e-12)
    np.testing.assert_allclose(found["p10_pain"], pain - 0.8 + 0.18, atol=1e-12)
    np.testing.assert_allclose(found["p90_pain"], pain + 1.0 - 0.18, atol=1e-12)
    assert (found["status"] == 0).all()
    assert found["pain"].attrs == crowd["pain"].attrs


def test_quantiles_are_those_of_numpy_also_with_gaps() -> None:
    values = np.random.default_rng(0).normal(size=(5, 13))
    values[1, 3:9], values[2, :12], values[3, 0] = np.nan, np.nan, np.nan
    ordered = people._ordered(xr.DataArray(values, dims=("x", "patient")))
    for q in (0.1, 0.5, 0.9):
        exact = np.nanquantile(values, q, axis=1)
        np.testing.assert_allclose(people._quantile(ordered, q), exact, rtol=1e-12)


def test_naming_a_patient_keeps_single_ones(crowd: xr.Dataset) -> None:
    assert over_patients(crowd, {"patient": 3}) is crowd
    assert over_patients(crowd, [{"patient": 3, "regimen": "careful"}]) is crowd
    assert over_patients(crowd, ["careful"]) is not crowd
    assert over_patients(crowd, axes=("patient", None)) is crowd


def test_where_everybody_failed_the_picture_says_so(crowd: xr.Dataset) -> None:
    lost = crowd.copy(deep=True)
    lost["status"][1, :] = 2
    assert over_patients(lost)["status"].values.tolist() == [0, 2, 0]


def test_a_result_without_patients_is_left_alone(named: xr.Dataset) -> None:
    assert over_patients(named) is named


def test_every_picture_takes_patients(crowd: xr.Dataset) -> None:
    figure = plots.compare(crowd)
    assert len([ax for ax in figure.axes if ax.get_title(loc="left")]) == 3
    words = " ".join(t.get_text().replace("\n", " ") for t in figure.texts)
    assert "Median of 11 virtual patients" in words
    single = plots.compare(crowd, {"patient": 4})
    assert "Median" not in " ".join(t.get_text() for t in single.texts)
    plots.night(crowd)
    plots.phase_plane(crowd)
    plots.heatmap(crowd, "pain_change", x="regimen", y="patient")
