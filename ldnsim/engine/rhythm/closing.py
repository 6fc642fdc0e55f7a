"""Newton's method on the untreated days of patients who are near their orbits.

Days are rough where they lead and exact where an orbit closes. That is safe: a fixed point of the
rough map lies within 1e-4 of the orbit, and its derivative is as good as any. From the orbit of the
default patient on, columns of the matrix that hardly matter are taken from its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import CLOSE_UP, DAY, ROUGH, SETTLING, Tolerances, flow
from ldnsim.engine.rhythm.newton import broyden, inverses, residuals
from ldnsim.engine.rhythm.shifted import by_state, differences, living, shifts
from ldnsim.engine.solve.batch import FloatArray
from ldnsim.engine.solve.status import Status
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
NEARLY = 3e-4
"""Change over a rough day at which an orbit is near."""
BESIDE = 1e-2
"""Distance from where a matrix was taken within which it leads to the orbit in exact days."""
ROUNDS, STEPS = 8, 8
"""Matrices taken of one patient, and steps taken from each, at most."""
LITTLE = 0.1
"""What may be left after a day of a shift of all states that forget, in a patient whose own columns
of these need not be looked at."""


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
        search.y[far], _ = steps(search.rough, far, new[~near], inverse[~near], NEARLY)
        search.y[at], search.residual[at] = steps(
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


def steps(
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


def _radius(matrix: FloatArray, states: NDArray[np.int64]) -> FloatArray:
    """Spectral radius of matrices with columns of some states only; infinite for one not finite."""
    # columns of zeros add eigenvalues of zero, so the rows beside them do not matter
    block = matrix[:, states[:, None], states[None, :]]
    finite = np.isfinite(block).all(axis=(1, 2))
    found = np.full(len(block), np.inf)
    # a disturbance shrinks by the largest modulus of an eigenvalue each day, or grows
    found[finite] = np.max(np.abs(np.linalg.eigvals(block[finite])), axis=1, initial=0.0)
    return found
