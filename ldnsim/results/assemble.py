"""Assemble the finished blocks of a sweep into its result, which appears only when it is whole."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.arrays import Codes
from ldnsim.results import dataset, files
from ldnsim.results.blocks import ARRAYS, Blocks
from ldnsim.results.folder import BlockFolder
from ldnsim.results.record import sealed
from ldnsim.results.target import check_free, kind_of
from ldnsim.results.zarr_files import Store, StoreFiles
from ldnsim.runs.block import Block

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.results.columns import Column
    from ldnsim.results.taken import Taken
    from ldnsim.runs.derivatives import Sensitivities
    from ldnsim.runs.job import Job

CHUNK_BYTES = 8_000_000
"""Of one variable over time."""
CHUNK_RUNS = 65_536
"""Of a variable with one value per run."""
_LARGE = ("trajectory", "night", "readings", "daily", "ledger")
_USED = {
    "": (), "pathway": (), "time": ("trajectory", "daily"), "pathway time": ("trajectory",),
    "night_time": ("night",), "visit": ("readings",),
}  # fmt: skip
_UNUSED = {kind: tuple(n for n in _LARGE if n not in own) for kind, own in _USED.items()}
"""Arrays of blocks that no column with these dimensions is made of."""


def chunk_shape(shape: Sequence[int], room: int) -> tuple[int, ...]:
    """Return chunks over the dimensions of the sweep that hold consecutive runs.

    Args:
        shape: sizes of the dimensions.
        room: most runs in a chunk.

    Returns:
        ones, then a part of one dimension, then whole dimensions.
    """
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


@dataclass(frozen=True)
class Region:
    """A stretch of runs whose chunks are files of their own in every array of a kind.

    Attributes:
        kind: dimensions of the arrays beside those of the sweep.
        first: its first run.
        last: the run after its last.
        where: the part of the dimensions of the sweep.
    """

    kind: str
    first: int
    last: int
    where: tuple[slice, ...]


Spread = Callable[[Store, Sequence[Region], Codes], Iterable[dict[str, tuple[int, int]]]]
"""Takes a store, regions to write and the outcomes that occur; gives the files of each region,
in order, as :attr:`ldnsim.results.zarr_files.Store.files` has them."""


def finish(
    job: Job,
    folder: BlockFolder,
    size: int,
    target: Path,
    found: Sensitivities | None,
    spread: Spread | None = None,
    taken: Taken | None = None,
) -> None:
    """Assemble the finished blocks into the store; the name appears only when it is whole.

    Args:
        job: the job.
        folder: its finished blocks.
        size: runs per block.
        target: the store.
        found: how its summaries follow the parameters, if that was asked for.
        spread: what has regions of a Zarr store written elsewhere; None writes them here.
        taken: what is taken over from the result that is replaced; a Zarr store only.

    Raises:
        UserError: something is there by now that the sweep was not started to replace, or that
            holds files of others; or a block is damaged. The blocks are kept.
    """
    replaces = bool(folder.manifest()["replaces"])
    check_free(target, folder.path, replaces)
    draft = folder.draft()
    if kind_of(target) == "netcdf":
        whole = Block.join([folder.load(first) for first in job.starts(size)])
        write_netcdf(dataset.in_memory(job, whole, found).dataset(), draft)
    else:
        write_zarr(job, folder, size, lambda attrs: StoreFiles(draft, attrs), found, spread, taken)
    check_free(target, folder.path, replaces)
    folder.swap.replace()
    folder.remove()


def write_netcdf(ds: xr.Dataset, path: Path) -> None:
    """Write a NetCDF file with its checksum.

    It is made in memory: on a full disk HDF5 would take the process down with it.
    """
    file = io.BytesIO()
    ds.to_netcdf(file, engine="h5netcdf")
    files.put(path, sealed(file.getvalue()), flush=True)


def write_zarr(
    job: Job,
    blocks: Blocks,
    size: int,
    store_of: Callable[[Mapping[str, Any]], Store],
    found: Sensitivities | None,
    spread: Spread | None = None,
    taken: Taken | None = None,
) -> None:
    """Write the store region by region; only the blocks of one region are in memory.

    Args:
        job: the job.
        blocks: its finished blocks.
        size: runs per block.
        store_of: makes the store, of its attributes.
        found: how its summaries follow the parameters, if that was asked for.
        spread: what has regions written elsewhere; None writes them here.
        taken: what is taken over from a finished result; not with ``spread``.
    """
    kept = ("status", "ledger") if job.plan.watch else ("status",)
    told = Block.join([blocks.load(first, kept) for first in job.starts(size)])
    if taken is not None:
        told = _told(job, told, taken)
    laid = dataset.frame(job, told, found)
    axes = {c: v[0] for c, v in laid.coords.items()}
    store = store_of(laid.attrs)
    for name, (dims, values, attrs) in {**laid.coords, **laid.fixed}.items():
        names = (dims,) if isinstance(dims, str) else dims
        words = dict(attrs) if name in laid.coords else with_coordinates(attrs, names, axes)
        store.whole(name, names, values, words)
    for kind in _UNUSED:
        columns = [c for c in laid.columns if c.dim == kind]
        if not columns:
            continue
        for c in columns:
            dims, shape, chunks = _laid_out(job, c.dim, columns)
            store.array(c.name, dims, shape, chunks, c.dtype, with_coordinates(c.attrs, dims, axes))
        parts = _regions(job, kind, columns)
        old = None if taken is None else (taken, told)
        if spread is None:
            for region in parts:
                write_region(job, blocks, size, store, columns, region, old)
        else:
            for written in spread(store, parts, np.unique(told.status)):
                store.files.update(written)
    store.close()


def _laid_out(
    job: Job, kind: str, columns: Sequence[Column]
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Return dimensions, shape and chunks of the arrays of a kind."""
    plan = job.plan
    tail = dataset.tail(plan, kind)
    item = max(c.dtype.itemsize for c in columns)
    room = CHUNK_BYTES // max(1, math.prod(tail) * item) if "time" in kind else CHUNK_RUNS
    chunks = chunk_shape(plan.shape, max(1, room))
    names = tuple(d.name for d in plan.dims)
    return (*names, *kind.split()), (*plan.shape, *tail), (*chunks, *tail)


def _regions(job: Job, kind: str, columns: Sequence[Column]) -> list[Region]:
    """List the regions of the arrays of a kind, in order."""
    shape = job.plan.shape
    chunks = _laid_out(job, kind, columns)[2][: len(shape)]
    return [Region(kind, first, last, where) for first, last, where in regions(shape, chunks)]


def write_region(
    job: Job,
    blocks: Blocks,
    size: int,
    store: Store,
    columns: Sequence[Column],
    region: Region,
    old: tuple[Taken, Block] | None = None,
) -> None:
    """Write one region of arrays that share their shape.

    Args:
        job: the job.
        blocks: its finished blocks.
        size: runs per block.
        store: the store, in which the arrays are described.
        columns: all of the arrays of the region's kind.
        region: the region.
        old: what is taken over from a finished result, and the outcome of all runs.
    """
    kept = [n for n in ARRAYS if n not in _UNUSED[region.kind]]
    _, shape, chunks = _laid_out(job, region.kind, columns)
    tail = shape[len(job.plan.shape) :]
    lengths = [s.stop - s.start for s in region.where]
    span = region.first, region.last
    lo, hi = span if old is None else old[0].among_new(*span)
    block = _runs(job, blocks, size, lo, hi, kept)
    for column in columns:
        array = store.described(column.name, shape, chunks, column.dtype)
        if old is None:
            values = np.asarray(column.values(block))
        else:
            taken, told = old
            values = taken.values(column, taken.picked(block), told.cut(*span), tail)
        values = values.reshape((*lengths, *tail))
        array.write((*region.where, *(slice(0, n) for n in tail)), values)


def _told(job: Job, new: Block, taken: Taken) -> Block:
    """Return all runs with their outcome, and their doses where somebody looked at them."""
    none: Any = np.empty((len(taken.of), 0))
    status = taken.status(new.status)
    ledger: Any = taken.ledger(new.ledger, job.plan.most_doses) if new.ledger.size else none
    arrays: dict[str, Any] = {**dict.fromkeys(ARRAYS, none), "status": status, "ledger": ledger}
    return Block(0, **arrays)


def with_coordinates(
    attrs: Mapping[str, Any], dims: Sequence[str], axes: Mapping[str, Any]
) -> dict[str, Any]:
    """Name, as xarray reads it, the coordinates of an array that are not its dimensions.

    Args:
        attrs: attributes of the array.
        dims: its dimensions.
        axes: dimensions of every coordinate.
    """
    beside = sorted(
        name
        for name, own in axes.items()
        if name not in dims and set((own,) if isinstance(own, str) else own) <= set(dims)
    )
    return {**attrs, "coordinates": " ".join(beside)} if beside else dict(attrs)


def _runs(
    job: Job, folder: Blocks, size: int, first: int, last: int, names: Sequence[str]
) -> Block:
    """Read the runs from ``first`` to before ``last`` out of the blocks that hold them."""
    # where none is wanted, such as of a stretch that is taken over, the first block says of what
    starts = range(first // size * size, last, size) or range(0, 1)
    found = (folder.load(b, names) for b in starts)
    return Block.join([block.cut(first, last) for block in found])


def statuses(job: Job, folder: Blocks, size: int) -> Codes:
    """Read the outcome of every run out of the blocks, shape (runs,)."""
    return np.concatenate([folder.load(i, ("status",)).status for i in job.starts(size)])
