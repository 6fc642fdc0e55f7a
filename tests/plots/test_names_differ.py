"""Different runs have different names, in pictures, tables and messages alike."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from ldnsim.analysis.trial.arms import as_arms
from ldnsim.errors import UserError
from ldnsim.plots.members import held, members
from ldnsim.plots.selection import indices, labels_of, names_of, narrow
from ldnsim.plots.shown import notes


def doses(values: list[float], units: str = "mg") -> xr.Dataset:
    return xr.Dataset(
        {"status": ("dose", np.zeros(len(values), np.int8))},
        {"dose": ("dose", values, {"units": units})},
    )


def test_close_doses_get_the_digits_that_tell_them_apart() -> None:
    ds = doses([1.0001, 1.0002, 3.0, 1 / 3])
    assert labels_of(ds, "dose") == ["1.0001 mg", "1.0002 mg", "3 mg", "0.333 mg"]
    assert [m.label for m in members(ds)] == ["1.0001 mg", "1.0002 mg", "3 mg", "0.333 mg"]


def test_times_near_a_round_one_are_not_called_it() -> None:
    assert names_of([14.0, 14.0000001, 30.0], "d")[0] == "2 wk"
    assert len(set(names_of([14.0, 14.0000001, 30.0], "d"))) == 3


def test_names_with_underscores_stay_apart() -> None:
    assert names_of(["a_b", "c_d"], "") == ["a b", "c d"]
    assert names_of(["a_b", "a b"], "") == ["a_b", "a b"]


def test_equal_values_and_gaps_have_the_names_they_had() -> None:
    assert names_of([1.0, 1.0, float("nan"), float("nan")], "mg") == ["1 mg", "1 mg", "–", "–"]
    assert names_of([True, False], "") == ["True", "False"]
    assert names_of([1, 0], "") == ["1", "0"]


@given(
    st.lists(st.floats(1e-9, 1e6), min_size=2, max_size=5, unique=True),
    st.sampled_from(["mg", "ug", "d", "h", "L/h", "1"]),
)
def test_names_differ_where_values_do_and_each_selects_its_run(
    values: list[float], units: str
) -> None:
    values = [v for v in values if sum(abs(v - w) <= 1e-9 * v for w in values) == 1]
    ds = doses(values, units)
    names = labels_of(ds, "dose") if values else []
    assert len(set(names)) == len(values)


def test_the_name_shown_selects_the_run() -> None:
    for values in ([1.000123, 1.000543, 2.0], [1.00012345, 1.00014567, 2.0]):
        ds = doses(values)
        for k, name in enumerate(labels_of(ds, "dose")):
            assert indices(ds, {"dose": name}) == {"dose": k}
    with pytest.raises(UserError, match="2 runs have it"):
        indices(ds, {"dose": "1 mg"})


def test_a_run_that_was_narrowed_to_keeps_its_name() -> None:
    ds = narrow(doses([1.0001, 1.0002]), {"dose": 1.0002})
    assert held(ds) == [("dose", "1.0002 mg")]
    assert "Selected: dose 1.0002 mg." in notes(ds)
    with pytest.raises(UserError, match=r"already held at 1\.0002 mg"):
        narrow(ds, {"dose": 1.0001})


def test_arms_of_two_axes_have_their_own_names() -> None:
    study = "".join(f"[[axes]]\nname = '{n}'\nfield = 'regimen.{f}'\n"
                    for n, f in (("dose", "target"), ("at", "at")))  # fmt: skip
    dims = ("dose", "at", "patient")
    ds = xr.Dataset(
        {"baseline_pain": (dims, np.full((2, 2, 3), 5.0)),
         "prescribed_dose": (dims, np.ones((2, 2, 3)))},
        {"dose": ("dose", [1.0001, 1.0002], {"units": "mg"}), "at": ("at", ["22:00", "08:00"])},
        attrs={"study": study},
    )  # fmt: skip
    names = [str(v) for v in as_arms(ds)["arm"].values]
    assert names == ["1.0001 mg, 22:00", "1.0001 mg, 08:00",
                     "1.0002 mg, 22:00", "1.0002 mg, 08:00"]  # fmt: skip


def test_an_arm_without_drug_is_passed_over() -> None:
    """It has no place on the axes of the other arms, which `trial` writes as not a number."""
    ds = doses([float("nan"), 3.0, 4.5])
    assert indices(ds, {"dose": "3 mg"}) == {"dose": 1}
    assert indices(ds, {"dose": "3000 ug"}) == {"dose": 1}
    with pytest.raises(UserError, match=r"not on the axis; nearest: 4.5 mg; it has –, 3 mg"):
        indices(ds, {"dose": "5 mg"})
