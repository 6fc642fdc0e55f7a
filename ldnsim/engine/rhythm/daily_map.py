"""The daily map of one patient, untreated or on a nightly dose, with its derivatives.

``x -> Phi(x; p)``: the state at midnight, one day later (the Poincare or stroboscopic map;
Kuznetsov, Elements of Applied Bifurcation Theory, chapter 1). With the same dose at the same clock
time every night the equations repeat every 24 h, so a treated patient's rhythm is a fixed point
``Phi(x) = x`` as the untreated one's is; it is stable where all eigenvalues of ``dPhi/dx``, the
multipliers, lie inside the unit circle. ``p`` is any parameter of the model, or the dose itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine import LANES
from ldnsim.engine.rhythm.day import CLOSE_UP_DOSED, DAY, MEANS, SETTLING, Tolerances
from ldnsim.engine.rhythm.shifted import by_state
from ldnsim.engine.solve.batch import Batch, BatchResult, FloatArray, solve
from ldnsim.measure import Measure
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import Model

DOSE = "dose"


@dataclass(frozen=True)
class DailyMap:
    """One patient's day as a map of the state at midnight.

    Attributes:
        model: the model.
        params: parameter vector, (n_parameters,).
        parameter: name of the parameter that varies, or ``"dose"``.
        step: shift of it by which the map is differentiated, in its own unit.
        middle: shifts go up below this value and down above it, so as to stay within bounds.
        dose: mg of naltrexone hydrochloride each day; what varies itself when that is the dose.
        clock: time of the dose, h after midnight.
        threads: worker threads.
    """

    model: Model
    params: FloatArray
    parameter: str
    step: float
    middle: float = np.inf
    dose: float = 0.0
    clock: float = 22.0
    threads: int | None = None

    def __call__(self, x: FloatArray, p: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """State a day later (n,), its derivative by the state (n, n) and by the parameter (n,).

        One group of eight more than the shifts of the state take is for the parameter.
        """
        # (Phi(x; p + d) - Phi(x; p)) / d, towards the middle of what p may be
        step = self.step if p < self.middle else -self.step
        by_p = np.empty(len(x))

        def map_(starts: FloatArray) -> FloatArray:
            # in the last group the second lane has the parameter shifted, not the state
            whole = np.vstack([starts, np.tile(x, (LANES, 1))])
            values = np.full(len(whole), p)
            values[1 - LANES] += step
            end = self._solve(whole, values, DAY, CLOSE_UP_DOSED).final
            by_p[:] = (end[1 - LANES] - end[-LANES]) / step
            return end[:-LANES]

        after, by_x = by_state(map_, x[None])
        return after[0], by_x[0], by_p

    def image(self, x: FloatArray, p: float) -> FloatArray:
        """State a day later alone, (n,): a tenth of the work."""
        end = self._solve(x[None], np.array([p]), DAY, CLOSE_UP_DOSED).final[0]
        return np.asarray(end, dtype=np.float64)

    def means(self, x: FloatArray, p: FloatArray) -> FloatArray:
        """Mean of every observable over one day from given states, (n, n_observables)."""
        wanted = [Measure(name, "mean", 0.0, DAY) for name in self.model.observables]
        return self._solve(x, p, DAY, MEANS, wanted).reductions

    def settle(self, x: FloatArray, p: FloatArray, days: int) -> FloatArray:
        """States after some days, (n, n_states); NaN where the solver gave up."""
        return self._solve(x, p, days * DAY, SETTLING).final

    def follow(
        self, x: FloatArray, p: FloatArray, days: int, observables: NDArray[np.int64],
        samples: int = 12,
    ) -> tuple[FloatArray, FloatArray]:  # fmt: skip
        """Daily means of some observables, (n, observables, days), and the last states.

        Args:
            x: states at midnight, (n, n_states).
            p: the parameter of each, (n,).
            days: how long.
            observables: indices.
            samples: equally spaced samples of each day that the mean is taken over.
        """
        # the midpoint rule, which for a smooth periodic curve is as good as any
        times = (np.arange(days * samples) + 0.5) * DAY / samples
        done = self._solve(x, p, days * DAY, SETTLING, times=times, observables=observables)
        shape = (len(x), len(observables), days, samples)
        return done.traj.reshape(shape).mean(axis=3), done.final

    def _solve(
        self, y0: FloatArray, values: FloatArray, hours: float, tolerances: Tolerances,
        reductions: list[Measure] | None = None, times: FloatArray | None = None,
        observables: NDArray[np.int64] | None = None,
    ) -> BatchResult:  # fmt: skip
        # the same dose at the same time every day, in every run; no events at all without one
        n, days, (rtol, atol) = len(y0), round(hours / DAY), tolerances
        # what varies is the dose, or one column of the parameters
        params = np.tile(self.params, (n, 1))
        mg = np.full(n, self.dose)
        if self.parameter == DOSE:
            mg = values
        else:
            params[:, self.model.parameter_index[self.parameter]] = values
        # steps end on events, so that a dose of zero mg would still change the steps
        taken = days if np.any(mg != 0.0) else 0
        depot = self.model.state_index["gut_fast"]
        batch = Batch(
            params, y0, np.arange(n + 1, dtype=np.int64) * taken,
            np.tile(np.arange(taken) * DAY + self.clock, n),
            np.full(n * taken, depot, dtype=np.int64),
            np.repeat(mg * NMOL_PER_MG, taken), hours,
            np.empty(0) if times is None else times,
            np.empty(0, np.int64) if observables is None else observables,
            reductions or [], rtol, np.full(y0.shape[1], atol), h_max=24.0, max_steps=2_000_000,
        )  # fmt: skip
        return solve(self.model, batch, self.threads, block=32)
