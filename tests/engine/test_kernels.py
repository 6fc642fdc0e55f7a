"""Generated kernels: compiled, as plain Python, and against the mechanism functions themselves."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.engine.generate.kernels import generate
from ldnsim.engine.generate.source import check_names
from ldnsim.engine.methods.rodas5p.sparse import plan_elimination
from ldnsim.mechanisms.forms import OMEGA
from tests.engine.bench import (
    LANES,
    MODEL,
    caller,
    get,
    plain,
    put,
    random_parameters,
    random_state,
    set_clock,
)

NS, NOBS = len(MODEL.states), len(MODEL.observables)


def workspace(seed: int, how: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(seed)
    k = plain()
    w = np.zeros(k.SIZE)
    params, y = random_parameters(rng, LANES), random_state(rng, LANES)
    put(w, k.AT_PARAMETERS, params)
    put(w, k.AT_POINT, y)
    run("setup", how)(w)
    return w, params, y, float(rng.uniform(0.0, 24.0))


def run(name: str, how: str) -> Callable[..., None]:
    return caller(name) if how == "compiled" else getattr(plain(), name)


@pytest.mark.parametrize("how", ["compiled", "plain"])
@pytest.mark.parametrize("seed", range(5))
def test_rates_equal_the_mechanism_functions_in_every_lane(how: str, seed: int) -> None:
    w, params, y, t = workspace(seed, how)
    set_clock(w, t)
    run("rhs", how)(w)
    got = get(w, plain().AT_RATES, NS)
    want = np.array([MODEL.rates(t, y[lane], params[lane]) for lane in range(LANES)])
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("how", ["compiled", "plain"])
def test_observables_equal_the_mechanism_functions(how: str) -> None:
    w, params, y, t = workspace(11, how)
    set_clock(w, t)
    run("observe", how)(w)
    got = get(w, plain().AT_OBSERVED, NOBS)
    for lane in range(LANES):
        names = MODEL.environment(t, y[lane], params[lane])
        want = [names[n] for n in MODEL.observables]
        np.testing.assert_allclose(got[lane], want, rtol=1e-11, atol=1e-13)


def numeric_jacobian(t: float, y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Central differences of fourth order: corners of the equations are narrow (1e-4)."""
    return (4.0 * _differences(t, y, p, 5e-6) - _differences(t, y, p, 1e-5)) / 3.0


def _differences(t: float, y: np.ndarray, p: np.ndarray, step: float) -> np.ndarray:
    jacobian = np.empty((NS, NS))
    for j in range(NS):
        shift = np.zeros(NS)
        shift[j] = step * max(1.0, abs(y[j]))
        up, down = MODEL.rates(t, y + shift, p), MODEL.rates(t, y - shift, p)
        jacobian[:, j] = (up - down) / (2.0 * shift[j])
    return jacobian


@pytest.mark.parametrize("how", ["compiled", "plain"])
@pytest.mark.parametrize("g", [0.5, 20.0])
def test_factor_and_solve_invert_the_numeric_jacobian(how: str, g: float) -> None:
    w, params, y, t = workspace(3, how)
    set_clock(w, t)
    put(w, plain().AT_INVERSE, np.full((LANES, 1), g))
    run("factor", how)(w)
    right = np.random.default_rng(0).normal(size=(LANES, NS))
    put(w, plain().AT_RIGHT, right)
    run("solve", how)(w)
    x = get(w, plain().AT_RIGHT, NS)
    for lane in range(LANES):
        matrix = g * np.eye(NS) - numeric_jacobian(t, y[lane], params[lane])
        np.testing.assert_allclose(matrix @ x[lane], right[lane], atol=2e-6)


@pytest.mark.parametrize("how", ["compiled", "plain"])
def test_time_derivative_of_the_rates(how: str) -> None:
    w, params, y, t = workspace(4, how)
    set_clock(w, t)
    put(w, plain().AT_INVERSE, np.ones((LANES, 1)))
    run("factor", how)(w)
    got = get(w, plain().AT_TIME_SLOPE, NS)
    for lane in range(LANES):
        later = MODEL.rates(t + 1e-4, y[lane], params[lane])
        earlier = MODEL.rates(t - 1e-4, y[lane], params[lane])
        np.testing.assert_allclose(got[lane], (later - earlier) / 2e-4, atol=1e-7)
    assert np.abs(got).max() > 1e-3  # the clock does reach the equations


@pytest.mark.parametrize("how", ["compiled", "plain"])
def test_the_clock_of_every_lane_is_that_of_the_library(how: str) -> None:
    k, w = plain(), np.zeros(plain().SIZE)
    rng = np.random.default_rng(2)
    edges = [[0.0, 6.0, 12.0, 18.0, 24.0, 36.0, -12.0, 1e-9]]
    for t in (*np.array(edges), *rng.uniform(0.0, 30_000.0, (20, LANES))):
        put(w, k.AT_MOMENT, t[:, None])
        run("tick", how)(w)
        got = get(w, k.AT_CLOCK, 2)
        want = np.stack([np.cos(OMEGA * t), np.sin(OMEGA * t)], axis=1)
        # a product with 2 pi / 24 is itself rounded: to 2e-16 of the angle
        np.testing.assert_allclose(got, want, rtol=0.0, atol=4e-16 + 3e-16 * OMEGA * t.max())


@given(st.integers(2, 9), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_elimination_pattern_holds_the_true_factors(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((n, n)) < 0.3, rng.normal(size=(n, n)), 0.0) + 5.0 * np.eye(n)
    plan = plan_elimination(n, {(int(r), int(c)) for r, c in np.argwhere(matrix)})
    assert sorted(plan.order) == list(range(n))
    a = matrix.copy()
    for k in plan.order:
        for r in plan.lower[k]:
            a[r, k] /= a[k, k]
            for c in plan.upper[k]:
                a[r, c] -= a[r, k] * a[k, c]
    rank = {k: i for i, k in enumerate(plan.order)}
    low, up = np.eye(n), np.zeros((n, n))
    for r in range(n):
        for c in range(n):
            if a[r, c] != 0.0:
                assert (r, c) in plan.pattern
            if rank[r] > rank[c]:
                low[rank[r], rank[c]] = a[r, c]
            else:
                up[rank[r], rank[c]] = a[r, c]
    order = list(plan.order)
    np.testing.assert_allclose(low @ up, matrix[np.ix_(order, order)], atol=1e-10)


@given(st.lists(st.floats(-2, 2), min_size=5, max_size=5), st.floats(0, 1))
@settings(deadline=None)
def test_interpolation_of_samples_reproduces_a_quartic(coefficients: list[float], x: float) -> None:
    quartic = np.polynomial.Polynomial(coefficients)
    v = quartic(plain().REACH)
    assert plain().polynomial(v, x) == pytest.approx(quartic(x), abs=1e-11)


def test_time_above_and_first_passage_of_a_known_curve() -> None:
    k = plain()
    v = k.REACH**2
    assert k.above(v, 0.25) == pytest.approx(0.5, abs=1e-12)
    assert k.first(v, 0.49, False) == pytest.approx(0.7, abs=1e-12)
    assert k.first(v, 2.0, False) == -1.0
    assert k.above(1.0 - v, 0.75) == pytest.approx(0.5, abs=1e-12)
    assert k.first(1.0 - v, 0.51, True) == pytest.approx(0.7, abs=1e-12)


def test_extreme_finds_the_top_between_nodes() -> None:
    x = plain().REACH
    assert plain().extreme(1.0 - (x - 0.4) ** 2, 1.0) == pytest.approx(1.0, abs=1e-12)
    assert plain().extreme((x - 0.6) ** 2 - 1.0, -1.0) == pytest.approx(-1.0, abs=1e-12)


def test_every_function_of_a_kernel_module_says_what_it_does() -> None:
    module = ast.parse(generate(MODEL).replace("{jit}", ""))
    functions = [n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)]
    assert len(functions) > 60
    assert [f.name for f in functions if not ast.get_docstring(f)] == []


def test_one_name_for_two_things_and_a_function_that_is_missing_are_refused() -> None:
    check_names("a = 1\ndef b(): pass", ["b"])
    for text, name in (("a = 1\ndef a(): pass", "a"), ("b = 1\nb = 2", "b"), ("a = 1", "wanted")):
        with pytest.raises(ValueError, match=f"'{name}'"):
            check_names(text, ["wanted"] if name == "wanted" else [])
