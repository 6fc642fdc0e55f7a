"""Oscillations measured on records whose period is known, and read from known multipliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.analysis.states.cycles import find_swing, ringing

DAYS = np.arange(2000.0)


def wave(period: float, growth: float = 0.0) -> np.ndarray:
    return 7.0 + 3.0 * np.exp(growth * DAYS) * np.sin(2.0 * np.pi * DAYS / period)


@given(st.floats(5.0, 150.0))
def test_a_wave_has_its_period_and_range(period: float) -> None:
    swing = find_swing(np.stack([wave(period), 2.0 * wave(period)]))
    assert swing is not None and swing.regular
    assert swing.period == pytest.approx(period, rel=0.01)
    assert swing.low == pytest.approx([4.0, 8.0], abs=1.3)
    assert swing.high == pytest.approx([10.0, 20.0], abs=1.3)


def test_rest_and_what_dies_out_or_grows_is_no_cycle() -> None:
    assert find_swing(np.full((1, 2000), 7.0)) is None
    assert find_swing(wave(13.0, -1e-3)[None]) is None
    assert find_swing(wave(13.0, 1e-3)[None]) is None
    assert find_swing(np.full((1, 2000), np.nan)) is None
    assert find_swing(wave(900.0)[None]) is None  # fewer than two turns in the last quarter


def test_turns_of_changing_length_are_called_irregular() -> None:
    phase = np.cumsum(2.0 * np.pi / (15.0 + 6.0 * np.sin(DAYS / 37.0)))
    swing = find_swing(7.0 + np.sin(phase)[None])
    assert swing is not None and not swing.regular


@given(st.floats(0.5, 1.05), st.floats(0.05, 3.0))
def test_ringing_is_the_angle_and_the_modulus_of_the_pair(modulus: float, angle: float) -> None:
    mu = modulus * np.exp(1j * angle)
    found = ringing(np.array([mu, mu.conjugate(), 0.99, 0.2]))
    assert found is not None
    assert found.period == pytest.approx(2.0 * np.pi / angle)
    assert found.kept == pytest.approx(modulus ** (2.0 * np.pi / angle))
    assert ringing(np.array([0.99 + 0j, -0.5])) is None
