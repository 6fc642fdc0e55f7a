"""Feet, titles and columns name what is drawn: hypotheses, axes that advance together, flags."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr
from matplotlib.figure import Figure

import ldnsim
from ldnsim import plots
from ldnsim.errors import UserError

NAMES = ["dual_pathway", "glial", "null", "persistent"]


def foot(figure: Figure) -> str:
    return " ".join(figure._supxlabel.get_text().split())  # type: ignore[attr-defined]


def columns(figure: Figure) -> list[str]:
    return [t for ax in figure.axes if (t := " ".join(ax.get_title(loc="left").split()))]


def study(*axes: dict[str, Any], zipped: bool = False) -> xr.Dataset:
    together = [[a["name"] for a in axes]] if zipped else []
    return ldnsim.simulate("2 mg nightly for 6 d", axes=list(axes), zip=together)


@pytest.fixture(scope="module")
def rivals() -> xr.Dataset:
    return study({"name": "hypothesis", "field": "hypothesis", "values": NAMES})


@pytest.mark.parametrize("draw", [plots.compare, plots.night, plots.phase_plane])
def test_the_foot_names_the_hypotheses_that_are_drawn(rivals: xr.Dataset, draw: Any) -> None:
    for select in ({"hypothesis": "null"}, ["null"]):
        assert "Hypothesis: null." in foot(draw(rivals, select))


def test_the_foot_of_some_runs_names_their_hypotheses(rivals: xr.Dataset) -> None:
    assert "Hypothesis: glial, null." in foot(plots.compare(rivals, ["glial", "null"]))
    assert "Hypothesis: dual_pathway, persistent." in foot(plots.compare(rivals, most=2))
    assert f"Hypothesis: {', '.join(NAMES)}." in foot(plots.heatmap(rivals, "pain_change"))


def test_every_hypothesis_has_a_dash_of_its_own_and_none_hides_another() -> None:
    from ldnsim.plots.hypotheses import _layer, _look

    names = [*"abcdefg", "null"]
    looks = [_look(k, n) for k, n in enumerate(names)]
    assert len({dash for shade, dash in looks[:-1]}) == 7
    assert len({shade for shade, dash in looks}) == 8
    layers = sorted((_layer(k, n) for k, n in enumerate(names)), key=lambda one: one[1])
    widths = [width for width, _ in layers]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 8


def test_axes_that_advance_together_are_all_named() -> None:
    ds = study(
        {"name": "dose", "field": "regimen.dose", "values": ["1 mg", "4 mg"]},
        {"name": "hyp", "field": "hypothesis", "values": ["null", "glial"]},
        zipped=True,
    )
    figure = plots.compare(ds)
    assert columns(figure) == ["1 mg, null", "4 mg, glial"]
    assert "Hypothesis: null, glial." in foot(figure)
    one = plots.compare(ds, {"hyp": "glial"})
    assert columns(one) == ["4 mg, glial"] and "Hypothesis: glial." in foot(one)


def test_a_flag_is_called_by_its_axis() -> None:
    ds = study({"name": "smoker", "field": "patient.smoker", "values": [True, False]})
    assert columns(plots.compare(ds)) == ["smoker true", "smoker false"]


def test_the_headline_says_what_is_varied() -> None:
    axis = {"name": "target_dose", "field": "regimen.dose", "values": ["1 mg", "4 mg"]}
    assert study(axis).attrs["title"] == "2 mg nightly for 6 d (varied: target dose)"
    named = ldnsim.simulate("2 mg nightly for 6 d", axes=[axis], title="Two doses")
    assert named.attrs["title"] == "Two doses"


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda ds: plots.compare(ds, select=[]), r"select = \[\] names no run"),
        (lambda ds: plots.compare(ds, select=()), r"select = \(\) names no run"),
        (lambda ds: plots.night(ds, []), r"select = \[\] names no run"),
        (lambda ds: plots.phase_plane(ds, []), r"select = \[\] names no run"),
        (lambda ds: plots.compare(ds, most=0), "most = 0: expected a whole number, 1 or more"),
        (lambda ds: plots.compare(ds, most=-1), "most = -1: expected"),
        (lambda ds: plots.compare(ds, most=2.5), "most = 2.5: expected"),  # type: ignore[arg-type]
        (lambda ds: plots.compare(ds, most=True), "most = True: expected"),
        (lambda ds: plots.phase_plane(ds, most=0), "most = 0: expected"),
        (lambda ds: plots.heatmap(ds, []), r"summary = \[\] names nothing to draw; there are .*"),
        (lambda ds: plots.heatmap(ds, None), "summary = None names nothing"),  # type: ignore[arg-type]
        (lambda ds: plots.phase_plane(ds, states={"a": 1}), "states: 'a' is 1; expected points"),  # type: ignore[dict-item]
        (lambda ds: plots.phase_plane(ds, states={"a": ("x", 1)}), "states: 'a' is"),  # type: ignore[dict-item]
        (lambda ds: plots.phase_plane(ds, states=[1]), r"states = \[1\]: expected"),  # type: ignore[arg-type]
    ],
)
def test_what_names_nothing_to_draw_is_refused(rivals: xr.Dataset, draw: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        draw(rivals)


def test_what_draws_all_is_said_as_commands_and_python_write_it(rivals: xr.Dataset) -> None:
    figure = plots.compare(rivals, most=2)
    assert "(most=4 or --most 4 draws all)" in foot(figure)


def test_rankings_and_branches_without_anything_to_draw_are_refused() -> None:
    with pytest.raises(UserError, match="bars = 0: expected a whole number, 1 or more"):
        plots.discriminate(xr.Dataset(), bars=0)
    branch = xr.Dataset({"tnf": ("point", [1.0])})
    with pytest.raises(UserError, match="variables names nothing to draw"):
        plots.bifurcation(branch, ())
