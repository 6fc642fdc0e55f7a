"""The rows of the regimen comparison: which variables, under which title, on which scale."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ldnsim.plots.style import DASHES, LineStyle, colour
from ldnsim.plots.timeline import (
    HOURS_PER_DAY,
    daily,
    floats,
    has_daily_means,
    mark_stop,
    time_unit,
)
from ldnsim.plots.wording import (
    healthy_by_scale,
    is_off,
    legend_names,
    mass,
    name_of,
    short_name,
    unit_of,
    wrap,
)

MOST_NAMED = 4  # rows, at most, of variables that a study lists and that have no usual row
OBSERVED = "observed_"  # what names of measured values begin with
LOG_SPAN = 30.0  # values further apart need a logarithmic scale: doses of 4.5 and 50 mg need none


@dataclass(frozen=True)
class Row:
    """One row of panels: its title, its variables, and whether some are only background.

    ``sampled``: every stored value is drawn, not daily means.
    """

    title: str
    variables: tuple[str, ...]
    faint: tuple[str, ...] = ()
    night: bool = False
    dose: bool = False
    sampled: bool = False

    def present(self, ds: xr.Dataset) -> tuple[str, ...]:
        """Return the variables of this row that the dataset keeps."""
        return tuple(v for v in self.variables if v in ds)

    def label(self, ds: xr.Dataset, log: bool) -> str:
        """Return the y label: title and unit (all units when the variables differ)."""
        if self.dose and log:
            return f"{self.title} per day\n(units at ticks)"
        units = list(dict.fromkeys(unit_of(ds[v]) for v in self.present(ds)))
        return f"{self.title}\n" + wrap(f"({', '.join(units)})", 22)


ROWS = (
    Row("dose", ("prescribed_dose",), dose=True),
    Row(
        "occupancy\nin one night",
        tuple(f"night_{r}_occupancy" for r in ("mor", "dor", "kor", "ogfr")),
        night=True,
    ),
    Row("peptides", ("beta_endorphin", "met_enkephalin")),
    Row("cytokines", ("tnf", "il1b", "il6", "il10")),
    Row("microglia", ("microglia_m1", "priming")),
    Row(
        "symptoms",
        ("pain", "fatigue", "vivid_dreams"),
        faint=("fatigue", "vivid_dreams"),
    ),
)


def rows_of(ds: xr.Dataset) -> list[Row]:
    """Return the rows that a dataset has something for: of a comparison, then what was observed."""
    found = [row for row in ROWS if row.present(ds)]
    shown = {v for row in found for v in row.variables}
    seen = [n for n in map(str, ds.data_vars) if f"{OBSERVED}{n}" in ds and n not in shown]
    named = [
        Row(wrap(short_name(ds[group[0]]), 16) if len(group) == 1 else "also kept", group)
        for group in _asked_for(ds)[:MOST_NAMED]
    ]
    measured = [Row(wrap(name_of(ds[n]), 16), (n,), sampled=True) for n in seen]
    return [*found, *_off(ds, shown), *named, *measured]


def _off(ds: xr.Dataset, shown: Collection[str]) -> list[Row]:
    """Rows of what nobody listed and has no usual row, and is off in some patient of a dataset.

    Known from the variables themselves: their untreated means, on scales that say what a healthy
    person has (a fold of healthy, a share of the worst). Those of one scale share a row.
    """
    asked = {name for group in _asked_for(ds) for name in group}
    groups: dict[str, list[str]] = {}
    for name in map(str, ds.data_vars):
        base = f"baseline_{name}"
        if base not in ds or name in shown or name in asked or f"{OBSERVED}{name}" in ds:
            continue
        healthy, values = healthy_by_scale(ds[name].attrs), floats(ds[base]).reshape(-1)
        if "time" in ds[name].dims and any(is_off(ds[name].attrs, v, healthy) for v in values):
            groups.setdefault(unit_of(ds[name]), []).append(name)
    return [
        Row(wrap(short_name(ds[g[0]]), 16) if len(g) == 1 else "away from\nhealthy", tuple(g))
        for g in groups.values()
    ]


def not_drawn(ds: xr.Dataset) -> str:
    """Say which variables that the study lists have no row; empty where all have one."""
    left = [short_name(ds[n]) for group in _asked_for(ds)[MOST_NAMED:] for n in group]
    return f"Kept, not drawn: {', '.join(left)}." if left else ""


def _asked_for(ds: xr.Dataset) -> list[tuple[str, ...]]:
    """Variables that the study lists and no usual row has, those of one scale together.

    A study that keeps the usual variables, or all, lists none.
    """
    try:
        listed = tomllib.loads(str(ds.attrs["study"]))["output"]["variables"]
    except (KeyError, TypeError, tomllib.TOMLDecodeError):
        return []
    usual = {v for row in ROWS for v in row.variables}
    groups: dict[str, list[str]] = {}
    for name in listed if isinstance(listed, list) else ():
        if name in usual or f"{OBSERVED}{name}" in ds:
            continue
        if name in ds and "time" in ds[name].dims:
            groups.setdefault(unit_of(ds[name]), []).append(str(name))
    return [tuple(group) for group in groups.values()]


def observed(ax: Axes, data: xr.Dataset, name: str) -> None:
    """Draw what was measured of one variable in one run, as its attributes and coordinates say."""
    if f"{OBSERVED}{name}" not in data:
        return
    _, size = time_unit(floats(data["time"]))
    own = np.isfinite(floats(data[f"{OBSERVED}{name}"]))
    for subject in ("id", "regimen"):
        if subject in data.coords and data[subject].ndim == 0:
            own &= data[f"{OBSERVED}regimen"].values == str(data[subject].item())
    below = np.asarray(data[f"{OBSERVED}below"].values, dtype=bool)
    at, value = floats(data[f"{OBSERVED}time"]) / size, floats(data[f"{OBSERVED}{name}"])
    for flag, mark in ((False, "o"), (True, "v")):
        if (chosen := own & (below == flag)).any():
            ax.plot(
                at[chosen], value[chosen], mark, mfc="white", mec=colour(name), ms=5.0, zorder=5,
                gid="observed", clip_on=False,
            )  # fmt: skip


def draw(ax: Axes, row: Row, data: xr.Dataset, log: bool) -> None:
    """Draw one run into one panel.

    Args:
        ax: the panel.
        row: what to draw.
        data: the dataset of one run.
        log: whether the dose axis is logarithmic.
    """
    names = row.present(data)
    labels = legend_names([data[name] for name in names])
    for place, (name, label) in enumerate(zip(names, labels, strict=True)):
        if row.dose:
            _dose(ax, data, log)
        elif row.night:
            style = DASHES[place % len(DASHES)]
            hours = floats(data["night_time"])
            ax.plot(hours, floats(data[name]), color=colour(name), linestyle=style, label=label)
        else:
            if row.sampled:
                _, size = time_unit(floats(data["time"]))
                ax.plot(
                    floats(data["time"]) / size, floats(data[name]), color=colour(name), label=label
                )
            else:
                _days(ax, data, name, label, DASHES[place % len(DASHES)], faint=name in row.faint)
            observed(ax, data, name)
    if not row.night:
        mark_stop(ax, data, "dosing stops" if row.dose else "")


def _dose(ax: Axes, data: xr.Dataset, log: bool) -> None:
    time, dose = floats(data["time"]), floats(data["prescribed_dose"])
    _, size = time_unit(time)
    # On a log scale "no dose" has no place: leave it out rather than invent a floor for it.
    shown = np.where(dose > 0, dose, np.nan) if log else dose.copy()
    if len(time) > 1 and time[-1] % HOURS_PER_DAY == 0.0:
        shown[-1] = shown[-2]  # the midnight that ends a study belongs to no day of it
    ax.plot(time / size, shown, color=colour("prescribed_dose"), drawstyle="steps-post")
    if not (dose > 0).any():
        ax.text(0.5, 0.5, "no dose", transform=ax.transAxes, ha="center", va="center")


def _days(ax: Axes, data: xr.Dataset, name: str, label: str, style: LineStyle, faint: bool) -> None:
    time = floats(data["time"])
    _, size = time_unit(time)
    day, mean, low, high = daily(time, floats(data[name]))
    shade = colour(name)
    width, alpha = (1.3, 0.85) if faint else (2.2, 1.0)
    ax.plot(
        day / size, mean, color=shade, linestyle=style, linewidth=width, alpha=alpha, label=label
    )
    if f"p10_{name}" in data:  # the middle of many patients: the band is of people, not of hours
        low, high = (daily(time, floats(data[f"{p}_{name}"]))[1] for p in ("p10", "p90"))
    if not faint and (high > low).any():
        ax.fill_between(day / size, low, high, color=shade, alpha=0.16, linewidth=0)
    # one sample a day shows one hour of the rhythm: no measure against a 24 h mean
    if not faint and f"baseline_{name}" in data and has_daily_means(time):
        base = float(data[f"baseline_{name}"])
        ax.axhline(base, color=shade, linestyle=":", linewidth=1.1, alpha=0.8, gid="baseline")


def dose_axis(ax: Axes, log: bool, lowest: float, highest: float) -> None:
    """Set the scale and the tick words of the dose row."""
    if log:
        ax.set_yscale("log")
        ax.set_ylim(lowest / 2, highest * 6)
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: mass(float(y))))
        ax.yaxis.set_minor_formatter(FuncFormatter(lambda y, _: ""))
    else:
        ax.set_ylim(0, max(highest, 1e-9) * 1.3)
