"""Repeated trials: power over the number of patients, what groups went through, dose found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError
from ldnsim.plots.style import (
    DASHES,
    GREY,
    OKABE_ITO,
    SMALL,
    footnote,
    headline,
    new_figure,
    polish,
    styled,
)

COLOURS = (*(OKABE_ITO[n] for n in (
    "blue", "vermillion", "green", "purple", "orange", "sky", "black"
)), GREY)  # fmt: skip
_OWN = ("estimand", "patients", "comparison", "group", "week")
MOST = 8
"""Cases with a colour of their own."""


def trials(found: Mapping[str, xr.Dataset], title: str = "") -> Figure:
    """Draw repeated trials, one row for each design.

    Left, the chance to find the drug better under the first estimand: of the primary comparison by
    cases such as hypotheses, or of each comparison where there is one case. Bars are two standard
    errors, thick of the repeats, thin with that of the pool. Right, reported pain and the share
    staying of each group in the first case. Of up-and-down dose finding who responds at each dose,
    and the doses found.

    Args:
        found: by title of the design, what ``simulate`` returns.
        title: of the picture.

    Raises:
        UserError: nothing to draw.
    """
    if not found:
        raise UserError("there is no trial to draw")
    with styled():
        figure = new_figure(14.0, 1.6 + 3.7 * len(found))
        axes = figure.subplots(len(found), 2, squeeze=False, width_ratios=(1.1, 1.0))
        for (left, right), (name, ds) in zip(axes, found.items(), strict=True):
            _ladder(left, right, ds) if "ed50" in ds else _row(left, right, ds)
            left.set_title(name.replace("_", " "), loc="left", fontweight="bold")
        headline(figure, title or "Repeated trials")
        footnote(figure, next(iter(found.values())), _note(found))
    return figure


def _note(found: Mapping[str, xr.Dataset]) -> str:
    first = next(iter(found.values())).attrs
    stops = "and who stopped went on without drug" if first.get("stops") else "as if nobody stopped"
    return (
        f"{first.get('trials')} trials of each kind, drawn from {first.get('pool_patients')}"
        " virtual patients. Bars: two standard errors, thick of the repeats, thin with that of the"
        " pool; dotted, what chance finds. Reported pain holds a response to placebo that is put"
        f" in, {stops}."
    )


def _cases(ds: xr.Dataset, name: str) -> list[tuple[str, xr.Dataset]]:
    """Return the cases of a result with what they are called."""
    dims = [str(d) for d in ds[name].dims if d not in _OWN]
    found = []
    for at in np.ndindex(*(ds.sizes[d] for d in dims)):
        place = dict(zip(dims, map(int, at), strict=True))
        label = ", ".join(_word(ds, d, k) for d, k in place.items())
        found.append((label, ds.isel(place)))
    return found


def _word(ds: xr.Dataset, dim: str, k: int) -> str:
    value = ds[dim].values[k]
    return str(value) if ds[dim].dtype.kind in "OUST" else f"{dim.replace('_', ' ')} {value:g}"


def _row(left: Axes, right: Axes, ds: xr.Dataset) -> None:
    cases = _cases(ds, "power")
    lines = [(label, case.isel(estimand=0, comparison=0)) for label, case in cases]
    if len(cases) == 1:  # then each comparison has its own
        one = cases[0][1].isel(estimand=0)
        lines = [(str(c), one.sel(comparison=c)) for c in one["comparison"].values]
    what = str(lines[0][1]["comparison"].item()) if len(cases) > 1 else "drug"
    words = "chance to find more better" if what == "trend" else f"chance to find {what} better"
    if ds.sizes["patients"] > 1 and len(lines) <= MOST:
        _curves(left, ds, lines, words)
    else:
        _dots(left, ds, lines, words)
    _courses(right, *cases[0], several=len(cases) > 1)


def _better(one: xr.Dataset) -> tuple[Any, Any, Any]:
    """Chance to find the drug better, two standard errors of the repeats, and with the pool's."""
    right = (one["power"] - one["worse"]).values
    chance = np.sqrt(right * (1.0 - right) / float(one.attrs["trials"]))
    return right, 2.0 * chance, 2.0 * np.hypot(chance, one["power_pool_error"].values)


def _curves(ax: Axes, ds: xr.Dataset, lines: list[tuple[str, xr.Dataset]], words: str) -> None:
    """Chance over the number of patients, one line for each case."""
    n = ds["patients"].values.astype(float)
    spread = np.linspace(-0.012, 0.012, len(lines)) if len(lines) > 1 else [0.0]
    for k, (label, one) in enumerate(lines):
        colour, at = COLOURS[k % len(COLOURS)], n * (1.0 + spread[k])
        right, chance, both = _better(one)
        ax.errorbar(at, right, both, fmt="none", ecolor=colour, elinewidth=1.0)
        ax.errorbar(at, right, chance, fmt="none", ecolor=colour, elinewidth=3.0)
        style = DASHES[k % len(DASHES)]
        ax.plot(at, right, color=colour, linestyle=style, marker="o", markersize=4, label=label)
    ax.set(xlabel="patients in all", ylabel=words, ylim=(-0.01, 1.02), xscale="log")
    ax.set_xticks(n, [f"{v:g}" for v in n])
    ax.minorticks_off()
    _levels(ax, ds, across=True)
    ax.legend(fontsize=SMALL - 1.5, ncols=2 if len(lines) > 4 else 1)
    polish(ax)


def _dots(ax: Axes, ds: xr.Dataset, lines: list[tuple[str, xr.Dataset]], words: str) -> None:
    """Chance in every case, a line each, at every number of patients."""
    place = np.arange(len(lines))[::-1]
    for k, n in enumerate(ds["patients"].values):
        told = [_better(one.isel(patients=k)) for _, one in lines]
        right, chance, both = (np.array([float(t[i]) for t in told]) for i in range(3))
        colour, at = COLOURS[k % len(COLOURS)], place - 0.15 * k
        ax.errorbar(right, at, xerr=both, fmt="none", ecolor=colour, elinewidth=1.0)
        ax.errorbar(right, at, xerr=chance, fmt="none", ecolor=colour, elinewidth=3.0)
        ax.plot(right, at, "o", color=colour, markersize=5, label=f"{n:g} patients")
    ax.set_yticks(place, [label for label, _ in lines])
    ax.set(xlabel=words, xlim=(-0.01, 1.02), ylim=(-0.7, len(lines) - 0.4))
    _levels(ax, ds, across=False)
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize=SMALL - 1.5, loc="lower right")
    polish(ax)


def _levels(ax: Axes, ds: xr.Dataset, across: bool) -> None:
    """Mark what is found by chance in this direction, and the power that is wanted."""
    line = ax.axhline if across else ax.axvline
    chance = ds.attrs.get("alpha", np.nan) / 2.0
    for value, style in ((chance, ":"), (ds.attrs.get("wanted_power"), "--")):
        if value is not None:
            line(float(value), color=GREY, linestyle=style, linewidth=1.2, zorder=0)


def _courses(ax: Axes, label: str, case: xr.Dataset, several: bool) -> None:
    """Reported pain of each group over the weeks, and below it who stays."""
    week, low = case["week"].values, np.inf
    for k, group in enumerate(case["group"].values):
        one, colour = case.sel(group=group), COLOURS[k % len(COLOURS)]
        pain = one["reported_pain"].values
        low = min(low, float(np.nanmin(pain)))
        name = f"{group} ({100 * float(one['staying'].values[-1]):.0f} % stay)"
        ax.plot(week, pain, color=colour, linestyle=DASHES[k % len(DASHES)], label=name)
    start = float(case["reported_pain"].isel(week=0).mean())
    ax.set(xlabel="week", ylabel="reported pain (0–10)", ylim=(low - 0.35, start + 0.25))
    ax.set_xticks(week[:: max(1, len(week) // 7)])
    ax.set_title(label if several else "", loc="right", fontsize=SMALL, color=GREY)
    ax.legend(fontsize=SMALL - 1.5)
    polish(ax)


def _ladder(left: Axes, right: Axes, ds: xr.Dataset) -> None:
    """Who responds at each dose, and the doses that up-and-down trials find."""
    cases = _cases(ds, "true_ed50")
    for k, (label, case) in enumerate(cases):
        order = np.argsort(case["dose"].values)
        dose, share = case["dose"].values[order], case["share_at_dose"].values[order]
        left.plot(dose, share, color=COLOURS[k % len(COLOURS)], marker="o", markersize=4,
                  linestyle=DASHES[k % len(DASHES)], label=label or "responders")  # fmt: skip
    left.axhline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    left.set(xlabel="dose (mg)", ylabel="share who respond", ylim=(0.0, 1.02))
    left.legend(fontsize=SMALL - 1.5, ncols=2 if len(cases) > 4 else 1)
    polish(left)
    place = np.arange(len(cases))[::-1]
    for at, (_, case) in zip(place, cases, strict=True):
        last = case.isel(patients=-1)
        middle, low, high = (float(last[n]) for n in ("ed50", "ed50_low", "ed50_high"))
        if np.isfinite(middle):
            right.plot([low, high], [at, at], color=COLOURS[0], linewidth=3.0)
            right.plot(middle, at, "o", color=COLOURS[0])
        else:
            right.text(0.02, at, "no trial finds one: fewer than half respond at any dose",
                       transform=right.get_yaxis_transform(), fontsize=SMALL - 1.5, va="center",
                       color=GREY)  # fmt: skip
        if np.isfinite(float(case["true_ed50"])):
            right.plot(float(case["true_ed50"]), at, "|", color=COLOURS[1], markersize=14)
    right.set_yticks(place, [label or "dose" for label, _ in cases])
    right.set(
        xlabel="dose of half the responses, mean and middle 95 % of trials (mg)",
        ylim=(-0.7, len(cases) - 0.3),
        xlim=(0.0, 1.05 * float(ds["dose"].max())),
    )
    right.grid(axis="y", visible=False)
    polish(right)
