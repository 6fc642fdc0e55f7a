from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.config.axis import Axis
from ldnsim.config.fields import points
from ldnsim.config.study import StudyConfig
from ldnsim.edition import shipped
from ldnsim.errors import UserError


def axis(**keys: object) -> Axis:
    return Axis.model_validate({"name": "a", "field": "regimen.target", **keys})


def test_logspace_spans_units_and_keeps_the_dose_asked_for() -> None:
    found = points(
        axis(logspace=["1 ug", "50 mg", 20], include=["4.5 mg"], digits=2, unit="mg"), shipped()
    )
    assert found.unit == "mg"
    assert found.coordinate[0] == 0.001
    assert found.coordinate[-1] == 50.0
    assert 4.5 in found.coordinate
    assert len(found.coordinate) == 21
    assert list(found.coordinate) == sorted(found.coordinate)
    assert all(float(f"{v:.2g}") == v for v in found.coordinate)


@given(
    st.floats(1e-6, 1e3),
    st.floats(1e-6, 1e3),
    st.integers(2, 40),
)
def test_a_logspace_has_a_constant_ratio_and_exact_ends(a: float, b: float, n: int) -> None:
    if abs(a / b - 1.0) < 1e-6:
        return
    made = points(axis(logspace=[a, b, n], unit="mg"), shipped()).coordinate
    assert made[0] == pytest.approx(a, rel=1e-15)
    assert made[-1] == b
    ratios = [y / x for x, y in itertools.pairwise(made)]
    assert ratios == pytest.approx([(b / a) ** (1 / (n - 1))] * (n - 1), rel=1e-9)


def test_values_keep_the_text_the_user_wrote() -> None:
    found = points(axis(values=["500 ug", "4.5 mg"]), shipped())
    assert found.apply == ("500 ug", "4.5 mg")
    assert found.coordinate == (0.5, 4.5)


def test_bare_numbers_take_the_unit_of_the_axis() -> None:
    found = points(axis(field="regimen.interval", values=[7, 14], unit="d"), shipped())
    assert found.coordinate == (7.0, 14.0)
    assert found.apply == ("7.0 d", "14.0 d")


def test_a_clock_time_is_a_label() -> None:
    found = points(axis(field="regimen.at", values=["22:00", "08:00"]), shipped())
    assert not found.numeric
    assert found.coordinate == ("22:00", "08:00")


def test_sets_of_adjuncts_are_labelled_with_a_plus() -> None:
    found = points(axis(field="modifiers", values=[[], ["x", "y"]]), shipped())
    assert found.coordinate == ("none", "x+y")


def test_a_parameter_is_converted_to_its_own_unit() -> None:
    from ldnsim.model import default_model

    name = next(p.name for p in default_model().parameters.values() if p.unit == "1/h")
    found = points(axis(field=f"parameters.{name}", values=[24.0], unit="1/d"), shipped())
    assert found.apply == (pytest.approx(1.0),)
    assert (found.coordinate, found.unit) == ((24.0,), "1/d")


def test_subjects_are_whole_numbers() -> None:
    with pytest.raises(UserError, match="whole number"):
        points(axis(field="subject", values=[0.5]), shipped())


def test_zipped_and_product_dimensions() -> None:
    from ldnsim.runs import grid

    study = StudyConfig.loads(
        'zip = [["dose", "subject"]]\nregimen = "1 mg nightly, for 2 wk"\n'
        'axes = [{name = "dose", field = "regimen.target", values = ["1 mg", "2 mg"]},'
        ' {name = "basin", field = "patient.basin", values = ["inflamed", "resolved"]},'
        ' {name = "subject", field = "subject", values = [5, 6]}]'
    )
    dims = grid.dims(study)
    assert [d.name for d in dims] == ["dose", "basin"]
    assert [c.name for c in dims[0].coordinates] == ["dose", "subject"]
    runs = grid.Runs(grid.base(study), dims)
    seen = [(float(r.regimen.doses().amount_mg[0]), r.subject, r.basin) for r in runs]
    assert seen == [
        (1.0, 5, "inflamed"),
        (1.0, 5, "resolved"),
        (2.0, 6, "inflamed"),
        (2.0, 6, "resolved"),
    ]


def test_coarse_fields_are_applied_before_fine_ones_whatever_their_order() -> None:
    from ldnsim.runs import grid

    study = StudyConfig.loads(
        'axes = [{name = "dose", field = "regimen.target", values = ["2 mg"]},'
        ' {name = "plan", field = "regimen", values = ["1 mg nightly, for 2 wk"]}]'
    )
    (run,) = grid.Runs(grid.base(study), grid.dims(study))
    assert set(run.regimen.doses().amount_mg) == {2.0}


@pytest.mark.parametrize(
    "keys",
    [
        {"logspace": ["1 ug", "50 ug", 3], "include": [3, 4.5]},
        {"linspace": ["1 ug", 2, 3]},
        {"linspace": [6, 12, 2], "field": "regimen.every"},
        {"logspace": [1, 10, 3], "field": "regimen.duration"},
    ],
)
def test_bare_numbers_of_a_spread_need_a_unit_as_those_of_a_list_do(keys: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="has no unit; write it as text with its unit"):
        points(axis(**keys), shipped())
    unit = "h" if "field" in keys else "ug"
    assert points(axis(**keys, unit=unit), shipped()).unit == unit
