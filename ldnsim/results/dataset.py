"""The result with its labels: dimensions, units and attributes are put back once, here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.arrays import Codes
from ldnsim.config.attribution import SWITCHES
from ldnsim.patients import people
from ldnsim.regimen import DoseStatus
from ldnsim.results import pathways, visits
from ldnsim.results.columns import Column, Labelled, flags, single, timed
from ldnsim.results.derivatives import labelled
from ldnsim.results.provenance import attributes
from ldnsim.runs import observed
from ldnsim.runs.block import Block
from ldnsim.runs.derivatives import Sensitivities
from ldnsim.runs.job import Job
from ldnsim.runs.plan import Plan

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Frame:
    """A result but for its values of every run.

    Attributes:
        coords: coordinates, whole.
        fixed: other arrays that are not over the dimensions of the sweep, whole.
        columns: what has an entry for every run, to be filled.
        attrs: attributes of the result.
    """

    coords: dict[str, Labelled]
    fixed: dict[str, Labelled]
    columns: list[Column]
    attrs: dict[str, Any]


def frame(job: Job, whole: Block, found: Sensitivities | None) -> Frame:
    """Lay out the result of a finished job.

    Args:
        job: the job.
        whole: the outcome of every run, and its ledger where somebody looked at it.
        found: how its summaries follow the parameters, if that was asked for.
    """
    plan, drawn = job.plan, job.patients.people
    laid = Frame(coordinates(plan), {}, columns(job, whole.status), attributes(plan, job.patients))
    laid.fixed.update(observed.labelled(plan))
    if plan.study.output.ledger:
        laid.fixed.update(visits.ledger(whole) if plan.watch else ledger(plan))
    if found is not None:
        _add(laid, labelled(plan, found))
    if drawn is not None:
        laid.coords.update(people.coordinates(drawn))
        laid.fixed.update(people.drawn(drawn))
    return laid


def columns(job: Job, status: Codes) -> list[Column]:
    """List what has an entry for every run.

    Args:
        job: the job.
        status: outcome of every run, or each that occurs once.
    """
    plan = job.plan
    return [
        *single(job, status), visits.target_reached(plan), *timed(plan), *pathways.columns(plan),
        *visits.columns(plan),
    ]  # fmt: skip


def _add(found: Frame, ds: xr.Dataset) -> None:
    """Add the arrays of a dataset."""
    for name, v in ds.variables.items():
        kind = found.coords if name in ds.coords else found.fixed
        kind[str(name)] = (tuple(map(str, v.dims)), v.values, dict(v.attrs))


@dataclass(frozen=True)
class Array:
    """One array of a result, with what xarray calls its name and attributes."""

    name: str
    dims: tuple[str, ...]
    values: NDArray[Any]
    attrs: Mapping[str, Any]


@dataclass(frozen=True)
class Arrays:
    """A result in memory with all its labels, for what needs no more of xarray than these.

    Attributes:
        data_vars: variables, summaries and status, by name.
        coords: coordinates, by name.
        attrs: attributes of the result.
    """

    data_vars: dict[str, Array]
    coords: dict[str, Array]
    attrs: dict[str, Any]

    def __contains__(self, name: str) -> bool:
        """Whether there is a variable of that name."""
        return name in self.data_vars

    def __getitem__(self, name: str) -> Array:
        """Return a variable.

        Raises:
            KeyError: there is none.
        """
        return self.data_vars[name]

    def dataset(self) -> xr.Dataset:
        """Return the same as a dataset."""
        import xarray as xr

        data, coords = (
            {a.name: (a.dims, a.values, a.attrs) for a in part.values()}
            for part in (self.data_vars, self.coords)
        )
        return xr.Dataset(data, coords, self.attrs)


def in_memory(job: Job, whole: Block, found: Sensitivities | None) -> Arrays:
    """Build the result in memory from all runs as one block; see :func:`frame`."""
    plan = job.plan
    laid = frame(job, whole, found)
    dims = tuple(d.name for d in plan.dims)
    values = {
        c.name: (
            (*dims, *c.dim.split()),
            np.asarray(c.values(whole), dtype=c.dtype).reshape((*plan.shape, *tail(plan, c.dim))),
            c.attrs,
        )
        for c in laid.columns
    }
    return Arrays(_named({**values, **laid.fixed}), _named(laid.coords), laid.attrs)


def _named(found: Mapping[str, Labelled]) -> dict[str, Array]:
    return {
        name: Array(
            name, (dims,) if isinstance(dims, str) else tuple(dims), np.asarray(values), attrs
        )
        for name, (dims, values, attrs) in found.items()
    }


def tail(plan: Plan, dim: str) -> tuple[int, ...]:
    """Return the lengths of the dimensions of a column beside those of the sweep.

    Args:
        plan: the plan.
        dim: their names, as :class:`~ldnsim.results.columns.Column` has them.
    """
    sizes = {
        "time": len(plan.time), "night_time": len(plan.night_time), pathways.DIM: len(SWITCHES),
        visits.DIM: len(plan.watch) if plan.watch else 0,
    }  # fmt: skip
    return tuple(sizes[name] for name in dim.split())


def coordinates(plan: Plan) -> dict[str, Labelled]:
    """Return the coordinates of the result with units and words."""
    found: dict[str, Labelled] = {}
    for dim in plan.dims:
        for c in dim.coordinates:
            values = np.array(c.values) if c.numeric else np.array(c.values, dtype=str)
            attrs = {"long_name": c.long_name, "field": c.field}
            found[c.name] = (dim.name, values, {**attrs, "units": c.unit} if c.numeric else attrs)
    if len(plan.time):
        found["time"] = ("time", plan.time, {"units": "h", "long_name": "time"})
        found["day"] = ("time", plan.time / 24.0, {"units": "d", "long_name": "day"})
    if plan.keeps_night:
        words = "time after the dose that starts the close-up"
        found["night_time"] = ("night_time", plan.night_time, {"units": "h", "long_name": words})
    return {**found, **pathways.coordinate(plan), **visits.coordinates(plan)}


def ledger(plan: Plan) -> dict[str, Labelled]:
    """Return one row per planned dose of every run; ``ledger_run`` counts runs in C order."""
    ledgers = [plan.dosing.ledger(i) for i in range(len(plan))]
    kept = [np.asarray(one.planned_time_h) < plan.end for one in ledgers]

    def rows(name: str) -> NDArray[Any]:
        parts = [np.asarray(getattr(one, name))[k] for one, k in zip(ledgers, kept, strict=True)]
        return np.concatenate(parts)

    run = np.repeat(np.arange(len(plan)), [int(k.sum()) for k in kept])
    columns: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
        "run": (run, {"long_name": "number of the run, in C order of the dimensions"}),
        "planned_time": (rows("planned_time_h"), {"units": "h", "long_name": "planned time"}),
        "given_time": (rows("given_time_h"), {"units": "h", "long_name": "time taken"}),
        "planned_dose": (rows("planned_mg"), {"units": "mg", "long_name": "planned dose"}),
        "given_dose": (rows("given_mg"), {"units": "mg", "long_name": "dose taken"}),
        "status": (rows("status"), flags("what became of the dose", DoseStatus)),
        "formulation": (
            rows("formulation"),
            {
                "flag_values": np.array([0, 1], np.int8),
                "flag_meanings": "IR SR",
                "long_name": "formulation",
            },
        ),
        "phase": (rows("phase"), {"long_name": "phase of the regimen, from 0"}),
        "step": (rows("step"), {"long_name": "position on the titration ladder, from 0"}),
    }
    return {
        f"ledger_{name}": ("ledger_row", values, attrs) for name, (values, attrs) in columns.items()
    }
