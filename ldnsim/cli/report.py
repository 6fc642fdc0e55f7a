"""One run in words: where the patient was, is, and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import typer

from ldnsim.cli import table
from ldnsim.cli.extend import told_of
from ldnsim.plots import wording

if TYPE_CHECKING:
    import xarray as xr

CHANGES = (
    "pain_change", "fatigue_change", "tnf_change", "il6_change", "m1_change",
    "neuronal_health_change", "beta_endorphin_change", "met_enkephalin_change", "nk_change",
)  # fmt: skip
NIGHT = ("hours_blocked", "hours_rebound", "occupancy_peak", "worst_dreams", "time_to_response")


def show_run(ds: xr.Dataset) -> None:
    """Print untreated value and changes of one run, what the drug did at night, own summaries.

    Args:
        ds: a dataset of a single run.
    """
    rows = [row for name in CHANGES if (row := _row(ds, name))]
    table.show(("", "unit", "untreated", "last treated week", "at the end"), rows)
    own = [n for n, v in ds.data_vars.items() if v.attrs.get("defined_in") == "study"]
    for name in (*NIGHT, *map(str, own)):
        if name in ds:
            typer.echo(f"{wording.name_of(ds[name])}: {_value(ds[name], name)}")
    for line in told_of(ds):
        typer.echo(line)
    typer.echo(str(ds.attrs.get("warning", "Research instrument, not medical advice.")))


def _row(ds: xr.Dataset, name: str) -> list[str] | None:
    of = f"baseline_{ds[name].attrs['variable']}" if name in ds else ""
    if of not in ds:
        return None
    variable, end = ds[of], f"{name}_end"
    base = _scalar(variable)
    cells = [_number(base), _number(base + _scalar(ds[name]))]
    cells.append(_number(base + _scalar(ds[end])) if end in ds else "")
    words = wording.name_of(variable).removeprefix("untreated 24 h mean of ")
    return [words, wording.unit_of(variable), *cells]


def _value(variable: xr.DataArray, name: str) -> str:
    value = _scalar(variable)
    if name == "time_to_response":
        return wording.duration(24 * round(value / 24)) if np.isfinite(value) else "no response"
    return f"{_number(value)} {wording.unit_of(variable)}"


def _scalar(variable: xr.DataArray) -> float:
    return float(np.asarray(variable.values, dtype=float).reshape(-1)[0])


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "none"
