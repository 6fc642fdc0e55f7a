"""Where the untreated orbit of a patient is looked for: near a known one, else where he settles.

Everybody begins from the orbit of the model's default patient in the same basin, and from its
monodromy matrix: Broyden's method leads from there to most orbits in a dozen rough days each. So
whose orbit another's is found from is fixed by the model, and no patient depends on who else is
looked for. Whom it does not lead to an orbit of his basin is left to himself instead, from the
basin's starting guess; who leaves the basin on the way has no orbit there.
"""

from __future__ import annotations

import functools
import threading

import numpy as np

from ldnsim.engine.rhythm.closing import NEARLY, Beginning, Flags, Rows, Search, close, steps
from ldnsim.engine.rhythm.day import DAY, ROUGH, untreated
from ldnsim.engine.rhythm.drugfree import felt
from ldnsim.engine.rhythm.newton import inverses
from ldnsim.engine.solve.batch import FloatArray, solve
from ldnsim.engine.solve.status import Status
from ldnsim.measure import Measure
from ldnsim.model import Model

FORGETS = 0.01
"""What is left of a shift after a day, of ``1 + |state|`` of any state, below which a state of the
default patient counts as one that forgets: its column stands for everybody's."""
LED = 16
"""Rough days on the way from the default patient's orbit, at most."""
STRETCH = 30
"""Days between looks at who has left the basin."""
SETTLE = ((180, 2), (900, 4))
"""Days that a patient has settled for when Newton's method is tried, and matrices taken for it: few
while he may still leave. Past the ghost of a state that has just vanished it takes years."""
CERTAIN = 60
"""Days from which on who is in the other basin has left his own."""


_ALONE = threading.Lock()


def beginning(model: Model, inflamed: bool) -> Beginning | None:
    """Find the orbit that others begin from; None where the default patient has none."""
    with _ALONE:  # what several threads need at once is found once
        return _beginning(model, inflamed)


@functools.cache
def _beginning(model: Model, inflamed: bool) -> Beginning | None:
    alone = Search.of(model, felt(model, model.defaults()[None]), np.array([inflamed]), 1)
    settle(alone)
    if alone.status[0] != Status.OK:
        return None
    y, every = alone.y, np.zeros(1, np.intp)
    monodromy = alone.slopes(every, y, ROUGH)[1][0]
    size = 1.0 + np.abs(y[0])
    kept = np.max(np.abs(monodromy * size / size[:, None]), axis=0)
    return Beginning(y[0], monodromy, np.flatnonzero(kept > FORGETS))


def lead(search: Search) -> None:
    """Lead patients to their orbits from that of the default patient in their basin."""
    for flag in (False, True):
        rows = np.flatnonzero(search.inflamed == flag)
        begin = beginning(search.model, flag) if len(rows) else None
        if begin is not None:
            y, there = _led(search, rows, begin)
            rows, y = rows[there], y[there]
            # past a fold the way leads to the other basin: what is there is not looked at
            _, _, gone = _stretch(search, rows, y, 1)
            search.y[rows] = y
            close(search, rows[~gone], 2, begin)


def _led(search: Search, rows: Rows, begin: Beginning) -> tuple[FloatArray, Flags]:
    """Where rough days lead some patients from a beginning, and whether that is near an orbit."""
    start, inverse = np.tile(begin.y, (len(rows), 1)), inverses(begin.monodromy[None])
    y, change = steps(search.rough, rows, start, inverse, 0.03 * NEARLY, LED)
    return y, change < NEARLY


def tell(search: Search) -> None:
    """Tell who has no orbit in his basin, but one in the other, from who has none at all."""
    if search.model.inflamed is None:
        return
    for flag in (False, True):
        rows = np.flatnonzero((search.status == Status.NO_ORBIT) & (search.inflamed == flag))
        begin = beginning(search.model, not flag) if len(rows) else None
        if begin is not None:
            y, there = _led(search, rows, begin)
            rows = rows[there]
            _, _, gone = _stretch(search, rows, y[there], 1)
            search.status[rows[gone]] = Status.NO_SUCH_BASIN


def settle(search: Search) -> None:
    """Leave patients without an orbit to themselves, and look for it where they come to."""
    rows = np.flatnonzero(search.status == Status.NO_ORBIT)
    first = [search.model.start(bool(b)) for b in search.inflamed[rows]]
    y = np.array(first).reshape(len(rows), search.y.shape[1])
    since = 0
    for until, rounds in SETTLE:
        rows, y = _stay(search, rows, y, since, until)
        search.y[rows], since = y, until
        close(search, rows, rounds)
        left = search.status[rows] == Status.NO_ORBIT
        rows, y = rows[left], y[left]


def _stay(
    search: Search, rows: Rows, y: FloatArray, since: int, until: int
) -> tuple[Rows, FloatArray]:
    """Follow some patients; who remains in his basin, and his state at the end."""
    for day in range(since, until, STRETCH):
        y, fine, gone = _stretch(search, rows, y, STRETCH)
        gone &= day + STRETCH >= CERTAIN
        search.status[rows[~fine]] = Status.NOT_FINITE
        search.status[rows[gone]] = Status.NO_SUCH_BASIN
        rows, y = rows[fine & ~gone], y[fine & ~gone]
    return rows, y


def _stretch(
    search: Search, rows: Rows, y: FloatArray, days: int
) -> tuple[FloatArray, Flags, Flags]:
    """States after some rough days; who got there; who spent the last day in the other basin."""
    model, switch, hours = search.model, search.model.inflamed, days * DAY
    if not len(rows):
        return y, np.ones(0, np.bool_), np.zeros(0, np.bool_)
    wanted = [Measure(switch.variable, "mean", hours - DAY, hours)] if switch else []
    done = solve(model, untreated(search.params[rows], y, hours, ROUGH, wanted), search.threads)
    fine: Flags = done.status == Status.OK
    if switch is None:
        return done.final, fine, np.zeros(len(rows), np.bool_)
    level = switch.share * search.params[rows, model.parameter_index[switch.parameter]]
    gone = fine & ((done.reductions[:, 0] > level) != search.inflamed[rows])
    return done.final, fine, np.asarray(gone)
