"""Where the untreated orbit of a patient is looked for: near a known one, else where he settles.

Everybody begins from the orbit of the model's default patient in the same basin, and from its
monodromy matrix: Broyden's method leads from there to most orbits in a dozen rough days each. So
whose orbit another's is found from is fixed by the model, and no patient depends on who else is
looked for. Whom it does not lead to an orbit of his basin is left to himself instead, from the
basin's starting guess; who leaves the basin on the way has no orbit there.

Days are rough where they lead and exact where an orbit closes. That is safe: a fixed point of the
discrete map lies within 1e-4 of the orbit, and its derivative is as good as any.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import CLOSE_UP, DAY, ROUGH, SETTLING, Tolerances, flow, untreated
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.newton import broyden, inverses, residuals
from ldnsim.engine.rhythm.shifted import by_state, differences, living, shifts
from ldnsim.engine.solve.batch import FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
TOLERANCE = 1e-8
"""Largest accepted change of any state over one day, relative to ``1 + |state|``."""
ENOUGH = 0.1 * TOLERANCE
"""Change from which on no further step is taken: a state that needs a year to settle is then right
to seven digits."""
NEUTRAL = 1e-6
"""How near to 1 a spectral radius is as good as 1: a state that never moves back."""
SURE = 2e-4
"""How far below 1 a spectral radius is surely below it, where columns that hardly matter were left
out of the matrix, or it was taken a little beside the orbit."""
BEHIND = 3e-4
"""How little beside, as a residual is measured."""
SLACK = 1e-2
"""How far below zero a state may rest: smoothed equations leave what follows lost tone a hair below
it, and Newton's method would never arrive if it were put back to zero each time."""
FORGETS, LITTLE = 0.01, 0.1
"""What is left of a shift after a day, of ``1 + |state|`` of any state, below which a state of the
default patient counts as one that forgets: its column stands for everybody's. And what may be left
of a shift of all of these in a patient whose own columns need not be looked at."""
LED, LED_TO = 16, 3e-4
"""Rough days on the way from the default patient's orbit, and the change over a day at which they
have led to one."""
BESIDE = 1e-2
"""Distance from where a matrix was taken within which it leads to the orbit in exact days."""
ROUNDS, STEPS = 8, 8
"""Matrices taken of one patient, and steps taken from each, at most."""
STRETCH = 30
"""Days between looks at who has left the basin."""
SETTLE = ((180, 2), (900, 4))
"""Days that a patient has settled for when Newton's method is tried, and matrices taken for it: few
while he may still leave. Past the ghost of a state that has just vanished it takes years."""
CERTAIN = 60
"""Days from which on who is in the other basin has left his own."""


@dataclass(frozen=True)
class Search:
    """Patients whose orbits are looked for, and what has been found of each.

    Attributes:
        model: what the parameters are of.
        params: as an untreated patient feels them, (n, n_parameters).
        inflamed: basin of each, (n,).
        threads: worker threads.
        y: state at midnight, (n, n_states); of an orbit where the status is OK.
        residual: change of it over the last day looked at, (n,).
        matrices: monodromy matrices taken for each, (n,).
        radius: spectral radius of the last one, (n,).
        status: ``NO_ORBIT`` until more is known, (n,).
    """

    model: Model
    params: FloatArray
    inflamed: Flags
    threads: int | None
    y: FloatArray
    residual: FloatArray
    matrices: NDArray[np.int64]
    radius: FloatArray
    status: NDArray[np.int8]

    @classmethod
    def of(cls, model: Model, params: FloatArray, inflamed: Flags, threads: int | None) -> Search:
        """Begin with nothing found."""
        n = len(params)
        return cls(
            model, params, inflamed, threads, np.full((n, len(model.states)), np.nan),
            np.full(n, np.nan), np.zeros(n, np.int64), np.full(n, np.nan),
            np.full(n, Status.NO_ORBIT, np.int8),
        )  # fmt: skip

    def rough(self, rows: Rows, y: FloatArray) -> FloatArray:
        """States of some patients a rough day later."""
        return flow(self.model, self.params[rows], y, DAY, ROUGH, self.threads)

    def exact(self, rows: Rows, y: FloatArray) -> FloatArray:
        """States of some patients a day later, as exact as orbits shall close."""
        return flow(self.model, self.params[rows], y, DAY, CLOSE_UP, self.threads)

    def slopes(
        self, rows: Rows, y: FloatArray, tolerances: Tolerances
    ) -> tuple[FloatArray, FloatArray]:
        """States of some patients a day later, and their whole monodromy matrices."""
        self.matrices[rows] += 1
        return by_state(self._copies(rows, tolerances), y, living(self.model))

    def most_slopes(
        self, rows: Rows, y: FloatArray, begin: Beginning
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same by rough days, without columns of states that forget within a day.

        Returns:
            states a day later, (rows, n_states); matrices with columns of zeros; and what is left
            of a shift of all those states at once, of the shift, (rows,).
        """
        slow, fast = begin.slow, np.setdiff1d(living(self.model), begin.slow)
        shift, size = shifts(y), 1.0 + np.abs(y)
        every, moved = np.arange(len(slow)), np.zeros((len(y), len(slow) + 1, y.shape[1]))
        moved[:, every, slow] = shift[:, slow]
        moved[:, -1, fast] = shift[:, fast]
        after, change = differences(self._copies(rows, ROUGH), y, moved)
        matrix = np.zeros((*y.shape, y.shape[1]))
        matrix[:, :, slow] = (change[:, :-1] / shift[:, slow, None]).transpose(0, 2, 1)
        left = np.max(np.abs(change[:, -1]) / size, axis=1)
        self.matrices[rows] += 1
        return after, matrix, left / np.max(moved[:, -1] / size, axis=1, initial=1e-300)

    def _copies(self, rows: Rows, tolerances: Tolerances) -> Callable[[FloatArray], FloatArray]:
        """The daily map of shifted copies of some patients, as many of each."""

        def map_(starts: FloatArray) -> FloatArray:
            own = self.params[np.repeat(rows, len(starts) // len(rows))]
            return flow(self.model, own, starts, DAY, tolerances, self.threads, together=True)

        return map_


@dataclass(frozen=True)
class Beginning:
    """The orbit of the default patient in a basin.

    Attributes:
        y: state at midnight, (n_states,).
        monodromy: its matrix, (n_states, n_states).
        slow: states that remember a day, as indices.
    """

    y: FloatArray
    monodromy: FloatArray
    slow: NDArray[np.int64]


@functools.cache
def beginning(model: Model, inflamed: bool) -> Beginning | None:
    """Find the orbit that others begin from; None where the default patient has none."""
    alone = Search.of(model, felt(model, model.defaults()[None]), np.array([inflamed]), 1)
    settle(alone)
    if alone.status[0] != Status.OK:
        return None
    y, every = alone.y, np.zeros(1, np.intp)
    monodromy = alone.slopes(every, y, ROUGH)[1][0]
    size = 1.0 + np.abs(y[0])
    kept = np.max(np.abs(monodromy * size / size[:, None]), axis=0)
    return Beginning(y[0], monodromy, np.flatnonzero(kept > FORGETS))


def lead(search: Search) -> None:
    """Lead patients to their orbits from that of the default patient in their basin."""
    for flag in (False, True):
        rows = np.flatnonzero(search.inflamed == flag)
        begin = beginning(search.model, flag) if len(rows) else None
        if begin is not None:
            y, there = _led(search, rows, begin)
            rows, y = rows[there], y[there]
            # past a fold the way leads to the other basin: what is there is not looked at
            _, _, gone = _stretch(search, rows, y, 1)
            search.y[rows] = y
            close(search, rows[~gone], 2, begin)


def _led(search: Search, rows: Rows, begin: Beginning) -> tuple[FloatArray, Flags]:
    """Where rough days lead some patients from a beginning, and whether that is near an orbit."""
    start, inverse = np.tile(begin.y, (len(rows), 1)), inverses(begin.monodromy[None])
    y, change = _steps(search.rough, rows, start, inverse, 0.03 * LED_TO, LED)
    return y, change < LED_TO


def tell(search: Search) -> None:
    """Tell who has no orbit in his basin, but one in the other, from who has none at all."""
    if search.model.inflamed is None:
        return
    for flag in (False, True):
        rows = np.flatnonzero((search.status == Status.NO_ORBIT) & (search.inflamed == flag))
        begin = beginning(search.model, not flag) if len(rows) else None
        if begin is not None:
            y, there = _led(search, rows, begin)
            rows = rows[there]
            _, _, gone = _stretch(search, rows, y[there], 1)
            search.status[rows[gone]] = Status.NO_SUCH_BASIN


def close(search: Search, rows: Rows, rounds: int = ROUNDS, begin: Beginning | None = None) -> None:
    """Newton's method with matrices of their own on some patients, who are near their orbits.

    Args:
        search: whose ``y`` is where they are; it is moved, and what is found is filled in.
        rows: the patients.
        rounds: matrices taken for one patient at most.
        begin: whose columns stand for those of states that forget; all are taken without.
    """
    for _ in range(rounds):
        rows = rows[np.isfinite(search.y[rows]).all(axis=1)]
        if not len(rows):
            return
        y = search.y[rows]
        after, matrix, radius, sure = _known(search, rows, y, begin)
        inverse, gap = inverses(matrix), after - y
        new = np.maximum(y - np.matmul(inverse, gap[:, :, None])[:, :, 0], -SLACK)
        near = residuals(new - y, y) < BESIDE
        at, far = rows[near], rows[~near]
        search.y[far], _ = _steps(search.rough, far, new[~near], inverse[~near], LED_TO)
        search.y[at], search.residual[at] = _steps(
            search.exact, at, new[near], inverse[near], ENOUGH
        )
        arrived = search.residual[at] < TOLERANCE
        moved = residuals(search.y[at] - y[near], y[near])
        search.radius[at] = radius[near]
        _accept(search, at[arrived], (sure[near] & (moved < BEHIND))[arrived])
        rows = np.sort(np.concatenate([at[~arrived], far]))


def _known(
    search: Search, rows: Rows, y: FloatArray, begin: Beginning | None
) -> tuple[FloatArray, FloatArray, FloatArray, Flags]:
    """States a rough day later, matrices, their radii, and whether these surely tell of stability.

    From a beginning the columns of states that forget are those of the beginning's own matrix.
    """
    every = living(search.model)
    if begin is None:
        after, matrix = search.slopes(rows, y, ROUGH)
        radius = _radius(matrix, every)
        return after, matrix, radius, radius < 1.0 - SURE
    after, matrix, left = search.most_slopes(rows, y, begin)
    radius, rest = _radius(matrix, begin.slow), np.setdiff1d(every, begin.slow)
    matrix[:, :, rest] = begin.monodromy[:, rest]
    return after, matrix, radius, (radius < 1.0 - SURE) & (left < LITTLE)


def _steps(
    days: Callable[[Rows, FloatArray], FloatArray], rows: Rows, y: FloatArray,
    inverse: FloatArray, enough: float, most: int = STEPS,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Broyden's method on some patients; where it leads, and the change over a day there."""
    return broyden(lambda at, u: days(rows[at], u), y, inverse, enough, -SLACK, most)


def _accept(search: Search, rows: Rows, sure: Flags) -> None:
    """Take orbits that attract; where that is not sure, by the whole matrix on the orbit."""
    every, doubtful = living(search.model), rows[~sure]
    # rough copies never make a loop look calmer than it is, but now and then a fast one wilder
    for tolerances in (ROUGH, SETTLING):
        if len(doubtful):
            matrix = search.slopes(doubtful, search.y[doubtful], tolerances)[1]
            search.radius[doubtful] = _radius(matrix, every)
            doubtful = doubtful[~(search.radius[doubtful] < 1.0 - NEUTRAL)]
    # an orbit that repels is one too, but nobody lives on it
    search.status[rows[search.radius[rows] < 1.0 - NEUTRAL]] = Status.OK


def settle(search: Search) -> None:
    """Leave patients without an orbit to themselves, and look for it where they come to."""
    rows = np.flatnonzero(search.status == Status.NO_ORBIT)
    first = [search.model.start(bool(b)) for b in search.inflamed[rows]]
    y = np.array(first).reshape(len(rows), search.y.shape[1])
    since = 0
    for until, rounds in SETTLE:
        rows, y = _stay(search, rows, y, since, until)
        search.y[rows], since = y, until
        close(search, rows, rounds)
        left = search.status[rows] == Status.NO_ORBIT
        rows, y = rows[left], y[left]


def _stay(
    search: Search, rows: Rows, y: FloatArray, since: int, until: int
) -> tuple[Rows, FloatArray]:
    """Follow some patients; who remains in his basin, and his state at the end."""
    for day in range(since, until, STRETCH):
        y, fine, gone = _stretch(search, rows, y, STRETCH)
        gone &= day + STRETCH >= CERTAIN
        search.status[rows[~fine]] = Status.NOT_FINITE
        search.status[rows[gone]] = Status.NO_SUCH_BASIN
        rows, y = rows[fine & ~gone], y[fine & ~gone]
    return rows, y


def _stretch(
    search: Search, rows: Rows, y: FloatArray, days: int
) -> tuple[FloatArray, Flags, Flags]:
    """States after some rough days; who got there; who spent the last day in the other basin."""
    model, switch, hours = search.model, search.model.inflamed, days * DAY
    if not len(rows):
        return y, np.ones(0, np.bool_), np.zeros(0, np.bool_)
    wanted = [Measure(switch.variable, "mean", hours - DAY, hours)] if switch else []
    done = solve(model, untreated(search.params[rows], y, hours, ROUGH, wanted), search.threads)
    fine: Flags = done.status == Status.OK
    if switch is None:
        return done.final, fine, np.zeros(len(rows), np.bool_)
    level = switch.share * search.params[rows, model.parameter_index[switch.parameter]]
    gone = fine & ((done.reductions[:, 0] > level) != search.inflamed[rows])
    return done.final, fine, np.asarray(gone)


def _radius(matrix: FloatArray, states: NDArray[np.int64]) -> FloatArray:
    """Spectral radius of matrices with columns of some states only; infinite for one not finite."""
    # columns of zeros add eigenvalues of zero, so the rows beside them do not matter
    block = matrix[:, states[:, None], states[None, :]]
    finite = np.isfinite(block).all(axis=(1, 2))
    found = np.full(len(block), np.inf)
    # a disturbance shrinks by the largest modulus of an eigenvalue each day, or grows
    found[finite] = np.max(np.abs(np.linalg.eigvals(block[finite])), axis=1, initial=0.0)
    return found
