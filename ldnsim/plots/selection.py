"""Which runs are meant: the one exact reading of ``axis = value``, for commands and pictures.

A value is on the axis, within rounding, or it is refused with the values there are: nothing is
taken because it is near.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ldnsim.errors import UserError, listed, nearest, unknown
from ldnsim.plots.wording import value_label
from ldnsim.units import is_number, read_number, same_number, to_unit

_LABEL = "shown_as"
"""Attribute of a coordinate that was narrowed to one value: the name it had on its axis."""
_NOT_RUNS = (
    "time", "night_time", "ledger_row", "observation", "drawn", "parameter", "summary", "pathway",
    "visit",
)  # fmt: skip


def run_dims(ds: xr.Dataset) -> tuple[str, ...]:
    """Return the dimensions that tell runs apart (the axes of the sweep)."""
    if "status" in ds:
        return tuple(str(d) for d in ds["status"].dims)
    return tuple(str(d) for d in ds.dims if d not in _NOT_RUNS)


def parse(texts: Iterable[str]) -> dict[str, str]:
    """Read ``axis=value`` texts.

    Raises:
        UserError: no equals sign, an empty side, or an axis named twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        axis, equals, value = (part.strip() for part in text.partition("="))
        if not (axis and equals and value):
            raise UserError(f"--select {text!r}: expected axis=value, such as dose='4.5 mg'")
        if axis in found:
            raise UserError(
                f"--select {axis} is given twice, as {found[axis]!r} and {value!r}; choose one"
            )
        found[axis] = value
    return found


def indices(ds: xr.Dataset, select: Mapping[str, Any]) -> dict[str, int]:
    """Return where the selected values stand, as ``{dimension: position}``.

    Args:
        ds: a dataset of runs.
        select: values of axes, or of coordinates that advance together with an axis; numbers in
            the unit of the axis, or text with a unit; names letter by letter.

    Raises:
        UserError: an axis or value that the dataset does not have, values that contradict each
            other, or one that several runs share.
    """
    if not isinstance(select, Mapping):
        example = next(iter(_coordinates(ds)), "dose")
        raise UserError(
            f"select = {select!r}: expected values by axis, such as {{{example!r}: {select!r}}}"
        )
    masks: dict[str, NDArray[np.bool_]] = {}
    said: dict[str, str] = {}
    for axis, value in select.items():
        dim = _dimension(ds, axis)
        fits = _fits(ds, axis, value)
        masks[dim] = masks.get(dim, np.ones(ds.sizes[dim], dtype=bool)) & fits
        said[dim] = f"{said[dim]} and {axis} = {value!r}" if dim in said else f"{axis} = {value!r}"
    for dim, mask in masks.items():
        if not mask.any():
            raise UserError(f"select {said[dim]}: no run has both; they advance together")
        if mask.sum() > 1:
            others = [c for c in _coordinates(ds) if _dimension(ds, c) == dim and c not in select]
            more = f"; add {' or '.join(others)}" if others else ""
            raise UserError(f"select {said[dim]}: {int(mask.sum())} runs have it{more}")
    return {dim: int(np.argmax(mask)) for dim, mask in masks.items()}


def narrow(ds: xr.Dataset, select: Mapping[str, Any] | Sequence[Any] | None) -> xr.Dataset:
    """Keep the part of a dataset at the given axis values; a list of runs narrows nothing.

    Raises:
        UserError: as :func:`indices`.
    """
    if select is None or isinstance(select, Sequence):
        return ds
    at = indices(ds, select)
    kept = ds.isel(at)
    names = {c: labels_of(ds, c)[at[str(ds[c].dims[0])]] for c in _coordinates(ds)
             if c in ds.coords and str(ds[c].dims[0]) in at}  # fmt: skip
    return kept.assign_coords({c: kept[c].assign_attrs({_LABEL: n}) for c, n in names.items()})


def numbered(ds: xr.Dataset, select: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Return the number of the run selected, in C order, and the axes with several values left.

    An axis that is left stands at its first value.

    Raises:
        UserError: as :func:`indices`.
    """
    dims, at = run_dims(ds), indices(ds, select)
    left = [d for d in dims if d not in at and ds.sizes[d] > 1]
    if not dims:
        return 0, left
    shape = [ds.sizes[d] for d in dims]
    return int(np.ravel_multi_index([at.get(d, 0) for d in dims], shape)), left


def labels_of(ds: xr.Dataset, axis: str) -> list[str]:
    """Return what the values of an axis are called, in words and natural units.

    Three digits, and more of them where different values would have one name: pictures, tables and
    messages tell runs apart by these.

    Args:
        ds: a dataset of runs.
        axis: a dimension, or a coordinate along one or of the only run left.
    """
    held = ds[axis].attrs.get(_LABEL)  # by the axis it was taken from
    if held is not None and ds[axis].size == 1:
        return [str(held)]
    values = ds[axis].values.reshape(-1).tolist()
    return names_of(values, str(ds[axis].attrs.get("units", "")))


def named(axis: str, text: str) -> str:
    """Return what a value is called beside others; ``false`` and ``none`` say nothing alone."""
    return f"{axis.replace('_', ' ')} {text}" if text in ("true", "false", "none") else text


def names_of(values: Iterable[Any], units: str) -> list[str]:
    """Return a name of each value, different where the values are; see :func:`labels_of`."""
    values = tuple(values)
    return list(_names(values, units, tuple({type(v) for v in values})))


@lru_cache(maxsize=64)
def _names(values: tuple[Any, ...], units: str, kinds: tuple[type, ...]) -> tuple[str, ...]:
    # the kinds tell (True, False) from (1, 0), which are the same to the cache
    names = {v: value_label(v, units) for v in values if v == v}
    for digits in (*range(4, 18), 0):
        times = Counter(names.values())
        if len(times) == len(names):
            break
        for value, name in names.items():
            if times[name] > 1:
                names[value] = _longer(value, units, digits)
    return tuple(names.get(v, "–") for v in values)


def _longer(value: Any, units: str, digits: int) -> str:
    """Write a value with more digits, or, at last, as it is held."""
    if isinstance(value, str):
        return value
    return value_label(value, units, digits) if digits else f"{value!r} {units}".strip()


def _coordinates(ds: xr.Dataset) -> list[str]:
    """Names that can be selected by: axes, and coordinates that lie along one."""
    dims = run_dims(ds)
    along = [str(c) for c in ds.coords if ds[c].ndim == 1 and str(ds[c].dims[0]) in dims]
    return list(dict.fromkeys([*dims, *along]))


def _dimension(ds: xr.Dataset, axis: str) -> str:
    known = _coordinates(ds)
    if axis not in known:
        if axis in ds.coords and ds[axis].ndim == 0:
            raise UserError(f"select {axis}: it is already held at {labels_of(ds, axis)[0]}")
        if not known:
            raise UserError(f"select {axis}: there is a single run and no axis; leave select out")
        raise unknown("axis", axis, known)
    return str(ds[axis].dims[0])


def _fits(ds: xr.Dataset, axis: str, value: Any) -> NDArray[np.bool_]:
    """Whether each value of an axis is the one that is meant; one at least is."""
    values: list[Any] = ds[axis].values.tolist()
    if ds[axis].dtype.kind not in "iuf":
        texts = [str(v) for v in values]
        if str(value) not in texts:
            hint = nearest(str(value), texts) or f"; there are {listed(texts)}"
            raise UserError(f"select {axis} = {str(value)!r} is not known{hint}")
        return np.array([t == str(value) for t in texts])
    units = str(ds[axis].attrs.get("units", "1"))
    wanted = _number(axis, value, units)
    fits = np.array([same_number(v, wanted) for v in values])
    if not fits.any():
        fits = _shown_as(wanted, values, labels_of(ds, axis), units)
    if not fits.any():
        raise UserError(_nothing_there(ds, axis, value, np.asarray(values, float), wanted))
    return fits


def _number(axis: str, value: Any, units: str) -> float:
    """Read a number in the unit of its axis; bare ones are in it already."""
    key = f"select {axis}"
    if isinstance(value, str) and is_number(value):
        return float(read_number(value, key=key))
    return to_unit(value, units or "1", key=key)


def _shown_as(
    wanted: float, values: list[float], names: list[str], units: str
) -> NDArray[np.bool_]:
    """Whether each value is called so on its axis; or elsewhere, where none is."""
    # an arm without drug has no place on the axes of the others, and no number
    shown = [
        [to_unit(n, units)] if np.isfinite(v) else [] for v, n in zip(values, names, strict=True)
    ]
    found = np.array([any(same_number(s, wanted) for s in one) for one in shown])
    if found.any():
        return found
    shown = [_with_fewer_digits(v, units) if np.isfinite(v) else [] for v in values]
    return np.array([any(same_number(s, wanted) for s in one) for one in shown])


def _with_fewer_digits(value: float, units: str) -> list[float]:
    return [float(f"{value:.3g}"), float(f"{value:g}"), to_unit(value_label(value, units), units)]


def _nothing_there(
    ds: xr.Dataset, axis: str, value: Any, numbers: NDArray[np.float64], wanted: float
) -> str:
    words = labels_of(ds, axis)
    by = words[int(np.nanargmin(np.abs(numbers - wanted)))]
    if axis == "patient":
        return f"select {axis} = {value!r}: there are the patients {words[0]} to {words[-1]}"
    return f"select {axis} = {value!r} is not on the axis; nearest: {by}; it has {listed(words)}"
