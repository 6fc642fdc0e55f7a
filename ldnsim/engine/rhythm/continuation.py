"""Follow the fixed points of a map through folds: pseudo-arclength continuation.

The map is any ``x -> F(x; p)`` that comes with its derivatives; here it is the state of a patient
one day later. A curve of fixed points ``F(x; p) - x = 0`` is followed by its own length instead of
by ``p``, so that it passes folds, where the curve turns back in ``p`` and stability is exchanged
(Kuznetsov, Elements of Applied Bifurcation Theory, chapter 10). With ``u = (x, p)`` in scaled
coordinates and the unit tangent ``v`` there, a step of length ``s`` predicts ``u + s v`` and
corrects by Newton's method on

``F(x; p) - x = 0``, ``v . (u_new - u - s v) = 0``.

A correction may find another part of the curve, or another curve: past a fold there is nothing else
ahead. A step is refused, counted and halved where the tangent turns by more than
:data:`TURN` allows, or where the point found lies aside of the prediction by more than a curve that
turns so little could.

Three events are looked for between neighbouring points and then solved for on the arclength: folds
(the tangent's component along ``p`` changes sign), Neimark-Sacker points (a complex pair of
multipliers crosses the unit circle: a slow oscillation is born) and flips (a real multiplier
crosses -1).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ldnsim.engine.rhythm.fixed_points import FloatArray, Map, Space
from ldnsim.engine.rhythm.fixed_points import Point as Point
from ldnsim.engine.rhythm.fixed_points import Settings as Settings

FOLD, NEIMARK_SACKER, FLIP = "fold", "Neimark-Sacker", "flip"
REAL = 1e-6
"""A multiplier counts as real when its imaginary part is below this share of its modulus."""
TURN = 0.9
"""Least cosine between the tangents at both ends of a step."""
ASIDE = math.tan(math.acos(TURN))
"""Most that a point lies aside of its prediction, of the step's length: a curve whose tangent stays
within that angle of the step's stays within this cone."""


class Event(NamedTuple):
    """A bifurcation on a curve.

    Attributes:
        kind: fold, Neimark-Sacker or flip.
        place: its index among the points of the curve.
        multiplier: the one that reaches the unit circle.
    """

    kind: str
    place: int
    multiplier: complex


@dataclass(frozen=True)
class Curve:
    """A curve of fixed points.

    Attributes:
        points: in order along the curve, bifurcations among them.
        events: the bifurcations.
        ends: why it ends, at its first and at its last point.
        refused: steps that led off it and were halved: a curve of fewer points than its bends take.
    """

    points: tuple[Point, ...]
    events: tuple[Event, ...]
    ends: tuple[str, str]
    refused: int = 0


class Walk(NamedTuple):
    """One way along a curve.

    Attributes:
        points: after the start, in order.
        stop: why there are no more.
        refused: steps that led off the curve.
    """

    points: list[Point]
    stop: str
    refused: int


BOUND, CLOSED, LOST, LONG = "bound", "closed", "lost", "too long"


def fixed_point(map_: Map, x: FloatArray, p: float, settings: Settings) -> Point | None:
    """Find a fixed point at a given parameter by Newton's method, stable or not.

    Args:
        map_: the map with its derivatives.
        x: first guess, (n,).
        p: the parameter.
        settings: scales and tolerance.

    Returns:
        The point, its tangent towards larger p; None when Newton's method does not converge.
    """
    space = Space(map_, settings)
    found = space.correct(np.append(x, p) / space.weight, space.along_p(), most=20)
    # p is held; in scaled coordinates it came back rounded
    return None if found is None else found._replace(p=p)


def trace(map_: Map, start: Point, settings: Settings) -> Curve:
    """Follow the curve through a fixed point both ways, as far as the bounds.

    Args:
        map_: the map with its derivatives.
        start: a point on it, from :func:`fixed_point`.
        settings: bounds, steps and tolerances.
    """
    # the start belongs to both halves, and is put between them
    space = Space(map_, settings)
    # one way first: a closed curve is whole then
    after = _walk(space, start)
    if after.stop == CLOSED:
        whole = [start, *after.points]
        return _with_events(space, whole, (CLOSED, CLOSED), after.refused)
    # the other way; turned round, so that all tangents point along the curve
    before = _walk(space, start._replace(tangent=-start.tangent))
    turned = [q._replace(tangent=-q.tangent) for q in reversed(before.points)]
    whole, ends = [*turned, start, *after.points], (before.stop, after.stop)
    return _with_events(space, whole, ends, before.refused + after.refused)


def _walk(space: Space, start: Point) -> Walk:
    """Go from the start in the direction of its tangent."""
    found: list[Point] = []
    here, step, refused = start, space.set.first, 0
    while len(found) < space.set.points:
        if _leaves(space, here):
            return Walk(found, BOUND, refused)
        # predict along the tangent, correct at right angles to it
        ahead = space.place(here) + step * here.tangent
        new = space.correct(ahead, here.tangent, near=here)
        strays = new is not None and _strays(space, here, new, ahead, step)
        refused += strays
        if new is None or strays:
            # lost, or fallen on another part of the curve:
            # shorter, until the next point is surely the curve's own
            step /= 2.0
            if step < space.set.smallest:
                edge = _next_to_edge(space, here)
                return _to_edge(found, edge, refused)
            continue
        if not space.set.low <= new.p <= space.set.high:
            # over a bound: the curve ends exactly on it
            return _to_edge(found, _at_edge(space, here, new), refused)
        found.append(new)
        if len(found) > 5 and _is_back(space, start, here, new):
            return Walk(found, CLOSED, refused)
        # quick convergence on a straight piece: longer steps will do
        if new.iterations <= 3 and new.tangent @ here.tangent > 0.98:
            step = min(1.5 * step, space.set.largest)
        here = new
    return Walk(found, LONG, refused)


def _strays(space: Space, here: Point, new: Point, ahead: FloatArray, step: float) -> bool:
    """Whether a corrected point is not the curve's own: too far aside, or headed elsewhere."""
    aside = float(np.linalg.norm(space.place(new) - ahead))
    return aside > ASIDE * step or bool(new.tangent @ here.tangent < TURN)


def _to_edge(found: list[Point], edge: Point | None, refused: int) -> Walk:
    return Walk(found, LOST, refused) if edge is None else Walk([*found, edge], BOUND, refused)


def _leaves(space: Space, here: Point) -> bool:
    # a walk may start on a bound, along it or away from it
    edge = 1e-12 * (space.set.high - space.set.low)
    out_low = here.p <= space.set.low + edge and here.tangent[-1] < 0.0
    out_high = here.p >= space.set.high - edge and here.tangent[-1] > 0.0
    return bool(out_low or out_high)


def _at_edge(space: Space, inside: Point, outside: Point) -> Point | None:
    """The point of the curve exactly on the bound between two of its points."""
    p = space.set.low if outside.p < space.set.low else space.set.high
    # between the two points the curve is nearly straight; p is then held, and x solved for
    share = (p - inside.p) / (outside.p - inside.p)
    a, b = space.place(inside), space.place(outside)
    guess = a + share * (b - a)
    guess[-1] = p / space.weight[-1]
    found = space.correct(guess, space.along_p(), near=inside)
    if found is None:
        return None
    # with p held the tangent came out towards larger p: the curve may go the other way
    sign = 1.0 if found.tangent @ inside.tangent > 0.0 else -1.0
    return found._replace(p=p, tangent=sign * found.tangent)


def _next_to_edge(space: Space, here: Point) -> Point | None:
    """The point on the bound itself, where the last step before giving up would pass it.

    Beyond the bound there may be nothing that counts (a dose below zero), so that no step over it
    is accepted, however short.
    """
    u = space.place(here)
    ahead = u + 2.0 * space.set.smallest * here.tangent
    p, low, high = float(ahead[-1] * space.weight[-1]), space.set.low, space.set.high
    if low <= p <= high:
        return None
    # a straight line to the bound is near enough for Newton's method to start from
    share = ((low if p < low else high) - here.p) / (p - here.p)
    guess = u + share * (ahead - u)
    outside = here._replace(x=(guess * space.weight)[:-1], p=p)
    found = _at_edge(space, here, outside)
    return found if found is not None and found.tangent @ here.tangent > 0.9 else None


def _is_back(space: Space, start: Point, here: Point, new: Point) -> bool:
    """Whether a closed curve has come round to its start, heading the same way."""
    # the start lies between the last two points: nearer to each than they are to each other
    a, b, c = (space.place(q) for q in (here, start, new))
    length = float(np.linalg.norm(c - a))
    near = max(float(np.linalg.norm(b - a)), float(np.linalg.norm(b - c))) <= length
    return near and float(start.tangent @ new.tangent) > 0.5


def fold_test(point: Point) -> float:
    """Component of the tangent along the parameter; zero at a fold."""
    return float(point.tangent[-1])


def pair_test(point: Point) -> float:
    """Largest modulus of a complex multiplier, minus one; zero at a Neimark-Sacker point."""
    mu = point.multipliers
    # none: as far inside the circle as can be, so that a pair that is born inside crosses nothing
    pairs = np.abs(mu[np.abs(mu.imag) > REAL * np.abs(mu)])
    return float(pairs.max() - 1.0) if len(pairs) else -1.0


def flip_test(point: Point) -> float:
    """Smallest real multiplier, plus one; zero at a flip."""
    mu = point.multipliers
    # none: no flip, and no change of sign where two real ones become a pair
    real = mu.real[np.abs(mu.imag) <= REAL * np.abs(mu)]
    return float(real.min() + 1.0) if len(real) else 1.0


_TESTS = {FOLD: fold_test, NEIMARK_SACKER: pair_test, FLIP: flip_test}
_TARGET = {FOLD: 1.0, FLIP: -1.0}


def _with_events(space: Space, points: list[Point], ends: tuple[str, str], refused: int) -> Curve:
    """Solve for the bifurcations between the points and put them in their places."""
    kept: list[Point] = []
    events: list[Event] = []
    for here, new in itertools.pairwise(points):
        kept.append(here)
        # several may lie between two points; by their distance from the first they are in order
        between = []
        for kind, test in _TESTS.items():
            if test(here) * test(new) < 0.0 and (q := _locate(space, here, new, kind)):
                between.append((float(np.linalg.norm(space.place(q) - space.place(here))), kind, q))
        for _, kind, q in sorted(between, key=lambda b: b[0]):
            events.append(Event(kind, len(kept), _crossing(q, kind)))
            kept.append(q)
    return Curve((*kept, points[-1]), tuple(events), ends, refused)


def _locate(space: Space, here: Point, new: Point, kind: str) -> Point | None:
    """The bifurcation between two points; None when the test jumped instead of crossing zero."""
    test = _TESTS[kind]
    # the test as a function of the arclength from here; every value is a corrected point
    u = space.place(here)
    length = float((space.place(new) - u) @ here.tangent)
    seen = {0.0: here, length: new}

    def value(step: float) -> float:
        if step not in seen:
            found = space.correct(u + step * here.tangent, here.tangent, near=here)
            # lost between two good points: the nearer end stands in, and the search goes on
            seen[step] = found or (here if step < 0.5 * length else new)
        return test(seen[step])

    from scipy.optimize import brentq

    # the test changes sign, so a root is bracketed; a jump has no point near zero, and is none
    # (Brent's method needs the change of sign only, and no derivative of the test)
    brentq(value, 0.0, length, xtol=1e-8, rtol=1e-9, maxiter=60)
    best = min(seen.values(), key=lambda q: abs(test(q)))
    return best if abs(test(best)) < 1e-4 else None


def _crossing(point: Point, kind: str) -> complex:
    """The multiplier of a bifurcation that lies on the unit circle."""
    mu = point.multipliers
    # a real one near +1 or -1; or, of each pair in its upper half, the one of largest modulus
    if kind in _TARGET:
        return complex(mu[np.argmin(np.abs(mu - _TARGET[kind]))])
    pairs = mu[mu.imag > REAL * np.abs(mu)]
    return complex(pairs[np.argmax(np.abs(pairs))])
