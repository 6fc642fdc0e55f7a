"""An engine in a process of its own: pinned to its cores, killable, and told apart when it dies."""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.engines.problem import FloatArray, Problem


@dataclass(frozen=True)
class Took:
    """What an order took, in seconds.

    Attributes:
        wall: by the clock.
        cpu: of the processor, in all threads: other processes do not count.
    """

    wall: float
    cpu: float


_NOTHING = Took(0.0, 0.0)


class Failed(RuntimeError):
    """An engine did not do what was asked; the message says why in a line."""


def _serve(pipe: Connection, module: str, name: str, cores: list[int]) -> None:
    """Answer ``prepare``, ``compile`` and ``solve`` until told to stop."""
    silent = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # what libraries print between the lines of progress
        os.dup2(silent, stream)
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    engine: Any = None
    while True:
        order, *given = pipe.recv()
        if order == "stop":
            return
        try:
            if order == "prepare":
                import importlib

                engine = getattr(importlib.import_module(f"benchmarks.engines.{module}"), name)()
                engine.prepare(*given)
                pipe.send(("done", None, _NOTHING))
                continue
            if order == "compile":
                engine.compile_for(*given)
                pipe.send(("done", None, _NOTHING))
                continue
            problem, rtol, threads = given
            engine.compile_for(problem, rtol)
            began, cpu = time.perf_counter(), time.process_time()
            found = engine.solve(problem, rtol, threads)
            took = Took(time.perf_counter() - began, time.process_time() - cpu)
            pipe.send(("done", found, took))
        except Exception as error:
            words = (str(error).strip().splitlines() or [""])[0][:160]
            pipe.send(("failed", f"{type(error).__name__}: {words}", _NOTHING))


def _environment(cores: list[int]) -> dict[str, str]:
    return {
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
        **({"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"} if len(cores) == 1 else {}),
    }  # fmt: skip


class Worker:
    """A process that holds one engine."""

    def __init__(self, module: str, name: str, cores: list[int]) -> None:
        """Start it on the given cores."""
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        before = {k: os.environ.get(k) for k in _environment(cores)}
        os.environ.update(_environment(cores))
        self.process = context.Process(target=_serve, args=(other, module, name, cores),
                                       daemon=True)  # fmt: skip
        self.process.start()
        other.close()
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})

    def ask(self, *order: Any) -> None:
        """Hand over an order without waiting."""
        self.pipe.send(order)

    def answer(self, seconds: float) -> tuple[FloatArray, Took]:
        """What the order gave, and how long it took.

        Raises:
            Failed: it raised, it died, or it took too long (and is then ended).
        """
        try:
            if not self.pipe.poll(seconds):
                self.close()
                raise Failed(f"not done after {seconds:.0f} s")
            state, value, took = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(5)
            raise Failed(f"the process ended with code {self.process.exitcode}") from None
        if state == "failed":
            raise Failed(value)
        return np.empty(0) if value is None else value, took

    def prepare(self, problem: Problem, seconds: float) -> None:
        """Let the engine compile."""
        self.ask("prepare", problem)
        self.answer(seconds)

    def solve(self, problem: Problem, rtol: float, threads: int,
              seconds: float) -> tuple[FloatArray, Took]:  # fmt: skip
        """Solve and time."""
        self.ask("solve", problem, rtol, threads)
        return self.answer(seconds)

    def close(self) -> None:
        """End the process."""
        if self.process.is_alive():
            self.process.kill()
        self.process.join(5)
