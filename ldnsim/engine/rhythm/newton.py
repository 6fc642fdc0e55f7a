"""Newton's method on the daily map of many patients at once.

``x <- x + (I - M)^-1 (Phi(x) - x)`` with the monodromy matrix ``M = dPhi/dx`` of each patient. All
patients of one round are solved in one batch; who has arrived, or is lost, leaves it. An image
costs a fiftieth of the matrix, so most steps are taken with one that is known from near by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import solved
from ldnsim.engine.solve.batch import FloatArray

Rows = NDArray[np.intp]
Days = Callable[[Rows], tuple[FloatArray, FloatArray]]
"""Rows to their states a day later (rows, n_states) and monodromy matrices (rows, n, n)."""
Image = Callable[[Rows, FloatArray], FloatArray]
"""Rows and states (rows, n_states) to the states a day later."""
Slopes = Callable[[Rows, FloatArray], FloatArray]
"""Rows and states (rows, n_states) to the monodromy matrices there (rows, n, n)."""
NEAR = 0.3
"""Share of the tolerance from which on the costly matrix has nothing left to do but to agree."""
FAR = 100.0
"""Steps are given up where the residual is that many times the least seen."""


def newton(
    days: Days, y: FloatArray, patients: Rows, tolerance: float, floor: float, most: int = 12
) -> Iterator[tuple[np.intp, float, FloatArray]]:
    """Iterate; changes ``y`` of the patients in place.

    Args:
        days: the daily map at the present ``y`` of some rows.
        y: states at midnight, (n, n_states).
        patients: rows to solve for; those with a state that is not finite are left alone.
        tolerance: a patient with a smaller residual has arrived.
        floor: no state is put below it: a step far below zero leads out of where the equations
            mean anything.
        most: rounds.

    Yields:
        patient, residual ``max |Phi(x) - x| / (1 + |x|)`` and monodromy matrix, once a round, at
        the state that ``y`` holds then.
    """
    # (k is a patient among all, row the same one among those still iterating)
    active = np.array([k for k in patients if np.all(np.isfinite(y[k]))], dtype=np.intp)
    eye = np.eye(y.shape[1])
    for _ in range(most):
        if not len(active):
            return
        after, monodromy = days(active)
        still = []
        for row, k in enumerate(active):
            # Phi(x) - x, and how far that is from nothing
            gap = after[row] - y[k]
            if not np.all(np.isfinite(monodromy[row])):
                continue  # a copy was lost: without a derivative there is no step
            residual = float(residuals(gap, y[k]))
            yield k, residual, monodromy[row]
            if residual < tolerance:
                continue
            y[k] = np.maximum(y[k] + solved(eye - monodromy[row], gap), floor)
            still.append(k)
        active = np.array(still, dtype=np.intp)


def broyden(
    image: Image, y: FloatArray, inverse: FloatArray, tolerance: float, floor: float,
    most: int = 12,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Take steps from matrices that are known near by, mended by what each step shows.

    Broyden's method (Math. Comp. 1965; 19: 577): the inverse of ``M - I`` is changed as little as
    makes it map the change of ``Phi(x) - x`` over the last step to that step. What changes it is
    kept as factors ``I + w s'``, so that all patients may share one matrix to begin with.

    Args:
        image: the daily map.
        y: states at midnight, (n, n_states).
        inverse: of ``M - I`` near by, (n, n_states, n_states), or one for all, (1, ...); NaN for
            no step.
        tolerance: no step is taken from a smaller residual.
        floor: no state is put below it.
        most: steps.

    Returns:
        states, (n, n_states): the best seen of each patient; and their residuals, infinite where
        none was seen.
    """
    n, size = len(y), 1.0 + np.abs(y)
    best, low, u = y.copy(), np.full(n, np.inf), y.copy()
    shared = len(inverse) == 1
    active = np.flatnonzero(np.isfinite(inverse).all(axis=(1, 2)) & np.isfinite(y).all(axis=1))
    steps, weights = np.zeros((most, *y.shape)), np.zeros((most, *y.shape))
    last = np.zeros_like(y)
    for k in range(most):
        if not len(active):
            break
        gaps = image(active, u[active]) - u[active]
        found = residuals(gaps, u[active])
        on = (found < FAR * low[active]) & (found > tolerance)
        better = found < low[active]
        best[active[better]], low[active[better]] = u[active[better]], found[better]
        active = active[on]
        # large states count by their size, as in the residual
        # (the same products, without copies of matrices where all are used)
        own = inverse if shared or len(active) == n else inverse[active]
        turn = np.matmul(own, gaps[on][:, :, None])[:, :, 0] / size[active]
        for s, w in zip(steps[: k - 1, active], weights[: k - 1, active], strict=True):
            turn += w * _along(s, turn)
        if k:
            step, turned = steps[k - 1, active], turn - last[active]
            along = _along(step, turned)
            # a step that was cut to nothing shows nothing
            w = np.divide(step - turned, along, out=np.zeros_like(step), where=along != 0.0)
            weights[k - 1, active] = w
            turn = turn + w * _along(step, turn)
        new = np.maximum(u[active] - size[active] * turn, floor)
        steps[k, active], last[active] = (new - u[active]) / size[active], turn
        u[active] = new
    return best, low


def _along(a: FloatArray, b: FloatArray) -> FloatArray:
    """Inner products of rows, (n, 1); each by itself, whatever rows stand beside it."""
    return np.asarray((a * b).sum(axis=1, keepdims=True))


def approach(
    image: Image, slopes: Slopes, y: FloatArray, near: FloatArray, enough: float, floor: float
) -> Days:
    """The daily map for :func:`newton`, which first comes as close as matrices from near by lead.

    Args:
        image: the daily map, as exact as orbits shall close.
        slopes: its derivative, which may be rougher: it leads to the orbit, but is not the orbit.
        y: states at midnight, (n, n_states); what is returned moves them.
        near: monodromy matrices from near by, (n, n_states, n_states), NaN for none; what is
            returned keeps the newest there.
        enough: residual from which on the matrix has nothing left to do but to agree.
        floor: no state is put below it.
    """

    def days(rows: Rows) -> tuple[FloatArray, FloatArray]:
        y[rows] = broyden(
            lambda at, u: image(rows[at], u), y[rows], inverses(near[rows]), enough, floor
        )[0]
        near[rows] = slopes(rows, y[rows])
        return image(rows, y[rows]), near[rows]

    return days


def inverses(matrices: FloatArray) -> FloatArray:
    """Inverses of ``M - I`` of monodromy matrices (n, k, k), NaN where one is not finite."""
    eye = np.eye(matrices.shape[1])
    found = np.full(matrices.shape, np.nan)
    for k in np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2))):
        found[k] = solved(matrices[k] - eye, eye)
    return found


def residuals(gap: FloatArray, y: FloatArray) -> FloatArray:
    """Largest change over a day, of ``1 + |state|``; over the last axis."""
    return np.asarray(np.max(np.abs(gap) / (1.0 + np.abs(y)), axis=-1))
