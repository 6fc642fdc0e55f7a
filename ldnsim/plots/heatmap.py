"""Heat maps of a summary over two axes of a sweep, with the best region marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ldnsim.errors import UserError, unknown
from ldnsim.plots.cells import Grid, colours, mark_best, mark_failed, mark_short
from ldnsim.plots.members import narrow, run_dims
from ldnsim.plots.people import over_patients
from ldnsim.plots.style import SMALL, footnote, headline, new_figure, polish, styled
from ldnsim.plots.wording import (
    axis_label,
    has_natural_units,
    name_of,
    number,
    unit_of,
    value_label,
    wrap,
)

WIDEST = 18.0  # inches
HIGHER_IS_BETTER = (
    "nk_",
    "neuronal_health",
    "mood",
    "microglia_m2",
    "m2_",
    "opioid_tone",
    "analgesic_tone",
)
NEUTRAL = (
    "hours_", "occupancy_", "mor_", "dor_", "kor_", "ogfr_", "naltrex", "steps", "rejected",
    "beta_endorphin", "met_enkephalin", "il10", "autoimmune", "orbit_", "baseline_",
)  # fmt: skip


def heatmap(
    ds: xr.Dataset,
    summary: str | Sequence[str] = "tnf_change",
    *,
    x: str | None = None,
    y: str | None = None,
    select: Mapping[str, Any] | None = None,
    better: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw one or several summaries over two axes of a sweep.

    The best cell carries a star; cells within 5 % of it are outlined; failed runs are hatched.
    Changes are coloured around zero, blue always on the better side.

    Args:
        ds: a dataset as a study returns it.
        summary: name(s) of per-run variables such as ``tnf_change`` or ``hours_blocked``.
        x: axis drawn across; the first one by default.
        y: axis drawn upwards; the second one by default.
        select: values of the remaining axes when the dataset has more than two.
        better: ``"lower"`` or ``"higher"``; by default the variable's ``better`` attribute, or
            what its name tells (lower for pain and cytokines, higher for neuronal health; hours
            of blockade and drug exposure have no better side and no star).
        title: headline; the dataset's title by default.

    Raises:
        UserError: an unknown summary or axis, or axes left over.
    """
    ds = over_patients(ds, select, (x, y))
    ds = narrow(ds, select) if select else ds
    names = [summary] if isinstance(summary, str) else list(summary)
    across, up = _axes(ds, x, y)
    for name in names:
        _check(ds, name)
    with styled():
        wide, high = ds.sizes[across], ds.sizes[up]
        width = min(max(0.52 * wide, 4.2), 10.5) + 2.6
        height = min(max(0.46 * high, 3.2), 7.5) + 2.0
        # wide maps go below each other: side by side they would shrink to a ribbon on a slide
        stacked = width * len(names) > WIDEST
        rows, columns = (len(names), 1) if stacked else (1, len(names))
        figure = new_figure(width * columns, height * rows + 0.6)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for place, (ax, name) in enumerate(zip(axes, names, strict=True)):
            _panel(figure, ax, ds, name, across, up, better)
            if place and not stacked:
                ax.set_ylabel("")
        headline(figure, title or str(ds.attrs.get("title", "Sweep")))
        notes = [*_held(ds, (across, up)), *_holes(ds, names)]
        footnote(figure, ds, *notes, summaries=names)
    return figure


def summaries(ds: xr.Dataset) -> list[str]:
    """Return the names of the per-run numbers that a heat map can show."""
    dims = set(run_dims(ds))
    return [
        str(name)
        for name, var in ds.data_vars.items()
        if var.dims and set(var.dims) == dims and var.dtype.kind in "fiu" and name != "status"
    ]


def direction(name: str, variable: xr.DataArray, better: str | None = None) -> str:
    """Tell which way a summary improves: argument, then attribute, then the name.

    Returns:
        ``"lower"``, ``"higher"``, or ``""`` for what is neither good nor bad in itself (hours of
        blockade, drug exposure): such a map has no best cell unless the caller says so.

    Raises:
        UserError: a word other than these.
    """
    choice = better or str(variable.attrs.get("better", ""))
    if choice and choice not in ("lower", "higher", "none"):
        raise UserError(f"better = {choice!r}: expected 'lower', 'higher' or 'none'")
    if choice:
        return choice.replace("none", "")
    if name.startswith(NEUTRAL) or name.endswith("_auc"):
        return ""
    return "higher" if name.startswith(HIGHER_IS_BETTER) else "lower"


def _axes(ds: xr.Dataset, x: str | None, y: str | None) -> tuple[str, str]:
    dims = run_dims(ds)
    for given in (x, y):
        if given is not None and given not in dims:
            raise unknown("axis", given, dims)
    long = [d for d in dims if ds.sizes[d] > 1 or d in (x, y)]
    free = [d for d in long if d not in (x, y)] + [d for d in dims if d not in long]
    across = x or (free.pop(0) if free else "")
    up = y or (free.pop(0) if free else "")
    left = [d for d in free if ds.sizes[d] > 1]
    if not across or not up:
        raise UserError(
            f"a heat map needs two axes, this dataset has {', '.join(dims) or 'none'}; "
            "draw plots.compare(ds) instead"
        )
    if left:
        example = ", ".join(f"{d!r}: {ds[d].values.tolist()[0]!r}" for d in left)
        raise UserError(
            f"this dataset has further axes ({', '.join(left)}); give a value for each, "
            f"for example select={{{example}}}"
        )
    return across, up


def _check(ds: xr.Dataset, name: str) -> None:
    if name not in summaries(ds):
        raise unknown("summary", name, summaries(ds))


def _panel(
    figure: Figure, ax: Axes, ds: xr.Dataset, name: str, x: str, y: str, better: str | None
) -> None:
    variable = ds[name]
    side = direction(name, variable, better)
    values, failed = _grids(ds, name, x, y)
    image = colours(ax, name, values, flip=side == "higher")
    mark_failed(ax, failed)
    short = _short(ds, x, y)
    mark_short(ax, short & ~failed)
    best = mark_best(ax, np.where(short, np.nan, values), side == "lower") if side else None
    _ticks(ax, ds, x, y)
    bar = figure.colorbar(image, ax=ax, pad=0.02, shrink=0.95)
    bar.set_label(unit_of(variable) + (f" – {side} is better" if side else ""))
    bar.ax.tick_params(labelsize=SMALL)
    heading = name_of(variable)
    if best is not None:
        cell = ", ".join(_cell(ds, axis, i) for axis, i in ((x, best[1]), (y, best[0])))
        heading += f"\n★ best {number(values[best])} {unit_of(variable)}: {cell}"
    width = int(ax.get_position().width * figure.get_figwidth() * 72 / 8)
    lines = [wrap(line, width) for line in heading.split("\n")]
    ax.set_title("\n".join(lines), loc="left")
    polish(ax)


def _grids(ds: xr.Dataset, name: str, x: str, y: str) -> tuple[Grid, NDArray[np.bool_]]:
    """Return the values as (y, x), NaN where a run failed, and which runs failed."""

    def flat(variable: xr.DataArray) -> NDArray[Any]:
        rest = [d for d in variable.dims if d not in (x, y)]
        return variable.squeeze(rest).transpose(y, x).values if rest else (
            variable.transpose(y, x).values
        )  # fmt: skip

    values = np.array(flat(ds[name]), dtype=float)
    failed = flat(ds["status"]) != 0 if "status" in ds else np.zeros(values.shape, bool)
    return np.where(failed, np.nan, values), np.asarray(failed, dtype=bool)


def _short(ds: xr.Dataset, x: str, y: str) -> NDArray[np.bool_]:
    """Whether the treated time was too short for the target dose, as (y, x)."""
    shape = (ds.sizes[y], ds.sizes[x])
    if "target_reached" not in ds:
        return np.zeros(shape, dtype=bool)
    reached = ds["target_reached"]
    flat = reached.squeeze([d for d in reached.dims if d not in (x, y)]).transpose(y, x)
    return np.asarray(flat.values == 0, dtype=bool)


def _cell(ds: xr.Dataset, axis: str, i: int) -> str:
    return value_label(ds[axis].values.tolist()[i], str(ds[axis].attrs.get("units", "")))


def _ticks(ax: Axes, ds: xr.Dataset, x: str, y: str) -> None:
    words = [_cell(ds, x, i) for i in range(ds.sizes[x])]
    turn = max(map(len, words)) * ds.sizes[x] > 60
    ax.set_xticks(
        range(len(words)), words, rotation=50 if turn else 0, ha="right" if turn else "center"
    )
    if turn:
        for tick in ax.get_xticklabels():
            tick.set_rotation_mode("anchor")
    ax.set_yticks(range(ds.sizes[y]), [_cell(ds, y, i) for i in range(ds.sizes[y])])
    for axis, put in ((x, ax.set_xlabel), (y, ax.set_ylabel)):
        units = str(ds[axis].attrs.get("units", ""))
        put(f"{name_of(ds[axis])}" if has_natural_units(units) else axis_label(ds[axis]))


def _held(ds: xr.Dataset, shown: tuple[str, str]) -> list[str]:
    """Say at what values the axes that are not shown were held."""
    held = [d for d in run_dims(ds) if d not in shown]
    fixed = [c for c in ds.coords if c not in ds.dims and ds[c].ndim == 0]
    words = [f"{d} {_scalar(ds[d])}" for d in [*held, *map(str, fixed)]]
    return [f"Held at: {', '.join(words)}."] if words else []


def _holes(ds: xr.Dataset, names: Sequence[str]) -> list[str]:
    failed = ds["status"] != 0 if "status" in ds else xr.zeros_like(ds[names[0]], dtype=bool)
    words = ["Hatched: the run failed."] if bool(failed.any()) else []
    if "target_reached" in ds and bool((ds["target_reached"] == 0).any()):
        words.append("Dotted: treatment ends before the target dose is reached; not starred.")
    if any(bool((ds[n].isnull() & ~failed).any()) for n in names):
        words.append("Grey: never reached.")
    return words


def _scalar(variable: xr.DataArray) -> str:
    value = variable.values.reshape(-1).tolist()[0]
    return value_label(value, str(variable.attrs.get("units", "")))
