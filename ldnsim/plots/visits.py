"""What came of visits: doses, decisions and readings over the weeks, of one arm's patients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ldnsim.errors import UserError
from ldnsim.plots.selection import narrow, run_dims
from ldnsim.plots.style import (
    GREY,
    OKABE_ITO,
    SOFT,
    Panels,
    canvas,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.wording import wrap
from ldnsim.regimen.guided import Decision

Select = Mapping[str, Any]
SHOWN: tuple[tuple[str, str, tuple[Decision, ...]], ...] = (
    ("step up", "green", (Decision.UP,)),
    ("hold", "sky", (Decision.HOLD, Decision.AT_LIMIT)),
    ("step down", "orange", (Decision.DOWN,)),
    ("other change", "purple", (Decision.INTERVAL, Decision.CLOCK, Decision.ADD, Decision.DROP)),
)
"""Kinds of decisions as they are drawn, from the bottom; the stopped lie on top."""
STOPPED = "stopped"
LINES = 40
"""Patients whose doses are drawn one by one."""


def visits(
    ds: xr.Dataset, select: Select | None = None, *, title: str | None = None,
    ax: Panels | None = None,
) -> Figure:  # fmt: skip
    """Draw doses, decisions and readings at the visits of one regimen.

    Panels: the dose of every patient with the median; what came of each visit as shares of all
    patients, those who have stopped on top; every reading, as median and the middle 80 %.

    Args:
        ds: a result with visits.
        select: which regimen, as ``{axis: value}``; all axes but the patients' have to be named
            where they have several values.
        title: headline.
        ax: Axes of your own, one for each panel.

    Raises:
        UserError: no visits, or several regimens.
    """
    if "visit_decision" not in ds:
        raise UserError("this result has no visits: a regimen with rules, or [stopping], has")
    one = narrow(ds, select)
    left = [d for d in run_dims(one) if d != "patient" and one.sizes[d] > 1]
    if left:
        raise UserError(f"visits are drawn of one regimen; say which {' and '.join(left)}")
    names = [str(n) for n in one if str(n).startswith("visit_") and n not in _FIXED]
    laid = one.squeeze([d for d in run_dims(one) if d != "patient"])
    if "patient" not in laid.dims:
        laid = laid.expand_dims("patient")
    laid = laid.isel(visit=slice(0, _last(laid) + 1))
    with styled():
        headings = ["dose", "what came of visits", *(n.removeprefix("visit_") for n in names)]
        figure, axes = canvas(ax, headings, 11.0, 3.6 + 1.6 * len(headings), sharex=True)
        weeks = laid["visit_day"].values / 7.0
        _doses(axes[0], laid)
        _decisions(axes[1], laid)
        for axis, name in zip(axes[2:], names, strict=True):
            _reading(axis, laid[name], weeks)
        axes[-1].set_xlabel("week")
        for axis in axes:
            polish(axis)
        if ax is None:
            headline(figure, title or _title(laid))
            footnote(figure, one, _foot(laid))
    return figure


_FIXED = ("visit_decision", "visit_rule", "visit_dose", "visit_day")


def _last(laid: xr.Dataset) -> int:
    """Return the last look at which a rule decides on a dose, or somebody is looked at."""
    seen = laid["visit_dose"].notnull() | (laid["visit_decision"] != Decision.NO_VISIT)
    return int(np.flatnonzero(seen.any("patient").values).max(initial=0))


def _title(laid: xr.Dataset) -> str:
    n = laid.sizes["patient"]
    who = f"{n} patients at their visits" if n > 1 else "One patient at the visits"
    name = str(laid["regimen"].values) if "regimen" in laid.coords else ""
    return f"{who}: {name}" if name else who


def _foot(laid: xr.Dataset) -> str:
    rules: dict[str, list[Any]] = json.loads(str(laid["visit_rule"].attrs["rules"]))
    name = str(laid["regimen"].values) if "regimen" in laid.coords else ""
    phases = rules.get(name) or next(iter(rules.values()), [])
    return wrap("; ".join(", ".join(p) if isinstance(p, list) else p for p in phases), 110)


def _doses(ax: Axes, laid: xr.Dataset) -> None:
    """Draw the dose of every patient as steps, and the median."""
    dose = laid["visit_dose"].transpose("patient", "visit").values
    weeks = laid["visit_day"].values / 7.0
    there = np.isfinite(dose).any(axis=0)
    dose, weeks = dose[:, there], weeks[there]
    for row in dose[:LINES]:
        ax.step(weeks, row, where="post", color=SOFT, linewidth=0.9, alpha=0.8)
    if dose.size:
        ax.step(weeks, np.nanmedian(dose, axis=0), where="post", color=OKABE_ITO["black"],
                label="median; 0 for who has stopped")  # fmt: skip
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    ax.set_ylabel("dose (mg)")
    ax.set_ylim(bottom=0.0)


def _decisions(ax: Axes, laid: xr.Dataset) -> None:
    """Draw what came of visits, week by week, as bars that add up to all patients."""
    came, weeks = by_week(laid)
    bottom = np.zeros(len(weeks))
    for label, colour, _ in SHOWN:
        share = (came == label).mean(axis=0)
        if share.any():
            ax.bar(weeks, share, 1.0, bottom, color=OKABE_ITO[colour], label=label)
        bottom += share
    share = (came == STOPPED).mean(axis=0)
    if share.any():
        ax.bar(weeks, share, 1.0, bottom, color=GREY, label=STOPPED)
    ax.set_ylabel("share of patients")
    ax.set_ylim(0.0, 1.0)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=5)


def by_week(laid: xr.Dataset) -> tuple[NDArray[np.str_], NDArray[Any]]:
    """Return what came of each patient's visits in each week, and the middles of the weeks.

    Of several visits in a week the one that changed most tells; a week without a visit is a hold.

    Args:
        laid: visits of one regimen, over ``patient`` and ``visit``.
    """
    code = laid["visit_decision"].transpose("patient", "visit").values
    week = np.ceil(laid["visit_day"].values / 7.0 - 1e-9).astype(int)
    weeks = np.arange(1, week.max() + 1)
    found = np.full((len(code), len(weeks)), "hold", dtype="<U12")
    for k in weeks:
        own = code[:, week == k]
        for label, _, kinds in reversed(SHOWN):
            hit = np.isin(own, kinds).any(axis=1) & (found[:, k - 1] == "hold")
            found[hit, k - 1] = label
    gone = laid["stopped_at"].values[:, None] <= 168.0 * weeks[None, :]
    found[gone] = STOPPED
    return found, weeks - 0.5


def _reading(ax: Axes, values: xr.DataArray, weeks: NDArray[Any]) -> None:
    """Draw a reading: median, and the middle 80 % of patients."""
    data = values.transpose("patient", "visit").values.astype(float)
    there = np.isfinite(data).any(axis=0)
    low, middle, high = np.nanpercentile(data[:, there], [10, 50, 90], axis=0)
    ax.plot(weeks[there], middle, color=OKABE_ITO["blue"])
    if len(data) > 1:
        ax.fill_between(weeks[there], low, high, color=OKABE_ITO["blue"], alpha=0.18, linewidth=0)
    name = str(values.name).removeprefix("visit_")
    unit = values.attrs.get("scale") or values.attrs.get("units", "")
    short = unit if unit and len(str(unit)) < 20 and unit != name else ""
    ax.set_ylabel(f"{name} ({short})" if short else name)
