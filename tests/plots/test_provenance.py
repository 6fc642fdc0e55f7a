"""What pictures say about assumed numbers, and the bars that show them."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ldnsim import plots
from ldnsim.errors import UserError
from ldnsim.mechanisms.record import GRADES
from ldnsim.plots.provenance import (
    assumed_note,
    by_mechanism,
    most_assumed,
    percent,
    short,
    variance_shares,
)
from ldnsim.plots.style import OKABE_ITO
from ldnsim.plots.tornado import GRADE_COLOUR


def with_sensitivities(ds: xr.Dataset, linear: tuple[int, int] = (1, 1)) -> xr.Dataset:
    """TNF: 16 parts of 25 on the animal number; pain: 9 parts of 10 on the assumed one."""
    each, names = ("summary", "parameter"), ["k_tnf", "reserve", "kd_ogfr"]
    grades = ["animal", "assumed", "assumed"]
    found = xr.Dataset(
        {
            "sensitivity": (each, [[-4.0, 3.0, 0.0], [1.0, 3.0, 0.0]], {"reference": "standard"}),
            "sensitivity_asymmetry": (each, np.zeros((2, 3))),
            "assumed_share": ("summary", [9 / 25, 9 / 10]),
            "locally_linear": ("summary", np.array(linear, dtype=np.int8)),
            "summary_value": ("summary", [-2.0, -1.0]),
        },
        coords={
            "summary": ["tnf_change", "pain_change"],
            "summary_units": ("summary", ["1", "1"]),
            "summary_long_name": ("summary", ["change of TNF", "change of pain"]),
            "summary_short_name": ("summary", ["TNF change", "pain change"]),
            "parameter": names,
            "parameter_grade": ("parameter", grades),
            "parameter_mechanism": ("parameter", ["cytokines", "endogenous", "receptors"]),
            "parameter_sd": ("parameter", [1.0, 1.0, 1.0]),
            "parameter_value": ("parameter", [0.7, 1.0, 2.4]),
        },
    )
    table = [{"name": n, "grade": g} for n, g in zip(names, grades, strict=True)]
    attrs = {"parameters": json.dumps(table), "dims": '["regimen"]'}
    return ds.merge(found).assign_attrs(attrs)


def foot(figure: Figure) -> str:
    label = figure._supxlabel  # type: ignore[attr-defined]
    return " ".join(label.get_text().split())


def test_every_picture_says_what_share_is_assumed(named: xr.Dataset, grid: xr.Dataset) -> None:
    words = "Rests on assumed numbers: TNF change 36 %, pain change 90 % (most: reserve"
    three, many = with_sensitivities(named), with_sensitivities(grid)
    for figure in (
        plots.compare(three), plots.night(three), plots.phase_plane(three),
        plots.sensitivity(three),
    ):  # fmt: skip
        assert words in foot(figure)
        assert "run “standard”" in foot(figure)
    # a heat map speaks of what it shows
    assert "assumed numbers: pain change 90 %" in foot(plots.heatmap(many, "pain_change"))


def test_without_sensitivities_the_numbers_are_counted(named: xr.Dataset) -> None:
    table = [{"name": str(i), "grade": "assumed" if i < 106 else "derived"} for i in range(143)]
    ds = named.assign_attrs(parameters=json.dumps(table))
    assert "106 of 143 parameters assumed." in foot(plots.compare(ds))
    assert "of 143" not in foot(plots.compare(named))
    # a heat map of what has no sensitivity counts as well
    assert assumed_note(with_sensitivities(named), ["hours_blocked"]) == (
        "2 of 3 parameters assumed."
    )


def test_a_summary_near_a_tipping_point_gets_no_share(named: xr.Dataset) -> None:
    text = assumed_note(with_sensitivities(named, (0, 1)))
    assert "pain change 90 %" in text
    assert "TNF change not locally linear (tipping)" in text
    both = assumed_note(with_sensitivities(named, (0, 0)))
    assert "%" not in both
    assert "most" not in both


def test_shares_of_a_summary_add_up(named: xr.Dataset) -> None:
    ds = with_sensitivities(named)
    assert variance_shares(ds, "tnf_change") == pytest.approx([16 / 25, 9 / 25, 0.0])
    rooms = by_mechanism(ds, "pain_change")
    assert list(rooms) == ["endogenous", "cytokines", "receptors"]
    assert sum(rooms.values()) == pytest.approx(1.0)
    assert most_assumed(ds, ["tnf_change", "pain_change"]) == ["reserve"]
    still = ds.assign(sensitivity=0.0 * ds["sensitivity"])
    assert np.isnan(variance_shares(still, "tnf_change")).all()


@pytest.mark.parametrize(
    ("share", "text"), [(0.814, "81 %"), (0.9997, "> 99 %"), (1.0, "100 %"), (0.002, "< 1 %")]
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_short_names_are_those_of_the_result_and_else_the_name(named: xr.Dataset) -> None:
    ds = with_sensitivities(named)
    assert short(ds, "tnf_change") == "TNF change"
    old = ds.drop_vars("summary_short_name")
    assert short(old, "tnf_change") == "tnf change"


def test_bars_are_ranked_and_coloured_by_grade(named: xr.Dataset) -> None:
    figure = plots.sensitivity(with_sensitivities(named), "tnf_change")
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    ax = figure.axes[0]
    bars = [p for p in ax.patches if p.get_gid() == "bar"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["k_tnf", "reserve"]
    assert [round(p.get_width(), 6) for p in bars] == [-4.0, 3.0]
    colours = [to_hex(p.get_facecolor()).upper() for p in bars]
    assert colours == [OKABE_ITO[GRADE_COLOUR[g]] for g in ("animal", "assumed")]
    assert [bool(p.get_hatch()) for p in bars] == [False, True]
    assert "36 % of the local variance" in ax.get_title(loc="left")
    assert [t.get_text() for t in ax.texts] == ["64 %", "36 %"]


def test_a_summary_that_nothing_moves_has_no_bars_and_says_so(named: xr.Dataset) -> None:
    ds = with_sensitivities(named)
    still = ds.assign(sensitivity=(0.0 * ds["sensitivity"]).assign_attrs(reference="standard"))
    ax = plots.sensitivity(still, "tnf_change").axes[0]
    assert not [p for p in ax.patches if p.get_gid() == "bar"]
    assert "nothing with a spread" in ax.texts[0].get_text()


def test_bars_near_a_tipping_point_carry_no_shares(named: xr.Dataset) -> None:
    ax = plots.sensitivity(with_sensitivities(named, (0, 1)), "tnf_change").axes[0]
    assert "NOT LOCALLY LINEAR" in ax.get_title(loc="left")
    assert not ax.texts


def test_every_grade_has_a_colour_of_its_own() -> None:
    assert set(GRADE_COLOUR) == set(GRADES)
    assert len(set(GRADE_COLOUR.values())) == len(GRADES)


def test_mistakes_are_named(named: xr.Dataset) -> None:
    with pytest.raises(UserError, match="ldnsim sensitivity"):
        plots.sensitivity(named)
    with pytest.raises(UserError, match="did you mean 'tnf_change'"):
        plots.sensitivity(with_sensitivities(named), "tnf_chnge")


def test_no_bars_at_all_are_refused(named: xr.Dataset) -> None:
    with pytest.raises(UserError, match="most = 0: expected a whole number, 1 or more"):
        plots.sensitivity(with_sensitivities(named), most=0)
