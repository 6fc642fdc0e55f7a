"""One run in words: where the patient was, is, and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import typer

from ldnsim.cli import table
from ldnsim.plots import wording

if TYPE_CHECKING:
    import xarray as xr

CHANGES = {
    "pain": "pain",
    "fatigue": "fatigue",
    "tnf": "tnf",
    "il6": "il6",
    "m1": "microglia_m1",
    "neuronal_health": "neuronal_health",
    "beta_endorphin": "beta_endorphin",
    "met_enkephalin": "met_enkephalin",
    "nk": "nk_activity",
}
NIGHT = ("hours_blocked", "hours_rebound", "occupancy_peak", "worst_dreams", "time_to_response")


def show_run(ds: xr.Dataset) -> None:
    """Print untreated value and changes of one run, then what the drug did at night.

    Args:
        ds: a dataset of a single run.
    """
    rows = [row for short, name in CHANGES.items() if (row := _row(ds, short, name))]
    table.show(("", "unit", "untreated", "last treated week", "at the end"), rows)
    for name in NIGHT:
        if name in ds:
            variable = ds[name]
            text = _value(variable, name)
            typer.echo(f"{wording.name_of(variable)}: {text}")
    typer.echo(str(ds.attrs.get("warning", "Research instrument, not medical advice.")))


def _row(ds: xr.Dataset, short: str, name: str) -> list[str] | None:
    if f"baseline_{name}" not in ds or f"{short}_change" not in ds:
        return None
    base = _scalar(ds[f"baseline_{name}"])
    cells = [_number(base), _number(base + _scalar(ds[f"{short}_change"]))]
    end = f"{short}_change_end"
    cells.append(_number(base + _scalar(ds[end])) if end in ds else "")
    variable = ds[f"baseline_{name}"]
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
