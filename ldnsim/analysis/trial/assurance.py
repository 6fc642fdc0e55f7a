"""Assurance: the power expected over hypotheses, or whatever else a pool has cases of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.arrays import Floats
from ldnsim.errors import UserError, unknown
from ldnsim.units import plain_number

if TYPE_CHECKING:
    import xarray as xr

OWN = ("estimand", "patients", "comparison")
"""Dimensions of a power that are no cases."""


def cases(told: xr.Dataset) -> list[str]:
    """Return the dimensions of a power that are cases, such as ``hypothesis``."""
    return [str(d) for d in told["power"].dims if d not in OWN] if "power" in told else []


def assurance(
    told: xr.Dataset, over: str | None = None, weights: Mapping[str, float] | None = None
) -> xr.Dataset:
    """Return the power expected over cases that may be true: the chance of finding the drug better.

    Trials that find it worse do not count. Errors: of the repeats, as of independent cases; of the
    pool, whose patients are the same in all cases, as if all erred together, which is the most they
    can.

    Args:
        told: what :func:`.simulate` returns of one design.
        over: the dimension of the cases; the only one when None.
        weights: of its values, which the others have 0 of; all the same when None.

    Returns:
        ``assurance``, ``assurance_error`` and ``assurance_pool_error``, over the dimensions left.

    Raises:
        UserError: no such dimension or value, or weights that are none.
    """
    dims = cases(told)
    if over is None and len(dims) != 1:
        raise UserError(
            f"assurance is over cases, and there are {', '.join(dims) or 'none'}: name the"
            " dimension" + ("" if dims else ", after adding an axis such as hypothesis")
        )
    dim = dims[0] if over is None else over
    if dim not in dims:
        raise unknown("assurance: the dimension", dim, dims)
    share = told[dim].copy(data=_shares([str(v) for v in told[dim].values], weights))
    right = told["power"] - told["worse"]
    error = np.sqrt(right * (1.0 - right) / told.attrs["trials"])
    found = told[["power"]].isel({dim: 0}, drop=True).drop_vars("power")
    return found.assign(
        assurance=(right * share).sum(dim),
        assurance_error=np.sqrt(((error * share) ** 2).sum(dim)),
        assurance_pool_error=(told["power_pool_error"] * share).sum(dim),
    )


def _shares(names: list[str], weights: Mapping[str, float] | None) -> Floats:
    if weights is None:
        return np.full(len(names), 1.0 / len(names))
    for name, value in weights.items():
        if name not in names:
            raise unknown("weight", name, names)
        if plain_number(value, key=f"weight of {name}") < 0.0:
            raise UserError(f"weight of {name} = {value!r}: expected a number of 0 or more")
    found = np.array([float(weights.get(n, 0.0)) for n in names])
    if not found.any():
        raise UserError("weights: all are 0; give one of them more")
    return np.asarray(found / found.sum())
