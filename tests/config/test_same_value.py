"""One meaning of "the same value": where values are merged, refused as repeats, and selected."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.config.fields import points
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.units import ROUNDING, same_number


def study(**keys: Any) -> StudyConfig:
    axis = {"name": "dose", "field": "regimen.target", "unit": "mg", **keys}
    ladder = "0.05 mg nightly at 22:00, +0.05 mg every 7 d to 4.5 mg, for 12 wk"
    return StudyConfig.build({"regimen": ladder, "axes": [axis]}, "x.toml")


def values(**keys: Any) -> tuple[float, ...]:
    return points(study(**keys).axes[0], shipped()).coordinate


def test_a_value_listed_beside_a_spread_takes_its_place() -> None:
    assert values(linspace=["0.1 mg", "0.5 mg", 5], include=["0.3 mg"]) == (
        0.1, 0.2, 0.3, 0.4, 0.5,
    )  # fmt: skip
    assert values(linspace=["0.5 mg", "0.1 mg", 5], include=["300 ug"])[2] == 0.3
    found = values(logspace=["0.1 mg", "10 mg", 3], include=["1 mg", "2 mg"])
    assert found == (0.1, 1.0, 2.0, 10.0)


@given(st.integers(2, 40), st.data())
def test_including_a_point_of_the_spread_adds_none(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    exact = 1 + 4 * k / (n - 1)
    assert len(values(linspace=["1 mg", "5 mg", n], include=[f"{exact!r} mg"])) == n


def test_what_selection_could_not_tell_apart_is_refused() -> None:
    with pytest.raises(UserError, match=r"0\.3 and 0\.30000000000000004 are the same; remove one"):
        study(values=[0.3, 0.1 + 0.2])
    with pytest.raises(UserError, match=r"listed twice"):
        study(linspace=[0.1, 0.5, 3], include=["0.2 mg", "0.2 mg"])
    with pytest.raises(UserError, match=r"listed twice; remove one, or raise digits"):
        study(linspace=[1, 1.01, 3], digits=2, include=["2 mg"])


def test_whole_numbers_are_the_same_when_equal() -> None:
    assert not same_number(10_000_000_001, 10_000_000_002)
    assert not same_number(1e10 + 1, 1e10 + 2)
    assert same_number(3, 3.0)


@given(st.floats(1e-90, 1e90), st.floats(-3e-12, 3e-12))
def test_sameness_is_symmetric_and_within_rounding(a: float, share: float) -> None:
    b = a * (1 + share)
    assert same_number(a, b) == same_number(b, a)
    if not (a.is_integer() and b.is_integer()):
        assert same_number(a, b) == (abs(a - b) <= ROUNDING * max(a, b))
    assert not same_number(a, -a)
    assert not same_number(math.nan, a) and not same_number(math.nan, math.nan)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"values": ["1,5 mg"]}, " = '1,5 mg': expected a mass"),
        ({"values": [1, 1]}, ": 1.0 is listed twice"),
        ({"linspace": [0, "1 h", 3]}, ": linspace = '1 h': expected a mass"),
        ({"values": ["-9 mg"]}, ": "),
    ],
)
def test_an_error_about_a_value_names_its_axis_once(keys: dict[str, Any], said: str) -> None:
    short = "1 mg nightly at 22:00, +1 mg every 7 d to 2 mg, for 3 wk"
    axis = {"name": "dose", "field": "regimen.target", "unit": "mg", **keys}
    with pytest.raises(UserError) as caught:
        StudyConfig.build({"regimen": short, "axes": [axis]}, "x.toml")
    assert str(caught.value).startswith(f"x.toml: axis 'dose' (axes[1]), regimen.target{said}")
    assert str(caught.value).count("axis 'dose'") == 1
