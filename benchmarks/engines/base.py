"""What every engine of the comparison offers."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib import metadata
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.problem import Problem

FloatArray = NDArray[np.float64]


class Engine:
    """One way to solve a :class:`Problem`; made and used inside a worker process.

    Attributes:
        label: how the table calls it.
        needs: importable modules without which it is missing.
        packages: distributions whose versions are reported.
        method: what it does, in a few words.
        cores: how two cores are used: ``"threads"`` of one process, or two ``"processes"``.
        most: runs it is timed on at most; slow engines take a subset.
        all_at_once: whether ``most`` runs are to be solved in one call however long that takes.
    """

    label: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()
    method: ClassVar[str] = ""
    cores: ClassVar[str] = "processes"
    most: ClassVar[int] = 100_000
    all_at_once: ClassVar[bool] = False

    def prepare(self, problem: Problem) -> None:
        """Compile whatever can be compiled; not timed."""

    def compile_for(self, problem: Problem, rtol: float) -> None:
        """Compile what depends on the number of runs or on the tolerance; not timed."""

    def solve(self, problem: Problem, rtol: float, threads: int) -> FloatArray:
        """All states at the outputs, (n, n_states, m); rows of NaN where a run failed."""
        raise NotImplementedError

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be used here, or nothing."""
        absent = [m for m in cls.needs if importlib.util.find_spec(m) is None]
        return f"{', '.join(absent)} not installed" if absent else ""

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Versions of its packages that are installed."""
        found = {}
        for name in cls.packages:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                found[name] = "not installed"
        return found


@dataclass(frozen=True)
class Segments:
    """Runs cut at their doses, padded to the same number of pieces.

    Attributes:
        start: h, (n, pieces).
        stop: h, (n, pieces); equal to ``start`` where a run has no more pieces.
        dose: nmol added at ``start``, (n, pieces).
        wanted: outputs in each piece, padded with ``stop``, (n, pieces, most).
        place: where ``wanted`` belongs among the outputs, -1 for padding, (n, pieces, most).
    """

    start: FloatArray
    stop: FloatArray
    dose: FloatArray
    wanted: FloatArray
    place: NDArray[np.int64]


def segments(problem: Problem) -> Segments:
    """Cut every run at its doses."""
    n, pieces = len(problem), max(len(t) for t in problem.times) + 1
    edges = np.full((n, pieces + 1), problem.t_end)
    dose = np.zeros((n, pieces))
    for i, (times, amounts) in enumerate(zip(problem.times, problem.amounts, strict=True)):
        edges[i, 0] = 0.0
        edges[i, 1 : len(times) + 1] = times
        dose[i, 1 : len(times) + 1] = amounts
    belongs = [np.searchsorted(e[1:], problem.outputs, side="left") for e in edges]
    most = max(int(np.bincount(b).max()) for b in belongs)
    wanted = np.repeat(edges[:, 1:, None], most, axis=2)
    place = np.full((n, pieces, most), -1, np.int64)
    for i, b in enumerate(belongs):
        slot = np.arange(len(b)) - np.searchsorted(b, b)
        wanted[i, b, slot], place[i, b, slot] = problem.outputs, np.arange(len(b))
    start, stop = np.ascontiguousarray(edges[:, :-1]), np.ascontiguousarray(edges[:, 1:])
    return Segments(start, stop, dose, wanted, place)
