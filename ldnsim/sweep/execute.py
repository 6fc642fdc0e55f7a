"""Run a study: in memory, or into a store that survives being killed."""

from __future__ import annotations

import logging
import os
import platform
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnsim.errors import Interrupted, UserError
from ldnsim.results import assemble, dataset, store
from ldnsim.results.blocks import Blocks
from ldnsim.results.folder import BlockFolder
from ldnsim.results.objects import (
    Address,
    ObjectBlocks,
    StoreObjects,
    check_clear,
    checked_address,
    is_address,
    partial_objects,
    reached,
)
from ldnsim.results.provenance import fingerprints, identity, versions
from ldnsim.results.record import RECORD
from ldnsim.results.target import checked_target
from ldnsim.runs.block import Block
from ldnsim.runs.derivatives import Sensitivities, of_job
from ldnsim.runs.job import Job, run_blocks
from ldnsim.runs.plan import Plan
from ldnsim.sweep.engines import Engine, Tell
from ldnsim.sweep.keeping import RESUME, kept, mended, runs_of
from ldnsim.sweep.progress import Progress, Report, reporting
from ldnsim.sweep.room import check_memory, check_space
from ldnsim.sweep.there import compare, is_done, may_go_on, told

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.arrays import Codes

log = logging.getLogger("ldnsim")


class Threads:
    """Solves blocks here, one after the other, with threads inside each."""

    def __init__(self, threads: int | None) -> None:
        """Keep how many threads; all cores when None."""
        self.threads = threads

    def block(self, plan: Plan) -> int:
        """Return how many runs a block of a new sweep has."""
        return plan.block

    def job(self, plan: Plan) -> Job:
        """Find the patients of a plan, and what they are untreated."""
        return Job(plan, self.threads)

    def solve(self, job: Job, starts: list[int], size: int, tell: Tell) -> list[Block]:
        """Solve blocks."""
        return list(_solve(job, starts, size, self.threads, tell))

    def fill(self, job: Job, blocks: Blocks, starts: list[int], size: int, tell: Tell) -> None:
        """Solve blocks and save each."""
        for block in _solve(job, starts, size, self.threads, tell):
            blocks.save(block, size)

    def spread(self, job: Job, blocks: Blocks, size: int) -> assemble.Spread | None:
        """Return None: a store is written here."""
        return None


def run_plan(
    plan: Plan,
    out: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> xr.Dataset:
    """Run every run of a plan, with its threads.

    Args:
        plan: the study laid out.
        out: where to store the result; in memory only when None.
        resume: complete an unfinished sweep, or return a finished one of the same study.
        overwrite: replace what is there.
        progress: called with the number of runs done and their total; True shows a bar.
        engine: what solves the blocks; threads of this process when None.

    Raises:
        UserError: when something is in the way at ``out``, or cannot be resumed or written.
        Interrupted: when stopped from the keyboard; finished blocks are kept.
    """
    if out is not None:
        run_into_store(
            plan, out, resume=resume, overwrite=overwrite, progress=progress, engine=engine
        )
        return store.open_store(out)
    return solved(plan, progress, engine).dataset()


def solved(
    plan: Plan, progress: Progress | None = None, engine: Engine | None = None
) -> dataset.Arrays:
    """Run every run of a plan in memory; arguments and errors as for :func:`run_plan`."""
    engine = engine or Threads(plan.threads)
    check_memory(plan)
    with reporting(progress) as report:
        job, size = engine.job(plan), engine.block(plan)
        tell = told_of(report, 0, len(plan))
        blocks = engine.solve(job, job.starts(size), size, tell)
        whole = Block.join(sorted(blocks, key=lambda block: block.first))
        return dataset.in_memory(job, whole, derivatives(job, whole.status))


def run_into_store(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> bool:
    """Run every run of a plan and store the result without opening it.

    Arguments and errors are those of :func:`run_plan`.

    Returns:
        whether anything was done; not when the finished result was there.
    """
    target = checked_out(out)
    if resume and overwrite:
        raise UserError(
            "resume and overwrite contradict each other: the one keeps what is finished, the other"
            " starts again; choose one"
        )
    engine = engine or Threads(plan.threads)
    manifest = manifest_of(plan, overwrite)
    if isinstance(target, Address):
        with reporting(progress) as report:
            return _run_into_address(target, plan, manifest, resume, report, engine)
    folder = store.partial_folder(target)
    with reporting(progress) as report, folder.held():
        folder.check_shards()
        folder.check()
        folder.settle()
        going_on = resume and may_go_on(folder, target, manifest)
        if not going_on and is_done(target, manifest, resume, overwrite):
            return False
        size = prepare(folder, manifest, plan, engine, resume, overwrite)
        with mended(folder, range(0, len(plan), size)):
            job = engine.job(plan)
            fill(folder, job, size, job.starts(size), engine, report)
            with kept(folder, job.starts(size), size, len(plan)):
                assembled(folder, job, size, target, engine)
        return True


def _run_into_address(
    target: Address,
    plan: Plan,
    manifest: dict[str, Any],
    resume: bool,
    report: Report | None,
    engine: Engine,
) -> bool:
    """Run a plan and store the result at an address; see :func:`run_into_store`."""
    if manifest["replaces"]:
        raise UserError(
            f"--overwrite is refused at {target}: in an object store a new result cannot take the"
            " place of an old one in one step, and a kill could leave neither; choose another"
            " --out, or delete the old one yourself"
        )
    blocks = partial_objects(target)
    blocks.check()
    if resume and not blocks.exists() and RECORD in reached(target):
        compare(told(target, manifest), manifest, target)
        log.info("%s is finished and belongs to this study: nothing is left to do", target)
        return False
    if not (resume and blocks.exists()):
        check_clear(target)
    size = prepare(blocks, manifest, plan, engine, resume, overwrite=False)
    with mended(blocks, range(0, len(plan), size)):
        job = engine.job(plan)
        fill(blocks, job, size, job.starts(size), engine, report)
        with kept(blocks, job.starts(size), size, len(plan)):
            assembled(blocks, job, size, target, engine)
    return True


def assembled(
    blocks: BlockFolder | ObjectBlocks, job: Job, size: int, target: Path | Address, engine: Engine
) -> None:
    """Make the result of blocks that are all finished, and delete them."""
    found = derivatives(job, assemble.statuses(job, blocks, size))
    spread = engine.spread(job, blocks, size)
    if isinstance(target, Path):
        assert isinstance(blocks, BlockFolder)
        assemble.finish(job, blocks, size, target, found, spread)
    else:
        assemble.write_zarr(
            job, blocks, size, lambda attrs: StoreObjects(target, attrs), found, spread
        )
        blocks.remove()


def checked_out(out: str | os.PathLike[str]) -> Path | Address:
    """Return where a result can be written: a path, or an address of an object store.

    Raises:
        UserError: nothing can be written there.
    """
    text = os.fspath(out)
    return checked_address(text) if is_address(text) else checked_target(text)


def derivatives(job: Job, status: Codes) -> Sensitivities | None:
    """Differentiate the run that stands for a finished job, where the study asks for it."""
    return of_job(job, status) if job.plan.study.output.sensitivity else None


def told_of(report: Report | None, before: int, total: int) -> Tell:
    """Return what takes the number of runs finished in a call and reports those of the study."""

    def tell(n: int) -> None:
        if report is not None:
            report(before + n, total)

    return tell


def _solve(
    job: Job, starts: list[int], block: int, threads: int | None, tell: Tell
) -> Iterator[Block]:
    """Solve the given blocks."""
    tell(0)
    yield from run_blocks(job, starts, block, threads, tell)


def manifest_of(plan: Plan, replaces: bool = False) -> dict[str, Any]:
    """Return what the blocks of a sweep belong to: study, versions, code, machine, block size.

    ``replaces`` says whether the result may take the place of another: only when that was asked
    for when the sweep was started.
    """
    return {
        "study": tomllib.loads(identity(plan.study)),
        "extensions": {e.name: e.sha256 for e in plan.edition.extensions},
        "model": plan.edition.model.fingerprint,
        "numbers": plan.edition.model.numbers,
        "versions": versions(),
        "code": fingerprints(),
        "machine": platform.machine(),
        "block": plan.block,
        "replaces": replaces,
    }


def prepare(
    blocks: Blocks,
    manifest: dict[str, Any],
    plan: Plan,
    engine: Engine,
    resume: bool,
    overwrite: bool,
) -> int:
    """Make or check the place of blocks; returns the block size in use.

    Raises:
        UserError: when an unfinished sweep is in the way, or it cannot be resumed.
    """
    if blocks.exists() and not overwrite:
        if not resume:
            again = "--overwrite" if isinstance(blocks.path, Path) else "delete it"
            raise UserError(
                f"an unfinished sweep is at {blocks.path}; add --resume to complete it, or"
                f" {again} to start again"
            )
        old = blocks.manifest()
        compare(old, manifest, blocks.path)
        return int(old["block"])
    blocks.remove()
    if isinstance(blocks.path, Path):
        check_space(plan, blocks.path.parent)
    size = engine.block(plan)
    with kept(blocks, [], size, len(plan)):
        blocks.start({**manifest, "block": size})
    return size


def fill(
    blocks: Blocks,
    job: Job,
    size: int,
    starts: Sequence[int],
    engine: Engine,
    report: Report | None,
    again: str = RESUME,
) -> None:
    """Have those of some blocks solved and saved that are missing, or damaged.

    Raises:
        UserError: one cannot be written, and what is kept.
        Interrupted: stopped from the keyboard, and what is kept.
    """
    missing = _missing(blocks, job, size, starts)
    runs = runs_of(starts, size, job.count)
    tell = told_of(report, runs - runs_of(missing, size, job.count), runs)
    try:
        with kept(blocks, starts, size, job.count, again):
            engine.fill(job, blocks, missing, size, tell)
    except KeyboardInterrupt:
        done = runs_of([s for s in starts if blocks.has(s)], size, job.count)
        raise Interrupted(
            f"stopped with {done} of {runs} runs finished; {again} to complete it"
        ) from None


def _missing(blocks: Blocks, job: Job, size: int, starts: Sequence[int]) -> list[int]:
    """Return the first runs of the blocks to solve; one that is damaged is named, and is among."""
    found = []
    for first in starts:
        fault = blocks.fault(first, job.shapes(first, size)) if blocks.has(first) else ""
        if fault:
            last = min(first + size, job.count)
            log.warning(
                "the finished block of runs %d to %d in %s is damaged and is solved again: %s",
                first, last - 1, blocks.path, fault,
            )  # fmt: skip
            blocks.forget(first)
        if fault is not None:
            found.append(first)
    return found


def outcome(ds: xr.Dataset) -> str:
    """Return how many runs ended well and why others did not: ``238 ok, 2 failed: ...``."""
    import numpy as np

    codes = np.asarray(ds["status"].values).ravel()
    words = str(ds["status"].attrs["flag_meanings"]).split()
    values = [int(v) for v in np.atleast_1d(ds["status"].attrs["flag_values"])]
    name = dict(zip(values, words, strict=True))
    bad = {c: int((codes == c).sum()) for c in sorted(set(codes.tolist()) - {0})}
    text = f"{int((codes == 0).sum())} ok"
    if bad:
        why = ", ".join(f"{n} x {name.get(c, str(c)).replace('_', ' ')}" for c, n in bad.items())
        text += f", {sum(bad.values())} failed: {why}"
    return text
