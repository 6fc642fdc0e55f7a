"""Continuation of fixed points against maps whose folds and bifurcations are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.engine.rhythm.continuation import (
    BOUND,
    CLOSED,
    FLIP,
    FOLD,
    NEIMARK_SACKER,
    Curve,
    Map,
    Settings,
    fixed_point,
    trace,
)

CUSP = 2.0 / (3.0 * np.sqrt(3.0))


def cusp(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One Euler step of x' = p + x - x^3; the fixed points are those of the flow."""
    step = 0.1
    slope = np.array([[1.0 + step * (1.0 - 3.0 * x[0] ** 2)]])
    return x + step * (p + x - x**3), slope, np.array([step])


def follow(map_: Map, x: Any, p: float, low: float, high: float, **rest: Any) -> Curve:
    start = np.atleast_1d(np.asarray(x, dtype=float))
    s = Settings(low, high, np.ones(len(start)), tolerance=1e-12, **rest)
    point = fixed_point(map_, start, p, s)
    assert point is not None
    return trace(map_, point, s)


def test_the_folds_of_the_cusp_are_where_calculus_puts_them() -> None:
    curve = follow(cusp, -1.5, -1.0, -1.0, 1.0)
    folds = [curve.points[e.place] for e in curve.events]
    assert [e.kind for e in curve.events] == [FOLD, FOLD]
    assert [q.p for q in folds] == pytest.approx([CUSP, -CUSP], abs=1e-9)
    assert [q.x[0] for q in folds] == pytest.approx([-1 / np.sqrt(3), 1 / np.sqrt(3)], abs=1e-4)
    assert all(abs(e.multiplier - 1.0) < 1e-4 for e in curve.events)


def test_every_point_of_the_cusp_lies_on_it_and_only_the_middle_is_unstable() -> None:
    curve = follow(cusp, -1.5, -1.0, -1.0, 1.0)
    x = np.array([q.x[0] for q in curve.points])
    p = np.array([q.p for q in curve.points])
    radius = np.array([q.radius for q in curve.points])
    np.testing.assert_allclose(p, x**3 - x, atol=1e-10)
    away = np.abs(np.abs(x) - 1 / np.sqrt(3)) > 1e-3
    np.testing.assert_array_equal(radius[away] < 1.0, np.abs(x[away]) > 1 / np.sqrt(3))
    assert (p[0], p[-1]) == (-1.0, 1.0) and curve.ends == (BOUND, BOUND)
    assert np.all(np.diff(x) > 0.0)  # from the lower branch through the fold to the upper one


@pytest.mark.parametrize("largest", [0.04, 0.2, 0.35, 1.0])
@pytest.mark.parametrize(("width", "scale"), [(0.03, 1.0), (0.1, 1.0), (0.3, 3.0), (1.0, 10.0)])
def test_no_length_of_step_leads_over_a_fold(width: float, scale: float, largest: float) -> None:
    """The cusp made flat, so that past a fold the nearest curve ahead is the other branch."""

    def flat(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z, slow = x / width, 0.1 * width
        slope = np.array([[1.0 + 0.1 * (1.0 - 3.0 * z[0] ** 2)]])
        return x + slow * (p + z - z**3), slope, np.array([slow])

    s = Settings(-1.0, 1.0, np.array([scale]), tolerance=1e-12, largest=largest)
    start = fixed_point(flat, np.array([-1.5 * width]), -1.0, s)
    assert start is not None
    curve = trace(flat, start, s)
    found = [curve.points[e.place].p for e in curve.events if e.kind == FOLD]
    assert found == pytest.approx([CUSP, -CUSP], abs=1e-8)
    assert np.all(np.diff([q.x[0] for q in curve.points]) > 0.0)
    assert curve.refused > 0 and curve.ends == (BOUND, BOUND)


def test_the_same_curve_from_wherever_it_is_entered() -> None:
    for x, p in ((1.5, 1.0), (0.0, 0.0), (-1.0, 0.0)):
        curve = follow(cusp, x, p, -1.0, 1.0)
        found = sorted(curve.points[e.place].p for e in curve.events)
        assert found == pytest.approx([-CUSP, CUSP], abs=1e-9)
        assert sorted(curve.points[k].p for k in (0, -1)) == [-1.0, 1.0]


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.3, 0.35), st.floats(0.45, 3.0))
def test_bounds_are_met_exactly_and_never_passed(low: float, high: float) -> None:
    curve = follow(cusp, -1.2, low, low, high)
    p = np.array([q.p for q in curve.points])
    assert p.min() >= low and p.max() <= high
    assert p[0] == pytest.approx(low) and p[-1] in (low, high)
    assert any(e.kind == FOLD for e in curve.events)


def ring(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fixed points on the circle x^2 + p^2 = 1: a closed curve with folds at p = -1 and 1."""
    gap = 0.2 * (1.0 - p * p - x**2)
    return x + gap, np.array([[1.0 - 0.4 * x[0]]]), np.array([-0.4 * p])


def test_a_closed_curve_is_gone_round_once() -> None:
    curve = follow(ring, 1.0, 0.0, -2.0, 2.0)
    assert curve.ends == (CLOSED, CLOSED)
    folds = sorted(curve.points[e.place].p for e in curve.events if e.kind == FOLD)
    assert folds == pytest.approx([-1.0, 1.0], abs=1e-8)
    turned = np.unwrap([np.arctan2(q.p, q.x[0]) for q in curve.points])
    assert 2 * np.pi <= abs(turned[-1] - turned[0]) < 2 * np.pi + 0.3


@pytest.mark.parametrize("angle", [0.05, 1.0, 2.5])
def test_a_pair_that_leaves_the_unit_circle_is_a_neimark_sacker_point(angle: float) -> None:
    """x -> (1 + p) R(angle) x - |x|^2 x, shifted: multipliers (1 + p) exp(+-i angle)."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array([0.3, -0.2])

    def hopf(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        z = x - centre
        by_x = (1 + p) * turn - (z @ z) * np.eye(2) - 2.0 * np.outer(z, z)
        return centre + (1 + p) * turn @ z - (z @ z) * z, by_x, turn @ z

    curve = follow(hopf, centre, -0.31, -0.31, 0.4)
    assert [e.kind for e in curve.events] == [NEIMARK_SACKER]
    event = curve.events[0]
    assert curve.points[event.place].p == pytest.approx(0.0, abs=1e-7)
    assert np.angle(event.multiplier) == pytest.approx(angle, abs=1e-7)
    for q in curve.points:
        np.testing.assert_allclose(q.radius, 1.0 + q.p, atol=1e-9)


def test_the_first_doubling_of_the_logistic_map_is_a_flip_at_three() -> None:
    def logistic(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return p * x * (1 - x), np.array([[p * (1 - 2 * x[0])]]), x * (1 - x)

    curve = follow(logistic, 0.5, 2.0, 1.5, 3.5)
    assert [e.kind for e in curve.events] == [FLIP]
    point = curve.points[curve.events[0].place]
    assert point.p == pytest.approx(3.0, abs=1e-8)
    assert point.x[0] == pytest.approx(2.0 / 3.0, abs=1e-8)


def test_a_map_without_a_fixed_point_gives_none_and_one_that_breaks_ends_as_lost() -> None:
    def drift(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return x + 1.0 + x**2, 1.0 + 2.0 * x[:, None], np.zeros(1)

    s = Settings(0.0, 1.0, np.ones(1))
    assert fixed_point(drift, np.array([0.3]), 0.5, s) is None

    def breaks(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        bad = np.nan if p > 0.7 else 0.0
        return 0.5 * x + p + bad, np.array([[0.5]]), np.ones(1)

    curve = follow(breaks, 0.0, 0.0, 0.0, 1.0)
    assert curve.ends == (BOUND, "lost")
    assert 0.69 < curve.points[-1].p <= 0.7


def test_a_fixed_point_below_the_floor_is_refused() -> None:
    """x -> x + 0.1 (1 - x^2) rests at 1 and -1."""

    def two(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return x + 0.1 * (1.0 - x**2), np.array([[1.0 - 0.2 * x[0]]]), np.zeros(1)

    free, bound = Settings(0.0, 1.0, np.ones(1)), Settings(0.0, 1.0, np.ones(1), floor=-0.01)
    found = fixed_point(two, np.array([-0.8]), 0.5, free)
    assert found is not None and found.x[0] == pytest.approx(-1.0, abs=1e-6)
    assert fixed_point(two, np.array([-0.8]), 0.5, bound) is None
    assert fixed_point(two, np.array([0.8]), 0.5, bound) is not None


@pytest.mark.parametrize("high", np.linspace(1.0, 9.0, 17))
def test_a_bound_behind_which_nothing_counts_is_still_reached(high: float) -> None:
    """Amounts below zero are refused, so that no step over a dose of zero is ever accepted."""

    def pool(x: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return 0.5 * x + 1000.0 * p, np.array([[0.5]]), np.array([1000.0])

    s = Settings(0.0, high, np.array([2000.0 * high]), floor=-1e-2)
    start = fixed_point(pool, np.array([1000.0 * high]), 0.5 * high, s)
    assert start is not None
    curve = trace(pool, start, s)
    assert curve.ends == (BOUND, BOUND)
    assert curve.points[0].p == 0.0 and curve.points[0].x[0] == pytest.approx(0.0, abs=1e-9)
    assert curve.points[-1].p == high
