"""A trial as its report would print it: biology plus placebo response plus diary noise.

The placebo response is a layer over a finished result; it is never added to the biology. The same
patient draws the same response and the same diary errors in every arm, unless arms are asked to
be independent, as in a parallel-group trial.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.analysis.placebo import SCALE, Placebo, fit
from ldnsim.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]
WEEK = 168.0
PATIENT = "patient"
REPORTED = "reported_pain"
LIMITS = {"pain": (3.0, 9.0)}
"""Untreated pain of those who enter a simulated trial."""


def reported(
    ds: xr.Dataset,
    seed: int | None = None,
    *,
    placebo: str = "final2024",
    independent_arms: bool = False,
) -> xr.Dataset:
    """Add what patients would report to a result with a population.

    Args:
        ds: a result with the dimension ``patient`` and the trajectory of pain.
        seed: of placebo response and diary; the result's own when None.
        placebo: account of the placebo response (``ldnsim/data/placebo.toml``).
        independent_arms: draw anew for every regimen instead of the same in all of them.

    Returns:
        the dataset with ``reported_pain (..., patient, week)``: weekly means on the 0-10 scale,
        week 0 before treatment; NaN where a run failed. What was fitted is in its attributes.

    Raises:
        UserError: no patients, no trajectory of pain, less than a week, or an unknown account.
    """
    weekly = _weekly_pain(ds)
    base = np.asarray(ds["baseline_pain"].values, dtype=float)
    if not np.isfinite(base).any():
        raise UserError("every run of this result failed: there is nothing to report")
    fitted = fit(base[np.isfinite(base)], placebo)
    key = int(ds.attrs.get("seed", 0)) if seed is None else seed
    response, noise = _draws(ds, fitted, weekly["week"].values, key, independent_arms)
    told = (weekly + response + noise).clip(*SCALE).transpose(*weekly.dims)
    told.attrs = {
        "units": "1",
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


def _weekly_pain(ds: xr.Dataset) -> xr.DataArray:
    """Return biological pain by week, week 0 the untreated mean, over (..., patient, week)."""
    import xarray as xr

    if PATIENT not in ds.dims or ds.sizes[PATIENT] < 2:
        raise UserError(
            "a trial needs patients who differ: add to the study\n[population]\nsize = 64"
        )
    if "pain" not in ds or "time" not in ds["pain"].dims:
        raise UserError(
            "a trial needs pain over time: keep it with output.variables and"
            " output.trajectories = true"
        )
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
    from scipy.special import ndtri

    from ldnsim.sweep.draws import sobol

    key = f"{name} in {label}" if label else name
    return np.asarray(ndtri(sobol(seed, key, int(who.max()) + 1))[who], dtype=np.float64)


def arm_dimension(ds: xr.Dataset) -> str:
    """Return the dimension whose positions are the arms of a trial.

    Raises:
        UserError: when there is none, or more than one could be.
    """
    found = [str(d) for d in ds["baseline_pain"].dims if d != PATIENT]
    if "regimen" in found:
        return "regimen"
    if len(found) != 1:
        raise UserError(
            f"a trial compares regimens: besides patient this result has"
            f" {', '.join(found) or 'no dimension'}; list [[regimens]] in the study"
        )
    return found[0]


def placebo_arm(ds: xr.Dataset) -> str:
    """Return the name of the arm without drug.

    Raises:
        UserError: when no arm, or more than one, is without drug.
    """
    arm = arm_dimension(ds)
    names = [str(v) for v in ds[arm].values]
    if "prescribed_dose" in ds:
        others = [d for d in ds["prescribed_dose"].dims if d != arm]
        empty = (np.asarray(ds["prescribed_dose"].max(others).values) == 0.0).tolist()
    else:
        empty = ["placebo" in n.lower() for n in names]
    found = [n for n, e in zip(names, empty, strict=True) if e]
    if len(found) != 1:
        raise UserError(
            f"a trial needs exactly one {arm} without drug, found {len(found)} among"
            f" {', '.join(names)}; add one such as 'placebo nightly at 22:00, for 12 wk'"
        )
    return found[0]


def outcomes(ds: xr.Dataset, week: int | None = None) -> xr.Dataset:
    """Return what each patient of a reported result had at the end, over (..., patient).

    Args:
        ds: what :func:`reported` returns.
        week: week of the outcome; the last when None.

    Raises:
        UserError: a week that the result does not have.
    """
    import xarray as xr

    last = int(ds["week"].values[-1])
    end = last if week is None else week
    if not 1 <= end <= last:
        raise UserError(f"weeks = {end}: this result has the weeks 1 to {last}")
    start, told = ds[REPORTED].sel(week=0), ds[REPORTED].sel(week=end)
    change = (told - start).drop_vars("week", errors="ignore")
    share = (change / start).where(start > 0.0)
    return xr.Dataset(
        {"start": start.drop_vars("week", errors="ignore"), "change": change, "share": share}
    )


def arms(ds: xr.Dataset, week: int | None = None, level: float = 0.95) -> xr.Dataset:
    """Return the table of a trial report, every variable over the arms.

    Args:
        ds: what :func:`reported` returns.
        week: week of the outcome; the last when None.
        level: of the intervals.

    Returns:
        ``patients``, ``baseline``, ``change`` with ``change_low`` and ``change_high`` (Student),
        ``percent`` (mean change over mean baseline), ``responders30`` and ``responders50``, and
        against the placebo arm ``difference`` with ``difference_low``, ``difference_high`` and
        ``p`` (Welch: as for unrelated groups, also where both arms drew the same numbers).

    Raises:
        UserError: no placebo arm, or a week that the result does not have.
    """
    import xarray as xr

    arm, none = arm_dimension(ds), placebo_arm(ds)
    found = outcomes(ds, week)
    others = [str(d) for d in found["change"].dims if d not in (arm, PATIENT)]
    if others:
        first = ds[others[0]].values[0] if others[0] in ds.coords else 0
        raise UserError(
            f"a trial report has one set of arms: choose one {others[0]} first, with"
            f" ds.sel({others[0]}=...) or --select {others[0]}={first}"
        )
    groups = {str(n): found.sel({arm: n}).dropna(PATIENT) for n in ds[arm].values}
    rows = [_row(g, groups[none], level) for g in groups.values()]
    table = {k: (arm, np.array([r[k] for r in rows])) for k in rows[0]}
    return xr.Dataset(table, coords={arm: ds[arm]}, attrs={"placebo_arm": none, "level": level})


def _row(group: xr.Dataset, control: xr.Dataset, level: float) -> dict[str, float]:
    """Return one arm against the placebo arm."""
    from scipy import stats

    change, start = group["change"].values, group["start"].values
    n = len(change)
    own = stats.ttest_1samp(change, 0.0).confidence_interval(level) if n > 1 else (np.nan, np.nan)
    row = {
        "patients": n,
        "baseline": float(start.mean()) if n else np.nan,
        "change": float(change.mean()) if n else np.nan,
        "change_low": float(own[0]),
        "change_high": float(own[1]),
        "percent": 100.0 * float(change.mean() / start.mean()) if n else np.nan,
        "responders30": float(np.mean(group["share"].values <= -0.3)) if n else np.nan,
        "responders50": float(np.mean(group["share"].values <= -0.5)) if n else np.nan,
    }
    words = ("difference", "difference_low", "difference_high", "p")
    if group is control or min(n, control.sizes[PATIENT]) < 2:
        return {**row, **dict.fromkeys(words, np.nan)}
    test = stats.ttest_ind(change, control["change"].values, equal_var=False)
    interval = test.confidence_interval(level)
    gap = float(change.mean() - control["change"].values.mean())
    values = (gap, float(interval[0]), float(interval[1]), float(test.pvalue))
    return {**row, **dict(zip(words, values, strict=True))}


def repeated(
    ds: xr.Dataset,
    per_arm: int,
    trials: int = 1000,
    week: int | None = None,
    seed: int | None = None,
    alpha: float = 0.05,
) -> xr.Dataset:
    """Repeat a parallel-group trial many times, patients drawn with replacement for each arm.

    Args:
        ds: what :func:`reported` returns.
        per_arm: patients in each arm.
        trials: how many trials.
        week: week of the outcome; the last when None.
        seed: of the sampling; that of ``reported_pain`` when None.
        alpha: level of the two-sided Welch test.

    Returns:
        over the arms with drug: ``power`` (share of trials with P below alpha), ``wrong_way``
        (share of those in which the drug did worse), ``difference`` (median) with
        ``difference_low`` and ``difference_high`` (the middle 95 %).

    Raises:
        UserError: fewer than two patients per arm or no trials.
    """
    import xarray as xr

    if per_arm < 2 or trials < 1:
        raise UserError(
            f"per_arm = {per_arm}, trials = {trials}: a trial needs two patients an arm"
        )
    arm, none = arm_dimension(ds), placebo_arm(ds)
    key = int(ds[REPORTED].attrs["seed"]) if seed is None else seed
    change = outcomes(ds, week)["change"]
    groups = {str(n): change.sel({arm: n}).dropna(PATIENT).values for n in ds[arm].values}
    lost = [n for n, v in groups.items() if not len(v)]
    if lost:
        raise UserError(f"every run of the arm {lost[0]!r} failed: no trial can be drawn from it")
    samples = {n: _resample(v, n, per_arm, trials, key) for n, v in groups.items()}
    drugs = [n for n in groups if n != none]
    rows = [_power(samples[n], samples[none], alpha) for n in drugs]
    table = {k: (arm, np.array([r[k] for r in rows])) for k in rows[0]}
    return xr.Dataset(table, coords={arm: drugs}, attrs={"per_arm": per_arm, "trials": trials})


def _resample(values: Floats, name: str, size: int, trials: int, seed: int) -> Floats:
    """Draw the patients of one arm of every trial, shape (trials, size)."""
    key = (seed, zlib.crc32(f"sampling of {name}".encode()))
    return np.asarray(np.random.default_rng(key).choice(values, (trials, size)), dtype=np.float64)


def _power(drug: Floats, control: Floats, alpha: float) -> dict[str, float]:
    """Summarise the trials of one arm; both of shape (trials, size)."""
    from scipy import stats

    test = stats.ttest_ind(drug, control, axis=1, equal_var=False)
    gap = drug.mean(axis=1) - control.mean(axis=1)
    low, middle, high = np.percentile(gap, [2.5, 50.0, 97.5])
    found = test.pvalue < alpha
    return {
        "power": float(found.mean()),
        "wrong_way": float((found & (gap > 0.0)).mean()),
        "difference": float(middle),
        "difference_low": float(low),
        "difference_high": float(high),
    }


def simulate_trial(
    hypothesis: str,
    regimen: str,
    weeks: int,
    phenotype: str,
    size: int,
    seed: int,
    parameters: Mapping[str, float] | None = None,
    *,
    scale: float = 0.5,
    placebo: str = "final2024",
    plausible: Mapping[str, tuple[float, float]] | None = None,
    threads: int | None = None,
) -> dict[str, float]:
    """Simulate one regimen against placebo in virtual patients.

    Args:
        hypothesis: name of the hypothesis.
        regimen: a prescription, or the name of a shipped protocol.
        weeks: length, and week of the outcome.
        phenotype: name of the phenotype.
        size: virtual patients, the same ones in both arms.
        seed: of patients, placebo response and diary.
        parameters: single parameters around which patients vary.
        scale: multiplier on the recorded spreads; kinetics keep theirs, at most three times this
            multiplier (assumed, see
            ``docs/populations.md``).
        placebo: account of the placebo response.
        plausible: limits of untreated means of those who enter; :data:`LIMITS` when None.
        threads: threads to use.

    Returns:
        ``drug_change``, ``placebo_change`` and their ``difference`` (points on the 0-10 scale),
        ``drug_percent``, ``placebo_percent`` (of the mean baseline), ``responders30_drug``,
        ``responders30_placebo`` (shares), and ``baseline``. All patients enter both arms with the
        same placebo response, so that the difference is the drug's alone.

    Raises:
        UserError: unknown names, or too few plausible patients.
    """
    from ldnsim.regimen import protocols
    from ldnsim.sweep.study import Study

    drug = {"protocol": regimen} if regimen in protocols() else {"prescription": regimen}
    limits = LIMITS if plausible is None else plausible
    data = {
        "title": f"{regimen} against placebo",
        "hypothesis": hypothesis,
        "seed": seed,
        "horizon": f"{weeks} wk",
        "patient": {"phenotype": phenotype, "parameters": dict(parameters or {})},
        "regimens": [
            {"prescription": f"placebo nightly at 22:00, for {weeks} wk", "name": "placebo"},
            {**drug, "name": "drug"},
        ],
        "population": {
            "size": size,
            "scale": scale,
            "pk_scale": min(1.0 / scale, 3.0) if scale > 0.0 else 0.0,
            "plausible": {k: list(v) for k, v in limits.items()},
        },
        "output": {
            "variables": ["pain"], "summaries": [], "night": False, "ledger": False,
        },
    }  # fmt: skip
    ds = reported(Study.build(data, "simulate_trial").run(threads=threads), placebo=placebo)
    table = arms(ds, weeks)
    drugged, control = table.sel(regimen="drug"), table.sel(regimen="placebo")
    return {
        "drug_change": float(drugged["change"]),
        "placebo_change": float(control["change"]),
        "difference": float(drugged["difference"]),
        "drug_percent": float(drugged["percent"]),
        "placebo_percent": float(control["percent"]),
        "responders30_drug": float(drugged["responders30"]),
        "responders30_placebo": float(control["responders30"]),
        "baseline": float(control["baseline"]),
    }
