"""What came through opioid tone and what through TLR4: areas over time, or bars of each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ldnsim.errors import UserError
from ldnsim.plots.doses import with_doses
from ldnsim.plots.members import MOST, Member, Select, left_out, members
from ldnsim.plots.people import PATIENT
from ldnsim.plots.selection import narrow
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
    BASE,
    DASHES,
    GREY,
    OKABE_ITO,
    Panels,
    canvas,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.timeline import daily, floats, mark_stop, time_unit, week_axis, what_is_drawn
from ldnsim.plots.wording import name_of, short_name, unit_of, wrap

DIM = "pathway"
BARS = ("pain_change", "tnf_change", "m1_change")
"""Summaries drawn where nothing was attributed over time, if they were attributed."""
LOOK = {"tone": ("through opioid tone", "sky"), "tlr4": ("through TLR4", "orange")}
"""What each pathway is called in the legend, and its colour."""
TOTAL, TOGETHER = "sum of both", "interaction (half is in each)"
_KEY = (
    "Areas: change from the same patient with neither pathway, as what each adds with the other off"
    " and on, averaged (Shapley value); they add up to the line."
)


def pathways(
    ds: xr.Dataset, select: Select = None, *, most: int = MOST, ax: Panels | None = None
) -> Figure:
    """Draw how much of each change came through opioid tone and how much through TLR4.

    One column for each run, one row for each variable that was attributed: areas of daily means,
    below and above zero, whose sum is the line. A result without trajectories gets one panel for
    each of the changes of pain, TNF and inflamed microglia, or else for the first three summaries
    that were attributed, and in it a bar for each run. Of many patients the mean is drawn: medians
    would not add up.

    Args:
        ds: a result of a study with ``output.attribution``.
        select: which runs, as for :func:`ldnsim.plots.compare`.
        most: how many runs at most when ``select`` does not name them.
        ax: Axes of your own to draw into, rows by columns; headline and foot are then yours.

    Raises:
        UserError: nothing was attributed, ``select`` names no run, or not as many Axes as panels.
    """
    if DIM not in ds.dims:
        raise UserError(
            "nothing of this result was attributed to the pathways; run its study again with"
            " attribution = true under [output]"
        )
    single = isinstance(select, Mapping) and PATIENT in select
    ds, n = (ds, 0) if single else over_all(ds)
    chosen = members(with_doses(ds, ds), select, most)
    over = [str(n) for n, v in ds.data_vars.items() if _is_attributed(v) and "time" in v.dims]
    shown = over or _summaries(ds)
    width = 2.6 + 3.0 * max(len(chosen), 2) if over else 4.6 + 4.0 * len(shown)
    height = 1.4 + 2.4 * len(shown) if over else 2.6 + 0.5 * len(chosen)
    names = [f"{name} of {m.label}" for name in shown for m in chosen] if over else shown
    with styled():
        columns = len(chosen) if over else len(shown)
        figure, axes = canvas(ax, names, width, height, columns=columns)
        if over:
            rows = range(0, len(axes), columns)
            _areas([axes[r : r + columns] for r in rows], shown, chosen)
        else:
            _bars(axes, shown, chosen)
        if ax is None:
            headline(figure, str(ds.attrs.get("title", "Pathways")))
            drawn = f"Lines: {what_is_drawn(floats(ds['time']))}." if over else ""
            mean = f"Mean of {n} virtual patients." if n else ""
            told = notes(narrow(ds, select if isinstance(select, Mapping) else None), chosen)
            key = _KEY if over else _KEY.replace("Areas", "Bars").replace("line", "mark")
            missing = left_out(ds, chosen, select)
            footnote(
                figure, ds, drawn, key, mean, *told, drawn=[m.data for m in chosen],
                left_out=missing,
            )  # fmt: skip
    return figure


def over_all(ds: xr.Dataset) -> tuple[xr.Dataset, int]:
    """Return the mean over virtual patients of what was attributed, and how many there are.

    Patients of whom a run failed are left out; a result of one patient stays as it is.
    """
    if "status" not in ds or PATIENT not in ds["status"].dims:
        return ds, 0
    good = (ds["status"] == 0) & (ds["pathways_status"] == 0)
    kept = {
        str(n): v.where(good).mean(PATIENT, keep_attrs=True)
        for n, v in ds.data_vars.items()
        if str(n).startswith(("through_", "interaction_"))
    }
    none = ds["status"].isel({PATIENT: 0}, drop=True).where(~good.any(PATIENT), 0)
    first = ds.isel({PATIENT: 0}, drop=True)
    rest = [n for n in ("prescribed_dose", "status_advice", "target_reached") if n in first]
    found = first[rest].assign(kept).assign(status=none.assign_attrs(ds["status"].attrs))
    return found.assign_attrs(ds.attrs), ds.sizes[PATIENT]


def _is_attributed(v: xr.DataArray) -> bool:
    return DIM in v.dims and str(v.name).startswith("through_")


def _summaries(ds: xr.Dataset) -> list[str]:
    """Names of the attributed summaries that bars are drawn of."""
    every = [str(n) for n, v in ds.data_vars.items() if _is_attributed(v)]
    return [f"through_{n}" for n in BARS if f"through_{n}" in every] or every[:3]


def _areas(grid: Sequence[Sequence[Axes]], shown: list[str], chosen: list[Member]) -> None:
    """One row per variable, one column per run; a row shares its scale."""
    for row, name in zip(grid, shown, strict=True):
        first: Axes | None = None
        for ax, member in zip(row, chosen, strict=True):
            if row is grid[0]:
                ax.set_title(wrap(member.label, 24), fontweight="bold", loc="left")
            if member.failed:
                ax.text(0.5, 0.5, "failed", ha="center", va="center", transform=ax.transAxes)
                ax.set(xticks=[], yticks=[])
                continue
            if first is None:
                first = ax
                ax.set_ylabel(_label(short_name(member.data[name]), member.data[name], 22))
            else:
                ax.sharey(first)
                ax.tick_params(labelleft=False)
            _panel(ax, member.data, name)
            week_axis(ax, floats(member.data["time"]), named=row is grid[-1])
            mark_stop(ax, member.data, "dosing stops" if row is grid[0] else "")
            ax.yaxis.set_major_locator(MaxNLocator(5))
            polish(ax)
    grid[0][-1].legend(loc="upper left", bbox_to_anchor=(1.02, 1.02))


def _panel(ax: Axes, data: xr.Dataset, name: str) -> None:
    """Areas of one run, and the line that is their sum."""
    time = floats(data["time"])
    size = time_unit(time)[1]
    each = {p: daily(time, floats(data[name].sel({DIM: p})))[:2] for p in LOOK}
    at = next(iter(each.values()))[0] / size
    parts = np.array([values for _, values in each.values()])
    for sign in (1.0, -1.0):
        layers = np.where(sign * parts > 0.0, parts, 0.0)
        edges = np.concatenate([np.zeros((1, len(at))), np.cumsum(layers, axis=0)])
        for k, (label, shade) in enumerate(LOOK.values()):
            ax.fill_between(
                at, edges[k], edges[k + 1], color=OKABE_ITO[shade], alpha=0.75, linewidth=0.0,
                label=label if sign > 0 else None,
            )  # fmt: skip
    ax.plot(at, parts.sum(axis=0), color="black", label=TOTAL)
    both = daily(time, floats(data[name.replace("through_", "interaction_", 1)]))[1]
    ax.plot(at, both, color=GREY, linestyle=DASHES[2], linewidth=1.6, label=TOGETHER)
    ax.axhline(0.0, color=GREY, linewidth=0.8)


def _bars(axes: Sequence[Axes], shown: list[str], chosen: list[Member]) -> None:
    """One panel per summary, a bar for each run, from the first at the top down."""
    place = np.arange(len(chosen))[::-1]
    for ax, name in zip(axes, shown, strict=True):
        parts = np.array(
            [[np.nan if m.failed else float(m.data[name].sel({DIM: p})) for m in chosen]
             for p in LOOK]
        )  # fmt: skip
        for sign in (1.0, -1.0):
            layers = np.where(sign * parts > 0.0, parts, 0.0)
            start = np.zeros(len(chosen))
            for layer, (label, shade) in zip(layers, LOOK.values(), strict=True):
                ax.barh(
                    place, layer, left=start, height=0.6, color=OKABE_ITO[shade], alpha=0.75,
                    label=label if sign > 0 else None,
                )  # fmt: skip
                start = start + layer
        ax.plot(parts.sum(axis=0), place, "D", color="black", markersize=6, label=TOTAL)
        together = name.replace("through_", "interaction_", 1)
        mixed = [np.nan if m.failed else float(m.data[together]) for m in chosen]
        ax.plot(mixed, place, "|", color=GREY, markersize=14, markeredgewidth=2, label=TOGETHER)
        ax.use_sticky_edges = False
        ax.axvline(0.0, color=GREY, linewidth=0.8)
        ax.set_yticks(place, [wrap(m.label, 26) for m in chosen] if ax is axes[0] else [])
        ax.set_ylim(-0.6, len(chosen) - 0.4)
        ax.set_xlabel(_label(name_of(chosen[0].data[name]), chosen[0].data[name], 30))
        ax.xaxis.set_major_locator(MaxNLocator(5))
        ax.tick_params(labelsize=BASE)
        polish(ax)
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1.02, 1.02))


def _label(name: str, variable: xr.DataArray, width: int) -> str:
    """Name and unit on an axis, without the words that the legend says."""
    plain = name.replace(" through a pathway", "")
    what = plain if "change" in plain else f"change of {plain}"
    return f"{wrap(what, width)}\n({unit_of(variable)})"
