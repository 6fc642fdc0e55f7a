"""Damping ratios of daily orbits: closed forms, known bifurcations, the same bits every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldnsim.analysis import continue_orbit
from ldnsim.analysis.states.damping import damping, least_damping
from ldnsim.config.run import RunSpec
from ldnsim.edition import shipped
from ldnsim.engine.generate.kernels import load_kernels
from ldnsim.engine.rhythm import nightly
from ldnsim.engine.solve.batch import Batch, solve_with
from ldnsim.engine.solve.status import Status
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import Mechanism
from ldnsim.model import Model, assemble
from ldnsim.patients.vectors import own_parameters
from tests.analysis.test_continuation import STRAINED

RATIO = 0.3
TURN = 240.0
"""Of the oscillator: damping ratio, and 2 pi over its undamped angular frequency, h."""


@settings(deadline=None)
@given(st.floats(-0.9, 0.999), st.floats(2.001, 1e4))
def test_ratio_and_period_are_those_of_the_continuous_system(zeta: float, period: float) -> None:
    turn = 2.0 * np.pi / period
    mu = np.exp(complex(-zeta / np.sqrt(1.0 - zeta**2) * turn, turn))
    if not abs(mu) > 1e-4 or abs(mu - 1.0) < 1e-6:
        return
    ratio, days = damping(np.array([mu, mu.conjugate()]))
    np.testing.assert_allclose(ratio, zeta, atol=1e-6)
    np.testing.assert_allclose(days, period, rtol=1e-6)


def test_what_does_not_turn_and_what_turns_once_in_two_days() -> None:
    ratio, period = damping(np.array([0.5, 1.0 + 1e-8j, 1e-6j, 0.0, 1.2, -0.5, np.nan], complex))
    two_days = np.log(2.0) / np.hypot(np.log(2.0), np.pi)
    np.testing.assert_allclose(ratio, [1, 1, 1, 1, 1, two_days, np.nan])
    np.testing.assert_allclose(period, [np.inf] * 5 + [2.0, np.nan])


def oscillator() -> Model:
    """x'' + 2 zeta w x' + w^2 x = 0 beside an amount that is dosed."""
    own = Mechanism("spring", "Oscillator")
    w = 2.0 * np.pi / TURN
    own.parameter("damping", RATIO, "1", "damping ratio")

    @own.state("nmol", "dose")
    def gut_fast(gut_fast: float) -> float:
        """Leaves."""
        return -0.3 * gut_fast

    @own.state("1", "place", start=0.5)
    def place(speed: float, gut_fast: float) -> float:
        """Moves, pushed by the dose."""
        return w * speed + 1e-3 * gut_fast

    @own.state("1", "speed")
    def speed(place: float, speed: float, damping: float) -> float:
        """Is pulled back."""
        return -w * place - 2.0 * damping * w * speed

    return assemble([own])


def test_an_oscillator_that_is_dosed_has_its_own_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    model = oscillator()
    kernels = load_kernels(model, compiled=False)

    def plain(model: Model, batch: Batch, threads: int | None = None) -> Any:
        return solve_with(kernels, batch, 1, index=model.observable_index)

    monkeypatch.setattr(nightly, "solve", plain)
    start, params = np.zeros((1, 3)), model.defaults()[None]
    found = nightly.nightly_orbits(model, params, np.array([False]), start, np.array([1.0]))
    ratio, period = damping(found.multipliers)
    assert found.status.tolist() == [[Status.OK]]
    np.testing.assert_allclose(ratio.min(axis=2), RATIO, atol=1e-6)
    np.testing.assert_allclose(period.min(axis=2), TURN / 24.0 / np.sqrt(1 - RATIO**2), rtol=1e-6)
    assert found.y0[0, 0, 1] != 0.0


def patients(*names: str) -> np.ndarray:
    return np.array([own_parameters(RunSpec.of(phenotype=name)) for name in names])


def test_the_pair_crosses_zero_where_continuation_finds_the_bifurcation() -> None:
    branch = continue_orbit(
        "expression_gain", 150.0, 300.0, dose=50.0, points=4, parameters=STRAINED
    )
    points = [b for b in branch.bifurcations if b.kind == "Neimark-Sacker"]
    assert points
    model = shipped().model
    params = np.array(
        [model.parameter_vector({**STRAINED, "expression_gain": b.value}) for b in points]
    )
    found = least_damping(model, params, np.zeros(len(points), dtype=bool), [50.0])
    assert np.all(found.status == Status.OK)
    np.testing.assert_allclose(found.ratio[:, 0], 0.0, atol=1e-3)
    np.testing.assert_allclose(found.period[:, 0], [b.period or 0.0 for b in points], rtol=1e-3)


def test_same_bits_for_any_threads_and_like_numbers_in_any_company() -> None:
    model, params = shipped().model, patients("default", "crohn", "depleted")
    flags = np.array([True, True, False])
    one, two = (least_damping(model, params, flags, [0.0, 1.0, 4.5], threads=k) for k in (1, 3))
    for name in vars(one):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    turned = least_damping(model, params[::-1], flags[::-1], [0.0, 1.0, 4.5])
    np.testing.assert_allclose(turned.ratio[::-1], one.ratio, atol=1e-4)
    assert np.array_equal(turned.status[::-1], one.status)


def test_a_patient_who_slides_off_his_basin_is_said_to_have_no_state_there() -> None:
    # 4.5 mg resolves the default patient, and leaves him with the rhythm of the resolved one
    found = least_damping(shipped().model, np.repeat(patients("default"), 2, axis=0),
                          np.array([True, False]), [4.5])  # fmt: skip
    assert found.status[:, 0].tolist() == [Status.NO_SUCH_BASIN, Status.OK]
    assert not found.inflamed.any() and not found.missing.any()
    np.testing.assert_allclose(found.ratio[0], found.ratio[1], atol=1e-4)


@pytest.mark.parametrize("doses", [[], [1.0, 0.5], [0.0, 0.0], [-1.0], [np.nan], [2000.0]])
def test_doses_that_cannot_be_followed_are_refused(doses: list[float]) -> None:
    with pytest.raises(UserError, match="ascend"):
        least_damping(shipped().model, patients("default"), np.array([True]), doses)
