"""Heat map of the least damping ratio: phenotypes by hypotheses."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.plots.style import GREY, OKABE_ITO, SMALL, Panels, canvas, footnote, headline, styled
from ldnsim.plots.timeline import floats

GROWS, RINGS, DAMPED = OKABE_ITO["vermillion"], OKABE_ITO["orange"], "#CFE3F1"
INK = {GROWS: "white", RINGS: "black", DAMPED: "black"}


def damping(ds: xr.Dataset, *, ax: Panels | None = None) -> Figure:
    """Draw the least damping ratio over doses and basins, one cell per phenotype and hypothesis.

    In each cell: the ratio, below it the dose and the period. A grey cell has no orbit; a cell
    marked ``?`` has orbits that are missing.

    Args:
        ds: from ``Everywhere.to_dataset()``.
        ax: Axes of your own to draw into; headline and foot are then yours.

    Raises:
        UserError: another dataset, or more than one Axes.
    """
    if "damping_ratio" not in ds:
        raise UserError("this dataset has no damping ratios; make one with `everywhere()`")
    names = [str(v) for v in ds["phenotype"].values], [str(v) for v in ds["hypothesis"].values]
    least = float(ds.attrs["least"])
    wide, high = 5.5 + 1.2 * len(names[1]), 3.2 + 0.55 * len(names[0])
    with styled():
        figure, (one,) = canvas(ax, ["damping"], wide, high)
        _cells(one, ds, least)
        _label(one, *([n.replace("_", " ") for n in side] for side in names))
        words = {GROWS: "grows (below 0)", RINGS: f"rings (below {least:g})", DAMPED: "damped"}
        handles = [Patch(facecolor=c, label=w) for c, w in words.items()]
        one.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, -0.01), ncols=3)
        if ax is None:
            headline(figure, "Does anything oscillate? Least damping ratio over nightly doses")
            low, top = float(ds["dose"].min()), float(ds["dose"].max())
            many = int(np.sum(floats(ds["status"]) == 0.0))
            said = (
                f"{many:,} resting orbits on {ds.sizes['dose']} doses from {low:g} to {top:g} mg, "
                "both basins; in a cell its least damping ratio, where, and the period of that "
                "ringing. 1 is no ringing; at 0.7 a push overshoots by 5 %."
            )
            footnote(figure, ds, said)
    return figure


def _cells(ax: Axes, ds: xr.Dataset, least: float) -> None:
    """Colour each cell by its least ratio, and write it there."""
    shape = (ds.sizes["phenotype"], ds.sizes["hypothesis"], -1)
    ratio, period, status = (
        floats(ds[n]).reshape(shape) for n in ("damping_ratio", "ringing_period", "status")
    )
    dose = np.broadcast_to(floats(ds["dose"]), ds["damping_ratio"].shape).reshape(shape)
    kind = np.full(shape[:2], np.nan)
    for row, column in np.ndindex(*shape[:2]):
        here = ratio[row, column]
        if np.isnan(here).all():
            continue
        # where many are as low, the first of them
        at = int(np.flatnonzero(here <= np.nanmin(here) + 1e-3)[0])
        value = float(here[at])
        kind[row, column] = 0 if value < 0.0 else 1 if value < least else 2
        ink = list(INK.values())[int(kind[row, column])]
        # statuses 0 and 2: an orbit of the basin, or of the other one
        doubt = " ?" if np.isin(status[row, column], (0.0, 2.0), invert=True).any() else ""
        ax.text(column, row - 0.14, f"{value:.2f}{doubt}", ha="center", va="center", color=ink)
        ax.text(column, row + 0.25, _where(dose[row, column, at], period[row, column, at]),
                ha="center", va="center", color=ink, fontsize=8.5)  # fmt: skip
    _paint(ax, kind)


def _paint(ax: Axes, kind: NDArray[np.float64]) -> None:
    ax.set_facecolor("#DDDDDD")
    ax.imshow(kind, cmap=ListedColormap(list(INK)), vmin=-0.5, vmax=2.5, aspect="auto")
    ax.grid(visible=False)


def _where(dose: float, period: float) -> str:
    return f"{dose:g} mg, {period:.3g} d" if np.isfinite(period) else "no ringing"


def _label(ax: Axes, rows: list[str], columns: list[str]) -> None:
    ax.set_yticks(range(len(rows)), rows)
    ax.set_xticks(range(len(columns)), columns, rotation=25, ha="left")
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=SMALL, color=GREY)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(visible=True, which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="minor", length=0)
    for side in ax.spines.values():
        side.set_visible(False)
