"""Picture of a fit to data of one's own: each subject's course under its measured values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.plots import style
from ldnsim.plots.calibration import COLUMNS, draw_profile
from ldnsim.plots.provenance import extended_note
from ldnsim.plots.rows import LOG_SPAN
from ldnsim.plots.wording import wrap

MOST = 12
"""Courses drawn at most."""
KEY = (
    "Circles: measured; triangles: below the limit of quantification, at the limit; line: fitted;"
    " dashed: the model before the fit."
)

PROFILES = "Profiles: dashed, the rise of a 95 % interval; orange, the value before the fit."


def draw(fit: Mapping[str, Any]) -> Figure:
    """Draw measured values over simulated courses, and profiles where there are any.

    Args:
        fit: what ``ldnsim calibrate --data my.csv --out fit.json`` writes.

    Returns:
        one panel for each subject and variable, up to :data:`MOST`, then one for each profile; the
        foot says what is left out.
    """
    curves, profiles = fit["curves"][:MOST], fit["profiles"]
    columns = min(COLUMNS, max(len(curves), len(profiles)))
    rows, more = -(-len(curves) // columns), -(-len(profiles) // columns)
    with style.styled():
        figure = style.new_figure(max(4.6 * columns, 7.0), 1.0 + 3.0 * (rows + more))
        grid = figure.add_gridspec(rows + more, columns)
        for i, curve in enumerate(curves):
            _course(figure.add_subplot(grid[i // columns, i % columns]), fit, curve)
        for i, profile in enumerate(profiles):
            ax = figure.add_subplot(grid[rows + i // columns, i % columns])
            draw_profile(ax, {**fit, "group": profile["name"]}, profile)
        left = len(fit["curves"]) - len(curves)
        out = f" {left} further courses are left out." if left else ""
        flat = f" {PROFILES}" if profiles else ""
        text = f"{_heading(fit)} {KEY}{flat}{out} {style.WARNING}"
        text += f" {note}" if (note := extended_note(fit.get("extensions", ()))) else ""
        wide = int(max(4.6 * columns, 7.0) * 10)
        figure.supxlabel(
            wrap(text, wide), x=0.012, ha="left", fontsize=style.SMALL, color=style.GREY
        )
    return figure


def _heading(fit: Mapping[str, Any]) -> str:
    found = (
        f"{e['name']} {e['value']:.4g} {e['unit']} ({e['verdict']})".replace(" 1 (", " (")
        for e in fit["estimates"]
    )
    return f"{fit['data']['file']}: {'; '.join(found)}."


def _course(ax: Axes, fit: Mapping[str, Any], curve: Mapping[str, Any]) -> None:
    """Draw one variable of one subject."""
    seen = [
        o for o in fit["observations"]
        if (o["id"], o["variable"]) == (curve["id"], curve["variable"])
    ]  # fmt: skip
    blue, black = style.OKABE_ITO["blue"], style.OKABE_ITO["black"]
    ax.plot(curve["time"], curve["shipped"], color=style.GREY, ls="--", lw=1.3, gid="before")
    ax.plot(curve["time"], curve["fitted"], color=blue, lw=2.0, gid="fitted")
    for below, mark in ((False, "o"), (True, "v")):
        points = [(o["time"], o["measured"]) for o in seen if o["below_limit"] == below]
        if points:
            ax.plot(*zip(*points, strict=True), mark, mfc="white", mec=black, ms=6.5, ls="",
                    gid="below" if below else "measured")  # fmt: skip
    everyone = [o["measured"] for o in fit["observations"] if o["variable"] == curve["variable"]]
    _scale(ax, [o["measured"] for o in seen], curve, everyone)
    unit = "" if curve["unit"] == "1" else f" ({curve['unit']})"
    ax.set_ylabel(wrap(f"{curve['long_name']}{unit}", 28))
    ax.set_xlabel("TIME (h)")
    ax.set_title(str(curve["id"]), loc="left", fontweight="bold")
    style.polish(ax)


def _scale(
    ax: Axes, measured: Sequence[float], curve: Mapping[str, Any], everyone: Sequence[float]
) -> None:
    """Draw what spans decades on a logarithmic scale, from below the lowest measured value.

    All subjects have the scale that ``everyone``'s values of the variable ask for.
    """
    low, high = min(measured), max(measured)
    tops = [max(v for v in curve[k] if v is not None) for k in ("fitted", "shipped")]
    if min(everyone) > 0.0 and max(everyone) / min(everyone) > LOG_SPAN:
        ax.set_yscale("log")
        ax.set_ylim(low / 3.0, 2.0 * max(high, *tops))
    elif low >= 0.0:
        ax.set_ylim(0.0, 1.08 * float(np.max([high, *tops])))
