from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim import plots
from ldnsim.errors import UserError
from ldnsim.plots import style
from ldnsim.plots.cells import near_best
from ldnsim.plots.members import members
from ldnsim.plots.timeline import daily, end_of_dosing


def texts(figure: Figure) -> str:
    found = [t.get_text() for ax in figure.axes for t in ax.texts]
    return " ".join(" ".join(found).split())


def by_gid(ax: Axes, gid: str) -> list:
    return [a for a in ax.get_children() if a.get_gid() == gid]


def draw(figure: Figure) -> None:
    figure.savefig(io.BytesIO(), format="png", dpi=20)


# ---- which runs -------------------------------------------------------------------------------


def test_a_large_grid_is_shown_as_a_cross_through_its_best_member(grid: xr.Dataset) -> None:
    shown = members(grid, most=6)
    best = int(np.argmin(grid["pain_change"].values))
    where = dict(zip(("dose", "interval"), np.unravel_index(best, (5, 4)), strict=True))
    assert where in [m.index for m in shown]
    assert len(shown) == 6
    assert all(sum(m.index[d] != where[d] for d in where) <= 1 for m in shown)


def test_runs_can_be_named(grid: xr.Dataset) -> None:
    chosen = members(grid, [{"dose": 4.5, "interval": 14}, {"dose": 0.001, "interval": 90}])
    assert [m.label for m in chosen] == ["4.5 mg, interval 2 wk", "1 µg, interval 3 mo"]


def test_a_mapping_narrows_the_grid(grid: xr.Dataset) -> None:
    chosen = members(grid, {"interval": 28})
    assert [float(m.data["dose"]) for m in chosen] == [0.001, 0.1, 1.5, 4.5, 50.0]


def test_a_misspelt_regimen_gets_the_nearest_name(named: xr.Dataset) -> None:
    with pytest.raises(UserError, match="did you mean 'standard'"):
        plots.compare(named, ["standrad"])


def test_a_misspelt_axis_gets_the_nearest_name(grid: xr.Dataset) -> None:
    with pytest.raises(UserError, match="did you mean 'interval'"):
        plots.compare(grid, {"intervall": 3})


# ---- time -------------------------------------------------------------------------------------


def test_the_midnight_that_ends_a_study_is_no_day() -> None:
    time = np.arange(0, 48.1, 6.0)
    day, mean, low, high = daily(time, np.cos(2 * np.pi * time / 24))
    assert day.tolist() == [9.0, 33.0]
    assert mean == pytest.approx([0, 0], abs=1e-12)
    assert (low.tolist(), high.tolist()) == (pytest.approx([-1, -1]), pytest.approx([1, 1]))


def test_end_of_dosing_is_found(grid: xr.Dataset) -> None:
    one = grid.isel(dose=3, interval=0)
    assert end_of_dosing(one) == 26 * 168
    assert end_of_dosing(one.isel(time=one["time"] < 20 * 168)) is None


# ---- comparison -------------------------------------------------------------------------------


def test_compare_has_a_column_per_regimen_and_units_on_every_axis(named: xr.Dataset) -> None:
    figure = plots.compare(named, ["most_sensitive", "careful", "standard"])
    draw(figure)
    assert len(figure.axes) == 3 * 6
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
    assert titles == ["most sensitive", "careful", "standard"]
    assert all(re.search(r"\(.+\)", ax.get_ylabel(), re.S) for ax in figure.axes[:6])
    shown = [ax for ax in figure.axes if ax.get_xlabel()]
    assert all(re.search(r"\(.+\)", ax.get_xlabel()) for ax in shown)
    assert len(shown) == 3 * 3  # dose ladder, night, bottom row


def test_rows_share_their_scale(named: xr.Dataset) -> None:
    figure = plots.compare(named, ["careful", "standard"])
    limits = [ax.get_ylim() for ax in figure.axes]
    assert limits[:6] == limits[6:]


def test_doses_far_apart_get_a_logarithmic_scale(named: xr.Dataset) -> None:
    assert plots.compare(named, ["most_sensitive", "standard"]).axes[0].get_yscale() == "log"
    assert plots.compare(named, ["standard"]).axes[0].get_yscale() == "linear"


def test_a_failed_run_shows_its_advice(named: xr.Dataset) -> None:
    figure = plots.compare(named)
    draw(figure)
    assert "failed: no 24 h periodic untreated state was found; lower the" in texts(figure)
    assert len([ax for ax in figure.axes if ax.get_legend()]) == 5


def test_all_runs_failed_still_gives_a_picture(named: xr.Dataset) -> None:
    figure = plots.compare(named, ["full_dose_comparator"])
    draw(figure)
    assert "lower the autocrine gain" in texts(figure)


def test_dosing_stop_is_marked_in_every_time_panel(named: xr.Dataset) -> None:
    figure = plots.compare(named, ["standard"])
    marks = [by_gid(ax, "dosing-stops") for ax in figure.axes]
    assert [len(m) for m in marks] == [1, 0, 1, 1, 1, 1]
    assert marks[0][0].get_xdata()[0] == pytest.approx(26)


def test_every_line_has_a_palette_colour(named: xr.Dataset) -> None:
    allowed = {colors.to_hex(c).lower() for c in (*style.OKABE_ITO.values(), style.GREY)}
    figure = plots.compare(named, ["standard"])
    used = {colors.to_hex(line.get_color()) for ax in figure.axes for line in ax.lines}
    assert used <= allowed
    assert len(used) > 5


def test_footnote_warns_and_names_the_hypothesis(named: xr.Dataset) -> None:
    note = plots.compare(named, ["standard"])._supxlabel.get_text()
    assert "not medical advice" in note
    assert "dual_pathway" in note


def test_text_is_legible(named: xr.Dataset) -> None:
    figure = plots.compare(named)
    draw(figure)
    for ax in figure.axes:
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, *ax.texts]
        assert all(t.get_fontsize() >= 11 for t in labels)


def test_a_dataset_of_summaries_is_refused_with_the_remedy(grid: xr.Dataset) -> None:
    with pytest.raises(UserError, match="heatmap"):
        plots.compare(grid.drop_dims("time"))


def test_one_sample_a_day_is_not_called_a_mean(named: xr.Dataset) -> None:
    midnight = named.isel(time=slice(None, None, 4))
    figure = plots.compare(midnight, ["standard"])
    assert "values at 00:00 of each day" in " ".join(figure._supxlabel.get_text().split())
    assert not any(by_gid(ax, "baseline") for ax in figure.axes)
    assert any(by_gid(ax, "baseline") for ax in plots.compare(named, ["standard"]).axes)


# ---- heat map ---------------------------------------------------------------------------------


def test_the_star_is_on_the_best_cell(grid: xr.Dataset) -> None:
    figure = plots.heatmap(grid, "pain_change")
    (star,) = by_gid(figure.axes[0], "best")
    i, j = int(star.get_xdata()[0]), int(star.get_ydata()[0])
    assert float(grid["pain_change"][i, j]) == float(grid["pain_change"].min())


def test_a_failed_run_is_hatched_and_never_best(grid_with_failure: xr.Dataset) -> None:
    figure = plots.heatmap(grid_with_failure, "pain_change")
    (box,) = by_gid(figure.axes[0], "failed")
    assert (box.get_x(), box.get_y(), box.get_hatch()) == (2.5, -0.5, "////")
    (star,) = by_gid(figure.axes[0], "best")
    i, j = int(star.get_xdata()[0]), int(star.get_ydata()[0])
    ok = grid_with_failure["pain_change"].where(grid_with_failure["status"] == 0)
    assert float(ok[i, j]) == float(ok.min())
    assert (i, j) != (3, 0)


def test_near_best_is_five_percent() -> None:
    values = np.array([[-1.0, -0.96, -0.94], [-0.2, np.nan, 0.5]])
    best, near = near_best(values, lower=True)  # type: ignore[misc]
    assert best == (0, 0)
    assert near.tolist() == [[True, True, False], [False, False, False]]


def test_changes_are_centred_on_zero_and_axes_are_in_words(grid: xr.Dataset) -> None:
    figure = plots.heatmap(grid, "tnf_change")
    ax = figure.axes[0]
    low, high = ax.images[0].get_clim()
    assert low == -high
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "1 µg",
        "0.1 mg",
        "1.5 mg",
        "4.5 mg",
        "50 mg",
    ]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["3 d", "2 wk", "4 wk", "3 mo"]
    assert "fold" in figure.axes[1].get_ylabel()


def test_axes_can_be_swapped(grid: xr.Dataset) -> None:
    ax = plots.heatmap(grid, "tnf_change", x="interval", y="dose").axes[0]
    assert ax.get_xlabel() == "titration interval"
    assert ax.images[0].get_array().shape == (5, 4)  # type: ignore[union-attr]


def test_hours_of_blockade_have_no_best_cell(grid: xr.Dataset) -> None:
    assert by_gid(plots.heatmap(grid, "hours_blocked").axes[0], "best") == []
    figure = plots.heatmap(grid, "hours_blocked", better="higher")
    (star,) = by_gid(figure.axes[0], "best")
    assert star.get_xdata()[0] == 4


def test_further_axes_must_be_held(grid: xr.Dataset) -> None:
    both = xr.concat([grid, grid], dim="phenotype", data_vars="all").assign_coords(
        phenotype=["inflamed", "resolved"]
    )
    with pytest.raises(UserError, match=r"interval|phenotype|dose"):
        plots.heatmap(both)
    figure = plots.heatmap(both, select={"phenotype": "resolved"})
    assert "phenotype resolved" in figure._supxlabel.get_text()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"summary": "tnf_chnge"}, "did you mean 'tnf_change'"),
        ({"x": "doses"}, "did you mean 'dose'"),
        ({"better": "bigger"}, "'lower', 'higher'"),
    ],
)
def test_heatmap_mistakes_name_the_remedy(grid: xr.Dataset, kwargs: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        plots.heatmap(grid, **kwargs)


def test_one_axis_is_a_strip_and_a_single_run_no_map(named: xr.Dataset) -> None:
    ax = plots.heatmap(named).axes[0]
    assert ax.images[0].get_array().shape == (1, 4)  # type: ignore[union-attr]
    assert ax.get_ylabel() == ""
    with pytest.raises(UserError, match="compare"):
        plots.heatmap(named.isel(regimen=0))


# ---- night and phase plane --------------------------------------------------------------------


def test_night_marks_the_dose_and_shades_block_and_rebound(grid: xr.Dataset) -> None:
    figure = plots.night(grid, [{"dose": 4.5, "interval": 14}])
    draw(figure)
    assert "4.5 mg" in figure._suptitle.get_text()
    assert all(by_gid(ax, "dose") for ax in figure.axes)
    night = grid.sel(dose=4.5, interval=14)
    blocked = night["night_time"].values[night["night_mor_occupancy"].values >= 0.5]
    (shade,) = by_gid(figure.axes[0], "blocked")
    spans = shade.get_paths()[0].vertices[:, 0]
    assert (spans.min(), spans.max()) == pytest.approx((blocked.min(), blocked.max()))
    assert "00:00" in [t.get_text() for t in figure.axes[-1].get_xticklabels()]


def test_night_of_a_failed_run_says_why(named: xr.Dataset) -> None:
    with pytest.raises(UserError, match="autocrine gain"):
        plots.night(named, ["full_dose_comparator"])


def test_phase_plane_draws_path_and_states(grid: xr.Dataset) -> None:
    states = {"resolved": (0.03, 1.0), "inflamed": (0.35, 2.4)}
    figure = plots.phase_plane(grid, [{"dose": 4.5, "interval": 3}], states=states)
    draw(figure)
    ax = figure.axes[0]
    (path,) = by_gid(ax, "path")
    assert path.get_xdata()[0] > 0.3
    assert path.get_xdata()[-1] < 0.1
    (resolved,) = by_gid(ax, "state-resolved")
    assert (resolved.get_xdata()[0], resolved.get_ydata()[0]) == (0.03, 1.0)
    assert by_gid(ax, "week")[0].get_text() == "wk 4"


def test_phase_plane_reads_the_states_a_dataset_carries(grid: xr.Dataset) -> None:
    carrying = grid.assign(state_resolved_microglia_m1=0.02, state_resolved_priming=0.1)
    assert by_gid(plots.phase_plane(carrying).axes[0], "state-resolved")
    assert not by_gid(plots.phase_plane(grid).axes[0], "state-resolved")


# ---- manners ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [plots.compare, plots.heatmap, plots.night, plots.phase_plane])
def test_pictures_leave_pyplot_and_settings_alone(
    grid: xr.Dataset, kind: Callable[[xr.Dataset], Figure]
) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before, copy = dict(mpl.rcParams), grid.copy(deep=True)
    figure = kind(grid)
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before
    xr.testing.assert_identical(grid, copy)
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_save_makes_folders_and_refuses_unknown_endings(grid: xr.Dataset, tmp_path: Path) -> None:
    figure = plots.heatmap(grid)
    assert plots.save(figure, tmp_path / "new" / "map.svg").stat().st_size > 1000
    with pytest.raises(UserError, match="png"):
        plots.save(figure, tmp_path / "map.pgn")


def test_alternate_days_to_the_end_are_no_stop() -> None:
    time = np.arange(0.0, 14 * 24 + 1, 6.0)
    dose = np.where((time // 24) % 2 == 0, 4.5, 0.0)
    ds = xr.Dataset({"prescribed_dose": ("time", dose)}, {"time": time})
    assert end_of_dosing(ds.isel(time=slice(0, -1))) is None
    stopped = ds.assign(prescribed_dose=ds["prescribed_dose"].where(ds["time"] < 7 * 24, 0.0))
    assert end_of_dosing(stopped) == 7 * 24
