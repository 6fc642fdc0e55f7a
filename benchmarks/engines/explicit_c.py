"""An explicit method in C: generated equations, eight runs a vector, nothing but gcc between."""

from __future__ import annotations

import ctypes
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.engines.base import Engine, FloatArray
from benchmarks.engines.equations import c_text, equations, fixed_values
from benchmarks.engines.problem import GUT, STATES, Problem, absolute
from benchmarks.translate.unit import compile_c

_HEAD = """#include <math.h>
#include <stdint.h>
#include <string.h>
typedef double v8 __attribute__((vector_size(64)));
static inline v8 sqrt8(v8 x) { v8 r; for (int l = 0; l < 8; l++) r[l] = sqrt(x[l]); return r; }
"""
_BLOCK = 32


def source() -> str:
    """The C file: sizes, equations, method."""
    sizes = f"#define NS {len(STATES)}\n#define NK {len(equations().used)}\n#define GUT {GUT}\n"
    method = (Path(__file__).parent / "tsit5.c").read_text(encoding="utf-8")
    return "\n".join([_HEAD + sizes, c_text("v8").replace("sqrt(", "sqrt8("), _SCALAR, method])


_SCALAR = """void rates_once(double t, const double *y, double *dy, const double *k) {
  v8 yy[NS], dd[NS], kk[NK];
  for (int i = 0; i < NS; i++) yy[i] = y[i] + (v8){0};
  for (int i = 0; i < NK; i++) kk[i] = k[i] + (v8){0};
  rates(t, yy, dd, kk);
  for (int i = 0; i < NS; i++) dy[i] = dd[i][0];
}
"""


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class Tsit5InC(Engine):
    """Tsit5, the method of choice for problems that are not stiff."""

    label = "Tsit5 in C"
    method = "explicit 5(4), 8 runs a vector, gcc -O3"
    cores = "threads"
    library: ctypes.CDLL

    @classmethod
    def missing(cls) -> str:
        """It needs a compiler."""
        return "" if shutil.which("gcc") else "gcc not installed"

    def prepare(self, problem: Problem) -> None:
        """Generate and compile."""
        self.library = compile_c(source())

    def rates(self, t: float, y: FloatArray, k: FloatArray) -> FloatArray:
        """Derivatives of one run, for the test that all right-hand sides agree."""
        dy = np.empty_like(y)
        self.library.rates_once(ctypes.c_double(t), _pointer(y), _pointer(dy), _pointer(k))
        return dy

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """Blocks of runs, each by one thread."""
        starts = range(0, len(problem), _BLOCK)
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda s: self._block(problem.take(s, s + _BLOCK), rtol,
                                                out[s : s + _BLOCK]), starts))  # fmt: skip
        return out

    def _block(self, part: Problem, rtol: float, out: FloatArray) -> None:
        batch, k, atol = part.batch(rtol), fixed_values(part.params), absolute(rtol)
        arrays = [k, np.ascontiguousarray(part.y0), batch.event_offsets, batch.event_time,
                  batch.event_value, part.outputs]  # fmt: skip
        failed = self.library.solve(
            ctypes.c_int64(len(part)), *map(_pointer, arrays), ctypes.c_int64(len(part.outputs)),
            _pointer(out), ctypes.c_double(rtol), _pointer(atol),
        )  # fmt: skip
        if failed:
            out[:] = np.nan
