"""What is solved: patients, regimens, daily outputs, the reference, and how error is measured."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.blocks import Solver
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.solve.batch import Batch
from ldnsim.mechanisms.pharmacokinetics import NMOL_PER_MG
from ldnsim.model import default_model
from ldnsim.runs import accuracy

FloatArray = NDArray[np.float64]
MODEL = default_model()
STATES = tuple(MODEL.states)
GUT = MODEL.state_index["gut_fast"]
SCALES = np.array([s.scale for s in MODEL.states.values()])
"""Size of one unit of ordinary variation of each state, which sets absolute tolerances."""
_FLOOR = accuracy.absolute(MODEL, Solver(rtol=1e-3)) / 1e-3
BEDTIME = 22.0
LEAST, MOST = 1e-3, 50.0
"""Range of the final doses, mg."""
_BLOCK = 16


@dataclass(frozen=True)
class Problem:
    """Some runs: each a patient with a regimen.

    Attributes:
        params: (n, n_parameters).
        y0: untreated state at time 0, (n, n_states).
        times: hours of the doses of each run.
        amounts: nmol of each dose into the gut.
        outputs: hours at which every state is wanted, (m,); the last is the end.
    """

    params: FloatArray
    y0: FloatArray
    times: tuple[FloatArray, ...]
    amounts: tuple[FloatArray, ...]
    outputs: FloatArray

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.params)

    @property
    def t_end(self) -> float:
        """End of the runs, h."""
        return float(self.outputs[-1])

    def take(self, first: int, last: int) -> Problem:
        """Runs ``first`` to ``last`` (exclusive)."""
        return dataclasses.replace(
            self, params=self.params[first:last], y0=self.y0[first:last],
            times=self.times[first:last], amounts=self.amounts[first:last],
        )  # fmt: skip

    def batch(self, rtol: float) -> Batch:
        """The same for ldnsim."""
        offsets = np.concatenate([[0], np.cumsum([len(t) for t in self.times])]).astype(np.int64)
        return Batch(
            self.params, self.y0, offsets, np.concatenate(self.times),
            np.full(offsets[-1], GUT, np.int64), np.concatenate(self.amounts), self.t_end,
            self.outputs, np.array([MODEL.observable_index[s] for s in STATES], np.int64), [],
            rtol, absolute(rtol),
        )  # fmt: skip


def absolute(rtol: float) -> FloatArray:
    """Absolute tolerance of each state, that of studies: a hundredth of ``rtol`` of its scale."""
    return rtol * _FLOOR


def patients(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
    """Parameters drawn from the recorded spreads (n, n_parameters), untreated states (n, n_states).

    Draws without an untreated daily orbit in the basin drawn for them are replaced.
    """
    params, y0 = np.empty((0, len(MODEL.parameters))), np.empty((0, len(STATES)))
    while len(params) < n:
        drawn = _parameters(rng, n)
        orbits = find_orbits(default_model(), drawn, rng.random(n) < 0.5)
        good = orbits.status == 0
        params, y0 = np.vstack([params, drawn[good]]), np.vstack([y0, orbits.y0[good]])
    return params[:n], y0[:n]


def _parameters(rng: np.random.Generator, n: int, most: float = 0.5) -> FloatArray:
    values = np.tile(MODEL.defaults(), (n, 1))
    key = int(rng.integers(2**31))
    for j, p in enumerate(MODEL.parameters.values()):
        own = np.random.default_rng((key, zlib.crc32(p.name.encode())))
        noise = min(p.spread.sd, most) * own.normal(size=n)
        if p.spread.kind == "lognormal":
            values[:, j] *= np.exp(noise)
        elif p.spread.kind == "logitnormal" and 0.0 < p.value < 1.0:
            values[:, j] = 1.0 / (1.0 + (1.0 / p.value - 1.0) * np.exp(-noise))
        if p.high is not None:
            values[:, j] = np.minimum(values[:, j], p.high)
    return values


def doses(rng: np.random.Generator, n: int) -> FloatArray:
    """Final doses, mg: uniform in their logarithm, and over the whole range in any 16 runs."""
    share = np.concatenate([rng.permutation(_BLOCK) for _ in range(-(-n // _BLOCK))])[:n]
    low, high = np.log10(LEAST), np.log10(MOST)
    return np.asarray(10.0 ** (low + (high - low) * (share + rng.random(n)) / _BLOCK))


def regimen(
    rng: np.random.Generator, final: float, days: int, mixed: bool
) -> tuple[FloatArray, FloatArray]:
    """Hours and milligrams of one run; two of three reach the final dose in steps."""
    hour = rng.uniform(18.0, 24.0) if mixed else BEDTIME
    every = float(rng.choice([12.0, 24.0, 48.0])) if mixed else 24.0
    times = np.arange(hour, 24.0 * days, every)
    steps, pace = int(rng.choice([1, 4, 8])), float(rng.choice([168.0, 336.0]))
    share = np.minimum(1.0 + np.floor(times / pace), steps) / steps
    return times, final * share


def draw(seed: int, runs: int, days: int, people: int = 64, mixed: bool = False) -> Problem:
    """Fresh patients, each as often as needed, every run with a regimen of its own."""
    rng = np.random.default_rng(seed)
    params, y0 = patients(rng, min(people, runs))
    who = np.arange(runs) % len(params)
    plans = [regimen(rng, dose, days, mixed) for dose in doses(rng, runs)]
    return Problem(
        np.ascontiguousarray(params[who]), np.ascontiguousarray(y0[who]),
        tuple(t for t, _ in plans), tuple(NMOL_PER_MG * a for _, a in plans),
        24.0 * np.arange(1.0, days + 1.0),
    )  # fmt: skip


Advance = Callable[[float, float, FloatArray, FloatArray], FloatArray]
"""``(t0, t1, y, outputs)`` to the states at ``outputs`` and, last, at ``t1``: (n_out + 1, ns)."""


def dose_to_dose(problem: Problem, run: int, advance: Advance) -> FloatArray:
    """All states of one run at the outputs (n_states, m), integrated from dose to dose.

    An output at the time of a dose shows the moment before it.
    """
    found = np.empty((len(problem.outputs), len(STATES)))
    y, t, done = problem.y0[run].copy(), 0.0, 0
    stops = [*problem.times[run], problem.t_end]
    for stop, amount in zip(stops, [*problem.amounts[run], 0.0], strict=True):
        upto = int(np.searchsorted(problem.outputs, stop, side="right"))
        if stop > t:
            part = advance(t, stop, y, problem.outputs[done:upto])
            found[done:upto], y = part[:-1], part[-1].copy()
            done, t = upto, stop
        y[GUT] += amount
    return found.T


def errors(got: FloatArray, reference: FloatArray, usual: FloatArray = SCALES) -> FloatArray:
    """Worst error of each run: gap over the state's range, as ldnsim promises it.

    The range is the largest size in the run, or the state's usual size where that is larger.

    Args:
        got: (n, n_states, m); not finite counts as infinite.
        reference: the same runs.
        usual: usual size of each state, (n_states,).
    """
    size = np.maximum(np.abs(reference).max(axis=2), usual)
    gap = np.abs(got - reference).max(axis=2) / size
    return np.where(np.isfinite(gap), gap, np.inf).max(axis=1)


def reference(problem: Problem, report: Callable[[str], None] = lambda text: None) -> FloatArray:
    """All states as exactly as is to be had: (n, n_states, m).

    By heyoka, whose Taylor series is none of ldnsim's methods, at 1e-13; without it by ldnsim
    itself. :func:`by_dop853` is what either is held against.
    """
    from benchmarks.engines.native import Ldnsim
    from benchmarks.engines.taylor import Heyoka

    engine, tolerance = (Ldnsim(), 1e-11) if Heyoka.missing() else (Heyoka(), 1e-13)
    engine.prepare(problem)
    engine.compile_for(problem, tolerance)
    report(f"reference by {engine.label} at {tolerance:g}")
    return engine.solve(problem, tolerance, 1)


def by_dop853(problem: Problem) -> FloatArray:
    """All states at rtol 1e-11 by SciPy's DOP853, integrated from dose to dose: (n, ns, m)."""
    from scipy.integrate import solve_ivp

    from benchmarks.engines.equations import fixed_values, numba_rates

    rates, k = numba_rates(), fixed_values(problem.params)
    out = np.empty((len(problem), len(STATES), len(problem.outputs)))
    for run in range(len(problem)):

        def rhs(t: float, y: FloatArray, own: FloatArray = k[run]) -> FloatArray:
            dy = np.empty_like(y)
            rates(t, y, dy, own)
            return dy

        def advance(t0: float, t1: float, y: FloatArray, at: FloatArray,
                    rhs: Callable[..., FloatArray] = rhs) -> FloatArray:  # fmt: skip
            stops = np.unique([*at, t1])
            solved = solve_ivp(rhs, (t0, t1), y, "DOP853", stops, rtol=1e-11, atol=absolute(1e-11))
            if not solved.success:
                raise RuntimeError(f"reference: {solved.message}")
            return np.vstack([solved.y.T[: len(at)], solved.y[:, -1]])

        out[run] = dose_to_dose(problem, run, advance)
    return out
