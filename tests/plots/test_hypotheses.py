"""All hypotheses of a result in one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import xarray as xr

from ldnsim import plots
from ldnsim.cli.look import Kind, _default_kind
from ldnsim.errors import UserError
from ldnsim.plots.hypotheses import COLOURS, PANELS, _look
from ldnsim.sweep.study import Study
from tests.plots.conftest import build

matplotlib.use("Agg")
NAMES = ["dual_pathway", "rebound", "glial", "tonic", "persistent", "ogfr", "peripheral", "null"]


def rivals(doses: int = 1) -> xr.Dataset:
    """Eight made-up hypotheses (doses stand in for them), the seventh failed."""
    one = build([0.1 * (k + 1) for k in range(8)], [14.0 * (k + 1) for k in range(doses)], (6, 0))
    ds = one.rename(dose="hypothesis", interval="dose").assign_coords(hypothesis=NAMES)
    ds["hypothesis"].attrs["field"] = "hypothesis"
    return ds


def test_every_hypothesis_has_a_line_in_every_panel() -> None:
    figure = plots.hypotheses(rivals())
    drawn = [ax for ax in figure.axes if ax.get_visible()]
    assert len(drawn) == len([n for n in PANELS if n in rivals()])
    words = [t.get_text() for t in drawn[2].get_legend().get_texts()]
    assert words == [
        n.replace("_", " ") + (" (failed)" if n == "peripheral" else "") for n in NAMES
    ]
    for ax in drawn:
        lines = {str(line.get_label()): line for line in ax.lines if line.get_label()[0] != "_"}
        assert len(lines) == 8
        assert len(lines["peripheral (failed)"].get_xdata()) == 0
        alive = [n.replace("_", " ") for n in NAMES if n != "peripheral"]
        assert all(len(lines[n].get_xdata()) > 50 for n in alive)


def test_no_two_hypotheses_look_the_same() -> None:
    looks = [_look(k, name) for k, name in enumerate(NAMES)]
    assert len({str(look) for look in looks}) == len(NAMES) > len(COLOURS)


def test_lines_are_daily_means() -> None:
    ds = rivals()
    figure = plots.hypotheses(ds)
    tnf = next(ax for ax in figure.axes if "tnf" in ax.get_ylabel())
    line = next(line for line in tnf.lines if line.get_label() == "glial")
    values = ds["tnf"].sel(hypothesis="glial").values.reshape(-1)
    assert line.get_ydata()[3] == pytest.approx(np.mean(values[12:16]))


def test_the_default_picture_follows_the_axis() -> None:
    one, two = rivals(), rivals(2)
    assert _default_kind(one, None) is Kind.hypotheses
    assert _default_kind(two, None) is Kind.heatmap
    assert _default_kind(two.isel(dose=0), None) is Kind.hypotheses
    assert _default_kind(one, ["pain_change"]) is Kind.heatmap
    with pytest.raises(UserError, match="dose"):
        plots.hypotheses(two)
    assert plots.hypotheses(two, {"dose": 14.0}).axes
    with pytest.raises(UserError, match="no axis over hypothesis"):
        plots.hypotheses(one.isel(hypothesis=0))


def test_the_shipped_study_has_them_all() -> None:
    plan = Study.load(Path(__file__).parents[2] / "configs" / "hypotheses.toml").plan()
    assert [r.hypothesis for r in plan.runs] == NAMES
    assert plan.end >= 24 * 168.0
