"""The figure of the pace experiment: maps of dose x interval, and states at three paces."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from common import Floats, footnote, values
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pace_map import judge
from pace_runs import FASTEST

from ldnsim.plots import style
from ldnsim.plots.style import DASHES, OKABE_ITO, SMALL

STATES = {
    "reserve_level": "endorphin reserve (healthy = 1)",
    "unmet_demand": "unmet demand, drains the store",
    "endorphin_pool": "store of beta-endorphin",
    "opioid_tone": "opioid tone on glia",
    "adverse_burden": "adverse burden (score)",
}
SHADES = ("vermillion", "black", "sky")
SHOWN = "depleted"


def picture(
    found: dict[str, xr.Dataset], courses: pd.DataFrame, name: str, target: float
) -> Figure:
    """Draw a map for every kind of patient, three in a row, and the depleted patient's states."""
    rows, weeks = -(-len(found) // 3), courses.index.get_level_values("week")[-1]
    with style.styled():
        figure = style.new_figure(18.0, 3.0 + 3.3 * rows + 1.8)
        grid = figure.add_gridspec(rows + 1, 15, height_ratios=[1.0] * rows + [1.15])
        for i, (who, ds) in enumerate(found.items()):
            row, column = divmod(i, 3)
            ax = figure.add_subplot(grid[row, 5 * column : 5 * column + 5])
            _map(ax, ds, name)
            kind, _, number = who.partition(", ")
            many = "one patient" if number == "one" else f"mean of {number} drawn"
            ax.set_title(f"{kind}: {many}", loc="left")
            ax.set_ylabel("target (mg)" if column == 0 else "")
            ax.set_xlabel("days between steps" if row == rows - 1 else "")
        for i, state in enumerate(STATES):
            ax = figure.add_subplot(grid[rows, 3 * i : 3 * i + 3])
            _course(ax, courses.loc[SHOWN], state)
            if i == 0:
                ax.legend(loc="best", fontsize=SMALL)
        style.headline(figure, "The pace of a ladder: fall of pain times share staying, points")
        footnote(
            figure,
            f"Eight equal steps to each target; last of {weeks} weeks. Framed: best interval of a "
            f"target. Below: one {SHOWN} patient, {target:g} mg, weekly means. Hypothesis: "
            "dual_pathway.",
        )  # fmt: skip
    return figure


def _map(ax: Axes, ds: xr.Dataset, name: str) -> None:
    """Draw a map with its numbers and a frame round the best interval of every target."""
    ds = ds.sel(interval=ds["interval"] >= FASTEST)
    y, days, targets = values(ds, name), values(ds, "interval"), values(ds, "target")
    if "patient" in ds.dims:
        y = y[:, :, np.isfinite(y).all(axis=(0, 1))].mean(axis=2)
    reach = max(float(np.nanmax(y)), 1e-9)
    ax.imshow(y, cmap="YlGnBu", vmin=min(0.0, float(np.nanmin(y))), vmax=1.15 * reach,
              aspect="auto", origin="lower")  # fmt: skip
    for i, line in enumerate(y):
        for j, x in enumerate(line):
            shade = "white" if x > 0.65 * reach else "black"
            ax.text(j, i, f"{x + 0.0:.2f}".replace("-0.00", "0.00"), ha="center", va="center",
                    color=shade, fontsize=SMALL - 1.0)  # fmt: skip
        _frame(ax, days, line, i)
    ax.set_xticks(range(len(days)), [f"{d:g}" for d in days])
    ax.set_yticks(range(len(targets)), [f"{t:g}" for t in targets])
    ax.grid(False)
    style.polish(ax)


def _frame(ax: Axes, days: Floats, line: Floats, row: int) -> None:
    """Frame the best interval of a target, unless all are alike."""
    if np.isfinite(line).all() and judge(days, line).verdict != "all alike":
        best = int(np.argmax(line))
        ax.add_patch(
            Rectangle((best - 0.48, row - 0.48), 0.96, 0.96, fill=False, lw=2.5,
                      edgecolor=OKABE_ITO["vermillion"])
        )  # fmt: skip


def _course(ax: Axes, courses: pd.DataFrame, state: str) -> None:
    """Draw one state by week at every pace shown."""
    for i, d in enumerate(courses.index.unique("interval")):
        y = courses.loc[d, state]
        ax.plot(y.index, y, color=OKABE_ITO[SHADES[i % 3]], ls=DASHES[i % 3], label=f"{d} d a step")
    ax.set_title(STATES[state], loc="left", fontsize=SMALL + 1.0)
    ax.set_xlabel("week")
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    style.polish(ax)
