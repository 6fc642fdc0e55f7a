"""Blocks as tasks of dask.distributed (extra ``dask``).

Blocks meet in the folder of the unfinished sweep, as they do on one machine: a worker solves a
block and saves it there under its name, and tells the client how many runs it has. The other way,
workers that write their runs straight into the arrays of the result, was left: a chunk of a
variable with one number per run holds the runs of many blocks, so that workers would have to wait
for each other or the chunks be as small as blocks; and whether a region is whole would have to be
kept somewhere else. So blocks come first, and the regions of the result, which share no file, are
written by the workers afterwards; the client writes the record, last.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import itertools
import logging
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ldnsim.errors import UserError
from ldnsim.results.assemble import Region, Spread
from ldnsim.results.blocks import Blocks
from ldnsim.runs import parcel
from ldnsim.runs.block import Block
from ldnsim.runs.job import Job
from ldnsim.runs.plan import MOST_IN_BLOCK, Plan, enrol
from ldnsim.sweep import clients, worker
from ldnsim.sweep.clients import gone, needed
from ldnsim.sweep.engines import Tell

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")
log = logging.getLogger("ldnsim")
PER_SLOT, LEAST, MOST = 8, 32, 256
"""Blocks for each thread of the workers, and least and most runs in one: more workers may come."""
AHEAD = 32
"""Chunks of candidates for each thread of the workers that are looked at before others."""
TRIES = 4
"""Times that a task may be handed out again after the scheduler has given it up."""
PATIENCE = 300.0
"""Seconds to wait for a scheduler that was lost, and for files that others say they wrote."""
REMIND = 60.0
_PROBE = "__import__('importlib.util').util.find_spec('ldnsim.sweep.worker') is not None"


class Lost(Exception):
    """The scheduler is gone, and with it what it knew."""


class Cluster:
    """Workers that solve blocks; see :class:`ldnsim.sweep.engines.Engine`."""

    def __init__(self, client: Client, threads: int | None = None) -> None:
        """Take a client that is connected to a scheduler.

        Args:
            client: the client.
            threads: threads of this process, for what is found here; all cores when None.

        Raises:
            UserError: it is no client, one for asynchronous code, or closed.
        """
        if not isinstance(client, needed().Client):
            raise UserError(
                f"client = {client!r}: expected a distributed.Client, such as"
                " Client('tcp://10.0.0.1:8786')"
            )
        if client.asynchronous:
            raise UserError("client: it is asynchronous; make one without asynchronous=True")
        if client.status != "running":
            raise UserError(f"client: it is {client.status}; make a new one")
        self.client = client
        self.threads = threads
        self.where = str(client.scheduler.address) if client.scheduler else "?"
        self._checked: set[str] = set()

    @property
    def dashboard(self) -> str:
        """Address of its pages; empty where there are none, for want of the package bokeh."""
        if importlib.util.find_spec("bokeh") is None:
            return ""
        return str(self.client.dashboard_link or "")

    def block(self, plan: Plan) -> int:
        """Return how many runs a block of a new sweep has: some blocks for every thread."""
        self._wait_for_workers()
        slots = sum(self.client.nthreads().values())
        wanted = min(MOST, max(LEAST, len(plan) // (PER_SLOT * max(1, slots))))
        limit = min(plan.most_in_block, MOST_IN_BLOCK)
        return plan.study.solver.block or max(8, min(wanted, limit) // 8 * 8)

    def job(self, plan: Plan) -> Job:
        """Check the workers, then find the patients of a plan and what they are untreated."""
        self._wait_for_workers()
        self.check(plan)
        return Job(plan, self.threads, enrol(plan, self.threads, self._look))

    def _look(self, look: Callable[[T], R], chunks: Iterator[T], least: int) -> Iterator[R]:
        """Have candidates looked at by workers: those needed in any case, then some at a time."""
        slots = max(1, sum(self.client.nthreads().values()))
        wanted = min(least, AHEAD * slots)
        while True:
            some = list(itertools.islice(chunks, max(wanted, slots)))
            found = dict(self._each("find patients", look, some))
            yield from (found[i] for i in range(len(some)))
            least -= len(some)
            wanted = min(least, AHEAD * slots)

    def check(self, plan: Plan) -> None:
        """Refuse workers with other versions, code, model or kernels, before work begins.

        Those that come later are looked at when they open the job.

        Raises:
            UserError: naming the worker and what differs.
        """
        # a worker without the package would end over the first task that names it
        for address, found in self.client.run(eval, _PROBE, on_error="return").items():
            if found is not True:
                why = f": {found}" if found else ""
                raise UserError(
                    f"the worker {address} cannot take part: it has no ldnsim of this version{why}."
                    " Install the same on all machines"
                )
        wanted = worker.about(plan.edition)
        for address, theirs in self._about(plan):
            no = worker.refused(address, theirs, wanted)
            if no is not None:
                raise no

    def _about(self, plan: Plan) -> Iterator[tuple[str, Any]]:
        """Ask every worker what it is; one that is lost meanwhile says nothing.

        They are asked by tasks: what a worker answers by itself holds up all else that it does,
        and here it may have to load a compiler first.
        """
        name = _key("look at worker")
        asked = {
            address: self.client.submit(
                worker.about, plan.edition, workers=[address], key=(name, k), pure=False
            )
            for k, address in enumerate(self.client.nthreads())
        }
        while asked:
            for address, future in list(asked.items()):
                if future.done():
                    del asked[address]
                    yield address, future.result()
            there = self.client.nthreads() if asked else {}
            asked = {address: f for address, f in asked.items() if address in there}
            time.sleep(0.05)

    def solve(self, job: Job, starts: list[int], size: int, tell: Tell) -> list[Block]:
        """Solve blocks and return them, in any order."""
        data = parcel.packed(job, worker.about(job.plan.edition))
        packed = worker.Parcel(parcel.digest(data), None, data)
        # the graph keeps the parcel, so that it outlives any worker
        shared = self.client.submit(_same, packed, key=_key("open study"), pure=False)
        call = functools.partial(_shared, worker.solve, size)
        found, done = [], 0
        tell(0)
        for _, block in self._each("solve runs", call, starts, shared):
            found.append(block)
            done += len(block.status)
            tell(done)
        return found

    def fill(self, job: Job, blocks: Blocks, starts: list[int], size: int, tell: Tell) -> None:
        """Have workers solve blocks and save them; only counts come back.

        Raises:
            OSError: a worker cannot write one.
            UserError: a block has ended several workers, or the scheduler stays away.
        """
        tell(0)
        if not starts:
            return
        call = functools.partial(worker.save, job=self._beside(job, blocks), size=size)
        done = 0
        for _, runs in self._each("solve runs", call, starts):
            done += runs
            tell(done)
        self._seen(blocks, starts)

    def spread(self, job: Job, blocks: Blocks, size: int) -> Spread:
        """Return what has workers write the regions of a store."""

        def write(store: Any, parts: Sequence[Region], codes: Any) -> list[dict[str, Any]]:
            call = functools.partial(
                worker.write, job=self._beside(job, blocks), size=size, store=store.part(),
                codes=codes,
            )  # fmt: skip
            found: list[dict[str, Any]] = [{} for _ in parts]
            for i, files in self._each("write result", call, parts):
                found[i] = files
            return found

        return write

    def _beside(self, job: Job, blocks: Blocks) -> worker.Parcel:
        """Put the parcel of a job beside its blocks, unless it is there."""
        data = parcel.packed(job, worker.about(job.plan.edition))
        found = worker.Parcel(parcel.digest(data), blocks.elsewhere())
        if not blocks.holds(found.name):
            blocks.write(found.name, data)
        return found

    def _each(
        self, words: str, call: Callable[..., R], items: Sequence[T], *more: Any
    ) -> Iterator[tuple[int, R]]:
        """Call a function with every item on the workers; yield place and result, as they come.

        What a lost worker was doing is done by another. When the scheduler is lost, what had not
        come back is asked for again.
        """
        left = dict.fromkeys(range(len(items)), 0)
        while left:
            try:
                yield from self._round(words, call, items, more, left)
            except Lost:
                self._again()

    def _round(
        self,
        words: str,
        call: Callable[..., R],
        items: Sequence[T],
        more: Sequence[Any],
        left: dict[int, int],
    ) -> Iterator[tuple[int, R]]:
        name = _key(words)
        at = {(name, i, 0): i for i in left}
        try:
            futures = self.client.map(
                call, [items[i] for i in left], *([m] * len(left) for m in more),
                key=list(at), pure=False,
            )  # fmt: skip
        except gone() as error:
            raise Lost from error
        waiting = {f.key: f for f in futures}
        del futures
        try:
            stream = needed().as_completed(list(waiting.values()), loop=self.client.loop)
            for future in stream:
                i = at[future.key]
                del waiting[future.key]
                if future.status == "finished":
                    result = self._result(future)
                    del left[i]
                    yield i, result
                    continue
                self._check(future, items[i], left[i])
                left[i] += 1
                key = (name, i, left[i])
                at[key] = i
                again = self.client.submit(call, items[i], *more, key=key, pure=False)
                waiting[key] = again
                stream.add(again)
        finally:
            if waiting:
                with contextlib.suppress(Exception):  # the scheduler may be gone
                    self.client.cancel(list(waiting.values()))

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result()
        except gone() as error:
            raise Lost from error

    def _check(self, future: Future[Any], item: Any, tries: int) -> None:
        """Raise what went wrong with a task, unless it may be handed out again."""
        from distributed.scheduler import KilledWorker

        if future.status != "error":
            raise Lost
        error: Any = future.exception()  # type: ignore[no-untyped-call]
        if not isinstance(error, KilledWorker):
            raise error
        if tries + 1 >= TRIES:
            what = f"runs from {item}" if isinstance(item, int) else "a region of the result"
            raise UserError(
                f"{what}: {TRIES} times the scheduler gave up, since worker after worker ended"
                f" over it, the last {error.last_worker.address}: often for want of memory; give"
                " workers more, or make blocks smaller with solver.block"
            )
        log.warning("a task was given up after several workers had ended; it is tried again")

    def _again(self) -> None:
        """Wait for a scheduler that was lost, and connect again.

        Raises:
            UserError: it does not come back.
        """
        log.warning("the scheduler at %s is lost: waiting for it", self.where)
        deadline = time.monotonic() + PATIENCE
        old = self.client
        while time.monotonic() < deadline:
            if self.client.status == "running" and self._answers():
                log.info("connected again to the scheduler at %s", self.where)
                self._wait_for_workers()
                return
            if self.client.status == "closed":
                with contextlib.suppress(OSError, TimeoutError):
                    self.client = needed().Client(
                        self.where, security=old.security, set_as_default=False, timeout="5s"
                    )
            time.sleep(0.5)
        raise UserError(
            f"the scheduler at {self.where} is lost; start it and its workers again, and run the"
            " same command with --resume"
        )

    def _answers(self) -> bool:
        try:
            self.client.nthreads()
        except gone():
            return False
        return True

    def _wait_for_workers(self) -> None:
        """Wait until there is a worker; a batch system may take its time."""
        said = False
        while not self.client.nthreads():
            if not said:
                log.warning(
                    "waiting for workers: none is connected to %s yet (dask worker %s)",
                    self.where, self.where,
                )  # fmt: skip
                said = True
            with contextlib.suppress(TimeoutError):
                self.client.wait_for_workers(1, timeout=REMIND)

    def _seen(self, blocks: Blocks, starts: Sequence[int]) -> None:
        """Wait until files that workers wrote are seen here, which a network file system delays.

        Raises:
            UserError: they are not.
        """
        deadline = time.monotonic() + PATIENCE
        while missing := [s for s in starts if not blocks.has(s)]:
            if time.monotonic() > deadline:
                raise UserError(
                    f"workers have saved {len(starts)} blocks in {blocks.path}, and {len(missing)}"
                    " of them are not seen here: let them lie where all machines see the same"
                )
            blocks.look()
            time.sleep(0.2)


def _same(value: T) -> T:
    return value


def _shared(call: Callable[..., R], size: int, item: Any, job: worker.Parcel) -> R:
    return call(item, job, size)


def _key(words: str) -> str:
    """Return a name of tasks, which the dashboard shows without the digits at its end."""
    return f"{words}-{uuid.uuid4().hex}"


@contextlib.contextmanager
def at(address: str, threads: int | None = None) -> Iterator[Cluster]:
    """Give the workers of a scheduler; see :func:`ldnsim.sweep.clients.connected`."""
    with clients.connected(address) as client:
        found = Cluster(client, threads)
        try:
            yield found
        finally:
            found.client.close()


@contextlib.contextmanager
def local(workers: int | None = None, threads: int | None = None) -> Iterator[Cluster]:
    """Give worker processes on this machine; see :func:`ldnsim.sweep.clients.local`."""
    with clients.local(workers) as client:
        yield Cluster(client, threads)
