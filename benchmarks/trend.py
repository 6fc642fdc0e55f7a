"""Draw the benchmark history: one panel per kind of figure, one line per benchmark, log scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from records import LIMIT, Line

from ldnsim.errors import UserError
from ldnsim.plots.style import DASHES, OKABE_ITO, headline, new_figure, polish, save, styled

PANELS = {
    "solver": "Computing: processor time over that of the reference kernel",
    "start": "Starting: processor time over that of starting Python",
    "bytes": "Memory (MB)",
}
COLOURS = [c for name, c in OKABE_ITO.items() if name != "yellow"]
MARKERS = "osD^vPX*<>"
RISE = "#b2182b"
TICKS = 6
"""At most about so many runs are named under the picture."""


def draw(history: Sequence[Line], path: Path) -> Path:
    """Draw the lines of the processor that comes last in the history, and save the picture.

    Raises:
        UserError: the history is empty, or the ending of the path is not that of a picture.
    """
    if not history:
        raise UserError("the history is empty: record a run first, with --record")
    cpu = history[-1]["cpu"]
    with styled():
        return save(trend([line for line in history if line["cpu"] == cpu]), path)


def trend(lines: Sequence[Line]) -> Figure:
    """Return the picture of these lines, oldest first; a new suite release breaks every curve."""
    panels = [p for p in PANELS if any(members(line, p) for line in lines)]
    heights = [max(2.4, 1.0 + 0.3 * len(names(lines, p))) for p in panels]
    figure = new_figure(12.5, 1.4 + sum(heights))
    axes = figure.subplots(
        len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for ax, panel in zip(axes, panels, strict=True):
        _panel(ax, lines, panel)
    named = range(len(lines) - 1, -1, -math.ceil(len(lines) / TICKS))  # the last one always
    axes[-1].set_xticks(list(named), [_tick(lines[i]) for i in named])
    headline(
        figure,
        f"Benchmarks on {lines[-1]['cpu']}; lower is better; ringed: up by more than {LIMIT:g} %",
    )
    return figure


def members(line: Line, panel: str) -> dict[str, float]:
    """Figures of a line that belong to a panel, by benchmark; memory in MB."""
    if panel == "bytes":
        return {n: f["bytes"] / 1e6 for n, f in line["figures"].items() if "bytes" in f}
    return {n: f["ratio"] for n, f in line["figures"].items() if f.get("reference") == panel}


def names(lines: Sequence[Line], panel: str) -> list[str]:
    """Benchmarks of a panel, the largest first, as their curves lie above each other."""
    last: dict[str, float] = {}
    for line in lines:
        last |= members(line, panel)
    return sorted(last, key=lambda name: -last[name])


def _panel(ax: Axes, lines: Sequence[Line], panel: str) -> None:
    shown = [members(line, panel) for line in lines]
    breaks = [i for i in range(1, len(lines)) if lines[i]["suite"] != lines[i - 1]["suite"]]
    for k, name in enumerate(names(lines, panel)):
        y = np.array([m.get(name, np.nan) for m in shown])
        x = np.arange(len(lines), dtype=float)
        x, y = np.insert(x, breaks, np.nan), np.insert(y, breaks, np.nan)
        style = DASHES[k // len(COLOURS) % len(DASHES)]
        label = f"{name.removeprefix('test_').replace('_', ' ')}: {y[np.isfinite(y)][-1]:,.4g}"
        look = {"marker": MARKERS[k % len(MARKERS)], "color": COLOURS[k % len(COLOURS)]}
        ax.plot(x, y, linestyle=style, markersize=7, label=label, **look)
        rose = np.flatnonzero(y[1:] > y[:-1] * (1.0 + LIMIT / 100.0)) + 1  # NaN is never above
        ax.plot(x[rose], y[rose], "o", markersize=14, fillstyle="none", color=RISE, zorder=1)
    for i in breaks:
        ax.axvline(i - 0.5, color="#666666", linestyle=":", linewidth=1.0)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_ylim(*_decade(ax.get_ylim()))
    ax.set_xlim(-0.5, len(lines) - 0.5)
    ax.set_title(PANELS[panel], loc="left")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    polish(ax)


def _decade(limits: tuple[float, float]) -> tuple[float, float]:
    """Widen limits to a decade: small changes look small, and one power of ten is named."""
    low, high = limits
    short = max(1.0, 10.0 / (high / low)) ** 0.5
    return low / short, high * short


def _tick(line: Line) -> str:
    return f"{line['date']}\n{line['commit'][:7]}\nPython {line['python']}\nsuite {line['suite']}"
