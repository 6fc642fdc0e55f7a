"""diffrax: JAX, all runs at once by vmap, float64, from dose to dose by a scan."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from benchmarks.engines.base import Engine, FloatArray, Segments, segments
from benchmarks.engines.equations import fixed_values, python_text
from benchmarks.engines.problem import GUT, SCALES, STATES, Problem, absolute


class Tsit5(Engine):
    """The explicit method diffrax recommends for problems that are not stiff."""

    label = "diffrax Tsit5"
    needs = ("diffrax", "jax")
    packages = ("diffrax", "jax", "jaxlib")
    method = "explicit 5(4), XLA, vmap over runs"
    most = 128
    all_at_once = True
    solver: ClassVar[str] = "Tsit5"
    batched: Any
    compiled: dict[tuple[Any, ...], Any]

    def prepare(self, problem: Problem) -> None:
        """Build the function of a batch; XLA compiles it for each number of runs."""
        import jax

        jax.config.update("jax_enable_x64", True)
        self.batched = jax.jit(jax.vmap(self._run(), in_axes=(0, 0, 0, 0, 0, 0, None)))
        self.compiled = {}
        self.compile_for(problem, 1e-3)

    def compile_for(self, problem: Problem, rtol: float) -> None:
        """Compile for this many runs, unless that is done."""
        given, _ = self._arguments(problem, 1e-3)
        shape = tuple(np.shape(a) for a in given)
        if shape not in self.compiled:
            self.compiled[shape] = self.batched.lower(*given).compile()

    def _arguments(self, problem: Problem, rtol: float) -> tuple[tuple[Any, ...], Segments]:
        s = segments(problem)
        k = fixed_values(problem.params)
        return (problem.y0, k, s.start, s.stop, s.dose, s.wanted, np.float64(rtol)), s

    def _run(self) -> Any:
        """One run. The state is a tuple of numbers: under vmap that is 2.5 times faster than a
        matrix, but leaves one absolute tolerance for all: states are in units of their usual size.
        """
        import diffrax
        import jax
        import jax.numpy as jnp

        space: dict[str, Any] = {"math": jnp}
        exec(python_text("list", "rates(t, y, k)"), space)
        usual = SCALES.tolist()

        def scaled(t: Any, x: Any, k: Any) -> Any:
            y = [v * size for v, size in zip(x, usual, strict=True)]
            return tuple(r / size for r, size in zip(space["rates"](t, y, k), usual, strict=True))

        term = diffrax.ODETerm(scaled)
        solver = getattr(diffrax, self.solver)()
        floor = float(absolute(1.0)[0] / SCALES[0])

        def one(y0: Any, k: Any, start: Any, stop: Any, dose: Any, wanted: Any, rtol: Any) -> Any:
            controller = diffrax.PIDController(rtol=rtol, atol=floor * rtol)

            def piece(y: Any, given: Any) -> Any:
                t0, t1, amount, ts = given
                y = tuple(v + amount / usual[i] if i == GUT else v for i, v in enumerate(y))
                solved = diffrax.diffeqsolve(
                    term, solver, t0, t1, jnp.minimum(0.05, 0.5 * (t1 - t0)),
                    y, k,
                    saveat=diffrax.SaveAt(ts=ts, t1=True), stepsize_controller=controller,
                    max_steps=None, throw=False,
                )  # fmt: skip
                return tuple(v[-1] for v in solved.ys), jnp.stack([v[:-1] for v in solved.ys], 1)

            return jax.lax.scan(
                piece,
                tuple(y0[i] / size for i, size in enumerate(usual)),
                (start, stop, dose, wanted),
            )[1]

        return one

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """One call for all runs, its outputs put where they belong."""
        given, s = self._arguments(problem, rtol)
        found = np.asarray(self.compiled[tuple(np.shape(a) for a in given)](*given))
        out = np.full((len(problem), len(STATES), len(problem.outputs)), np.nan)
        run, piece, slot = np.nonzero(s.place >= 0)
        out[run, :, s.place[run, piece, slot]] = found[run, piece, slot] * SCALES
        return out


class Dopri8(Tsit5):
    """The same with a method of higher order."""

    label = "diffrax Dopri8"
    method = "explicit 8(7), XLA, vmap over runs"
    solver = "Dopri8"


class Kvaerno5(Tsit5):
    """The same with an implicit method, for stiff problems."""

    label = "diffrax Kvaerno5"
    method = "ESDIRK 5(4), XLA, vmap over runs"
    most = 16
    solver = "Kvaerno5"
