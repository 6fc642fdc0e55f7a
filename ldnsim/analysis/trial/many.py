"""Thousands of trials of the designs of a study, drawn from its pool, as labelled results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.analysis.trial.arms_told import BOUNDS, MEANS, SHARES
from ldnsim.analysis.trial.cell import cases_of, cell_of, each_case
from ldnsim.analysis.trial.ladder_told import ladder_told
from ldnsim.analysis.trial.laid import Laid, laid_over
from ldnsim.analysis.trial.outcome import check_estimands
from ldnsim.analysis.trial.pool import check_pool
from ldnsim.analysis.trial.regimens import treatments
from ldnsim.analysis.trial.repeats import NUMBERS, any_of, repeat, summed_up
from ldnsim.analysis.trial.required import required
from ldnsim.analysis.trial.truth import effect
from ldnsim.config.designs import Adaptive, Design, UpAndDown, Withdrawal
from ldnsim.errors import flag
from ldnsim.units import whole_number

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.study import Study

WORDS: dict[str, tuple[str, str]] = {
    "power": ("share of trials with P below alpha", "1"),
    "power_error": ("Monte Carlo standard error of the power", "1"),
    "power_pool_error": ("standard error of the power that comes from the pool", "1"),
    "worse": ("share of trials that find the drug worse", "1"),
    "untested": ("share of trials without P", "1"),
    "estimate": ("mean estimate", "1"),
    "estimate_sd": ("standard deviation of estimates between trials", "1"),
    "se": ("mean standard error that the trials state", "1"),
    "coverage": ("share of 95 % intervals that hold the effect over the pool", "1"),
    "effect": ("effect over the pool", "1"),
    "effect_error": ("standard error of the effect that comes from the pool", "1"),
    "bias": ("mean estimate less the effect over the pool", "1"),
    "found_any": ("share of trials that find any treatment different", "1"),
    "recruited": ("mean number of patients recruited", "1"),
    "screened": ("mean number of patients who began the run-in", "1"),
    "false_positives": ("share of trials with P below alpha where all are treated alike", "1"),
    "false_positives_error": ("its Monte Carlo standard error", "1"),
    "false_positives_any": ("share of these that find any treatment different", "1"),
    "required_patients": ("patients in all for the wanted power", "1"),
    "required_low": ("lower end of its interval, of repeats and pool", "1"),
    "required_high": ("upper end of its interval, of repeats and pool", "1"),
    "reported_pain": ("mean reported pain, 0-10", "1"),
    "pain_sd": ("standard deviation of reported pain between patients", "1"),
    "staying": ("share of patients who have not stopped", "1"),
    **{name: (words, "1") for name, words in (SHARES | MEANS | BOUNDS).items()},
}
"""What a result holds: words and unit."""


def simulate(
    pool: xr.Dataset,
    study: Study,
    designs: Sequence[Design] = (),
    *,
    trials: int | None = None,
    seed: int | None = None,
    null: bool = False,
) -> dict[str, xr.Dataset]:
    """Repeat the trials of a study.

    Args:
        pool: the result of :func:`.pool_study`.
        study: whose designs they are.
        designs: others than the study's own.
        trials: how often; each design's own number when None.
        seed: of the draws; the study's when None.
        null: also repeat each where all groups are treated alike, and tell how often it finds
            something.

    Returns:
        by the title of each design: power with its errors, estimates and the effect they are after
        over (cases of the study, estimand, patients, comparison); what groups went through over
        (cases, group, week); of up-and-down dose finding the dose of half the responses.

    Raises:
        UserError: a design that does not fit the study, or a pool that lacks what it needs.
    """
    flag(null, "null")
    if trials is not None and whole_number(trials, key="trials") < 1:
        whole_number(trials, key="trials", least=1)
    key = study.seed if seed is None else whole_number(seed, key="seed", least=0)
    asked = tuple(designs) or study.trial
    check_pool(pool, study, "the pool", asked)
    regimens = treatments(study)
    found = {}
    for design in asked:
        many = design if trials is None else design.model_copy(update={"trials": trials})
        laid = laid_over(many, regimens)
        told = ladder_told if isinstance(many, UpAndDown) else _told
        found[design.title] = told(pool, laid, study, key, null)
    return found


def _told(pool: xr.Dataset, laid: Laid, study: Study, seed: int, null: bool) -> xr.Dataset:
    """Return the result of one design in all cases."""
    each = [_case(pool, at, laid, study, seed, null) for at in each_case(pool)]
    return labelled(pool, laid, each, _dims(laid))


def _dims(laid: Laid) -> dict[str, tuple[str, ...]]:
    full = ("estimand", "patients", "comparison")
    dims: dict[str, tuple[str, ...]] = dict.fromkeys((*NUMBERS, "power_error", "bias"), full)
    dims |= dict.fromkeys(("false_positives", "false_positives_error"), full)
    dims |= dict.fromkeys(("effect", "effect_error"), ("estimand", "comparison"))
    dims |= {f"required_{n}": ("estimand", "comparison") for n in ("patients", "low", "high")}
    dims |= dict.fromkeys(("found_any", "false_positives_any", "recruited"), full[:2])
    dims |= {"screened": ("patients",)}
    dims |= dict.fromkeys(("reported_pain", "pain_sd", "staying"), ("group", "week"))
    return dims | dict.fromkeys((*SHARES, *MEANS, *BOUNDS), ("group",))


def _case(
    pool: xr.Dataset, at: Mapping[str, int], laid: Laid, study: Study, seed: int, null: bool
) -> dict[str, Any]:
    """Return all numbers of a design in one case."""
    design = laid.design
    cell = cell_of(pool, at, design.placebo, study.edition)
    check_estimands(design, cell)
    truths = [effect(laid, cell, e, seed) for e in design.estimands]
    found: dict[str, Any] = {
        "effect": [t.value for t in truths], "effect_error": [t.error for t in truths],
        **{n: [] for n in NUMBERS},
    }  # fmt: skip
    rows: list[list[dict[str, Any]]] = [[] for _ in design.estimands]
    for n in design.patients:
        batch = repeat(laid, cell, n, seed)
        for row, estimand, truth in zip(rows, design.estimands, truths, strict=True):
            whole = batch.whole(estimand)
            one: dict[str, Any] = summed_up(laid, whole, estimand, truth)
            one["found_any"] = any_of(laid, whole)
            if isinstance(design, Adaptive):
                one["recruited"] = float(np.concatenate(batch.recruited[estimand]).mean())
            row.append(one)
        if isinstance(design, Withdrawal):
            found.setdefault("screened", []).append(np.nanmean(np.concatenate(batch.screened)))
        if n == max(design.patients):
            found |= batch.told.table(cell.effective)
        if null:
            _add_null(rows, laid, cell, n, seed)
    for name in rows[0][0]:
        found[name] = [[one[name] for one in row] for row in rows]
    found |= _derived(found, design)
    return found


def _add_null(rows: list[list[dict[str, Any]]], laid: Laid, cell: Any, n: int, seed: int) -> None:
    batch = repeat(laid, cell, n, seed, null=True)
    for row, estimand in zip(rows, laid.design.estimands, strict=True):
        whole = batch.whole(estimand)
        row[-1]["false_positives"] = whole.rejected(laid.design.alpha).mean(axis=0)
        row[-1]["false_positives_any"] = any_of(laid, whole)


def _derived(found: Mapping[str, Any], design: Design) -> dict[str, Any]:
    """Return errors of shares, bias, and the patients that a power needs."""
    told: dict[str, Any] = {}
    for name in ("power", "false_positives"):
        if name in found:
            share = np.asarray(found[name])
            told[f"{name}_error"] = np.sqrt(share * (1.0 - share) / design.trials)
    told["bias"] = np.asarray(found["estimate"]) - np.asarray(found["effect"])[:, None, :]
    right = np.moveaxis(np.asarray(found["power"]) - np.asarray(found["worse"]), 1, -1)
    pool = np.moveaxis(np.asarray(found["power_pool_error"]), 1, -1)
    need = required(
        np.array(design.patients), right, pool, design.trials, design.alpha, design.power
    )
    return told | {f"required_{n}": getattr(need, n) for n in ("patients", "low", "high")}


def labelled(
    pool: xr.Dataset, laid: Laid, each: list[dict[str, Any]], dims: Mapping[str, tuple[str, ...]]
) -> xr.Dataset:
    """Put the numbers of all cases together, with labels.

    Args:
        pool: whose cases they are.
        laid: the design with its groups.
        each: numbers by name, one table for each case in C order.
        dims: dimensions of each number besides the cases.
    """
    import xarray as xr

    cases = cases_of(pool)
    shape = tuple(pool.sizes[d] for d in cases)
    values = {}
    for name in each[0]:
        whole = np.array([np.asarray(one[name], dtype=np.float64) for one in each])
        words, unit = WORDS.get(name, (name.replace("_", " "), "1"))
        values[name] = (
            (*cases, *dims[name]), whole.reshape((*shape, *whole.shape[1:])),
            {"long_name": words, "units": unit},
        )  # fmt: skip
    ds = xr.Dataset(values, _coords(pool, laid, cases, {d for v in dims.values() for d in v}))
    return ds.assign_attrs(_attrs(pool, laid))


def _coords(pool: xr.Dataset, laid: Laid, cases: list[str], dims: set[str]) -> dict[str, Any]:
    design = laid.design
    own = {
        "estimand": list(design.estimands),
        "patients": ("patients", list(design.patients), {"long_name": "patients in all"}),
        "comparison": laid.comparisons,
        "group": [g.label for g in laid.groups],
        "week": ("week", np.arange(laid.weeks + 1), {"units": "wk", "long_name": "week"}),
    }
    along = {
        str(c): pool[c] for c in pool.coords if pool[c].dims and set(pool[c].dims) <= set(cases)
    }
    return along | {k: v for k, v in own.items() if k in dims}


def _attrs(pool: xr.Dataset, laid: Laid) -> dict[str, Any]:
    design = laid.design
    kept = ("seed", "warning", "study", "hypothesis", "parameters", "extensions")
    return {k: pool.attrs[k] for k in kept if k in pool.attrs} | {
        "trial": design.title,
        "design": str(getattr(design, "design", "")),
        "trials": design.trials,
        "alpha": design.alpha,
        "wanted_power": design.power,
        "control": laid.names.control,
        "weeks": laid.weeks,
        "placebo": design.placebo,
        "pool_patients": int(pool.sizes["patient"]),
        "stops": int("stopped_at" in pool),
        "pool_error": "analytic: weighted mean of differences within patients, linearised",
    }
