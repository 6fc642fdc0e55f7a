"""The daily map of one patient, untreated or on a nightly dose, with its derivatives.

``x -> Phi(x; p)``: the state at midnight, one day later (the Poincare or stroboscopic map;
Kuznetsov, Elements of Applied Bifurcation Theory, chapter 1). With the same dose at the same clock
time every night the equations repeat every 24 h, so a treated patient's rhythm is a fixed point
``Phi(x) = x`` as the untreated one's is; it is stable where all eigenvalues of ``dPhi/dx``, the
multipliers, lie inside the unit circle. ``p`` is any parameter of the model, or the dose itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ldnsim.engine import LANES
from ldnsim.engine.rhythm.day import (
    CLOSE_UP,
    DAY,
    MEANS,
    SETTLING,
    Tolerances,
    dosed,
    untreated,
)  # fmt: skip
from ldnsim.engine.rhythm.shifted import by_state
from ldnsim.engine.solve.batch import BatchResult, FloatArray, solve
from ldnsim.measure import Measure
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
            # one call for all: a call of its own would take other steps, and their difference
            # would be in the derivative
            end = self._solve(whole, values, DAY, CLOSE_UP, together=True).final
            by_p[:] = (end[1 - LANES] - end[-LANES]) / step
            return end[:-LANES]

        after, by_x = by_state(map_, x[None])
        return after[0], by_x[0], by_p

    def image(self, x: FloatArray, p: float) -> FloatArray:
        """State a day later alone, (n,): a tenth of the work."""
        # not one of the group's lanes above, so other steps: good to look ahead, not to differ
        end = self._solve(x[None], np.array([p]), DAY, CLOSE_UP).final[0]
        return np.asarray(end, dtype=np.float64)

    def means(self, x: FloatArray, p: FloatArray) -> FloatArray:
        """Mean of every observable over one day from given states, (n, n_observables)."""
        # integrated by the solver while it steps: no samples to choose, and closer than those
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
        reductions: Sequence[Measure] = (), times: FloatArray | None = None,
        observables: NDArray[np.int64] | None = None, together: bool = False,
    ) -> BatchResult:  # fmt: skip
        n = len(y0)
        batch = untreated(self.vectors(values), y0, hours, tolerances, reductions)
        batch = replace(batch, together=together)
        if times is not None and observables is not None:
            batch = replace(batch, out_times=times, out_obs=observables)
        mg = values if self.parameter == DOSE else np.full(n, self.dose)
        batch = dosed(self.model, batch, mg, self.clock)
        return solve(self.model, batch, self.threads)

    def vectors(self, values: FloatArray) -> FloatArray:
        """Parameter vectors at values of what varies, (n, n_parameters); all alike for a dose."""
        params = np.tile(self.params, (len(values), 1))
        if self.parameter != DOSE:
            params[:, self.model.parameter_index[self.parameter]] = values
        return params
