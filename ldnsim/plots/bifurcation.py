"""Bifurcation diagram: steady states over one parameter, stable solid, unstable dashed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ldnsim.errors import UserError
from ldnsim.plots.style import (
    GREY,
    SMALL,
    Panels,
    canvas,
    colour,
    footnote,
    headline,
    polish,
    styled,
)
from ldnsim.plots.timeline import floats
from ldnsim.plots.wording import number, short_name, unit_of

MARKS = {"fold": ("o", "fold"), "Neimark-Sacker": ("D", "oscillation born"), "flip": ("s", "flip")}


def bifurcation(
    ds: xr.Dataset, variables: Sequence[str] = ("tnf", "pain"), *, ax: Panels | None = None
) -> Figure:
    """Draw 24 h means of steady states over a parameter, one panel per variable.

    Stable stretches are solid, unstable ones dashed; folds and other bifurcations are marked, limit
    cycles drawn as bars from lowest to highest daily mean, and a dotted line marks the patient's
    own value.

    Args:
        ds: a branch as a dataset, from ``Branch.to_dataset()``.
        variables: which observables.
        ax: Axes of your own to draw into, one for each variable; headline and foot are then yours.

    Raises:
        UserError: the branch holds no steady state, lacks a variable, none is named, or
            not as many Axes as variables.
    """
    if not ds.sizes.get("point", 0) and not ds.sizes.get("cycle", 0):
        raise UserError("no steady state and no limit cycle was found in this range")
    if not variables:
        raise UserError("variables names nothing to draw; write for example ('tnf', 'pain')")
    for name in variables:
        if name not in ds:
            raise UserError(f"variable {name!r} is not in the branch; try tnf, pain, il6")
    with styled():
        n = len(variables)
        figure, axes = canvas(ax, list(variables), 4.9 * n + 2.8, 5.0, columns=n)
        for one, name in zip(axes, variables, strict=True):
            _panel(one, ds, name)
        axes[-1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=2.2)
        if ax is None:
            headline(figure, str(ds.attrs.get("title", "Steady states")))
            footnote(figure, ds, "24 h means of daily rhythms.", *_ends(ds))
    return figure


def _ends(ds: xr.Dataset) -> list[str]:
    """Say which curves end inside the range, where, and why."""
    words = []
    unit = str(ds["parameter"].attrs.get("units", ""))
    for i, ends in enumerate(json.loads(str(ds.attrs.get("ends", "[]")))):
        own = floats(ds["parameter"])[ds["curve"].values == i]
        for end, p in zip(ends, (own[0], own[-1]), strict=True) if own.size else ():
            if end not in ("bound", "closed"):
                at = f"{number(float(p))} {unit}".removesuffix(" 1").strip()
                words.append(f"{at} ({end})")
    found = list(dict.fromkeys(words))
    return [f"Curves end inside the range, at {', '.join(found)}."] if found else []


def _panel(ax: Axes, ds: xr.Dataset, name: str) -> None:
    shade = colour(name)
    p, y = floats(ds["parameter"]), floats(ds[name])
    for stretch, stable in _stretches(ds):
        ax.plot(
            p[stretch], y[stretch], color=shade if stable else GREY,
            linestyle="-" if stable else (0, (4, 2)), linewidth=2.6 if stable else 1.8,
            gid="stable" if stable else "unstable",
        )  # fmt: skip
    ax.plot([], [], color="black", linewidth=2.6, label="stable")
    ax.plot([], [], color=GREY, linestyle=(0, (4, 2)), linewidth=1.8, label="unstable")
    _cycles(ax, ds, name)
    _marks(ax, ds, p, y)
    own = float(ds.attrs["own"])
    if ds.attrs["parameter"] != "dose" and p.size and p.min() <= own <= p.max():
        ax.axvline(own, color=GREY, linestyle=":", linewidth=1.3, label="this patient", gid="own")
    unit = str(ds["parameter"].attrs.get("units", ""))
    words = "nightly dose" if ds.attrs["parameter"] == "dose" else str(ds.attrs["parameter"])
    ax.set_xlabel(f"{words} ({unit})" if unit not in ("", "1") else words)
    ax.set_ylabel(f"{short_name(ds[name])} ({unit_of(ds[name])})")
    ax.set_ylim(0.0, 1.1 * max(ax.get_ylim()[1], 1e-9))
    polish(ax)


def _stretches(ds: xr.Dataset) -> list[tuple[np.ndarray, bool]]:
    """Runs of neighbouring points between bifurcations, with their stability."""
    curve, stable = ds["curve"].values, ds["stable"].values
    marks = {int(i) for i in ds["bifurcation_point"].values}
    found = []
    for number_ in np.unique(curve):
        where = np.flatnonzero(curve == number_)
        inner = sorted(marks & {int(i) for i in where})
        cuts = sorted({int(where[0]), *inner, int(where[-1])})
        for a, b in itertools.pairwise(cuts):
            middle = [i for i in range(a, b + 1) if i not in marks]
            found.append((np.arange(a, b + 1), bool(middle) and bool(stable[middle].all())))
    return found


def _marks(ax: Axes, ds: xr.Dataset, p: np.ndarray, y: np.ndarray) -> None:
    kinds = [str(k) for k in ds["bifurcation_kind"].values]
    where = [int(i) for i in ds["bifurcation_point"].values]
    for kind, i in zip(kinds, where, strict=True):
        shape, label = MARKS[kind]
        known = ax.get_legend_handles_labels()[1]
        ax.plot(
            [p[i]], [y[i]], marker=shape, markersize=9, color="white", markeredgecolor="black",
            markeredgewidth=1.6, linestyle="none", label="_" if label in known else label,
            gid=kind, zorder=5,
        )  # fmt: skip
        twin = [j for j in where[: where.index(i)] if abs(p[j] - p[i]) < 0.04 * np.ptp(p)]
        if any(abs(y[j] - y[i]) < 0.04 * np.ptp(y) for j in twin):
            continue  # its number would lie on that of its neighbour
        low = y[i] < 0.5 * (y.min() + y.max())
        ax.annotate(
            number(float(p[i])), (p[i], y[i]), xytext=(9, -15 if low else 9),
            textcoords="offset points", fontsize=SMALL,
        )  # fmt: skip


def _cycles(ax: Axes, ds: xr.Dataset, name: str) -> None:
    if not ds.sizes.get("cycle", 0) or f"cycle_low_{name}" not in ds:
        return
    at = floats(ds["cycle_parameter"])
    low, high = floats(ds[f"cycle_low_{name}"]), floats(ds[f"cycle_high_{name}"])
    ax.vlines(at, low, high, color=colour(name), alpha=0.45, linewidth=5.0, gid="cycle",
              label="limit cycle:\nlowest to\nhighest day")  # fmt: skip
