"""A flag is called by its axis; a curve that was lost says so; subjects share a scale."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from ldnsim import plots
from ldnsim.plots import own_data
from ldnsim.sweep.study import Study
from tests.plots.conftest import build


def test_the_star_names_a_flag_by_its_axis() -> None:
    ds = build([0.5, 4.5], [7, 14]).rename(interval="celiac")
    ds = ds.assign_coords(celiac=("celiac", np.array(["false", "true"])))
    title = plots.heatmap(ds, "pain_change").axes[0].get_title("left")
    assert "celiac false" in title.replace("\n", " ") or "celiac true" in title.replace("\n", " ")


def test_a_run_is_named_so_as_well() -> None:
    study = Study.build(
        {
            "regimen": "4.5 mg nightly at 22:00, for 1 wk",
            "axes": [{"name": "smoker", "field": "patient.smoker", "values": [True, False]},
                     {"name": "dose", "field": "regimen.target", "values": ["1 mg", "2 mg"]}],
        }
    )  # fmt: skip
    assert study.plan().name_of(2) == "smoker false, dose 1 mg"


def _branch(ends: list[list[str]]) -> xr.Dataset:
    attrs = {"parameter": "driver", "own": 0.0, "ends": json.dumps(ends)}
    p = np.linspace(0.0, 0.1, 5)
    none = np.array([], dtype=int)
    return xr.Dataset(
        {
            "parameter": ("point", p, {"units": "1"}), "curve": ("point", np.zeros(5, int)),
            "stable": ("point", np.ones(5, bool)), "tnf": ("point", 1.0 + p),
            "bifurcation_kind": ("bifurcation", none.astype(str)),
            "bifurcation_point": ("bifurcation", none),
        },
        attrs=attrs,
    )  # fmt: skip


def test_a_lost_curve_says_where_it_ends() -> None:
    def foot(ends: list[list[str]]) -> str:
        return " ".join(plots.bifurcation(_branch(ends), ["tnf"]).get_supxlabel().split())

    assert "end inside the range, at 0.1 (lost)." in foot([["bound", "lost"]])
    assert "inside the range" not in foot([["bound", "bound"]])


def _fit(high: float) -> dict[str, Any]:
    def seen(who: str, value: float, at: float) -> dict[str, Any]:
        return {"id": who, "variable": "v", "measured": value, "below_limit": False, "time": at}

    def curve(who: str) -> dict[str, Any]:
        return {"id": who, "variable": "v", "unit": "1", "long_name": "v", "time": [0.0, 1.0],
                "fitted": [1.0, 2.0], "shipped": [1.0, 2.0]}  # fmt: skip

    return {
        "curves": [curve("a"), curve("b")], "profiles": [], "estimates": [],
        "data": {"file": "m.csv"},
        "observations": [seen("a", 1.0, 0.0), seen("a", 2.0, 1.0), seen("b", 1.0, 0.0),
                         seen("b", high, 1.0)],
    }  # fmt: skip


def test_subjects_of_one_variable_have_one_kind_of_scale() -> None:
    def scales(figure: Figure) -> list[str]:
        return [ax.get_yscale() for ax in figure.axes]

    assert scales(own_data.draw(_fit(100.0))) == ["log", "log"]
    assert scales(own_data.draw(_fit(3.0))) == ["linear", "linear"]
