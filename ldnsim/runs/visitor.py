"""A visitor: looks at the runs of a block between two stretches, and says what is taken next.

At a look, in this order: readings are taken, with the error of the diary; who has had enough stops;
rules decide; and the doses up to the next look follow from that, as habits have them taken. Nothing
is done run by run, and nothing depends on which runs share a block: errors and thresholds are drawn
by the seed, a name and the patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Flags, Floats, Ints
from ldnsim.config.readings import PAIN, RELIEF, variable_of
from ldnsim.engine.solve.stretches import Happenings
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.patients.draws import normal, sobol
from ldnsim.regimen.guided import Course, Decision, Guide, adjuncts
from ldnsim.runs.decided import Decided, Stopped
from ldnsim.runs.intake import Group, Habits, Planned
from ldnsim.runs.visiting import Flat, Visiting
from ldnsim.runs.watch import BURDEN, DAY, HAZARDS, WEEK

SCALE = (0.0, 10.0)


@dataclass
class Visitor:
    """Looks at the runs of a block (a :class:`ldnsim.engine.solve.stretches.Looker`).

    Attributes:
        known: what there is to know of the runs.
        params: of each run, as set by now without what rules add, (runs, parameters). What the
            engine has by now is kept beside it: a change at a look is an event at its time, so that
            an output at that time comes before it, as in any other run.
        static: parameters set during the run whatever is decided.
    """

    known: Visiting
    params: Floats
    static: Flat
    found: Decided = field(init=False)

    def __post_init__(self) -> None:
        """Lay the regimens out."""
        known = self.known
        self.params, self.of_engine = self.params.copy(), self.params.copy()
        self.taking = known.taking.copy()
        self.groups = [
            Group(np.flatnonzero(known.which == j), o.regimen, o.table, o.end)
            for j, o in enumerate(known.ordered)
        ]
        self.groups = [g for g in self.groups if len(g.rows)]
        n, days = len(known.which), int(np.ceil(known.end / DAY))
        self.habits = Habits(list(known.habits), known.subject, days)
        self.burden = np.full(n, np.nan)
        self.hazard = np.zeros(n)
        self.once = [np.full(len(g.rows), -np.inf) for g in self.groups]
        self.pending = Flat.none()
        self.errors: dict[int, Floats] = {}
        self.dosed = np.zeros(n, bool)
        # in another process a function comes by name
        self.functions = {name: f.loaded() for name, f in known.functions.items()}
        self.found = Decided.of(n, known.watch, days, known.ledger)

    @property
    def times(self) -> Floats:
        """When to look."""
        return self.known.watch.times

    @property
    def asked(self) -> list[list[Measure]]:
        """What to ask at each look."""
        return self.known.watch.asked

    def first(self) -> Happenings:
        """Return what happens up to the first look."""
        return self._until(0.0, -1)

    def look(self, number: int, numbers: Floats, status: NDArray[np.int8]) -> Happenings:
        """Look at the runs, decide, and return what happens up to the next look."""
        watch, time = self.known.watch, float(self.times[number])
        means = dict(zip(watch.variables, numbers.T, strict=False))
        values = self._read(means, time)
        for j, name in enumerate(watch.kept):
            self.found.readings[:, j, number] = values[name]
        # habits follow the burden of whole weeks, whoever else is looked at in between
        if time % WEEK == 0.0:
            self.burden = values.get(BURDEN, self.burden)
        if watch.stops[number]:
            self._stop(numbers[:, len(watch.variables) :], time, number)
        for group, once in zip(self.groups, self.once, strict=True):
            self._decide(group, once, values, time, number)
        return self._until(time, number)

    def _read(self, means: Mapping[str, Floats], time: float) -> dict[str, Floats]:
        """Return the readings of a look; pain as it is reported."""
        watch = self.known.watch
        found = {n: means[v] for n in watch.readings if (v := variable_of(n))}
        if PAIN in means:
            told = self._told(means[PAIN], time)
            start = self._told(self.known.pain, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                relief = np.where(start > 0.0, 1.0 - told / start, np.nan)
            found |= {PAIN: told, RELIEF: relief}
        return found

    def _told(self, pain: Floats, time: float) -> Floats:
        """Return pain with the error of the diary: the mean of its errors since the recall."""
        watch = self.known.watch
        if not watch.diary_sd:
            return pain
        if not time:
            error = watch.diary_sd * normal(watch.seed, "diary of week 0", self.known.who)
            return np.asarray(np.clip(pain + error, *SCALE))
        begin = max(0.0, time - watch.visits.recall)
        days = np.arange(int(begin // DAY), int(np.ceil(time / DAY)))
        hours = np.minimum(time, DAY * (days + 1)) - np.maximum(begin, DAY * days)
        error = sum(h * self._diary(int(d)) for h, d in zip(hours, days, strict=True)) / hours.sum()
        return np.asarray(np.clip(pain + error, *SCALE))

    def _diary(self, day: int) -> Floats:
        """Return the error of the diary on one day, (runs,).

        Days err independently, by the square root of seven more than a weekly mean; the mean of
        each week is the error that a trial's report draws for it.
        """
        week = day // 7
        if week not in self.errors:
            watch, who = self.known.watch, self.known.who
            days = [normal(watch.seed, f"diary of day {7 * week + k}", who) for k in range(7)]
            own = np.stack(days)
            whole = normal(watch.seed, f"diary of week {week + 1}", who)
            self.errors[week] = watch.diary_sd * (np.sqrt(7.0) * (own - own.mean(axis=0)) + whole)
        return np.asarray(self.errors[week][day % 7])

    @cached_property
    def _last_dose(self) -> Floats:
        """When the last dose is planned, where nobody looks (h), (runs,)."""
        last = [float(o.table.time_h[-1]) if len(o.table) else 0.0 for o in self.known.ordered]
        return np.array(last)[self.known.which]

    @cached_property
    def _patience(self) -> Floats:
        """The hazard that each patient takes before stopping, exponential with mean 1."""
        watch, who = self.known.watch, self.known.who
        return np.asarray(-np.log1p(-sobol(watch.seed, "stopping", int(who.max()) + 1)[who]))

    def _stop(self, hazards: Floats, time: float, number: int) -> None:
        """Let those stop whose hazard since the start has come to what they take."""
        watch = self.known.watch
        assert watch.stopping is not None
        share_kept = max(1.0 - watch.stopping.lost_per_week, 1e-300)  # all are lost at 1
        lost = -np.log(share_kept) / WEEK
        by = np.zeros((len(hazards), 3))
        if watch.stopping.hazards:
            by[:, : len(HAZARDS)] = np.nan_to_num(hazards)
        by[:, 2] = lost * watch.stopping.every
        # before the first dose, and in a pause, there is nothing to stop
        by[~self.dosed] = 0.0
        self.hazard += by.sum(axis=1)
        leaves = (self.hazard > self._patience) & (self.found.stopped_for == Stopped.NONE)
        leaves &= self.dosed
        self.dosed[:] = False
        leaves &= self._last_dose > time  # who has nothing left to take stops nothing
        rows = np.flatnonzero(leaves)
        if not len(rows):
            return
        who = self.known.who
        draw = sobol(watch.seed, "reason for stopping", int(who.max()) + 1)[who][rows]
        share = np.cumsum(by[rows], axis=1) / by[rows].sum(axis=1, keepdims=True)
        why = 1 + (draw[:, None] >= share[:, :2]).sum(axis=1)
        self._end(rows, why.astype(np.int8), time)
        self.found.decision[rows, number] = Decision.LEFT

    def _end(self, rows: Ints, why: NDArray[np.int8] | Stopped, time: float) -> None:
        """Let runs take nothing any more."""
        self.found.stopped_at[rows], self.found.stopped_for[rows] = time, why
        gone = np.isfinite(self.found.stopped_at)
        for group in self.groups:
            group.stopped = gone[group.rows]

    def _decide(
        self, group: Group, once: Floats, values: Mapping[str, Floats], time: float, number: int
    ) -> None:
        """Let the rules of a group's phase decide, where a look is one of its own."""
        k = group.phase_at(time)
        if k is None:
            return
        guide, course, begin = group.guides[k], group.courses[k], group.edges[k]
        on = ~group.stopped
        visit = guide.is_visit(begin, group.edges[k + 1], time)
        planned = on & visit
        ready = on & guide.looks_daily & (time - once >= self.known.watch.visits.rest)
        own = {name: v[group.rows] for name, v in values.items()}
        own |= {
            "dose": course.mg, "weeks": np.full(len(on), (time - begin) / WEEK),
            "weeks_at_dose": (time - course.since) / WEEK, "downs": course.downs.astype(float),
        }  # fmt: skip
        before = course.every.copy(), course.at.copy(), course.dose.copy()
        for j, name in enumerate(adjuncts(guide.phase)):
            now = self.taking[group.rows, self.known.watch.adjuncts.index(name)]
            course.taken[:, j] = np.where(now, 1, -1)
        matched = guide.match(own, planned, ready)
        if guide.phase.decide is not None:
            code = self._by_function(guide, course, own, planned, time)
        else:
            code = guide.act(course, matched, time)
        seen = planned | (matched > 0)
        code[~seen] = Decision.NO_VISIT
        urgent = [k for k, r in enumerate(guide.phase.rules, start=1) if r.at_once]
        once[np.isin(matched, urgent)] = time
        if guide.phase.decide is not None:
            matched = planned.astype(np.int16)
        changed = (course.every != before[0]) | (course.at != before[1])
        group.anchor[changed] = round(time * 60)
        group.changes[course.dose != before[2]] += 1
        # who has left at this very look keeps that as what came of it
        rows = group.rows[on]
        self.found.decision[rows, number] = code[on]
        through = np.where(matched > 0, matched + group.numbered[k], 0)
        self.found.rule[rows, number] = through[on]
        self._begin_adjuncts(group, guide, course.taken)
        stops = group.rows[on & course.stopped]
        if len(stops):
            self._end(stops, Stopped.RULE, time)

    def _by_function(
        self, guide: Guide, course: Course, own: Mapping[str, Floats], planned: Flags, time: float
    ) -> NDArray[np.int8]:
        """Ask the function of a phase for the dose of every run, mg."""
        name = guide.phase.decide
        assert name is not None
        mg = np.full(len(planned), np.nan)
        if planned.any():
            mg = np.where(planned, self.functions[name].of_runs(own, len(planned)), np.nan)
        return guide.set_doses(course, mg, time)

    def _begin_adjuncts(self, group: Group, guide: Guide, taken: NDArray[np.int8]) -> None:
        """Take over which adjuncts rules have begun or ended."""
        for j, name in enumerate(adjuncts(guide.phase)):
            column = self.known.watch.adjuncts.index(name)
            for code, now in ((1, True), (-1, False)):
                self.taking[group.rows[taken[:, j] == code], column] = now

    def _until(self, start: float, number: int) -> Happenings:
        """Return what happens from a time to the look after ``number``."""
        last = number + 1 == len(self.times)
        stop = self.known.end if last else float(self.times[number + 1])
        doses = [self.pending]
        for group in self.groups:
            if number >= 0:
                self._note_dose(group, start, number)
            doses += [self._dose(p, number) for p in group.planned(start, stop)]
        given = Flat.join(doses)
        self.pending = given.where((given.time >= stop) & (given.time < self.known.end))
        due = (self.static.time >= start) & (self.static.time < stop)
        set_now = self.static.where(due)
        params, shown = self._with_adjuncts(set_now)
        row, at = np.nonzero(params != self.of_engine)
        new = Flat(row, np.full(len(row), start), at + self._states, params[row, at])
        events = Flat.join([new, shown, given.where(given.time < stop)])
        before, self.of_engine = self.of_engine, params
        self.params[set_now.row, set_now.target - self._states] = set_now.value
        self.of_engine[shown.row, shown.target - self._states] = shown.value
        counts = np.bincount(events.row, minlength=len(before))
        return Happenings(
            before, np.cumsum([0, *counts]).astype(np.int64), events.time, events.target,
            events.value,
        )  # fmt: skip

    @property
    def _states(self) -> int:
        return len(self.known.edition.model.states)

    def _note_dose(self, group: Group, time: float, number: int) -> None:
        """Keep the dose that is prescribed from a look on; NaN in a phase without rules."""
        k = group.phase_at(time)
        mg = np.full(len(group.rows), np.nan) if k is None else group.courses[k].mg
        self.found.dose[group.rows, number] = np.where(group.stopped, 0.0, mg)

    def _dose(self, planned: Planned, number: int) -> Flat:
        """Take planned doses as habits have it, keep them, and return their events."""
        time, mg, status = self.habits.taken(planned, self.burden)
        self.dosed[planned.rows] = True
        self.found.note(planned, time, mg, status, number)
        index = self.known.edition.model.state_index
        target = np.where(planned.slow, index["gut_slow"], index["gut_fast"])
        taken = np.isfinite(time) & (mg > 0.0)
        row = np.broadcast_to(planned.rows[:, None], taken.shape)[taken]
        return Flat(
            row, time[taken], np.broadcast_to(target, taken.shape)[taken].astype(np.int64),
            mg[taken] * NMOL_PER_MG,
        )  # fmt: skip

    def _with_adjuncts(self, set_now: Flat) -> tuple[Floats, Flat]:
        """Return parameters, and values set in a stretch, with the effects of adjuncts of rules."""
        params, value = self.params.copy(), set_now.value.copy()
        index = self.known.edition.model.parameter_index
        effects = [
            (j, index[e.target], e.amount, e.sets_value)
            for j, name in enumerate(self.known.watch.adjuncts)
            for e in self.known.edition.adjuncts[name].effects
        ]
        # levels first: factors of others act on them
        for j, at, amount, sets in sorted(effects, key=lambda e: not e[3]):
            rows = self.taking[:, j]
            hit = rows[set_now.row] & (set_now.target == self._states + at)
            params[rows, at] = amount if sets else params[rows, at] * amount
            value[hit] = amount if sets else value[hit] * amount
        return params, Flat(set_now.row, set_now.time, set_now.target, value)
