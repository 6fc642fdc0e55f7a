"""Time as a picture needs it: daily means, the end of dosing, week and clock axes."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from ldnsim.plots.style import GREY, SMALL
from ldnsim.plots.wording import clock, duration

Floats = NDArray[np.float64]
HOURS_PER_DAY, HOURS_PER_WEEK = 24.0, 168.0
BEDTIME = 22.0  # clock time assumed for the close-up night when the dataset does not say


def floats(variable: xr.DataArray) -> Floats:
    """Return the values of a variable as floats."""
    return np.asarray(variable.values, dtype=float)


def daily(time_h: Floats, values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Gather samples by calendar day.

    Args:
        time_h: sample times in hours, increasing, shape ``(n,)``.
        values: samples, shape ``(n,)``.

    Returns:
        Mean time (h), mean, lowest and highest value of each whole day: the mean of a part would
        show the daily rhythm. Samples taken less often than twice a day have no mean and stay as
        they are.
    """
    if not has_daily_means(time_h):
        return time_h, values, values, values
    days, first, count = np.unique(
        np.floor(time_h / HOURS_PER_DAY + 1e-9), return_index=True, return_counts=True
    )
    covered = time_h[-1] + np.median(np.diff(time_h)) >= (days[-1] + 1) * HOURS_PER_DAY - 1e-6
    if len(count) > 1 and not covered:
        last = first[-1]
        first, count, time_h, values = first[:-1], count[:-1], time_h[:last], values[:last]
    return (
        np.add.reduceat(time_h, first) / count,
        np.add.reduceat(values, first) / count,
        np.minimum.reduceat(values, first),
        np.maximum.reduceat(values, first),
    )


def samples_per_day(time_h: Floats) -> float:
    """Return how many samples of a trajectory fall into a day."""
    return HOURS_PER_DAY / float(np.median(np.diff(time_h))) if len(time_h) > 1 else 1.0


def has_daily_means(time_h: Floats) -> bool:
    """Tell whether a trajectory has samples enough for a mean of each day."""
    return samples_per_day(time_h) >= 2.0 - 1e-9


def what_is_drawn(time_h: Floats) -> str:
    """Say what a line over days is: daily means, or single values of a daily rhythm."""
    if has_daily_means(time_h):
        return "daily means"
    step = HOURS_PER_DAY / samples_per_day(time_h)
    if abs(step - HOURS_PER_DAY) < 1e-6:
        return f"values at {clock(time_h[0])} of each day, not daily means"
    when = f" at {clock(time_h[0])}" if abs(step % HOURS_PER_DAY) < 1e-6 else ""
    return f"single values{when} every {duration(step)}, not daily means"


def end_of_dosing(data: xr.Dataset) -> float | None:
    """Return when dosing stops (h), or None when it never starts or lasts to the end."""
    if "prescribed_dose" not in data:
        return None
    time, dose = floats(data["time"]), floats(data["prescribed_dose"])
    treated = np.flatnonzero(dose > 0)
    if treated.size == 0 or treated[-1] == len(dose) - 1:
        return None
    stop = float(time[treated[-1] + 1])
    # doses may be days apart: what follows the last one is an end only if it is clearly longer
    days = np.unique(np.floor(time[treated] / HOURS_PER_DAY))
    spacing = float(np.median(np.diff(days))) * HOURS_PER_DAY if len(days) > 1 else HOURS_PER_DAY
    least = max(spacing, 0.02 * float(time[-1]))
    return stop if time[-1] - stop >= least else None


def time_unit(time_h: Floats) -> tuple[str, float]:
    """Return ``("weeks", 168)`` for long studies and ``("days", 24)`` for short ones."""
    long = float(time_h[-1]) >= 6 * HOURS_PER_WEEK
    return ("weeks", HOURS_PER_WEEK) if long else ("days", HOURS_PER_DAY)


def week_axis(ax: Axes, time_h: Floats, named: bool = True) -> None:
    """Give a time axis round ticks: every 13 weeks in a year, finer in shorter studies.

    Args:
        ax: the panel.
        time_h: of the samples.
        named: whether ticks and axis have their words.
    """
    unit, size = time_unit(time_h)
    # whole weeks: a study that ends with its last dose is a few hours short of one
    span = float(np.ceil(float(time_h[-1]) / size - 1e-6))
    steps = (1, 2, 4, 13, 26, 52, 104) if size == HOURS_PER_WEEK else (1, 2, 7, 14)
    step = next((s for s in steps if span / s <= 4.5), steps[-1])
    ax.xaxis.set_major_locator(MultipleLocator(step))
    ax.set_xlim(0, span)
    if named:
        ax.set_xlabel(f"time ({unit})")
    else:
        ax.tick_params(labelbottom=False)


def bedtime_of(ds: xr.Dataset) -> float:
    """Return the clock time (h) at which the close-up night begins."""
    if "night_start" in ds and ds["night_start"].ndim == 0:
        return float(ds["night_start"]) % HOURS_PER_DAY
    return BEDTIME


def clock_axis(ax: Axes, data: xr.Dataset, step: float = 6.0) -> None:
    """Label hours of the close-up night with the time on the clock, a tick every ``step`` hours."""
    night_h, bedtime = floats(data["night_time"]), bedtime_of(data)
    ax.set_xlim(float(night_h[0]), float(night_h[-1]))
    ticks = np.arange(np.ceil((bedtime + night_h[0]) / step), (bedtime + night_h[-1]) / step + 1e-9)
    ax.set_xticks(ticks * step - bedtime)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: clock(x + bedtime)))
    ax.set_xlabel("clock time (h:min)")


def mark_stop(ax: Axes, data: xr.Dataset, text: str = "dosing stops") -> None:
    """Draw the vertical line where dosing stops, if it does, with words beside it if any."""
    stop, time = end_of_dosing(data), floats(data["time"])
    if stop is None:
        return
    _, size = time_unit(time)
    at, span = stop / size, time[-1] / size
    ax.axvline(at, color=GREY, linestyle=(0, (2, 2)), linewidth=1.4, gid="dosing-stops")
    if text:
        left = at < 0.6 * span  # else there is no room on the right
        ax.annotate(
            text, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(4 if left else -4, -2),
            textcoords="offset points", va="top", ha="left" if left else "right",
            fontsize=SMALL, color=GREY,
        ).set_in_layout(False)  # fmt: skip
