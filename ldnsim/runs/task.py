"""One block of runs as bare arrays, and what solving it gives. Nothing here knows a label.

A task can be sent to another process: it carries all it needs. What a run comes to depends on it
alone, so results are the same bits whatever the block size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from ldnsim.arrays import Codes, Flags, Floats, Ints
from ldnsim.config.blocks import Solver
from ldnsim.edition import Edition
from ldnsim.engine import LANES
from ldnsim.engine.solve import batch, stretches
from ldnsim.measure import Measure
from ldnsim.runs import sensitive
from ldnsim.runs.accuracy import absolute
from ldnsim.runs.decided import Decided
from ldnsim.runs.sensitive import Accuracy
from ldnsim.runs.visiting import Flat, Visiting
from ldnsim.runs.visitor import Visitor

UNSOLVED = -1
"""The engine's code of the method of a run that was not solved."""
FEW_WINDOWS = 4
"""Different windows in a block beyond which it is solved in smaller batches."""


@dataclass(frozen=True)
class Events:
    """Events of one run, sorted by time; at equal times parameters are set before doses.

    Attributes:
        time: hours.
        target: state index, or number of states plus parameter index.
        value: nmol to add, or the new value of the parameter.
    """

    time: Floats
    target: Ints
    value: Floats

    @staticmethod
    def none() -> Events:
        """Return that nothing happens."""
        return Events(np.empty(0), np.empty(0, np.int64), np.empty(0))


def _none() -> Floats:
    return np.empty(0)


@dataclass(frozen=True)
class Task:
    """A block to solve: what runs are, what happens to them, and what is wanted of them.

    Attributes:
        edition: the model that the runs are of.
        params: shape (runs, parameters).
        y0: untreated state at midnight, shape (runs, states); NaN where there is none.
        events: of each run.
        end: horizon in hours.
        solver: accuracy and method.
        wanted: reductions of the engine, with window and threshold for each run.
        observables: names of the variables in the output.
        time: times of the trajectories, shape (times,).
        night_start: start of the close-up of each run, shape (runs,); none is taken when empty.
        night_time: hours after it, shape (night times,); empty for no close-up.
        first: global number of its first run.
        visiting: who looks at the runs on their way, and then gives the doses; events are
            parameters set whatever is decided. None where nobody looks.
        together: whether every eight neighbours share their steps, for small differences.
    """

    edition: Edition
    params: Floats
    y0: Floats
    events: Sequence[Events]
    end: float
    solver: Solver
    wanted: Sequence[Measure] = ()
    observables: Sequence[str] = ()
    time: Floats = field(default_factory=_none)
    night_start: Floats = field(default_factory=_none)
    night_time: Floats = field(default_factory=_none)
    first: int = 0
    visiting: Visiting | None = None
    together: bool = False

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.params)

    def cut(self, part: slice) -> Task:
        """Return the task of some of its runs."""
        return replace(self.of(np.arange(len(self))[part]), first=self.first + part.start)

    def of(self, rows: Ints) -> Task:
        """Return the task of some of its runs, in this order."""
        # reductions share the arrays of their windows, and go on sharing them
        cut = {
            id(x): np.asarray(x)[rows] for w in self.wanted for x in (w.start, w.stop, w.threshold)
        }
        wanted = tuple(w.placed(*(cut[id(x)] for x in (w.start, w.stop, w.threshold)))
                       for w in self.wanted)  # fmt: skip
        return replace(
            self, params=self.params[rows], y0=self.y0[rows],
            events=[self.events[i] for i in rows.tolist()], night_start=self.night_start[rows],
            wanted=wanted, visiting=self.visiting and self.visiting.of(rows),
        )  # fmt: skip


@dataclass(frozen=True)
class Solved:
    """What a block gave.

    Attributes:
        trajectory: shape (runs, variables, times).
        night: shape (runs, variables, night times).
        reductions: shape (runs, reductions).
        status: shape (runs,), the engine's codes.
        steps: accepted steps, shape (runs,).
        rejected: rejected steps, shape (runs,).
        method: the engine's code of what gave each result, shape (runs,).
        accuracy: :class:`ldnsim.runs.sensitive.Accuracy` of each run, shape (runs,).
        decided: what became of the runs where somebody looked at them.
    """

    trajectory: Floats
    night: Floats
    reductions: Floats
    status: Codes
    steps: Ints
    rejected: Ints
    method: Codes
    accuracy: Codes
    decided: Decided | None = None

    def put(self, rows: Ints, other: Solved, which: Ints) -> None:
        """Take the results of some runs from elsewhere.

        Args:
            rows: which runs.
            other: where the results are.
            which: of its runs are these, in this order.
        """
        for name in _arrays():
            getattr(self, name)[rows] = getattr(other, name)[which]
        if self.decided is not None and other.decided is not None:
            self.decided.put(rows, other.decided.of_runs(which))


def _arrays() -> list[str]:
    return [f.name for f in fields(Solved) if f.name != "decided"]


def solve_task(
    task: Task, threads: int | None = None, progress: Callable[[int], None] | None = None
) -> Solved:
    """Solve a block; runs without a starting state come back as NaN.

    The engine follows every window and every output time of a batch in each of its runs. A block
    in which these differ much from run to run is solved in smaller batches.

    Args:
        task: the block.
        threads: threads of the engine; all cores when None.
        progress: called with the number of runs of this block that are done.
    """
    size = _batch_size(task, threads)
    if size >= len(task):
        return _solve_batch(task, threads, progress)
    found = []
    for first in range(0, len(task), size):

        def tell(n: int, first: int = first) -> None:
            if progress is not None:
                progress(first + n)

        found.append(_solve_batch(task.cut(slice(first, first + size)), threads, tell))
    arrays: dict[str, Any] = {n: np.concatenate([getattr(s, n) for s in found]) for n in _arrays()}
    whole = Solved(**arrays)
    return replace(whole, decided=Decided.join([s.decided for s in found if s.decided]))


def _batch_size(task: Task, threads: int | None) -> int:
    """Return how many runs to hand to the engine at once: all, or some for every lane."""
    windows = max((len(distinct) for distinct, _ in _windows(task.wanted)), default=1)
    nights = len(np.unique(task.night_start)) if len(task.night_time) else 1
    if max(windows, nights) <= FEW_WINDOWS:
        return len(task)
    return LANES * max(4, 2 * (threads or os.cpu_count() or 1))


def _solve_batch(task: Task, threads: int | None, progress: Callable[[int], None] | None) -> Solved:
    """Solve, and solve again more exactly those runs in which errors grow."""
    solved, daily = _solve_once(task, threads, progress)
    model = task.edition.model
    grows = sensitive.growing(daily, model)
    solved.accuracy[grows] = Accuracy.SENSITIVE
    # runs that go together are compared with each other: all or none would have to be refined
    if not task.solver.refine or task.together:
        return solved
    finer, loose = task.solver, sensitive.looser(task.solver)
    if loose is not None and grows.any():
        rows = np.flatnonzero(grows)
        _, other = _solve_once(replace(task.of(rows), solver=loose), threads, None)
        little = sensitive.apart(other, daily[rows], model) <= sensitive.CALM * task.solver.rtol
        solved.accuracy[rows[little]] = Accuracy.AS_ASKED
    for _ in range(sensitive.MOST):
        tight = sensitive.tighter(finer)
        again = np.flatnonzero(solved.accuracy == Accuracy.SENSITIVE)
        if tight is None or not len(again):
            break
        finer = tight
        better, more = _solve_once(replace(task.of(again), solver=finer), threads, None)
        fine = better.status == 0
        gap = sensitive.apart(daily[again], more, model)
        trusted = gap <= sensitive.TRUSTED * task.solver.rtol
        better.accuracy[:] = np.where(trusted, Accuracy.REFINED, Accuracy.SENSITIVE)
        solved.put(again[fine], better, np.flatnonzero(fine))
        daily[again[fine]] = more[fine]
    return solved


def _solve_once(
    task: Task, threads: int | None, progress: Callable[[int], None] | None
) -> tuple[Solved, Floats]:
    """Solve a batch, and return as well what tells whether errors grow (see `sensitive`)."""
    ok: Flags = np.asarray(np.isfinite(task.y0).all(axis=1))
    model, events = task.edition.model, task.events
    nights = _nights(task)
    days = sensitive.days(task.end) if sensitive.watched(model) else np.empty(0)
    times = np.unique(np.concatenate([task.time, nights.ravel(), days]))
    observed = list(dict.fromkeys([*task.observables, *sensitive.watched(model)]))
    asked = batch.Batch(
        params=np.ascontiguousarray(task.params),
        y0=np.nan_to_num(task.y0),
        event_offsets=np.cumsum([0, *(len(e.time) for e in events)]).astype(np.int64),
        event_time=np.concatenate([e.time for e in events]),
        event_target=np.concatenate([e.target for e in events]).astype(np.int64),
        event_value=np.concatenate([e.value for e in events]),
        t_end=task.end,
        out_times=times,
        out_obs=np.array([model.observable_index[n] for n in observed], dtype=np.int64),
        reductions=_reductions(task),
        rtol=task.solver.rtol,
        atol=absolute(model, task.solver),
        method=task.solver.method,
        # who has no state to start from is not advanced
        status=np.where(ok, 0, UNSOLVED).astype(np.int8),
        together=task.together,
    )
    if task.visiting is None:
        done = batch.solve(model, asked, threads, progress)
        return _collect(task, done, ok, times, nights), _daily(done, task, observed, times, days)
    visitor = Visitor(task.visiting, asked.params, Flat.of(events))
    done = stretches.solve(model, asked, visitor, threads, progress)
    visitor.found.blank(~ok | (done.status != 0))
    solved = replace(_collect(task, done, ok, times, nights), decided=visitor.found)
    return solved, _daily(done, task, observed, times, days)


def _daily(
    done: batch.BatchResult, task: Task, observed: Sequence[str], times: Floats, days: Floats
) -> Floats:
    """Return the watched variables once a day, shape (runs, watched, days)."""
    rows = [observed.index(name) for name in sensitive.watched(task.edition.model)]
    return np.asarray(done.traj[:, rows][:, :, np.searchsorted(times, days)])


def _nights(task: Task) -> Floats:
    """Return the times of the close-up of each run, shape (runs, night times)."""
    if not len(task.night_time):
        return np.empty((len(task), 0))
    return np.minimum(task.night_start[:, None] + task.night_time[None, :], task.end)


def _windows(wanted: Sequence[Measure]) -> list[tuple[Floats, Ints]]:
    """Return, for each reduction, its distinct windows (windows, 2) and which each run has.

    Reductions share the arrays of their windows, and what is shared is compared once.
    """
    memo: dict[tuple[int, int], tuple[Floats, Ints]] = {}
    for w in wanted:
        key = (id(w.start), id(w.stop))
        if key not in memo:
            pairs, which = np.unique(w.start + 1j * w.stop, return_inverse=True)
            distinct = np.stack([pairs.real, pairs.imag], axis=1)
            memo[key] = (distinct, which.reshape(-1).astype(np.int64))
    return [memo[id(w.start), id(w.stop)] for w in wanted]


def _reductions(task: Task) -> list[Measure]:
    """Ask the engine for every distinct window of every reduction.

    The engine's windows belong to all runs of a batch, and do not steer its steps.
    """
    return [
        w.placed(float(a), float(b), np.asarray(w.threshold))
        for w, (distinct, _) in zip(task.wanted, _windows(task.wanted), strict=True)
        for a, b in distinct
    ]


def _pick(task: Task, found: Floats) -> Floats:
    """Take for each run the reductions over its own windows, shape (runs, reductions)."""
    columns, rows, at = [], np.arange(len(task)), 0
    for distinct, which in _windows(task.wanted):
        columns.append(found[rows, at + which])
        at += len(distinct)
    return np.stack(columns, axis=1) if columns else np.empty((len(task), 0))


def _collect(task: Task, done: Any, ok: Flags, times: Floats, nights: Floats) -> Solved:
    """Cut the union of output times into trajectory and close-up, and blank what failed."""
    at = np.searchsorted(times, task.time)
    night_at = np.searchsorted(times, nights)
    bad = ~ok | (done.status != 0)
    asked = done.traj[:, : len(task.observables)]
    trajectory = asked[:, :, at].copy()
    night = np.take_along_axis(asked, night_at[:, None, :], axis=2)
    reductions = _pick(task, done.reductions)
    for values in (trajectory, night, reductions):
        values[bad] = np.nan
    return Solved(
        trajectory,
        night,
        reductions,
        np.where(ok, done.status, 0).astype(np.int8),
        np.where(ok, done.steps, 0).astype(np.int64),
        np.where(ok, done.rejected, 0).astype(np.int64),
        np.where(ok, done.method, UNSOLVED).astype(np.int8),
        np.where(bad, Accuracy.NONE, Accuracy.AS_ASKED).astype(np.int8),
    )
