from __future__ import annotations

import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.plots import wording


@pytest.mark.parametrize(
    ("milligrams", "words"),
    [
        (0.001, "1 µg"), (0.000001, "1 ng"), (4.5, "4.5 mg"), (50.0, "50 mg"), (0.1, "0.1 mg"),
        (0.05, "50 µg"), (0.0, "0 mg"), (0.0000025, "2.5 ng"),
    ],
)  # fmt: skip
def test_masses_read_as_prescribed(milligrams: float, words: str) -> None:
    assert wording.mass(milligrams) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (84, "12 wk"),
        (90, "3 mo"),
        (3, "3 d"),
        (14, "2 wk"),
        (0.25, "6 h"),
        (10, "10 d"),
        (30, "1 mo"),
    ],
)
def test_durations_use_the_largest_whole_unit(days: float, words: str) -> None:
    assert wording.duration(days * 24) == words


@given(st.floats(1e-6, 1e3))
def test_a_mass_can_be_read_back(milligrams: float) -> None:
    value, unit = wording.mass(milligrams).split()
    scale = {"mg": 1.0, "µg": 1e-3, "ng": 1e-6}[unit]
    assert float(value) * scale == pytest.approx(milligrams, rel=6e-3)


@given(st.floats(0, 1000))
def test_clock_times_stay_on_the_clock(hours: float) -> None:
    h, m = map(int, wording.clock(hours).split(":"))
    assert 0 <= h < 24 and 0 <= m < 60
    assert abs((h + m / 60 - hours + 12) % 24 - 12) < 0.01


def test_axis_labels_carry_units() -> None:
    tnf = xr.DataArray(1.0, attrs={"long_name": "TNF", "units": "fold"})
    assert wording.axis_label(tnf) == "TNF (fold)"


def test_value_labels_follow_the_coordinate_unit() -> None:
    assert wording.value_label(0.001, "mg") == "1 µg"
    assert wording.value_label(90, "d") == "3 mo"
    assert wording.value_label("most_sensitive", "") == "most sensitive"
    assert wording.value_label(0.25, "1") == "0.25"
