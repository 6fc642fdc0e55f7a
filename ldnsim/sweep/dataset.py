"""The result with its labels: dimensions, units and attributes are put back once, here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ldnsim.model import default_model
from ldnsim.sweep import people, sensitivity_data, summaries
from ldnsim.sweep.doses import daily_dose
from ldnsim.sweep.job import Block, Job
from ldnsim.sweep.plan import Plan
from ldnsim.sweep.provenance import attributes

if TYPE_CHECKING:
    import xarray as xr

Column = Callable[[str], NDArray[Any]]


def variable_attributes(name: str) -> dict[str, str]:
    """Return units, words, mechanism and evidence grade of a model variable."""
    model = default_model()
    v = model.observables[name]
    return {
        "units": v.unit or "1",
        "long_name": v.long_name,
        "mechanism": v.mechanism,
        "evidence": evidence(v.mechanism),
    }


def evidence(mechanism: str) -> str:
    """Return the weakest evidence grade among the parameters of a mechanism, with its share."""
    from ldnsim.mechanisms.record import GRADES

    grades = [p.grade for p in default_model().parameters.values() if p.mechanism == mechanism]
    if not grades:
        return "no parameters of its own"
    weakest = max(grades, key=GRADES.index)
    return f"{weakest} ({grades.count(weakest)} of {len(grades)} parameters)"


def skeleton(job: Job, column: Column) -> xr.Dataset:
    """Build everything but what has a time dimension.

    Args:
        job: the finished job.
        column: returns one array over all runs by its name in :class:`Block`.
    """
    import xarray as xr

    plan = job.plan
    dims = tuple(d.name for d in plan.dims)
    ds = xr.Dataset(coords=coordinates(plan), attrs=attributes(plan))

    def put(name: str, values: NDArray[Any], attrs: dict[str, Any]) -> None:
        ds[name] = (dims, values.reshape(plan.shape), attrs)

    values = column("summaries")
    for j, s in enumerate(plan.summaries):
        put(s.name, values[:, j], summaries.attributes(plan, s))
    _put_status(put, column, job)
    who = plan.patients.of_run
    for name in plan.variables:
        at = default_model().observable_index[name]
        attrs = variable_attributes(name)
        attrs["long_name"] = f"untreated 24 h mean of {attrs['long_name']}"
        put(f"baseline_{name}", job.untreated.mean[who, at], attrs)
    if plan.study.output.ledger:
        _put_ledger(ds, plan)
    if plan.study.output.sensitivity:
        ds = ds.merge(sensitivity_data.of_job(job, column("status")))
    return ds if plan.people is None else people.label(ds, plan.people)


def coordinates(plan: Plan) -> dict[str, Any]:
    """Return the coordinates of the result with units and words."""
    found: dict[str, Any] = {}
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
    return found


def _put_status(put: Callable[..., None], column: Column, job: Job) -> None:
    """Add outcome and effort of every run."""
    from ldnsim.engine.status import Status

    codes = column("status")
    put(
        "status",
        codes.astype(np.int8),
        {
            "long_name": "outcome of the run",
            "flag_values": np.array([int(s) for s in Status], dtype=np.int8),
            "flag_meanings": " ".join(s.name.lower() for s in Status),
        },
    )
    advice = np.array([Status(int(c)).advice if c else "" for c in codes], dtype=str)
    put("status_advice", advice, {"long_name": "advice for a run that failed"})
    reached = np.array([run.regimen.reaches_target for run in job.plan.runs], dtype=np.int8)
    put(
        "target_reached",
        reached,
        {
            "long_name": "whether the titration ladder is long enough to give its target dose",
            "flag_values": np.array([0, 1], dtype=np.int8),
            "flag_meanings": "no yes",
        },
    )
    put("steps", column("steps"), {"units": "1", "long_name": "accepted solver steps"})
    put("rejected", column("rejected"), {"units": "1", "long_name": "rejected solver steps"})
    who = job.plan.patients.of_run
    words = "residual of the untreated 24 h orbit"
    put("orbit_residual", job.untreated.residual[who], {"units": "1", "long_name": words})
    if job.plan.keeps_night:
        words = "start of the close-up"
        put("night_start", job.plan.night_start, {"units": "h", "long_name": words})


def _put_ledger(ds: xr.Dataset, plan: Plan) -> None:
    """Add one row per planned dose of every run; ``ledger_run`` counts runs in C order."""
    ledgers = [plan.book.ledger(run) for run in plan.runs]
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
        "status": (rows("status"), _flags()),
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
    for name, (values, attrs) in columns.items():
        ds[f"ledger_{name}"] = ("ledger_row", values, attrs)


def _flags() -> dict[str, Any]:
    from ldnsim.regimen import DoseStatus

    return {
        "long_name": "what became of the dose",
        "flag_values": np.array([int(s) for s in DoseStatus], dtype=np.int8),
        "flag_meanings": " ".join(s.name.lower() for s in DoseStatus),
    }


def planned_daily(plan: Plan, first: int, stop: int) -> NDArray[Any]:
    """Return the mg planned in the calendar day of each stored time, shape (runs, times)."""
    memo: dict[int, Any] = {}
    rows = []
    for run in plan.runs[first:stop]:
        key = id(run.regimen)
        if key not in memo:
            ledger = plan.book.ledger(run)
            memo[key] = daily_dose(
                np.asarray(ledger.planned_time_h), np.asarray(ledger.planned_mg), plan.time
            )
        rows.append(memo[key])
    return np.stack(rows).astype(plan.study.output.dtype)


DOSE_ATTRIBUTES = {
    "units": "mg/d",
    "long_name": "prescribed dose",
    "meaning": "naltrexone hydrochloride planned in the calendar day",
    "mechanism": "regimen",
}


def timed(plan: Plan) -> list[tuple[str, str, int, dict[str, str]]]:
    """List what has a time dimension: name, dimension, column in the block, attributes."""
    found: list[tuple[str, str, int, dict[str, str]]] = []
    for j, name in enumerate(plan.variables):
        attrs = variable_attributes(name)
        if len(plan.time):
            found.append((name, "time", j, attrs))
        if plan.keeps_night:
            words = {**attrs, "long_name": f"{attrs['long_name']}, close-up"}
            found.append((f"night_{name}", "night_time", j, words))
    if len(plan.time):
        found.append(("prescribed_dose", "time", -1, DOSE_ATTRIBUTES))
    return found


def values_of(plan: Plan, blocks: Sequence[Block], dim: str, column: int) -> NDArray[Any]:
    """Return one timed variable over the runs of consecutive blocks, shape (runs, times)."""
    if column < 0:
        return planned_daily(plan, blocks[0].first, blocks[-1].first + len(blocks[-1].status))
    parts = [b.trajectory if dim == "time" else b.night for b in blocks]
    return np.concatenate([p[:, column] for p in parts])


def in_memory(job: Job, blocks: Sequence[Block]) -> xr.Dataset:
    """Build the whole result in memory from all blocks, in order."""
    plan = job.plan

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(b, name) for b in blocks])

    ds = skeleton(job, column)
    dims = tuple(d.name for d in plan.dims)
    for name, dim, j, attrs in timed(plan):
        values = values_of(plan, blocks, dim, j)
        ds[name] = ((*dims, dim), values.reshape(*plan.shape, -1), attrs)
    return ds
