"""ldnsim itself, and its kernels translated to C."""

from __future__ import annotations

import shutil
from typing import Any

from benchmarks.engines.base import Engine, FloatArray
from benchmarks.engines.problem import Problem
from ldnsim.engine.solve.batch import solve, solve_with
from ldnsim.model import default_model


class Ldnsim(Engine):
    """The engine as users have it."""

    label = "ldnsim"
    packages = ("ldnsim", "numba", "numpy")
    method = "its own kernels, 8 runs a vector"
    cores = "threads"

    def prepare(self, problem: Problem) -> None:
        """Compile the kernels, or read them from the cache."""
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """Solve; failed runs are NaN already."""
        return solve(default_model(), problem.batch(rtol), threads=threads).traj


class LdnsimInC(Engine):
    """The same kernels, translated to C and compiled by gcc."""

    label = "ldnsim's method in C"
    method = "the same kernel text compiled by gcc -O3"
    cores = "threads"
    unit: Any = None

    @classmethod
    def missing(cls) -> str:
        """It needs a compiler."""
        return "" if shutil.which("gcc") else "gcc not installed"

    def prepare(self, problem: Problem) -> None:
        """Generate, translate, compile."""
        from benchmarks.translate.unit import Unit
        from ldnsim.engine.generate.kernels import generate
        from ldnsim.model import default_model

        self.unit = Unit(generate(default_model()))
        self.solve(problem.take(0, 1), 1e-2, 1)

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """Solve with the C functions in place of the compiled module."""
        return solve_with(self.unit, problem.batch(rtol), threads=threads).traj
