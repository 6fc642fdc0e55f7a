"""What is off in a patient is drawn, and told from the variable's own scale."""

from __future__ import annotations

import pytest
import xarray as xr

from ldnsim import plots
from ldnsim.plots.rows import rows_of
from ldnsim.plots.wording import healthy_by_scale, is_off
from tests.plots.conftest import build


@pytest.mark.parametrize(
    ("scale", "value", "healthy", "off"),
    [
        ("fold of healthy", 1.25, 1.0, True), ("fold of healthy", 0.7, 1.0, True),
        ("fold of healthy", 1.15, 1.0, False), ("0–10", 3.0, 2.4, True),
        ("NRS 0–10", 3.0, 2.6, False), ("0–100", 80.0, 84.0, False), ("0–100", 70.0, 84.0, True),
        ("share of the worst", 0.34, 0.0, True), ("share of the worst", 0.04, 0.0, False),
        ("fraction", 0.44, 0.06, True), ("per 28 d", 9.0, 0.0, True), ("per 28 d", 0.0, 0.0, False),
        ("fold of healthy", float("nan"), 1.0, False), ("fraction", 0.4, float("nan"), False),
    ],
)  # fmt: skip
def test_off_is_a_fifth_or_a_twentieth_of_the_scale(
    scale: str, value: float, healthy: float, off: bool
) -> None:
    assert is_off({"scale": scale}, value, healthy) is off


def test_only_some_scales_say_what_a_healthy_person_has() -> None:
    assert healthy_by_scale({"scale": "fold of healthy"}) == 1.0
    assert healthy_by_scale({"scale": "share of the worst"}) == 0.0
    for scale in ("fraction", "0–10", ""):
        assert healthy_by_scale({"scale": scale}) != healthy_by_scale({"scale": scale})


def _with(name: str, scale: str, rest: float) -> xr.Dataset:
    ds = build([0.5, 4.5], [7])
    words = {"units": "1", "scale": scale, "long_name": name, "short_name": name}
    ds[name] = ds["pain"].assign_attrs(words)
    ds[f"baseline_{name}"] = ds["pain_change"] * 0.0 + rest
    return ds


@pytest.mark.parametrize(
    ("scale", "rest", "drawn"),
    [("fold of healthy", 1.7, True), ("fold of healthy", 1.1, False), ("fraction", 0.9, False),
     ("share of the worst", 0.3, True)],
)  # fmt: skip
def test_a_stored_variable_that_is_off_has_a_row(scale: str, rest: float, drawn: bool) -> None:
    ds = _with("activity", scale, rest)
    assert (("activity",) in [row.variables for row in rows_of(ds)]) is drawn
    labels = " ".join(ax.get_ylabel() for ax in plots.compare(ds).axes)
    assert (f"({scale})" in " ".join(labels.split()) and "activity" in labels) is drawn


def test_what_the_study_lists_keeps_its_own_row() -> None:
    ds = _with("activity", "share of the worst", 0.3)
    ds = ds.assign_attrs(study='[output]\nvariables = ["pain", "activity"]\n')
    assert [row.variables for row in rows_of(ds)].count(("activity",)) == 1
