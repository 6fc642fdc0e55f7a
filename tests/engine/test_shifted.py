"""Orbits of shifted copies against orbits solved for from the start, and the layout of groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.engine import LANES
from ldnsim.engine.rhythm.orbit import find_orbits
from ldnsim.engine.rhythm.shifted import beside, rows, shifted_orbits
from ldnsim.model import default_model

MODEL = default_model()
# drug, receptor, peptide, microglia, cytokine, symptom: fast and slow, sensitive and not
NAMES = (
    "ka", "bound_mor", "reserve", "priming50", "tnf_from_m1", "k_repair", "circadian_amplitude",
)  # fmt: skip
STEP = 0.01


@given(st.integers(1, 40))
def test_copies_stand_in_groups_led_by_the_patient(n: int) -> None:
    copies = np.arange(1.0, n + 1.0)[:, None]
    laid = beside(np.zeros(1), copies)
    at, lead = rows(n)
    assert len(laid) % LANES == 0
    np.testing.assert_array_equal(laid[at], copies)
    assert not laid[lead].any() and not laid[::LANES].any()
    np.testing.assert_array_equal(at // LANES, lead // LANES)


@pytest.mark.parametrize("inflamed", [True, False])
def test_shifted_orbits_are_those_solved_for_from_the_start(inflamed: bool) -> None:
    p = MODEL.defaults()
    y0 = find_orbits(MODEL, p[None], np.array([inflamed])).y0[0]
    copies = np.repeat(p[None], 2 * len(NAMES), axis=0)
    for k, name in enumerate(NAMES):
        column = MODEL.parameter_index[name]
        copies[2 * k, column] *= np.exp(STEP)
        copies[2 * k + 1, column] *= np.exp(-STEP)
    states, closed = shifted_orbits(MODEL, p, y0, copies)
    brute = find_orbits(MODEL, copies, np.full(len(copies), inflamed)).y0
    at, lead = rows(len(copies))
    assert closed.all()
    np.testing.assert_array_equal(states[lead], np.tile(y0, (len(at), 1)))
    ours = (states[at[0::2]] - states[at[1::2]]) / (2.0 * STEP)
    theirs = (brute[0::2] - brute[1::2]) / (2.0 * STEP)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert np.abs(ours).max() > 0.5  # the untreated state does move: the reserve with its own


def test_an_unshifted_copy_stays_where_the_patient_is() -> None:
    p = MODEL.defaults()
    y0 = find_orbits(MODEL, p[None], np.array([True])).y0[0]
    states, closed = shifted_orbits(MODEL, p, y0, p[None])
    assert closed.all()
    np.testing.assert_array_equal(states, np.tile(y0, (LANES, 1)))
