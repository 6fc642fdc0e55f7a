"""The figure of the after-stopping experiment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from after_stopping_runs import USUAL, Branches, Outcome
from common import Floats, values
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ldnsim.plots import style
from ldnsim.plots.style import DASHES, GREY, OKABE_ITO, SMALL

SHADE = {
    Outcome.FAILED: "#FFFFFF",
    Outcome.NONE: "#DDDDDD",
    Outcome.LOST: OKABE_ITO["orange"],
    Outcome.LATE: OKABE_ITO["sky"],
    Outcome.LASTS: OKABE_ITO["blue"],
}
LINES = (
    (Outcome.LASTS, "blue", "-"),
    (Outcome.LOST, "orange", DASHES[1]),
    (Outcome.NONE, "black", DASHES[2]),
)


class Example(NamedTuple):
    """One patient drawn in time: position in the grid and how the line looks."""

    driver: int
    dose: int
    colour: str
    dash: style.LineStyle
    label: str


def picture(ds: xr.Dataset, b: Branches, weeks: int) -> Figure:
    """Draw time courses, the map of outcomes and the hysteresis loop."""
    shown = examples(ds)
    with style.styled():
        figure = style.new_figure(16.0, 9.6)
        axes = figure.subplots(2, 2)
        _courses(axes[0, 0], ds, "tnf", "TNF (fold of healthy)", shown, weeks)
        _courses(axes[1, 0], ds, "pain", "pain (0-10)", shown, weeks)
        _map(axes[0, 1], ds, b)
        _loop(axes[1, 1], ds, b, weeks)
        for ax in axes.flat:
            style.polish(ax)
        found = np.asarray(ds["outcome"])
        both = {Outcome.LASTS, Outcome.LOST} <= set(found.ravel().tolist())
        says = "what lasts depends on the driver" if both else "outcome by driver and dose"
        style.headline(figure, f"{weeks} weeks on naltrexone, {weeks} weeks off: {says}")
        style.footnote(figure, ds, "Outside driver: TLR4 ligand relative to a strong one of 1.")
    return figure


def examples(ds: xr.Dataset) -> list[Example]:
    """Choose one patient of each outcome, at the usual dose where there is one."""
    dose, driver, found = values(ds, "dose"), values(ds, "driver"), np.asarray(ds["outcome"])
    usual = int(np.argmin(np.abs(dose - USUAL)))
    chosen = []
    for outcome, shade, dash in LINES:
        columns = [usual, *(j for j in reversed(range(len(dose))) if j != usual)]
        for j in columns:
            rows = np.flatnonzero(found[:, j] == outcome)
            if len(rows):
                i = int(rows[len(rows) // 2])
                label = f"driver {driver[i]:.2g}, {dose[j]:g} mg: {outcome.words}"
                chosen.append(Example(i, j, OKABE_ITO[shade], dash, label))
                break
    return chosen


def _courses(
    ax: Axes, ds: xr.Dataset, name: str, label: str, shown: list[Example], weeks: int
) -> None:
    """Draw one variable in time; daily values at midnight."""
    week = values(ds, "time") / 168.0
    for one in shown:
        y = values(ds.isel(driver=one.driver, dose=one.dose), name)
        ax.plot(week, y, color=one.colour, linestyle=one.dash, label=one.label)
    ax.axvspan(0.0, weeks, color="#EEEEEE", zorder=0, linewidth=0)
    ax.set_ylim(0.0, ax.get_ylim()[1] * 1.05)
    ax.set_xlim(0.0, week[-1])
    ax.set(xlabel="time (weeks); grey: treated", ylabel=label)
    if name == "tnf":
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), fontsize=SMALL)


def _map(ax: Axes, ds: xr.Dataset, b: Branches) -> None:
    """Colour every patient and dose by its outcome."""
    found, dose, driver = np.asarray(ds["outcome"]), values(ds, "dose"), values(ds, "driver")
    colours = ListedColormap([SHADE[o] for o in sorted(Outcome)])
    norm = BoundaryNorm([o - 0.5 for o in sorted(Outcome)] + [max(Outcome) + 0.5], len(Outcome))
    rows = np.arange(len(dose))
    ax.pcolormesh(
        driver, rows, found.T, cmap=colours, norm=norm, shading="nearest", edgecolors="white"
    )
    ax.set_yticks(rows, [f"{d:g}" for d in dose])
    ax.grid(False)
    _edges(ax, b, float(driver[0]), float(driver[-1]), 0.08)
    ax.set(xlabel="outside driver of the patient", ylabel="nightly dose (mg)")
    there = [o for o in reversed(Outcome) if (found == o).any()]
    handles = [Patch(facecolor=SHADE[o], edgecolor=GREY, label=o.words) for o in there]
    ax.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _edges(ax: Axes, b: Branches, low: float, high: float, height: float) -> None:
    """Mark where the untreated states end, with words at this share of the panel's height."""
    for at, words in ((b.lower, "inflamed state begins"), (b.upper, "resolved state ends")):
        if np.isfinite(at) and low <= at <= high:
            ax.axvline(at, color="black", linewidth=1.6, linestyle=DASHES[1])
            left = at > 0.5 * (low + high)  # the words stay inside the panel
            ax.annotate(
                f"{words} ({at:.3f})", (at, height), (-6 if left else 6, 0),
                xycoords=("data", "axes fraction"), textcoords="offset points", fontsize=SMALL,
                va="center", ha="right" if left else "left",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
            )  # fmt: skip


def _week_mean(ds: xr.Dataset, end: float) -> Floats:
    """Mean of inflamed microglia in the week before ``end`` (h), per driver."""
    time = values(ds, "time")
    inside = (time > end - 168.0) & (time <= end)
    return np.asarray(values(ds, "microglia_m1")[..., inside].mean(axis=-1))


def _loop(ax: Axes, ds: xr.Dataset, b: Branches, weeks: int) -> None:
    """Draw both untreated states over the driver and where the treated patients go."""
    ax.plot(b.driver, b.inflamed, color=OKABE_ITO["vermillion"], label="untreated, inflamed")
    ax.plot(b.driver, b.resolved, color=OKABE_ITO["green"], label="untreated, resolved")
    dose = values(ds, "dose")
    usual = ds.isel(dose=int(np.argmin(np.abs(dose - USUAL))))
    driver, stop = values(ds, "driver"), weeks * 168.0
    treated, after = _week_mean(usual, stop), _week_mean(usual, 2.0 * stop)
    start = np.interp(driver, b.driver, b.inflamed)
    for x, y0, y1, y2 in zip(driver, start, treated, after, strict=True):
        _arrow(ax, x, y0, y1, "black")
        _arrow(ax, x + 0.0012, y1, y2, OKABE_ITO["orange"])
    mg = f"{float(usual['dose']):g} mg"
    ax.plot(driver, treated, "v", color="black", markersize=7, label=f"{mg}, week {weeks}")
    ax.plot(
        driver, after, "o", color=OKABE_ITO["orange"], markersize=6, markeredgecolor="black",
        label=f"{weeks} weeks after stopping",
    )  # fmt: skip
    _edges(ax, b, float(b.driver[0]), float(b.driver[-1]), 0.94)
    ax.set_ylim(0.0, 1.12 * ax.dataLim.y1)
    ax.set(xlabel="outside driver", ylabel="inflamed microglia (share of cells)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _arrow(ax: Axes, x: float, start: float, end: float, shade: str) -> None:
    """Draw the way of one patient; short ways are left out."""
    if np.isfinite(start + end) and abs(end - start) > 0.03:
        ax.annotate(
            "", (x, end), (x, start), zorder=1,
            arrowprops={"arrowstyle": "->", "color": shade, "linewidth": 1.2, "alpha": 0.8},
        )  # fmt: skip
