"""CVODE of SUNDIALS as scikit-sundae's wheel brings it, with the exact Jacobian.

Twice: by the interface of scikit-sundae, which calls Python for every right-hand side, and by the
C functions of the same libraries, which call what numba compiled.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.engines.base import Engine, FloatArray
from benchmarks.engines.equations import fixed_values, numba_jacobian, numba_rates
from benchmarks.engines.problem import STATES, Problem, absolute, dose_to_dose

_NS = len(STATES)
_MOST_STEPS = 1_000_000
_BDF, _NORMAL = 2, 1


class Cvode(Engine):
    """The interface of scikit-sundae."""

    label = "scikit-sundae CVODE"
    needs = ("sksundae",)
    packages = ("scikit-sundae", "numba")
    method = "BDF, exact Jacobian; Python calls functions compiled by numba"
    most = 32
    rates: Callable[..., None]
    jacobian: Callable[..., None]

    def prepare(self, problem: Problem) -> None:
        """Compile right-hand side and Jacobian."""
        self.rates, self.jacobian = numba_rates(), numba_jacobian()
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """One run after the other."""
        k = fixed_values(problem.params, jacobian=True)
        out = np.full((len(problem), _NS, len(problem.outputs)), np.nan)
        for run in range(len(problem)):
            try:
                out[run] = dose_to_dose(problem, run, self.advance(k[run], rtol))
            except RuntimeError:
                continue
        return out

    def advance(self, k: FloatArray, rtol: float) -> Callable[..., FloatArray]:
        """The function that takes one run from one dose to the next."""
        from sksundae.cvode import CVODE

        rates, jacobian = self.rates, self.jacobian

        def rhs(t: float, y: FloatArray, dy: FloatArray) -> None:
            rates(t, y, dy, k)

        def jac(t: float, y: FloatArray, dy: FloatArray, matrix: FloatArray) -> None:
            jacobian(t, y, matrix, k)

        solver = CVODE(rhs, jacfn=jac, method="BDF", linsolver="dense", rtol=rtol,
                       atol=absolute(rtol), max_num_steps=_MOST_STEPS)  # fmt: skip

        def step(t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
            solver.init_step(t0, y)
            stops = np.unique([*at, t1])
            found = []
            for stop in stops:
                solved = solver.step(stop, tstop=t1)
                if not solved.success:
                    raise RuntimeError(solved.message)
                found.append(np.array(solved.y))
            return np.vstack([*found[: len(at)], found[-1]])

        return step


def _libraries() -> list[Path]:
    """Shared libraries in the wheel, those that others need first; none where it has none."""
    import importlib.util

    found = importlib.util.find_spec("sksundae")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent.parent / "scikit_sundae.libs"
    kinds = ("core", "nvecserial", "sunmatrixdense", "sunlinsoldense", "cvode")
    return [next(iter(folder.glob(f"libsundials_{k}-*.so*")), folder / "none") for k in kinds]


class CvodeCompiled(Cvode):
    """The C functions of the same libraries: nothing in Python within a piece between outputs."""

    label = "CVODE, compiled callbacks"
    method = "BDF, exact Jacobian, C library of that wheel called with numba's functions"
    most = 64
    call: dict[str, Any]
    kept: list[Any]

    @classmethod
    def missing(cls) -> str:
        """It needs the libraries as files in the wheel, which only Linux's has."""
        if absent := super().missing():
            return absent
        there = _libraries()
        return (
            "" if there and all(p.is_file() for p in there) else "no shared libraries in the wheel"
        )

    def prepare(self, problem: Problem) -> None:
        """Compile both, and make the solver once; runs only set it back."""
        import sksundae.cvode  # noqa: F401  loads the libraries

        libraries = [ctypes.CDLL(str(p)) for p in _libraries()]
        self.call = {}
        for name, result in _FUNCTIONS.items():
            function = next(getattr(x, name) for x in libraries if hasattr(x, name))
            function.restype = result
            self.call[name] = function
        self.k = fixed_values(problem.params[:1], jacobian=True)[0].copy()
        self._callbacks(self.k)
        self._solver()
        self.solve(problem.take(0, 1), 1e-2, 1)

    def _callbacks(self, k: FloatArray) -> None:
        import numba
        from numba import types

        rates, jacobian, nk = numba_rates(), numba_jacobian(), len(k)
        of_vector = self.call["N_VGetArrayPointer"]
        of_matrix = self.call["SUNDenseMatrix_Data"]
        of_vector.argtypes = of_matrix.argtypes = [ctypes.c_void_p]
        place = types.voidptr

        @numba.cfunc(types.int32(types.float64, place, place, place))
        def rhs(t, y, dy, user):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            rates(t, numba.carray(of_vector(y), (_NS,), np.float64),
                  numba.carray(of_vector(dy), (_NS,), np.float64),
                  numba.carray(user, (nk,), np.float64))  # fmt: skip
            return 0

        @numba.cfunc(types.int32(*[types.float64, *[place] * 7]))
        def jac(t, y, dy, matrix, user, a, b, c):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            columns = numba.carray(of_matrix(matrix), (_NS, _NS), np.float64)
            jacobian(t, numba.carray(of_vector(y), (_NS,), np.float64), columns.T,
                     numba.carray(user, (nk,), np.float64))  # fmt: skip
            return 0

        self.kept = [rhs, jac]

    def _solver(self) -> None:
        """Make vectors, matrix, linear solver and integrator."""
        call, pointer = self.call, ctypes.c_void_p
        context = pointer()
        self._good("SUNContext_Create", ctypes.c_int(0), ctypes.byref(context))
        size = ctypes.c_int64(_NS)
        self.y, self.tolerance = np.zeros(_NS), np.ones(_NS)
        of = [
            pointer(call["N_VMake_Serial"](size, pointer(x.ctypes.data), context))
            for x in (self.y, self.tolerance)
        ]
        self.state, self.absolute = of
        matrix = pointer(call["SUNDenseMatrix"](size, size, context))
        linear = pointer(call["SUNLinSol_Dense"](self.state, matrix, context))
        self.memory = pointer(call["CVodeCreate"](ctypes.c_int(_BDF), context))
        rhs, jac = (pointer(f.address) for f in self.kept)
        self._good("CVodeInit", self.memory, rhs, ctypes.c_double(0.0), self.state)
        self._good("CVodeSVtolerances", self.memory, ctypes.c_double(1e-3), self.absolute)
        self._good("CVodeSetUserData", self.memory, pointer(self.k.ctypes.data))
        self._good("CVodeSetLinearSolver", self.memory, linear, matrix)
        self._good("CVodeSetJacFn", self.memory, jac)
        self._good("CVodeSetMaxNumSteps", self.memory, ctypes.c_long(_MOST_STEPS))

    def _good(self, name: str, *given: Any) -> None:
        code = self.call[name](*given)
        if code < 0:
            raise RuntimeError(f"{name} failed with {code}")

    def advance(self, k: FloatArray, rtol: float) -> Callable[..., FloatArray]:
        """The function that takes one run from one dose to the next."""
        self.k[:], self.tolerance[:] = k, absolute(rtol)
        self._good("CVodeSVtolerances", self.memory, ctypes.c_double(rtol), self.absolute)
        reached = ctypes.c_double()

        def step(t0: float, t1: float, y: FloatArray, at: FloatArray) -> FloatArray:
            self.y[:] = y
            self._good("CVodeReInit", self.memory, ctypes.c_double(t0), self.state)
            self._good("CVodeSetStopTime", self.memory, ctypes.c_double(t1))
            found = []
            for stop in np.unique([*at, t1]):
                self._good("CVode", self.memory, ctypes.c_double(stop), self.state,
                           ctypes.byref(reached), ctypes.c_int(_NORMAL))  # fmt: skip
                found.append(self.y.copy())
            return np.vstack([*found[: len(at)], found[-1]])

        return step


_FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(
        ("SUNContext_Create", "CVodeInit", "CVodeSVtolerances", "CVodeSetUserData", "CVode",
         "CVodeSetLinearSolver", "CVodeSetJacFn", "CVodeSetMaxNumSteps", "CVodeReInit",
         "CVodeSetStopTime"),
        ctypes.c_int,
    ),
    **dict.fromkeys(
        ("N_VMake_Serial", "SUNDenseMatrix", "SUNLinSol_Dense", "CVodeCreate"), ctypes.c_void_p
    ),
    **dict.fromkeys(("N_VGetArrayPointer", "SUNDenseMatrix_Data"), ctypes.POINTER(ctypes.c_double)),
}  # fmt: skip
"""C functions in use, by what they return: a code, a place in memory, numbers."""
