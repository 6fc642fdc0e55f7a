"""Solve one short run twice, with the compiled kernels and with SciPy on the plain equations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine.solve.batch import Batch, solve
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model
from ldnsim.runs.accuracy import CHECKED, CHECKED_SLOWLY

DOSE_NMOL, BEDTIME, END = 4.5 * NMOL_PER_MG, 22.0, 48.0


def compare_with_scipy(model: Model) -> float:
    """Return the largest difference at the end of the run, relative to each state's size.

    The run is one dose of 4.5 mg at 22:00 from the model's starting guess, followed for 26 hours;
    the reference is Radau at a tolerance of 1e-9 on the equations as plain Python.
    """
    ours, reference = _kernels(model), _scipy(model)
    return float(np.max(np.abs(ours - reference) / np.maximum(np.abs(reference), 1e-3)))


def _kernels(model: Model) -> NDArray[np.float64]:
    batch = Batch(
        params=model.defaults()[None, :],
        y0=model.start(False)[None, :],
        event_offsets=np.array([0, 1], dtype=np.int64),
        event_time=np.array([BEDTIME]),
        event_target=np.array([model.state_index["gut_fast"]], dtype=np.int64),
        event_value=np.array([DOSE_NMOL]),
        t_end=END,
        out_times=np.array([END]),
        out_obs=np.array([model.observable_index[n] for n in model.states], dtype=np.int64),
        rtol=CHECKED,
    )
    return np.asarray(solve(model, batch, threads=1).traj[0, :, 0], dtype=float)


def _scipy(model: Model) -> NDArray[np.float64]:
    from scipy.integrate import solve_ivp

    parameters, y, (rtol, atol) = model.defaults(), model.start(False), CHECKED_SLOWLY
    for begin, end in ((0.0, BEDTIME), (BEDTIME, END)):
        if begin > 0:
            y[model.state_index["gut_fast"]] += DOSE_NMOL
        done = solve_ivp(
            model.rates, (begin, end), y, "Radau", args=(parameters,), rtol=rtol, atol=atol
        )
        y = done.y[:, -1]
    return np.asarray(y, dtype=float)
