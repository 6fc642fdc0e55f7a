"""Follow the fixed points of a map through folds: pseudo-arclength continuation.

The map is any ``x -> F(x; p)`` that comes with its derivatives; here it is the state of a patient
one day later. A curve of fixed points is followed by its own length instead of by ``p``, so that
it passes folds, where the curve turns back in ``p`` and stability is exchanged (Kuznetsov,
Elements of Applied Bifurcation Theory, chapter 10). Three events are looked for between
neighbouring points and then solved for on the arclength: folds (the tangent's component along
``p`` changes sign), Neimark-Sacker points (a complex pair of multipliers crosses the unit circle:
a slow oscillation is born) and flips (a real multiplier crosses -1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

FloatArray = NDArray[np.float64]
Map = Callable[[FloatArray, float], tuple[FloatArray, FloatArray, FloatArray]]
"""``(x, p)`` to image (n,), its derivative by x (n, n) and by p (n,)."""

FOLD, NEIMARK_SACKER, FLIP = "fold", "Neimark-Sacker", "flip"
REAL = 1e-6
"""A multiplier counts as real when its imaginary part is below this share of its modulus."""


@dataclass(frozen=True)
class Settings:
    """How a curve is followed.

    Attributes:
        low: smallest parameter value.
        high: largest parameter value.
        scale: usual size of each state, (n,); one arclength of a curve that changes every state by
            that much is one.
        first: first step along the curve.
        largest: largest step; the whole range of the parameter is a step of one.
        smallest: smallest step tried before the curve is given up.
        points: most points on either side of the start.
        tolerance: largest accepted ``|F(x) - x| / (1 + |x|)``.
        floor: fixed points with a state below it are refused: equations continue where nature
            does not.
    """

    low: float
    high: float
    scale: FloatArray
    first: float = 0.01
    largest: float = 0.04
    smallest: float = 1e-5
    points: int = 600
    tolerance: float = 1e-8
    floor: float = -np.inf


class Point(NamedTuple):
    """A fixed point.

    Attributes:
        x: the state, (n,).
        p: the parameter.
        multipliers: eigenvalues of the derivative of the map, (n,) complex.
        tangent: unit tangent of the curve in scaled coordinates, (n + 1,); the last is along p.
        iterations: Newton steps it took.
        slope: derivative of ``F(x) - x`` in scaled coordinates, (n, n + 1).
    """

    x: FloatArray
    p: float
    multipliers: NDArray[np.complex128]
    tangent: FloatArray
    iterations: int
    slope: FloatArray

    @property
    def radius(self) -> float:
        """Largest modulus of a multiplier; below 1 for a stable point."""
        return float(np.max(np.abs(self.multipliers)))


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
    """

    points: tuple[Point, ...]
    events: tuple[Event, ...]
    ends: tuple[str, str]


BOUND, CLOSED, LOST, LONG = "bound", "closed", "lost", "too long"


@dataclass(frozen=True)
class _Space:
    """The map in scaled coordinates ``u = (x / weight, p / span)``."""

    map: Map
    set: Settings
    weight: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.set.scale)
        span = self.set.high - self.set.low
        object.__setattr__(self, "weight", np.append(self.set.scale * np.sqrt(n), span))

    def evaluate(self, u: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        """Gap ``F(x) - x`` and its derivative (n, n + 1), scaled; derivative of F; residual."""
        v = u * self.weight
        x, w = v[:-1], self.weight[:-1]
        image, by_x, by_p = self.map(x, float(v[-1]))
        whole = np.column_stack([by_x - np.eye(len(x)), by_p]) * self.weight / w[:, None]
        residual = float(np.max(np.abs(image - x) / (1.0 + np.abs(x))))
        return (image - x) / w, whole, by_x, residual

    def correct(
        self, start: FloatArray, row: FloatArray, most: int = 8, near: Point | None = None
    ) -> Point | None:
        """Newton's method on the map's gap and ``row . (u - start) = 0``; None if it fails.

        With a point near by and a map that can give its image alone, its derivative is used for
        a few cheap steps first, so that the costly one is needed about once.
        """
        u = start.copy() if near is None else self._chord(start, row, near.slope)
        last = np.inf
        for k in range(most):
            gap, whole, by_x, residual = self.evaluate(u)
            if not (np.isfinite(residual) and np.all(np.isfinite(whole))) or residual > 1e3 * last:
                return None
            if residual < self.set.tolerance:
                real = np.min(u[:-1] * self.weight[:-1]) >= self.set.floor
                return self._point(u, whole, by_x, row, k) if real else None
            last = min(last, residual)
            step = _solved(np.vstack([whole, row]), np.append(-gap, row @ (start - u)))
            if step is None:
                return None
            u = u + step
        return None

    def _chord(self, start: FloatArray, row: FloatArray, slope: FloatArray) -> FloatArray:
        """Newton steps with a derivative taken elsewhere; the start itself if they lead away."""
        image = getattr(self.map, "image", None)
        if image is None:
            return start
        inverse = _solved(np.vstack([slope, row]), np.eye(len(start)))
        if inverse is None:
            return start
        best, u, last = start, start, np.inf
        for _ in range(6):
            v = u * self.weight
            gap = image(v[:-1], float(v[-1])) - v[:-1]
            residual = float(np.max(np.abs(gap) / (1.0 + np.abs(v[:-1]))))
            if not residual < 0.5 * last:
                break
            best, last = u, residual
            if residual < 0.3 * self.set.tolerance:
                break
            u = u + inverse @ np.append(-gap / self.weight[:-1], row @ (start - u))
        return best

    def _point(
        self, u: FloatArray, whole: FloatArray, by_x: FloatArray, row: FloatArray, k: int
    ) -> Point:
        tangent = _solved(np.vstack([whole, row]), np.append(np.zeros(len(u) - 1), 1.0))
        unit = row if tangent is None else tangent / np.linalg.norm(tangent)
        v = u * self.weight
        eigenvalues = np.asarray(np.linalg.eigvals(by_x), dtype=np.complex128)
        return Point(v[:-1], float(v[-1]), eigenvalues, unit, k, whole)

    def place(self, point: Point) -> FloatArray:
        """Scaled coordinates of a point, (n + 1,)."""
        return np.append(point.x, point.p) / self.weight

    def along_p(self) -> FloatArray:
        """Unit vector along the parameter."""
        row = np.zeros(len(self.weight))
        row[-1] = 1.0
        return row


def _solved(matrix: FloatArray, right: FloatArray) -> FloatArray | None:
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None


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
    space = _Space(map_, settings)
    found = space.correct(np.append(x, p) / space.weight, space.along_p(), most=20)
    return None if found is None else found._replace(p=p)  # rounding in scaled coordinates


def trace(map_: Map, start: Point, settings: Settings) -> Curve:
    """Follow the curve through a fixed point both ways, as far as the bounds.

    Args:
        map_: the map with its derivatives.
        start: a point on it, from :func:`fixed_point`.
        settings: bounds, steps and tolerances.
    """
    space = _Space(map_, settings)
    after, stop = _walk(space, start)
    if stop == CLOSED:
        return _with_events(space, [start, *after], (CLOSED, CLOSED))
    before, begin = _walk(space, start._replace(tangent=-start.tangent))
    turned = [q._replace(tangent=-q.tangent) for q in reversed(before)]
    return _with_events(space, [*turned, start, *after], (begin, stop))


def _walk(space: _Space, start: Point) -> tuple[list[Point], str]:
    """Points after the start in the direction of its tangent, and why they end."""
    found: list[Point] = []
    here, step = start, space.set.first
    while len(found) < space.set.points:
        if _leaves(space, here):
            return found, BOUND
        u = space.place(here)
        new = space.correct(u + step * here.tangent, here.tangent, near=here)
        if new is None or new.tangent @ here.tangent < 0.9:
            step /= 2.0
            if step < space.set.smallest:
                edge = _next_to_edge(space, here)
                return (found, LOST) if edge is None else ([*found, edge], BOUND)
            continue
        if not space.set.low <= new.p <= space.set.high:
            edge = _at_edge(space, here, new)
            return (found, LOST) if edge is None else ([*found, edge], BOUND)
        found.append(new)
        if len(found) > 5 and _is_back(space, start, here, new):
            return found, CLOSED
        if new.iterations <= 3 and new.tangent @ here.tangent > 0.98:
            step = min(1.5 * step, space.set.largest)
        here = new
    return found, LONG


def _leaves(space: _Space, here: Point) -> bool:
    edge = 1e-12 * (space.set.high - space.set.low)
    out_low = here.p <= space.set.low + edge and here.tangent[-1] < 0.0
    out_high = here.p >= space.set.high - edge and here.tangent[-1] > 0.0
    return bool(out_low or out_high)


def _at_edge(space: _Space, inside: Point, outside: Point) -> Point | None:
    """The point of the curve exactly on the bound between two of its points."""
    p = space.set.low if outside.p < space.set.low else space.set.high
    share = (p - inside.p) / (outside.p - inside.p)
    a, b = space.place(inside), space.place(outside)
    guess = a + share * (b - a)
    guess[-1] = p / space.weight[-1]
    found = space.correct(guess, space.along_p(), near=inside)
    if found is None:
        return None
    sign = 1.0 if found.tangent @ inside.tangent > 0.0 else -1.0
    return found._replace(p=p, tangent=sign * found.tangent)


def _next_to_edge(space: _Space, here: Point) -> Point | None:
    """The point on the bound itself, where the last step before giving up would pass it.

    Beyond the bound there may be nothing that counts (a dose below zero), so that no step over it
    is accepted, however short.
    """
    u = space.place(here)
    ahead = u + 2.0 * space.set.smallest * here.tangent
    p, low, high = float(ahead[-1] * space.weight[-1]), space.set.low, space.set.high
    if low <= p <= high:
        return None
    share = ((low if p < low else high) - here.p) / (p - here.p)
    guess = u + share * (ahead - u)
    outside = here._replace(x=(guess * space.weight)[:-1], p=p)
    found = _at_edge(space, here, outside)
    return found if found is not None and found.tangent @ here.tangent > 0.9 else None


def _is_back(space: _Space, start: Point, here: Point, new: Point) -> bool:
    """Whether a closed curve has come round to its start, heading the same way."""
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
    pairs = np.abs(mu[np.abs(mu.imag) > REAL * np.abs(mu)])
    return float(pairs.max() - 1.0) if len(pairs) else -1.0


def flip_test(point: Point) -> float:
    """Smallest real multiplier, plus one; zero at a flip."""
    mu = point.multipliers
    real = mu.real[np.abs(mu.imag) <= REAL * np.abs(mu)]
    return float(real.min() + 1.0) if len(real) else 1.0


_TESTS = {FOLD: fold_test, NEIMARK_SACKER: pair_test, FLIP: flip_test}
_TARGET = {FOLD: 1.0, FLIP: -1.0}


def _with_events(space: _Space, points: list[Point], ends: tuple[str, str]) -> Curve:
    """Solve for the bifurcations between the points and put them in their places."""
    kept: list[Point] = []
    events: list[Event] = []
    for here, new in itertools.pairwise(points):
        kept.append(here)
        between = []
        for kind, test in _TESTS.items():
            if test(here) * test(new) < 0.0 and (q := _locate(space, here, new, kind)):
                between.append((float(np.linalg.norm(space.place(q) - space.place(here))), kind, q))
        for _, kind, q in sorted(between, key=lambda b: b[0]):
            events.append(Event(kind, len(kept), _crossing(q, kind)))
            kept.append(q)
    return Curve((*kept, points[-1]), tuple(events), ends)


def _locate(space: _Space, here: Point, new: Point, kind: str) -> Point | None:
    """The bifurcation between two points; None when the test jumped instead of crossing zero."""
    test = _TESTS[kind]
    u = space.place(here)
    length = float((space.place(new) - u) @ here.tangent)
    seen = {0.0: here, length: new}

    def value(step: float) -> float:
        if step not in seen:
            found = space.correct(u + step * here.tangent, here.tangent, near=here)
            # lost between two good points: the nearer end stands in, and the search goes on
            seen[step] = found or (here if step < 0.5 * length else new)
        return test(seen[step])

    brentq(value, 0.0, length, xtol=1e-8, rtol=1e-9, maxiter=60)
    best = min(seen.values(), key=lambda q: abs(test(q)))
    return best if abs(test(best)) < 1e-4 else None


def _crossing(point: Point, kind: str) -> complex:
    """The multiplier of a bifurcation that lies on the unit circle."""
    mu = point.multipliers
    if kind in _TARGET:
        return complex(mu[np.argmin(np.abs(mu - _TARGET[kind]))])
    pairs = mu[mu.imag > REAL * np.abs(mu)]
    return complex(pairs[np.argmax(np.abs(pairs))])
