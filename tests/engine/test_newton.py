"""Broyden's method on maps with known fixed points: where it leads, and that rows are alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.engine.rhythm.newton import broyden, inverses

SIZE = 6


def bent(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Linear parts and constants of maps ``x -> A x + b + 0.05 sin(x)``."""
    return 0.5 * rng.standard_normal((n, SIZE, SIZE)) / SIZE, rng.standard_normal((n, SIZE))


def after(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One row at a time, so that the map itself knows nothing of neighbours."""
    rows = [m @ u + c + 0.05 * np.sin(u) for m, c, u in zip(a, b, x, strict=True)]
    return np.array(rows).reshape(x.shape)


@given(st.integers(0, 200))
def test_one_matrix_for_all_leads_each_to_its_own_fixed_point(seed: int) -> None:
    a, b = bent(np.random.default_rng(seed), 4)
    shared = inverses(np.zeros((1, SIZE, SIZE)))
    y, residual = broyden(
        lambda at, u: after(a[at], b[at], u), np.zeros((4, SIZE)), shared, 1e-11, -99.0, 40
    )
    assert np.all(residual < 1e-11)
    np.testing.assert_allclose(after(a, b, y), y, rtol=0.0, atol=1e-9)


def test_the_right_matrix_of_a_linear_map_leads_there_in_one_step() -> None:
    a, b = bent(np.random.default_rng(1), 3)

    def straight(at: np.ndarray, u: np.ndarray) -> np.ndarray:
        return np.asarray(np.matmul(a[at], u[:, :, None])[:, :, 0] + b[at])

    y, residual = broyden(straight, np.ones((3, SIZE)), inverses(a), 1e-12, -99.0, 2)
    assert np.all(residual < 1e-12)
    np.testing.assert_allclose(y, np.linalg.solve(np.eye(SIZE) - a, b[:, :, None])[:, :, 0])


def test_a_row_is_the_same_bits_in_any_company() -> None:
    a, b = bent(np.random.default_rng(5), 9)
    start, inverse = np.zeros((9, SIZE)), inverses(np.zeros((1, SIZE, SIZE)))
    # one comes to an end at once, and one is lost: others go on as if alone
    b[2], b[4] = 0.0, np.nan

    def go(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return broyden(
            lambda at, u: after(a[rows[at]], b[rows[at]], u), start[rows], inverse, 1e-9, -99.0, 9
        )

    together = go(np.arange(9))
    for k in range(9):
        for one, all_ in zip(go(np.array([k])), together, strict=True):
            np.testing.assert_array_equal(one[0], all_[k])


def test_without_a_matrix_or_a_start_there_is_no_step() -> None:
    a, b = bent(np.random.default_rng(2), 3)
    matrices, start = a.copy(), np.zeros((3, SIZE))
    matrices[1, 0, 0], start[2, 3] = np.nan, np.nan
    y, residual = broyden(
        lambda at, u: after(a[at], b[at], u), start, inverses(matrices), 1e-9, -99.0
    )
    assert residual[0] < 1e-9 and np.all(np.isinf(residual[1:]))
    np.testing.assert_array_equal(y[1:], start[1:])


def test_no_state_is_put_below_the_floor() -> None:
    seen: list[float] = []

    def falls(at: np.ndarray, u: np.ndarray) -> np.ndarray:
        seen.append(float(u.min()))
        return u - 1.0

    broyden(falls, np.ones((1, SIZE)), inverses(np.zeros((1, SIZE, SIZE))), 1e-9, -0.01, 5)
    assert min(seen) == pytest.approx(-0.01)
