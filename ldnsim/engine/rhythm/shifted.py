"""Shifted copies of one patient beside the patient: the ground for derivatives by differences.

``dPhi/dy_i = (Phi(y + e_i d_i) - Phi(y)) / d_i``. Every group of eight lanes carries the unshifted
patient and seven copies. Lanes of a group share their steps, so a copy minus its own patient is the
change of one and the same discrete map, which is as smooth as the equations, however loose the
tolerance: nothing of the steps' own errors is divided by the small shift.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine import LANES
from ldnsim.engine.rhythm.day import CLOSE_UP, DAY, SETTLING, flow, solved
from ldnsim.engine.solve.batch import FloatArray
from ldnsim.influence import drug_states
from ldnsim.model import Model

COPIES = LANES - 1
CLOSE = 1e-10
"""Largest accepted change over one day of a copy relative to its patient, of ``1 + |state|``."""
SHIFT = 1e-5
"""Shift of a state for a derivative, relative to its size."""
LEAST = 1e-2
"""Smallest size of a state in that: what is near zero is shifted too."""
_MOST = 12


def rows(copies: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the copies, and of the patient each of them is compared with, both (copies,)."""
    # copy i is in group i // 7, behind the patient in its first lane
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
    # whole groups only, or the last would be filled up with others
    laid = np.tile(base, (LANES * -(-len(copies) // COPIES), 1))
    laid[rows(len(copies))[0]] = copies
    return laid


def by_state(
    map_: Callable[[FloatArray], FloatArray], y: FloatArray, states: NDArray[np.int64] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Image of states under a map, and its derivative by the state.

    Args:
        map_: as in :func:`differences`.
        y: states, (n, n_states).
        states: indices of those to differentiate by, all by default; columns of others are zero.

    Returns:
        images (n, n_states), and derivatives (n, n_states, n_states): row by image, column by
        state.
    """
    n, size = y.shape
    states = np.arange(size) if states is None else states
    shift = shifts(y)[:, states]
    # in copy i of each patient, state i is shifted
    moved = np.zeros((n, len(states), size))
    moved[:, np.arange(len(states)), states] = shift
    image, change = differences(map_, y, moved)
    slopes = np.zeros((n, size, size))
    slopes[:, :, states] = (change / shift[:, :, None]).transpose(0, 2, 1)
    return image, slopes


def shifts(y: FloatArray) -> FloatArray:
    """Shifts of states for derivatives, as ``y``."""
    # far above rounding, small beside where the equations bend; the sign does not matter
    return np.asarray(SHIFT * np.maximum(np.abs(y), LEAST))


def differences(
    map_: Callable[[FloatArray], FloatArray], y: FloatArray, moved: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Image of states under a map, and how much further shifted copies of them come.

    Args:
        map_: rows of states (rows, n_states) to their images; rows come in whole groups of eight,
            those of each patient of ``y`` together, led by the patient.
        y: states, (n, n_states).
        moved: shifts of the copies of each, (n, copies, n_states).

    Returns:
        images (n, n_states), and differences (n, copies, n_states).
    """
    n, copies, size = moved.shape
    at, lead = rows(copies)
    starts = np.repeat(y[:, None, :], LANES * -(-copies // COPIES), axis=1)
    starts[:, at] += moved
    # all patients and copies in one go: the solver takes groups of eight from it
    end = map_(starts.reshape(-1, size)).reshape(n, -1, size)
    # a difference within a group, where the steps are the same: smooth in the shift
    return end[:, 0], end[:, at] - end[:, lead]


@functools.cache
def living(model: Model) -> NDArray[np.int64]:
    """Indices of the states that move in an untreated patient: all but those of the drug."""
    return np.setdiff1d(np.arange(len(model.states)), drug_states(model))


def untreated_slopes(
    model: Model, params: FloatArray, y: FloatArray, threads: int | None
) -> FloatArray:
    """Monodromy matrices ``dPhi/dy`` of untreated patients, (n, n_states, n_states).

    Columns of the drug's states are zero: these stay at zero whatever the others do, so that the
    matrix leads to the orbit, and its radius tells whether the patient returns, without them. The
    tolerance is that of settling: the derivative is of the discrete map, and that map is near.

    Args:
        model: what the parameters are of.
        params: (n, n_parameters).
        y: states at midnight, (n, n_states).
        threads: worker threads.
    """

    def map_(starts: FloatArray) -> FloatArray:
        # as many rows for each patient, one patient after the other
        many = np.repeat(params, len(starts) // len(params), axis=0)
        return flow(model, many, starts, DAY, SETTLING, threads, together=True)

    return by_state(map_, y, living(model))[1]


def shifted_orbits(
    model: Model,
    params: FloatArray,
    y0: FloatArray,
    shifted: FloatArray,
    threads: int | None = None,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Untreated orbits of copies with slightly other parameters, relative to the patient's own.

    An orbit is ``Phi(y; p) = y``. A change ``dp`` of parameters moves it by
    ``dy = (I - M)^-1 dPhi`` (implicit function theorem), with the patient's monodromy matrix ``M``
    and ``dPhi`` the change of the image alone; repeating that step with the same matrix (simplified
    Newton) closes the rest.

    Args:
        model: what the parameters are of.
        params: the patient's, (n_parameters,).
        y0: the patient's untreated state at midnight, (n_states,).
        shifted: parameters of the copies, (n, n_parameters).
        threads: worker threads.

    Returns:
        states at midnight laid out as by :func:`beside`, and whether each row closed.
    """
    # the patient in the first lane of every group, or a copy would have nothing to be held against
    many = beside(params, shifted)
    # every row, those left over as well, is compared with the first of its group
    lead = LANES * (np.arange(len(many)) // LANES)
    matrix = np.eye(len(y0)) - untreated_slopes(model, params[None], y0[None], threads)[0]
    states = np.tile(y0, (len(many), 1))
    # dy <- dy + (I - M)^-1 (what is missing to Phi(y + dy; p + dp) - Phi(y; p) = dy)
    for _ in range(_MOST):
        end = flow(model, many, states, DAY, CLOSE_UP, threads, together=True)
        # how much further than its patient each copy went than it was ahead
        gap = (end - end[lead]) - (states - states[lead])
        size = np.max(np.abs(gap) / (1.0 + np.abs(states)), axis=1)
        # rows that are lost are NaN and hold up no other
        if not np.nanmax(size) > CLOSE:
            break
        states = states + solved(matrix, gap.T).T
    return states, np.asarray(size <= CLOSE)
