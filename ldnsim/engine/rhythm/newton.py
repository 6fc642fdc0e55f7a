"""Newton's method on the daily map of many patients at once.

``x <- x + (I - M)^-1 (Phi(x) - x)`` with the monodromy matrix ``M = dPhi/dx`` of each patient. All
patients of one round are solved in one batch; who has arrived, or is lost, leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.rhythm.day import solved
from ldnsim.engine.solve.batch import FloatArray

Days = Callable[[NDArray[np.intp]], tuple[FloatArray, FloatArray]]
"""Rows to their states a day later (rows, n_states) and monodromy matrices (rows, n, n)."""


def newton(
    days: Days, y: FloatArray, patients: NDArray[np.intp], tolerance: float, floor: float,
    most: int = 12,
) -> Iterator[tuple[np.intp, float, FloatArray]]:  # fmt: skip
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
            residual = float(np.max(np.abs(gap) / (1.0 + np.abs(y[k]))))
            yield k, residual, monodromy[row]
            if residual < tolerance:
                continue
            y[k] = np.maximum(y[k] + solved(eye - monodromy[row], gap), floor)
            still.append(k)
        active = np.array(still, dtype=np.intp)
