"""Resting orbits of many patients on a nightly dose, from one dose to the next.

An orbit on a dose is the fixed point of the daily map with that dose. Patients go up the doses
together. At each dose Newton's method starts near the orbit of the dose before, in the same basin,
so that an orbit that has lost its stability to an oscillation is still found. Where that leads to
nothing, or out of the basin, the patient is left to the treatment for half a year instead, and the
orbit he comes to is taken, in whatever basin. What is missing below a dose where it was found again
is looked for from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import (
    CLOSE_UP_DOSED,
    DAY,
    MEANS,
    SETTLING,
    Tolerances,
    dosed,
    untreated,
)  # fmt: skip
from ldnsim.engine.rhythm.newton import newton
from ldnsim.engine.rhythm.orbit import NEUTRAL, SLACK, TOLERANCE, basins
from ldnsim.engine.rhythm.shifted import by_state
from ldnsim.engine.solve.batch import BatchResult, FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
BRIEF, LONG = 10, 180
"""Days on a dose before Newton's method: until the drug has settled; until the patient has."""
BLOCK = 32


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
        self, rows: Rows, y: FloatArray, days: int, tolerances: Tolerances, means: bool = False
    ) -> BatchResult:
        """Solve some days of some patients (rows may repeat), with the states of each midnight."""
        model = self.model
        names = model.observables if means else ()
        batch = untreated(
            self.params[rows], y, days * DAY, tolerances,
            [Measure(name, "mean", 0.0, DAY) for name in names],
        )  # fmt: skip
        batch = dosed(model, batch, np.full(len(rows), self.mg), self.clock)
        return solve(model, batch, self.threads, block=BLOCK)

    def settle(self, rows: Rows, y: FloatArray, days: int) -> FloatArray:
        """States after some days, NaN where the solver gave up."""
        return self.solve(rows, y, days, SETTLING).final if len(rows) else y

    def close(self, rows: Rows, guess: FloatArray) -> Nightly:
        """Newton's method from a guess (rows, n_states); orbits of these rows on this dose."""
        n, size = guess.shape
        y, found = guess.copy(), empty(n, 1, size)
        found.status[~np.isfinite(y).all(axis=1)] = Status.NOT_FINITE

        def days(some: Rows) -> tuple[FloatArray, FloatArray]:
            def map_(starts: FloatArray) -> FloatArray:
                many = np.repeat(rows[some], len(starts) // len(some))
                return self.solve(many, starts, 1, CLOSE_UP_DOSED).final

            return by_state(map_, y[some])

        for k, residual, monodromy in newton(days, y, np.arange(n), TOLERANCE, -SLACK):
            if residual < TOLERANCE:
                mu = np.linalg.eigvals(monodromy)
                # one that repels in one direction parts two basins, and nobody rests there; one
                # that an oscillation grows from is where the patient would rest
                if not np.any((mu.imag == 0.0) & (mu.real >= 1.0 - NEUTRAL)):
                    found.y0[k, 0], found.multipliers[k, 0] = y[k], mu
                    found.status[k, 0] = Status.OK
        self._tell(rows, found)
        return found

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
    last = np.where(np.isfinite(start).all(axis=1)[:, None], start, guesses)
    found = empty(n, len(doses), size)
    on = [Patients(model, params, inflamed, float(mg), clock, threads) for mg in doses]
    for j, patients in enumerate(on):
        _up(patients, last, found, j)
        own = found.status[:, j] == Status.OK
        last[own] = found.y0[own, j]
    for j in range(len(on) - 2, -1, -1):
        _down(on[j], found, j)
    return found


def _up(patients: Patients, last: FloatArray, found: Nightly, j: int) -> None:
    """Orbits on one dose, from those on the doses below it."""
    every = np.arange(len(last))
    _put(found, j, every, patients.close(every, patients.settle(every, last, BRIEF)))
    lost = np.flatnonzero(found.status[:, j] != Status.OK)
    if len(lost):
        _put(found, j, lost, patients.close(lost, patients.settle(lost, last[lost], LONG)))


def _down(patients: Patients, found: Nightly, j: int) -> None:
    """Orbits that are missing on one dose, from those of the dose above it."""
    lost = np.flatnonzero((found.status[:, j] != 0) & (found.status[:, j + 1] == 0))
    if len(lost):
        guess = patients.settle(lost, found.y0[lost, j + 1], BRIEF)
        _put(found, j, lost, patients.close(lost, guess), own=True)


def _put(found: Nightly, j: int, rows: Rows, new: Nightly, own: bool = False) -> None:
    """Take over orbits of some rows; with ``own`` only those of the patient's basin."""
    good = (Status.OK,) if own else (Status.OK, Status.NO_SUCH_BASIN, Status.NOT_FINITE)
    take = np.isin(new.status[:, 0], good)
    at = rows[take]
    found.y0[at, j], found.multipliers[at, j] = new.y0[take, 0], new.multipliers[take, 0]
    found.inflamed[at, j], found.status[at, j] = new.inflamed[take, 0], new.status[take, 0]
