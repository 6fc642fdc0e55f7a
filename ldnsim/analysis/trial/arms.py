"""The arms of a trial: every way of taking the drug that a study's axes make, side by side."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Flags
from ldnsim.errors import UserError

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.runs.plan import Plan
    from ldnsim.sweep.study import Study

ARM, PATIENT, REGIMEN, SUBJECT = "arm", "patient", "regimen", "id"
_TAKEN = (REGIMEN, "adherence")
"""Fields that say what is taken, and how: points of axes over them are arms."""
NO_DRUG = "placebo"
"""Name of an arm without drug that is added."""


def arm_dimension(ds: xr.Dataset) -> str:
    """Return the dimension whose positions are the arms of a trial.

    Raises:
        UserError: when there is none, or more than one could be.
    """
    found = [str(d) for d in ds["baseline_pain"].dims if d != PATIENT]
    for name in (ARM, REGIMEN):
        if name in found:
            return name
    taken = _dimensions(ds)
    if len(taken) == 1:
        return taken[0]
    if len(found) != 1:
        raise UserError(
            f"a trial compares regimens: besides patient this result has"
            f" {', '.join(found) or 'no dimension'}; list [[regimens]] in the study"
        )
    return found[0]


def as_arms(ds: xr.Dataset, least: int = 2) -> xr.Dataset:
    """Lay dimensions over what is taken out as one, ``arm``; their coordinates go along it.

    Points without drug become one arm, since nothing that these axes vary tells them apart.

    Args:
        ds: a result with the dimension ``patient``.
        least: a result with fewer such dimensions is returned as it is.
    """
    from ldnsim.plots.members import label_of

    dims = _dimensions(ds)
    if len(dims) < least:
        return ds
    places = list(np.ndindex(*(ds.sizes[d] for d in dims)))
    labels = [label_of(ds, dict(zip(dims, map(int, at), strict=True))) for at in places]
    laid = ds.stack({ARM: dims}, create_index=False).assign_coords({ARM: labels})
    empty = np.flatnonzero(without_drug(laid, ARM))
    laid = laid.isel({ARM: np.setdiff1d(np.arange(len(labels)), empty[1:])})
    return laid.transpose(ARM, *(d for d in ds.dims if d not in dims))


def without_drug(ds: xr.Dataset, arm: str) -> Flags:
    """Return which arms are without drug, (arms,): by their doses, or their names without those."""
    if "prescribed_dose" in ds:
        others = [d for d in ds["prescribed_dose"].dims if d != arm]
        return np.asarray(ds["prescribed_dose"].max(others).values == 0.0)
    return np.array([NO_DRUG in str(v).lower() for v in ds[arm].values])


def _dimensions(ds: xr.Dataset) -> list[str]:
    """Dimensions of a result along which only what is taken varies."""
    study = tomllib.loads(str(ds.attrs.get("study", "")))
    axes: dict[str, Any] = {a["name"]: a["field"] for a in study.get("axes", ())}
    along = {name: [name] for name in axes} | {g[0]: list(g) for g in study.get("zip", ())}
    dims = [str(d) for d in ds["baseline_pain"].dims if d != PATIENT]
    return [
        d for d in dims
        if d == REGIMEN
        or (d == SUBJECT and d not in along)  # of an event table
        or (d in along and all(str(axes[a]).partition(".")[0] in _TAKEN for a in along[d]))
    ]  # fmt: skip


def outline(plan: Plan) -> xr.Dataset:
    """Return the runs of a plan as a result would lay them out, with nothing computed.

    It has what :func:`arm_dimension`, :func:`as_arms` and :func:`check_arms` look at.
    """
    import xarray as xr

    from ldnsim.results.dataset import coordinates
    from ldnsim.results.provenance import identity

    dims = tuple(d.name for d in plan.dims)
    empty = {n: (dims, np.zeros(plan.shape)) for n in ("status", "baseline_pain")}
    return xr.Dataset(empty, coordinates(plan), {"study": identity(plan.study)})


def check_arms(ds: xr.Dataset) -> str:
    """Return the dimension of the arms, and refuse a result that has more than one set of them.

    Args:
        ds: what :func:`as_arms` returns.

    Raises:
        UserError: no dimension is that of the arms, or another is left beside it.
    """
    arm = arm_dimension(ds)
    others = [str(d) for d in ds["baseline_pain"].dims if d not in (arm, PATIENT)]
    if others:
        first = ds[others[0]].values[0] if others[0] in ds.coords else 0
        raise UserError(
            f"a trial report has one set of arms: choose one {others[0]} first, with"
            f" ds.sel({others[0]}=...) or --select {others[0]}={first}"
        )
    return arm


def can_state_no_drug(study: Study) -> bool:
    """Whether a study could hold an arm without drug: not one that varies a field of a regimen."""
    return not any(a.field.startswith("regimen.") for a in study.axes)


def placebo_study(study: Study) -> Study:
    """Return the same patients without drug, for as long: what a study of axes cannot say itself.

    Every axis over what is taken is left out, the others stay.
    """
    data: dict[str, Any] = tomllib.loads(study.resolved())
    left = {a["name"] for a in data["axes"] if a["field"].partition(".")[0] in _TAKEN}
    data["axes"] = [a for a in data["axes"] if a["name"] not in left]
    data["zip"] = [g for g in data.get("zip", ()) if not left.intersection(g)]
    for key in ("regimens", "adherence"):
        data.pop(key, None)
    end = study.plan().end
    data["regimen"] = {"prescription": "placebo nightly at 22:00, for 1 d", "name": NO_DRUG}
    data["horizon"] = f"{end!r} h"
    with study.edition.in_force():
        return type(study).build(data, "the study without drug")


def with_placebo(ds: xr.Dataset, none: xr.Dataset) -> xr.Dataset:
    """Put the arm without drug before the arms of a result, along ``arm``.

    Args:
        ds: a result.
        none: the result of its :func:`placebo_study`.

    Returns:
        pain, its untreated mean, doses and statuses: what a trial is made of.

    Raises:
        UserError: the patients of the two are not the same.
    """
    import xarray as xr

    laid = as_arms(ds, least=1)
    first = laid["baseline_pain"].isel({ARM: 0})
    same = none["baseline_pain"].transpose(*first.dims).values
    if not np.allclose(first.values, same, rtol=1e-3, equal_nan=True):
        raise UserError(
            "this result was made by another version of ldnsim: its patients could not be drawn"
            " again for an arm without drug; run the sweep again"
        )
    keep = [n for n in ("pain", "baseline_pain", "prescribed_dose", "status") if n in laid]
    own = laid[keep]
    along = {c: own[c] for c in own.coords if own[c].dims == (ARM,) and c != ARM}
    blank = {c: "" if v.dtype.kind in "OUST" else np.nan for c, v in along.items()}
    other = none[keep].drop_vars([c for c in none[keep].coords if c not in own.coords])
    other = other.assign_coords(blank).expand_dims({ARM: [NO_DRUG]})
    other = other.assign_coords({c: (ARM, [v]) for c, v in blank.items()})
    own = own.drop_vars([c for c in own.coords if c not in other.coords])
    if "weight" in own.coords:  # the same patients: one weight each, whatever its last digits
        other = other.assign_coords(weight=own["weight"])
    return xr.concat([other, own], dim=ARM, combine_attrs="override").assign_attrs(ds.attrs)
