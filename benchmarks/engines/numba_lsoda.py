"""numbalsoda: LSODA and DOP853 called from numba code, right-hand side a numba cfunc."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Engine, FloatArray, segments
from benchmarks.engines.equations import fixed_values, numba_rates
from benchmarks.engines.problem import GUT, SCALES, STATES, Problem, absolute


class Lsoda(Engine):
    """LSODA in C++, with one absolute tolerance: for states in units of their usual size."""

    label = "numbalsoda lsoda"
    needs = ("numbalsoda",)
    packages = ("numbalsoda", "numba")
    method = "LSODA, nothing in Python"
    most = 64
    solver: ClassVar[str] = "lsoda"
    loop: Any
    address: int

    def prepare(self, problem: Problem) -> None:
        """Compile the right-hand side and the loop over runs."""
        import numba
        import numbalsoda

        rates, ns, nk = numba_rates(), len(STATES), fixed_values(problem.params[:1]).shape[1]
        usual = SCALES

        @numba.cfunc(numbalsoda.lsoda_sig)
        def rhs(t, u, du, p):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            x, dx = numba.carray(u, (ns,)), numba.carray(du, (ns,))
            y = np.empty(ns)
            for i in range(ns):
                y[i] = x[i] * usual[i]
            rates(t, y, dx, numba.carray(p, (nk,)))
            for i in range(ns):
                dx[i] /= usual[i]

        self._keep = rhs
        self.address = rhs.address
        solver = getattr(numbalsoda, self.solver)

        @numba.njit(nogil=True)
        def loop(address, y0, k, start, stop, dose, wanted, place, rtol, atol, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            most = wanted.shape[2]
            for run in range(len(y0)):
                y = y0[run] / usual
                for piece in range(start.shape[1]):
                    t0, t1 = start[run, piece], stop[run, piece]
                    y[GUT] += dose[run, piece] / usual[GUT]
                    if t1 <= t0:
                        continue
                    stops = np.empty(most + 2)
                    stops[0] = t0
                    n = 1
                    for j in range(most):
                        if place[run, piece, j] >= 0 and wanted[run, piece, j] < t1:
                            stops[n] = wanted[run, piece, j]
                            n += 1
                    stops[n] = t1
                    found, good = solver(address, y, stops[: n + 1], k[run], rtol, atol, 100_000)
                    if not good:
                        break
                    y = found[n].copy()
                    for j in range(most):
                        if place[run, piece, j] >= 0:
                            out[run, :, place[run, piece, j]] = usual * found[min(j + 1, n)]

        self.loop = loop
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """All runs in one compiled loop."""
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        s = segments(problem)
        self.loop(self.address, problem.y0, fixed_values(problem.params), s.start, s.stop, s.dose,
                  s.wanted, s.place, rtol, float(absolute(rtol)[0] / SCALES[0]), out)  # fmt: skip
        return out


class Dop853(Lsoda):
    """DOP853 in Fortran."""

    label = "numbalsoda dop853"
    method = "explicit 8(5,3), nothing in Python"
    solver = "dop853"
