"""SciPy's LSODA with a right-hand side compiled by numba, from dose to dose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.engines.base import Engine, FloatArray
from benchmarks.engines.equations import fixed_values, numba_rates
from benchmarks.engines.problem import STATES, Problem, absolute, dose_to_dose

_PACKAGES = ("scipy", "numba", "numpy")


class _Scipy(Engine):
    packages = _PACKAGES
    most = 16
    rates: Callable[..., None]

    def prepare(self, problem: Problem) -> None:
        """Compile the right-hand side."""
        self.rates = numba_rates()
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """One run after the other."""
        k = fixed_values(problem.params)
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        for run in range(len(problem)):
            advance = self.advance(k[run], rtol, absolute(rtol))
            try:
                out[run] = dose_to_dose(problem, run, advance)
            except RuntimeError:
                continue
        return out

    def advance(self, k: FloatArray, rtol: float, atol: FloatArray) -> Callable[..., FloatArray]:
        """The function that takes one run from one dose to the next."""
        raise NotImplementedError


class SolveIvp(_Scipy):
    """The interface SciPy recommends."""

    label = "SciPy solve_ivp LSODA"
    method = "LSODA, numba right-hand side"

    def advance(self, k: FloatArray, rtol: float, atol: FloatArray) -> Callable[..., FloatArray]:
        """LSODA through solve_ivp."""
        from scipy.integrate import solve_ivp

        rates = self.rates

        def rhs(t: float, y: FloatArray) -> FloatArray:
            dy = np.empty_like(y)
            rates(t, y, dy, k)
            return dy

        def step(t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
            stops = np.unique([*at, t1])
            solved = solve_ivp(rhs, (t0, t1), y, "LSODA", stops, rtol=rtol, atol=atol)
            if not solved.success:
                raise RuntimeError(solved.message)
            return np.vstack([solved.y.T[: len(at)], solved.y[:, -1]])

        return step


class Odeint(_Scipy):
    """The older interface, whose loop is compiled."""

    label = "SciPy odeint"
    method = "LSODA in compiled code, numba right-hand side"
    most = 64

    def advance(self, k: FloatArray, rtol: float, atol: FloatArray) -> Callable[..., FloatArray]:
        """LSODA through odeint."""
        from scipy.integrate import odeint

        rates, dy = self.rates, np.empty(len(STATES))

        def rhs(t: float, y: FloatArray) -> FloatArray:
            rates(t, y, dy, k)
            return dy

        def step(t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
            stops = np.unique([t0, *at, t1])
            found, told = odeint(rhs, y, stops, rtol=rtol, atol=atol, tfirst=True, tcrit=[t1],
                                 mxstep=100_000, full_output=True)  # fmt: skip
            if told["message"] != "Integration successful.":
                raise RuntimeError(told["message"])
            return np.vstack([found[1 : len(at) + 1], found[-1]])

        return step
