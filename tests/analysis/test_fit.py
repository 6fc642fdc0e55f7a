"""Least squares in batches: closed forms, starts, what data leave open."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.analysis.evidence.fit import FLAT, Floats, curvature, minimise, profile
from ldnsim.catalog.calibration import Free

RNG = np.random.default_rng(7)
A, B = RNG.normal(size=(8, 3)), RNG.normal(size=8)
LOW, HIGH = np.full(3, -5.0), np.full(3, 5.0)


def linear(points: Floats) -> Floats:
    return points @ A.T - B


def test_a_linear_problem_has_the_closed_solution() -> None:
    found = minimise(linear, LOW, HIGH)
    exact, chi2, *_ = np.linalg.lstsq(A, B, rcond=None)
    np.testing.assert_allclose(found.x, exact, atol=1e-6)
    assert found.chi2 == pytest.approx(float(chi2[0]))
    covariance = np.linalg.inv(A.T @ A)
    bent = curvature(found.jacobian, ["a", "b", "c"])
    np.testing.assert_allclose(bent.se, np.sqrt(np.diag(covariance)), rtol=1e-6)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(bent.correlation, covariance / scale, atol=1e-6)
    assert bent.condition == pytest.approx(np.linalg.cond(A), rel=1e-6)
    assert (bent.rank, bent.open) == (3, ())


def test_a_profile_of_a_quadratic_is_the_normal_interval() -> None:
    found = minimise(linear, LOW, HIGH)
    se = curvature(found.jacobian, ["a", "b", "c"]).se
    seen = profile(linear, LOW, HIGH, found, 1, "b")
    low, high = seen.interval
    assert low is not None and high is not None and seen.determined
    for end in (low, high):
        assert abs(end - found.x[1]) == pytest.approx(math.sqrt(FLAT) * se[1], rel=0.02)


def test_a_sum_leaves_its_terms_open() -> None:
    def only_the_sum(points: Floats) -> Floats:
        total = points[:, 0] + points[:, 1]
        return np.stack([total - 1.0, 2.0 * (points[:, 2] - 0.5)], axis=1)

    found = minimise(only_the_sum, LOW, HIGH)
    bent = curvature(found.jacobian, ["a", "b", "c"])
    assert bent.rank == 2 and bent.open == ("a", "b")
    assert np.isinf(bent.se[:2]).all() and bent.se[2] == pytest.approx(0.5, rel=1e-6)
    assert profile(only_the_sum, LOW, HIGH, found, 0, "a").interval == (None, None)
    assert profile(only_the_sum, LOW, HIGH, found, 2, "c").determined


def test_starts_find_the_deeper_of_two_wells_and_the_shallow_one_shows() -> None:
    def wells(points: Floats) -> Floats:
        return np.stack([3.0 * (points[:, 0] ** 2 - 1.0), 0.5 * (points[:, 0] - 1.0)], axis=1)

    found = minimise(wells, np.array([-2.0]), np.array([2.0]), starts=16)
    assert found.x[0] == pytest.approx(1.0, abs=1e-5)
    assert found.reached[0] < 1e-8 and found.reached[-1] > 0.9


def test_failed_runs_are_kept_away_from() -> None:
    def half(points: Floats) -> Floats:
        return np.where(points > 0.0, points - 0.4, np.nan)

    found = minimise(half, np.array([-2.0]), np.array([2.0]))
    assert found.x[0] == pytest.approx(0.4, abs=1e-6)


def test_seeds_make_it_repeatable_and_bounds_hold() -> None:
    low, high = np.full(3, 0.9), np.full(3, 1.1)
    one, two = minimise(linear, low, high, seed=3), minimise(linear, low, high, seed=3)
    np.testing.assert_array_equal(one.x, two.x)
    assert np.all((one.x >= low) & (one.x <= high))


@given(st.floats(0.01, 0.99), st.booleans())
def test_coordinates_and_values_are_inverse(value: float, fraction: bool) -> None:
    free = Free("f", 0.01, 0.99, is_fraction=fraction)
    x = free.coordinate(value)
    assert free.value(x) == pytest.approx(value)
    numeric = (free.value(x + 1e-6) - free.value(x - 1e-6)) / 2e-6
    assert free.slope(x) == pytest.approx(numeric, rel=1e-5)
