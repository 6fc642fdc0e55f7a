"""Shifted copies of one patient beside the patient: the ground for derivatives by differences.

Every group of eight lanes carries the unshifted patient and seven copies. Lanes of a group share
their steps, so a copy minus its own patient is the change of one and the same discrete map, which
is as smooth as the equations, however loose the tolerance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine import LANES
from ldnsim.engine.rhythm.orbit import DAY, _day, _flow, _solve
from ldnsim.engine.solve.batch import FloatArray
from ldnsim.model import Model

COPIES = LANES - 1
CLOSE = 1e-10
"""Largest accepted change over one day of a copy relative to its patient, of ``1 + |state|``."""
_MOST = 12


def rows(copies: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the copies, and of the patient each of them is compared with, both (copies,)."""
    at = np.arange(copies, dtype=np.int64)
    lead = LANES * (at // COPIES)
    return lead + 1 + at % COPIES, lead


def beside(base: FloatArray, copies: FloatArray) -> FloatArray:
    """Lay copies out in groups led by the patient.

    Args:
        base: of the patient, (k,).
        copies: (n, k).

    Returns:
        whole groups, (8 ceil(n / 7), k); rows that are left over hold the patient.
    """
    laid = np.tile(base, (LANES * -(-len(copies) // COPIES), 1))
    laid[rows(len(copies))[0]] = copies
    return laid


def shifted_orbits(
    model: Model,
    params: FloatArray,
    y0: FloatArray,
    shifted: FloatArray,
    threads: int | None = None,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Untreated orbits of copies with slightly other parameters, relative to the patient's own.

    The first step is that of the implicit function theorem, ``dy = (I - M)^-1 dPhi`` with the
    patient's monodromy matrix ``M``; repeating it with the same matrix closes the rest.

    Args:
        model: what the parameters are of.
        params: the patient's, (n_parameters,).
        y0: the patient's untreated state at midnight, (n_states,).
        shifted: parameters of the copies, (n, n_parameters).
        threads: worker threads.

    Returns:
        states at midnight laid out as by :func:`beside`, and whether each row closed.
    """
    many = beside(params, shifted)
    lead = LANES * (np.arange(len(many)) // LANES)
    states, matrix = _laid(model, params, y0, len(many), threads)
    for _ in range(_MOST):
        end = _flow(model, many, states, DAY, 1e-9, threads)
        gap = (end - end[lead]) - (states - states[lead])
        size = np.max(np.abs(gap) / (1.0 + np.abs(states)), axis=1)
        if not np.nanmax(size) > CLOSE:
            break
        states = states + _solve(matrix, gap.T).T
    return states, np.asarray(size <= CLOSE)


def _laid(
    model: Model, params: FloatArray, y0: FloatArray, n: int, threads: int | None
) -> tuple[FloatArray, FloatArray]:
    """The patient's state in every row, and the matrix ``I - M``."""
    _, monodromy = _day(model, params[None], y0[None], threads)
    return np.tile(y0, (n, 1)), np.eye(len(y0)) - monodromy[0]
