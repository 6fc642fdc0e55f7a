"""One exact reading of ``axis = value``, the same for pictures, commands and Python."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.errors import UserError
from ldnsim.plots.members import left_out, members
from ldnsim.plots.selection import indices, narrow, numbered, parse, run_dims

DOSES = [0.001, 0.0061, 1.5, 3.0, 4.5]


def axes(**extra: object) -> xr.Dataset:
    """Doses (mg) by hypotheses by patients, with intervals that advance with the dose."""
    ds = xr.Dataset(
        {"status": (("dose", "hypothesis", "patient"), np.zeros((5, 2, 3), np.int8))},
        {
            "dose": ("dose", DOSES, {"units": "mg"}),
            "interval": ("dose", [3.0, 3.0, 14.0, 14.0, 30.0], {"units": "d"}),
            "hypothesis": ("hypothesis", ["dual_pathway", "null"]),
            "patient": ("patient", [0, 1, 2], {"units": "1"}),
        },
    )
    return ds.assign_coords(extra)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (4.5, 4), ("4.5", 4), ("4.5 mg", 4), ("4500 ug", 4), ("4.50 mg", 4), ("4.5e0 mg", 4),
        ("1 µg", 0), ("1000 ng", 0), ("6.1 µg", 1), (4.5 * (1 + 1e-13), 4), (np.float64(3.0), 3),
    ],
)  # fmt: skip
def test_a_value_on_the_axis_is_found_in_any_unit(value: object, place: int) -> None:
    assert indices(axes(), {"dose": value}) == {"dose": place}


@pytest.mark.parametrize(
    "value", ["20 mg", "45 mg", 4.4999, "4.6 mg", "4.5 g", 0, -4.5, "1 mg", "4500", "0.006 mg"]
)
def test_a_value_beside_the_axis_is_refused_with_those_there_are(value: object) -> None:
    with pytest.raises(UserError, match=r"not on the axis; nearest: .*; it has 1 µg, 6.1 µg, 1.5"):
        indices(axes(), {"dose": value})


@pytest.mark.parametrize(
    "value", ["4,5 mg", "4.5 d", "mg", "nan", "inf", "4_5", "", "4.5 mg 3", "٤", True, None, [4.5]]
)
def test_what_is_no_dose_is_refused(value: object) -> None:
    with pytest.raises(UserError):
        indices(axes(), {"dose": value})


def test_the_digits_shown_are_enough_unless_two_values_share_them() -> None:
    thirds = [1 / 3, 2 / 3, 1.0]
    ds = axes().isel(dose=slice(0, 3)).assign_coords(dose=("dose", thirds, {"units": "mg"}))
    assert indices(ds, {"dose": "0.333 mg"}) == {"dose": 0}
    assert indices(ds, {"dose": "0.666667"}) == {"dose": 1}
    with pytest.raises(UserError, match="not on the axis"):
        indices(ds, {"dose": "0.33 mg"})
    close = ds.assign_coords(dose=("dose", [1.0001, 1.0002, 2.0], {"units": "mg"}))
    with pytest.raises(UserError, match="2 runs have it"):
        indices(close, {"dose": "1 mg"})
    assert indices(close, {"dose": 1.0002}) == {"dose": 1}


@given(st.lists(st.floats(1e-6, 50.0), min_size=2, max_size=6, unique=True), st.data())
def test_every_value_finds_itself_and_its_neighbour_does_not(
    doses: list[float], data: st.DataObject
) -> None:
    ds = xr.Dataset(
        {"status": ("dose", np.zeros(len(doses)))}, {"dose": ("dose", doses, {"units": "mg"})}
    )
    k = data.draw(st.integers(0, len(doses) - 1))
    near = [i for i, d in enumerate(doses) if abs(d - doses[k]) <= 1e-12 * doses[k]]
    if near == [k]:
        for value in (doses[k], f"{doses[k]!r} mg", f"{doses[k] * 1e3!r} ug"):
            assert indices(ds, {"dose": value}) == {"dose": k}
    off = doses[k] * 1.02
    if not any(abs(d - off) < 0.015 * off for d in doses):
        with pytest.raises(UserError, match="not on the axis"):
            indices(ds, {"dose": off})


def test_names_are_exact() -> None:
    assert indices(axes(), {"hypothesis": "null"}) == {"hypothesis": 1}
    for wrong in ("Null", "nul", "dual pathway"):
        with pytest.raises(UserError, match=r"did you mean|there are|valid"):
            indices(axes(), {"hypothesis": wrong})


def test_a_patient_that_is_not_there_is_refused() -> None:
    assert indices(axes(), {"patient": "2"}) == {"patient": 2}
    for wrong in ("3", -1, 1.5):
        with pytest.raises(UserError, match="there are the patients 0 to 2"):
            indices(axes(), {"patient": wrong})


def test_coordinates_that_advance_together_can_be_named_both() -> None:
    assert indices(axes(), {"interval": "30 d"}) == {"dose": 4}
    assert indices(axes(), {"interval": "1 mo", "dose": 4.5}) == {"dose": 4}
    assert indices(axes(), {"interval": "2 wk", "dose": 3.0}) == {"dose": 3}
    with pytest.raises(UserError, match="2 runs have it; add dose"):
        indices(axes(), {"interval": "14 d"})
    with pytest.raises(UserError, match="no run has both"):
        indices(axes(), {"interval": "3 d", "dose": 4.5})


def test_texts_are_read_once_each() -> None:
    assert parse(["dose = 4.5 mg", "hypothesis=a=b"]) == {"dose": "4.5 mg", "hypothesis": "a=b"}
    for wrong in (["dose"], ["=4.5"], ["dose="]):
        with pytest.raises(UserError, match="expected axis=value"):
            parse(wrong)
    with pytest.raises(UserError, match="given twice"):
        parse(["dose=1 mg", "dose=3 mg"])


def test_the_number_of_a_run_says_which_axes_were_left() -> None:
    assert numbered(axes(), {"dose": 4.5, "hypothesis": "null", "patient": 2}) == (29, [])
    assert numbered(axes(), {"dose": 1.5}) == (12, ["hypothesis", "patient"])
    with pytest.raises(UserError, match="axis 'doses' is not known; did you mean 'dose'"):
        numbered(axes(), {"doses": 1.5})


def test_what_was_narrowed_is_held() -> None:
    ds = narrow(axes(), {"dose": 4.5})
    assert run_dims(ds) == ("hypothesis", "patient")
    with pytest.raises(UserError, match=r"already held at 4.5 mg"):
        narrow(ds, {"dose": 3.0})
    assert narrow(ds, None) is ds
    with pytest.raises(UserError, match="single run"):
        narrow(
            ds.isel(hypothesis=0, patient=0, drop=True).drop_vars(["dose", "interval"]), {"x": 1}
        )


def test_a_bare_value_is_of_the_only_axis(grid: xr.Dataset, named: xr.Dataset) -> None:
    one = grid.isel(interval=0)
    assert [m.label for m in members(one, 4.5)] == ["4.5 mg"]  # type: ignore[arg-type]
    assert [m.label for m in members(one, "4.5 mg")] == ["4.5 mg"]
    assert [m.label for m in members(one, [4.5, "1500 ug"])] == ["4.5 mg", "1.5 mg"]  # type: ignore[list-item]
    with pytest.raises(UserError, match="has the axes dose, interval"):
        members(grid, "4.5 mg")
    with pytest.raises(UserError, match="expected values by axis, such as"):
        narrow(one, 4.5)  # type: ignore[arg-type]
    nothing = grid.drop_vars("pain_change")
    assert "through the middle" in left_out(nothing, members(nothing))


def test_a_run_is_named_once_and_open_axes_stand_at_their_first(grid: xr.Dataset) -> None:
    (one,) = members(grid, [{"dose": 4.5}])
    assert (one.label, one.by_default) == ("4.5 mg, interval 3 d", ("interval",))
    with pytest.raises(UserError, match="twice"):
        members(grid, [{"dose": 4.5, "interval": 14}, {"interval": "2 wk", "dose": "4500 ug"}])


def test_runs_that_are_not_shown_are_named(named: xr.Dataset, grid: xr.Dataset) -> None:
    some = members(named, most=2)
    assert left_out(named, some) == (
        "2 of 4 runs shown (most=4 or --most 4 draws all); left out: careful, standard."
    )
    assert left_out(named, members(named)) == ""
    assert "20 runs shown" in left_out(grid, members(grid)) and "cross" in left_out(
        grid, members(grid)
    )
    assert left_out(named, members(named, ["careful"]), ["careful"]) == "", "named, so no surprise"
    part = {"interval": 28}
    assert left_out(grid, members(grid, part), part) == ""
