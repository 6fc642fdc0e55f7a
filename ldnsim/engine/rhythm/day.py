"""A patient's days, without drug or with a dose each: the flow of the equations, linear systems.

With ``phi(t; y)`` the solution that starts in ``y`` at midnight, ``flow`` is ``phi(hours; y)`` and
the map of the state one day later is ``Phi(y) = phi(24 h; y)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldnsim.engine.solve.batch import Batch, FloatArray, solve
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model

DAY = 24.0  # h
Tolerances = tuple[float, float]
"""Relative tolerance, and absolute tolerance of every state."""
ROUGH: Tolerances = (3e-3, 3e-5)
"""Days that lead to an orbit, and shifted copies: a map of its own, as smooth as the exact one. At
1e-2 steps are so long that a fast loop may look as if it grew."""
SETTLING: Tolerances = (1e-6, 1e-8)
"""Weeks until a patient has settled: Newton's method begins where they end."""
MEANS: Tolerances = (1e-5, 1e-7)
"""A day on an orbit that is known: means are right to 1e-8, closer than the orbit itself."""
CLOSE_UP: Tolerances = (1e-7, 1e-9)
"""Days that orbits close in, and that small differences are taken from: with tighter ones no orbit
moves by 1e-9 of its size."""


def untreated(params: FloatArray, y0: FloatArray, hours: float, tolerances: Tolerances,
              reductions: Sequence[Measure] = ()) -> Batch:  # fmt: skip
    """Runs without a single event: parameters (n, n_parameters), states at midnight (n, n_states).

    Args:
        params: of each run.
        y0: of each run.
        hours: how long.
        tolerances: relative, and absolute of every state the same.
        reductions: numbers to compute while solving.
    """
    # h_max of a whole day: without doses nothing but the clock moves, and that is smooth; nor is
    # there an event at midnight to begin in small steps after
    none, no_int, (rtol, atol) = np.empty(0), np.empty(0, np.int64), tolerances
    return Batch(
        params, y0, np.zeros(len(params) + 1, np.int64), none, no_int, none, hours,
        none, no_int, reductions, rtol, np.full(y0.shape[1], atol), h_start=0.5,
        h_max=24.0, max_steps=200_000,
    )  # fmt: skip


def dosed(model: Model, batch: Batch, mg: FloatArray, clock: float) -> Batch:
    """The same runs with a dose at the same time of every day.

    Args:
        model: the model, which says where a dose goes.
        batch: runs without events over whole days.
        mg: naltrexone hydrochloride of each run, (n,).
        clock: time of the dose, h after midnight.
    """
    # the same events in every run; without a dose none at all: steps end on events, so that doses
    # of zero mg would still change the steps
    n = len(mg)
    days = round(batch.t_end / DAY) if np.any(mg != 0.0) else 0
    return replace(
        batch, event_offsets=np.arange(n + 1, dtype=np.int64) * days,
        event_time=np.tile(np.arange(days) * DAY + clock, n),
        event_target=np.full(n * days, model.state_index["gut_fast"], dtype=np.int64),
        event_value=np.repeat(mg * NMOL_PER_MG, days), h_start=0.05, max_steps=2_000_000,
    )  # fmt: skip


def flow(model: Model, params: FloatArray, y0: FloatArray, hours: float, tolerances: Tolerances,
         threads: int | None, together: bool = False) -> FloatArray:  # fmt: skip
    """``phi(hours; y0)`` of each row, (n, n_states); NaN where the solver gave up."""
    batch = replace(untreated(params, y0, hours, tolerances), together=together)
    return solve(model, batch, threads).final


def solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solution of a linear system; the least one in squares where the matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    # I - M is singular where a state never moves back: any distance is as good, take the least
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0], dtype=np.float64)
