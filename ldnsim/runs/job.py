"""From a plan to blocks: untreated states once for all patients, then one task per block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.blocks import Modifiers
from ldnsim.config.own_function import Function
from ldnsim.config.run import RunSpec
from ldnsim.engine.solve.status import Status
from ldnsim.model import default_model
from ldnsim.patients.people import AT_ONCE
from ldnsim.patients.people import untreated as untreated_orbits
from ldnsim.runs import measures as summaries
from ldnsim.runs.events import merge, parameter_events, sets_modifiers
from ldnsim.runs.grid import Facet
from ldnsim.runs.plan import Plan
from ldnsim.runs.task import Events, Solved, Task, solve_task

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Day:
    """What runs are compared with besides the mean: the day of every untreated patient.

    Attributes:
        values: of the variables compared by the clock, at the plan's clock times, shape
            (patients, variables, clock times).
        extreme: highest or lowest values of the day, shape (patients, extremes).
    """

    values: Floats
    extreme: Floats


@dataclass(frozen=True)
class Untreated:
    """The untreated 24 h orbit of every distinct patient.

    Attributes:
        y0: state at midnight, shape (patients, states); NaN where there is no orbit.
        mean: 24 h means, shape (patients, observables); NaN likewise.
        residual: of the orbit, shape (patients,).
        status: the engine's codes, shape (patients,).
        reference: the untreated day.
    """

    y0: Floats
    mean: Floats
    residual: Floats
    status: NDArray[np.int8]
    reference: Day


def tolerances(plan: Plan) -> Floats:
    """Return the absolute tolerance of each state: the setting times the state's usual size."""
    scale = [state.scale for state in default_model().states.values()]
    return plan.study.solver.floor * np.array(scale, dtype=np.float64)


def find_untreated(plan: Plan, threads: int | None = None) -> Untreated:
    """Solve for the untreated orbit of every distinct patient of a plan."""
    orbits = untreated_orbits(plan.people, plan.patients, threads)
    status = np.asarray(orbits.status).astype(np.int8)
    ok = (status == 0)[:, None]
    y0, mean = orbits.y0, orbits.mean
    if not ok.all():
        y0, mean = np.where(ok, y0, np.nan), np.where(ok, mean, np.nan)
    day = reference_day(plan, y0, threads)
    return Untreated(y0, mean, np.asarray(orbits.residual), status, day)


def reference_day(plan: Plan, y0: Floats, threads: int | None = None) -> Day:
    """Follow every untreated patient for one day, as far as a summary is compared with it.

    Patients are taken some thousands at a time, in whole groups of the engine.
    """
    if not (summaries.followed(plan) or summaries.extremes(plan)):
        return Day(np.empty((len(y0), 0, 0)), np.empty((len(y0), 0)))
    parts = []
    for first in range(0, len(y0), AT_ONCE):
        which = np.arange(first, min(first + AT_ONCE, len(y0)))
        task = _untreated_day(plan, plan.patients.vectors(which), y0[which])
        parts.append(solve_task(task, threads))
    return Day(
        np.concatenate([p.trajectory for p in parts]), np.concatenate([p.reductions for p in parts])
    )


def _untreated_day(plan: Plan, params: Floats, y0: Floats) -> Task:
    n, none = len(y0), np.empty(0)
    empty = Events(none, none.astype(np.int64), none)
    return Task(
        first=0,
        params=params,
        y0=y0,
        events=(empty,) * n,
        end=24.0,
        time=plan.clock,
        night_start=np.zeros(n),
        night_time=none,
        observables=_indices(summaries.followed(plan)),
        wanted=summaries.wanted_untreated(plan, n),
        rtol=plan.study.solver.rtol,
        atol=tolerances(plan),
    )


def _indices(names: Sequence[str]) -> Ints:
    index = default_model().observable_index
    return np.array([index[n] for n in names], dtype=np.int64)


def undisturbed(events: Sequence[Events]) -> NDArray[np.bool_]:
    """Return in which runs nothing is given and no parameter set, shape (runs,)."""
    run = np.repeat(np.arange(len(events)), [len(e.time) for e in events])
    sets = np.concatenate([e.target for e in events]) >= len(default_model().states)
    acts = sets | (np.concatenate([e.value for e in events]) != 0.0)
    return np.asarray(np.bincount(run[acts], minlength=len(events)) == 0)


def run_events(plan: Plan, i: int) -> Events:
    """Return the events of run ``i`` of a plan: parameters set and doses actually taken."""
    rows = np.array([i])
    (doses,) = plan.dosing.events(rows, plan.end)
    own = plan.patients.vectors(plan.patients.of_run[rows])[0]
    return merge((parameter_events(plan.runs[i], own, plan.end), doses))


@dataclass(frozen=True)
class Block:
    """The finished arrays of a block, as they are stored.

    Attributes:
        first: global number of its first run.
        trajectory: shape (runs, variables, times).
        night: shape (runs, variables, night times).
        summaries: shape (runs, summaries).
        status: shape (runs,).
        steps: shape (runs,).
        rejected: shape (runs,).
        method: the engine's code of what gave each result, shape (runs,).
    """

    first: int
    trajectory: NDArray[np.floating]
    night: NDArray[np.floating]
    summaries: Floats
    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    rejected: NDArray[np.int64]
    method: NDArray[np.int8]

    @property
    def rows(self) -> Ints:
        """Global numbers of its runs."""
        return np.arange(self.first, self.first + len(self.status))

    def cut(self, first: int, last: int) -> Block:
        """Return its runs from ``first`` to before ``last``."""
        part = slice(max(first - self.first, 0), max(last - self.first, 0))
        arrays = {n: getattr(self, n)[part] for n in _names()}
        return Block(self.first + part.start, **arrays)

    @staticmethod
    def join(blocks: Sequence[Block]) -> Block:
        """Return consecutive blocks as one."""
        if len(blocks) == 1:
            return blocks[0]
        arrays = {n: np.concatenate([getattr(b, n) for b in blocks]) for n in _names()}
        return Block(blocks[0].first, **arrays)


def _names() -> list[str]:
    return [f.name for f in fields(Block) if f.name != "first"]


class Job:
    """A plan with the untreated state of its patients: makes tasks, finishes what they give."""

    def __init__(
        self, plan: Plan, threads: int | None = None, untreated: Untreated | None = None
    ) -> None:
        """Solve for the untreated patients of a plan, unless they are known already."""
        self.plan = plan
        self.threads = threads
        self.functions = {
            j: s.function.loaded()
            for j, s in enumerate(plan.summaries)
            if isinstance(s.function, Function)
        }
        self.untreated = untreated or find_untreated(plan, threads)

    @cached_property
    def _observables(self) -> NDArray[np.int64]:
        """Indices of variables kept over time, and last those only compared by the clock."""
        return _indices(tuple(dict.fromkeys((*self._kept, *summaries.followed(self.plan)))))

    @property
    def _kept(self) -> tuple[str, ...]:
        """Names of the variables stored over time or in the close-up."""
        return self.plan.variables if len(self.plan.time) or self.plan.keeps_night else ()

    @property
    def _night_time(self) -> Floats:
        kept = self.plan.keeps_night or summaries.followed(self.plan)
        return self.plan.night_time if kept else np.empty(0)

    def starts(self, block: int) -> list[int]:
        """Return the first run of every block."""
        return list(range(0, len(self.plan), block))

    def shapes(self, first: int, block: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the arrays of the block that starts at run ``first``."""
        plan, kept = self.plan, len(self._kept)
        n = min(first + block, len(plan)) - first
        night = len(plan.night_time) if plan.keeps_night else 0
        return {
            **dict.fromkeys(_names(), (n,)),
            "trajectory": (n, kept, len(plan.time)),
            "night": (n, kept, night),
            "summaries": (n, len(plan.summaries)),
        }

    def task(self, first: int, block: int) -> Task:
        """Make the task of the block that starts at run ``first``."""
        plan, solver = self.plan, self.plan.study.solver
        rows = np.arange(first, min(first + block, len(plan)))
        who = plan.patients.of_run[rows]
        params = plan.patients.vectors(who)
        return Task(
            first=first,
            params=params,
            y0=self.untreated.y0[who],
            events=self._events(rows, params),
            end=plan.end,
            time=plan.time,
            night_start=plan.night_start[rows],
            night_time=self._night_time,
            observables=self._observables,
            wanted=summaries.wanted(plan, self.untreated.mean[who], rows),
            rtol=solver.rtol,
            atol=tolerances(plan),
            method=solver.method,
        )

    @cached_property
    def _modified(self) -> tuple[Facet, list[RunSpec | None]]:
        """Where on the grid modifiers and changes act, and a run for each such place."""
        facet = self.plan.runs.facet(sets_modifiers)
        runs = [self.plan.runs[i] for i in facet.runs().tolist()]
        return facet, [r if r.changes or r.modifiers != Modifiers() else None for r in runs]

    def _events(self, rows: Ints, params: Floats) -> tuple[Events, ...]:
        """Return the events of runs with given parameters, (runs, parameters)."""
        plan, (facet, acting) = self.plan, self._modified
        doses = plan.dosing.events(rows, plan.end)
        if not any(acting):
            return tuple(doses)
        places = facet.of(rows).tolist()
        return tuple(
            dose if run is None else merge((parameter_events(run, own, plan.end), dose))
            for dose, own, run in zip(doses, params, (acting[k] for k in places), strict=True)
        )

    def finish(self, task: Task, solved: Solved) -> Block:
        """Derive the summaries of a solved block and cut it to what is stored."""
        plan = self.plan
        rows = np.arange(task.first, task.first + len(task))
        who = plan.patients.of_run[rows]
        values = summaries.derive(
            plan,
            task.wanted,
            solved.reductions,
            self.untreated.mean[who],
            self.untreated.reference.extreme[who],
            self._hours(task, solved, who),
            undisturbed(task.events),
        )
        untreated = self.untreated.status[who]
        status = np.where(untreated != 0, untreated, solved.status).astype(np.int8)
        kept, dtype = len(self._kept), plan.study.output.dtype
        night = solved.night[:, :kept] if plan.keeps_night else solved.night[:, :kept, :0]
        with np.errstate(over="ignore"):
            stored = solved.trajectory[:, :kept].astype(dtype), night.astype(dtype)
        overflown = np.zeros(len(rows), dtype=bool)
        for array in stored:
            overflown |= np.isinf(array).any(axis=(1, 2))
        for j, function in self.functions.items():
            values[:, j] = self._said(function, stored[0], rows, (status == 0) & ~overflown)
        overflown |= np.isinf(values).any(axis=1)
        status[overflown & (status == 0)] = Status.NOT_FINITE
        for array in (*stored, values):
            array[status != 0] = np.nan
        return Block(
            task.first,
            *stored,
            values,
            status,
            solved.steps,
            solved.rejected,
            solved.method,
        )

    def _hours(self, task: Task, solved: Solved, who: Ints) -> Floats:
        """Hours above the untreated patient at the same clock time, shape (runs, same_clock)."""
        plan, names = self.plan, summaries.followed(self.plan)
        kept, index = task.observables.tolist(), plan.edition.model.observable_index
        columns = [
            summaries.hours_above_reference(
                solved.night[:, kept.index(index[s.variable])],
                task.night_start,
                task.night_time,
                self.untreated.reference.values[who, names.index(s.variable)],
                plan.clock,
                float(s.threshold),
            )
            for s in plan.summaries
            if s.kind == "same_clock"
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(task), 0))

    def _said(
        self, function: Function, stored: NDArray[Any], rows: Ints, alive: NDArray[np.bool_]
    ) -> Floats:
        """What a function says of the stored trajectories, shape (runs,)."""
        plan, who = self.plan, self.plan.patients.of_run[rows]
        index, values = plan.edition.model.observable_index, {}
        for name in function.arguments:
            if name in plan.variables:
                values[name] = stored[:, plan.variables.index(name)]
            elif name != "time":
                values[name] = self.untreated.mean[who, index[name.removeprefix("baseline_")]]
        return summaries.call(function, plan.time, values, [plan.name_of(i) for i in rows], alive)


def run_blocks(
    job: Job,
    starts: list[int],
    block: int,
    threads: int | None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Block]:
    """Solve blocks one after the other, with the engine's threads inside each.

    Args:
        job: the job.
        starts: first runs of the blocks to solve.
        block: runs per block.
        threads: threads of the engine.
        progress: called with the number of runs finished in this call, also within a block.
    """
    done = 0
    for first in starts:
        task = job.task(first, block)
        base = done

        def tell(n: int, base: int = base) -> None:
            if progress is not None:
                progress(base + n)

        solved = solve_task(task, threads, tell)
        done += len(task)
        yield job.finish(task, solved)


def run_blocks_dask(job: Job, starts: list[int], block: int, workers: int) -> Iterator[Block]:
    """Solve blocks in dask worker processes, whole blocks at a time (extra ``dask``).

    The result is the same bits as that of :func:`run_blocks`.

    Raises:
        UserError: when dask is not installed, or a worker process ended before its work was done.
    """
    from concurrent.futures.process import BrokenProcessPool

    from ldnsim.errors import UserError

    try:
        from dask import compute, delayed  # type: ignore[attr-defined]
    except ImportError:
        raise UserError("the dask executor needs dask: pip install 'ldnsim[dask]'") from None
    for i in range(0, len(starts), workers):
        tasks = [job.task(first, block) for first in starts[i : i + workers]]
        calls = [delayed(solve_task, pure=False)(t, 1) for t in tasks]
        try:
            found = compute(*calls, scheduler="processes", num_workers=workers)  # type: ignore[no-untyped-call]
        except BrokenProcessPool:
            raise UserError(
                "a worker process of the dask executor ended before its work was done: in a script,"
                " start the run under `if __name__ == '__main__':`, since every worker imports the"
                " script; otherwise it was killed, often for want of memory. executor = 'threads'"
                " needs no worker processes; finished blocks of a store are kept for resume"
            ) from None
        for task, solved in zip(tasks, found, strict=True):
            yield job.finish(task, solved)
