"""The untreated patient: the 24 h periodic orbit, solved for, one basin at a time.

With a daily rhythm nobody rests at a fixed point. The orbit is the fixed point of the Poincare
map ``x -> Phi(x)``, the state one day later without drug. It is found by letting the patient
settle from the basin's starting guess and then by Newton's method on ``Phi(x) - x``,

``x <- x + (I - M)^-1 (Phi(x) - x)``,

with the monodromy matrix ``M = dPhi/dx`` from finite differences; the spectral radius of that
matrix tells a stable orbit from an unstable one (Kuznetsov, Elements of Applied Bifurcation Theory,
chapter 1). Which basin an orbit lies in is the model's to say (:attr:`Model.inflamed`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import CLOSE_UP, DAY, MEANS, SETTLING, flow, untreated
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.newton import NEAR, approach, newton
from ldnsim.engine.rhythm.shifted import untreated_slopes
from ldnsim.engine.solve.batch import FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model

SETTLE = (4320.0, 43200.0)
"""Hours a patient is left to settle before Newton's method: first attempt, second attempt."""
TOLERANCE = 1e-8
"""Largest accepted change of any state over one day, relative to ``1 + |state|``."""
NEUTRAL = 1e-6
"""How near to 1 a spectral radius is as good as 1: a state that never moves back."""
SLACK = 1e-2
"""How far below zero a state may rest: smoothed equations leave what follows lost tone a hair below
it, and Newton's method would never arrive if it were put back to zero each time."""


@dataclass(frozen=True)
class Orbits:
    """Untreated daily orbits of ``n`` patients.

    Attributes:
        y0: state at midnight, (n, n_states); NaN where none was found.
        mean: 24 h mean of every observable, (n, n_observables).
        residual: largest ``|Phi(x) - x| / (1 + |x|)``, (n,).
        iterations: Newton steps taken, (n,).
        spectral_radius: of the monodromy matrix, below 1 for a stable orbit, (n,).
        status: (n,), see :class:`~ldnsim.engine.solve.status.Status`.
    """

    y0: FloatArray
    mean: FloatArray
    residual: FloatArray
    iterations: NDArray[np.int64]
    spectral_radius: FloatArray
    status: NDArray[np.int8]


def find_orbits(
    model: Model, params: FloatArray, inflamed: NDArray[np.bool_], threads: int | None = None
) -> Orbits:
    """Find the orbit of each patient in the basin asked for.

    Patients who differ only in what an untreated patient does not feel share one orbit.

    Args:
        model: what the parameters are of.
        params: parameter vectors, (n, n_parameters).
        inflamed: basin of each patient, (n,).
        threads: worker threads.

    Returns:
        Orbits; a patient without one has a status and NaN, never an exception.
    """
    # what only the drug reads is set to its default, so that equal patients are equal
    flags = np.asarray(inflamed, dtype=bool)
    own = felt(model, params)
    rows, which = _distinct(own, flags)
    found = _find(model, own[rows], flags[rows], threads)
    return Orbits(*(getattr(found, f.name)[which] for f in fields(Orbits)))


def _distinct(
    own: FloatArray, flags: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the first patient of each orbit, and for each patient which of those it shares."""
    # by bits, not by value: who shares an orbit must not depend on rounding
    keys = [row.tobytes() + bytes([flag]) for row, flag in zip(own, flags.tolist(), strict=True)]
    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    which = np.array([place[key] for key in keys], dtype=np.int64)
    return np.unique(which, return_index=True)[1], which


def _find(
    model: Model, params: FloatArray, flags: NDArray[np.bool_], threads: int | None
) -> Orbits:
    """Find the orbits of patients who all differ."""
    n, size = len(params), len(model.states)
    y = np.array([model.start(bool(b)) for b in flags]).reshape(n, size)
    best = Orbits(
        np.full((n, size), np.nan),
        np.full((n, len(model.observables)), np.nan),
        np.full(n, np.inf),
        np.zeros(n, np.int64),
        np.full(n, np.nan),
        np.full(n, Status.NO_ORBIT, np.int8),
    )
    open_ = np.arange(n)
    # left to itself a patient comes near the orbit; who does not is left longer, once
    for hours in SETTLE:
        settled = solve(model, untreated(params[open_], y[open_], hours, SETTLING), threads)
        y[open_], wild = settled.final, open_[settled.status == Status.NOT_FINITE]
        _newton(model, params, y, open_, best, threads)
        open_ = np.flatnonzero(best.status == Status.NO_ORBIT)
        if not len(open_):
            break
        # whom the solver gave up starts again; others go on from where Newton's method left them
        lost = open_[~np.isfinite(y[open_]).all(axis=1)]
        for k in lost:
            y[k] = model.start(bool(flags[k]))
    # why there is none: the equations failed, or there is no fixed point that attracts
    best.status[np.intersect1d(open_, wild)] = Status.NOT_FINITE
    # a fixed point of the map may still have quantities that are not finite during the day
    found = np.flatnonzero(best.status == Status.OK)
    best.mean[found] = daily_means(model, params[found], best.y0[found], threads)
    best.status[found[~np.isfinite(best.mean[found]).all(axis=1)]] = Status.NOT_FINITE
    # an orbit of the other basin is an orbit, but not of the patient asked for
    wrong = (best.status == Status.OK) & (basins(model, params, best.mean, flags) != flags)
    best.status[wrong] = Status.NO_SUCH_BASIN
    best.y0[best.status != Status.OK] = np.nan
    best.residual[np.isinf(best.residual)] = np.nan  # no step of Newton's method was taken
    return best


def basins(
    model: Model, params: FloatArray, mean: FloatArray, one_basin: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each orbit lies in the inflamed basin, (n,).

    Args:
        model: the model, which says how the basin is told (:attr:`Model.inflamed`).
        params: parameter vectors, (n, n_parameters).
        mean: 24 h means of every observable, (n, n_observables).
        one_basin: the answer in a model that has no other basin, (n,).
    """
    switch = model.inflamed
    if switch is None:
        return one_basin
    # means, not states at midnight: these depend on where in the day midnight lies
    level = switch.share * params[:, model.parameter_index[switch.parameter]]
    return np.asarray(mean[:, model.observable_index[switch.variable]] > level)


def _newton(model: Model, params: FloatArray, y: FloatArray, patients: NDArray[np.intp],
            best: Orbits, threads: int | None) -> None:  # fmt: skip
    """Newton's method on the daily map of some patients; fills ``best``, changes ``y``."""

    def image(rows: NDArray[np.intp], states: FloatArray) -> FloatArray:
        return flow(model, params[rows], states, DAY, CLOSE_UP, threads)

    def slopes(rows: NDArray[np.intp], states: FloatArray) -> FloatArray:
        return untreated_slopes(model, params[rows], states, threads)

    near = np.full((len(y), y.shape[1], y.shape[1]), np.nan)
    days = approach(image, slopes, y, near, NEAR * TOLERANCE, -SLACK)
    for k, residual, monodromy in newton(days, y, patients, TOLERANCE, -SLACK):
        best.iterations[k] += 1
        # kept also without success: it tells how far from closing the last try was
        best.residual[k] = residual
        if residual < TOLERANCE:
            _accept(best, k, y[k], residual, monodromy)


def _accept(
    best: Orbits, k: np.intp, y: FloatArray, residual: float, monodromy: FloatArray
) -> None:
    # a disturbance shrinks by the largest modulus of an eigenvalue each day, or grows
    radius = float(np.max(np.abs(np.linalg.eigvals(monodromy))))
    best.residual[k], best.spectral_radius[k] = residual, radius
    # an orbit that repels is one too, but nobody lives on it
    if radius < 1.0 - NEUTRAL:
        best.y0[k] = y
        best.status[k] = Status.OK


def daily_means(
    model: Model, params: FloatArray, y0: FloatArray, threads: int | None = None,
    together: bool = False,
) -> FloatArray:  # fmt: skip
    """Mean of every observable over the first day without drug, (n, n_observables)."""
    if not len(params):
        return np.empty((0, len(model.observables)))
    measures = [Measure(name, "mean", 0.0, DAY) for name in model.observables]
    batch = replace(untreated(params, y0, DAY, MEANS, measures), together=together)
    return solve(model, batch, threads).reductions
