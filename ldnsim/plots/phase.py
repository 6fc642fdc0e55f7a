"""The phase plane of microglia: two resting states and the way a treated patient takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError, unknown
from ldnsim.plots.members import Member, Select, members
from ldnsim.plots.people import over_patients
from ldnsim.plots.style import (
    DASHES,
    GREY,
    OKABE_ITO,
    SMALL,
    footnote,
    headline,
    new_figure,
    polish,
    styled,
)
from ldnsim.plots.timeline import Floats, daily, end_of_dosing, floats
from ldnsim.plots.wording import axis_label, wrap

Point = tuple[float, float]
States = Mapping[str, Point]
WEEK = 168.0
_PATH = ("blue", "vermillion", "green", "purple", "orange", "sky")
_ASIDE = ((10, -2), (10, -2), (-10, 10), (10, 16))  # where each path's week numbers stand
_STATE = {"resolved": ("o", "green"), "inflamed": ("s", "vermillion")}


def phase_plane(
    ds: xr.Dataset,
    select: Select = None,
    *,
    x: str = "microglia_m1",
    y: str = "microglia_m2",
    states: States | None = None,
    nullclines: Mapping[str, tuple[Floats, Floats]] | None = None,
    weeks: tuple[float, ...] = (4, 12, 26, 52),
    title: str | None = None,
) -> Figure:
    """Draw runs as paths in the plane of two variables, daily means joined.

    A filled ring marks the start, numbered dots the weeks, a cross where dosing stops.

    Args:
        ds: a dataset with trajectories.
        select: which runs, as for :func:`compare`; at most four by default.
        x: variable across.
        y: variable upwards (``microglia_m2``, ``tnf``, ``neuronal_health`` ...).
        states: resting states as ``{"resolved": (x, y), "inflamed": (x, y)}``; by default those
            the dataset carries as ``state_resolved_<variable>`` and ``state_inflamed_<variable>``.
        nullclines: curves to draw behind, ``{"label": (x values, y values)}``.
        weeks: times to mark on the path.
        title: headline.

    Raises:
        UserError: a variable that the dataset does not keep over time, or nothing but failures.
    """
    kept = [str(n) for n, v in ds.data_vars.items() if "time" in v.dims]
    for name in (x, y):
        if name not in kept:
            raise unknown("trajectory", name, kept)
    ds = over_patients(ds, select)
    chosen = [m for m in members(ds, select, most=4) if not m.failed]
    if not chosen:
        raise UserError("every selected run failed; there is no path to draw")
    with styled():
        figure = new_figure(11.0, 7.2)
        ax = figure.subplots()
        for label, (across, up) in (nullclines or {}).items():
            ax.plot(across, up, color=GREY, linewidth=1.2, linestyle="-.", label=label)
        for place, member in enumerate(chosen):
            _path(ax, member, x, y, place, weeks)
        _states(ax, states if states is not None else resting_states(chosen[0].data, x, y))
        ax.set(xlabel=axis_label(ds[x]), ylabel=axis_label(ds[y]))
        ax.set_xlim(min(0.0, float(ax.dataLim.x0)), ax.get_xlim()[1] * 1.12)
        ax.set_ylim(min(0.0, float(ax.dataLim.y0)), ax.get_ylim()[1] * 1.03)
        for place, member in enumerate(chosen):
            _weeks(ax, member, x, y, place, weeks)
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelspacing=0.9)
        polish(ax)
        headline(figure, title or f"{ds.attrs.get('title', 'Microglia')}: two states of microglia")
        footnote(figure, ds, "Paths: daily means; numbers: weeks; cross: dosing stops.")
    return figure


def resting_states(ds: xr.Dataset, x: str, y: str) -> dict[str, Point]:
    """Return the resting states a dataset carries, as points of the plane."""
    found: dict[str, Point] = {}
    for state in _STATE:
        pair = [f"state_{state}_{name}" for name in (x, y)]
        if all(name in ds for name in pair):
            point = tuple(float(floats(ds[name]).reshape(-1)[0]) for name in pair)
        elif all(name in ds.attrs for name in pair):
            point = tuple(float(ds.attrs[name]) for name in pair)
        else:
            continue
        if np.isfinite(point).all():
            found[state] = (point[0], point[1])
    return found


def _path(ax: Axes, member: Member, x: str, y: str, place: int, weeks: tuple[float, ...]) -> None:
    time = floats(member.data["time"])
    when, across, _, _ = daily(time, floats(member.data[x]))
    _, up, _, _ = daily(time, floats(member.data[y]))
    shade = OKABE_ITO[_PATH[place % len(_PATH)]]
    ax.plot(
        across, up, color=shade, linestyle=DASHES[place % len(DASHES)],
        label=wrap(member.label, 26), gid="path",
    )  # fmt: skip
    ax.plot(across[:1], up[:1], "o", color="white", markeredgecolor=shade, markersize=10, zorder=4)
    stop = end_of_dosing(member.data)
    if stop is not None:
        i = int(np.argmin(np.abs(when - stop)))
        ax.plot(
            across[i], up[i], "X", color=shade, markersize=11, markeredgecolor="white", zorder=5
        )
    marks = [w for w in weeks if w * WEEK <= time[-1]]
    dots = [np.interp(np.array(marks) * WEEK, when, v) for v in (across, up)]
    ax.plot(*dots, "o", color=shade, markersize=6, zorder=4, gid="weeks")


def _weeks(ax: Axes, member: Member, x: str, y: str, place: int, weeks: Sequence[float]) -> None:
    """Write the week numbers beside a path; weeks that fall on one spot share a label."""
    time = floats(member.data["time"])
    when, across, _, _ = daily(time, floats(member.data[x]))
    _, up, _, _ = daily(time, floats(member.data[y]))
    spots: list[tuple[Floats, list[str]]] = [(np.array([across[0], up[0]]), [])]
    scale = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    for week in (w for w in weeks if w * WEEK <= time[-1]):
        point = np.array([np.interp(week * WEEK, when, v) for v in (across, up)])
        if np.hypot(*((point - spots[-1][0]) / scale)) < 0.035:
            spots[-1][1].append(f"{week:g}")
        else:
            spots.append((point, [f"{week:g}"]))
    if len(spots) == 1:
        return  # a run that stays where it began needs no calendar
    for point, words in (spot for spot in spots if spot[1]):
        dx, dy = _ASIDE[place % len(_ASIDE)]
        ax.annotate(
            "wk " + ", ".join(words), (float(point[0]), float(point[1])), gid="week",
            xytext=(dx, dy), textcoords="offset points", va="center",
            ha="left" if dx > 0 else "right",
            fontsize=SMALL, color=OKABE_ITO[_PATH[place % len(_PATH)]],
        )  # fmt: skip


def _states(ax: Axes, states: States) -> None:
    for name, (across, up) in states.items():
        marker, shade = _STATE.get(name, ("D", "black"))
        ax.plot(
            [across], [up], marker, color=OKABE_ITO[shade], markersize=15, alpha=0.55,
            markeredgecolor="black", label=f"{name} state", zorder=3, gid=f"state-{name}",
        )  # fmt: skip
