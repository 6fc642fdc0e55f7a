"""Regimens side by side: one column each, from the dose ladder down to the pain score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from ldnsim.errors import UserError
from ldnsim.plots.doses import with_doses
from ldnsim.plots.members import MOST, Member, Select, left_out, members
from ldnsim.plots.people import over_patients, patients_shown
from ldnsim.plots.rows import LOG_SPAN, OBSERVED, Row, dose_axis, draw, not_drawn, rows_of
from ldnsim.plots.selection import narrow
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
    BASE,
    GREY,
    OKABE_ITO,
    SMALL,
    SOFT,
    Panels,
    footnote,
    given_panels,
    headline,
    new_figure,
    polish,
    styled,
)
from ldnsim.plots.timeline import (
    clock_axis,
    floats,
    has_daily_means,
    week_axis,
    what_is_drawn,
)
from ldnsim.plots.wording import wrap


def compare(
    ds: xr.Dataset,
    select: Select = None,
    *,
    title: str | None = None,
    most: int = MOST,
    ax: Panels | None = None,
) -> Figure:
    """Draw regimens side by side, one column each.

    Rows: dose ladder, receptor occupancy through one night, peptides, cytokines, microglia,
    symptoms, then what the study lists under ``variables`` besides. Lines are daily means, bands
    the range within each day, dotted lines the patient's own untreated mean. A run that failed says
    so instead of showing empty panels.

    Args:
        ds: a dataset as a study returns it, trajectories kept.
        select: which runs: ``["standard", "careful"]``, ``[{"dose": 4.5, "interval": 14}, ...]``,
            or a mapping that narrows the dataset; by default all, or as many representative ones
            as ``most`` allows: the foot and ``left_out`` of the picture say which are missing.
        title: headline; the dataset's title by default.
        most: how many columns at most when ``select`` does not name them.
        ax: Axes of your own to draw into, rows by columns, for example from
            ``figure.subplots(6, 2)``; headline and foot are then yours too.

    Raises:
        UserError: nothing to draw (trajectories were not kept), ``select`` names no run,
            ``most`` is no whole number of 1 or more, or not as many Axes as panels.
    """
    if "time" not in ds.dims:
        raise UserError(
            "this dataset keeps summaries only, no trajectories; draw plots.heatmap(ds), "
            "or run the study again with trajectories kept"
        )
    ds = with_doses(ds, over_patients(ds, select))
    chosen = members(ds, select, most)
    missing = left_out(ds, chosen, select)
    if not (rows := rows_of(ds)):
        raise UserError("this dataset keeps none of the variables that a comparison shows")
    heading = title or str(ds.attrs.get("title", "Regimens compared"))
    names = [" ".join(f"{row.title} of {m.label}".split()) for row in rows for m in chosen]
    with styled():
        panels = _page(len(rows), len(chosen)) if ax is None else ax
        figure, axes = given_panels(panels, names)
        grid = [axes[r * len(chosen) : (r + 1) * len(chosen)] for r in range(len(rows))]
        _columns(grid, rows, chosen, heading)
        if ax is None:
            headline(figure, heading)
            told = notes(narrow(ds, select if isinstance(select, Mapping) else None), chosen)
            drawn = [m.data for m in chosen]
            footnote(figure, ds, _key(ds), not_drawn(ds), *told, drawn=drawn, left_out=missing)
    return figure


def _page(rows: int, columns: int) -> list[Axes]:
    """Make a picture; return its panels row by row, though each regimen's belong together in it."""
    made = new_figure(2.6 + 2.75 * max(columns, 2), 1.1 + 2.05 * rows)
    grid = GridSpec(rows, columns, figure=made)
    panels = [[made.add_subplot(grid[r, c]) for r in range(rows)] for c in range(columns)]
    return [column[r] for r in range(rows) for column in panels]


def _key(ds: xr.Dataset) -> str:
    if f"{OBSERVED}time" not in ds:
        return _lines(ds)
    rest = " Last rows: stored values, no means." if any(r.sampled for r in rows_of(ds)) else ""
    return f"{_lines(ds)}{rest} Circles: measured; triangles: below the limit, at it."


def _lines(ds: xr.Dataset) -> str:
    time = floats(ds["time"])
    drawn = what_is_drawn(time)
    if patients_shown(ds):
        return f"Lines: {drawn}; bands: 10 to 90 % of the patients."
    if has_daily_means(time):
        return f"Lines: {drawn}; bands: range within each day; dotted: untreated mean."
    return f"Lines: {drawn}."


def _columns(
    grid: Sequence[Sequence[Axes]], rows: Sequence[Row], chosen: list[Member], heading: str
) -> None:
    """Draw one column per member; a label that only repeats the heading is left out."""
    lowest, highest = _dose_range(chosen)
    log = lowest > 0 and highest / lowest > LOG_SPAN
    first: dict[int, Axes] = {}
    panels: list[list[Axes]] = [[] for _ in rows]
    for column, member in enumerate(chosen):
        for r, row in enumerate(rows):
            ax = grid[r][column]
            panels[r].append(ax)
            if r in first and not member.failed:
                ax.sharey(first[r])
            if r == 0 and member.label != heading:
                ax.set_title(wrap(member.label, 21), fontweight="bold", loc="left")
            if member.failed:
                _failed(ax, member.advice if r == min(1, len(rows) - 1) else "")
                continue
            draw(ax, row, member.data, log)
            if row.dose and member.short_of_target:
                ax.text(
                    0.02, 0.98, "target not reached", transform=ax.transAxes, va="top",
                    fontsize=SMALL, color=OKABE_ITO["vermillion"], gid="short",
                ).set_in_layout(False)  # fmt: skip
            _dress(ax, row, member, bottom=r == len(rows) - 1)
            if first.setdefault(r, ax) is ax:
                ax.set_ylabel(row.label(member.data, log))
            else:
                ax.tick_params(labelleft=False)
    for r, ax in first.items():
        handles, labels = ax.get_legend_handles_labels()
        if not rows[r].dose:
            panels[r][-1].legend(
                handles, labels, loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=2.2
            )
    _scales(rows, panels, first, log, lowest, highest)


def _dress(ax: Axes, row: Row, member: Member, bottom: bool) -> None:
    if row.night:
        clock_axis(ax, member.data)
    else:
        week_axis(ax, floats(member.data["time"]), named=bottom or row.dose)
    polish(ax)


def _scales(
    rows: Sequence[Row],
    panels: list[list[Axes]],
    first: dict[int, Axes],
    log: bool,
    lowest: float,
    highest: float,
) -> None:
    for r, ax in first.items():
        if rows[r].dose:
            dose_axis(ax, log, lowest, highest)
            continue
        ax.yaxis.set_major_locator(MaxNLocator(4))
        bottom = min(0.0, *(float(panel.dataLim.y0) for panel in panels[r] if panel.lines))
        ax.set_ylim(bottom, 1.0 if rows[r].night else None)


def _dose_range(chosen: list[Member]) -> tuple[float, float]:
    """Return the lowest non-zero and the highest daily dose over all columns."""
    doses = [floats(m.data["prescribed_dose"]) for m in chosen if "prescribed_dose" in m.data]
    every = np.concatenate(doses) if doses else np.zeros(0)
    every = every[every > 0]
    return (float(every.min()), float(every.max())) if every.size else (0.0, 0.0)


def _failed(ax: Axes, advice: str) -> None:
    """Say in the panels of a failed run why there is no result."""
    ax.set(xticks=[], yticks=[], facecolor="#F4F4F4")
    for spine in ax.spines.values():
        spine.set(visible=True, color=SOFT, linestyle="--")
    text = wrap(f"failed: {advice}", 24) if advice else "failed"
    shade, size = ("black", BASE) if advice else (GREY, SMALL)
    ax.text(
        0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color=shade,
        fontsize=size, zorder=9,
    )  # fmt: skip
