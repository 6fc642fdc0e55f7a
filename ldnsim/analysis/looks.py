"""Single numbers asked of many runs, answered with as few runs as they need.

A :class:`Look` is one number of one run. Looks at the same run share it, and runs of the same
length are solved as one batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ldnsim.config.run import RunSpec
from ldnsim.runs.few import WEEK, Measure, Results, run_specs

Floats = NDArray[np.float64]
AT, UNTREATED = "at", "untreated"


@dataclass(frozen=True)
class Look:
    """One number of one run.

    Attributes:
        case: the run.
        observable: name of the model variable.
        reduce: a reduction such as ``mean``; ``at`` for the value at ``stop``; ``untreated`` for
            the 24 h mean before the run.
        start: of the window, h.
        stop: of the window, h.
        end: of the run, h, where other looks at it need more than ``stop``.
    """

    case: RunSpec
    observable: str
    reduce: str
    start: float
    stop: float
    end: float = 0.0

    @property
    def weeks(self) -> int:
        """Return the length of run it needs, whole weeks."""
        return max(1, math.ceil(max(self.stop, self.end) / WEEK))


def look_up(looks: Sequence[Look], rtol: float = 1e-5, threads: int | None = None) -> Floats:
    """Return the number of each look, NaN where its run failed, shape (looks,)."""
    found = np.full(len(looks), np.nan)
    for weeks in sorted({k.weeks for k in looks}):
        rows = [i for i, k in enumerate(looks) if k.weeks == weeks]
        found[rows] = _one_length([looks[i] for i in rows], weeks, rtol, threads)
    return found


def _one_length(looks: list[Look], weeks: int, rtol: float, threads: int | None) -> Floats:
    """Answer looks whose runs have the same length."""
    runs = dict.fromkeys(k.case for k in looks)
    measures = {_measure(k): None for k in looks if k.reduce not in (AT, UNTREATED)}
    single = [k for k in looks if k.reduce == AT]
    times = sorted({k.stop for k in single})
    names = list(dict.fromkeys(k.observable for k in single))
    got = run_specs(list(runs), weeks, list(measures), times, names if times else (), rtol, threads)
    place = Places(
        {k: i for i, k in enumerate(runs)},
        {m: i for i, m in enumerate(measures)},
        {n: i for i, n in enumerate(names)},
        {t: i for i, t in enumerate(times)},
    )
    return np.array([place.of(k, got) for k in looks])


@dataclass(frozen=True)
class Places:
    """Where in a batch's results each look's number lies."""

    run: dict[RunSpec, int]
    measure: dict[Measure, int]
    name: dict[str, int]
    time: dict[float, int]

    def of(self, look: Look, got: Results) -> float:
        """Return the number of one look."""
        i = self.run[look.case]
        if look.reduce == UNTREATED:
            return float(got.baseline(look.observable)[i])
        if look.reduce == AT:
            return float(got.at[i, self.name[look.observable], self.time[look.stop]])
        return float(got.values[i, self.measure[_measure(look)]])


def _measure(look: Look) -> Measure:
    return Measure(look.observable, look.reduce, look.start, look.stop)
