"""The two untreated states of a patient, found again from what a result carries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ldnsim.edition import Edition, of_record
from ldnsim.results.store import extensions

if TYPE_CHECKING:
    import xarray as xr

BASINS = ("resolved", "inflamed")
SAME = 1e-3  # states closer than this, relative to their size, are one and the same


def resting_states(
    ds: xr.Dataset,
    variables: Sequence[str] = ("microglia_m1", "tnf"),
    edition: Edition | None = None,
) -> dict[str, tuple[float, ...]]:
    """Return the untreated 24 h means of a patient in each basin that exists.

    Args:
        ds: a result; its parameter table says who the patient is.
        variables: which variables to return, in this order.
        edition: the model it is a result of; the shipped one when None.

    Returns:
        ``{"resolved": (...), "inflamed": (...)}``; a basin that the patient does not have is
        left out, and a result whose patients differ from run to run gives nothing.

    Raises:
        UserError: the result was made with extensions that are not those of ``edition``.
    """
    from ldnsim.patients.untreated import untreated

    model = of_record(extensions(ds.attrs, "this result"), edition, ds.attrs).model
    table = {row["name"]: row["value"] for row in json.loads(ds.attrs.get("parameters", "[]"))}
    if any(table.get(name) is None for name in model.parameters):
        return {}
    params = np.tile([float(table[name]) for name in model.parameters], (len(BASINS), 1))
    orbits = untreated(model, params, np.array([basin == "inflamed" for basin in BASINS]))
    columns = [model.observable_index[name] for name in variables]
    found = {
        basin: tuple(float(v) for v in orbits.mean[i, columns])
        for i, basin in enumerate(BASINS)
        if orbits.status[i] == 0
    }
    values = list(found.values())
    if len(values) == 2 and np.allclose(values[0], values[1], rtol=SAME):
        return {"resolved": values[0]}
    return found
