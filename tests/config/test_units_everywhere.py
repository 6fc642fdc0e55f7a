"""A quantity with its unit is taken wherever a parameter or share is set, by one rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.cli.source import assignment
from ldnsim.config.fields import points
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError
from ldnsim.regimen import Adherence

PLAIN = "4.5 mg nightly at 22:00, for 12 wk"


def study(**keys: Any) -> StudyConfig:
    return StudyConfig.build({"regimen": PLAIN, **keys}, "x.toml")


def by_axis(field: str, value: Any) -> float:
    made = study(axes=[{"name": "a", "field": field, "values": [value]}])
    return float(points(made.axes[0], shipped()).apply[0])


def by_patient(name: str, value: Any) -> float:
    return study(patient={"parameters": {name: value}}).patient.parameters[name]


def by_change(name: str, value: Any) -> float:
    change = {"at": "1 wk", "parameter": name, "value": value}
    found = study(changes=[change]).changes[0].value
    assert found is not None
    return found


def by_option(name: str, value: Any) -> float:
    return assignment(f"{name}={value}")[1]


PARAMETERS = [
    ("cl", "90 L/h", 90.0), ("cl", "1500 mL/min", 90.0), ("cl", 90.0, 90.0), ("cl", 90, 90.0),
    ("driver", "10 %", 0.1), ("driver", 0.1, 0.1), ("ka", "0.02 1/min", 1.2),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "found"), PARAMETERS)
def test_a_parameter_is_read_alike_everywhere(name: str, value: Any, found: float) -> None:
    assert by_axis(f"parameters.{name}", value) == found
    for read in (by_patient, by_change, by_option):
        assert read(name, value) == found


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("cl", "90 mg", "got a mass"),
        ("cl", "90 L", "got a volume"),
        ("driver", "0.1 L", "got a volume"),
        ("cl", "fast", "it has no number"),
        ("driver", "1,5 %", "decimal comma"),
        ("cl", True, "expected a number"),
    ],
)
def test_a_wrong_unit_is_refused_alike_everywhere(name: str, value: Any, said: str) -> None:
    for read, key in (
        (by_patient, f"x.toml: patient.parameters.{name} = "),
        (by_change, "x.toml: changes[1].value = "),
        (lambda n, v: by_axis(f"parameters.{n}", v), "x.toml: "),
    ):
        with pytest.raises(UserError) as caught:
            read(name, value)
        assert str(caught.value).startswith(key) and said in str(caught.value)
    if isinstance(value, str):
        with pytest.raises(UserError, match=f"--set {name} = .*{said}"):
            by_option(name, value)


def test_a_number_in_quotes_is_told_what_to_write() -> None:
    with pytest.raises(UserError, match=r"patient\.parameters\.cl = '90'.*write '90 L/h'"):
        by_patient("cl", "90")
    with pytest.raises(UserError, match=r"patient\.parameters\.driver = '0.1'.*without quotes"):
        by_patient("driver", "0.1")
    with pytest.raises(UserError, match="parameter 'clx' is not known"):
        by_patient("clx", "90 L/h")
    with pytest.raises(UserError, match=r"patient\.parameters = 'clx': no such parameter"):
        by_patient("clx", 90.0)


SHARES: list[tuple[str, dict[str, Any]]] = [
    ("adherence", {"p_missed": "10 %", "p_late": "10 percent", "p_doubled": "10%"}),
    ("output", {"occupancy_threshold": "10 %", "response_fraction": "10 %"}),
    ("modifiers", {"exercise": "10 %", "stress": "10 %"}),
    ("patient", {"bioavailability": "10 %"}),
]


@pytest.mark.parametrize(("room", "keys"), SHARES)
def test_a_share_is_written_in_percent_or_not(room: str, keys: dict[str, Any]) -> None:
    made = getattr(study(**{room: keys}), room)
    assert all(getattr(made, key) == 0.1 for key in keys)
    with pytest.raises(UserError, match="without quotes"):
        study(**{room: dict.fromkeys(keys, "0.1")})
    with pytest.raises(UserError, match=f"x.toml: {room}"):
        study(**{room: dict.fromkeys(keys, "2000 %" if room != "modifiers" else "-1 %")})


def test_a_delay_has_its_unit() -> None:
    assert Adherence(late_mean_h="90 min").late_mean_h == 1.5  # type: ignore[arg-type]
    assert (
        by_axis("adherence.late_mean_h", "90 min") == by_axis("adherence.late_mean_h", 1.5) == 1.5
    )
    made = study(axes=[{"name": "a", "field": "adherence.late_mean_h", "values": [2]}])
    assert points(made.axes[0], shipped()).unit == "h"


@given(st.floats(1e-3, 1e3))
def test_what_is_resolved_reads_back(value: float) -> None:
    made = study(patient={"parameters": {"cl": f"{value!r} L/h"}}, adherence={"p_missed": "10 %"})
    assert made.patient.parameters["cl"] == value
    assert StudyConfig.loads(made.resolved()) == made
