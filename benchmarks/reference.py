"""What every time is divided by: two fixed pieces of work, and the clock that times all of it.

The clock counts processor time, of this process and of the processes it started and waited for.
Time spent waiting for a core that others use does not count, so a busy machine changes little.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numba
import numpy as np

SUITE = 2
"""Release of the suite. Raise it when a benchmark, a reference or the clock changes or goes:
ratios of two releases are not compared."""

REPEATS = 5
SINGLE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Environment of every process started here: idle threads of NumPy would burn processor time."""
_IMPORTS = "import numpy, json, email, decimal, argparse, asyncio"


def cpu_seconds() -> float:
    """Return processor time used so far by this process and its finished children (s)."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@numba.njit
def reference_kernel(n: int) -> float:
    """Add up ``n`` rounds of eight dependent divisions, products and sums: the solver's diet."""
    x = np.full(8, 1.0)
    for i in range(n):
        for lane in range(8):
            x[lane] = 1.0 + 0.3 * x[lane] / (1.0 + x[lane] * (lane + i % 7))
    return x.sum()


def start_python() -> None:
    """Start Python and import NumPy and a few modules of the standard library."""
    command = [sys.executable, "-c", _IMPORTS]
    subprocess.run(command, check=True, env={**os.environ, **SINGLE}, stdin=subprocess.DEVNULL)


def solver_seconds() -> float:
    """Processor time of a million rounds of the kernel (s): the best of a few repeats."""
    reference_kernel(1)  # compiles it the first time
    return min(_timed(lambda: reference_kernel(1_000_000)) for _ in range(REPEATS))


def start_seconds() -> float:
    """Processor time of one start of Python (s)."""
    return _timed(start_python)


def _timed(work: Callable[[], object]) -> float:
    began = cpu_seconds()
    work()
    return cpu_seconds() - began


REFERENCES: dict[str, Callable[[], float]] = {"solver": solver_seconds, "start": start_seconds}
"""For what computes, and for what starts Python, imports and reads files."""
