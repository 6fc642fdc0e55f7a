"""A sweep in shards, for job arrays without a scheduler: each process solves some of the blocks.

The blocks of all shards meet in the folder of the unfinished sweep. Merging makes the result of
them; it is what ``--resume`` does, but solves nothing. Neighbouring blocks go to different shards,
since what a run costs changes along an axis.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnsim.errors import UserError
from ldnsim.results import store
from ldnsim.results.folder import BlockFolder
from ldnsim.results.objects import (
    Address,
    Begun,
    ObjectBlocks,
    check_clear,
    partial_objects,
    reached,
)
from ldnsim.results.record import RECORD
from ldnsim.runs.plan import Plan
from ldnsim.sweep import execute, keeping
from ldnsim.sweep.cluster import LEAST, MOST
from ldnsim.sweep.progress import Progress, reporting
from ldnsim.sweep.there import cleared, compare, is_done, told

if TYPE_CHECKING:
    from ldnsim.runs.job import Job

log = logging.getLogger("ldnsim")
PER_SHARD = 4
"""Blocks in each shard of a new sweep, where there are runs enough."""
PATIENCE = 120.0
"""Seconds to wait for other shards to begin, which they do one after the other."""


@dataclass(frozen=True)
class Shard:
    """One of several parts of a sweep.

    Attributes:
        number: from 1.
        of: how many there are.
    """

    number: int
    of: int

    @staticmethod
    def parse(text: str) -> Shard:
        """Read ``3/40``.

        Raises:
            UserError: anything else.
        """
        found = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
        if found is None:
            raise UserError(f"--shard {text}: expected number/all, such as 3/40")
        number, of = int(found[1]), int(found[2])
        if not 1 <= number <= of:
            hint = "; shards are numbered from 1" if number == 0 and of else ""
            raise UserError(f"--shard {text}: there is no shard {number} of {of}{hint}")
        return Shard(number, of)

    def __str__(self) -> str:
        """Return ``3/40``."""
        return f"{self.number}/{self.of}"

    def starts(self, starts: list[int]) -> list[int]:
        """Return which of all blocks are in this shard, by their first runs."""
        return starts[self.number - 1 :: self.of]


class _Part(execute.Threads):
    """Threads that solve a shard: how large its blocks are does not depend on this machine."""

    def __init__(self, threads: int | None, of: int) -> None:
        super().__init__(threads)
        self.of = of

    def block(self, plan: Plan) -> int:
        """Return how many runs a block of a new sweep has."""
        wanted = min(MOST, max(LEAST, len(plan) // (PER_SHARD * self.of)), len(plan) // self.of)
        size = plan.study.solver.block or max(8, min(wanted, plan.most_in_block) // 8 * 8)
        most = -(-len(plan) // size)
        if most < self.of:
            raise UserError(
                f"{len(plan)} runs are {most} block{'s' if most > 1 else ''} of {size}, too few"
                f" for {self.of} shards: take at most {most}"
                + (", or a smaller solver.block" if plan.study.solver.block else "")
            )
        return size


def run_shard(
    plan: Plan,
    out: str | os.PathLike[str],
    shard: Shard,
    file: Path | None = None,
    progress: Progress | None = None,
) -> int | None:
    """Solve the blocks of one shard, but for those that are finished.

    Args:
        plan: the study laid out.
        out: where the result will be.
        shard: which.
        file: of the study, for whoever merges.
        progress: called with the number of runs done and those of the shard.

    Returns:
        runs of the shard; None when the result is there and of this study.

    Raises:
        UserError: another process works on the shard, the sweep was begun in other shards, or
            what is there is of another study.
        Interrupted: when stopped from the keyboard; finished blocks are kept.
    """
    target = execute.checked_out(out)
    blocks = _place(target)
    told_file = {} if file is None else {"file": str(file.absolute())}
    manifest = {**execute.manifest_of(plan), "shards": shard.of, **told_file}
    engine = _Part(plan.threads, shard.of)
    with reporting(progress) as report, contextlib.ExitStack() as own:
        with _in_turn(blocks):
            if isinstance(blocks, BlockFolder):
                own.enter_context(blocks.held_shard(f"{shard.number}-of-{shard.of}"))
                blocks.check()
                blocks.settle()
                if isinstance(target, Path):
                    cleared(blocks, target, manifest)
            if not blocks.exists() and _finished(target, manifest):
                return None
            size = _begun(blocks, manifest, plan, engine, shard)
        job = engine.job(plan)
        starts = shard.starts(job.starts(size))
        execute.fill(blocks, job, size, starts, engine, report)
    return sum(min(size, len(plan) - first) for first in starts)


def _place(target: Path | Address) -> BlockFolder | ObjectBlocks:
    if isinstance(target, Address):
        return partial_objects(target)
    return store.partial_folder(target)


@contextlib.contextmanager
def _in_turn(blocks: BlockFolder | ObjectBlocks) -> Iterator[None]:
    """Hold the whole for a moment; other shards do so, too, and are waited for."""
    if isinstance(blocks, ObjectBlocks):
        yield
        return
    deadline = time.monotonic() + PATIENCE
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(blocks.held())
                break
            except UserError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield


def _finished(target: Path | Address, manifest: dict[str, Any]) -> bool:
    """Whether the result is there, and of this study.

    Raises:
        UserError: it is of another.
    """
    if isinstance(target, Path):
        return is_done(target, manifest, resume=True, overwrite=False)
    if RECORD in reached(target):
        compare(told(target, manifest), manifest, target)
        return True
    check_clear(target)
    return False


def _begun(
    blocks: BlockFolder | ObjectBlocks,
    manifest: dict[str, Any],
    plan: Plan,
    engine: _Part,
    shard: Shard,
) -> int:
    """Begin the sweep, or join it; returns the block size in use."""
    if not blocks.exists():
        with contextlib.suppress(Begun):
            return execute.prepare(blocks, manifest, plan, engine, resume=True, overwrite=False)
    old = blocks.manifest()
    compare(old, manifest, blocks.path)
    if old.get("shards") != shard.of:
        if "shards" not in old:
            raise UserError(f"--shard {shard}: {_unshared(blocks)}")
        raise UserError(
            f"--shard {shard}: the sweep at {blocks.path} was begun in {old['shards']} shards; go"
            " on with these, or complete it with --resume"
        )
    return int(old["block"])


def _unshared(blocks: BlockFolder | ObjectBlocks) -> str:
    return (
        f"the sweep at {blocks.path} was begun without shards; complete it with ldnsim sweep"
        " STUDY --resume"
    )


def merge(
    out: str | os.PathLike[str],
    plan_of: Callable[[Path], Plan],
    file: Path | None = None,
    threads: int | None = None,
) -> Plan | None:
    """Make the result of shards that are all finished.

    Args:
        out: the result.
        plan_of: lays out the study in a file.
        file: of the study; the one that the shards were of when None.
        threads: threads of the solver, for the patients.

    Returns:
        the plan of the study; None when the result is whole already.

    Raises:
        UserError: nothing is there to merge, it was not begun in shards, a shard is unfinished or
            being worked on, or the study is not that of the shards.
    """
    target = execute.checked_out(out)
    blocks = _place(target)
    with contextlib.ExitStack() as stack:
        if isinstance(blocks, BlockFolder):
            stack.enter_context(blocks.held())
            blocks.check_shards()
            blocks.check()
            blocks.settle()
        manifest = blocks.manifest() if blocks.exists() else {}
        if "shards" not in manifest:
            if RECORD in reached(target) if isinstance(target, Address) else target.exists():
                log.info("%s is whole already: nothing is left to do", target)
                return None
            if manifest:
                raise UserError(_unshared(blocks))
            raise UserError(f"{target} has no shards: run ldnsim sweep with --shard")
        plan = plan_of(_file_of(manifest, file, blocks))
        compare(manifest, execute.manifest_of(plan), blocks.path)
        size = int(manifest["block"])
        _check_whole(blocks, list(range(0, len(plan), size)), manifest)
        engine = execute.Threads(threads)
        job = engine.job(plan)
        _check_sound(blocks, job, size, manifest)
        with keeping.kept(blocks, job.starts(size), size, len(plan)):
            execute.assembled(blocks, job, size, target, engine)
        return plan


def _file_of(
    manifest: dict[str, Any], file: Path | None, blocks: BlockFolder | ObjectBlocks
) -> Path:
    """Return the file of the study that shards were of."""
    said = manifest.get("file")
    found = file or (Path(said) if isinstance(said, str) else None)
    if found is None or not found.is_file():
        where = f"{said} is not there" if said else "the shards do not say their file"
        raise UserError(f"which study {blocks.path} is of: {where}; give it with --study")
    return found


def _by_shard(starts: list[int], of: list[int], shards: int) -> dict[int, tuple[int, int]]:
    """Count, for each shard of some blocks, these and all its blocks."""
    found: dict[int, tuple[int, int]] = {}
    for k, first in enumerate(starts):
        number = k % shards + 1
        some, every = found.get(number, (0, 0))
        found[number] = (some + (first in of), every + 1)
    return {number: counts for number, counts in found.items() if counts[0]}


def _check_whole(
    blocks: BlockFolder | ObjectBlocks, starts: list[int], manifest: dict[str, Any]
) -> None:
    """Refuse to merge what is not whole.

    Raises:
        UserError: naming the shards, and how much of each is missing.
    """
    missing = [first for first in starts if not blocks.has(first)]
    if not missing:
        return
    shards = int(manifest.get("shards", 1))
    found = _by_shard(starts, missing, shards)
    said = [
        f"{n}/{shards} ({'nothing is' if m == every else f'{m} of {every} blocks are not'}"
        f"{' there' if m == every else ''})"
        for n, (m, every) in list(found.items())[:8]
    ]
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    raise UserError(
        f"{blocks.path} is not whole: {len(missing)} of {len(starts)} blocks are missing, in"
        f" shard{'s' if len(found) > 1 else ''} {', '.join(said)}{more}; run these again, or"
        " complete the sweep here with --resume"
    )


def _check_sound(
    blocks: BlockFolder | ObjectBlocks, job: Job, size: int, manifest: dict[str, Any]
) -> None:
    """Refuse to merge a damaged block.

    Raises:
        UserError: naming it and its shard.
    """
    starts, shards = job.starts(size), int(manifest.get("shards", 1))
    for k, first in enumerate(starts):
        fault = blocks.fault(first, job.shapes(first, size))
        if fault:
            raise UserError(
                f"the block at run {first} in {blocks.path} is damaged ({fault}): run shard"
                f" {k % shards + 1}/{shards} again"
            )
