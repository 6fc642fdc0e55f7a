from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.results import assemble
from ldnsim.runs import doses
from ldnsim.runs.measures import hours_above_reference
from ldnsim.runs.plan import clock_time


def test_hours_above_the_untreated_patient_round_the_same_in_any_company() -> None:
    rng = np.random.default_rng(3)
    night, n = np.arange(145) / 6.0, 40
    values, reference = rng.lognormal(size=(n, 145)), np.ones((n, 145))
    start, clock = np.full(n, 0.0), clock_time(night)
    order = np.argsort(clock[:-1])
    given = (night, clock[:-1][order])

    def found(rows: slice) -> bytes:
        return hours_above_reference(
            values[rows], start[rows], given[0], reference[rows, :144], given[1], 1.0
        ).tobytes()

    alone = b"".join(found(slice(k, k + 1)) for k in range(n))
    assert found(slice(0, n)) == alone
    assert b"".join(found(slice(k, k + 5)) for k in range(0, n, 5)) == alone


def test_the_close_up_of_nightly_doses_starts_at_the_last() -> None:
    time = 22.0 + 24.0 * np.arange(10)
    assert doses.close_up_start(time, 300.0) == time[-1]
    assert doses.close_up_start(time, time[-1] + 23.0) == time[-2], "it must lie before the end"


def test_the_close_up_of_six_hourly_doses_holds_four_of_them() -> None:
    time = 4.0 + 6.0 * np.arange(40)
    start = doses.close_up_start(time, 1000.0)
    assert ((time >= start) & (time < start + 24.0)).sum() == 4
    assert time[-1] < start + 24.0


def test_the_close_up_of_alternate_days_starts_at_the_last_dose() -> None:
    time = 22.0 + 48.0 * np.arange(5)
    assert doses.close_up_start(time, 1000.0) == time[-1]


def test_the_daily_dose_counts_the_calendar_day() -> None:
    time, amount = np.array([8.0, 22.0, 46.0]), np.array([1.0, 2.0, 4.0])
    at = np.array([0.0, 23.0, 24.0, 48.0, 100.0])
    assert doses.daily_dose(time, amount, at).tolist() == [3.0, 3.0, 4.0, 0.0, 0.0]


@given(st.lists(st.integers(1, 9), max_size=4), st.integers(1, 5000), st.integers(1, 4000))
def test_chunks_cover_every_run_once_in_order(shape: list[int], samples: int, limit: int) -> None:
    import math
    from unittest import mock

    with mock.patch.object(assemble, "CHUNK_BYTES", limit * 4):
        chunks = assemble.chunk_shape(shape, max(1, assemble.CHUNK_BYTES // (samples * 4)))
    covered = [range(a, b) for a, b, _ in assemble.regions(shape, chunks)]
    assert [i for r in covered for i in r] == list(range(math.prod(shape)))


def test_a_chunk_of_scattered_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="consecutive"):
        list(assemble.regions((4, 4), (2, 2)))


def test_rebound_hours_of_a_shifted_sine_are_half_a_day() -> None:
    night = np.linspace(0.0, 24.0, 97)
    reference = 1.0 + 0.2 * np.sin(2 * np.pi * night / 24.0)[None, :]
    clock = (np.array([22.0])[:, None] + night) % 24.0
    same = np.interp(clock, night, reference[0])
    values = same + 0.1 * np.sin(2 * np.pi * night / 24.0)
    found = hours_above_reference(values, np.array([22.0]), night, reference, night, 1.0)
    assert found == pytest.approx([12.0], abs=1e-6)
    lifted = hours_above_reference(same * 1.2, np.array([22.0]), night, reference, night, 1.1)
    assert lifted == pytest.approx([24.0])
    missing = np.full_like(same, np.nan)
    start = np.array([22.0])
    assert np.isnan(hours_above_reference(missing, start, night, reference, night, 1.0)).all()


@pytest.mark.parametrize("every", [0.25, 5.0, 7.0 / 60.0, 1.3])
def test_an_untreated_night_is_compared_with_its_own_clock(every: float) -> None:
    def day(t: np.ndarray) -> np.ndarray:
        return 1.0 + 0.8 * np.sin(2 * np.pi * t / 24.0) ** 3

    night, start = np.arange(0.0, 24.0, every), np.array([22.0, 1301.5])
    times = start[:, None] + night
    clock = np.unique(clock_time(times))
    reference = np.tile(day(clock), (2, 1))
    for factor, hours in ((1.001, 0.0), (0.999, night[-1])):
        found = hours_above_reference(day(times), start, night, reference, clock, factor)
        assert found == pytest.approx([hours] * 2)
