"""Many candidate sets of parameters on the same runs, as few batches as there are lengths of run.

Regimens and doses are worked out once; a candidate changes single columns of the parameter vectors.
A candidate is a set of *defaults*: what a hypothesis, a phenotype or the run itself sets stays.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ldnsim.analysis.evidence.story_kinds import Request
from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.catalog.story import Freed, StoryFile
from ldnsim.config.blocks import Solver
from ldnsim.config.run import RunSpec
from ldnsim.edition import Edition
from ldnsim.engine.rhythm.day import SETTLING
from ldnsim.engine.rhythm.day import untreated as alone
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.orbit import Orbits
from ldnsim.engine.solve import batch
from ldnsim.engine.solve.status import Status
from ldnsim.measure import SOLVED, Measure
from ldnsim.mechanisms.record import Parameter
from ldnsim.model import Model
from ldnsim.patients.untreated import pick, untreated
from ldnsim.patients.vectors import is_inflamed, own_parameters
from ldnsim.runs.accuracy import COMPARED
from ldnsim.runs.dosing import Dosing
from ldnsim.runs.few import WEEK
from ldnsim.runs.grid import Listed
from ldnsim.runs.task import Task, solve_task
from ldnsim.runs.treatment import Treatment

Points = Mapping[str, Floats]
"""Values of free parameters by key, each of shape (candidates,)."""
HELD = 104 * WEEK
"""How long a patient without resting state is watched leaving it, h."""
EDGE = 1e-9
"""How near a copy of a fraction may come to 0 or 1."""


@dataclass(frozen=True)
class _Job:
    """One run of every candidate: a place in a list of runs, with what is asked of it."""

    run: RunSpec
    shift: tuple[tuple[str, float], ...]
    measures: tuple[Measure, ...]


class Batches:
    """The runs of a story, ready for any candidates."""

    def __init__(self, story: StoryFile, asked: Sequence[Request], edition: Edition) -> None:
        """Put requests together.

        Args:
            story: which parameters move.
            asked: what is wanted, in the order of the answers; the same run is solved once.
            edition: the model.
        """
        self.story, self.edition = story, edition
        wanted: dict[tuple[RunSpec, tuple[tuple[str, float], ...]], dict[Measure, None]] = {}
        for one in asked:
            wanted.setdefault((one.run, one.shift), {}).update(dict.fromkeys(one.measures))
        jobs = [_Job(run, shift, tuple(ms)) for (run, shift), ms in wanted.items()]
        place = {(job.run, job.shift): k for k, job in enumerate(jobs)}
        columns = [{m: j for j, m in enumerate(job.measures)} for job in jobs]
        self.picks = [
            (k, [columns[k][m] for m in one.measures])
            for one in asked
            for k in [place[one.run, one.shift]]
        ]
        weeks = [max(1, math.ceil(max(float(m.stop) for m in j.measures) / WEEK)) for j in jobs]
        self.groups = [
            _Group(story, edition, length, [k for k, w in enumerate(weeks) if w == length], jobs)
            for length in sorted(set(weeks))
        ]
        self.sizes = [len(job.measures) for job in jobs]

    @property
    def runs(self) -> int:
        """How many runs a candidate takes."""
        return len(self.sizes)

    def patients(self) -> str:
        """Return a hash of all that the patients of the runs have without the search."""
        told = b"".join(g.base.tobytes() + g.inflamed.tobytes() for g in self.groups)
        return hashlib.sha256(told).hexdigest()

    def solve(
        self, points: Points, threads: int | None = None
    ) -> tuple[list[Floats], list[Floats]]:
        """Solve the runs of candidates.

        Args:
            points: values of the free parameters.
            threads: threads of the engine.

        Returns:
            the numbers of each request, (candidates, numbers), NaN where a run failed; and for each
            request how far it is from a run, (candidates,): 0 where there is one, 1 where nothing
            is known, between 1/2 and 1 where the patient leaves the wanted basin, late or at once.
        """
        if not self.groups:
            return [], []
        n = len(next(iter(points.values())))
        found: dict[int, Floats] = {}
        far: dict[int, Floats] = {}
        per_group = [group.vectors(points, n) for group in self.groups]
        # the same patients take part in runs of several lengths: untreated, they are solved once
        params = np.concatenate(per_group)
        flags = np.concatenate([np.repeat(group.inflamed, n) for group in self.groups])
        days = untreated(self.edition.model, params, flags, threads)
        away = distance(self.edition.model, params, flags, days, threads)
        at = 0
        for group, own in zip(self.groups, per_group, strict=True):
            rows = np.arange(at, at + len(own))
            at += len(own)
            found.update(zip(group.rows, group.solve(own, pick(days, rows), threads), strict=True))
            far.update(zip(group.rows, away[rows].reshape(-1, n), strict=True))
        numbers, gone = [], []
        for k, columns in self.picks:
            numbers.append(found[k][:, columns])
            lost = np.where(far[k] > 0.0, far[k], 1.0)
            gone.append(np.where(np.isfinite(numbers[-1]).all(axis=1), 0.0, lost))
        return numbers, gone


class _Group:
    """Runs of one length."""

    def __init__(
        self, story: StoryFile, edition: Edition, weeks: int, rows: list[int], jobs: list[_Job]
    ) -> None:
        self.edition, self.rows = edition, rows
        self.jobs = [jobs[k] for k in rows]
        self.end = weeks * WEEK
        self.base = np.array([own_parameters(j.run) for j in self.jobs])
        self.inflamed = np.array([is_inflamed(j.run) for j in self.jobs])
        self.moves = [moved(story, j.run) for j in self.jobs]
        every = list(dict.fromkeys(m for j in self.jobs for m in j.measures))
        self.measures = [m for m in every if m.kind in SOLVED]
        self.times = sorted({float(m.stop) for m in every if m.kind == "at"})
        self.names = list(dict.fromkeys(m.variable for m in every if m.kind == "at"))
        # runs that differ in the copy of the patient alone share their doses
        place = {run: k for k, run in enumerate(dict.fromkeys(j.run for j in self.jobs))}
        runs = Listed(list(place))
        self.of_run = np.array([place[j.run] for j in self.jobs], dtype=np.int64)
        self.treatment = Treatment(runs, Dosing(runs), self.end)

    def vectors(self, points: Points, n: int) -> Floats:
        """Return the parameters of every run and candidate, runs outermost, (runs * n, ...)."""
        index = self.edition.model.parameter_index
        found = np.repeat(self.base, n, axis=0)
        for k, (job, moves) in enumerate(zip(self.jobs, self.moves, strict=True)):
            own = found[k * n : (k + 1) * n]
            for name, (key, factor) in moves.items():
                own[:, index[name]] = factor * points[key]
            for name, sd in job.shift:
                own[:, index[name]] = shifted(
                    self.edition.model.parameters[name], own[:, index[name]], sd
                )
        return found

    def solve(self, params: Floats, days: Orbits, threads: int | None) -> list[Floats]:
        """Return the numbers of each run, (candidates, its measures).

        Args:
            params: parameters, runs outermost, (runs * candidates, ...).
            days: the untreated days of these patients.
            threads: threads of the engine.
        """
        n = len(params) // len(self.jobs)
        rows: Ints = np.repeat(self.of_run, n)
        task = Task(
            self.edition,
            params,
            days.y0,
            self.treatment.events(rows, params),
            self.end,
            Solver(rtol=COMPARED, refine=False),
            wanted=[m.over(len(params)) for m in self.measures],
            observables=self.names,
            time=np.array(self.times, dtype=np.float64),
        )
        done = solve_task(task, threads)
        index = self.edition.model.observable_index
        found = []
        for k, job in enumerate(self.jobs):
            part = slice(k * n, (k + 1) * n)
            columns = []
            for m in job.measures:
                if m.kind == "untreated":
                    columns.append(days.mean[part, index[m.variable]])
                elif m.kind == "at":
                    at = self.names.index(m.variable), self.times.index(float(m.stop))
                    columns.append(done.trajectory[part, at[0], at[1]])
                else:
                    columns.append(done.reductions[part, self.measures.index(m)])
            found.append(np.stack(columns, axis=1))
        return found


def distance(
    model: Model, params: Floats, inflamed: Flags, days: Orbits, threads: int | None = None
) -> Floats:
    """Return how far patients are from resting in their basin, (patients,).

    A basin that has just gone still holds a patient for long: the longer, the nearer it is. That
    gives a search a slope where there is no resting state.

    Args:
        model: whose parameters these are.
        params: of the patients, (patients, parameters).
        inflamed: which basin each should rest in.
        days: their untreated days, as far as they were found.
        threads: threads of the engine.

    Returns:
        0 for a patient who rests; 1 less half the share of two years spent in the basin by one
        who leaves it; 1 where there is no rhythm at all.
    """
    found = np.where(days.status == Status.OK, 0.0, 1.0)
    lost = np.flatnonzero(days.status == Status.NO_SUCH_BASIN)
    switch = model.inflamed
    if switch is None or not len(lost):
        return found
    same = np.column_stack([felt(model, params[lost]), inflamed[lost]])
    _, first, which = np.unique(same, axis=0, return_index=True, return_inverse=True)
    who = lost[first]
    level = switch.share * params[who, model.parameter_index[switch.parameter]]
    start = np.array([model.start(bool(inflamed[k])) for k in who])
    above = Measure(switch.variable, "hours_above", 0.0, HELD, level)
    run = batch.solve(model, alone(params[who], start, HELD, SETTLING, [above]), threads)
    share = np.clip(np.nan_to_num(run.reductions[:, 0] / HELD), 0.0, 1.0)
    stay = np.where(inflamed[who], share, 1.0 - share)
    found[lost] = (1.0 - 0.5 * stay)[which.reshape(-1)]
    return found


def shifted(parameter: Parameter, values: Floats | float, sd: float) -> Floats:
    """Return values of a parameter so many of its recorded SD away, within its bounds."""
    step, v = sd * parameter.spread.sd, np.asarray(values, dtype=np.float64)
    if parameter.spread.kind == "logitnormal":
        inside = np.clip(v, EDGE, 1.0 - EDGE)
        found = 1.0 / (1.0 + (1.0 - inside) / inside * np.exp(-step))
    else:
        found = v * np.exp(step)
    return np.asarray(np.clip(found, parameter.low, parameter.high))


def moved(story: StoryFile, run: RunSpec) -> dict[str, tuple[str, float]]:
    """Return which parameters of a run move: ``{name: (key of the free parameter, factor)}``.

    The more particular wins, as in every run: a shared default moves nothing that the hypothesis,
    the phenotype or the run sets, and a hypothesis nothing that the latter two set.
    """
    of_run = set(dict(run.parameters))
    of_patient = of_run | set(run.edition.phenotypes[run.phenotype].overrides)
    of_both = of_patient | set(run.edition.hypotheses[run.hypothesis].overrides)
    found: dict[str, tuple[str, float]] = {}
    for f in story.free:
        kept = of_run if f.of_phenotype else of_patient if f.owner else of_both
        here = run.phenotype if f.of_phenotype else run.hypothesis
        if f.owner not in ("", here):
            continue
        for name, factor in followers(story, f):
            if name not in kept:
                found[name] = f.key, factor
    return found


def followers(story: StoryFile, free: Freed) -> list[tuple[str, float]]:
    """Return a free parameter and those tied to it, each with its factor."""
    tied = [
        (name, factor)
        for (owner, name), (leader, factor) in story.ties.items()
        if leader == free.name and owner == free.owner
    ]
    return [(free.name, 1.0), *tied]
