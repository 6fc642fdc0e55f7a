"""Sensitivities with their labels, beside a result: laid out with it, or added to its store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.results.record import read_record
from ldnsim.results.target import check_replaceable, checked_target
from ldnsim.results.zarr_files import StoreFiles
from ldnsim.runs import measures as summaries
from ldnsim.runs.derivatives import ASYMMETRY, MOST_BENT, SHIFT, Sensitivities
from ldnsim.runs.plan import Plan

if TYPE_CHECKING:
    import xarray as xr

_MEANING = (
    "change of the summary for a change of the parameter by a factor of e, as the tangent at this"
    " run has it; by 1 % of the parameter the summary changes by a hundredth of it"
)


def labelled(plan: Plan, found: Sensitivities) -> xr.Dataset:
    """Return sensitivities with their labels, along ``summary`` and ``parameter``."""
    import xarray as xr

    grid, each = ("summary", "parameter"), "summary"
    known = plan.edition.model.parameters
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
    from ldnsim.results.store import attributes

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
