"""Which runs are meant: the one exact reading of ``axis = value``, for commands and pictures.

A value is on the axis, within rounding, or it is refused with the values there are: nothing is
taken because it is near.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ldnsim.errors import UserError, nearest, unknown
from ldnsim.plots.wording import has_natural_units, value_label
from ldnsim.units import to_unit

ROUNDING = 1e-9
MOST_LISTED = 8
_NOT_RUNS = ("time", "night_time", "ledger_row", "parameter", "summary")
_BARE = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


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
    return ds.isel(indices(ds, select)) if isinstance(select, Mapping) else ds


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


def values_of(ds: xr.Dataset, axis: str) -> str:
    """Return the values of an axis as a short list."""
    return listed(_words(ds, axis))


def listed(words: Sequence[str], most: int = MOST_LISTED) -> str:
    """Return words as a list, its middle left out where it is longer than ``most``."""
    if len(words) > most:
        words = [*words[: most // 2], "...", *words[-most // 4 :]]
    return ", ".join(words)


def _coordinates(ds: xr.Dataset) -> list[str]:
    """Names that can be selected by: axes, and coordinates that lie along one."""
    dims = run_dims(ds)
    along = [str(c) for c in ds.coords if ds[c].ndim == 1 and str(ds[c].dims[0]) in dims]
    return list(dict.fromkeys([*dims, *along]))


def _dimension(ds: xr.Dataset, axis: str) -> str:
    known = _coordinates(ds)
    if axis not in known:
        if axis in ds.coords and ds[axis].ndim == 0:
            raise UserError(f"select {axis}: it is already held at {_scalar(ds[axis])}")
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
    numbers = np.asarray(values, dtype=float)
    fits = _same(numbers, wanted)
    if not fits.any():
        fits = np.array([_same(_as_shown(v, units), wanted).any() for v in values])
    if not fits.any():
        raise UserError(_nothing_there(ds, axis, value, numbers, wanted))
    return fits


def _number(axis: str, value: Any, units: str) -> float:
    """Read a number in the unit of its axis; bare ones are in it already."""
    if isinstance(value, str):
        bare = value.strip().replace("\N{MINUS SIGN}", "-")
        if _BARE.fullmatch(bare):
            value = float(bare)
    return to_unit(value, units or "1", key=f"select {axis}")


def _same(numbers: NDArray[np.float64], wanted: float) -> NDArray[np.bool_]:
    return np.asarray(
        np.abs(numbers - wanted) <= ROUNDING * np.maximum(np.abs(numbers), abs(wanted))
    )


def _as_shown(value: float, units: str) -> NDArray[np.float64]:
    """Return a value with the digits that pictures and messages show, in the unit of its axis."""
    shown = [float(f"{value:.3g}"), float(f"{value:g}")]
    if has_natural_units(units):
        shown.append(to_unit(value_label(value, units).replace("\N{MINUS SIGN}", "-"), units))
    return np.array(shown)


def _words(ds: xr.Dataset, axis: str) -> list[str]:
    """Return the values of an axis as shown; with all digits where two look the same."""
    values: list[Any] = ds[axis].values.tolist()
    units = str(ds[axis].attrs.get("units", ""))
    if ds[axis].dtype.kind not in "iuf":
        return [str(v) for v in values]
    words = [value_label(v, units) for v in values]
    plain = units in ("", "1")
    return words if len(set(words)) == len(words) else [
        f"{v!r}" if plain else f"{v!r} {units}" for v in values
    ]  # fmt: skip


def _nothing_there(
    ds: xr.Dataset, axis: str, value: Any, numbers: NDArray[np.float64], wanted: float
) -> str:
    words = _words(ds, axis)
    by = words[int(np.nanargmin(np.abs(numbers - wanted)))]
    if axis == "patient":
        return f"select {axis} = {value!r}: there are the patients {words[0]} to {words[-1]}"
    return f"select {axis} = {value!r} is not on the axis; nearest: {by}; it has {listed(words)}"


def _scalar(variable: xr.DataArray) -> str:
    return value_label(
        variable.values.reshape(-1).tolist()[0], str(variable.attrs.get("units", ""))
    )
