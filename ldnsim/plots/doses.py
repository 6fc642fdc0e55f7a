"""Doses as they were taken: what a picture says of them comes from the ledger of a dataset."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ldnsim.plots.selection import run_dims
from ldnsim.plots.timeline import HOURS_PER_DAY, floats

NUMBER, PLANNED, ASTRAY = "ledger_number", "ledger_planned_count", "ledger_astray_count"
WINDOW = 24.0  # h, of the close-up night
_ROWS = ("run", "planned_time", "given_time", "planned_dose", "given_dose", "status")


@dataclass(frozen=True)
class Night:
    """Doses of one close-up night.

    Attributes:
        planned: mg due in it.
        given: mg taken in it; None where no ledger says.
        at: hours from its start at which drug was taken, or was due where no ledger says.
    """

    planned: float
    given: float | None
    at: tuple[float, ...]


def with_doses(ds: xr.Dataset, shown: xr.Dataset) -> xr.Dataset:
    """Return what is shown with the doses of its runs counted, where a ledger of them is kept.

    Args:
        ds: the whole result.
        shown: the same, or its median patient: doses of all patients are then counted together.
    """
    numbers = _numbers(ds)
    if numbers is None:
        return shown
    n, run = numbers.size, ds["ledger_run"].values.astype(int)
    astray = np.asarray(ds["ledger_status"].values) != 0
    counts = {PLANNED: np.bincount(run, minlength=n), ASTRAY: np.bincount(run[astray], minlength=n)}
    median = [d for d in numbers.dims if d not in run_dims(shown)]
    found = {k: numbers.copy(data=v.reshape(numbers.shape)) for k, v in counts.items()}
    whole = {k: v.sum(median) for k, v in found.items()}
    return shown.assign(whole if median else {**whole, NUMBER: numbers})


def _numbers(ds: xr.Dataset) -> xr.DataArray | None:
    """Return the number of each run in the ledger; None where it can't be told.

    The ledger counts the runs of the study: a part of a result, cut out by hand, has lost them.
    """
    if "status" not in ds or any(f"ledger_{name}" not in ds for name in _ROWS):
        return None
    dims, n = run_dims(ds), int(ds["status"].size)
    if list(dims) != json.loads(str(ds.attrs.get("dims", "[]"))):
        return None
    if ds["ledger_run"].size and int(ds["ledger_run"].max()) >= n:
        return None
    return xr.DataArray(np.arange(n).reshape(ds["status"].shape), dims=dims)


def astray(runs: Iterable[xr.Dataset]) -> str:
    """Say how many planned doses of some runs were not taken as planned; empty when all were."""
    counted = [run for run in runs if PLANNED in run]
    wrong, planned = (sum(int(run[k]) for run in counted) for k in (ASTRAY, PLANNED))
    return f"{wrong} of {planned} planned doses missed, late or doubled." if wrong else ""


def of_night(data: xr.Dataset) -> Night | None:
    """Return the doses of the close-up of one run; None where nothing of them is kept."""
    start = float(data["night_start"]) if "night_start" in data else float("nan")
    if not np.isfinite(start):
        return None
    due = _prescribed(data, start)
    if NUMBER in data:
        own = data["ledger_run"].values == int(data[NUMBER])
        rows = {k: floats(data[f"ledger_{k}"])[own] for k in _ROWS}
        same = np.floor(rows["planned_time"] / HOURS_PER_DAY) == np.floor(start / HOURS_PER_DAY)
        # runs put into another order by hand would be read as one another
        if due is None or np.isclose(rows["planned_dose"][same].sum(), due, rtol=1e-5):
            return _taken(rows, start)
    return None if due is None else Night(due, None, (0.0,) if due > 0 else ())


def _taken(rows: dict[str, np.ndarray], start: float) -> Night:
    planned, given = (_inside(rows[f"{k}_time"] - start) for k in ("planned", "given"))
    drug = given & (rows["given_dose"] > 0.0)
    at = np.unique(rows["given_time"][drug] - start)
    total = float(rows["given_dose"][given].sum())
    return Night(float(rows["planned_dose"][planned].sum()), total, tuple(at.tolist()))


def _inside(hours: np.ndarray) -> np.ndarray:
    """Whether times after the start lie in the night; its end is the next night's dose."""
    return (hours > -1e-6) & (hours < WINDOW - 1e-6)


def _prescribed(data: xr.Dataset, start: float) -> float | None:
    """Return the mg planned in the calendar day of the close-up; None where it is not kept."""
    if not {"prescribed_dose", "time"} <= set(data.variables):
        return None
    day = np.floor(start / HOURS_PER_DAY)
    same = np.floor(floats(data["time"]) / HOURS_PER_DAY + 1e-9) == day
    return float(floats(data["prescribed_dose"])[same][0]) if same.any() else None
