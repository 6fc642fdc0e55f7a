"""Resting orbits of many patients on a nightly dose, from one dose to the next.

An orbit on a dose is the fixed point of the daily map with that dose. Patients go up the doses
together. At each dose Newton's method starts near the orbit of the dose before, in the same basin,
so that an orbit that has lost its stability to an oscillation is still found; where that fails, it
is led there by smaller steps. Where that leads to nothing, or out of the basin, the patient is left
to the treatment for half a year instead, then for five years, then for twenty, and the orbit he
comes to is taken, in whatever basin. Who came to the other basin on the dose before is looked for
near his orbit there after the half year, before the years are gone through again. What is missing
below a dose where it was found again is looked for from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.closing import NEUTRAL, SLACK
from ldnsim.engine.rhythm.day import (
    DAY,
    MEANS,
    SETTLING,
    Tolerances,
    dosed,
    untreated,
)  # fmt: skip
from ldnsim.engine.rhythm.newton import NEAR, approach, newton
from ldnsim.engine.rhythm.orbit import basins
from ldnsim.engine.rhythm.shifted import by_state
from ldnsim.engine.solve.batch import Batch, BatchResult, FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
BRIEF, LONG = 3, (180, 1620, 5400)
"""Days on a dose before Newton's method: until the drug has settled; until the patient has, in
three stretches (past the ghost of a state that has just vanished it takes years)."""
BETWEEN = (0.25, 0.5, 0.75)
"""Shares of the way from one dose to the next at which an orbit is looked for that was lost."""
CLOSE: Tolerances = (1e-8, 1e-10)
"""Days that derivatives are taken from: tighter ones move no multiplier by more than 1e-7."""
TOLERANCE = 1e-7
"""Largest accepted change of a state over one day, relative to ``1 + |state|``: a state that needs
a year to settle is then right to four digits."""
ROUNDS = 5


@dataclass(frozen=True)
class Nightly:
    """Orbits of ``n`` patients on each of ``d`` doses.

    Attributes:
        y0: state at midnight, (n, d, n_states); NaN where none was found.
        multipliers: eigenvalues of the monodromy matrix, (n, d, n_states).
        inflamed: basin that the orbit lies in, (n, d).
        status: ``OK`` in the patient's own basin, ``NO_SUCH_BASIN`` where only an orbit of the
            other one was found, ``NO_ORBIT`` or ``NOT_FINITE`` without any; (n, d).
    """

    y0: FloatArray
    multipliers: NDArray[np.complex128]
    inflamed: Flags
    status: NDArray[np.int8]


@dataclass(frozen=True)
class Patients:
    """Patients on one dose.

    Attributes:
        model: what the parameters are of.
        params: (n, n_parameters).
        inflamed: basin of each, (n,).
        mg: naltrexone hydrochloride each day.
        clock: time of the dose, h after midnight.
        threads: worker threads.
    """

    model: Model
    params: FloatArray
    inflamed: Flags
    mg: float
    clock: float
    threads: int | None

    def solve(
        self, rows: Rows, y: FloatArray, days: int, tolerances: Tolerances,
        means: bool = False, together: bool = False,
    ) -> BatchResult:  # fmt: skip
        """Solve some days of some patients (rows may repeat), with the means of observables."""
        model = self.model
        wanted = [Measure(name, "mean", 0.0, DAY) for name in model.observables if means]
        batch = untreated(self.params[rows], y, days * DAY, tolerances, wanted)
        return solve(model, replace(self._dosed(batch), together=together), self.threads)

    def settle(self, rows: Rows, y: FloatArray, days: int) -> tuple[FloatArray, FloatArray]:
        """States of some patients after some days, and their middle over the later half."""
        if not len(rows):
            return y, y
        model = self.model
        batch = untreated(self.params[rows], y, days * DAY, SETTLING)
        # states come first among the observables
        midnights = DAY * np.arange(days - days // 2, days + 1, dtype=np.float64)
        batch = replace(batch, out_times=midnights, out_obs=np.arange(y.shape[1]))
        done = solve(model, self._dosed(batch), self.threads)
        return done.final, done.traj.mean(axis=2)

    def _dosed(self, batch: Batch) -> Batch:
        return dosed(self.model, batch, np.full(len(batch.params), self.mg), self.clock)

    def close(
        self, rows: Rows, guess: FloatArray, matrices: FloatArray
    ) -> tuple[Nightly, FloatArray]:
        """Newton's method from a guess (rows, n_states), first with matrices from near by.

        Returns:
            orbits of these rows on this dose, and their monodromy matrices.
        """
        y, found = guess.copy(), empty(len(guess), 1, guess.shape[1])
        found.status[~np.isfinite(y).all(axis=1)] = Status.NOT_FINITE

        def image(some: Rows, states: FloatArray) -> FloatArray:
            return self.solve(rows[some], states, 1, CLOSE).final

        def slopes(some: Rows, states: FloatArray) -> FloatArray:
            def map_(starts: FloatArray) -> FloatArray:
                many = rows[np.repeat(some, len(starts) // len(some))]
                return self.solve(many, starts, 1, SETTLING, together=True).final

            return by_state(map_, states)[1]

        near = matrices.copy()
        days = approach(image, slopes, y, near, NEAR * TOLERANCE, -SLACK)
        every = np.arange(len(y))
        for k, residual, monodromy in newton(days, y, every, TOLERANCE, -SLACK, ROUNDS):
            if residual < TOLERANCE:
                mu = np.linalg.eigvals(monodromy)
                # one that repels in one direction parts two basins, and nobody rests there; one
                # that an oscillation grows from is where the patient would rest
                if not np.any((mu.imag == 0.0) & (mu.real >= 1.0 - NEUTRAL)):
                    found.y0[k, 0], found.multipliers[k, 0] = y[k], mu
                    found.status[k, 0] = Status.OK
        self._tell(rows, found)
        return found, near

    def _tell(self, rows: Rows, found: Nightly) -> None:
        """Fill in the basins of orbits that were found."""
        at = np.flatnonzero(found.status[:, 0] == Status.OK)
        if not len(at):
            return
        who, own = self.params[rows[at]], self.inflamed[rows[at]]
        mean = self.solve(rows[at], found.y0[at, 0], 1, MEANS, means=True).reductions
        found.inflamed[at, 0] = basins(self.model, who, mean, own)
        found.status[at[found.inflamed[at, 0] != own], 0] = Status.NO_SUCH_BASIN


def empty(n: int, doses: int, size: int) -> Nightly:
    """Orbits that are all still to be found."""
    return Nightly(
        np.full((n, doses, size), np.nan), np.full((n, doses, size), np.nan, np.complex128),
        np.zeros((n, doses), np.bool_), np.full((n, doses), Status.NO_ORBIT, np.int8),
    )  # fmt: skip


def nightly_orbits(
    model: Model, params: FloatArray, inflamed: Flags, start: FloatArray, doses: FloatArray,
    clock: float = 22.0, threads: int | None = None,
) -> Nightly:  # fmt: skip
    """Find the orbit of each patient on each dose.

    Args:
        model: what the parameters are of.
        params: (n, n_parameters).
        inflamed: basin of each patient, (n,).
        start: untreated state at midnight in that basin, (n, n_states); where it is NaN the model's
            first guess for the basin is used.
        doses: mg each day, ascending, (d,).
        clock: time of the dose, h after midnight.
        threads: worker threads; the results are the same bits for any number.
    """
    n, size = len(params), len(model.states)
    guesses = np.array([model.start(bool(b)) for b in inflamed]).reshape(n, size)
    first = np.where(np.isfinite(start).all(axis=1, keepdims=True), start, guesses)
    last = Last(first, np.full((n, size, size), np.nan))
    found = empty(n, len(doses), size)
    patients = Patients(model, params, inflamed, 0.0, clock, threads)
    on = [replace(patients, mg=float(mg)) for mg in doses]
    every = np.arange(n)
    for j, here in enumerate(on):
        _try(here, last, found, j, every)
        if j:
            lost = found.status[:, j] != Status.OK
            _between(on[j - 1], here, last, found, j, lost & (found.status[:, j - 1] == Status.OK))
        _slide(here, last, found, j, np.flatnonzero(found.status[:, j] != Status.OK))
    for j in range(len(on) - 2, -1, -1):
        lost = (found.status[:, j] != Status.OK) & (found.status[:, j + 1] == Status.OK)
        last.y[lost], last.monodromy[lost] = found.y0[lost, j + 1], np.nan
        _try(on[j], last, found, j, np.flatnonzero(lost))
        _between(on[j + 1], on[j], last, found, j, lost & (found.status[:, j] != Status.OK))
    return found


@dataclass(frozen=True)
class Last:
    """The orbit of each patient in his own basin that was found last.

    Attributes:
        y: state at midnight, (n, n_states).
        monodromy: its matrix, (n, n_states, n_states); NaN where none is known.
    """

    y: FloatArray
    monodromy: FloatArray


def _between(
    there: Patients, here: Patients, last: Last, found: Nightly, j: int, lost: Flags
) -> None:
    """Lead patients from the dose beside this one to it by smaller steps."""
    rows, room = np.flatnonzero(lost), empty(len(last.y), 1, last.y.shape[1])
    for share in BETWEEN:
        mg = there.mg + share * (here.mg - there.mg)
        _try(replace(here, mg=mg), last, room, 0, rows)
    _try(here, last, found, j, rows)


def _try(patients: Patients, last: Last, found: Nightly, j: int, rows: Rows) -> None:
    """Look for the orbits of some patients near the ones found last."""
    end, _ = patients.settle(rows, last.y[rows], BRIEF)
    _take(patients, last, found, j, rows, end, False)


def _slide(patients: Patients, last: Last, found: Nightly, j: int, rows: Rows) -> None:
    """Leave some patients to the treatment, and look for the orbits that they come to."""
    y = last.y[rows]
    for days in LONG:
        y, middle = patients.settle(rows, y, days)
        left = _take(patients, last, found, j, rows, y, True)
        # one who goes round an orbit that repels never comes to it, but it is in the middle
        left[left] = _take(patients, last, found, j, rows[left], middle[left], True)
        left[left] = _follow(patients, last, found, j, rows[left])
        rows, y = rows[left], y[left]


def _follow(patients: Patients, last: Last, found: Nightly, j: int, rows: Rows) -> Flags:
    """Look for patients who slid on the dose before near where they came to; what is left."""
    left = np.ones(len(rows), np.bool_)
    if not j:
        return left
    slid = found.status[rows, j - 1] == Status.NO_SUCH_BASIN
    end, _ = patients.settle(rows[slid], found.y0[rows[slid], j - 1], BRIEF)
    left[slid] = _take(patients, last, found, j, rows[slid], end, True)
    return left


def _take(
    patients: Patients, last: Last, found: Nightly, j: int, rows: Rows, guess: FloatArray,
    slid: bool,
) -> Flags:  # fmt: skip
    """Take the orbits near a guess, those of the other basin only with ``slid``; what is left."""
    if not len(rows):
        return np.zeros(0, np.bool_)
    new, monodromy = patients.close(rows, guess, last.monodromy[rows])
    status: NDArray[np.int8] = new.status[:, 0]
    own: Flags = np.equal(status, Status.OK)
    last.y[rows[own]], last.monodromy[rows[own]] = new.y0[own, 0], monodromy[own]
    taken: Flags = own | ((status != Status.NO_ORBIT) & slid)
    at = rows[taken]
    found.y0[at, j], found.multipliers[at, j] = new.y0[taken, 0], new.multipliers[taken, 0]
    found.inflamed[at, j], found.status[at, j] = new.inflamed[taken, 0], status[taken]
    return ~taken
