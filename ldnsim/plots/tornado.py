"""Bars of what moves a summary most, coloured by the evidence behind each number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ldnsim.errors import UserError
from ldnsim.plots.members import check_most
from ldnsim.plots.provenance import (
    chosen,
    effects,
    is_linear,
    kept,
    percent,
    unit,
    variance_shares,
)
from ldnsim.plots.style import (
    GREY,
    OKABE_ITO,
    SMALL,
    Panels,
    canvas,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.wording import number, wrap

# strongest evidence blue and green, weakest red; a hatch as second cue for what is assumed
GRADE_COLOUR = {
    "human trial": "blue",
    "human PK or imaging": "sky",
    "animal": "green",
    "in vitro": "purple",
    "derived": "orange",
    "assumed": "vermillion",
}
HATCH = {"assumed": "///"}


def sensitivity(
    ds: xr.Dataset,
    summary: str | Sequence[str] = (),
    *,
    most: int = 12,
    title: str | None = None,
    ax: Panels | None = None,
) -> Figure:
    """Draw what one standard deviation of each parameter does to a summary, the largest first.

    The bar is the tangent at the reference run times the parameter's spread; it says which numbers
    matter and how well they are known, not how far the summary would really move.

    Args:
        ds: a dataset with sensitivities.
        summary: name(s), one panel each; change in TNF and pain by default.
        most: bars a panel.
        title: headline.
        ax: Axes of your own to draw into, one for each summary; headline and foot are then yours.

    Raises:
        UserError: the dataset carries no sensitivities, none of that summary, ``most`` below 1, or
            not as many Axes as summaries.
    """
    if not kept(ds):
        raise UserError("this dataset carries no sensitivities; run `ldnsim sensitivity` on it")
    check_most(most)
    names = chosen(ds, [summary] if isinstance(summary, str) else summary)
    with styled():
        n = len(names)
        figure, axes = canvas(ax, names, 6.9 * n + 0.6, 0.36 * most + 2.9, columns=n)
        for one, name in zip(axes, names, strict=True):
            _panel(one, ds, name, most)
        _legend(axes[-1], ds)
        if ax is None:
            run = ds["sensitivity"].attrs["reference"]
            headline(figure, title or f"What moves the result: {run}")
            key = "Bar: local slope times the parameter's spread; right: a higher value raises it."
            footnote(figure, ds, key, summaries=names)
    return figure


def _panel(ax: Axes, ds: xr.Dataset, name: str, most: int) -> None:
    moved, shares = effects(ds, name), variance_shares(ds, name)
    order = np.argsort(-np.abs(moved), kind="stable")[:most]
    order = order[np.abs(moved[order]) > 0.0]
    grades = ds["parameter_grade"].values.astype(str)
    linear = is_linear(ds, name)
    for row, k in enumerate(order):
        ax.barh(
            row, moved[k], color=OKABE_ITO[GRADE_COLOUR[grades[k]]], height=0.72,
            hatch=HATCH.get(grades[k]), edgecolor="white", linewidth=0.0, gid="bar",
            alpha=1.0 if linear else 0.35,
        )  # fmt: skip
        if not linear:
            continue
        beyond = moved[k] >= 0.0
        ax.annotate(
            percent(float(shares[k])), (float(moved[k]), row), xytext=(4 if beyond else -4, 0),
            textcoords="offset points", va="center", ha="left" if beyond else "right",
            fontsize=SMALL, color=GREY,
        )  # fmt: skip
    if not len(order):
        ax.text(
            0.5, 0.5, "nothing with a spread\nmoves it from here", ha="center", va="center",
            transform=ax.transAxes, color=GREY,
        )  # fmt: skip
    ax.set_yticks(range(len(order)), [str(ds["parameter"].values[k]) for k in order])
    ax.invert_yaxis()
    ax.axvline(0.0, color=GREY, linewidth=1.0)
    ax.margins(x=0.2)
    ax.grid(axis="y", visible=False)
    _words(ax, ds, name)
    polish(ax)


def _words(ax: Axes, ds: xr.Dataset, name: str) -> None:
    one, scale = ds.sel(summary=name), unit(ds, name)
    words, share = str(one["summary_long_name"].item()), float(one["assumed_share"])
    lines = [wrap(words, 52), f"{number(float(one['summary_value']))} {scale} in this run"]
    if not is_linear(ds, name):
        lines.append("NOT LOCALLY LINEAR: near a tipping point")
    elif np.isfinite(share):
        lines.append(f"{percent(share)} of the local variance on assumed numbers")
    ax.set_title("\n".join(lines), loc="left")
    ax.set_xlabel(f"change by one sd of the parameter ({scale})")


def _legend(ax: Axes, ds: xr.Dataset) -> None:
    present = set(ds["parameter_grade"].values.astype(str).tolist())
    handles = [
        Patch(facecolor=OKABE_ITO[c], hatch=HATCH.get(g), edgecolor="white", label=g)
        for g, c in GRADE_COLOUR.items()
        if g in present
    ]
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), title="evidence")
