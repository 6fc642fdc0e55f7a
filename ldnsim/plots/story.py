"""Picture of a search for defaults: how far each departs from evidence, and what it buys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.plots import style

Report = Mapping[str, Any]
LEAST, MOST = -3.0, 6.0
"""Units of violation drawn; what lies beyond is put on the edge."""
FAR = 4.5
"""Prior SD drawn."""
VERDICTS = {"met": "blue", "missed": "vermillion", "no number": "black"}


def draw(report: Report) -> Figure:
    """Draw departures in prior SD, and constraints by their distance from the bound.

    Args:
        report: what ``ldnsim calibrate --story --out`` writes.

    Returns:
        left, one row for each parameter: the best set, the runners-up and the value without the
        search; right, one row for each constraint and hypothesis in its units of violation.
    """
    free, asked = report["parameters"], report["constraints"]
    rows = max(len(free), len(asked), 3)
    with style.styled():
        figure = style.new_figure(16.0, 2.3 + 0.36 * rows)
        left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.0])
        _departures(left, free)
        _constraints(right, asked)
        if not asked:
            right.remove()
        best = report["candidates"][0]
        text = (
            f"{report['story']}: objective {best['total']:.4g} = departure {best['prior']:.4g} +"
            f" chi-square {best['chi2']:.4g} + violations {best['violations']:.4g};"
            f" constraints: {report['status']}. "
        )
        text += style.WARNING + style.extended_line(figure, report.get("extensions", ()))
        figure.supxlabel(text, x=0.012, ha="left", fontsize=style.SMALL, color=style.GREY)
    return figure


def _departures(ax: Axes, free: Sequence[Report]) -> None:
    """One row per parameter."""
    for width, colour in ((2.0, "#F2F2F2"), (1.0, "#E2E2E2")):
        ax.axvspan(-width, width, color=colour, lw=0.0, zorder=0)
    ys = np.arange(len(free))[::-1]
    for y, p in zip(ys, free, strict=True):
        ends = np.clip([0.0, p["departure"]], -FAR, FAR)
        ax.plot(ends, [y, y], color=style.OKABE_ITO["blue"], lw=3.0, zorder=2)
        ax.text(1.02, y, f"{p['found']:.3g}", transform=ax.get_yaxis_transform(), va="center",
                fontsize=style.SMALL)  # fmt: skip
    others = [(x, y) for y, p in zip(ys, free, strict=True) for x in p["runners_up"]]
    plain = [(p["departure_shipped"], y) for y, p in zip(ys, free, strict=True)]
    plain = [(x, y) for x, y in plain if x is not None]
    best = [(p["departure"], y) for y, p in zip(ys, free, strict=True)]
    _marks(ax, others, "o", "runners-up", mfc="none", mec=style.GREY, ms=7)
    _marks(ax, plain, "x", "without the search", mec=style.OKABE_ITO["orange"], mew=2.0, ms=8)
    _marks(ax, best, "D", "best set", color=style.OKABE_ITO["blue"], ms=7)
    ax.set_yticks(ys, [p["name"] for p in free])
    ax.set_ylim(-0.7, len(free) - 0.3)
    ax.set_xlim(-FAR - 0.1, FAR + 0.1)
    ax.set_xlabel("departure from the centre of the prior (prior SD); right: value found")
    ax.set_title("What it costs", loc="left", fontweight="bold")
    ax.legend(loc="lower left", bbox_to_anchor=(0.24, 1.0), ncols=3, borderaxespad=0.2,
              columnspacing=1.0, handletextpad=0.2)  # fmt: skip
    ax.grid(axis="y", visible=False)
    style.polish(ax)


def _marks(ax: Axes, at: Sequence[Sequence[float]], marker: str, label: str, **how: Any) -> None:
    if at:
        x, y = np.array(at, dtype=np.float64).T
        ax.plot(np.clip(x, -FAR, FAR), y, marker, ls="none", label=label, zorder=4, **how)


def _constraints(ax: Axes, asked: Sequence[Report]) -> None:
    """One row per constraint and hypothesis; left of 0 is within the bounds."""
    ax.axvspan(LEAST, 0.0, color="#E6F1E8", lw=0.0, zorder=0)
    ax.axvline(0.0, color=style.GREY, lw=1.2)
    ys = np.arange(len(asked))[::-1]
    for y, c in zip(ys, asked, strict=True):
        before, here = signed(c, c["shipped"]), signed(c, c["value"])
        colour = style.OKABE_ITO[VERDICTS[c["verdict"]]]
        ax.plot([before], [y], "x", color=style.OKABE_ITO["orange"], mew=2.0, ms=8, zorder=3)
        marker = "D" if c["value"] is not None else "s"
        ax.plot([here], [y], marker, color=colour, ms=7, zorder=4)
        value = "no number" if c["value"] is None else f"{c['value']:.3g}"
        ax.text(1.02, y, f"{value} | {c['expected']}", transform=ax.get_yaxis_transform(),
                va="center", fontsize=style.SMALL)  # fmt: skip
    names = [f"{c['behaviour']} {c['name']} ({c['hypothesis']})" for c in asked]
    ax.set_yticks(ys, names)
    ax.set_ylim(-0.7, max(len(asked), 1) - 0.3)
    ax.set_xlim(LEAST - 0.15, MOST + 0.15)
    ax.set_xlabel("units of violation beyond the bound; green: within; right: number | bound")
    ax.set_title("What must come out", loc="left", fontweight="bold")
    ax.grid(axis="y", visible=False)
    style.polish(ax)


def signed(c: Report, value: float | None) -> float:
    """Return how far a number lies beyond the nearer bound, in units of violation; within below 0.

    A number that is not there lies at the far edge, as does what is further out.
    """
    if value is None:
        return MOST
    ends = (
        -math.inf if c["low"] is None else c["low"] - value,
        -math.inf if c["high"] is None else value - c["high"],
    )
    return float(np.clip(max(ends) / c["scale"], LEAST, MOST))
