"""A method is a folder: one that the package does not have solves models through the same door."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from ldnsim.config.blocks import Solver
from ldnsim.engine.generate.kernels import generate, kernel_key, load_kernels
from ldnsim.engine.methods import AUTO, METHODS, ways
from ldnsim.engine.methods.method import STEPS
from ldnsim.engine.solve.batch import Batch, solve_with
from ldnsim.engine.solve.status import Method, Status
from ldnsim.measure import Measure
from ldnsim.mechanisms.record import Mechanism
from ldnsim.model import Model, assemble
from tests.engine.heun import METHOD as HEUN

THREE = (*METHODS, HEUN)
RATE, DOSE, DOSED_AT, END = 1.0, 2.0, 1.5, 4.0


def decay() -> Model:
    """One state that decays, one that is driven by it: closed forms for both."""
    m = Mechanism("decay", "first-order decay")
    m.parameter("rate", RATE, "1/h", "rate constant")

    @m.state("1", "amount")
    def amount(amount: float, rate: float) -> float:
        return -rate * amount

    @m.state("1", "what has gone")
    def gone(amount: float, rate: float) -> float:
        return rate * amount

    return assemble([m])


MODEL = decay()


def batch(h: float, method: str) -> Batch:
    """Two runs from 1 and 3 with a dose, in steps of exactly ``h`` (tolerances never bind)."""
    return Batch(
        np.full((2, 1), RATE), np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([0, 1, 2]),
        np.full(2, DOSED_AT), np.zeros(2, np.int64), np.full(2, DOSE), END, np.array([0.0, END]),
        np.arange(2), [Measure("amount", "integral", 0.0, END)], 1e6, np.full(2, 1e6), h, h,
        method=method,
    )  # fmt: skip


def exact() -> np.ndarray:
    """Both states of both runs at the end, (run, state)."""
    left = np.array([1.0, 3.0]) * np.exp(-RATE * END) + DOSE * np.exp(-RATE * (END - DOSED_AT))
    return np.column_stack([left, np.array([1.0, 3.0]) + DOSE - left])


def error(kernels: Any, h: float, method: str) -> float:
    found = solve_with(kernels, batch(h, method), 1, index=MODEL.observable_index)
    assert (found.status == Status.OK).all()
    return float(np.abs(found.final - exact()).max())


@pytest.fixture(scope="module")
def plain() -> Any:
    return load_kernels(MODEL, compiled=False, methods=THREE)


@pytest.mark.parametrize("method", THREE, ids=lambda m: m.name)
def test_every_method_converges_at_the_order_it_says(plain: Any, method: Any) -> None:
    """On a linear equation a method may gain up to an order; it never falls short of its own."""
    errors = [error(plain, h, method.name) for h in (0.5, 0.25)]
    assert method.order - 0.2 < np.log2(errors[0] / errors[1]) < method.order + 1.0


@pytest.mark.soak  # compiles all methods anew
def test_compiled_it_takes_the_same_steps_and_gives_its_name(plain: Any) -> None:
    fast = load_kernels(MODEL, methods=(HEUN,))
    own = dataclasses.replace(batch(1.0, "heun"), rtol=1e-5, atol=np.full(2, 1e-9))
    a, b = (solve_with(k, own, index=MODEL.observable_index) for k in (fast, plain))
    np.testing.assert_array_equal(a.steps, b.steps)
    np.testing.assert_allclose(a.traj, b.traj, rtol=1e-12)
    np.testing.assert_allclose(a.final, exact(), rtol=1e-5)
    integral = (exact()[:, 1]) / RATE  # what has gone is the rate times the integral
    np.testing.assert_allclose(a.reductions[:, 0], integral, rtol=1e-4)
    assert (a.method == 0).all() and (b.method == len(METHODS)).all()


def test_a_name_that_two_parts_define_is_refused() -> None:
    twin = dataclasses.replace(HEUN, name="other")
    with pytest.raises(ValueError, match="HEUN"):
        generate(MODEL, (HEUN, twin))


def test_a_method_without_one_of_its_functions_is_refused() -> None:
    with pytest.raises(ValueError, match="renamed_start"):
        generate(MODEL, (dataclasses.replace(HEUN, name="renamed"),))


def test_codes_choices_and_the_order_to_try_follow_from_the_registry() -> None:
    assert [m.name.upper() for m in METHODS] == [c.name for c in Method if c != Method.NONE]
    assert ways(THREE)["heun"] == (2,)
    assert ways()["auto"] == tuple(METHODS.index(m) for m in AUTO)
    for choice in ways():
        assert Solver(method=choice).method == choice
    with pytest.raises(ValueError, match="auto"):
        Solver(method="heun")


def test_every_method_says_where_it_is_printed_and_has_its_functions(plain: Any) -> None:
    for method in METHODS:
        assert "Hairer" in method.citation or "Steinebach" in method.citation
    for method in THREE:
        assert all(hasattr(plain, f"{method.name}_{step}") for step in STEPS)


def test_kernels_of_other_methods_are_kept_apart() -> None:
    assert kernel_key(MODEL) != kernel_key(MODEL, methods=THREE)
