"""Rival hypotheses over each other: one panel per variable, one line per hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ldnsim.errors import UserError
from ldnsim.plots.doses import with_doses
from ldnsim.plots.members import Member, members
from ldnsim.plots.people import over_patients
from ldnsim.plots.selection import narrow, run_dims
from ldnsim.plots.shown import notes
from ldnsim.plots.style import (
    DASHES,
    OKABE_ITO,
    SOFT,
    LineStyle,
    Panels,
    canvas,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.timeline import (
    clock_axis,
    daily,
    floats,
    mark_stop,
    time_unit,
    week_axis,
    what_is_drawn,
)
from ldnsim.plots.wording import name_of, unit_of, wrap

PANELS = ("night_mor_occupancy", "beta_endorphin", "tnf", "microglia_m1", "pain", "fatigue")
COLOURS = ("vermillion", "blue", "green", "orange", "purple", "sky", "black")
NULL = "null"


def hypothesis_axis(ds: xr.Dataset) -> str | None:
    """Return the axis that varies the hypothesis; None when there is none."""
    return next((d for d in run_dims(ds) if ds[d].attrs.get("field") == "hypothesis"), None)


def hypotheses(
    ds: xr.Dataset, select: Mapping[str, Any] | None = None, *, ax: Panels | None = None
) -> Figure:
    """Draw all hypotheses of a result in the same panels.

    Panels: mu occupancy through one night, then daily means of beta-endorphin, TNF, inflamed
    microglia, pain and fatigue, as far as they were kept.

    Args:
        ds: a dataset as a study returns it, with an axis over ``hypothesis``, trajectories kept.
        select: values of the other axes, such as ``{"dose": 4.5}``.
        ax: Axes of your own to draw into, one for each panel; headline and foot are then yours.

    Raises:
        UserError: no axis of hypotheses, other axes left over, no trajectories, or not as many
            Axes as panels.
    """
    ds = narrow(with_doses(ds, over_patients(ds, select)), select)
    axis = hypothesis_axis(ds)
    if axis is None:
        raise UserError("this result has no axis over hypothesis; draw another kind")
    left = [d for d in run_dims(ds) if d != axis and ds.sizes[d] > 1]
    if left:
        raise UserError(f"axes {', '.join(left)} have several values; choose one with --select")
    shown = [n for n in PANELS if n in ds]
    if "time" not in ds.dims or not shown:
        raise UserError("this result keeps no trajectories of what this picture shows")
    lines = members(ds, None, ds.sizes[axis])
    names = [str(ds[axis].values[m.index[axis]]) for m in lines]
    with styled():
        figure, axes = canvas(ax, shown, 15.5, 4.2 * -(-len(shown) // 3) + 1.0, columns=3)
        for one, name in zip(axes, shown, strict=True):
            _panel(one, name, lines, names)
        axes[min(2, len(axes) - 1)].legend(
            loc="upper left", bbox_to_anchor=(1.02, 1.02), handlelength=2.8
        )
        if ax is None:
            headline(figure, str(ds.attrs.get("title", "Hypotheses compared")))
            plain = ds.assign_attrs(hypothesis="")  # the legend names them
            drawn = f"Lines: {what_is_drawn(floats(ds['time']))}."
            known = "None of the hypotheses is assumed true."
            footnote(figure, plain, drawn, known, *notes(ds, lines))
    return figure


def _panel(ax: Axes, name: str, lines: list[Member], names: list[str]) -> None:
    """One variable under every hypothesis; a failed run has a word in the legend only."""
    for place, (member, hypothesis) in enumerate(zip(lines, names, strict=True)):
        shade, dash = _look(place, hypothesis)
        label = hypothesis.replace("_", " ") + (" (failed)" if member.failed else "")
        x, y = (np.empty(0), np.empty(0)) if member.failed else _values(member.data, name)
        width, front = _layer(place, hypothesis)
        ax.plot(x, y, color=shade, linestyle=dash, linewidth=width, label=label, zorder=front)
    alive = next((m.data for m in lines if not m.failed), None)
    if alive is None:
        return
    ax.set_ylabel(wrap(f"{name_of(alive[name]).split(', ')[0]} ({unit_of(alive[name])})", 34))
    if name.startswith("night_"):
        clock_axis(ax, alive)
    else:
        week_axis(ax, floats(alive["time"]))
        mark_stop(ax, alive)
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.set_ylim(bottom=0.0)
    polish(ax)


def _values(data: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    if name.startswith("night_"):
        return floats(data["night_time"]), floats(data[name])
    time = floats(data["time"])
    day, mean, _, _ = daily(time, floats(data[name]))
    return day / time_unit(time)[1], mean


def _look(place: int, hypothesis: str) -> tuple[str, LineStyle]:
    """Colour and dashes of a line: by place; the null hypothesis is grey and solid."""
    if hypothesis == NULL:
        return SOFT, "-"
    return OKABE_ITO[COLOURS[place % len(COLOURS)]], DASHES[place % len(DASHES)]


def _layer(place: int, hypothesis: str) -> tuple[float, float]:
    """Width and layer of a line: what lies beneath is wider, so that no line hides another."""
    if hypothesis == NULL:
        return 7.0, 2.0
    return max(4.2 - 0.35 * place, 1.6), 3.0 + 0.01 * place
