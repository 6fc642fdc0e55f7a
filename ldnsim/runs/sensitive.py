"""Runs in which an error grows: how they are found, and what is said of them.

An error made early grows only while a patient's microglia tip from one state to the other: their
memory (:attr:`ldnsim.mechanisms.record.Switch.memory`) moves away from where it nearly stood still.
Near a resting point the distance of two neighbouring runs grows as their speed does, so how much
faster the memory moves on one day than on a day before it says how much an error has grown. That
is read from one value a day, and costs nothing. Thresholds were set by measurement
(``benchmarks/accuracy.py``, seeds 1, 7, 12, 20 and 21): among runs on doses at which patients just
tip it has to find all whose error has grown above ``rtol``, and among random ones it may ask for
few. It does not see what grows in other states while the memory stands still: there errors of up to
1.4 times ``rtol`` were seen.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ldnsim.arrays import Flags, Floats
from ldnsim.config.blocks import Solver
from ldnsim.model import Model

GROWTH = 4.0
"""Speed of one day over that of any day before from which on a run is looked at again ..."""
ON_THE_WAY = 2.5
"""... where it is that much faster, too, than on a day before it on which it was on its way."""
MOVED = 0.1
"""Share of its way after which the memory is on it: it begins at rest, where errors fade, and what
sets out from there fast has been close to no other resting point."""
BEFORE, AFTER = 3.0, 1.8
"""Or, on its way, from a day on which it was that much slower than before and will be later: it has
come close to a resting point, and leaves it in step with what carries it along."""
STILL = 0.03
"""Speed below which the memory stands still, in its usual sizes a day."""
TIGHTER = 0.1
"""By how much rtol falls when a run is solved again."""
CALM = 0.3
"""A looser solution that differs by less, in units of rtol, shows that little has grown: of such
runs none was off by more than half of rtol."""
TRUSTED = 4.0
"""Two solutions that differ by less, in units of rtol, show the more exact one to be within rtol:
its error is about a tenth of the other's, and was never above a fifth where that mattered."""
MOST = 3
"""How often a run is solved again at most."""
LEAST_RTOL = 1e-11
"""No tighter one is asked for: rounding is as large."""


class Accuracy(IntEnum):
    """What is known of the error of a run."""

    # stored in results: new ones go to the end

    NONE = -1
    """Not solved."""
    AS_ASKED = 0
    """No error grows in it, or so little that a looser solution is nearly the same."""
    REFINED = 1
    """Errors grow in it; solved again more exactly until two solutions agreed."""
    SENSITIVE = 2
    """Errors grow in it, and it may be off by more than rtol."""

    @property
    def advice(self) -> str:
        """What it means and what to try, in a few words."""
        return _ADVICE[self]


_ADVICE = {
    Accuracy.NONE: "not solved",
    Accuracy.AS_ASKED: "within solver.rtol",
    Accuracy.REFINED: "errors grow while microglia tip; solved again until two solutions agreed",
    Accuracy.SENSITIVE: (
        "errors grow while microglia tip, so numbers may be off by more than solver.rtol (accuracy"
        " of the result); solver.refine = true solves them again more exactly, as does a smaller"
        " solver.rtol"
    ),
}


def watched(model: Model) -> tuple[str, ...]:
    """Return the variables that tell whether errors grow, the memory last; none without one."""
    switch = model.inflamed
    return () if switch is None or switch.memory is None else (switch.variable, switch.memory)


def days(end: float) -> Floats:
    """Return the times (h) at which they are read: every midnight."""
    return np.arange(24.0, end + 1e-9, 24.0)


def growing(daily: Floats, model: Model) -> Flags:
    """Return in which runs errors grow, shape (runs,).

    Args:
        daily: values of :func:`watched` at :func:`days`, shape (runs, watched, days).
        model: whose they are.
    """
    if not daily.shape[1] or daily.shape[2] < 3:
        return np.zeros(len(daily), dtype=bool)
    still = STILL * model.observables[watched(model)[-1]].scale
    memory = daily[:, -1]
    speed = np.abs(np.diff(memory, axis=1)) + still
    way = np.abs(memory - memory[:, :1])
    out = np.maximum.accumulate(way[:, 1:] > MOVED * way.max(axis=1, keepdims=True), axis=1)
    slowest = np.minimum.accumulate(np.where(out, speed, np.inf), axis=1)
    later = (out & (speed > ON_THE_WAY * slowest)).any(axis=1)
    ever = (speed > GROWTH * np.minimum.accumulate(speed, axis=1)).any(axis=1)
    before = np.maximum.accumulate(speed, axis=1)
    after = np.maximum.accumulate(speed[:, ::-1], axis=1)[:, ::-1]
    passed = out & (before > BEFORE * speed) & (after > AFTER * speed)
    return np.asarray((later & ever) | passed.any(axis=1))


def apart(one: Floats, other: Floats, model: Model) -> Floats:
    """Return the largest distance of two solutions, relative to each variable's range, (runs,).

    Args:
        one: as ``daily`` of :func:`growing`; not finite is infinitely far.
        other: the more exact one.
        model: whose they are.
    """
    usual = np.array([model.observables[name].scale for name in watched(model)])
    size = np.maximum(np.abs(other).max(axis=2), usual)
    gap = (np.abs(one - other).max(axis=2) / size).max(axis=1)
    return np.where(np.isfinite(gap), gap, np.inf)


def looser(solver: Solver) -> Solver | None:
    """Return a solver ten times as loose, to see what it changes; None where none is allowed."""
    rtol = solver.rtol / TIGHTER
    return None if rtol >= 1e-2 else _with(solver, rtol)


def tighter(solver: Solver) -> Solver | None:
    """Return the next more exact solver; None where rounding is as large as what is asked."""
    rtol = TIGHTER * solver.rtol
    return None if rtol < LEAST_RTOL else _with(solver, rtol)


def _with(solver: Solver, rtol: float) -> Solver:
    atol = None if solver.atol is None else max(solver.atol * rtol / solver.rtol, 1e-15)
    return solver.model_copy(update={"rtol": rtol, "atol": atol})
