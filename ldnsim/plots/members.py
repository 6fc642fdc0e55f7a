"""Which runs of a dataset a picture shows, and what each one is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ldnsim.errors import UserError, unknown
from ldnsim.plots.wording import value_label

Select = Mapping[str, Any] | Sequence[Mapping[str, Any] | str] | str | None
_NOT_RUNS = ("time", "night_time", "ledger_row")


@dataclass(frozen=True)
class Member:
    """One run of a dataset: where it is, what to call it, and its data without run dimensions."""

    index: dict[str, int]
    label: str
    data: xr.Dataset

    @property
    def failed(self) -> bool:
        """Whether the engine gave up on this run."""
        return "status" in self.data and int(self.data["status"]) != 0

    @property
    def advice(self) -> str:
        """What the engine says about a failed run."""
        text = str(self.data["status_advice"].item()) if "status_advice" in self.data else ""
        return text or f"status {int(self.data['status'])}"


def run_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Return the dimensions that tell runs apart (the axes of the sweep)."""
    if "status" in ds:
        return tuple(str(d) for d in ds["status"].dims)
    return tuple(str(d) for d in ds.dims if d not in _NOT_RUNS)


def members(ds: xr.Dataset, select: Select = None, most: int = 6) -> list[Member]:
    """Choose the runs to show.

    Args:
        ds: a dataset of runs.
        select: a mapping ``{axis: value}`` narrows the dataset before choosing; a list of
            mappings (or of values of the only axis) names the runs one by one.
        most: how many to show at most when nothing is named; a larger grid is represented by
            a cross through its best member.

    Raises:
        UserError: an axis or value that the dataset does not have.
    """
    if isinstance(select, Mapping):
        ds, select = narrow(ds, select), None
    if select is not None:
        wanted = [select] if isinstance(select, str) else list(select)
        return [_member(ds, _indices(ds, _as_mapping(ds, w))) for w in wanted]
    return [_member(ds, index) for index in _representatives(ds, most)]


def narrow(ds: xr.Dataset, select: Mapping[str, Any]) -> xr.Dataset:
    """Keep the part of a dataset at the given axis values (nearest for numbers)."""
    for axis, value in select.items():
        ds = ds.isel({axis: position(ds, axis, value)})
    return ds


def best_index(ds: xr.Dataset, summary: str = "pain_change") -> dict[str, int] | None:
    """Return where a summary is lowest among the runs that did not fail, or None."""
    if summary not in ds:
        return None
    values = np.array(ds[summary].values, dtype=float)
    if "status" in ds:
        values = np.where(ds["status"].values == 0, values, np.nan)
    if not np.isfinite(values).any():
        return None
    where = np.unravel_index(int(np.nanargmin(values)), values.shape)
    return {str(d): int(i) for d, i in zip(ds[summary].dims, where, strict=True)}


def label_of(ds: xr.Dataset, index: Mapping[str, int]) -> str:
    """Name a run by its coordinates: ``4.5 mg, interval 2 wk``; one axis needs no axis name."""
    words = []
    for axis, i in index.items():
        if ds.sizes[axis] == 1 and len(index) > 1:
            continue
        text = value_label(_values(ds, axis)[i], str(ds[axis].attrs.get("units", "")))
        plain = axis in ("dose", "regimen", "protocol") or ds[axis].dtype.kind in "OUST"
        words.append(text if plain else f"{axis.replace('_', ' ')} {text}")
    return ", ".join(words) or str(ds.attrs.get("title", "run"))


def _values(ds: xr.Dataset, axis: str) -> list[Any]:
    values: list[Any] = ds[axis].values.tolist()
    return values


def _member(ds: xr.Dataset, index: dict[str, int]) -> Member:
    return Member(index, label_of(ds, index), ds.isel(index))


def _as_mapping(ds: xr.Dataset, wanted: Any) -> Mapping[str, Any]:
    if isinstance(wanted, Mapping):
        return wanted
    axes = [a for a in run_dims(ds) if ds.sizes[a] > 1] or list(run_dims(ds))
    if len(axes) != 1:
        raise UserError(
            f"select={wanted!r}: this dataset has the axes {', '.join(axes)}; "
            f"write for example {{{axes[0]!r}: {wanted!r}}}"
            if axes
            else f"select={wanted!r}: this dataset is a single run; leave select out"
        )
    return {axes[0]: wanted}


def _indices(ds: xr.Dataset, wanted: Mapping[str, Any]) -> dict[str, int]:
    middle = {axis: (ds.sizes[axis] - 1) // 2 for axis in run_dims(ds)}
    return middle | {axis: position(ds, axis, value) for axis, value in wanted.items()}


def position(ds: xr.Dataset, axis: str, value: Any) -> int:
    """Return where a value stands on an axis (nearest for numbers).

    Raises:
        UserError: an axis or value that the dataset does not have.
    """
    if axis not in run_dims(ds):
        raise unknown("axis", axis, run_dims(ds))
    values = _values(ds, axis)
    if ds[axis].dtype.kind in "OUST":
        if value not in values:
            raise unknown(f"{axis} =", str(value), values)
        return values.index(value)
    return int(np.argmin(np.abs(np.asarray(values, dtype=float) - float(value))))


def _representatives(ds: xr.Dataset, most: int) -> list[dict[str, int]]:
    dims = run_dims(ds)
    every = [dict(zip(dims, i, strict=True)) for i in np.ndindex(*(ds.sizes[d] for d in dims))]
    if len(every) <= most:
        return every
    long = [d for d in dims if ds.sizes[d] > 1]
    if len(long) == 1:
        places = np.unique(np.linspace(0, ds.sizes[long[0]] - 1, most).round().astype(int))
        return [dict.fromkeys(dims, 0) | {long[0]: int(i)} for i in places]
    return _cross(ds, dims, long, most)


def _cross(
    ds: xr.Dataset, dims: Sequence[str], long: Sequence[str], most: int
) -> list[dict[str, int]]:
    """Return a cross through the best member: the ends of every axis, then steps in between."""
    centre = best_index(ds) or {d: (ds.sizes[d] - 1) // 2 for d in dims}
    ends = [centre | {d: i} for d in long for i in (0, ds.sizes[d] - 1)]
    first, middle = long[0], centre[long[0]]
    between = [middle // 2, (middle + ds.sizes[first] - 1) // 2, *range(ds.sizes[first])]
    chosen: list[dict[str, int]] = []
    for index in [centre, *ends, *(centre | {first: i} for i in between)]:
        if index not in chosen and len(chosen) < most:
            chosen.append(index)
    return sorted(chosen, key=lambda i: tuple(i[d] for d in dims))
