"""One engine measured: tolerance on one draw, speed and error on another, one core and two."""

from __future__ import annotations

import importlib
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
    "tsit5-c": "explicit_c.Tsit5InC",
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


@dataclass(frozen=True)
class Setting:
    """What all engines are measured on.

    Attributes:
        tune: runs on which the tolerance is chosen.
        tune_reference: their reference.
        check: runs that are timed.
        check_reference: reference of the first of them, the runs whose error is reported.
        target: worst error accepted.
        seconds: about how long one timing may take.
        limit: seconds after which one order is given up.
    """

    tune: Problem
    tune_reference: FloatArray
    check: Problem
    check_reference: FloatArray
    target: float = 1e-4
    seconds: float = 6.0
    limit: float = 120.0


@dataclass
class Row:
    """What was measured of one engine; ``why`` says what kept it from being measured."""

    key: str
    label: str
    method: str
    cores: str
    why: str = ""
    rtol: float = float("nan")
    error: float = float("nan")
    runs: int = 0
    one: float = float("nan")
    two: float = float("nan")
    versions: dict[str, str] = field(default_factory=dict)


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
    runs = min(len(setting.tune), engine.most)
    tune, reference = setting.tune.take(0, runs), setting.tune_reference[:runs]
    seconds: dict[float, float] = {}

    def error_at(rtol: float) -> float:
        found, seconds[rtol] = one.solve(tune, rtol, 1, setting.limit)
        error = float(errors(found, reference).max())
        say(f"rtol {rtol:.1e}: error {error:.1e}, {runs / seconds[rtol]:.3g} runs/s")
        return error

    rtol = loosest(error_at, setting.target)
    if rtol is None:
        raise Failed(f"does not reach {setting.target:.0e} at any tolerance tried")
    row.rtol = rtol
    fit = max(8, int(setting.seconds * runs / seconds[rtol]))
    row.runs = min(len(setting.check), engine.most, engine.most if engine.all_at_once else fit)
    check = setting.check.take(0, row.runs)
    for row.rtol in LADDER[LADDER.index(rtol) :]:
        row.one = _best(one, check, row.rtol, 1, setting, row)
        if row.error <= setting.target:
            break
        say(f"rtol {row.rtol:.1e}: error {row.error:.1e} on the other draw")
    say(f"one core: {row.one:.4g} runs/s, error {row.error:.1e}")
    _two_cores(row, check, setting, workers)
    say(f"two cores ({row.cores}): {row.two:.4g} runs/s")


def _best(worker: Worker, check: Problem, rtol: float, threads: int, setting: Setting,
          row: Row) -> float:  # fmt: skip
    """Runs per second, the better of two where two are quick; fills in the error."""
    found, took = worker.solve(check, rtol, threads, setting.limit)
    known = min(len(check), len(setting.check_reference))
    row.error = float(errors(found[:known], setting.check_reference[:known]).max())
    if took < setting.seconds:
        took = min(took, worker.solve(check, rtol, threads, setting.limit)[1])
    return len(check) / took


def _two_cores(row: Row, check: Problem, setting: Setting, workers: list[Worker]) -> None:
    """Threads share the runs; of two processes each solves all of them at the same time."""
    module, name = ENGINES[row.key].split(".")
    if row.cores == "threads":
        workers.append(Worker(module, name, [0, 1]))
        workers[1].prepare(setting.tune, setting.limit)
        row.two = _best(workers[1], check, row.rtol, 2, setting, row)
        return
    workers.append(Worker(module, name, [1]))
    workers[1].prepare(setting.tune, setting.limit)
    workers[1].ask("compile", check)
    workers[1].answer(setting.limit)
    if not engine_class(row.key).all_at_once:  # whatever only a first call does
        workers[1].solve(check.take(0, 8), row.rtol, 1, setting.limit)
    for worker in workers:
        worker.ask("solve", check, row.rtol, 1)
    took = [worker.answer(setting.limit)[1] for worker in workers]
    row.two = 2 * len(check) / float(np.max(took))
