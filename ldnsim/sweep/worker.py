"""What workers of a cluster do; the scheduler sends them names and numbers, never runs.

A worker opens the parcel of a job once, and what it solves it saves itself. A block that is there
is not solved again, whoever asks for it: the worker before may have been lost between saving it
and saying so.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ldnsim.errors import UserError
from ldnsim.results import assemble, dataset
from ldnsim.results.blocks import Blocks, differences
from ldnsim.results.provenance import fingerprints, versions
from ldnsim.runs import parcel
from ldnsim.runs.block import Block
from ldnsim.runs.job import Job, run_blocks

if TYPE_CHECKING:
    from ldnsim.edition import Edition
    from ldnsim.results.zarr_files import Store

KEPT = 2
"""Jobs that a worker keeps opened."""
_JOBS: dict[str, Job] = {}
_ONE_AT_A_TIME = threading.Lock()


def about(edition: Edition) -> dict[str, Any]:
    """Return what results depend on in this process: versions, code, model, machine, kernels."""
    import platform

    from ldnsim.engine.generate.kernels import kernel_key

    return {
        "versions": versions(),
        "code": fingerprints(),
        "model": edition.model.fingerprint,
        "numbers": edition.model.numbers,
        "machine": platform.machine(),
        "kernels": kernel_key(edition.model),
    }


def refused(worker: str, theirs: Mapping[str, Any], wanted: Mapping[str, Any]) -> UserError | None:
    """Return why a worker cannot take part; None when it can."""
    found = differences(theirs, wanted)
    if not found:
        return None
    kernels = [f for f in found if f.startswith("kernels ")]
    # with all else the same, kernels differ by what they are compiled for
    why = (
        "its kernels are others, though versions and code are the same: it has another kind of"
        " processor, whose numbers may differ in their last bits. Let all workers, and this"
        " command, run on one kind"
        if kernels == found
        else "; ".join(
            f.replace("(was ", "(there ").replace(", now ", ", here ") for f in found[:6]
        )
        + ". Install the same on all machines"
    )
    return UserError(f"the worker {worker} cannot take part: {why}")


@dataclass(frozen=True)
class Parcel:
    """Where the parcel of a job is, and by what it is known.

    Attributes:
        digest: its SHA-256, from whoever packed it.
        blocks: where it lies beside the blocks of a sweep; None when it comes along.
        data: the parcel itself, where no place is shared.
    """

    digest: str
    blocks: Blocks | None = None
    data: bytes = b""

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"job-{self.digest[:16]}.pickle"

    def place(self) -> Blocks:
        """Return where blocks are, for a writer of its own.

        Raises:
            ValueError: they are nowhere.
        """
        if self.blocks is None:
            raise ValueError("this job keeps its blocks in memory")
        return self.blocks.elsewhere()

    def job(self) -> Job:
        """Return the job, opened once in a process.

        Raises:
            UserError: this worker is not as whoever packed it, or does not see its place.
        """
        with _ONE_AT_A_TIME:
            if self.digest not in _JOBS:
                found = self._opened()
                while len(_JOBS) >= KEPT:
                    del _JOBS[next(iter(_JOBS))]
                _JOBS[self.digest] = found
            return _JOBS[self.digest]

    def _opened(self) -> Job:
        data = self.data
        if self.blocks is not None:
            try:
                data = self.blocks.read(self.name)
            except OSError as error:
                raise UserError(
                    f"the worker {address()} does not see {self.blocks.path}"
                    f" ({error.strerror or error}): the result must lie where all workers can read"
                    " and write, on a shared file system or in an object store"
                ) from None
        if parcel.digest(data) != self.digest:
            raise UserError(f"the worker {address()} has read a damaged {self.name}: run again")
        job, wanted = parcel.unpacked(data)
        no = refused(address(), about(job.plan.edition), wanted)
        if no is not None:
            raise no
        return job


def address() -> str:
    """Return the address of this worker."""
    from distributed import get_worker

    try:
        return str(get_worker().address)  # type: ignore[no-untyped-call]
    except ValueError:  # no worker
        return "of this process"


def solve(first: int, job: Parcel, size: int) -> Block:
    """Solve a block and return it."""
    (found,) = run_blocks(job.job(), [first], size, 1)
    return found


def save(first: int, job: Parcel, size: int) -> int:
    """Solve a block and save it, unless it is there; return how many runs it has."""
    blocks = job.place()
    total, shapes = len(job.job().plan), job.job().shapes(first, size)
    if not blocks.has(first) or blocks.fault(first, shapes) is not None:
        found = solve(first, job, size)
        if not blocks.goes_on():  # given up while this was solved, and perhaps another began
            raise UserError(f"the sweep at {blocks.path} is over")
        blocks.save(found, size)
    return min(size, total - first)


def write(
    region: assemble.Region, job: Parcel, size: int, store: Store, codes: Any
) -> dict[str, tuple[int, int]]:
    """Write a region of a store; return the files written, with their sizes and checksums.

    Args:
        region: the region.
        job: the job.
        size: runs per block.
        store: the store; what this process writes of it is noted in a copy.
        codes: outcomes that occur.
    """
    opened, mine = job.job(), store.part()
    columns = dataset.columns(opened, np.asarray(codes))
    chosen = [c for c in columns if c.dim == region.kind]
    assemble.write_region(opened, job.place(), size, mine, chosen, region)
    return mine.files
