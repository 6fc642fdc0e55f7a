"""Heat maps of a summary over two axes of a sweep, with the best region marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ldnsim.errors import UserError, listed, unknown
from ldnsim.plots.cells import (
    LEAST_SHOWN,
    NOTABLE,
    Grid,
    colours,
    mark_best,
    mark_failed,
    mark_short,
)
from ldnsim.plots.members import places_of
from ldnsim.plots.people import over_patients
from ldnsim.plots.selection import named, narrow, run_dims
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
    SMALL,
    Panels,
    canvas,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.wording import (
    axis_label,
    has_natural_units,
    name_of,
    number,
    short_name,
    unit_of,
    wrap,
)

WIDEST = 18.0  # inches
PAGE = 1.4  # width over height that several maps together come near to
BROADEST, TALLEST = 8.4, 5.8  # inches of one map among several


def heatmap(
    ds: xr.Dataset,
    summary: str | Sequence[str] = "tnf_change",
    *,
    x: str | None = None,
    y: str | None = None,
    select: Mapping[str, Any] | None = None,
    better: str | None = None,
    title: str | None = None,
    ax: Panels | None = None,
) -> Figure:
    """Draw one or several summaries over two axes of a sweep, or one as a strip.

    Values of axes that advance together stand beside each other. The best cell carries a star;
    cells within 5 % of it are outlined; failed runs are hatched.
    Changes are coloured around zero, blue on the better side; what is neither good nor bad in
    itself gets neutral colours and no star, and so does a map on which nothing improves.

    Args:
        ds: a dataset as a study returns it.
        summary: name(s) of per-run variables such as ``tnf_change`` or ``hours_blocked``.
        x: axis drawn across; the first one by default.
        y: axis drawn upwards; the second one by default.
        select: values of the remaining axes when the dataset has more than two.
        better: ``"lower"``, ``"higher"`` or ``"none"``; by default what the data say.
        title: headline; the dataset's title by default.
        ax: Axes of your own to draw into, one for each summary; headline and foot are then yours.

    Raises:
        UserError: no summary, an unknown one or axis, axes left over, or not as many
            Axes as summaries.
    """
    ds = narrow(over_patients(ds, select, (x, y)), select)
    names = _names(ds, summary)
    across, up = _axes(ds, x, y)
    for name in names:
        if name not in summaries(ds):
            raise unknown("summary", name, summaries(ds))
    with styled():
        page = _page(len(names), ds.sizes[across], ds.sizes.get(up, 1))
        figure, axes = canvas(ax, names, *page)
        facts = [
            _panel(figure, one, ds, name, across, up, direction(ds[name], better))
            for one, name in zip(axes, names, strict=True)
        ]
        if ax is None:
            headline(figure, title or str(ds.attrs.get("title", "Sweep")))
            said = [
                *notes(ds, axes=(across, up)),
                *dict.fromkeys(w for words in facts for w in words),
            ]
            footnote(figure, ds, *said, summaries=names)
    return figure


def _names(ds: xr.Dataset, summary: Any) -> list[str]:
    """Return the summaries asked for.

    Raises:
        UserError: none is.
    """
    if isinstance(summary, str):
        return [summary]
    if not summary or not isinstance(summary, Sequence):
        raise UserError(
            f"summary = {summary!r} names nothing to draw; there are {listed(summaries(ds))}"
        )
    return list(summary)


def _page(n: int, wide: int, high: int) -> tuple[float, float, int]:
    """Return width, height and columns that suit a page of some maps of so many cells."""
    width = min(max(0.52 * wide, 4.2), 10.5) + 2.6
    height = min(max(0.46 * high, 3.2 if high > 1 else 1.2), 7.5) + 2.0
    if n > 1:
        width, height = min(width, BROADEST), min(height, TALLEST)

    def off(columns: int) -> float:
        return abs(math.log(columns * width / (-(-n // columns) * height) / PAGE))

    columns = min((c for c in range(1, n + 1) if c == 1 or c * width <= WIDEST), key=off)
    rows = -(-n // columns)
    return width * columns, height * rows + 0.6, columns


def summaries(ds: xr.Dataset) -> list[str]:
    """Return the names of the per-run numbers that a heat map can show."""
    dims = set(run_dims(ds))
    return [
        str(name)
        for name, var in ds.data_vars.items()
        if var.dims and set(var.dims) == dims and var.dtype.kind in "fiu" and name != "status"
    ]


def direction(variable: xr.DataArray, better: str | None = None) -> str:
    """Tell which way a summary improves: what the caller says, else what the data say of it.

    Returns:
        ``"lower"``, ``"higher"``, or ``""`` for what is neither good nor bad in itself (hours of
        blockade, drug exposure) or not known: such a map has no best cell.

    Raises:
        UserError: a word other than these.
    """
    choice = better or str(variable.attrs.get("better", ""))
    if choice and choice not in ("lower", "higher", "none"):
        raise UserError(f"better = {choice!r}: expected 'lower', 'higher' or 'none'")
    return choice.replace("none", "")


def _axes(ds: xr.Dataset, x: str | None, y: str | None) -> tuple[str, str]:
    """Return the axes across and upwards; the second is empty where there is only one."""
    dims = run_dims(ds)
    for given in (x, y):
        if given is not None and given not in dims:
            raise unknown("axis", given, dims)
    if x is not None and x == y:
        raise UserError(f"x and y are both {x!r}; choose two axes")
    long = [d for d in dims if ds.sizes[d] > 1 or d in (x, y)]
    free = [d for d in long if d not in (x, y)] + [d for d in dims if d not in long]
    across = x or (free.pop(0) if free else "")
    up = y or (free.pop(0) if free else "")
    left = [d for d in free if ds.sizes[d] > 1]
    if not across:
        raise UserError(
            "a heat map needs an axis and this is a single run; draw plots.compare(ds) instead"
        )
    if left:
        example = ", ".join(f"{d!r}: {ds[d].values.tolist()[0]!r}" for d in left)
        raise UserError(
            f"this dataset has further axes ({', '.join(left)}); give a value for each, "
            f"for example select={{{example}}}"
        )
    return across, up


def _panel(
    figure: Figure, ax: Axes, ds: xr.Dataset, name: str, x: str, y: str, side: str
) -> list[str]:
    """Draw one map; return what its marks mean, for the foot."""
    variable, unit = ds[name], unit_of(ds[name])
    values, failed, short = _grids(ds, name, x, y)
    least = least_size(ds, name)
    image = colours(ax, values, side, is_change(variable), least)
    mark_failed(ax, failed)
    mark_short(ax, short & ~failed)
    star = mark_best(ax, np.where(short, np.nan, values), side, is_change(variable), least)
    _ticks(ax, ds, x, y)
    lines, facts = [name_of(variable)], _facts(variable, values, failed, short)
    if not np.isfinite(values).any():
        _empty(ax, variable, failed)
    else:
        bar = figure.colorbar(image, ax=ax, pad=0.02, shrink=0.95)
        bar.set_label(unit + (f"\n{side} is better" if side else ""))
        bar.ax.tick_params(labelsize=SMALL)
        if star is not None:
            at = [(axis, i) for axis, i in ((x, star[1]), (y, star[0])) if axis]
            cell = ", ".join(named(axis, places_of(ds, axis)[i]) for axis, i in at)
            lines.append(f"★ best {number(values[star])} {unit}: {cell}")
        elif side:
            facts.append(_no_star(short_name(variable), values, short, is_change(variable)))
        if is_change(variable):
            facts += ["Blue: better; red: worse."] if side else []
            facts.append(
                "Colours of changes reach to the largest, and at least to"
                f" {LEAST_SHOWN:.0%} of the untreated mean."
            )
        elif np.ptp(values[np.isfinite(values)]) < LEAST_SHOWN * np.nanmax(np.abs(values)):
            facts.append(f"Colours span at least {LEAST_SHOWN:.0%} of the largest value.")
    width = int(ax.get_position().width * figure.get_figwidth() * 72 / 8)
    ax.set_title("\n".join(wrap(line, width) for line in lines), loc="left")
    polish(ax)
    return facts


def _empty(ax: Axes, variable: xr.DataArray, failed: NDArray[np.bool_]) -> None:
    """Say in words why a map has no number in any cell."""
    if failed.all():
        text = "every run failed"
    else:
        rest = " that did not fail" if failed.any() else ""
        text = f"{'never reached' if _is_first(variable) else 'no value'} in any run{rest}"
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, gid="empty")


def _facts(
    variable: xr.DataArray, values: Grid, failed: NDArray[np.bool_], short: NDArray[np.bool_]
) -> list[str]:
    """Say what hatching, dots and grey cells of a map mean, where it has them."""
    words = ["Hatched: the run failed."] if failed.any() else []
    if short.any():
        words.append("Dotted: treatment ends before the target dose is reached; not starred.")
    if (np.isnan(values) & ~failed).any():
        words.append("Grey: never reached." if _is_first(variable) else "Grey: no value.")
    return words


def _no_star(what: str, values: Grid, short: NDArray[np.bool_], change: bool) -> str:
    if not np.isfinite(np.where(short, np.nan, values)).any():
        return f"No star on {what}: no run reaches its target dose."
    if change:
        return f"No star on {what}: nothing improves by {NOTABLE:.0%} of the untreated mean."
    return f"No star on {what}: all runs are within {NOTABLE:.0%} of each other."


def is_change(variable: xr.DataArray) -> bool:
    """Tell whether a summary is a change from the untreated patient; of old results by its name."""
    return bool(variable.attrs.get("against", "_change" in str(variable.name)))


def _is_first(variable: xr.DataArray) -> bool:
    return str(variable.attrs.get("reduction", "")).startswith("first_")


def least_size(ds: xr.Dataset, name: str) -> float:
    """Return the size of a change against which colours and stars are measured; 0 when unknown.

    That is the untreated mean of its variable (100 for percent), the median over all runs.
    """
    if not is_change(ds[name]):
        return 0.0
    if ds[name].attrs.get("units") in ("percent", "%"):
        return 100.0
    base = f"baseline_{ds[name].attrs.get('variable', name.split('_change')[0])}"
    if base not in ds:
        return 0.0
    values = np.abs(np.asarray(ds[base].values, dtype=float))
    return float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0


def _grids(
    ds: xr.Dataset, name: str, x: str, y: str
) -> tuple[Grid, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return values as (y, x), NaN where a run failed; who failed; who missed the target dose."""

    def flat(variable: xr.DataArray) -> NDArray[Any]:
        one = variable.squeeze([d for d in variable.dims if d not in (x, y)])
        return one.transpose(y, x).values if y else one.values[None, :]

    values = np.array(flat(ds[name]), dtype=float)
    none = np.zeros(values.shape, dtype=bool)
    failed = flat(ds["status"]) != 0 if "status" in ds else none
    short = flat(ds["target_reached"]) == 0 if "target_reached" in ds else none
    return np.where(failed, np.nan, values), np.asarray(failed), np.asarray(short)


def _ticks(ax: Axes, ds: xr.Dataset, x: str, y: str) -> None:
    words = places_of(ds, x)
    turn = max(map(len, words)) * ds.sizes[x] > 60
    ax.set_xticks(
        range(len(words)), words, rotation=50 if turn else 0, ha="right" if turn else "center"
    )
    if turn:
        for tick in ax.get_xticklabels():
            tick.set_rotation_mode("anchor")
    ax.set_yticks(range(ds.sizes[y]) if y else [], places_of(ds, y) if y else [])
    for axis, put in ((x, ax.set_xlabel), (y, ax.set_ylabel)):
        if axis:
            units = str(ds[axis].attrs.get("units", ""))
            put(f"{name_of(ds[axis])}" if has_natural_units(units) else axis_label(ds[axis]))
