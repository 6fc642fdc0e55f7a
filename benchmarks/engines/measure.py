"""One engine measured: tolerance on one draw, speed and error on another, one core and two."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.engines.base import Engine
from benchmarks.engines.problem import FloatArray, Problem, errors
from benchmarks.engines.search import LADDER, loosest
from benchmarks.engines.worker import Failed, Worker

ENGINES = {
    "ldnsim": "native.Ldnsim",
    "ldnsim-c": "native.LdnsimInC",
    "heyoka": "taylor.Heyoka",
    "tsit5-c": "explicit_c.Tsit5InC",
    "cvode": "sundials.CvodeCompiled",
    "sundae": "sundials.Cvode",
    "numbalsoda-dop853": "numba_lsoda.Dop853",
    "numbalsoda-lsoda": "numba_lsoda.Lsoda",
    "scipy-odeint": "scipy_lsoda.Odeint",
    "scipy-ivp": "scipy_lsoda.SolveIvp",
    "diffrax-tsit5": "jax_diffrax.Tsit5",
    "diffrax-dopri8": "jax_diffrax.Dopri8",
    "diffrax-kvaerno5": "jax_diffrax.Kvaerno5",
    "roadrunner": "sbml.RoadRunner",
    "copasi": "sbml.Copasi",
}
"""Engines by the name ``--only`` takes: module and class."""
ON_REQUEST = ("diffrax-kvaerno5",)
"""Engines that are measured only when named: two minutes and more to compile, and then slow."""
JUDGED = 0.99
"""Share of runs that decides on a tolerance: the worst run says whether a patient was drawn whose
microglia tip, and little about an engine."""


@dataclass(frozen=True)
class Setting:
    """What all engines are measured on.

    Attributes:
        tune: runs on which the tolerance is chosen.
        tune_reference: their reference.
        check: other runs, on which the tolerance has to hold, and which are timed.
        check_reference: their reference.
        target: error that a share of :data:`JUDGED` of the runs of each draw must meet.
        repeats: timings of each figure.
        limit: seconds after which one order is given up.
    """

    tune: Problem
    tune_reference: FloatArray
    check: Problem
    check_reference: FloatArray
    target: float = 1e-4
    repeats: int = 3
    limit: float = 300.0


@dataclass(frozen=True)
class Timed:
    """Runs per second, timed several times.

    Attributes:
        rates: of each time.
    """

    rates: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """The figure that counts; NaN where nothing was timed."""
        return float(np.median(self.rates)) if self.rates else float("nan")

    @property
    def spread(self) -> float:
        """Largest less smallest, as a share of the median."""
        return (max(self.rates) - min(self.rates)) / self.median if self.rates else float("nan")


@dataclass
class Row:
    """What was measured of one engine; ``why`` says what kept it from being measured.

    Attributes:
        rtol: the tolerance it was given.
        p99: what 99 % of the runs stay below, in the worse of the two draws.
        above: share of runs of both draws above the target.
        judged: how many runs that is a share of.
        one: on one core, by processor time.
        two: on two cores, by the clock.
        load: processes that were running or waiting in the minute before, at the end.
    """

    key: str
    label: str
    method: str
    cores: str
    why: str = ""
    rtol: float = float("nan")
    p99: float = float("nan")
    above: float = float("nan")
    judged: int = 0
    one: Timed = Timed()
    two: Timed = Timed()
    load: float = float("nan")
    versions: dict[str, str] = field(default_factory=dict)


def p99(found: FloatArray) -> float:
    """The error that 99 % of runs do not exceed; of fewer than 100 runs the largest."""
    return float(np.quantile(found, JUDGED, method="higher"))


def engine_class(key: str) -> type[Engine]:
    """The class of an engine; importing it needs none of its packages."""
    module, name = ENGINES[key].split(".")
    found: type[Engine] = getattr(importlib.import_module(f"benchmarks.engines.{module}"), name)
    return found


def measure(key: str, setting: Setting, say: Callable[[str], None]) -> Row:
    """Measure one engine; whatever goes wrong is told in the row."""
    engine = engine_class(key)
    row = Row(key, engine.label, engine.method, engine.cores, versions=engine.versions())
    row.why = engine.missing()
    if row.why:
        row.why = f"missing: {row.why}"
        return row
    workers: list[Worker] = []
    try:
        _measure(row, engine, setting, say, workers)
    except Failed as failure:
        row.why = str(failure)
    finally:
        for worker in workers:
            worker.close()
    return row


def _measure(row: Row, engine: type[Engine], setting: Setting, say: Callable[[str], None],
             workers: list[Worker]) -> None:  # fmt: skip
    module, name = ENGINES[row.key].split(".")
    workers.append(Worker(module, name, [0]))
    one = workers[0]
    say("compiling")
    one.prepare(setting.tune, setting.limit)
    tune = setting.tune.take(0, engine.most)
    runs = len(tune)
    reference = setting.tune_reference[:runs]
    tuned: dict[float, FloatArray] = {}

    def error_at(rtol: float) -> float:
        found, took = one.solve(tune, rtol, 1, setting.limit)
        tuned[rtol] = errors(found, reference)
        say(f"rtol {rtol:.1e}: p99 {p99(tuned[rtol]):.1e}, {runs / took.cpu:.3g} runs/s")
        return p99(tuned[rtol])

    rtol = loosest(error_at, setting.target)
    if rtol is None:
        raise Failed(f"does not reach {setting.target:.0e} at any tolerance tried")
    check = setting.check.take(0, engine.most)
    reference_of_check = setting.check_reference[: len(check)]
    for row.rtol in LADDER[LADDER.index(rtol) :]:
        found, took = one.solve(check, row.rtol, 1, setting.limit)
        other = errors(found, reference_of_check)
        if p99(other) <= setting.target:
            break
        say(f"rtol {row.rtol:.1e}: p99 {p99(other):.1e} on the other draw")
    if row.rtol not in tuned:
        error_at(row.rtol)
    row.p99 = max(p99(tuned[row.rtol]), p99(other))
    both = np.concatenate([tuned[row.rtol], other])
    row.above, row.judged = float((both > setting.target).mean()), len(both)
    times = [took] + [
        one.solve(check, row.rtol, 1, setting.limit)[1] for _ in range(setting.repeats - 1)
    ]
    row.one = Timed(tuple(len(check) / t.cpu for t in times))
    say(f"one core: {row.one.median:.4g} runs/s, p99 {row.p99:.1e}")
    row.two = _two_cores(row, check, setting, workers)
    row.load = load()
    say(f"two cores ({row.cores}): {row.two.median:.4g} runs/s")


def again(row: Row, setting: Setting) -> Timed:
    """Time an engine on one core once more, in a process of its own.

    Raises:
        Failed: it did not do what it did before.
    """
    module, name = ENGINES[row.key].split(".")
    worker = Worker(module, name, [0])
    try:
        worker.prepare(setting.tune, setting.limit)
        check = setting.check.take(0, engine_class(row.key).most)
        times = [
            worker.solve(check, row.rtol, 1, setting.limit)[1].cpu for _ in range(setting.repeats)
        ]
    finally:
        worker.close()
    return Timed(tuple(len(check) / t for t in times))


def load() -> float:
    """Processes running or waiting, mean of the last minute; NaN where the system tells none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def _two_cores(row: Row, check: Problem, setting: Setting, workers: list[Worker]) -> Timed:
    """Threads share the runs; of two processes each solves all of them at the same time."""
    module, name = ENGINES[row.key].split(".")
    if row.cores == "threads":
        workers.append(Worker(module, name, [0, 1]))
        workers[1].prepare(setting.tune, setting.limit)
        workers[1].solve(
            check.take(0, 8), row.rtol, 2, setting.limit
        )  # what only a first call does
        times = [
            workers[1].solve(check, row.rtol, 2, setting.limit)[1].wall
            for _ in range(setting.repeats)
        ]
        return Timed(tuple(len(check) / t for t in times))
    workers.append(Worker(module, name, [1]))
    workers[1].prepare(setting.tune, setting.limit)
    workers[1].ask("compile", check, row.rtol)
    workers[1].answer(setting.limit)
    if not engine_class(row.key).all_at_once:
        workers[1].solve(check.take(0, 8), row.rtol, 1, setting.limit)
    rates = []
    for _ in range(setting.repeats):
        for worker in workers:
            worker.ask("solve", check, row.rtol, 1)
        took = [worker.answer(setting.limit)[1].wall for worker in workers]
        rates.append(2 * len(check) / float(np.max(took)))
    return Timed(tuple(rates))
