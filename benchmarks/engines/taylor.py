"""heyoka: Taylor series of high order, written for the equations and compiled by LLVM."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Engine, FloatArray, Segments, segments
from benchmarks.engines.equations import equations, fixed_values, python_text
from benchmarks.engines.problem import GUT, SCALES, STATES, Problem


class Heyoka(Engine):
    """Eight runs a vector that go from dose to dose together, each with steps of its own.

    Its one tolerance counts for every variable: these are states in units of their usual size.
    """

    label = "heyoka"
    needs = ("heyoka",)
    packages = ("heyoka",)
    method = "Taylor series, 8 runs a vector, LLVM"
    lanes: ClassVar[int] = 8
    integrators: dict[float, Any]

    def prepare(self, problem: Problem) -> None:
        """Nothing yet: a tolerance fixes the order, so each has an integrator of its own."""
        self.integrators = {}

    def compile_for(self, problem: Problem, rtol: float) -> None:
        """Build the integrator of a tolerance, unless that is done."""
        import heyoka

        if rtol in self.integrators:
            return

        class Functions:
            cos, sin, sqrt = heyoka.cos, heyoka.sin, heyoka.sqrt

        space: dict[str, Any] = {"math": Functions}
        exec(python_text("list", "rates(t, y, k)"), space)
        scaled = heyoka.make_vars(*(f"x{i:03d}" for i in range(len(STATES))))
        given = [heyoka.par[i] for i in range(len(equations().used))]
        usual = SCALES.tolist()
        y = [x * size for x, size in zip(scaled, usual, strict=True)]
        rates = space["rates"](heyoka.time, y, given)
        system = [(x, r / size) for x, r, size in zip(scaled, rates, usual, strict=True)]
        zeros = np.zeros((len(STATES), self.lanes))
        self.integrators[rtol] = heyoka.taylor_adaptive_batch(
            system, zeros, pars=np.ones((len(given), self.lanes)), tol=rtol
        )

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """Eight runs after the other; the last eight are filled up from the first."""
        integrator, n = self.integrators[rtol], len(problem)
        cut, k = segments(problem), fixed_values(problem.params)
        out = np.full((n, len(STATES), len(problem.outputs)), np.nan)
        for first in range(0, n, self.lanes):
            rows = np.arange(first, first + self.lanes) % n
            integrator.state[:] = (problem.y0[rows] / SCALES).T
            integrator.pars[:] = k[rows].T
            integrator.set_time(0.0)
            for piece in range(cut.start.shape[1]):
                integrator.state[GUT] += cut.dose[rows, piece] / SCALES[GUT]
                _piece(integrator, cut, rows, piece, out)
        return out


def _piece(integrator: Any, cut: Segments, rows: Any, piece: int, out: FloatArray) -> None:
    """Go on to the next dose; outputs on the way come from the Taylor polynomials of the steps."""
    wanted, place = cut.wanted[rows, piece], cut.place[rows, piece]
    start, stop = cut.start[rows, piece], cut.stop[rows, piece]
    grid = np.column_stack([start, wanted, stop])
    if (np.diff(grid, axis=1) > 0.0).all():
        found = integrator.propagate_grid(np.ascontiguousarray(grid.T))[1]
        states = found[1:-1]  # (outputs, states, lanes)
    else:  # lanes with outputs of their own
        states = []
        for moment in wanted.T:
            integrator.propagate_until(np.ascontiguousarray(moment))
            states.append(integrator.state.copy())
        integrator.propagate_until(np.ascontiguousarray(stop))
    for slot, values in enumerate(states):
        used = place[:, slot] >= 0
        out[rows[used], :, place[used, slot]] = (values.T * SCALES)[used]
