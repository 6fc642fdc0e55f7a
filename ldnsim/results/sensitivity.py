"""Sensitivities with their labels, beside a result: made with it, or added to its store later."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.runs import measures as summaries
from ldnsim.runs.derivatives import (
    ASYMMETRY,
    MOST_BENT,
    SHIFT,
    Sensitivities,
    reference_run,
    sensitivities,
)
from ldnsim.runs.plan import Plan

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.runs.job import Job
    from ldnsim.sweep.study import Study

log = logging.getLogger("ldnsim")
# parts of the code that decide what a stored parameter means
_SAME = ("mechanisms", "engine", "data", "regimen", "model", "catalog")
_MEANING = (
    "change of the summary for a change of the parameter by a factor of e, as the tangent at this"
    " run has it; by 1 % of the parameter the summary changes by a hundredth of it"
)


def of_job(job: Job, status: NDArray[Any]) -> xr.Dataset:
    """Differentiate the run that stands for a finished job; empty when no run ended well."""
    import xarray as xr

    run = reference_run(job.plan, status)
    if run is None:
        return xr.Dataset()
    y0 = job.untreated.y0[job.plan.patients.of_run[run]]
    _tell(job.plan, run)
    try:
        return labelled(job.plan, sensitivities(job.plan, run, job.threads, y0))
    except UserError:  # a run that ended well, but not at the looser tolerance: nothing to say
        return xr.Dataset()


def labelled(plan: Plan, found: Sensitivities) -> xr.Dataset:
    """Return sensitivities with their labels, along ``summary`` and ``parameter``."""
    import xarray as xr

    grid, each = ("summary", "parameter"), "summary"
    known = default_model().parameters
    rows = [known[n] for n in found.parameters]
    attrs = [summaries.attributes(plan, s) for s in found.summaries]
    words = {
        "long_name": "local sensitivity, d summary / d ln(parameter)",
        "units": "unit of the summary",
        "meaning": _MEANING,
        "reference_run": found.run,
        "reference": describe(plan, found.run),
        "left_out": json.dumps(found.left_out),
        "shift": SHIFT,
    }
    share = {
        "long_name": "share of the local variance that rests on assumed numbers",
        "units": "1",
        "meaning": "sum of (sensitivity x spread)^2 over assumed parameters, over that of all",
    }
    linear = {
        "long_name": "whether the sensitivities describe the summary near the reference run",
        "meaning": f"0 when parameters whose slopes to the two sides differ by more than"
        f" {ASYMMETRY:g} of their sum carry more than {MOST_BENT:g} of the variance",
    }
    bent = {
        "long_name": "difference of the slopes to the two sides over their sum", "units": "1",
        "comment": "NaN where the slopes cancel: both directions move the summary by the same",
    }  # fmt: skip
    log = {"long_name": "spread on the natural-log scale", "units": "1"}
    return xr.Dataset(
        {
            "sensitivity": (grid, found.derivative, words),
            "sensitivity_asymmetry": (grid, found.asymmetry, bent),
            "assumed_share": (each, found.assumed_share, share),
            "locally_linear": (each, found.locally_linear.astype(np.int8), linear),
            "summary_value": (each, found.unshifted, {"long_name": "value in the reference run"}),
        },
        coords={
            "summary": np.array([s.name for s in found.summaries], dtype=str),
            "summary_units": (each, np.array([str(a["units"]) for a in attrs], dtype=str)),
            "summary_scale": (each, np.array([str(a["scale"]) for a in attrs], dtype=str)),
            "summary_long_name": (each, np.array([s.long_name for s in found.summaries], str)),
            "summary_short_name": (each, np.array([str(a["short_name"]) for a in attrs], str)),
            "parameter": np.array(found.parameters, dtype=str),
            "parameter_grade": ("parameter", np.array(found.grades, dtype=str)),
            "parameter_mechanism": ("parameter", np.array([p.mechanism for p in rows], str)),
            "parameter_source": ("parameter", np.array([" ".join(p.source) for p in rows], str)),
            "parameter_value": ("parameter", found.value, {"long_name": "value in this run"}),
            "parameter_sd": ("parameter", found.sd, log),
        },
    )


def describe(plan: Plan, run: int) -> str:
    """Name a run by its hypothesis and the coordinates of the sweep."""
    return plan.name_of(run)


def for_store(ds: xr.Dataset, run: int | None = None, threads: int | None = None) -> xr.Dataset:
    """Differentiate one run of a stored result, from the study inside it.

    Args:
        ds: the result.
        run: number of the run in C order of the dimensions; the one that stands for the study
            when None.
        threads: threads to use.

    Raises:
        UserError: the model is not the one that made the result, or the run failed.
    """
    from ldnsim.results.provenance import fingerprints
    from ldnsim.results.store import told

    then = told(ds.attrs, "fingerprints", "this result")
    changed = [part for part in _SAME if then.get(part) != fingerprints()[part]]
    if changed:
        raise UserError(
            f"this result was made by another version of ldnsim ({', '.join(changed)} differ): its"
            " sensitivities would not belong to it; run the sweep again"
        )
    plan = stored_study(ds).plan()
    status = np.asarray(ds["status"].values).reshape(-1)
    chosen = reference_run(plan, status) if run is None else run
    if chosen is None or status[chosen] != 0:
        raise UserError("a run that failed has no sensitivities; choose one that ended well")
    return of_run(plan, chosen, threads)


def of_run(plan: Plan, run: int | None = None, threads: int | None = None) -> xr.Dataset:
    """Differentiate one run of a plan; the one that stands for it when None.

    Raises:
        UserError: the run failed.
    """
    if run is None:
        run = reference_run(plan, np.zeros(len(plan), np.int8))
    assert run is not None  # a plan has at least one run
    _tell(plan, run)
    return labelled(plan, sensitivities(plan, run, threads))


def _tell(plan: Plan, run: int) -> None:
    log.info("sensitivities of %s", describe(plan, run))


def stored_study(ds: xr.Dataset) -> Study:
    """Return the study a result was made of.

    Raises:
        UserError: the dataset carries none.
    """
    from ldnsim.sweep.study import Study

    if "study" not in ds.attrs:
        raise UserError("this dataset carries no study; was it written by `ldnsim sweep`?")
    return Study.loads(str(ds.attrs["study"]), "the study in the result")


def together(ds: xr.Dataset, found: xr.Dataset) -> xr.Dataset:
    """Return a result with sensitivities in place of those it has."""
    return ds.drop_vars([n for n in found.variables if n in ds.variables]).merge(found)


def add_to_store(path: Path, found: xr.Dataset, of: Mapping[str, Any] | None = None) -> None:
    """Add sensitivities to a store, replacing those of another run.

    The result with them is made under another name, then takes the place of the one without; a
    Zarr store shares the files of the arrays that stay.

    Args:
        path: the store.
        found: the sensitivities.
        of: attributes of the result they were computed from; not compared when None.

    Raises:
        UserError: the store is not one that can be replaced, is in use, or is another by now.
    """
    from ldnsim.results.store import partial_folder
    from ldnsim.results.target import check_replaceable, checked_target

    target = checked_target(path)
    folder = partial_folder(target)
    with folder.held():
        folder.check()
        folder.settle()
        check_replaceable(target)
        _check_same(target, of)
        draft = folder.draft()
        add = _with_zarr if target.is_dir() else _with_netcdf
        add(target, draft, found)
        folder.swap.replace()
        if not folder.exists():
            folder.remove()


def _check_same(path: Path, of: Mapping[str, Any] | None) -> None:
    """Refuse to add to a result that took the place of the one that was differentiated."""
    from ldnsim.results.store import attributes

    if of is not None:
        now = attributes(path)
        if any(now.get(name) != of.get(name) for name in ("study", "fingerprints", "versions")):
            raise UserError(f"{path} was replaced by another result in the meantime")


def _with_zarr(path: Path, draft: Path, found: xr.Dataset) -> None:
    from ldnsim.results.assemble import with_coordinates
    from ldnsim.results.record import read_record
    from ldnsim.results.store import attributes
    from ldnsim.results.zarr_files import StoreFiles

    store = StoreFiles(draft, attributes(path))
    record = read_record(path)
    assert record is not None  # or it would not have been found replaceable
    store.take(path, record, map(str, found.variables))
    axes = {str(n): tuple(map(str, c.dims)) for n, c in found.coords.items()}
    for name, v in found.variables.items():
        dims = tuple(map(str, v.dims))
        words = dict(v.attrs) if name in found.coords else with_coordinates(v.attrs, dims, axes)
        store.whole(str(name), dims, np.asarray(v.values), words)
    store.close()


def _with_netcdf(path: Path, draft: Path, found: xr.Dataset) -> None:
    import xarray as xr

    from ldnsim.results.assemble import write_netcdf

    with xr.open_dataset(path, engine="h5netcdf") as old:
        write_netcdf(together(old, found).load(), draft)
