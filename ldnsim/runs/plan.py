"""The plan of a study: every run, every patient, the clock, and what will be stored."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ldnsim.arrays import Floats, Ints
from ldnsim.config import budget, own_summary, times
from ldnsim.config.run import RunSpec
from ldnsim.config.study import StudyConfig
from ldnsim.config.summaries import stored_variables
from ldnsim.edition import Edition
from ldnsim.errors import UserError
from ldnsim.measure import Measure, Summary
from ldnsim.patients.accept import Looking, describe, find_people
from ldnsim.patients.vectors import Patients, find_patients, sets_patient
from ldnsim.runs import grid, observed, pathways, recordings
from ldnsim.runs.bounds import check_parameters
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.events import sets_modifiers
from ldnsim.runs.looks import make_watch
from ldnsim.runs.remarks import remarks
from ldnsim.runs.treatment import Treatment
from ldnsim.runs.watch import Watch, refuse

DAY, WEEK = 24.0, 168.0
MOST_IN_BLOCK = 4096
BLOCK_BYTES = 64_000_000


@dataclass(frozen=True)
class Plan:
    """A study laid out: nothing has been simulated yet.

    Attributes:
        study: the configuration.
        dims: the dimensions of the sweep.
        runs: every run in global order (last dimension fastest), made when asked for.
        dosing: the doses of the runs.
        end: horizon in hours, shared by all runs.
        night_start: start of the close-up of each run (h), shape (runs,).
        last_night: start of the close-up of the last treated day of each run (h), shape (runs,).
        threads: threads of the solver.
        watch: when somebody looks at the runs on their way; None where nobody does.
    """

    study: StudyConfig
    dims: tuple[grid.Dim, ...]
    runs: grid.Runs = field(repr=False)
    dosing: Dosing = field(repr=False)
    end: float
    night_start: Floats = field(repr=False)
    last_night: Floats = field(repr=False)
    threads: int | None = None
    watch: Watch | None = None

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.runs)

    @property
    def edition(self) -> Edition:
        """The model that the runs are of."""
        return self.study.edition

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of positions of each dimension."""
        return self.runs.shape

    @cached_property
    def described(self) -> Patients:
        """The distinct patients that the study describes; of a population the medians."""
        return find_patients(self.runs)

    @cached_property
    def treatment(self) -> Treatment:
        """What is given to the patients, and set in them."""
        ruled = self.watch.adjuncts if self.watch else ()
        return Treatment(self.runs, self.dosing, self.end, ruled)

    @cached_property
    def kinds(self) -> list[RunSpec]:
        """Runs that show every hypothesis, phenotype, covariate and modifier of the study."""
        return [
            self.runs[i]
            for matters in (sets_patient, sets_modifiers)
            for i in self.runs.facet(matters).runs().tolist()
        ]

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of the model variables to store, in order."""
        wanted = self.study.output.variables
        found = stored_variables(wanted, self.edition.model.observables)
        seen = observed.variables(self.study) if wanted == "default" else ()
        followed = self.attributed.variables if self.attributed else ()
        return tuple(dict.fromkeys([*found, *seen, *followed]))

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """The summaries to compute, in order."""
        return own_summary.chosen(self.study.output, self.edition.model)

    @cached_property
    def attributed(self) -> pathways.Attributed | None:
        """What is attributed to the pathways of the drug; None where the study asks for nothing."""
        return pathways.attributed(self.study, self.summaries)

    @cached_property
    def time(self) -> Floats:
        """Times of the stored trajectories (h); empty when they are not kept."""
        if not self.study.output.trajectories:
            return np.empty(0)
        return _clock(self.study.output.every, self.end)

    @cached_property
    def night_time(self) -> Floats:
        """Hours after the start of the close-up (0 to 24)."""
        return _clock(self.study.output.night_every, DAY)

    @cached_property
    def clock(self) -> Floats:
        """Times of day met in the close-ups of all runs (h), sorted, from 0 to below 24."""
        starts = np.unique(self.night_start)
        return np.unique(clock_time(starts[:, None] + self.night_time[None, :]))

    @cached_property
    def most_doses(self) -> int:
        """Most doses that any run can take, for the ledger of runs that are looked at."""
        return self.dosing.most_possible if self.watch and self.study.output.ledger else 0

    @property
    def days(self) -> int:
        """Calendar days of the horizon, the last perhaps in part."""
        return math.ceil(self.end / DAY)

    @property
    def keeps_night(self) -> bool:
        """Whether the close-up is stored."""
        return self.study.output.night is not False

    def window(self, of: Measure, rows: Ints) -> tuple[Floats, Floats]:
        """Return start and end of the window of a measure for some runs (h), each (rows,).

        Weeks are whole days, as many of the last seven as there are: part of a day would pass the
        daily rhythm for an effect.

        Args:
            of: the measure; its window is one of :data:`ldnsim.config.summaries.WINDOWS`, or hours.
            rows: numbers of the runs.
        """
        n, name = len(rows), of.window
        if not name:
            return of.start * np.ones(n), of.stop * np.ones(n)
        if name == "run":
            return np.zeros(n), np.full(n, self.end)
        if name == "start":
            return np.zeros(n), np.full(n, min(self.end, DAY * np.clip(self.end // DAY, 1, 28)))
        if name == "night":
            return self.night_start[rows], self.night_start[rows] + DAY
        stop = np.full(n, self.end) if name == "end" else self.last_night[rows] + DAY
        most = np.inf if name == "treatment" else 7
        return stop - DAY * np.clip(np.floor(stop / DAY + 1e-9), 1, most), stop

    @property
    def block(self) -> int:
        """Runs per block: the setting, or as many as keep the work around the solver small.

        That is some for every thread at least, and beyond that so many that a sixteenth of the
        study is in a block, up to :data:`MOST_IN_BLOCK` runs and :data:`BLOCK_BYTES` of results;
        half of it where somebody looks at the runs, since every look interrupts a whole block.
        """
        solver = self.study.solver
        least = 8 * max(4, 2 * (solver.threads or os.cpu_count() or 1))
        share = 16 if self.watch is None else 2
        room = min(MOST_IN_BLOCK, BLOCK_BYTES // self._bytes_at_work, len(self) // share)
        return solver.block or max(8, min(max(least, room // 8 * 8), self.most_in_block // 8 * 8))

    @property
    def most_in_block(self) -> int:
        """Most runs that a block may have, for the memory they take while they are solved."""
        return int(budget.BLOCK_BYTES.most) // self._bytes_at_work

    @property
    def bytes(self) -> int:
        """Expected size of the result before compression."""
        ledger = 60 * self.dosing.planned(len(self)) if self.study.output.ledger else 0
        return self._bytes_without_doses * len(self) + ledger

    @property
    def _bytes_at_work(self) -> int:
        """Size of a run with its doses while it is solved, that of the run with most doses."""
        return (4 if self.attributed else 1) * (
            self._bytes_without_doses + 84 * self.dosing.most_planned
        )

    @property
    def _bytes_without_doses(self) -> int:
        item = np.dtype(self.study.output.dtype).itemsize
        samples = len(self.time) + (len(self.night_time) if self.keeps_night else 0)
        looks = len(self.watch) * (20 + 8 * len(self.watch.kept)) if self.watch else 0
        shares = self.attributed.values(len(self.time)) if self.attributed else (0, 0)
        own = len(self.variables) * (samples * item + 8) + len(self.summaries) * 8
        return own + shares[0] * item + shares[1] * 8 + 64 + looks

    def check_bytes(self) -> None:
        """Refuse a result, a block or a run too large to work on.

        Raises:
            UserError: see :mod:`ldnsim.config.budget`.
        """
        budget.RUN_BYTES.check(self._bytes_at_work)
        budget.BLOCK_BYTES.check(min(self.block, len(self)) * self._bytes_at_work)
        budget.BYTES.check(self.bytes, f"{len(self):,} runs are ")

    def name_of(self, run: int) -> str:
        """Name a run by the coordinates of the sweep; the only one by its regimen."""
        if not self.dims:
            return str(self.runs[run].regimen)
        at = np.unravel_index(run, self.shape)
        return ", ".join(
            f"{c.name} {c.values[int(k)]:g} {'' if c.unit == '1' else c.unit}".strip()
            if c.numeric
            else _word(c.name, str(c.values[int(k)]))
            for dim, k in zip(self.dims, at, strict=True)
            for c in dim.coordinates
        )

    def describe(self) -> str:
        """Return the plan as a few lines of text."""
        lines = [f"study      {self.study.title}"]
        if self.edition.extensions:
            names = ", ".join(e.name for e in self.edition.extensions)
            lines.append(f"model      that of the package with {names}")
        for dim in self.dims:
            lines += [f"dimension  {_axis_line(dim.name, c)}" for c in dim.coordinates]
        if not self.dims:
            lines.append("dimension  none: a single run")
        lines += recordings.lines(self.study, self.end)
        lines += [f"remark     {r}" for r in remarks(self.study, self.runs)]
        if self.watch is not None:
            lines.append(f"visits     {self.watch}")
        solver = self.study.solver
        if self.study.population is not None:
            # who they are is found out by enrol: a dry run starts no solver
            lines += [
                f"population {describe(self.edition.model, self.study.population)}",
                f"runs       {len(self)}",
            ]
        else:
            n = len(self.described)
            lines.append(f"runs       {len(self)} on {n} distinct patient{'s' if n != 1 else ''}")
        lines += [
            f"horizon    {self.end / DAY:g} d ({self.end / WEEK:.3g} wk)",
            f"keeps      {len(self.variables)} variables"
            + (f" every {self.study.output.every:g} h" if len(self.time) else " (no trajectories)")
            + f", {len(self.summaries)} summar{'y' if len(self.summaries) == 1 else 'ies'}",
            *(self.attributed.lines(self.described) if self.attributed else ()),
            f"store      {self.study.output.store}, about {size_text(self.bytes)} uncompressed",
            f"solver     {solver.method}, rtol {solver.rtol:g}, atol {solver.floor:g}, "
            f"blocks of {self.block} runs",
        ]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return :meth:`describe`."""
        return self.describe()


def _word(axis: str, value: str) -> str:
    """Return a value that is no number; a flag, or none, says nothing without its axis."""
    return f"{axis.replace('_', ' ')} {value}" if value in ("true", "false", "none") else value


def _clock(every: float, end: float) -> Floats:
    """Return the times 0, every, 2 every, ... up to ``end``; none lies an ulp after it."""
    times = np.arange(math.floor(end / every + 1e-9) + 1) * every
    return np.asarray(np.minimum(times, end), dtype=np.float64)


def clock_time(hours: Floats) -> Floats:
    """Return the time of day (h); rounded, so that equal times of two days are the same bits."""
    return np.asarray(np.round(hours % DAY, 6) % DAY, dtype=np.float64)


def _axis_line(dim: str, c: grid.Coordinate) -> str:
    name = c.name if c.name == dim else f"{c.name} (along {dim})"
    values = [f"{v:g}" if c.numeric else str(v) for v in c.values]
    shown = ", ".join(values) if len(values) <= 8 else f"{', '.join(values[:4])} ... {values[-1]}"
    return f"{name}: {len(values)} values of {c.field}{f' in {c.unit}' if c.unit else ''}: {shown}"


def size_text(n: int) -> str:
    """Write a number of bytes as ``1.5 GB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n} B"


def make_plan(study: StudyConfig, threads: int | None = None) -> Plan:
    """Lay out a study.

    Args:
        study: the study.
        threads: threads to use; the study's setting when None.

    Raises:
        UserError: for a study over a limit of :mod:`ldnsim.config.budget`, a change or an adjunct
            after the end, a parameter taken out of its bounds, or a close-up of a day that is not
            there.
    """
    budget.check_grid(study)
    study = recordings.settled(study)
    dims = grid.dims(study)
    runs = grid.Runs(grid.base(study), dims)
    budget.CENTRES.check(runs.facet(sets_patient).size)
    dosing = Dosing(runs)
    end = study.horizon if study.horizon is not None else dosing.natural_end()
    budget.check_end(end)
    recordings.check_end(study, end)
    if study.output.trajectories:
        budget.check_samples(study.output.every, end)
    for i, change in enumerate(study.changes, start=1):
        if change.at >= end:
            raise UserError(
                f"changes[{i}].at = '{change.at:g} h' is not before the end of the study at"
                f" {end:g} h; make it earlier or set a longer horizon"
            )
    if late := [*times.after_the_end(study, end), *own_summary.after_the_end(study, end)]:
        raise UserError("\n".join(late))
    last = dosing.nights(None, end)
    night = study.output.night
    start = last if night is False or night == "last" else dosing.nights(int(night), end)
    plan = Plan(
        study, dims, runs, dosing, end, start, last, threads or study.solver.threads,
        make_watch(study, dosing, end),
    )  # fmt: skip
    plan.check_bytes()
    for key in ("sensitivity", "attribution"):
        refuse(plan.watch if getattr(study.output, key) else None, f"output.{key}")
    if plan.attributed:
        pathways.check_drug(dosing, len(plan))
    check_parameters(plan, plan.described)
    return plan


def enrol(plan: Plan, threads: int | None = None, looking: Looking | None = None) -> Patients:
    """Find the distinct patients of the runs of a plan.

    Those of a population are drawn, and candidates solved for untreated until enough of them are
    plausible. Without one, they are the patients described.

    Args:
        plan: the study laid out.
        threads: threads of the engine; those of the plan when None.
        looking: see :func:`ldnsim.patients.accept.find_people`.

    Raises:
        UserError: when too few candidates are plausible, or a parameter of one of them is taken
            out of its bounds.
    """
    people = find_people(plan.study, plan.runs.start, threads or plan.threads, looking)
    if people is None:
        return plan.described
    found = find_patients(plan.runs, people)
    check_parameters(plan, found)
    return found
