"""Sensitivities in words: the parameters a run hangs on, with their evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import typer

from ldnsim.cli import table
from ldnsim.plots import provenance

if TYPE_CHECKING:
    import xarray as xr

_HEADERS = (
    "parameter", "value", "unit", "per +1 % ({})", "by one sd ({})", "share", "grade", "source",
)  # fmt: skip
_FAR = 0.25  # of the value of a summary


def show_ranking(ds: xr.Dataset, summaries: Sequence[str], most: int) -> None:
    """Print what each summary hangs on, the parameters that move it most first.

    Args:
        ds: a dataset with sensitivities.
        summaries: some that it has them of.
        most: how many parameters of each.
    """
    typer.echo(f"# run: {ds['sensitivity'].attrs['reference']}")
    for name in summaries:
        for line in _heading(ds, name):
            typer.echo(line)
        if rows := _rows(ds, name, most):
            unit = provenance.unit(ds, name)
            table.show([h.format(unit) for h in _HEADERS], rows)
    for what in ("left_out_summaries", "left_out"):
        if left := _left_out(ds, what):
            typer.echo(f"# {what.replace('_', ' ')}: {left}")


def _heading(ds: xr.Dataset, name: str) -> list[str]:
    """Say in words what the table of one summary amounts to."""
    one = ds.sel(summary=name)
    unit, value = provenance.unit(ds, name), float(one["summary_value"])
    lines = [f"# {name} = {value:.4g} {unit}: {one['summary_long_name'].item()}"]
    share = float(one["assumed_share"])
    if not provenance.is_linear(ds, name):
        lines.append(
            "# NOT LOCALLY LINEAR: slopes to the two sides differ; the run is near a tipping point,"
            " and the slopes below describe less than 1 % of a parameter"
        )
    elif share == share:
        most = ", ".join(provenance.most_assumed(ds, [name]))
        lines.append(
            f"# {provenance.percent(share)} of the local variance rests on assumed numbers"
            + (f"; most on {most}" if most else "")
        )
        rooms = provenance.by_mechanism(ds, name).items()
        shown = [f"{room} {provenance.percent(s)}" for room, s in rooms if s > 0.01]
        lines.append(f"# by mechanism: {', '.join(shown)}")
    else:
        lines.append("# no parameter with a spread moves it from where it is")
    return [*lines, *_far(ds, name, value)]


def _far(ds: xr.Dataset, name: str, value: float) -> list[str]:
    """Warn where one sd of a parameter would take the summary far from this run."""
    moved = np.abs(provenance.effects(ds, name))
    k = int(np.argmax(np.nan_to_num(moved)))
    if not moved[k] > _FAR * abs(value):
        return []
    return [
        f"# one sd of {ds['parameter'].values[k]} is {moved[k] / abs(value):.0%} of the value, far"
        " beyond where a slope holds: read a ranking, not a prediction"
        if value
        else "# the value is zero: read a ranking, not a prediction"
    ]


def _rows(ds: xr.Dataset, name: str, most: int) -> list[list[str]]:
    slopes = ds["sensitivity"].sel(summary=name).values
    moved, shares = provenance.effects(ds, name), provenance.variance_shares(ds, name)
    linear = provenance.is_linear(ds, name)
    # by what one sd does; where nothing has a spread, by the slope itself
    order = np.lexsort((-np.abs(slopes), -np.abs(moved)))[:most]
    order = order[slopes[order] != 0.0]
    units = {p["name"]: p["unit"] for p in json.loads(ds.attrs.get("parameters", "[]"))}
    rows = []
    for k in order:
        parameter = str(ds["parameter"].values[k])
        share = provenance.percent(float(shares[k])) if linear and shares[k] == shares[k] else "-"
        rows.append([
            parameter, f"{float(ds['parameter_value'].values[k]):g}", units.get(parameter, ""),
            f"{slopes[k] / 100:+.3g}", f"{moved[k]:+.3g}", share,
            str(ds["parameter_grade"].values[k]), str(ds["parameter_source"].values[k]) or "-",
        ])  # fmt: skip
    return rows


def _left_out(ds: xr.Dataset, what: str) -> str:
    reasons: dict[str, list[str]] = {}
    for name, why in json.loads(str(ds["sensitivity"].attrs.get(what, "{}"))).items():
        reasons.setdefault(why, []).append(name)
    return "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
