"""Up-and-down dose finding in numbers: the dose of half the responses, and how well it is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.cell import Cell, cell_of, each_case
from ldnsim.analysis.trial.drawn import Streams, block, chance_of, draw
from ldnsim.analysis.trial.estimate import Estimate
from ldnsim.analysis.trial.ladder import (
    Series,
    estimated,
    ladder_of,
    responses,
    series_of,
    true_dose,
)
from ldnsim.analysis.trial.laid import Laid
from ldnsim.analysis.trial.truth import TIMES
from ldnsim.arrays import Floats
from ldnsim.patients.draws import generator

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.config.designs import UpAndDown
    from ldnsim.sweep.study import Study

BOOTSTRAPS = 200
_DIMS = {
    **dict.fromkeys(
        (
            "ed50", "ed50_sd", "ed50_low", "ed50_high", "coverage", "estimable", "bounded",
            "responding", "mean_dose", "bias",
        ),
        ("patients",),
    ),
    "true_ed50": (), "true_ed50_error": (), "share_at_dose": ("group",),
}  # fmt: skip


def ladder_told(pool: xr.Dataset, laid: Laid, study: Study, seed: int, null: bool) -> xr.Dataset:
    """Return what up-and-down trials find, over (cases, patients).

    ``ed50`` is the mean estimate of the dose of half the responses (mg) among the trials that have
    one (``estimable``, a share), with deviation and middle 95 % between trials; ``coverage`` the
    share of their intervals that hold ``true_ed50``, the dose over the pool, whose error is
    a bootstrap over patients of the pool; ``bounded`` the share of intervals with both ends;
    ``share_at_dose`` who responds at each dose. ``null`` changes nothing: there is no test.
    """
    from ldnsim.analysis.trial.many import labelled

    design: Any = laid.design
    each = [_case(pool, at, design, laid, study, seed) for at in each_case(pool)]
    told = labelled(pool, laid, each, _DIMS)
    _, doses, start = ladder_of(laid)
    told = told.assign_coords(dose=("group", laid.dose_of_groups(), {"units": "mg"}))
    for name in ("ed50", "ed50_sd", "ed50_low", "ed50_high", "true_ed50", "true_ed50_error",
                 "mean_dose", "bias"):  # fmt: skip
        told[name].attrs["units"] = "mg"
    told.attrs["pool_error"] = f"bootstrap over patients of the pool, {BOOTSTRAPS} times"
    return told.assign_attrs(start_mg=float(doses[start]))


def _case(
    pool: xr.Dataset, at: Mapping[str, int], design: UpAndDown, laid: Laid, study: Study, seed: int
) -> dict[str, Any]:
    cell = cell_of(pool, at, design.placebo, study.edition)
    shares, true, error = _true(design, laid, cell, seed)
    rows = []
    for n in design.patients:
        series = _repeat(design, laid, cell, n, seed)
        rows.append(_summed(laid, series, estimated(laid, series, seed), true))
    found: dict[str, Any] = {k: [r[k] for r in rows] for k in rows[0]}
    return found | {"true_ed50": true, "true_ed50_error": error, "share_at_dose": shares}


def _repeat(design: UpAndDown, laid: Laid, cell: Cell, n: int, seed: int) -> Series:
    streams, left, parts = Streams(seed, f"trials of {n}"), design.trials, []
    step = block(n, laid.weeks)
    while left:
        now = min(step, left)
        left -= now
        persons = draw(cell, n, now, laid.weeks, streams)
        parts.append(series_of(design, laid, cell, persons, null=False))
    return Series(
        np.concatenate([p.step for p in parts]), np.concatenate([p.response for p in parts])
    )


def _summed(laid: Laid, series: Series, found: Estimate, true: float) -> dict[str, float]:
    _, doses, _ = ladder_of(laid)
    there = np.isfinite(found.estimate)
    told = found.estimate[there]
    both = np.isfinite(found.low) & np.isfinite(found.high) & there
    inside = (found.low <= true) & (true <= found.high)
    none = dict.fromkeys(("ed50", "ed50_sd", "ed50_low", "ed50_high", "coverage"), np.nan)
    low, high = np.percentile(told, [2.5, 97.5]) if len(told) else (np.nan, np.nan)
    own = none | (
        {
            "ed50": float(told.mean()), "ed50_sd": float(told.std()), "ed50_low": float(low),
            "ed50_high": float(high), "coverage": float(inside[there].mean()),
        } if len(told) else {}
    )  # fmt: skip
    return own | {
        "estimable": float(there.mean()),
        "bounded": float(both.mean()),
        "responding": float(series.response.mean()),
        "mean_dose": float(doses[series.step].mean()),
        "bias": own["ed50"] - true,
    }


def _true(design: UpAndDown, laid: Laid, cell: Cell, seed: int) -> tuple[Floats, float, float]:
    """Return who responds at each group's dose, the dose of half of them, and its error."""
    who = np.broadcast_to(np.arange(cell.size), (TIMES, cell.size))
    persons = chance_of(who, laid.weeks, Streams(seed, "the whole pool"))
    own = responses(design, laid, cell, persons).mean(axis=0)
    shares = cell.chance @ own
    true = true_dose(laid, shares)
    rng = generator(seed, "bootstrap of the pool")
    again = []
    for _ in range(BOOTSTRAPS):
        pick = rng.integers(0, cell.size, cell.size)
        chance = cell.chance[pick]
        again.append(true_dose(laid, chance @ own[pick] / chance.sum()))
    finite = np.isfinite(again)
    error = float(np.std(np.array(again)[finite])) if finite.all() and np.isfinite(true) else np.nan
    arms, _, _ = ladder_of(laid)
    by_group = np.array([shares[arms.index(a)] for a in laid.arms])
    return by_group, true, error
