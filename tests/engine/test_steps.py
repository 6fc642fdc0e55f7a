"""What the stepper makes of a step that failed: verdicts, patience, how many steps there are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ldnsim.engine.solve.batch import solve
from ldnsim.engine.solve.status import Status
from tests.engine.bench import LANES, MODEL, dosing, nightly, plain

OK = [Status.OK] * LANES


def lanes(w: np.ndarray, at: int) -> np.ndarray:
    return w[at : at + LANES]


def judged(verdicts: dict[int, int], short: bool, unsettled: int) -> tuple[list[float], list[int]]:
    """How often each lane was impatient, and its status, after a step with some verdicts."""
    k = plain()
    w = np.zeros(k.SIZE)
    lanes(w, k.AT_LENGTH)[:] = 0.9 * k.SHORTEST if short else 1.0
    lanes(w, k.AT_STEPPER + LANES * k.IMPATIENCE)[:] = unsettled
    for lane, verdict in verdicts.items():
        lanes(w, k.AT_LANE_VERDICT)[lane] = verdict
    worst = max(verdicts.values())
    status = [k.reject(w, lane, 0.0, worst, 1 / 6, 0.05) for lane in range(LANES)]
    return lanes(w, k.AT_STEPPER + LANES * k.IMPATIENCE).tolist(), status


@pytest.mark.parametrize("state", [0, 5, len(MODEL.states) - 1])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_rodas_rejects_a_step_in_which_any_state_is_not_finite(state: int, bad: float) -> None:
    """One that is followed by finite ones is not forgotten over them."""
    k = plain()
    w = np.zeros(k.SIZE)
    lanes(w, k.AT_ERROR + LANES * state)[3] = bad
    k.errors(w, 1e-4, np.full(len(MODEL.states), 1e-6))
    expected = np.full(LANES, k.FINE)
    expected[3] = k.BROKEN
    np.testing.assert_array_equal(lanes(w, k.AT_LANE_VERDICT), expected)


def test_a_lane_whose_loop_does_not_settle_is_given_up_when_patience_ends() -> None:
    """Lanes that go together lose patience together, but only the one to blame is given up."""
    k = plain()
    one = {2: k.UNSETTLED}
    assert judged(one, False, k.PATIENCE - 1) == ([k.PATIENCE] * LANES, OK)
    left = [Status.STEP_TOO_SMALL if lane == 2 else Status.OK for lane in range(LANES)]
    assert judged(one, False, k.PATIENCE) == ([k.PATIENCE + 1] * LANES, left)
    _, status = judged(dict.fromkeys(range(LANES), k.UNSETTLED), False, k.PATIENCE)
    assert status == [Status.STEP_TOO_SMALL] * LANES


def test_a_step_that_is_too_short_ends_the_lanes_that_refuse_it_and_no_other() -> None:
    k = plain()
    impatient, status = judged({0: k.BROKEN, 1: k.UNSETTLED}, True, 0)
    assert impatient == [0.0] * LANES
    assert status == [Status.NOT_FINITE, Status.STEP_TOO_SMALL, *OK[2:]]


@pytest.mark.parametrize("method", ["auto", "collocation", "rodas5p"])
@pytest.mark.parametrize("most", [0, -1, 3])
def test_no_more_steps_are_taken_than_are_allowed(method: str, most: int) -> None:
    params, y0, times, amounts = nightly([4.5], 1.0)
    batch = dosing(params, y0, times, amounts, 168.0, np.array([0.0, 168.0]), ["tnf"])
    found = solve(MODEL, dataclasses.replace(batch, max_steps=most, method=method))
    assert found.status.tolist() == [Status.TOO_MANY_STEPS]
    assert found.steps.tolist() == [max(most, 0)] and np.isnan(found.traj).all()
