"""Where the untreated orbit of a patient is looked for: near a known one, else where he settles.

Everybody begins from the orbit of the model's default patient in the same basin, and from its
monodromy matrix: Broyden's method leads from there to most orbits in a dozen rough days each. So
whose orbit another's is found from is fixed by the model, and no patient depends on who else is
looked for. Whom it does not lead to an orbit of his basin is left to himself instead, from the
basin's starting guess; who leaves the basin on the way has no orbit there.

Days are rough where they lead and exact where an orbit closes. That is safe: a fixed point of the
discrete map at 1e-2 lies within 1e-4 of the orbit, and its derivative is as good as any.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import CLOSING, DAY, ROUGH, flow, untreated
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.newton import broyden, inverses, residuals
from ldnsim.engine.rhythm.shifted import by_state, living
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
SURE = 1e-3
"""How far below 1 a spectral radius is surely below it, where columns that hardly matter were left
out of the matrix, or it was taken a little beside the orbit."""
SLACK = 1e-2
"""How far below zero a state may rest: smoothed equations leave what follows lost tone a hair below
it, and Newton's method would never arrive if it were put back to zero each time."""
FORGETS = 0.05
"""What is left of a shift after a day, of ``1 + |state|`` of any state, below which a state of the
default patient counts as one that forgets: its column stands for everybody's."""
LED, LED_TO = 20, 1e-4
"""Rough days on the way from the default patient's orbit, and the change over a day at which they
have led to one."""
BESIDE = 1e-2
"""Distance from where a matrix was taken within which it leads to the orbit in exact days."""
ROUNDS = 8
STRETCH, SETTLE, LONG = 30, 180, 1800
"""Days between looks at who has left the basin; days until Newton's method, at first and at last
(past the ghost of a state that has just vanished it takes years)."""
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
        return flow(self.model, self.params[rows], y, DAY, CLOSING, self.threads)

    def slopes(
        self, rows: Rows, y: FloatArray, states: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray]:
        """States of some patients a rough day later, and their derivative by some states."""

        def map_(starts: FloatArray) -> FloatArray:
            return self.rough(np.repeat(rows, len(starts) // len(rows)), starts)

        self.matrices[rows] += 1
        return by_state(map_, y, states)


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
    monodromy = alone.slopes(every, y, living(model))[1][0]
    size = 1.0 + np.abs(y[0])
    kept = np.max(np.abs(monodromy * size / size[:, None]), axis=0)
    return Beginning(y[0], monodromy, np.flatnonzero(kept > FORGETS))


def lead(search: Search) -> None:
    """Lead patients to their orbits from that of the default patient in their basin."""
    for flag in (False, True):
        rows = np.flatnonzero(search.inflamed == flag)
        begin = beginning(search.model, flag) if len(rows) else None
        if begin is None:
            continue
        start = np.tile(begin.y, (len(rows), 1))
        inverse = inverses(begin.monodromy[None])
        y, change = broyden(
            lambda at, u, rows=rows: search.rough(rows[at], u), start, inverse, 0.1 * LED_TO,
            -SLACK, LED,
        )  # fmt: skip
        there = change < LED_TO
        search.y[rows[there]] = y[there]
        close(search, rows[there], begin)


def close(search: Search, rows: Rows, begin: Beginning | None = None) -> None:
    """Newton's method with matrices of their own on some patients, who are near their orbits.

    Args:
        search: whose ``y`` is where they are; it is moved, and what is found is filled in.
        rows: the patients.
        begin: whose columns stand for those of states that forget; all are taken without.
    """
    every = living(search.model)
    states = every if begin is None else begin.slow
    for _ in range(ROUNDS):
        rows = rows[np.isfinite(search.y[rows]).all(axis=1)]
        if not len(rows):
            return
        y = search.y[rows]
        after, matrix = search.slopes(rows, y, states)
        radius = _radius(matrix, states)
        if begin is not None:
            rest = np.setdiff1d(every, states)
            matrix[:, :, rest] = begin.monodromy[:, rest]
        inverse, gap = inverses(matrix), after - y
        step = -np.matmul(inverse, gap[:, :, None])[:, :, 0]
        search.y[rows] = new = np.maximum(y + step, -SLACK)
        near = residuals(new - y, y) < BESIDE
        at, far = rows[near], rows[~near]
        search.y[far] = broyden(
            lambda k, u, far=far: search.rough(far[k], u), search.y[far], inverse[~near], LED_TO,
            -SLACK, ROUNDS,
        )[0]  # fmt: skip
        search.y[at], search.residual[at] = broyden(
            lambda k, u, at=at: search.exact(at[k], u), search.y[at], inverse[near], ENOUGH,
            -SLACK, ROUNDS,
        )  # fmt: skip
        arrived = search.residual[at] < TOLERANCE
        moved = residuals(search.y[at] - y[near], y[near])
        sure = (radius[near] < 1.0 - SURE) & (moved < SURE)
        search.radius[at] = radius[near]
        _accept(search, at[arrived], sure[arrived])
        rows = np.sort(np.concatenate([at[~arrived], far]))


def _accept(search: Search, rows: Rows, sure: Flags) -> None:
    """Take orbits that attract; where that is not sure, by the whole matrix on the orbit."""
    doubtful = rows[~sure]
    if len(doubtful):
        every = living(search.model)
        matrix = search.slopes(doubtful, search.y[doubtful], every)[1]
        search.radius[doubtful] = _radius(matrix, every)
    # an orbit that repels is one too, but nobody lives on it
    search.status[rows[search.radius[rows] < 1.0 - NEUTRAL]] = Status.OK


def settle(search: Search) -> None:
    """Leave patients without an orbit to themselves, and look for it where they come to."""
    rows = np.flatnonzero(search.status == Status.NO_ORBIT)
    first = [search.model.start(bool(b)) for b in search.inflamed[rows]]
    y = np.array(first).reshape(len(rows), search.y.shape[1])
    for since, until in ((0, SETTLE), (SETTLE, LONG)):
        rows, y = _stay(search, rows, y, since, until)
        search.y[rows] = y
        close(search, rows)
        left = search.status[rows] == Status.NO_ORBIT
        rows, y = rows[left], y[left]


def _stay(
    search: Search, rows: Rows, y: FloatArray, since: int, until: int
) -> tuple[Rows, FloatArray]:
    """Follow some patients; who remains in his basin, and his state at the end."""
    model, switch = search.model, search.model.inflamed
    for day in range(since, until, STRETCH):
        if not len(rows):
            break
        hours = STRETCH * DAY
        wanted = [Measure(switch.variable, "mean", hours - DAY, hours)] if switch else []
        batch = untreated(search.params[rows], y, hours, ROUGH, wanted)
        done = solve(model, batch, search.threads)
        stays = done.status == Status.OK
        search.status[rows[~stays]] = Status.NOT_FINITE
        if switch and day + STRETCH >= CERTAIN:
            level = switch.share * search.params[rows, model.parameter_index[switch.parameter]]
            gone = stays & ((done.reductions[:, 0] > level) != search.inflamed[rows])
            search.status[rows[gone]] = Status.NO_SUCH_BASIN
            stays &= ~gone
        rows, y = rows[stays], done.final[stays]
    return rows, y


def _radius(matrix: FloatArray, states: NDArray[np.int64]) -> FloatArray:
    """Spectral radius of matrices with columns of some states only; infinite for one not finite."""
    # columns of zeros add eigenvalues of zero, so the rows beside them do not matter
    block = matrix[:, states[:, None], states[None, :]]
    finite = np.isfinite(block).all(axis=(1, 2))
    found = np.full(len(block), np.inf)
    # a disturbance shrinks by the largest modulus of an eigenvalue each day, or grows
    found[finite] = np.max(np.abs(np.linalg.eigvals(block[finite])), axis=1, initial=0.0)
    return found
