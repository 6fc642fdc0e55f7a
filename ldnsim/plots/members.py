"""Which runs of a dataset a picture shows, and what each one is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ldnsim.errors import UserError, listed
from ldnsim.plots.selection import indices, labels_of, named, narrow, run_dims

Select = Mapping[str, Any] | Sequence[Mapping[str, Any] | str] | str | None
MOST = 8
_NO_AXIS = ("time", "day", "night_time", "candidate", "weight")


@dataclass(frozen=True)
class Member:
    """One run of a dataset: where it is, what to call it, and its data without run dimensions.

    ``by_default`` names the axes that nobody chose a value of: they stand at the first.
    """

    index: dict[str, int]
    label: str
    data: xr.Dataset
    by_default: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the engine gave up on this run."""
        return "status" in self.data and int(self.data["status"]) != 0

    @property
    def advice(self) -> str:
        """What the engine says about a failed run."""
        text = str(self.data["status_advice"].item()) if "status_advice" in self.data else ""
        return text or f"status {int(self.data['status'])}"

    @property
    def short_of_target(self) -> bool:
        """Whether treatment ended before the target dose was reached."""
        return "target_reached" in self.data and not bool(self.data["target_reached"])


def members(ds: xr.Dataset, select: Select = None, most: int = MOST) -> list[Member]:
    """Choose the runs to show.

    Args:
        ds: a dataset of runs.
        select: a mapping ``{axis: value}`` narrows the dataset before choosing; a list of
            mappings (or of values of the only axis) names the runs one by one, and an axis that
            a mapping leaves out stands at its first value.
        most: how many to show at most when nothing is named; a larger grid is represented by
            a cross through its best member.

    Raises:
        UserError: an axis or value that the dataset does not have, no run or one named twice, or
            ``most`` that is no whole number of 1 or more.
    """
    check_most(most)
    if isinstance(select, Mapping):
        ds, select = narrow(ds, select), None
    if select is None:
        return [_member(ds, index) for index in _representatives(ds, most)]
    if isinstance(select, str) or not isinstance(select, Sequence):
        select = [select]
    if not select:
        raise UserError(f"select = {select!r} names no run; leave it out to show all")
    found: list[Member] = []
    for wanted in select:
        at = indices(ds, _as_mapping(ds, wanted))
        first = tuple(d for d in run_dims(ds) if d not in at and ds.sizes[d] > 1)
        member = _member(ds, dict.fromkeys(run_dims(ds), 0) | at, first)
        if any(member.index == other.index for other in found):
            raise UserError(f"select names the run {member.label!r} twice")
        found.append(member)
    return found


def check_most(most: Any, key: str = "most") -> None:
    """Refuse a number of things to draw that is none.

    Raises:
        UserError: it is no whole number of 1 or more.
    """
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
        raise UserError(f"{key} = {most!r}: expected a whole number, 1 or more")


def left_out(ds: xr.Dataset, chosen: Sequence[Member], select: Select = None) -> str:
    """Say which runs of a dataset are not among those chosen; empty when all are, or were named.

    Args:
        ds: the dataset the members were chosen from.
        chosen: the members.
        select: as given to :func:`members`.
    """
    if isinstance(select, Mapping):
        ds, select = narrow(ds, select), None
    dims = run_dims(ds)
    total = int(np.prod([ds.sizes[d] for d in dims])) if dims else 1
    if select is not None or len(chosen) >= total:
        return ""
    start = f"{len(chosen)} of {total} runs shown (most={total} or --most {total} draws all)"
    if sum(ds.sizes[d] > 1 for d in dims) > 1:
        centre = "the middle" if best_index(ds) is None else "the one with the lowest pain_change"
        return f"{start}: a cross through {centre}."
    there = [m.index for m in chosen]
    rest = [i for i in _every(ds) if i not in there]
    return f"{start}; left out: {listed([label_of(ds, i) for i in rest], 24)}."


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


def label_of(ds: xr.Dataset, index: Mapping[str, int], named: bool = False) -> str:
    """Name a run by its coordinates: ``4.5 mg, interval 2 wk``; one axis needs no axis name.

    Args:
        ds: the dataset.
        index: where the run is.
        named: whether doses get the words of their axis too, such as ``target dose 4.5 mg``.
    """
    words = []
    for axis, i in index.items():
        if ds.sizes[axis] == 1 and len(index) > 1:
            continue
        words += [_word(ds, c, i, named) for c in (axis, *_alongside(ds, axis))]
    # the only run left of a dataset is named by the axes that were held to get it
    words = words or [_word(ds, c, 0, named) for c in _held(ds)]
    return ", ".join(words) or str(ds.attrs.get("title", "run"))


def places_of(ds: xr.Dataset, axis: str) -> list[str]:
    """Return what the places of an axis are called: its value, and those that advance with it."""
    along = _alongside(ds, axis)
    return [
        ", ".join([own, *(named(c, _word(ds, c, i, False)) for c in along)])
        for i, own in enumerate(labels_of(ds, axis))
    ]


def _alongside(ds: xr.Dataset, axis: str) -> list[str]:
    """Return the axes that advance together with one, as far as their values differ."""
    along = [str(c) for c in ds.coords if c != axis and ds[c].dims == (axis,)]
    return [c for c in along if "field" in ds[c].attrs and len(set(labels_of(ds, c))) > 1]


def _word(ds: xr.Dataset, name: str, at: int, named: bool) -> str:
    """Write one value for the name of a run, with the name of its axis where that is needed."""
    axis, text = ds[name], labels_of(ds, name)[at]
    if axis.dtype.kind in "OUST" and text not in ("true", "false"):
        return text
    if named:
        return f"{axis.attrs.get('long_name', name)} {text}"
    return text if name in ("dose", "regimen", "protocol") else f"{name.replace('_', ' ')} {text}"


def held(ds: xr.Dataset) -> list[tuple[str, str]]:
    """Return the axes that a dataset was narrowed along, with the value each was held at."""
    return [(c.replace("_", " "), labels_of(ds, c)[0]) for c in _held(ds)]


def _held(ds: xr.Dataset) -> list[str]:
    return [str(c) for c in ds.coords if ds[c].ndim == 0 and c not in _NO_AXIS]


def _member(ds: xr.Dataset, index: dict[str, int], by_default: tuple[str, ...] = ()) -> Member:
    return Member(index, label_of(ds, index), ds.isel(index), by_default)


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


def _representatives(ds: xr.Dataset, most: int) -> list[dict[str, int]]:
    dims, every = run_dims(ds), _every(ds)
    if len(every) <= most:
        return every
    long = [d for d in dims if ds.sizes[d] > 1]
    if len(long) == 1:
        places = np.unique(np.linspace(0, ds.sizes[long[0]] - 1, most).round().astype(int))
        return [dict.fromkeys(dims, 0) | {long[0]: int(i)} for i in places]
    return _cross(ds, dims, long, most)


def _every(ds: xr.Dataset) -> list[dict[str, int]]:
    """Return where all runs are, in order."""
    dims = run_dims(ds)
    return [dict(zip(dims, i, strict=True)) for i in np.ndindex(*(ds.sizes[d] for d in dims))]


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
