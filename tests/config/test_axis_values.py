"""What the values of an axis may be is decided by its field, and told in its words."""

from __future__ import annotations

from typing import Any

import pytest

from ldnsim.config.fields import points
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.runs import grid

LADDER = "0.5 mg nightly at 22:00, +0.5 mg every 7 d to 4.5 mg, for 12 wk"


def study(field: str, **keys: Any) -> StudyConfig:
    axis = {"name": "a", "field": field, **keys}
    return StudyConfig.build({"regimen": LADDER, "axes": [axis]}, "x.toml")


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("regimen.target", {"values": [1], "unit": "é"}, ["unit = 'é'", "'mg'"]),
    ("regimen.target", {"values": [1], "unit": "inf mg"}, ["unit = 'inf mg'", "'mg'"]),
    ("regimen.target", {"values": [1], "unit": "h"}, ["unit = 'h'", "'mg'"]),
    ("regimen.target", {"values": [1]}, ["1 has no unit", "'1 mg'"]),
    ("regimen.target", {"values": ["3 mg", True]}, ["= True: expected a number"]),
    ("regimen.target", {"values": [{}]}, ["axes[1].values", "a number or text"]),
    ("regimen.target", {"values": [[1]]}, ["axes[1].values", "a number or text"]),
    ("regimen.target", {"linspace": ["1 mg", "5 mg", 3.0]}, ["num = 3.0", "write 3"]),
    ("regimen.target", {"linspace": [True, 5, 3], "unit": "mg"}, ["start = True", "a number"]),
    ("regimen.target", {"linspace": ["1 mg", "2 mg", 3], "digits": True}, ["digits = True"]),
    ("regimen.interval", {"values": [2]}, ["2 has no unit", "'2 d'"]),
    ("regimen.interval", {"values": ["2 mg"]}, ["got a mass"]),
    ("regimen.at", {"values": [22]}, ["times of day such as '22:00'", "got 22"]),
    ("regimen.at", {"values": ["22.30"]}, ["22.30", "time of day"]),
    ("regimen.at", {"linspace": [1, 2, 3]}, ["times of day such as '22:00'"]),
    ("regimen.at", {"values": ["22:00"], "unit": "h"}, ["unit = 'h'", "remove it"]),
    ("regimen.factor", {"values": [2]}, ["factors such as 'x2'"]),
    ("regimen", {"values": [4.5]}, ["prescriptions or names of protocols"]),
    ("modifiers", {"values": [2147483648, "x"]}, ["names of adjuncts", "got 2147483648"]),
    ("modifiers", {"values": ["x"]}, ["adjunct 'x' is not known"]),
    ("hypothesis", {"values": [1]}, ["names in quotes"]),
    ("patient.smoker", {"values": [1]}, ["true or false"]),
    ("patient.oprm1", {"values": [True]}, ["names in quotes"]),
    ("patient.functional_capacity", {"values": ["3"]}, ["write 3 without quotes"]),
    ("parameters.cl", {"values": ["90"]}, ["no unit", "'90 L/h'"]),
    ("parameters.cl", {"values": [True]}, ["expected a number"]),
    ("parameters.cl", {"values": ["90 mg"]}, ["a clearance", "got a mass"]),
    ("parameters.driver", {"values": ["0.1"]}, ["write 0.1 without quotes"]),
    ("parameters.driver", {"values": [float("inf")]}, ["finite"]),
    ("subject", {"values": ["1"]}, ["write 1 without quotes"]),
    ("subject", {"values": [1.5]}, ["whole number"]),
    ("adherence.seed", {"values": [1.5]}, ["whole number"]),
    ("adherence.p_missed", {"values": ["0.1"]}, ["write 0.1 without quotes"]),
]


@pytest.mark.parametrize(("field", "keys", "said"), REFUSED)
def test_a_value_of_another_kind_is_refused(
    field: str, keys: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        study(field, **keys)
    message = str(caught.value)
    assert message.startswith("x.toml: ax") and "axes[1]" in message
    for part in said:
        assert part in message, message


@pytest.mark.parametrize(
    ("field", "keys", "applied"),
    [
        ("parameters.cl", {"values": ["1.5 L/min", 60]}, (90.0, 60.0)),
        ("parameters.driver", {"values": ["10 %"]}, (0.1,)),
        ("parameters.driver", {"values": [10, 20], "unit": "%"}, (0.1, 0.2)),
        ("regimen.target", {"values": [900, "2. mg"], "unit": "ug"}, ("900.0 ug", "2. mg")),
        ("regimen.start", {"values": ["1/8 of target"]}, ("1/8 of target",)),
        ("modifiers", {"values": ["none", ["fish_oil"]]}, ("none", ("fish_oil",))),
        ("patient.smoker", {"values": [True, False]}, (True, False)),
    ],
)  # fmt: skip
def test_a_value_of_the_kind_of_its_field_is_applied(
    field: str, keys: dict[str, Any], applied: tuple[Any, ...]
) -> None:
    assert points(study(field, **keys).axes[0], shipped()).apply == applied


def test_a_clock_time_of_the_file_is_one_of_an_axis() -> None:
    text = (
        f'regimen = "{LADDER}"\naxes = [{{name = "a", field = "regimen.at", values = [21:30:00]}}]'
    )
    assert points(StudyConfig.loads(text).axes[0], shipped()).coordinate == ("21:30",)


def zipped(*groups: list[str]) -> StudyConfig:
    who = {"name": "who", "field": "subject", "values": [3, 4]}
    dose = {"name": "dose", "field": "regimen.target", "values": ["3 mg", "3 mg"]}
    return StudyConfig.build({"regimen": LADDER, "axes": [who, dose], "zip": list(groups)})


def test_equal_values_are_a_coordinate_beside_another_axis_and_no_dimension() -> None:
    dims = grid.dims(zipped(["who", "dose"]))
    assert [[c.values for c in d.coordinates] for d in dims] == [[(3, 4), (3.0, 3.0)]]
    for groups in ((), (["dose", "who"],)):
        with pytest.raises(UserError, match=r"'dose'.*: 3\.0 is listed twice"):
            zipped(*groups)
