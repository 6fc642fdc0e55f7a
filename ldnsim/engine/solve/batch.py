"""Solve many runs: arrays in, arrays and statuses out.

Runs are taken in groups of eight neighbours that share their steps; a block is a whole number of
groups. Because groups are fixed by a run's place in the batch, results are the same to the last
bit for any number of threads and any block size.
"""

from __future__ import annotations

import os
import types
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
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
        max_steps: steps after which a group gives up.
        status: runs with a status other than 0 are not advanced; (n,) or empty.
        method: ``auto``, or one of :data:`~ldnsim.engine.methods.METHODS` by name.
        t_start: where runs begin, h.
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


@dataclass(frozen=True)
class BatchResult:
    """What a batch gave.

    Attributes:
        traj: recorded observables, (n, n_out_obs, n_out_times); NaN where a run failed.
        reductions: (n, n_reductions); NaN where a run failed.
        final: state at ``t_end``, (n, n_states); NaN where a run failed.
        status: :class:`~ldnsim.engine.solve.status.Status` of each run, (n,).
        steps: accepted steps of each run's group, (n,).
        rejected: rejected steps of each run's group, (n,).
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
    block: int = 16,
    progress: Callable[[int], None] | None = None,
) -> BatchResult:
    """Solve a batch with the compiled kernels of a model.

    Args:
        model: the model that the arrays of the batch belong to.
        batch: the runs.
        threads: worker threads, all cores by default.
        block: runs handed to a thread at a time, rounded up to a multiple of eight.
        progress: called with the number of runs finished so far.
    """
    from ldnsim.engine.generate.kernels import load_kernels

    return solve_with(load_kernels(model), batch, threads, block, progress, model.observable_index)


def solve_with(
    kernels: types.ModuleType,
    batch: Batch,
    threads: int | None = None,
    block: int = 16,
    progress: Callable[[int], None] | None = None,
    index: Mapping[str, int] = MappingProxyType({}),
) -> BatchResult:
    """Solve a batch with given kernels; see :func:`solve`.

    ``index`` has the place of each variable that is reduced among the observables.

    A run in which an observable that was asked for is not finite somewhere is a failed run, even
    where the solver went through: the states may be finite and what is computed from them not.
    """
    # witnesses are computed with what was asked for, and dropped at the end
    asked = len(batch.reductions)
    batch = replace(batch, reductions=[*batch.reductions, *_witnesses(batch)])
    n = len(batch.params)
    start, times = batch.t_start, batch.out_times
    if len(times) and not start <= times[0] <= times[-1] <= batch.t_end:
        raise ValueError(f"output times must ascend within {start} and {batch.t_end} h")
    if batch.method not in kernels.WAYS:
        raise ValueError(f"method {batch.method!r} is none of {', '.join(kernels.WAYS)}")
    result = BatchResult(
        np.full((n, len(batch.out_obs), len(batch.out_times)), np.nan),
        np.full((n, len(batch.reductions)), np.nan),
        np.full((n, batch.y0.shape[1]), np.nan),
        batch.status.copy() if len(batch.status) else np.zeros(n, np.int8),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.full(n, Method.NONE, np.int8),
    )
    # the kernels fill these in place; each thread has rows of its own
    effort = np.zeros((n, 3), np.int64)
    given = _arguments(batch, kernels.WAYS[batch.method], index)
    filled = Results(
        result.traj, result.reductions, result.final, result.status, effort, result.method
    )
    # whole groups, so that who shares steps with whom does not depend on threads or blocks
    size = max(LANES, -(-block // LANES) * LANES)
    starts = range(0, n, size)

    # nothing is shared between stretches but rows to fill, so their order does not matter
    def work(start: int) -> int:
        # compiled code holds no interpreter lock: threads run side by side
        stop = min(start + size, n)
        # room of its own for every stretch: two threads must not write to one
        group = new_group(given[3], given[4], kernels.NODES)
        kernels.solve_runs(start, stop, *given, filled, group)
        return stop - start

    _in_threads(work, starts, threads, progress)
    result.steps[:] = effort[:, 0]
    result.rejected[:] = effort[:, 1]
    _fail_what_is_not_finite(batch, result)
    return replace(result, reductions=np.ascontiguousarray(result.reductions[:, :asked]))


def _in_threads(
    work: Callable[[int], int],
    starts: range,
    threads: int | None,
    progress: Callable[[int], None] | None,
) -> None:
    """Do the work of each stretch, and count runs as they come back, in order."""
    done = 0
    workers = max(1, min(threads or os.cpu_count() or 1, len(starts)))
    with ThreadPoolExecutor(workers) as pool:
        for count in pool.map(work, starts):
            done += count
            if progress is not None:
                progress(done)


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
    batch: Batch, ways: Sequence[int], index: Mapping[str, int]
) -> tuple[FloatArray, FloatArray, Events, Outputs, Numbers, Control]:
    """What ``solve_runs`` takes after its range of runs, without the records it fills."""
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
                float(batch.h_start), float(batch.h_max), int(batch.max_steps), _ints(ways)),
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
