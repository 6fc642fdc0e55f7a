"""Pools without engine: pain follows a rule that is known, so that trials have a known answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from ldnsim.analysis.trial.arms import outline
from ldnsim.analysis.trial.pool import KEPT, pool_study, weekly
from ldnsim.arrays import Floats
from ldnsim.results.provenance import identity
from ldnsim.sweep.study import Study

Rule = Callable[[Floats], Floats]
"""Fall of pain by week, (weeks,), given the mg of each week, (weeks,)."""


def study(trial: dict[str, Any] | list[dict[str, Any]], weeks: int = 4, **more: Any) -> Study:
    """A study with placebo and three doses for some weeks."""
    doses = {f"{d} mg": f"{d} mg nightly at 22:00, for {weeks} wk" for d in (1.5, 3, 4.5)}
    rx = {"placebo": f"placebo nightly at 22:00, for {weeks} wk", **doses}
    data = {
        "regimens": [{"name": n, "prescription": p} for n, p in rx.items()],
        "population": {"size": 64},
        "trial": trial,
        **more,
    }
    return Study.build(data)


def acute(dose: Floats) -> Floats:
    """Works while it is taken: 0.1 points for each mg."""
    return 0.1 * dose


def hysteresis(dose: Floats) -> Floats:
    """Whoever was treated for a week stays a point better for good."""
    return np.asarray(np.maximum.accumulate((dose > 0.0).astype(float)))


def pool(
    of: Study, rule: Rule = acute, size: int | None = None, spread: float = 0.0, seed: int = 0,
    hazard: tuple[float, float] = (0.0, 0.0), base: tuple[float, float] = (6.0, 0.6),
) -> xr.Dataset:  # fmt: skip
    """Return the pool of a study, its pain made by a rule.

    Args:
        of: the study.
        rule: see :data:`Rule`.
        size: patients; the study's when None.
        spread: standard deviation between patients of a factor on the fall, whose mean is 1.
        seed: of base line and factor.
        hazard: of stopping for adverse events on drug, and for lack of benefit on drug, 1/h.
        base: mean and standard deviation of untreated pain.
    """
    wanted = pool_study(of)
    n = size or (of.population.size if of.population else 0)
    plan = wanted.plan()
    weeks, arms = round(plan.end / 168.0), [str(r.name) for r in wanted.regimens]
    rng = np.random.default_rng(seed)
    start = base[0] + base[1] * rng.standard_normal(n)
    factor = 1.0 + spread * rng.standard_normal(n)
    ds = outline(plan)
    lead = [d for d in ds["status"].dims if d not in ("regimen", "patient")]
    shape = (len(arms), *(ds.sizes[d] for d in lead), n)
    dims = ("regimen", *lead, "patient")
    ds = ds.drop_vars(["status", "baseline_pain", "patient"])
    values = {v: np.zeros((weeks, *shape)) for v in KEPT}
    for a, regimen in enumerate(wanted.regimens):
        dose = weekly_dose(regimen, weeks)
        fall = rule(dose)
        values["pain"][:, a] = (start - np.multiply.outer(fall, factor)).reshape(
            weeks, *([1] * len(lead)), n
        )
        for name, h in zip(("hazard_adverse", "hazard_futility"), hazard, strict=True):
            values[name][:, a] = (h * (dose > 0.0)).reshape(weeks, *([1] * len(lead)), 1)
    flat = {weekly(v, k + 1): (dims, values[v][k]) for v in KEPT for k in range(weeks)}
    first = {
        "status": (dims, np.zeros(shape, np.int8)),
        "baseline_pain": (dims, np.broadcast_to(start, shape).copy()),
    }
    ds = ds.assign({**first, **flat}).assign_coords(patient=np.arange(n))
    return ds.assign_attrs(study=identity(wanted), seed=0)


def weekly_dose(regimen: Any, weeks: int) -> Floats:
    """Return the mean of the nightly doses of each week, mg."""
    table = regimen.doses()
    week = (np.asarray(table.time_h) // 168.0).astype(int)
    kept = week < weeks
    total = np.bincount(week[kept], np.asarray(table.amount_mg)[kept], weeks)
    return np.asarray(total / 7.0)
