"""Pictures name what they show, mark only what is so, and leave nothing out without a word."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim import plots
from ldnsim.config.summaries import SUMMARIES
from ldnsim.errors import UserError
from ldnsim.model import default_model
from ldnsim.plots import wording
from ldnsim.plots.cells import LEAST_SHOWN
from ldnsim.plots.heatmap import direction
from ldnsim.plots.scorecard import interval
from ldnsim.plots.timeline import daily
from ldnsim.results.columns import variable_attributes
from tests.plots.conftest import build


def foot(figure: Figure) -> str:
    return " ".join(figure._supxlabel.get_text().split())  # type: ignore[attr-defined]


def head(figure: Figure) -> str:
    return " ".join(figure._suptitle.get_text().split())  # type: ignore[attr-defined]


def by_gid(ax: Axes, gid: str) -> list[Any]:
    return [a for a in ax.get_children() if a.get_gid() == gid]


def shifted(ds: xr.Dataset, name: str, values: object) -> xr.Dataset:
    """The dataset with other values of one summary."""
    return ds.assign({name: ds[name].copy(data=np.broadcast_to(values, ds[name].shape))})


# ---- words from the data ----------------------------------------------------------------------


def test_every_pure_number_of_the_model_has_the_word_of_its_scale() -> None:
    model = default_model()
    for name, v in model.observables.items():
        assert v.better in ("", "lower", "higher")
        assert bool(v.scale_word) == (v.unit in ("", "1")), name
        label = wording.unit_of(
            xr.DataArray(1.0, name=name, attrs=variable_attributes(model, name))
        )
        assert label not in ("", "1", wording.UNKNOWN_SCALE)


def test_what_a_summary_is_survives_in_its_name() -> None:
    for name, s in SUMMARIES.items():
        shown = wording.name_of(xr.DataArray(1.0, name=name, attrs={
            "units": "1", "scale": "score", "long_name": s.long_name}))  # fmt: skip
        assert shown == s.long_name
        assert ("change" in shown) == (s.against in ("change", "percent"))
        assert ("fall" in shown) == (s.against == "fall")


def test_density_is_a_fold_and_a_baseline_has_no_better_side() -> None:
    attrs = variable_attributes(default_model(), "mor_density")
    assert wording.unit_of(xr.DataArray(1.0, name="x", attrs=attrs)) == "fold of baseline"
    assert direction(xr.DataArray(1.0, name="baseline_mor_density", attrs=attrs)) == ""
    pain = variable_attributes(default_model(), "pain")
    assert direction(xr.DataArray(1.0, name="x", attrs=pain)) == "lower"


def test_what_was_written_without_a_scale_is_no_fraction() -> None:
    old = xr.DataArray(1.0, name="mor_density", attrs={
        "units": "1", "long_name": "mu receptor density, fold of baseline"})  # fmt: skip
    assert wording.unit_of(old) == "pure number"
    assert wording.name_of(old) == "mu receptor density, fold of baseline"
    assert direction(old) == ""


# ---- heat maps --------------------------------------------------------------------------------


def test_nothing_that_improves_means_no_star_and_pale_colours(grid: xr.Dataset) -> None:
    ds = shifted(grid, "pain_change", np.linspace(0.009, 0.02, 4))
    figure = plots.heatmap(ds, "pain_change")
    ax = figure.axes[0]
    assert by_gid(ax, "best") == [] and by_gid(ax, "near-best") == []
    assert "★" not in ax.get_title(loc="left")
    assert "nothing improves by 1% of the untreated mean" in foot(figure)
    least = LEAST_SHOWN * float(np.median(ds["baseline_pain"]))
    assert ax.images[0].get_clim() == pytest.approx((-least, least))


def test_rounding_is_no_contrast(grid: xr.Dataset) -> None:
    values = 1.0 + 1e-15 * np.arange(20).reshape(5, 4)
    figure = plots.heatmap(shifted(grid, "hours_blocked", values), "hours_blocked", better="lower")
    low, high = figure.axes[0].images[0].get_clim()
    assert (low, high) == pytest.approx((0.95, 1.05))
    assert "span at least 10% of the largest value" in foot(figure)
    assert "within 1% of each other" in foot(figure)
    wide = plots.heatmap(grid, "hours_blocked").axes[0].images[0].get_clim()
    blocked = grid["hours_blocked"]
    assert wide == (float(blocked.min()), float(blocked.max()))


def test_what_improves_has_its_star_and_blue_side(grid: xr.Dataset) -> None:
    figure = plots.heatmap(grid, "pain_change")
    assert len(by_gid(figure.axes[0], "best")) == 1
    assert figure.axes[0].images[0].get_cmap().name == "RdBu_r"
    assert "Blue: better" in foot(figure)


def test_what_has_no_better_side_is_neutral(grid: xr.Dataset) -> None:
    ds = grid.assign(il10_change=grid["pain_change"].assign_attrs(better=""))
    figure = plots.heatmap(ds, "il10_change")
    ax, bar = figure.axes
    assert by_gid(ax, "best") == []
    assert ax.images[0].get_cmap().name == "PuOr"
    assert "better" not in bar.get_ylabel() + foot(figure)


@pytest.mark.parametrize(
    ("reduction", "status", "words"),
    [
        ("first_below", 0, "never reached in any run"),
        ("mean", 0, "no value in any run"),
        ("mean", 1, "every run failed"),
    ],
)
def test_a_map_without_numbers_says_so(
    grid: xr.Dataset, reduction: str, status: int, words: str
) -> None:
    ds = shifted(grid, "pain_change", np.nan)
    ds["pain_change"].attrs["reduction"] = reduction
    ds["status"] = ds["status"] + np.int8(status)
    figure = plots.heatmap(ds, "pain_change")
    (text,) = by_gid(figure.axes[0], "empty")
    assert text.get_text() == words
    assert len(figure.axes) == 1, "no colour bar of nothing"


def test_where_no_run_reaches_its_target_nothing_is_starred(grid: xr.Dataset) -> None:
    ds = grid.assign(target_reached=(("dose", "interval"), np.zeros((5, 4), np.int8)))
    figure = plots.heatmap(ds, "pain_change")
    assert by_gid(figure.axes[0], "best") == []
    assert "no run reaches its target dose" in foot(figure)


def test_a_population_is_a_median_and_no_candidate(grid: xr.Dataset) -> None:
    numbers = grid.drop_vars("status_advice")
    many = xr.concat([numbers, numbers + 0.1, numbers + 0.3], "patient", data_vars="all")
    many["status"] = many["status"].astype(np.int8) * 0
    many = many.assign_coords(
        patient=("patient", [0, 1, 2], {"units": "1"}), candidate=("patient", [1, 3, 4])
    )
    for name in numbers.data_vars:
        many[name].attrs = grid[name].attrs
    note = foot(plots.heatmap(many, "pain_change"))
    assert "Median of 3 virtual patients." in note
    assert "candidate" not in note
    assert "Median" not in foot(plots.heatmap(many, "pain_change", select={"patient": 1}))
    assert "Selected: patient 1" in foot(plots.heatmap(many, "pain_change", select={"patient": 1}))


def test_four_maps_make_a_page() -> None:
    ds = build(list(np.geomspace(0.001, 50.0, 20)), [3.0 * k for k in range(1, 13)])
    for name in ("a", "b"):
        ds[f"{name}_change"] = ds["pain_change"]
    figure = plots.heatmap(ds, ["pain_change", "tnf_change", "a_change", "b_change"])
    width, height = figure.get_size_inches()
    assert 1.0 < width / height < 2.0
    assert height < 14.0


# ---- runs and days ----------------------------------------------------------------------------


def test_seven_regimens_are_drawn_and_sixteen_are_told(grid: xr.Dataset) -> None:
    seven = build([0.1 * k for k in range(1, 8)], [14.0])
    figure = plots.compare(seven)
    assert len([ax for ax in figure.axes if ax.get_title(loc="left")]) == 7
    assert figure.left_out == ""  # type: ignore[attr-defined]
    sixteen = build([0.1 * k for k in range(1, 17)], [14.0])
    figure = plots.compare(sixteen)
    shown = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    told = figure.left_out  # type: ignore[attr-defined]
    assert told in foot(figure)
    rest = told.split("left out: ")[1].rstrip(".").split(", ")
    assert sorted([*shown, *rest]) == sorted(f"{0.1 * k:.3g} mg" for k in range(1, 17))


def test_selected_and_default_axes_are_said(grid: xr.Dataset) -> None:
    assert "Selected: dose 4.5 mg." in foot(plots.compare(grid, {"dose": 4.5}))
    assert "First by default: interval 3 d." in foot(plots.compare(grid, [{"dose": 4.5}]))
    assert "Selected: interval 4 wk." in foot(plots.phase_plane(grid, {"interval": "28 d"}))


def test_a_night_is_named_by_what_was_given(grid: xr.Dataset) -> None:
    start = 26 * 168.0 - 2.0
    ds = grid.assign(
        target_reached=(("dose", "interval"), np.ones((5, 4), np.int8)),
        night_start=(("dose", "interval"), np.full((5, 4), start)),
    )
    ds["target_reached"][4, 3] = 0
    at = {"dose": 4, "interval": 3}
    given = float(ds["prescribed_dose"].isel(at).sel(time=start - 4.0))
    title = head(plots.night(ds, [{"dose": 50, "interval": 90}]))
    assert title == (
        f"One night: {wording.mass(given)} prescribed,"
        " target never reached (target dose 50 mg, titration interval 3 mo)"
    )
    assert given < 50.0
    assert (
        head(plots.night(ds, [{"dose": 4.5, "interval": 3}])) == "One night: 4.5 mg, interval 3 d"
    )
    assert head(plots.night(ds, {"dose": 4.5, "interval": 3})) == "One night: 4.5 mg, interval 3 d"
    ds["target_reached"][:] = 0
    dose_panel = plots.compare(ds, [{"dose": 50, "interval": 90}]).axes[0]
    assert [t.get_text() for t in by_gid(dose_panel, "short")] == ["target not reached"]


def test_a_named_run_is_called_by_its_name(named: xr.Dataset) -> None:
    for select in ({"regimen": "careful"}, ["careful"]):
        assert head(plots.night(named, select)) == "One night: careful"


def test_the_night_shown_by_default_says_why(grid: xr.Dataset) -> None:
    assert "the run with the lowest pain_change of 20" in foot(plots.night(grid))
    with pytest.raises(UserError, match="select names 2; choose one"):
        plots.night(grid, [{"dose": 4.5}, {"dose": 1.5}])


@pytest.mark.parametrize("picture", [plots.compare, plots.phase_plane])
def test_single_values_are_not_called_means(picture: Any, grid: xr.Dataset) -> None:
    assert "daily means" in foot(picture(grid))
    once = foot(picture(grid.isel(time=slice(None, None, 4))))
    assert "values at 00:00 of each day, not daily means" in once
    weekly = foot(picture(grid.isel(time=slice(None, None, 28))))
    assert "single values at 00:00 every 1 wk, not daily means" in weekly


@pytest.mark.parametrize("step", [0.25, 1.0, 5.0, 6.0, 12.0])
@pytest.mark.parametrize("end", [71.0, 72.0, 80.0, 90.5, 96.0])
def test_only_whole_days_are_averaged(step: float, end: float) -> None:
    time = np.arange(0.0, end + 1e-9, step)
    day, mean, _, _ = daily(time, time)
    assert len(day) == len(mean)
    covered = time[-1] + step
    assert day[-1] < 24.0 * np.floor(covered / 24.0 + 1e-9)
    assert len(day) == int(np.floor(covered / 24.0 + 1e-9))


def test_a_dose_taken_to_the_end_does_not_fall_there(grid: xr.Dataset) -> None:
    ds = grid.isel(time=grid["time"] <= 12 * 168.0).copy(deep=True)
    ds["prescribed_dose"][..., -1] = 0.0  # no dose is planned in the day after the end
    (line,) = plots.compare(ds, [{"dose": 4.5, "interval": 3}]).axes[0].lines
    assert line.get_ydata()[-1] == line.get_ydata()[-2] > 0.0


def test_labels_of_four_paths_do_not_overlap_and_placebo_is_seen(grid: xr.Dataset) -> None:
    runs = [{"dose": d, "interval": i} for d, i in ((4.5, 3), (4.5, 14), (1.5, 3), (0.001, 90))]
    ds = grid.copy(deep=True)
    for name in ("microglia_m1", "priming"):
        ds[name][0, 3] = ds[name].values[0, 3, 0]
    figure = plots.phase_plane(ds, runs)
    figure.draw_without_rendering()
    ax = figure.axes[0]
    boxes = [t.get_window_extent() for t in by_gid(ax, "week")]
    assert len(boxes) > 4
    pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[k + 1 :]]
    assert not any(a.overlaps(b) for a, b in pairs)
    (ring,) = by_gid(ax, "still")
    (start,) = by_gid(ax, "start")
    assert ring.get_markersize() > start.get_markersize()
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert any("1 µg" in w.replace("\n", " ") and "stays where it begins" in w for w in words)


# ---- Axes of the caller -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "panels"),
    [
        (lambda ds, ax: plots.heatmap(ds, "pain_change", ax=ax), 1),
        (lambda ds, ax: plots.heatmap(ds, ["pain_change", "tnf_change"], ax=ax), 2),
        (lambda ds, ax: plots.night(ds, ax=ax), 4),
        (lambda ds, ax: plots.phase_plane(ds, ax=ax), 1),
        (lambda ds, ax: plots.compare(ds, [{"dose": 4.5}, {"dose": 1.5}], ax=ax), 12),
    ],
)
def test_panels_go_into_axes_of_ones_own(grid: xr.Dataset, draw: Any, panels: int) -> None:
    before = dict(mpl.rcParams)
    figure = Figure(figsize=(12, 9))
    axes = figure.subplots(panels, 1, squeeze=False)
    found = draw(grid, axes[0, 0] if panels == 1 else axes)
    assert found is figure
    assert all(ax.lines or ax.images for ax in axes.ravel())
    assert figure._suptitle is None  # type: ignore[attr-defined]
    assert dict(mpl.rcParams) == before
    with pytest.raises(UserError, match="give one matplotlib Axes for each"):
        draw(grid, Figure().subplots(panels + 1))
    with pytest.raises(UserError, match="give one matplotlib Axes for each"):
        draw(grid, "axes")


# ---- scorecard --------------------------------------------------------------------------------


def check(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "title": "peptide, daily mean, fold", "hypothesis": "null", "value": 1.2,
        "low": 1.0, "high": 1.6, "unit": "fold", "passed": True, "note": "", "role": "free",
    } | more  # fmt: skip


def test_the_scorecard_shows_interval_and_role() -> None:
    rows = [check("a"), check("b", role="fitted", high=None), check("c", role="set", low=None),
            check("d", low=None, high=None, unit="", kind="behaviour"),
            check("e", counts=False, why="same number as under rebound")]  # fmt: skip
    figure = plots.scorecard(rows)
    ax = figure.axes[0]
    assert [t.get_text() for t in by_gid(ax, "interval")] == [
        "1 to 1.6", "at least 1", "at most 1.6", "", "1 to 1.6",
    ]  # fmt: skip
    hatches = {p.get_gid(): p.get_hatch() for p in ax.patches}
    assert len({hatches[r] for r in ("free", "fitted", "set")}) == 3
    assert not hatches["free"]
    cells = [p for p in ax.patches if p.get_gid() in ("free", "fitted", "set")]
    assert cells[0].get_facecolor() != cells[-1].get_facecolor(), "a number of another is paler"
    bands = by_gid(ax, "band")
    assert [round(b.get_y()) for b in bands] == [0, 4], "intervals with two ends are drawn"
    (dot,) = (line for line in by_gid(ax, "simulated") if line.get_ydata()[0] < 1)
    low, wide = bands[0].get_x(), bands[0].get_width()
    assert float(dot.get_xdata()[0]) == pytest.approx(low + wide * (1.2 - 1.0) / 0.6)
    legend = " ".join(t.get_text() for t in ax.get_legend().get_texts())
    assert "fitted to this number" in legend and "was taken from it" in legend
    assert "not counted again" in legend
    assert "fold, fold" not in " ".join(t.get_text() for t in ax.get_yticklabels())
    assert interval(check("a", low=None, high=None)) == ""


def test_a_scorecard_without_fitted_rows_does_not_explain_them() -> None:
    legend = plots.scorecard([check("a")]).axes[0].get_legend()
    assert "fitted" not in " ".join(t.get_text() for t in legend.get_texts())
