"""Results on disk: Zarr (default) or NetCDF, written whole under another name, then renamed."""

from __future__ import annotations

import json
import math
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.errors import UserError, nearest
from ldnsim.sweep.blocks import BlockFolder

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.sweep.job import Block, Job

CHUNK_BYTES = 8_000_000


def kind_of(path: Path, setting: str) -> str:
    """Return ``zarr`` or ``netcdf``: what the name ends in decides, else the study's setting."""
    return {".nc": "netcdf", ".nc4": "netcdf", ".zarr": "zarr"}.get(path.suffix, setting)


def partial_folder(path: Path) -> BlockFolder:
    """Return where the finished blocks of an unfinished sweep lie: ``<store>.partial``."""
    return BlockFolder(path.with_name(path.name + ".partial"))


def is_store(path: Path) -> bool:
    """Whether a path holds a finished result of this package's formats."""
    return (path / "zarr.json").is_file() or (path.is_file() and path.suffix in (".nc", ".nc4"))


def open_store(path: str | os.PathLike[str]) -> xr.Dataset:
    """Open a finished result; data are read when used.

    Args:
        path: a Zarr folder or a NetCDF file that a sweep wrote.

    Raises:
        UserError: when there is none, or the sweep that was to write it is unfinished.
    """
    import xarray as xr

    found = Path(path)
    if not found.exists():
        if partial_folder(found).exists():
            raise UserError(
                f"{found} is unfinished: run the sweep again with --resume to complete it"
            )
        near = found.parent.glob("*") if found.parent.is_dir() else ()
        hint = nearest(found.name, sorted(p.name for p in near if is_store(p)))
        raise UserError(f"there is no result at {str(found)!r}{hint}")
    if not is_store(found):
        raise UserError(f"{found} is not a result of a sweep: expected a Zarr folder or a .nc file")
    try:
        if found.is_dir():
            json.loads((found / "zarr.json").read_text(encoding="utf-8"))
            ds = xr.open_dataset(found, engine="zarr", consolidated=False, chunks=None)
        else:
            ds = xr.open_dataset(found, engine="h5netcdf")
    except Exception as error:  # whatever the format's library raises for a damaged file
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{found} is damaged and cannot be read ({reason}); run its sweep again with"
            " --overwrite"
        ) from error
    if "status" not in ds or "study" not in ds.attrs:
        raise UserError(f"{found} is not a result of a sweep: it holds no status and no study")
    return ds


def chunk_shape(shape: Sequence[int], samples: int, item: int) -> tuple[int, ...]:
    """Return chunks over the dimensions of the sweep that hold consecutive runs.

    Args:
        shape: sizes of the dimensions.
        samples: times per run.
        item: bytes per value.

    Returns:
        ones, then a part of one dimension, then whole dimensions; about 8 MB in all.
    """
    room = max(1, CHUNK_BYTES // max(1, samples * item))
    chunks = list(shape)
    for axis in range(len(shape)):
        inner = math.prod(shape[axis + 1 :])
        if inner * shape[axis] <= room:
            break
        chunks[axis] = max(1, room // inner) if inner <= room else 1
        if inner <= room:
            break
    return tuple(max(1, c) for c in chunks)


def regions(shape: Sequence[int], chunks: Sequence[int]) -> Iterator[tuple[int, int, Any]]:
    """Yield the chunks in order as (first run, last run + 1, slices).

    Raises:
        ValueError: when a chunk would not hold consecutive runs.
    """
    if not shape:
        yield 0, 1, ()
        return
    counts = [range(0, n, c) for n, c in zip(shape, chunks, strict=True)]
    for corner in np.ndindex(*(len(c) for c in counts)):
        slices = tuple(
            slice(counts[i][k], min(counts[i][k] + chunks[i], shape[i]))
            for i, k in enumerate(corner)
        )
        lengths = [s.stop - s.start for s in slices]
        first = int(np.ravel_multi_index([s.start for s in slices], tuple(shape)))
        last = int(np.ravel_multi_index([s.stop - 1 for s in slices], tuple(shape))) + 1
        if last - first != math.prod(lengths):
            raise ValueError(f"chunk {slices} of {tuple(shape)} does not hold consecutive runs")
        yield first, last, slices


def finish(job: Job, folder: BlockFolder, size: int, target: Path, kind: str) -> None:
    """Assemble the finished blocks into the store; the name appears only when it is whole."""
    draft = folder.path / f"draft-{target.name}"
    if draft.is_dir():
        shutil.rmtree(draft)
    draft.unlink(missing_ok=True)
    if kind == "netcdf":
        from ldnsim.sweep.dataset import in_memory

        ds = in_memory(job, [folder.load(first) for first in job.starts(size)])
        ds.to_netcdf(draft, engine="h5netcdf")
    else:
        _write_zarr(job, folder, size, draft)
    if target.is_dir():
        shutil.rmtree(target)
    draft.replace(target)
    folder.remove()


def _write_zarr(job: Job, folder: BlockFolder, size: int, path: Path) -> None:
    import zarr

    from ldnsim.sweep import dataset

    small = _small_columns(job, folder, size)
    with warnings.catch_warnings():
        # fixed-length text has no final Zarr v3 specification yet; zarr and xarray read it
        warnings.filterwarnings("ignore", message=".*Zarr V3 specification.*")
        ds = dataset.skeleton(job, small.__getitem__)
        ds.to_zarr(path, mode="w", zarr_format=3, consolidated=False)
    group = zarr.open_group(path, mode="r+", use_consolidated=False)
    plan = job.plan
    names = [d.name for d in plan.dims]
    lengths = {"time": len(plan.time), "night_time": len(plan.night_time)}
    dtype = np.dtype(plan.study.output.dtype)
    timed = dataset.timed(plan)
    if not timed:
        return
    chunks = chunk_shape(plan.shape, max(lengths[dim] for _, dim, _, _ in timed), dtype.itemsize)
    arrays = {
        name: group.create_array(
            name,
            shape=(*plan.shape, lengths[dim]),
            chunks=(*chunks, lengths[dim]),
            dtype=dtype,
            fill_value=float("nan"),
            dimension_names=[*names, dim],
            attributes=dict(attrs),
        )
        for name, dim, _, attrs in timed
    }
    for first, last, where in regions(plan.shape, chunks):
        blocks = [
            _cut(folder.load(b), first, last)
            for b in job.starts(size)
            if b < last and b + size > first
        ]
        for name, dim, column, _ in timed:
            values = dataset.values_of(plan, blocks, dim, column)
            array = arrays[name]
            shape = (*(s.stop - s.start for s in where), lengths[dim])
            array[(*where, slice(None))] = values.reshape(shape)


def _cut(block: Block, first: int, last: int) -> Block:
    """Keep the runs of a block from ``first`` to before ``last``."""
    from dataclasses import replace

    from ldnsim.sweep.blocks import ARRAYS

    a = max(first - block.first, 0)
    b = min(last - block.first, len(block.status))
    kept = {name: getattr(block, name)[a:b] for name in ARRAYS}
    return replace(block, first=block.first + a, **kept)


def _small_columns(job: Job, folder: BlockFolder, size: int) -> dict[str, Any]:
    """Read what has one value per run, of all blocks."""
    names = ("summaries", "status", "steps", "rejected")
    parts: dict[str, list[Any]] = {name: [] for name in names}
    for first in job.starts(size):
        block = folder.load(first)
        for name in names:
            parts[name].append(getattr(block, name))
    return {name: np.concatenate(found) for name, found in parts.items()}
