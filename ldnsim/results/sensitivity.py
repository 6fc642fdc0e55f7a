"""Sensitivities added to a result that is there: in memory, or in its store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.results.assemble import with_coordinates, write_netcdf
from ldnsim.results.record import read_record
from ldnsim.results.store import attributes, partial_folder
from ldnsim.results.target import check_replaceable, checked_target
from ldnsim.results.zarr_files import StoreFiles

if TYPE_CHECKING:
    import xarray as xr


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
    if of is not None:
        now = attributes(path)
        if any(now.get(name) != of.get(name) for name in ("study", "fingerprints", "versions")):
            raise UserError(f"{path} was replaced by another result in the meantime")


def _with_zarr(path: Path, draft: Path, found: xr.Dataset) -> None:
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

    with xr.open_dataset(path, engine="h5netcdf") as old:
        write_netcdf(together(old, found).load(), draft)
