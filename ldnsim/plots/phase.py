"""The phase plane of microglia: two resting states and the way a treated patient takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError, unknown
from ldnsim.plots.doses import with_doses
from ldnsim.plots.labels import Word
from ldnsim.plots.labels import place as place_words
from ldnsim.plots.members import Member, Select, left_out, members
from ldnsim.plots.people import over_patients
from ldnsim.plots.selection import narrow
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
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
from ldnsim.plots.timeline import (
    HOURS_PER_WEEK,
    Floats,
    daily,
    end_of_dosing,
    floats,
    what_is_drawn,
)
from ldnsim.plots.wording import axis_label, name_of, wrap

Point = tuple[float, float]
States = Mapping[str, Point]
_PATH = ("blue", "vermillion", "green", "purple", "orange", "sky")
MOST = 4
_POINTS = "expected points of two numbers, such as {'resolved': (0.02, 0.1)}"
STILL = 0.01  # of the picture: a path that goes no farther stays where it begins
_STATE = {"resolved": ("o", "green"), "inflamed": ("s", "vermillion")}


def phase_plane(
    ds: xr.Dataset,
    select: Select = None,
    *,
    x: str = "microglia_m1",
    y: str = "priming",
    states: States | None = None,
    nullclines: Mapping[str, tuple[Floats, Floats]] | None = None,
    weeks: tuple[float, ...] = (4, 12, 26, 52),
    title: str | None = None,
    most: int = MOST,
    ax: Panels | None = None,
) -> Figure:
    """Draw runs as paths in the plane of two variables, daily means joined.

    A ring marks the start, numbered dots the weeks, a cross where dosing stops. A run that stays
    where it begins is a wide ring.

    Args:
        ds: a dataset with trajectories.
        select: which runs, as for :func:`compare`; at most ``most`` by default.
        x: variable across.
        y: variable upwards (``priming``, ``tnf``, ``neuronal_health`` ...).
        states: resting states as ``{"resolved": (x, y), "inflamed": (x, y)}``; by default those
            the dataset carries as ``state_resolved_<variable>`` and ``state_inflamed_<variable>``.
        nullclines: curves to draw behind, ``{"label": (x values, y values)}``.
        weeks: times to mark on the path.
        title: headline.
        most: how many runs at most when ``select`` does not name them.
        ax: Axes of your own to draw into; headline and foot are then yours.

    Raises:
        UserError: a variable that the dataset does not keep over time, nothing but failures,
            ``states`` that are no points, ``most`` below 1, or more than one Axes.
    """
    kept = [str(n) for n, v in ds.data_vars.items() if "time" in v.dims]
    for name in (x, y):
        if name not in kept:
            raise unknown("trajectory", name, kept)
    ds = with_doses(ds, over_patients(ds, select))
    every = members(ds, select, most)
    chosen = [m for m in every if not m.failed]
    if not chosen:
        raise UserError("every selected run failed; there is no path to draw")
    _check_states(states)
    resting = states if states is not None else resting_states(chosen[0].data, x, y)
    with styled():
        figure, (panel,) = canvas(ax, [f"{y} over {x}"], 11.0, 7.2)
        for label, (across, up) in (nullclines or {}).items():
            panel.plot(across, up, color=GREY, linewidth=1.2, linestyle="-.", label=label)
        _draw(panel, [_trace(m, x, y, weeks) for m in chosen], resting)
        panel.set(xlabel=axis_label(ds[x]), ylabel=axis_label(ds[y]))
        polish(panel)
        if ax is None:
            headline(figure, title or f"{ds.attrs.get('title', 'Runs')}: {_plane(ds, x, y)}")
            _foot(figure, ds, every, select)
        figure.draw_without_rendering()  # words are placed where the layout has put the marks
        _weeks(panel, [_trace(m, x, y, weeks) for m in chosen], resting)
    return figure


def _check_states(states: Any) -> None:
    """Refuse resting states that are no points.

    Raises:
        UserError: naming the state.
    """
    if states is not None and not isinstance(states, Mapping):
        raise UserError(f"states = {states!r}: {_POINTS}")
    for name, point in (states or {}).items():
        try:
            good = np.shape(point) == (2,) and np.isfinite(np.asarray(point, float)).all()
        except (TypeError, ValueError):
            good = False
        if not good:
            raise UserError(f"states: {name!r} is {point!r}; {_POINTS}")


def _foot(figure: Figure, ds: xr.Dataset, every: list[Member], select: Select) -> None:
    """Say what the paths are, and which runs are not among them."""
    missing = left_out(ds, every, select)
    failed = [m.label for m in every if m.failed]
    lost = f"Not drawn, the run failed: {', '.join(failed)}." if failed else ""
    shown = narrow(ds, select if isinstance(select, Mapping) else None)
    key = f"Paths: {what_is_drawn(floats(ds['time']))}; numbers: weeks; cross: dosing stops."
    drawn = [m for m in every if not m.failed]
    left = " ".join(w for w in (missing, lost) if w)
    data = [m.data for m in drawn]
    footnote(figure, ds, key, *notes(shown, drawn), drawn=data, left_out=left)


def _plane(ds: xr.Dataset, x: str, y: str) -> str:
    if (x, y) == ("microglia_m1", "priming"):
        return "inflamed microglia and their priming"
    return f"{name_of(ds[y])} over {name_of(ds[x])}"


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


@dataclass(frozen=True)
class Trace:
    """The way of one run: points (n, 2), where it is at some weeks, and where dosing stops."""

    label: str
    points: Floats
    weeks: tuple[tuple[float, Point], ...]
    stop: Point | None


def _trace(member: Member, x: str, y: str, weeks: Sequence[float]) -> Trace:
    time = floats(member.data["time"])
    when, across, _, _ = daily(time, floats(member.data[x]))
    _, up, _, _ = daily(time, floats(member.data[y]))

    def at(hour: float) -> Point:
        return float(np.interp(hour, when, across)), float(np.interp(hour, when, up))

    there = tuple((w, at(w * HOURS_PER_WEEK)) for w in weeks if w * HOURS_PER_WEEK <= time[-1])
    stop = end_of_dosing(member.data)
    end = None if stop is None else at(stop)
    return Trace(member.label, np.stack([across, up], axis=1), there, end)


def _still(traces: Sequence[Trace]) -> list[bool]:
    """Whether each run stays where it begins, on the scale of the picture."""
    least = STILL * _spread(traces)
    return [bool((np.ptp(t.points, axis=0) < least).all()) for t in traces]


def _spread(traces: Sequence[Trace]) -> Floats:
    """Return the size of the picture, (2,)."""
    spread: Floats = np.ptp(np.concatenate([t.points for t in traces]), axis=0)
    return np.where(spread > 0, spread, 1.0)


def _draw(ax: Axes, traces: Sequence[Trace], states: States) -> None:
    still = _still(traces)
    for place, (trace, stays) in enumerate(zip(traces, still, strict=True)):
        shade, label = OKABE_ITO[_PATH[place % len(_PATH)]], wrap(trace.label, 26)
        if stays:
            ring = 19 + 6 * sum(still[:place])  # around the start, and around each other
            ax.plot(
                *trace.points[0], "o", color="none", markeredgecolor=shade, markeredgewidth=2.2,
                markersize=ring, zorder=6, label=f"{label}\n(stays where it begins)", gid="still",
            )  # fmt: skip
            continue
        dash = DASHES[place % len(DASHES)]
        ax.plot(*trace.points.T, color=shade, linestyle=dash, label=label, gid="path")
        if trace.stop is not None:
            ax.plot(
                *trace.stop, "X", color=shade, markersize=11, markeredgecolor="white", zorder=5,
                gid="stop",
            )  # fmt: skip
        ax.plot(
            *np.array([p for _, p in trace.weeks]).reshape(-1, 2).T, "o", color=shade,
            markersize=6, zorder=4, gid="weeks",
        )  # fmt: skip
    for place, begin in enumerate(_starts(traces)):
        ax.plot(
            *begin, "o", color="white", markeredgecolor="black", markersize=9, zorder=7,
            gid="start", label="start" if place == 0 else None,
        )  # fmt: skip
    _states(ax, states)
    ax.set_xlim(min(0.0, float(ax.dataLim.x0)), ax.get_xlim()[1] * 1.12)
    ax.set_ylim(min(0.0, float(ax.dataLim.y0)), ax.get_ylim()[1] * 1.03)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelspacing=0.9)


def _starts(traces: Sequence[Trace]) -> list[Floats]:
    """Return where the runs start; those that look the same once."""
    least = STILL * _spread(traces)
    found: list[Floats] = []
    for begin in (t.points[0] for t in traces):
        if not any((np.abs(begin - other) < least).all() for other in found):
            found.append(begin)
    return found


def _weeks(ax: Axes, traces: Sequence[Trace], states: States) -> None:
    """Write the week numbers beside the paths; weeks that fall on one spot share a label."""
    size = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    words, marks = [], [np.array(list(states.values())).reshape(-1, 2)]
    for place, (trace, stays) in enumerate(zip(traces, _still(traces), strict=True)):
        if stays:
            continue  # a run that stays where it began needs no calendar
        spots: list[tuple[Point, list[str]]] = []
        for week, point in trace.weeks:
            last = spots[-1][0] if spots else None
            if last and np.hypot(*((np.array(point) - last) / size)) < 0.035:
                spots[-1][1].append(f"{week:g}")
            else:
                spots.append((point, [f"{week:g}"]))
        shade = OKABE_ITO[_PATH[place % len(_PATH)]]
        words += [Word(point, "wk " + ", ".join(text), shade) for point, text in spots]
        marks += [np.array([p for _, p in trace.weeks]).reshape(-1, 2), trace.points[:1]]
        marks += [np.array([trace.stop])] if trace.stop else []
    lines = np.concatenate([_dense(t.points) for t in traces])
    place_words(ax, words, np.concatenate(marks), lines, "week")


def _dense(points: Floats) -> Floats:
    """Return the points of a line with two more between each pair."""
    steps = np.arange(0, len(points) - 1 + 1e-9, 1 / 3)
    at = np.arange(len(points))
    return np.stack([np.interp(steps, at, points[:, k]) for k in range(2)], axis=1)


def _states(ax: Axes, states: States) -> None:
    for name, (across, up) in states.items():
        marker, shade = _STATE.get(name, ("D", "black"))
        ax.plot(
            [across], [up], marker, color=OKABE_ITO[shade], markersize=15, alpha=0.55,
            markeredgecolor="black", label=f"{name} state", zorder=3, gid=f"state-{name}",
        )  # fmt: skip
