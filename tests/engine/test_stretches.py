"""Runs solved stretch by stretch give what runs solved in one go give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ldnsim.engine.solve import batch, stretches
from ldnsim.engine.solve.batch import Batch, BatchResult, FloatArray
from ldnsim.engine.solve.stretches import Happenings
from ldnsim.measure import SOLVED, Measure

from .bench import MODEL, dosing, nightly

LOOKS = (30.0, 31.7, 96.0, 166.0)
END = 9 * 24.0
WINDOWS = ((0.0, END), (20.0, 100.0), (31.7, 96.0), (100.0, 110.0))
LEVELS = {"pain": 3.0, "mor_occupancy": 0.2}


class Onlooker:
    """Looks and changes nothing: hands over the events that a batch has anyway."""

    def __init__(self, whole: Batch, asked: Sequence[Measure] = ()) -> None:
        self.whole = whole
        self.times = np.array(LOOKS)
        self.asked = [[m for m in asked if m.stop == t] for t in LOOKS]
        self.seen: list[FloatArray] = []

    def first(self) -> Happenings:
        return self.stretch(0.0, LOOKS[0])

    def look(self, number: int, numbers: FloatArray, status: NDArray[np.int8]) -> Happenings:
        self.seen.append(numbers)
        ends = (*LOOKS[1:], END)
        return self.stretch(LOOKS[number], ends[number])

    def stretch(self, start: float, stop: float) -> Happenings:
        w = self.whole
        row = np.repeat(np.arange(len(w.params)), np.diff(w.event_offsets))
        due = (w.event_time >= start) & (w.event_time < stop)
        counts = np.bincount(row[due], minlength=len(w.params))
        return Happenings(
            w.params, np.cumsum([0, *counts]).astype(np.int64), w.event_time[due],
            w.event_target[due], w.event_value[due],
        )  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> Batch:
    params, y0, times, doses = nightly([0.0, 0.5, 4.5, 50.0, 1.0, 2.0, 3.0, 4.0, 6.0], END / 168.0)
    numbers = [
        Measure(name, kind, a, b, LEVELS[name])
        for a, b in WINDOWS for kind in SOLVED for name in LEVELS
    ]  # fmt: skip
    out = np.unique([*np.linspace(0.0, END, 37), *LOOKS])
    return dosing(params, y0, times, doses, END, out, list(LEVELS), numbers)


@pytest.fixture(scope="module")
def at_once(whole: Batch) -> BatchResult:
    return batch.solve(MODEL, whole, 1)


def test_numbers_and_curves_are_those_of_a_run_in_one_go(
    whole: Batch, at_once: BatchResult
) -> None:
    parted = stretches.solve(MODEL, whole, Onlooker(whole), 1)
    assert (parted.status == 0).all()
    for name in ("traj", "final"):
        a, b = getattr(parted, name), getattr(at_once, name)
        scale = np.abs(b).max(axis=(0, *range(2, b.ndim)), keepdims=True) + 1e-9
        assert (np.abs(a - b) / scale).max() < 2e-5, name
    np.testing.assert_allclose(parted.reductions, at_once.reductions, rtol=1e-4, atol=2e-4)


def test_an_output_at_a_look_is_of_before_what_happens_then(whole: Batch) -> None:
    looker = Onlooker(whole)
    column = int(np.searchsorted(whole.out_times, LOOKS[2]))
    untouched = stretches.solve(MODEL, whole, looker, 1).traj[:, :, column]

    class Giver(Onlooker):
        def look(self, number: int, numbers: FloatArray, status: NDArray[np.int8]) -> Happenings:
            found = super().look(number, numbers, status)
            if number != 2:
                return found
            n = len(self.whole.params)
            target = np.full(n, MODEL.state_index["ntx_brain"])
            return Happenings(
                found.params, np.arange(n + 1), np.full(n, LOOKS[2]), target, np.full(n, 500.0)
            )

    given = stretches.solve(MODEL, whole, Giver(whole), 1)
    assert (given.traj[:, :, column] == untouched).all()
    occupancy = list(LEVELS).index("mor_occupancy")
    assert (given.traj[:, occupancy, column + 1] > 0.5).all()


def test_a_look_is_shown_the_numbers_of_its_windows(whole: Batch) -> None:
    asked = [Measure("pain", "mean", t - 24.0, t) for t in LOOKS]
    looker = Onlooker(whole, asked)
    stretches.solve(MODEL, whole, looker, 1)
    alone = Batch(**{**whole.__dict__, "reductions": asked})
    direct = batch.solve(MODEL, alone, 1).reductions
    assert [s.shape for s in looker.seen] == [(9, 1)] * len(LOOKS)
    np.testing.assert_allclose(np.concatenate(looker.seen, axis=1), direct, rtol=1e-5)


def test_a_run_that_fails_is_not_looked_at_and_disturbs_nobody(whole: Batch) -> None:
    params = whole.params.copy()
    at = MODEL.parameter_index["v_central"]

    class Breaker(Onlooker):
        def look(self, number: int, numbers: FloatArray, status: NDArray[np.int8]) -> Happenings:
            found = super().look(number, numbers, status)
            assert number < 2 or (status[2] != 0 and np.isnan(numbers[2]).all())
            broken = params.copy()
            broken[2, at] = np.nan
            return Happenings(broken, found.offsets, found.time, found.target, found.value)

    asked = [Measure("pain", "mean", t - 24.0, t) for t in LOOKS]
    done = stretches.solve(MODEL, whole, Breaker(whole, asked), 1)
    others = np.arange(9) != 2
    assert done.status[2] != 0 and (done.status[others] == 0).all()
    assert np.isnan(done.traj[2]).all() and np.isnan(done.reductions[2]).all()
    sound = stretches.solve(MODEL, whole, Onlooker(whole), 1)
    np.testing.assert_allclose(done.final[others], sound.final[others], rtol=1e-3, atol=1e-5)


def test_the_same_bits_for_any_number_of_threads(whole: Batch) -> None:
    one, two = (stretches.solve(MODEL, whole, Onlooker(whole), threads) for threads in (1, 2))
    assert one.traj.tobytes() == two.traj.tobytes()
    assert one.reductions.tobytes() == two.reductions.tobytes()


def test_progress_never_falls_and_ends_with_all_runs(whole: Batch) -> None:
    told: list[int] = []
    stretches.solve(MODEL, whole, Onlooker(whole), 1, progress=told.append)
    assert told == sorted(told) and told[-1] == len(whole.params)
