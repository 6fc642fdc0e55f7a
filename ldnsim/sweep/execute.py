"""Run a study: in memory, or into a store that survives being killed."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ldnsim.errors import Interrupted, UserError
from ldnsim.results import assemble, dataset, store
from ldnsim.results.blocks import BlockFolder, differences
from ldnsim.results.provenance import fingerprints, identity, versions
from ldnsim.results.target import check_free, check_replaceable, checked_target
from ldnsim.runs.block import Block
from ldnsim.runs.derivatives import Sensitivities, of_job
from ldnsim.runs.job import Job, run_blocks, run_blocks_dask
from ldnsim.runs.plan import Plan, check_memory, check_space
from ldnsim.sweep.progress import Progress, Report, reporting

if TYPE_CHECKING:
    import xarray as xr

    from ldnsim.arrays import Codes

Executor = Literal["threads", "dask"]
log = logging.getLogger("ldnsim")
_OF_THE_SWEEP = ("block", "replaces")  # in a manifest, and without meaning for the numbers


def run_plan(
    plan: Plan,
    out: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    executor: Executor = "threads",
) -> xr.Dataset:
    """Run every run of a plan, with its threads.

    Args:
        plan: the study laid out.
        out: where to store the result; in memory only when None.
        resume: complete an unfinished sweep, or return a finished one of the same study.
        overwrite: replace what is there.
        progress: called with the number of runs done and their total; True shows a bar.
        executor: ``threads``, or ``dask`` for worker processes.

    Raises:
        UserError: when something is in the way at ``out``, or cannot be resumed or written.
        Interrupted: when stopped from the keyboard; finished blocks are kept.
    """
    if out is not None:
        run_into_store(
            plan, out, resume=resume, overwrite=overwrite, progress=progress, executor=executor
        )
        return store.open_store(out)
    return solved(plan, progress, executor).dataset()


def solved(
    plan: Plan, progress: Progress | None = None, executor: Executor = "threads"
) -> dataset.Arrays:
    """Run every run of a plan in memory; arguments and errors as for :func:`run_plan`."""
    _check_executor(executor)
    check_memory(plan)
    with reporting(progress) as report:
        job = Job(plan, plan.threads)
        blocks = _solve(job, job.starts(plan.block), plan.block, plan.threads, report, executor)
        whole = Block.join(list(blocks))
        return dataset.in_memory(job, whole, _derivatives(job, whole.status))


def run_into_store(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    executor: Executor = "threads",
) -> bool:
    """Run every run of a plan and store the result without opening it.

    Arguments and errors are those of :func:`run_plan`.

    Returns:
        whether anything was done; not when the finished result was there.
    """
    target = checked_target(out)
    _check_executor(executor)
    if resume and overwrite:
        raise UserError(
            "resume and overwrite contradict each other: the one keeps what is finished, the other"
            " starts again; choose one"
        )
    manifest = manifest_of(plan, overwrite)
    folder = store.partial_folder(target)
    with reporting(progress) as report, folder.held():
        folder.check()
        folder.settle()
        going_on = resume and _may_go_on(folder, target, manifest)
        if not going_on and _is_done(target, manifest, resume, overwrite):
            return False
        size = _prepare(folder, manifest, plan, resume, overwrite)
        with _mended(folder, range(0, len(plan), size)):
            job = Job(plan, plan.threads)
            _run_into(folder, job, size, target, plan.threads, report, executor)
        return True


def _check_executor(executor: str) -> None:
    if executor not in ("threads", "dask"):
        raise UserError(f"executor = {executor!r}: expected 'threads' or 'dask'")


def _derivatives(job: Job, status: Codes) -> Sensitivities | None:
    """Differentiate the run that stands for a finished job, where the study asks for it."""
    return of_job(job, status) if job.plan.study.output.sensitivity else None


def _solve(
    job: Job,
    starts: list[int],
    block: int,
    threads: int | None,
    progress: Report | None,
    executor: Executor,
) -> Iterator[Block]:
    """Solve the given blocks, reporting runs done out of all runs of the study."""
    total = job.count
    before = total - sum(min(block, total - s) for s in starts)

    def tell(n: int) -> None:
        if progress is not None:
            progress(before + n, total)

    tell(0)
    if executor == "threads":
        yield from run_blocks(job, starts, block, threads, tell)
        return
    done = 0
    for found in run_blocks_dask(job, starts, block, threads or os.cpu_count() or 1):
        done += len(found.status)
        tell(done)
        yield found


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


def _compare(old: dict[str, Any], new: dict[str, Any], where: Path) -> None:
    """Refuse to mix results of different studies or code.

    Raises:
        UserError: naming what differs.
    """
    a, b = ({k: v for k, v in m.items() if k not in _OF_THE_SWEEP} for m in (old, new))
    found = differences(json.loads(json.dumps(a)), json.loads(json.dumps(b)))
    if found:
        shown = "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")
        raise UserError(
            f"{where} cannot be resumed, it belongs to another study or version: {shown}. Restore"
            " what differs, choose another --out, or start again with --overwrite"
        )


def _may_go_on(folder: BlockFolder, target: Path, manifest: dict[str, Any]) -> bool:
    """Whether the unfinished sweep belongs to this study.

    Then it takes precedence over a result that it was started to replace. Where it had given its
    result the name before it was stopped, what is left of it is deleted.

    Raises:
        UserError: something is in its way, or what it would replace is not of this program.
    """
    if not folder.exists():
        return False
    try:
        kept = folder.manifest()
        _compare(kept, manifest, folder.path)
    except UserError:
        return False
    if not kept["replaces"] and _belongs(target, manifest):
        folder.remove()
        return False
    check_free(target, folder.path, kept["replaces"])
    return True


def _belongs(target: Path, manifest: dict[str, Any]) -> bool:
    """Whether there is a whole result, and of this study."""
    try:
        check_replaceable(target)
        _compare(_told(target, manifest, verify=True), manifest, target)
    except UserError:
        return False
    return target.exists()


def _told(target: Path, manifest: dict[str, Any], verify: bool = False) -> dict[str, Any]:
    """Return what a result says that it belongs to, as a manifest has it.

    Raises:
        UserError: it does not open, or does not say so.
    """
    with store.open_store(target, verify=verify) as ds:
        try:
            study = tomllib.loads(str(ds.attrs["study"]))
        except tomllib.TOMLDecodeError as error:
            raise UserError(
                f"{target} says of what it is in words that cannot be read: its attribute 'study'"
                f" is no study file ({error}); choose another --out, or --overwrite"
            ) from None
        return {
            "study": study,
            "extensions": {e["name"]: e["sha256"] for e in store.extensions(ds.attrs, target)},
            "model": ds.attrs.get("model"),
            "numbers": ds.attrs.get("numbers"),
            "versions": store.told(ds.attrs, "versions", target),
            "code": store.told(ds.attrs, "fingerprints", target),
            "machine": manifest["machine"],
        }


def _is_done(target: Path, manifest: dict[str, Any], resume: bool, overwrite: bool) -> bool:
    """Whether the result is there already, and may stand for this study.

    Raises:
        UserError: when something is in the way.
    """
    if not target.exists():
        return False
    if overwrite:
        check_replaceable(target)
        return False
    if not resume:
        _refuse_existing(target)
    _compare(_told(target, manifest), manifest, target)
    log.info("%s is finished and belongs to this study: nothing is left to do", target)
    return True


def _refuse_existing(target: Path) -> None:
    try:
        check_replaceable(target)
    except UserError:
        raise UserError(
            f"{target} exists already and is not a result of a sweep of this version; choose"
            " another --out"
        ) from None
    raise UserError(f"{target} exists already; choose another --out, or --overwrite to replace it")


def _prepare(
    folder: BlockFolder, manifest: dict[str, Any], plan: Plan, resume: bool, overwrite: bool
) -> int:
    """Make or check the folder of blocks; returns the block size in use.

    Raises:
        UserError: when an unfinished sweep is in the way, or it cannot be resumed.
    """
    if folder.exists() and not overwrite:
        if not resume:
            raise UserError(
                f"an unfinished sweep is at {folder.path}; add --resume to complete it, or"
                " --overwrite to start again"
            )
        old = folder.manifest()
        _compare(old, manifest, folder.path)
        return int(old["block"])
    folder.remove()
    check_space(plan, folder.path.parent)
    with _kept(folder, 0, len(plan)):
        folder.start(manifest)
    return plan.block


def _run_into(
    folder: BlockFolder,
    job: Job,
    size: int,
    target: Path,
    threads: int | None,
    progress: Report | None,
    executor: Executor,
) -> None:
    """Solve the blocks that are missing, then assemble the store."""
    missing = _missing(folder, job, size)
    total = len(job.plan)
    done = total - sum(min(size, total - s) for s in missing)
    try:
        for block in _solve(job, missing, size, threads, progress, executor):
            with _kept(folder, done, total):
                folder.save(block, size)
            done += len(block.status)
        with _kept(folder, done, total):
            found = _derivatives(job, assemble.statuses(job, folder, size))
            assemble.finish(job, folder, size, target, found)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped with {done} of {total} runs finished; run the same command with --resume to"
            " complete it"
        ) from None


def _missing(folder: BlockFolder, job: Job, size: int) -> list[int]:
    """Return the first runs of the blocks to solve; one that is damaged is named, and is among."""
    found = []
    for first in job.starts(size):
        fault = folder.fault(first, job.shapes(first, size)) if folder.has(first) else ""
        if fault:
            last = min(first + size, job.count)
            log.warning(
                "the finished block of runs %d to %d in %s is damaged and is solved again: %s",
                first, last - 1, folder.path, fault,
            )  # fmt: skip
        if fault is not None:
            found.append(first)
    return found


@contextlib.contextmanager
def _mended(folder: BlockFolder, blocks: range) -> Iterator[None]:
    """Let what stopped a sweep, such as a function of the study, be mended and run again.

    Raises:
        UserError: what stopped it, and what to do where blocks are finished; else none is left.
    """
    try:
        yield
    except UserError as error:
        kept = sum(folder.has(first) for first in blocks)
        if not kept:
            folder.remove()
        if not kept or isinstance(error.__cause__, OSError):  # a disk: said what to do
            raise
        raise UserError(
            f"{error}; {kept} of {len(blocks)} blocks are finished and kept in {folder.path}:"
            " --resume goes on with the same study and files, --overwrite starts again"
        ) from error


@contextlib.contextmanager
def _kept(folder: BlockFolder, done: int, total: int) -> Iterator[None]:
    """Say what is kept when the disk is full, or cannot be written for another reason.

    Raises:
        UserError: with the reason.
    """
    try:
        yield
    except OSError as error:
        place = error.filename or folder.path
        kept = f"{done} of {total} runs are finished and kept in {folder.path}" if done else ""
        how = "mend that and run the same command with --resume to complete it"
        raise UserError(
            f"cannot write {place}: {error.strerror or error}; "
            + (f"{kept}: {how}" if kept else "nothing was finished")
        ) from error


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
