"""The cells of a heat map: colours, hatching, the best one and its neighbours."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ldnsim.plots.style import GREY

Grid = NDArray[np.float64]
NEAR_BEST = 0.05
NOTABLE = 0.01  # of the untreated mean: a smaller improvement gets no star
LEAST_SHOWN = 0.1  # of the untreated mean: to which colours reach at least


def colours(ax: Axes, values: Grid, side: str, change: bool, size: float) -> AxesImage:
    """Colour the cells; changes around zero, blue on the better side.

    Args:
        ax: the panel.
        values: shape (rows, columns).
        side: ``"lower"`` or ``"higher"``, whichever is better; empty for neutral colours.
        change: whether the values are changes.
        size: the untreated mean; colours of changes reach at least a tenth of it, those of other
            numbers span at least a tenth of the largest: next to nothing looks like it.
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if change or low < 0 < high:
        top = max(abs(low), abs(high), LEAST_SHOWN * size) or 1.0
        norm = Normalize(-top, top)
        cmap = {"lower": "RdBu_r", "higher": "RdBu", "": "PuOr"}[side]
    else:
        spare = 0.5 * max(LEAST_SHOWN * max(abs(low), abs(high)) - (high - low), 0.0)
        low, high = low - spare, high + spare
        norm, cmap = Normalize(low, high if high > low else low + 1), "cividis"
    ax.set_facecolor("#DDDDDD")
    ax.grid(False)
    return ax.imshow(values, origin="lower", aspect="auto", cmap=cmap, norm=norm)


def mark_failed(ax: Axes, failed: NDArray[np.bool_]) -> None:
    """Hatch the cells whose run failed."""
    for j, i in np.argwhere(failed):
        box = Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor="#F4F4F4", edgecolor=GREY, hatch="////")
        box.set(linewidth=0, gid="failed")
        ax.add_patch(box)


def mark_short(ax: Axes, short: NDArray[np.bool_]) -> None:
    """Dot the cells whose target dose is never reached."""
    if short.any():
        rows, columns = np.nonzero(short)
        ax.plot(columns, rows, ".", color="black", markersize=4, alpha=0.6, gid="short")


def near_best(values: Grid, lower: bool) -> tuple[tuple[int, int], NDArray[np.bool_]] | None:
    """Return the best cell (row, column) and the cells within 5 % of it; None without values."""
    if not np.isfinite(values).any():
        return None
    flat = int(np.nanargmin(values) if lower else np.nanargmax(values))
    row, column = (int(k) for k in np.unravel_index(flat, values.shape))
    top = values[row, column]
    margin = NEAR_BEST * (abs(top) or float(np.nanmax(values) - np.nanmin(values)))
    with np.errstate(invalid="ignore"):
        return (row, column), np.abs(values - top) <= margin


def improves(values: Grid, side: str, change: bool, size: float) -> bool:
    """Tell whether the best cell is worth a star.

    A change must be for the better, by 1 % of the untreated mean at least; other numbers must
    differ by 1 % of the largest.

    Args:
        values: shape (rows, columns).
        side: ``"lower"`` or ``"higher"``.
        change: whether the values are changes.
        size: the untreated mean, 0 when it is not known.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return False
    if change:
        gain = -float(finite.min()) if side == "lower" else float(finite.max())
        return gain > NOTABLE * size
    return float(finite.max() - finite.min()) > NOTABLE * float(np.abs(finite).max())


def mark_best(
    ax: Axes, values: Grid, side: str, change: bool, size: float
) -> tuple[int, int] | None:
    """Put a star on the best cell and a line around the nearly best; return the best cell.

    Nothing is marked where no side is better, or where nothing :func:`improves`.
    """
    found = near_best(values, side == "lower") if side else None
    if found is None or not improves(values, side, change, size):
        return None
    (row, column), near = found
    outline = LineCollection(_outline(near), colors="black", linewidths=2.2, gid="near-best")
    ax.add_collection(outline, autolim=False)
    ax.plot(
        [column], [row], marker="*", markersize=17, color="#F0E442",
        markeredgecolor="black", linestyle="none", gid="best",
    )  # fmt: skip
    return row, column


def _outline(inside: NDArray[np.bool_]) -> list[list[tuple[float, float]]]:
    """Return the edges between cells that are in and cells that are out."""
    padded = np.pad(inside, 1)
    lines = []
    for j, i in np.argwhere(padded[:, 1:] != padded[:, :-1]):
        lines.append([(i - 0.5, j - 1.5), (i - 0.5, j - 0.5)])
    for j, i in np.argwhere(padded[1:, :] != padded[:-1, :]):
        lines.append([(i - 1.5, j - 0.5), (i - 0.5, j - 0.5)])
    return lines
