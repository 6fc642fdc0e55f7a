"""Picture of a calibration: fitted against published numbers, and how sharply each is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.plots import style
from ldnsim.plots.provenance import Extended

Fits = Sequence[Mapping[str, Any]]
FLAT = 3.84
"""Rise of chi-square that marks a 95 % interval."""
CEILING = 12.0
"""Profiles are drawn up to this rise."""
COLUMNS = 3


def draw(fits: Fits, extensions: Extended = ()) -> Figure:
    """Draw fitted against published numbers, and profiles where there are any.

    Args:
        fits: what ``ldnsim calibrate --out`` writes.
        extensions: of the model that was fitted, as ``Extension.record()`` gives each.

    Returns:
        rows of observations, each on the scale of its published interval (0 the middle, -1 and 1
        its ends), and one panel per profile with the level of a 95 % interval.
    """
    rows = [(f, o) for f in fits for o in f["observations"]]
    profiles = [(f, p) for f in fits for p in f["profiles"]]
    lines = -(-len(profiles) // COLUMNS)
    height = 1.9 + 0.36 * len(rows)
    with style.styled():
        figure = style.new_figure(13.0, height + 2.7 * lines)
        grid = figure.add_gridspec(
            1 + lines, COLUMNS, height_ratios=[height, *([2.7] * lines)], hspace=0.05
        )
        _observations(figure.add_subplot(grid[0, :]), rows)
        for i, (f, p) in enumerate(profiles):
            draw_profile(figure.add_subplot(grid[1 + i // COLUMNS, i % COLUMNS]), f, p)
        note = "Profiles: dashed, the rise of a 95 % interval; orange, the shipped value. "
        if extensions:
            note = note.replace("the shipped value", "the value without the fit")
        text = (note if profiles else "") + style.WARNING + style.extended_line(figure, extensions)
        figure.supxlabel(text, x=0.012, ha="left", fontsize=style.SMALL, color=style.GREY)
    return figure


def _observations(ax: Axes, rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """One line per observation: published interval, published values, fitted value."""
    for i, (_, o) in enumerate(rows):
        y = len(rows) - 1 - i
        middle, half, closed = _scale(o)
        ends = [-1.0 if closed[0] else -1.6, 1.0 if closed[1] else 1.6]
        ax.plot(ends, [y, y], color=style.SOFT, lw=7, solid_capstyle="butt", zorder=1)
        seen = [(v - middle) / half for v in o["values"]]
        black = style.OKABE_ITO["black"]
        ax.plot(seen, [y] * len(seen), "o", mfc="white", mec=black, ms=8, zorder=3)
        at = (o["simulated"] - middle) / half
        inside = (at >= -1.0 or not closed[0]) and (at <= 1.0 or not closed[1])
        colour = style.OKABE_ITO["blue" if inside else "vermillion"]
        ax.plot([np.clip(at, -1.95, 1.95)], [y], "D", color=colour, ms=7, zorder=4)
        unit = "" if o["unit"] == "1" else f" {o['unit']}"
        values = ", ".join(f"{v:g}" for v in o["values"])
        published = values + unit if values else o["published"]
        text = f"{o['simulated']:.4g} | {published}"
        ax.text(2.05, y, text, va="center", fontsize=style.SMALL)
    ax.set_yticks(range(len(rows)), [f"{f['group']}: {o['name']}" for f, o in rows][::-1])
    ax.set_xlim(-2.0, 2.0)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    ax.set_xticks([-1.0, 0.0, 1.0], ["lower end", "middle", "upper end"])
    ax.set_xlabel("published interval; diamond: fitted; circle: published; right: both as numbers")
    ax.set_title("Fitted against published", loc="left", fontweight="bold")
    ax.grid(axis="y", visible=False)
    style.polish(ax)


def _scale(o: Mapping[str, Any]) -> tuple[float, float, tuple[bool, bool]]:
    """Return middle and half-width of the published interval, and which ends are closed."""
    low, high = o["low"], o["high"]
    if low is None or high is None:
        end = high if low is None else low
        half = max(abs(float(end)) * 0.25, 1e-9)
        middle = float(end) - half if low is None else float(end) + half
        return middle, half, (low is not None, high is not None)
    return 0.5 * (low + high), max(0.5 * (high - low), 1e-9), (True, True)


def draw_profile(ax: Axes, fit: Mapping[str, Any], p: Mapping[str, Any]) -> None:
    """Draw the rise of chi-square over the grid of one parameter into a panel."""
    estimate = next(e for e in fit["estimates"] if e["name"] == p["name"])
    ax.plot(p["value"], np.minimum(p["rise"], CEILING), ".-", color=style.OKABE_ITO["blue"])
    ax.axhline(FLAT, color=style.GREY, ls="--", lw=1.2)
    ax.axvline(estimate["shipped"], color=style.OKABE_ITO["orange"], lw=1.5)
    ax.set_xscale("log")
    near = np.nonzero(np.asarray(p["rise"]) < CEILING)[0]
    ends = max(near[0] - 1, 0), min(near[-1] + 1, len(p["value"]) - 1)
    limits = p["value"][ends[0]], p["value"][ends[1]]
    ax.set_xlim(*limits)
    ticks = [limits[0], estimate["value"], limits[1]]
    ax.set_xticks(ticks, [f"{t:.3g}" for t in ticks])
    ax.minorticks_off()
    ax.set_ylim(-0.3, CEILING)
    ax.set_title(f"{fit['group']}: {estimate['verdict']}", loc="left", fontsize=style.SMALL)
    ax.set_xlabel(f"{p['name']} ({estimate['unit']})")
    ax.set_ylabel("rise of chi-square")
    style.polish(ax)
