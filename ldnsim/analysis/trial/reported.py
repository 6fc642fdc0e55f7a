"""What patients would report: biological pain, plus placebo response, plus diary noise.

It is a layer over a finished result and is never added to the biology.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.analysis.trial.arms import PATIENT, arm_dimension, as_arms
from ldnsim.analysis.trial.placebo import SCALE, Placebo, fit
from ldnsim.arrays import Floats
from ldnsim.errors import UserError, flag, kind
from ldnsim.results.weighted import weights_of
from ldnsim.units import whole_number

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.edition import Edition

WEEK = 168.0
REPORTED = "reported_pain"


def reported(
    ds: xr.Dataset,
    seed: int | None = None,
    *,
    placebo: str = "final2024",
    independent_arms: bool = False,
    edition: Edition | None = None,
) -> xr.Dataset:
    """Add what patients would report to a result with a population.

    Args:
        ds: a result with the dimension ``patient`` and the trajectory of pain.
        seed: of placebo response and diary; the result's own when None.
        placebo: account of the placebo response (``ldnsim/data/placebo.toml``).
        independent_arms: draw anew for every regimen instead of the same in all of them.
        edition: whose accounts of the placebo response are meant; the shipped one when None.

    Returns:
        the dataset, several dimensions over what is taken laid out as one (``arm``), with
        ``reported_pain (..., patient, week)``: weekly means on the 0-10 scale,
        week 0 before treatment; NaN where a run failed. What was fitted is in its attributes.

    Raises:
        UserError: no patients, no trajectory of pain, less than a week, an unknown account, or a
            seed that is none.
    """
    import xarray as xr

    kind(ds, xr.Dataset, "a result, such as study.run() returns", "ds")
    if seed is not None:
        whole_number(seed, key="seed", least=0)
    flag(independent_arms, "independent_arms")
    _check(ds)
    ds = as_arms(ds)
    weekly = _weekly_pain(ds)
    base = np.asarray(ds["baseline_pain"].values, dtype=float)
    if not np.isfinite(base).any():
        raise UserError("every run of this result failed: there is nothing to report")
    fitted = _fitted(ds, base, placebo, edition)
    key = int(ds.attrs.get("seed", 0)) if seed is None else seed
    response, noise = _draws(ds, fitted, weekly["week"].values, key, independent_arms)
    told = (weekly + response + noise).clip(*SCALE).transpose(*weekly.dims)
    told.attrs = {
        "units": "1",
        "scale": "NRS 0–10",
        "better": "lower",
        "long_name": "reported pain, numerical rating scale 0-10",
        "meaning": "weekly mean of biological pain, plus placebo response, plus diary noise",
        "placebo": placebo,
        "placebo_mean": fitted.mean,
        "placebo_sd": fitted.sd,
        "placebo_half_time_wk": fitted.half_time,
        "diary_sd": fitted.diary_sd,
        "expected_placebo_change": fitted.expected_mean,
        "expected_placebo_responders30": fitted.expected30,
        "misfit": fitted.misfit,
        "arms": "independent" if independent_arms else "common random numbers",
        "seed": key,
    }
    return ds.assign({REPORTED: told})


def _fitted(ds: xr.Dataset, base: Floats, account: str, edition: Edition | None) -> Placebo:
    """Fit an account of the placebo response to the patients, weighted where they are."""
    there, weights = np.isfinite(base), weights_of(ds)
    if weights is not None:
        each = ds["weight"].broadcast_like(ds["baseline_pain"]).transpose(*ds["baseline_pain"].dims)
        weights = np.asarray(each.values, dtype=float)[there]
    return fit(base[there], account, edition, weights)


def _check(ds: xr.Dataset) -> None:
    """Refuse a result without patients, or without their pain."""
    if PATIENT not in ds.dims or ds.sizes[PATIENT] < 2:
        raise UserError(
            "a trial needs patients who differ: add to the study\n[population]\nsize = 64"
        )
    if "pain" not in ds or "time" not in ds["pain"].dims:
        raise UserError(
            "a trial needs pain over time: keep it with output.variables and"
            " output.trajectories = true"
        )


def _weekly_pain(ds: xr.Dataset) -> xr.DataArray:
    """Return biological pain by week, week 0 the untreated mean, over (..., patient, week)."""
    import xarray as xr

    time = np.asarray(ds["time"].values, dtype=float)
    number = np.floor(time / WEEK).astype(int)
    step = float(time[1] - time[0]) if len(time) > 1 else 0.0
    if step > 24.0:
        raise UserError(
            f"a trial needs a sample of pain a day for its weekly means, this result has one every"
            f" {step / 24.0:g} d; set output.every = '6 h'"
        )
    # a week is whole when its last sample is there
    whole = np.arange(int(np.floor((time[-1] + step) / WEEK + 1e-9)))
    if not len(whole):
        raise UserError("a trial needs at least one week of the simulation; lengthen the horizon")
    pain = ds["pain"].astype(float).groupby(xr.DataArray(number, dims="time", name="week"))
    means = pain.mean("time").isel(week=whole)
    means = means.assign_coords(week=means["week"].values + 1)
    start = ds["baseline_pain"].expand_dims(week=[0]).where(means.isel(week=0, drop=True).notnull())
    both = xr.concat([start, means], dim="week").assign_coords(week=np.arange(len(whole) + 1))
    both["week"].attrs = {"units": "wk", "long_name": "week"}
    return both.transpose(*ds["baseline_pain"].dims, "week").rename(None)


def _draws(
    ds: xr.Dataset, fitted: Placebo, weeks: Floats, seed: int, independent: bool
) -> tuple[xr.DataArray, xr.DataArray]:
    """Draw placebo response and diary noise over (patient, week), or also over the arms."""
    import xarray as xr

    who = np.asarray(ds[PATIENT].values).astype(int)
    arm = arm_dimension(ds) if independent else ""
    labels = [str(v) for v in ds[arm].values] if arm else [""]
    course = fitted.course(np.asarray(weeks, dtype=float))
    responses, noises = [], []
    for label in labels:
        own = fitted.mean + fitted.sd * _normal(seed, "placebo response", label, who)
        responses.append(own[:, None] * course)
        diary = [_normal(seed, f"diary of week {int(w)}", label, who) for w in weeks]
        noises.append(fitted.diary_sd * np.stack(diary, axis=1))
    dims, coords = (arm or "arm", PATIENT, "week"), {arm: ds[arm]} if arm else {}
    pair = (xr.DataArray(np.stack(v), dims=dims, coords=coords) for v in (responses, noises))
    response, noise = (v if arm else v.isel(arm=0) for v in pair)
    return response, noise


def _normal(seed: int, name: str, label: str, who: NDArray[Any]) -> Floats:
    """Return standard normal draws of subjects: they depend on seed, name, arm and subject.

    They are quantiles of a low-discrepancy sequence, so that the first 64 patients of a population
    hold the distribution better than 64 independent draws would.
    """
    from ldnsim.patients.draws import normal

    return normal(seed, f"{name} in {label}" if label else name, who)
