"""First dose and pace by functional capacity: what is best, and between what it is for patients."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError
from ldnsim.plots.style import OKABE_ITO, footnote, headline, new_figure, polish, styled

_COLOURS = ("blue", "vermillion", "green", "purple", "orange", "black")
_MOST = 4
_ROWS = (("first", "first dose (mg)"), ("pace", "days between steps"))


def start_dose(ds: xr.Dataset) -> Figure:
    """Draw the best first dose and pace over functional capacity, a column for each hypothesis.

    A mark is what is best on the mean; a bar holds the best of 80 % of the patients.

    Args:
        ds: what ``ldnsim.analysis.optimise.start_dose.to_dataset`` returns.

    Raises:
        UserError: something else.
    """
    if "first_mg" not in ds:
        raise UserError("these are no starts: give what `ldnsim start-dose` found")
    names = [str(h) for h in ds["hypothesis"].values]
    across = min(len(names), _MOST)
    down = -(-len(names) // across)
    with styled():
        figure = new_figure(3.4 + 3.6 * across, 1.6 + 5.4 * down)
        axes = figure.subplots(2 * down, across, squeeze=False, sharex=True)
        for k, name in enumerate(names):
            for row, (what, words) in enumerate(_ROWS):
                ax = axes[2 * (k // across) + row, k % across]
                _panel(ax, ds.sel(hypothesis=name), what)
                ax.set_ylabel(words if k % across == 0 else "")
                if row == 0:
                    ax.set_title(name.replace("_", " "), loc="left", fontweight="bold")
                else:
                    ax.set_xlabel("functional capacity (0-10)")
        for k in range(len(names), down * across):
            for row in range(2):
                axes[2 * (k // across) + row, k % across].set_visible(False)
        axes[0, 0].legend(title="burden of adverse effects", loc="best")
        headline(figure, f"{ds.attrs['title']}, patients drawn around {ds.attrs['phenotype']!r}")
        footnote(
            figure, ds, f"Utility: {ds.attrs['utility']}.",
            f"Mark: best on the mean of {ds.attrs['patients']} patients; bar: 80 % of patients"
            " have their own best within it; 0 days: no steps.",
        )  # fmt: skip
    return figure


def _panel(ax: Axes, ds: xr.Dataset, what: str) -> None:
    """Draw one of the two over capacity, a colour for each sensitivity, side by side."""
    x = np.asarray(ds["functional_capacity"].values, dtype=float)
    unit = "mg" if what == "first" else "d"
    many = ds.sizes["burden_factor"]
    gap = 0.16 * (float(np.diff(np.sort(x)).min()) if len(x) > 1 else 1.0)
    for k in range(many):
        one = ds.isel(burden_factor=k)
        at = x + gap * (k - (many - 1) / 2)
        colour = OKABE_ITO[_COLOURS[k % len(_COLOURS)]]
        low, high = (np.asarray(one[f"{what}_{e}"].values, float) for e in ("low", "high"))
        ax.vlines(at, low, high, color=colour, linewidth=5, alpha=0.35)
        label = f"x{float(one['burden_factor']):g} an ordinary patient's"
        ax.plot(at, one[f"{what}_{unit}"].values, "o", color=colour, label=label, markersize=8)
    if what == "first":
        ax.set_yscale("log")
        ticks = [0.5, 1.0, 1.5, 3.0, 4.5]
        ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
        ax.minorticks_off()
        ax.set_ylim(0.4, 5.5)
    else:
        ax.set_yticks([0, 7, 14, 28])
        ax.set_ylim(-2, 31)
    ax.set_xticks(x)
    ax.margins(x=0.15)
    polish(ax)
