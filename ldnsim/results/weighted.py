"""Patients of a result as the patients they stand for: weighted means, and shares with an interval.

A result whose patients all count the same has no weights; what is asked of it here is then the
plain mean and the plain share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.errors import UserError, unknown
from ldnsim.units import plain_number
from ldnsim.weighing import effective, mean, wilson

if TYPE_CHECKING:
    import xarray as xr

PATIENT, WEIGHT = "patient", "weight"
SHARES = {
    "share": "share of the patients",
    "share_low": "lower end of its interval (Wilson)",
    "share_high": "upper end of its interval (Wilson)",
    "effective": "effective number of patients (Kish)",
    "patients": "patients that count",
}


def weights_of(ds: xr.Dataset | xr.DataArray) -> Floats | None:
    """Return the weight of each patient, shape (patients,); None where all count the same.

    Raises:
        UserError: weights that are not along the patients, or not positive numbers.
    """
    if WEIGHT not in ds.coords:
        return None
    found = ds.coords[WEIGHT]
    if found.dims != (PATIENT,):
        raise UserError(f"{WEIGHT}: expected one for each patient, over {PATIENT}; it is over"
                        f" {', '.join(map(str, found.dims)) or 'nothing'}")  # fmt: skip
    values = np.asarray(found.values, dtype=np.float64)
    if not (np.isfinite(values) & (values >= 0.0)).all() or not values.any():
        raise UserError(f"{WEIGHT}: expected positive numbers, one for each patient")
    return values


def weighted_mean(ds: xr.Dataset, name: str) -> xr.DataArray:
    """Return the mean of a variable over the patients, weighted where the result has weights.

    Args:
        ds: a result with the dimension ``patient``.
        name: of the variable. Where it is NaN, or a run failed, nobody counts.

    Raises:
        UserError: no patients, or no such variable.
    """
    values, weights = _over_patients(ds, name)
    found = _each(values, lambda v, w: mean(v, w), weights)
    return _frame(values).copy(data=found).assign_attrs(ds[name].attrs)


def weighted_share(ds: xr.Dataset, flag: str | xr.DataArray, level: float = 0.95) -> xr.Dataset:
    """Return the share of patients of whom something is true, with Wilson's interval.

    Weighted patients tell less than as many who count the same: the interval is that of Kish's
    effective number of them.

    Args:
        ds: a result with the dimension ``patient``.
        flag: truth values over the patients, or the name of a variable of them. Where it is NaN,
            or a run failed, nobody counts.
        level: of the interval.

    Returns:
        ``share``, ``share_low``, ``share_high``, ``effective`` and ``patients``, over the
        dimensions of the flag but ``patient``.

    Raises:
        UserError: no patients, no such variable, values that are not true or false, or a level
            that is none.
    """
    import xarray as xr

    if not 0.0 < plain_number(level, key="level") < 1.0:
        raise UserError(f"level = {level!r}: expected a number between 0 and 1, such as 0.95")
    values, weights = _over_patients(ds, flag)
    there = values.values[np.isfinite(values.values)]
    if not np.isin(there, (0.0, 1.0)).all():
        raise UserError("flag: expected true or false, such as ds['pain_change'] < -1")
    table = _each(values, lambda v, w: _share(v, w, level), weights)
    one = _frame(values)
    found = {n: one.copy(data=table[..., i]) for i, n in enumerate(SHARES)}
    for name, words in SHARES.items():
        found[name].attrs = {"long_name": words, "units": "1"}
    return xr.Dataset(found, attrs={"level": level})


def _share(values: Floats, weights: Floats | None, level: float) -> tuple[float, ...]:
    n = float(len(values)) if weights is None else effective(weights)
    share = min(mean(values, weights), 1.0)
    return (share, *wilson(share, n, level), n, float(len(values)))


def _over_patients(ds: xr.Dataset, what: str | xr.DataArray) -> tuple[xr.DataArray, Floats | None]:
    """Return numbers with the patients last, NaN where a run failed, and the weights."""
    if PATIENT not in ds.dims:
        raise UserError("this result has no patients: add [population] to the study")
    if isinstance(what, str) and what not in ds:
        raise unknown("variable", what, map(str, ds.data_vars))
    values = ds[what] if isinstance(what, str) else what
    if PATIENT not in values.dims:
        raise UserError(f"{what if isinstance(what, str) else 'flag'}: it is not over {PATIENT}")
    values = values.astype(float)
    if "status" in ds and set(ds["status"].dims) <= set(values.dims):
        values = values.where(ds["status"] == 0)
    return values.transpose(..., PATIENT), weights_of(ds)


def _frame(values: xr.DataArray) -> xr.DataArray:
    """Return the places but the patients, without what belongs to a single patient."""
    own = [str(c) for c in values.coords if PATIENT in values.coords[c].dims]
    return values.drop_vars(own).isel({PATIENT: 0})


def _each(values: xr.DataArray, reduce: Any, weights: Floats | None) -> Any:
    """Reduce the patients that are there, for each of the other places."""
    rows = values.values.reshape(-1, values.sizes[PATIENT])
    found = []
    for row in rows:
        there = np.isfinite(row)
        found.append(reduce(row[there], None if weights is None else weights[there]))
    table = np.array(found, dtype=np.float64)
    return table.reshape((*values.shape[:-1], *table.shape[1:]))
