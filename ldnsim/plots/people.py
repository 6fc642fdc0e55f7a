"""Many virtual patients as one: the median, with the band that holds the middle 80 %."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from ldnsim.weighing import effective
from ldnsim.weighing import quantile as quantile_of

PATIENT = "patient"
SHOWN, WEIGHTED = "patients_shown", "patients_weighted"
BAND = {"p10": 0.1, "p90": 0.9}


def patients_shown(ds: xr.Dataset) -> int:
    """Return of how many patients a dataset is the median; 0 when it is not."""
    return int(ds.attrs.get(SHOWN, 0))


def over_patients(
    ds: xr.Dataset, select: Any = None, axes: tuple[str | None, ...] = ()
) -> xr.Dataset:
    """Return the median patient, point by point, unless a picture asks for single ones.

    Patients with weights count by these. Trajectories also get ``p10_<name>`` and ``p90_<name>``.
    Runs that failed are left out; where all failed the result says so, as for a single run.

    Args:
        ds: a result; without the dimension ``patient`` it is returned as it is.
        select: what the picture was asked to show; naming ``patient`` keeps single patients.
        axes: axes the picture was asked for; ``patient`` among them keeps single patients.
    """
    if "status" not in ds or PATIENT not in ds["status"].dims:
        return ds
    if PATIENT in axes or _names_patient(select):
        return ds
    good = ds["status"] == 0
    weights = ds.coords.get("weight")
    found = ds.drop_dims(("drawn", "parameter"), errors="ignore").drop_vars(
        [str(n) for n, v in ds.variables.items() if PATIENT in v.dims], errors="ignore"
    )
    for name, variable in ds.data_vars.items():
        if PATIENT not in variable.dims or variable.dtype.kind not in "fiu" or name == "status":
            continue
        quantile = _quantiles(variable.where(good), weights)
        found[name] = quantile(0.5).assign_attrs(variable.attrs)
        if "time" in variable.dims:
            for band, q in BAND.items():
                found[f"{band}_{name}"] = quantile(q).assign_attrs(variable.attrs)
    first = ds["status"].isel({PATIENT: 0}, drop=True)
    found["status"] = first.where(~good.any(PATIENT), 0).assign_attrs(ds["status"].attrs)
    if "status_advice" in ds:
        advice = ds["status_advice"].isel({PATIENT: 0}, drop=True)
        found["status_advice"] = advice.where(~good.any(PATIENT), "")
    shown = {SHOWN: ds.sizes[PATIENT]}
    return found.assign_attrs(shown if weights is None else {**shown, WEIGHTED: _told(weights)})


def weighted_to(ds: xr.Dataset) -> str:
    """Return to whom the patients of a median are weighted; empty where all count the same."""
    return str(ds.attrs.get(WEIGHTED, ""))


def _told(weights: xr.DataArray) -> str:
    n = effective(np.asarray(weights.values, dtype=np.float64))
    return f"weighted to {weights.attrs.get('population', 'others')}, {n:.0f} effective"


def _quantiles(
    variable: xr.DataArray, weights: xr.DataArray | None
) -> Callable[[float], xr.DataArray]:
    """Return what gives quantiles over the patients, weighted where they are."""
    if weights is None:
        ordered = _ordered(variable)
        return lambda q: _quantile(ordered, q)
    values = variable.transpose(..., PATIENT).astype(float)
    place = np.argsort(values.values, axis=-1, kind="stable")
    each = np.broadcast_to(np.asarray(weights.values, dtype=np.float64), values.shape)
    sizes, rows = (np.take_along_axis(v, place, -1) for v in (each, values.values))
    one = _without_patient(values)
    return lambda q: one.copy(data=quantile_of(rows, sizes, q))


def _without_patient(values: xr.DataArray) -> xr.DataArray:
    """Return the values of the first patient, without what belongs to that one alone."""
    # its number in the draws, for example, says nothing of the median
    own = [str(c) for c in values.coords if PATIENT in values[c].dims]
    return values.isel({PATIENT: 0}, drop=True).drop_vars(own, errors="ignore")


def _ordered(variable: xr.DataArray) -> xr.DataArray:
    """Return the values sorted along the patients, missing ones last."""
    values = variable.transpose(..., PATIENT).astype(float)
    return values.copy(data=np.sort(values.values, axis=-1)).drop_vars(PATIENT, errors="ignore")


def _quantile(ordered: xr.DataArray, q: float) -> xr.DataArray:
    """Return a quantile over the patients that are not missing; NaN where all are.

    ``numpy.nanquantile`` gives the same, a slice at a time and a hundred times slower.
    """
    values = ordered.values
    last = np.maximum(np.isfinite(values).sum(axis=-1, keepdims=True) - 1, 0)
    below = np.floor(q * last).astype(int)
    above = np.minimum(below + 1, last)
    low, high = (np.take_along_axis(values, at, -1)[..., 0] for at in (below, above))
    share = (q * last - below)[..., 0]
    return _without_patient(ordered).copy(data=low + share * (high - low))


def _names_patient(select: Any) -> bool:
    runs = [select] if select is None or isinstance(select, Mapping | str) else select
    return any(isinstance(one, Mapping) and PATIENT in one for one in runs)
