"""Solve many runs: arrays in, arrays and statuses out.

Eight runs at a time are in the lanes of a thread, each with steps of its own; who has ended makes
room for the next in the queue that all threads take from. What a run comes to depends on it alone:
the results are the same to the last bit in any batch, in any order, for any number of threads.

Small differences between runs (derivatives by shifted copies) mean something only where both took
the same steps. Batches that are solved ``together`` have their runs in groups of eight neighbours
that share their steps; there results depend on who is in the group, and on nothing else.
"""

from __future__ import annotations

import os
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ldnsim.engine import LANES
from ldnsim.engine.solve.arguments import (
    Control,
    Events,
    Numbers,
    Outputs,
    Results,
    new_group,
)
from ldnsim.engine.solve.status import Method, Status
from ldnsim.measure import SOLVED, Measure
from ldnsim.model import Model

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FLOOR = 1e-3
"""Absolute tolerance where a caller gives none, as a share of the relative one: tighter than that
of studies, for callers that hold the engine against slower solvers."""


@dataclass(frozen=True)
class Batch:
    """Everything the engine needs to solve ``n`` runs.

    Attributes:
        params: (n, n_parameters).
        y0: state at the start, (n, n_states).
        event_offsets: (n + 1,), run ``i`` owns events ``event_offsets[i]:event_offsets[i + 1]``.
        event_time: h, ascending within a run.
        event_target: state to add to, or ``n_states + parameter`` to set from then on.
        event_value: amount added, or new value.
        t_end: where runs end, h.
        out_times: h, ascending; an event at an output time counts as after it.
        out_obs: observables to record at each output time.
        reductions: numbers to compute while solving, of kinds in :data:`~ldnsim.measure.SOLVED`;
            windows are the same for all runs, a threshold is one value, or one per run.
        rtol: relative tolerance per step.
        atol: absolute tolerance of each state, (n_states,).
        h_start: first step after an event, h.
        h_max: largest step, h.
        max_steps: steps after which a run is given up.
        status: runs with a status other than 0 are not advanced; (n,) or empty.
        method: ``auto``, or one of :data:`~ldnsim.engine.methods.METHODS` by name.
        t_start: where runs begin, h.
        together: whether every eight neighbours share their steps.
    """

    params: FloatArray
    y0: FloatArray
    event_offsets: IntArray
    event_time: FloatArray
    event_target: IntArray
    event_value: FloatArray
    t_end: float
    out_times: FloatArray
    out_obs: IntArray
    reductions: Sequence[Measure] = ()
    rtol: float = 1e-6
    atol: FloatArray = field(default_factory=lambda: np.empty(0))
    h_start: float = 0.05
    h_max: float = 6.0
    max_steps: int = 5_000_000
    status: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    method: str = "auto"
    t_start: float = 0.0
    together: bool = False

    def rows(self, rows: IntArray) -> Batch:
        """Return the batch of some of its runs, (rows,)."""
        first, last = self.event_offsets[rows], self.event_offsets[rows + 1]
        spans = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
        at = np.concatenate([np.empty(0, np.int64), *spans])
        reductions = [
            replace(r, threshold=np.asarray(r.threshold)[rows]) if np.ndim(r.threshold) else r
            for r in self.reductions
        ]
        return replace(
            self, params=self.params[rows], y0=self.y0[rows], reductions=reductions,
            event_offsets=np.concatenate([[0], np.cumsum(last - first)]),
            event_time=self.event_time[at], event_target=self.event_target[at],
            event_value=self.event_value[at],
            status=self.status[rows] if len(self.status) else self.status,
        )  # fmt: skip


@dataclass(frozen=True)
class BatchResult:
    """What a batch gave.

    Attributes:
        traj: recorded observables, (n, n_out_obs, n_out_times); NaN where a run failed.
        reductions: (n, n_reductions); NaN where a run failed.
        final: state at ``t_end``, (n, n_states); NaN where a run failed.
        status: :class:`~ldnsim.engine.solve.status.Status` of each run, (n,).
        steps: accepted steps, (n,).
        rejected: rejected steps, (n,).
        method: :class:`~ldnsim.engine.solve.status.Method` that gave the result, (n,).
    """

    traj: FloatArray
    reductions: FloatArray
    final: FloatArray
    status: NDArray[np.int8]
    steps: IntArray
    rejected: IntArray
    method: NDArray[np.int8]


def solve(
    model: Model,
    batch: Batch,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> BatchResult:
    """Solve a batch with the compiled kernels of a model.

    Args:
        model: the model that the arrays of the batch belong to.
        batch: the runs.
        threads: worker threads, all cores by default.
        progress: called now and then with the number of runs finished so far.
    """
    from ldnsim.engine.generate.kernels import load_kernels

    return solve_with(load_kernels(model), batch, threads, progress, model.observable_index)


def solve_with(
    kernels: types.ModuleType,
    batch: Batch,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    index: Mapping[str, int] = MappingProxyType({}),
) -> BatchResult:
    """Solve a batch with given kernels; see :func:`solve`.

    ``index`` has the place of each variable that is reduced among the observables.

    A run in which an observable that was asked for is not finite somewhere is a failed run, even
    where the solver went through: the states may be finite and what is computed from them not.
    """
    # witnesses are computed with what was asked for, and dropped at the end
    asked, n = len(batch.reductions), len(batch.params)
    status = batch.status if len(batch.status) else np.zeros(n, np.int8)
    batch = replace(batch, reductions=[*batch.reductions, *_witnesses(batch)], status=status)
    start, times = batch.t_start, batch.out_times
    if len(times) and not start <= times[0] <= times[-1] <= batch.t_end:
        raise ValueError(f"output times must ascend within {start} and {batch.t_end} h")
    if batch.method not in kernels.WAYS:
        raise ValueError(f"method {batch.method!r} is none of {', '.join(kernels.WAYS)}")
    first, *others = kernels.WAYS[batch.method]
    result = _attempt(kernels, batch, first, threads, progress, index)
    for way in others:
        _again(kernels, batch, result, way, threads, index)
    _fail_what_is_not_finite(batch, result)
    return replace(result, reductions=np.ascontiguousarray(result.reductions[:, :asked]))


def _attempt(
    kernels: types.ModuleType, batch: Batch, way: int, threads: int | None,
    progress: Callable[[int], None] | None, index: Mapping[str, int],
) -> BatchResult:  # fmt: skip
    """Solve a batch with one method."""
    n = len(batch.params)
    result = BatchResult(
        np.full((n, len(batch.out_obs), len(batch.out_times)), np.nan),
        np.full((n, len(batch.reductions)), np.nan),
        np.full((n, batch.y0.shape[1]), np.nan),
        batch.status.copy(),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.full(n, Method.NONE, np.int8),
    )
    # the kernels fill these in place, each run a row of its own
    effort = np.zeros((n, 3), np.int64)
    given = _arguments(batch, way, index)
    filled = Results(
        result.traj, result.reductions, result.final, result.status, effort, result.method
    )
    queue = _queue(batch)

    def work(taken: IntArray) -> None:
        # compiled code holds no interpreter lock: threads run side by side
        group = new_group(given[4], kernels.NODES)
        kernels.solve_runs(queue, taken, *given, filled, group)

    if len(queue):
        _in_threads(work, queue, threads, progress)
    result.steps[:], result.rejected[:] = effort[:, 0], effort[:, 1]
    # all of it: a half of a run that failed invites to be read
    for values in (result.traj, result.reductions, result.final):
        values[result.status != Status.OK] = np.nan
    return result


def _queue(batch: Batch) -> IntArray:
    """Runs in the order they are taken; whole groups, filled up with -1, where they go together."""
    if not batch.together:
        return np.flatnonzero(batch.status == Status.OK)
    n = len(batch.params)
    places = np.arange(-(-n // LANES) * LANES)
    return np.where(places < n, places, -1)


def _again(
    kernels: types.ModuleType, batch: Batch, result: BatchResult, way: int, threads: int | None,
    index: Mapping[str, int],
) -> None:  # fmt: skip
    """Solve runs that failed again by another method, and take over what that gave.

    Where runs go together, those that share their steps come along.
    """
    failed = (result.status != Status.OK) & (batch.status == Status.OK)
    rows = np.flatnonzero(failed)
    if batch.together:
        rows = np.flatnonzero(np.isin(np.arange(len(failed)) // LANES, rows // LANES))
    if not len(rows):
        return
    found = _attempt(kernels, batch.rows(rows), way, threads, None, index)
    for f in fields(BatchResult):
        getattr(result, f.name)[rows[failed[rows]]] = getattr(found, f.name)[failed[rows]]


AT_ONCE = LANES
"""Runs that one thread has in its lanes from the beginning: no other could help."""
POLL = 0.1
"""Seconds between two reports of progress."""


def _in_threads(
    work: Callable[[IntArray], None],
    queue: IntArray,
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> None:
    """Let threads take runs from the queue until there are none; stopped, they take no more."""
    # places taken, and runs ended: the kernels add to both, whichever thread they run in
    taken = np.zeros(2, np.int64)
    workers = max(1, min(threads or os.cpu_count() or 1, -(-len(queue) // LANES)))
    # whoever waits for a thread that is not the first is interrupted in its place
    beside = threading.current_thread() is not threading.main_thread()
    if len(queue) <= AT_ONCE or (workers == 1 and beside):
        work(taken)
        if progress is not None:
            progress(len(queue))
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting = {pool.submit(work, taken) for _ in range(workers)}
        try:
            while waiting:
                done, waiting = wait(waiting, POLL if progress else None, FIRST_COMPLETED)
                for one in done:
                    one.result()
                if progress is not None and waiting:
                    progress(int(taken[1]))
        except BaseException:
            # what runs is finished, and the rest left: nobody waits for a whole sweep
            taken[0] = len(queue)
            raise
    if progress is not None:
        progress(len(queue))


_SUMS = ("mean", "integral")


def _witnesses(batch: Batch) -> list[Measure]:
    """Integrals of what is reduced in other ways only: these can miss a value that is not finite.

    A comparison with NaN is false, so such a curve has no maximum, and passes no threshold.
    """
    # a mean or an integral adds up every sample, so one NaN makes it NaN
    seen = {(r.variable, *_window(r)) for r in batch.reductions if r.kind in _SUMS}
    other = [(r.variable, *_window(r)) for r in batch.reductions if r.kind not in _SUMS]
    missing = dict.fromkeys(of for of in other if of not in seen)
    return [Measure(name, "integral", start, stop) for name, start, stop in missing]


def _window(measure: Measure) -> tuple[float, float]:
    return float(measure.start), float(measure.stop)


def _fail_what_is_not_finite(batch: Batch, result: BatchResult) -> None:
    """Give runs with values that are not finite their status, and take their results away."""
    sums = [
        i for i, r in enumerate(batch.reductions)
        if r.kind in _SUMS and max(float(r.start), batch.t_start) < min(float(r.stop), batch.t_end)
    ]  # fmt: skip
    # of other kinds NaN is an answer (a threshold never passed), and sums speak for them
    # the state at the end first: what was lost on the way is lost there too
    finite = np.isfinite(result.final).all(axis=1)
    for values in (result.traj, result.reductions[:, sums]):
        finite &= np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    bad = ~finite & (result.status == Status.OK)
    if bad.any():
        # all of it: a half of a run that failed invites to be read
        result.status[bad] = Status.NOT_FINITE
        for values in (result.traj, result.reductions, result.final):
            values[bad] = np.nan


def _arguments(
    batch: Batch, way: int, index: Mapping[str, int]
) -> tuple[FloatArray, FloatArray, Events, Outputs, Numbers, Control]:
    """What ``solve_runs`` takes after queue and counts, without the records it fills."""
    # numbers over the same window share its samples, so each window is listed once
    windows = sorted({_window(r) for r in batch.reductions})
    place = {window: i for i, window in enumerate(windows)}
    # one value for all runs, or one of each
    threshold = np.empty((len(batch.params), len(batch.reductions)))
    for i, r in enumerate(batch.reductions):
        threshold[:, i] = r.threshold
    # a state that may be zero needs a floor: relative alone, its steps would shrink without end
    atol = batch.atol if len(batch.atol) else np.full(batch.y0.shape[1], batch.rtol * FLOOR)
    # arrays of one type and layout: for any other numba would compile the whole once more
    return (
        _floats(batch.params), _floats(batch.y0),
        Events(_ints(batch.event_offsets), _floats(batch.event_time), _ints(batch.event_target),
               _floats(batch.event_value)),
        Outputs(_floats(batch.out_times), _ints(batch.out_obs)),
        Numbers(_floats(windows).reshape(-1, 2),
                _ints([place[_window(r)] for r in batch.reductions]),
                _ints([SOLVED.index(r.kind) for r in batch.reductions]),
                _ints([index[r.variable] for r in batch.reductions]), threshold),
        Control(float(batch.t_start), float(batch.t_end), float(batch.rtol), _floats(atol),
                float(batch.h_start), float(batch.h_max), int(batch.max_steps), way,
                int(batch.together)),
    )  # fmt: skip


# the kernels are compiled for rows that lie one after the other; other arrays are copied here
def _floats(values: ArrayLike) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64)


def _ints(values: ArrayLike) -> IntArray:
    return np.ascontiguousarray(values, dtype=np.int64)


def failed(result: BatchResult) -> dict[Status, int]:
    """How many runs ended with each status other than ``OK``."""
    codes, counts = np.unique(result.status[result.status != 0], return_counts=True)
    return {Status(int(c)): int(k) for c, k in zip(codes, counts, strict=True)}
