"""From a plan to blocks: untreated states once for all patients, then one task per block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.own_function import Function
from ldnsim.config.readings import PAIN
from ldnsim.engine.solve.status import Status
from ldnsim.model import Model
from ldnsim.patients.vectors import Patients
from ldnsim.regimen.guided import Decision
from ldnsim.runs import measures as summaries
from ldnsim.runs import pathways
from ldnsim.runs.block import VISITED, Block, names
from ldnsim.runs.decided import LEDGER
from ldnsim.runs.plan import Plan, enrol
from ldnsim.runs.reference import Untreated, find_untreated
from ldnsim.runs.task import Events, Solved, Task, solve_task
from ldnsim.runs.visiting import Visiting


def undisturbed(model: Model, events: Sequence[Events]) -> Flags:
    """Return in which runs nothing is given and no parameter set, shape (runs,)."""
    run = np.repeat(np.arange(len(events)), [len(e.time) for e in events])
    sets = np.concatenate([e.target for e in events]) >= len(model.states)
    acts = sets | (np.concatenate([e.value for e in events]) != 0.0)
    return np.asarray(np.bincount(run[acts], minlength=len(events)) == 0)


class Job:
    """A plan with the untreated state of its patients: makes tasks, finishes what they give."""

    def __init__(
        self,
        plan: Plan,
        threads: int | None = None,
        patients: Patients | None = None,
        untreated: Untreated | None = None,
    ) -> None:
        """Enrol the patients of a plan and solve for them untreated, unless these are known.

        Raises:
            UserError: see :func:`ldnsim.runs.plan.enrol`.
        """
        self.plan = plan
        self.threads = threads
        self.only: Ints | None = None  # the runs to solve, where others are there already
        self.functions = {
            j: s.function.loaded()
            for j, s in enumerate(plan.summaries)
            if isinstance(s.function, Function)
        }
        self.patients = patients or enrol(plan, threads)
        self.untreated = untreated or find_untreated(plan, self.patients, threads)

    @cached_property
    def _observables(self) -> tuple[str, ...]:
        """Variables kept over time, and last those only compared by the clock."""
        return tuple(dict.fromkeys((*self._kept, *summaries.followed(self.plan))))

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
        return list(range(0, self.count, block))

    @property
    def count(self) -> int:
        """How many runs there are to solve; blocks count through these."""
        return len(self.plan) if self.only is None else len(self.only)

    def rows(self, first: int, count: int) -> Ints:
        """Return the numbers of ``count`` runs to solve, or as many as are left, from a place."""
        rows = np.arange(first, min(first + count, self.count))
        return rows if self.only is None else self.only[rows]

    def shapes(self, first: int, block: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the arrays of the block that starts at run ``first``."""
        plan, kept = self.plan, len(self._kept)
        n = min(first + block, self.count) - first
        shares = plan.attributed.values(1) if plan.attributed else (0, 0)
        night = len(plan.night_time) if plan.keeps_night else 0
        return {
            **dict.fromkeys(names(), (n,)),
            **self._visited_shapes(n),
            "trajectory": (n, kept + shares[0], len(plan.time)),
            "night": (n, kept, night),
            "summaries": (n, len(plan.summaries) + shares[1]),
        }

    def _visited_shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of what becomes of ``n`` runs at their visits."""
        plan, watch = self.plan, self.plan.watch
        if watch is None:
            return dict.fromkeys(VISITED, (0,))
        per_look = dict.fromkeys(("decision", "rule", "dose"), (n, len(watch)))
        return {
            **dict.fromkeys(VISITED, (n,)),
            **per_look,
            "readings": (n, len(watch.kept), len(watch)),
            "daily": (n, plan.days),
            "ledger": (n, len(LEDGER), plan.most_doses),
        }

    def tasks(self, first: int, block: int) -> list[Task]:
        """Make the task of a block, and those of the runs beside it if any."""
        task = self.task(first, block)
        asked = self.plan.attributed
        return [task, *(pathways.lanes(task, asked.followed) if asked else ())]

    def gather(self, tasks: Sequence[Task], solved: Sequence[Solved]) -> Block:
        """Finish a block of what its tasks gave.

        With an attribution, the trajectories of what came through tone, through TLR4 and by both
        together follow those of the variables, and so do the summaries; last comes the outcome
        of the runs beside.
        """
        block = self.finish(tasks[0], solved[0])
        asked = self.plan.attributed
        if asked is None:
            return block
        ways = pathways.open_ways(tasks[0], asked.followed)
        beside = [
            self.finish(t, replace(s, status=np.where(n, s.status, pathways.NOT_NEEDED)))
            for t, s, n in zip(tasks[1:], solved[1:], pathways.needed(ways), strict=True)
        ]
        over = [self._kept.index(n) for n in asked.variables]
        lines = pathways.shares([b.trajectory[:, over] for b in (block, *beside)], ways)
        only = list(asked.summaries)
        numbers = pathways.shares([b.summaries[:, only] for b in (block, *beside)], ways)
        outcome = pathways.outcome([b.status for b in beside], ways)
        dtype = block.trajectory.dtype
        return replace(
            block,
            trajectory=np.concatenate([block.trajectory, *(x.astype(dtype) for x in lines)], 1),
            summaries=np.concatenate([block.summaries, *numbers, outcome[:, None]], 1),
        )

    def task(self, first: int, block: int) -> Task:
        """Make the task of the block that starts at run ``first``."""
        plan = self.plan
        rows = self.rows(first, block)
        who = self.patients.of_run[rows]
        params = self.patients.vectors(who)
        visiting = self._visiting(rows, who)
        treatment = plan.treatment
        events = treatment.settings if visiting else treatment.events
        return Task(
            plan.edition,
            params,
            self.untreated.y0[who],
            events(rows, params),
            plan.end,
            plan.study.solver,
            wanted=summaries.wanted(plan, self.untreated.mean[who], rows),
            observables=self._observables,
            time=plan.time,
            night_start=plan.night_start[rows],
            night_time=self._night_time,
            first=first,
            visiting=visiting,
        )

    def _visiting(self, rows: Ints, who: Ints) -> Visiting | None:
        """Return what somebody has to know who looks at some runs; None where nobody does."""
        plan = self.plan
        if plan.watch is None:
            return None
        ordered, which = plan.dosing.alike(rows)
        habits, subject = plan.dosing.habits(rows)
        pain = self.untreated.mean[who, plan.edition.model.observable_index[PAIN]]
        return Visiting(
            plan.edition, plan.watch, plan.end, tuple(ordered), which, tuple(habits), subject,
            plan.runs.persons()[rows], pain, plan.treatment.taking(rows),
            {n: f.loaded() for n, f in plan.study.functions.items()},
            plan.study.output.ledger,
        )  # fmt: skip

    def finish(self, task: Task, solved: Solved) -> Block:
        """Derive the summaries of a solved block and cut it to what is stored."""
        plan = self.plan
        rows = self.rows(task.first, len(task))
        who = self.patients.of_run[rows]
        values = summaries.derive(
            plan,
            task.wanted,
            solved.reductions,
            self.untreated.mean[who],
            self.untreated.hourly[who],
            self._hours(task, solved, who),
            self._undisturbed(task, solved),
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
            alive = (status == 0) & ~overflown
            values[:, j] = self._said(function, solved.trajectory, rows, alive)
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
            solved.accuracy,
            **self._visited(solved),
        )

    def _visited(self, solved: Solved) -> dict[str, Any]:
        """Return what became of the runs of a block at their visits, as it is stored."""
        found = solved.decided
        if found is None:
            return {}
        return {
            **{name: getattr(found, name) for name in VISITED if name != "ledger"},
            "ledger": found.ledger(self.plan.most_doses),
        }

    def _undisturbed(self, task: Task, solved: Solved) -> Flags:
        """Return in which runs nothing was given and no parameter set, shape (runs,)."""
        alone = undisturbed(self.plan.edition.model, task.events)
        found = solved.decided
        if found is None:
            return alone
        acted = np.isin(found.decision, (Decision.ADD, Decision.DROP)).any(axis=1)
        acted |= task.visiting.taking.any(axis=1) if task.visiting else False
        return np.asarray(alone & ~acted & ~found.given)

    def _hours(self, task: Task, solved: Solved, who: Ints) -> Floats:
        """Hours above the untreated patient at the same clock time, shape (runs, same_clock)."""
        plan, names = self.plan, summaries.followed(self.plan)
        clocked = self.untreated.clocked[who] if names else np.empty(0)
        columns = [
            summaries.hours_above_reference(
                solved.night[:, self._observables.index(s.variable)],
                task.night_start,
                task.night_time,
                clocked[:, names.index(s.variable)],
                plan.clock,
                float(s.threshold),
            )
            for s in plan.summaries
            if s.kind == "same_clock"
        ]
        return np.stack(columns, axis=1) if columns else np.empty((len(task), 0))

    def _said(self, function: Function, solved: Floats, rows: Ints, alive: Flags) -> Floats:
        """What a function says of the trajectories as they were solved, shape (runs,)."""
        plan, who = self.plan, self.patients.of_run[rows]
        index, values = plan.edition.model.observable_index, {}
        for name in function.arguments:
            if name in plan.variables:
                values[name] = solved[:, plan.variables.index(name)]
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

    def tell(n: int) -> None:
        if progress is not None:
            progress(done + n)

    for first in starts:
        tasks = job.tasks(first, block)
        solved = []
        for k, task in enumerate(tasks):
            # the runs beside count as the rest of the runs they are beside
            def part(n: int, before: int = k * len(task), of: int = len(tasks)) -> None:
                tell((before + n) // of)

            solved.append(solve_task(task, threads, part))
        done += len(tasks[0])
        yield job.gather(tasks, solved)
