"""Newton's method on the daily map of many patients at once.

``x <- x + (I - M)^-1 (Phi(x) - x)`` with the monodromy matrix ``M = dPhi/dx`` of each patient. All
patients of one round are solved in one batch; who has arrived, or is lost, leaves it. An image
costs a fiftieth of the matrix, so steps can be taken with a matrix of before (the chord method) as
long as they lead somewhere.
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


def chord(
    image: Image, y: FloatArray, matrices: FloatArray, tolerance: float, floor: float,
    most: int = 10,
) -> FloatArray:  # fmt: skip
    """Take steps with matrices that are known, as long as each halves the residual.

    Args:
        image: the daily map.
        y: states at midnight, (n, n_states).
        matrices: monodromy matrices near by, (n, n_states, n_states); NaN for no step.
        tolerance: no step is taken from a smaller residual.
        floor: no state is put below it.
        most: steps.

    Returns:
        states, (n, n_states): the best seen of each patient.
    """
    best, u, eye = y.copy(), y.copy(), np.eye(y.shape[1])
    last = np.full(len(y), np.inf)
    active = np.flatnonzero(np.isfinite(matrices).all(axis=(1, 2)) & np.isfinite(y).all(axis=1))
    inverse = {k: solved(eye - matrices[k], eye) for k in active}
    for _ in range(most):
        if not len(active):
            break
        gap = image(active, u[active]) - u[active]
        found = residuals(gap, u[active])
        # NaN is no improvement
        better = found < 0.5 * last[active]
        best[active[better]], last[active[better]] = u[active[better]], found[better]
        on = better & (found > tolerance)
        for k, step in zip(active[on], gap[on], strict=True):
            u[k] = np.maximum(u[k] + inverse[k] @ step, floor)
        active = active[on]
    return best


def residuals(gap: FloatArray, y: FloatArray) -> FloatArray:
    """Largest change over a day, of ``1 + |state|``; over the last axis."""
    return np.asarray(np.max(np.abs(gap) / (1.0 + np.abs(y)), axis=-1))
