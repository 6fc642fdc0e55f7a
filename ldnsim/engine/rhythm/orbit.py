"""The untreated patient: the 24 h periodic orbit, solved for, one basin at a time.

With a daily rhythm nobody rests at a fixed point. The orbit is the fixed point of the Poincare
map ``x -> Phi(x)``, the state one day later without drug. It is found from that of the model's
default patient, or by letting the patient settle, and then by Newton's method on ``Phi(x) - x``,

``x <- x + (I - M)^-1 (Phi(x) - x)``,

with the monodromy matrix ``M = dPhi/dx`` from finite differences; the spectral radius of that
matrix tells a stable orbit from an unstable one (Kuznetsov, Elements of Applied Bifurcation Theory,
chapter 1). Which basin an orbit lies in is the model's to say (:attr:`Model.inflamed`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.closing import Search
from ldnsim.engine.rhythm.day import DAY, MEANS, untreated
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.search import lead, settle, tell
from ldnsim.engine.solve.batch import FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model


@dataclass(frozen=True)
class Orbits:
    """Untreated daily orbits of ``n`` patients.

    Attributes:
        y0: state at midnight, (n, n_states); NaN where none was found.
        mean: 24 h mean of every observable, (n, n_observables).
        residual: largest ``|Phi(x) - x| / (1 + |x|)``, (n,).
        iterations: monodromy matrices taken, (n,).
        spectral_radius: of the last one, below 1 for a stable orbit, (n,); right to 1e-3.
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

    Patients who differ only in what an untreated patient does not feel share one orbit. What is
    found of a patient depends on nobody else: it is the same bits alone and in any company.

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
    found = Search.of(model, params, flags, threads)
    mean = np.full((len(params), len(model.observables)), np.nan)
    lead(found)
    new = _look(found, mean, np.flatnonzero(found.status == Status.OK))
    # led to the other basin: it may still be that own settling leads to an orbit of the own one
    found.status[found.status != Status.OK] = Status.NO_ORBIT
    settle(found)
    tell(found)
    _look(found, mean, np.setdiff1d(np.flatnonzero(found.status == Status.OK), new))
    found.y[found.status != Status.OK] = np.nan
    mean[found.status != Status.OK] = np.nan
    return Orbits(found.y, mean, found.residual, found.matrices, found.radius, found.status)


def _look(found: Search, mean: FloatArray, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Follow orbits for a day: fill in means; those that are what was asked for."""
    mean[rows] = daily_means(found.model, found.params[rows], found.y[rows], found.threads)
    # a fixed point of the map may still have quantities that are not finite during the day
    found.status[rows[~np.isfinite(mean[rows]).all(axis=1)]] = Status.NOT_FINITE
    # an orbit of the other basin is an orbit, but not of the patient asked for
    flags = found.inflamed[rows]
    wrong = basins(found.model, found.params[rows], mean[rows], flags) != flags
    found.status[rows[wrong & (found.status[rows] == Status.OK)]] = Status.NO_SUCH_BASIN
    return np.asarray(rows[found.status[rows] == Status.OK])


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
