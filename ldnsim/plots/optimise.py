"""A choice of regimens: the front of what is weighed against each other, and how flat the top."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError
from ldnsim.plots.style import (
    OKABE_ITO,
    SOFT,
    footnote,
    headline,
    new_figure,
    polish,
    styled,
)
from ldnsim.plots.wording import axis_label, wrap

TOP = 14
WIDTH = 46


def optimise(ds: xr.Dataset, top: int = TOP) -> Figure:
    """Draw a choice: left the front of the first two objectives, right the best candidates.

    On the left a third objective is the colour. On the right bars are 95 % intervals over patients;
    filled points are those that the patients do not tell from the best.

    Args:
        ds: what was found, as ``ldnsim.analysis.optimise`` lays it out.
        top: how many candidates on the right.

    Raises:
        UserError: something else than a choice.
    """
    if "on_front" not in ds or "score" not in ds:
        raise UserError("this is no choice of regimens: give what `ldnsim optimise` found")
    goals = [str(n) for n in ds.data_vars if str(n).startswith("mean_")]
    with styled():
        figure = new_figure(16.0, 8.2)
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.0))
        _front(figure, left, ds, goals)
        _best(right, ds, top)
        headline(figure, str(ds.attrs["title"]))
        robust = str(ds.attrs["robust"])
        footnote(
            figure, ds, f"Utility: {ds.attrs['utility']}; {robust} over patients and axes;",
            f"{ds.attrs['how']}.", _patients(ds),
            "Right, filled: not told from the chosen one by the patients; grey: close to it.",
        )  # fmt: skip
    return figure


def _patients(ds: xr.Dataset) -> str:
    n = ds.sizes["patient"]
    return f"{n} virtual patients." if n > 1 else "One patient: no interval."


def _front(figure: Figure, ax: Axes, ds: xr.Dataset, goals: list[str]) -> None:
    """Draw all candidates over two objectives, those of the front ringed and joined."""
    shown = goals[:2] if len(goals) > 1 else [goals[0], "score"]
    x, y = (np.asarray(ds[n].values, dtype=float) for n in shown)
    allowed, front = (np.asarray(ds[n].values, dtype=bool) for n in ("allowed", "on_front"))
    if not allowed.all():
        ax.scatter(x[~allowed], y[~allowed], marker="x", color=SOFT, label="misses a limit")
    third = goals[2] if len(goals) > 2 else ""
    colours = np.asarray(ds[third].values, dtype=float) if third else np.zeros(len(x))
    own = {"c": colours[allowed], "cmap": "cividis"} if third else {"color": OKABE_ITO["blue"]}
    points = ax.scatter(x[allowed], y[allowed], s=46, label="candidate", **own)  # type: ignore[arg-type]
    ring = {"facecolors": "none", "edgecolors": OKABE_ITO["vermillion"], "linewidths": 1.6}
    ax.scatter(x[front], y[front], s=120, label="front of all objectives", **ring)  # type: ignore[arg-type]
    best = int(ds.attrs["best"])
    ax.scatter(x[best], y[best], marker="*", s=340, color=OKABE_ITO["vermillion"],
               edgecolors="white", label="chosen", zorder=4)  # fmt: skip
    ax.set(xlabel=_label(ds, shown[0]), ylabel=_label(ds, shown[1]))
    if third:
        bar = figure.colorbar(points, ax=ax, location="right", shrink=0.8, pad=0.01)
        bar.set_label(_label(ds, third))
    ax.set_title("What is weighed against each other, means", loc="left", fontweight="bold")
    ax.legend(loc="best")
    polish(ax)


def _label(ds: xr.Dataset, name: str) -> str:
    if name == "score":
        return "utility (more is better)"
    return wrap(f"{axis_label(ds[name])}: {ds[name].attrs['goal']} is better", 52)


def _best(ax: Axes, ds: xr.Dataset, top: int) -> None:
    """Draw the best candidates with their intervals, the chosen one on top."""
    score, allowed = np.asarray(ds["score"].values), np.asarray(ds["allowed"].values, dtype=bool)
    order = np.argsort(np.where(allowed, -score, np.inf), kind="stable")[: min(top, allowed.sum())]
    at = np.arange(len(order))[::-1]
    for place, i in zip(at, order, strict=True):
        tied = bool(ds["tied"].values[i])
        colour = OKABE_ITO["vermillion"] if i == int(ds.attrs["best"]) else OKABE_ITO["blue"]
        low, high = (float(ds[f"score_{e}"].values[i]) for e in ("low", "high"))
        if low == low:
            ax.plot([low, high], [place, place], color=colour, linewidth=2.4, alpha=0.75)
        ax.plot(score[i], place, "o", color=colour, markerfacecolor=colour if tied else "white",
                markersize=8)  # fmt: skip
    close = score[order][np.asarray(ds["close"].values, dtype=bool)[order]]
    ax.axvspan(float(close.min()), float(score[order[0]]), color=SOFT, alpha=0.45, linewidth=0)
    labels = [wrap(str(ds["choice"].values[i]), WIDTH) for i in order]
    ax.set_yticks(at, labels)
    ax.set_xlabel("utility, with its 95 % interval over patients (more is better)")
    ax.set_title(f"The best {len(order)} of {int(allowed.sum())}", loc="left", fontweight="bold")
    ax.grid(axis="y", visible=False)
    polish(ax)
